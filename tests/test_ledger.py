"""ledger: what is acknowledged is there, whatever happens next; and nothing in it ever changes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedstock.errors import InputError
from seedstock.example import Example, Source
from seedstock.exchange import Message, Request, Response, Token, Usage
from seedstock.groupwriter import GROUP_ENTRIES, GroupWriter
from seedstock.ledger import Ledger, request_text
from seedstock.ledgerfile import APPLICATION_ID, VERSION, connect
from seedstock.records import BatchRecord, Candidate, Frozen, Review, Spent
from seedstock.verdict import Verdict

TABLES = (
    "sessions", "requests", "responses", "faults", "candidates", "folds", "frozen", "waivers", "releases",
    "logprobs", "findings", "batches", "batch_events", "uses", "reviews",
)  # fmt: skip


TOKENS = (Token("fi", -0.1, (("fi", -0.1), ("co", -2.5))), Token("ne", -0.75))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "ledger.db"


def request(n: int = 0, **changes: Any) -> Request:
    given_values: dict[str, Any] = {
        "recipe": "paraphrase", "cell": "all", "ordinal": n, "messages": (Message("user", f"say {n}"),),
        "schema": {"type": "object"}, "params": {"temperature": 0.5}, "parents": ("s1", "s2"), "fold": 3,
    }  # fmt: skip
    return Request(**given_values | changes)


def answer(
    ledger: Ledger, key: str, text: str = "fine", cost: float | None = 0.5, **changes: Any
) -> Future[None]:
    response = Response(text, "stop", "model-1", Usage(10, 5, 2), TOKENS)
    return ledger.record_answer(key, request(**changes), "teacher-1", {"top_p": 1}, response, cost)


def candidate(rank: int, run: str = "run1", accepted: bool = True, **changes: Any) -> Candidate:
    example = Example(
        f"c{rank}", "in", {"a": [1]}, source=Source("synthetic", "swap", ("s1",), fold=2, depth=1)
    )
    verdicts = (
        Verdict("format", "pass", figure=1.0, threshold=1.0),
        Verdict("leak", "skipped", "no_holdout"),
    )
    given_values: dict[str, Any] = {
        "run": run, "rank": rank, "id": f"c{rank}", "key": f"k{rank}", "recipe": "swap", "cell": "all",
        "accepted": accepted, "example": example, "verdicts": verdicts,
    }  # fmt: skip
    return Candidate(**given_values | changes)


def review(id_: str, verdict: str = "reject", wave: int = 2) -> Review:
    return Review(id_, verdict, "right", "nobody talks like this", "Ada", "run1", wave)


def fill(ledger: Ledger) -> None:
    """One row at least in every table."""
    answer(ledger, "k0").result()
    ledger.record_fault("k0", 1, "429", "slow down").result()
    ledger.record_candidates([candidate(0)]).result()
    ledger.record_session("run1", "0.1", "{}")
    ledger.record_folds({"s1": 0})
    ledger.freeze("holdout", Frozen("abc", 3))
    ledger.record_waiver("share", "Ada", "because")
    ledger.record_release("v1", "run1", "f00")
    ledger.record_finding("t", "http://h/v1", "structured", "none").result()
    ledger.prepare_batch("t", "http://h/v1", BatchRecord("m1", "", "2026-01-01T00:00:00Z", frozenset({"a"})))
    ledger.record_batch("m1", "submitted", "batch_1")
    ledger.record_uses("run1", ["k0"]).result()
    ledger.record_reviews([review("c0")])


def count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as db:
        found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return found


# -- round trips


def test_answers_come_back_whole(path: Path) -> None:
    with Ledger(path) as ledger:
        answer(ledger, "k1").result()
    with Ledger(path) as ledger:
        assert ledger.answers(["k1", "k2"]) == {"k1": Response("fine", "stop", "model-1", Usage(10, 5, 2))}
        asked = ledger.asked("k1")
        assert asked is not None
        assert (asked.recipe, asked.cell, asked.fold, asked.parents) == ("paraphrase", "all", 3, ("s1", "s2"))
        assert asked.body == {**request().body(), "sampling": {"top_p": 1}}
        assert (asked.teacher, asked.response.text, asked.cost) == ("teacher-1", "fine", 0.5)
        assert asked.at.endswith("Z")
        assert ledger.asked("k2") is None


def test_tokens_are_kept_beside_an_answer_and_read_only_when_asked_for(path: Path) -> None:
    with Ledger(path) as ledger:
        answer(ledger, "k0")
        ledger.record_answer("k1", request(1), "t", {}, Response("bare"), None).result()
        assert ledger.answers(["k0"])["k0"].tokens == ()
        assert (ledger.logprobs("k0"), ledger.logprobs("k1")) == (TOKENS, ())
        ledger.record_candidates([candidate(0, key="k0"), candidate(1, key="k1")]).result()
        ledger.record_candidates([candidate(2, key="k0", accepted=False)]).result()
        assert ledger.keys_with_logprobs("run1") == {"c0": "k0"}


def test_a_price_and_all_tokens_are_kept_with_an_answer(path: Path) -> None:
    response = Response("x", usage=Usage(100, 20, 60, 30))
    with Ledger(path) as ledger:
        ledger.record_answer("k0", request(), "t", {}, response, 0.25, '{"input":1.0}').result()
        asked = ledger.asked("k0")
        assert asked is not None
        assert (asked.response, asked.cost) == (response, 0.25)
        assert ledger.sizes("t") == (1, len(request_text(request(), {})), 100, 20)
        assert ledger.sizes("other") == (0, 0, 0, 0)
    db = sqlite3.connect(path)
    assert db.execute("SELECT price FROM responses").fetchone() == ('{"input":1.0}',)
    db.close()


def test_the_last_finding_about_a_server_counts(path: Path) -> None:
    with Ledger(path) as ledger:
        for value in ("json_schema", "none"):
            ledger.record_finding("t", "http://a", "structured", value).result()
        ledger.record_finding("t", "http://b", "structured", "json_object").result()
        assert ledger.findings("t", "http://a") == {"structured": "none"}
        assert ledger.findings("t", "http://c") == {}


def test_a_batch_is_open_until_it_is_collected_refused_or_lost(path: Path) -> None:
    def batch(mark: str, id_: str = "") -> BatchRecord:
        return BatchRecord(mark, id_, f"2026-01-01T00:00:0{mark}Z", frozenset({f"a{mark}", "b"}))

    with Ledger(path) as ledger:
        for mark in "12345":
            ledger.prepare_batch("t", "http://a", batch(mark))
        for mark in "234":
            ledger.record_batch(mark, "submitted", f"batch_{mark}")
        ledger.record_batch("3", "collected", "batch_3")
        ledger.record_batch("4", "refused", "batch_4")
        ledger.record_batch("5", "lost", "")
        assert ledger.open_batches("t", "http://a") == [batch("1"), batch("2", "batch_2")]
        assert ledger.open_batches("t", "http://b") == ledger.open_batches("u", "http://a") == []


LATER_TABLES = {
    1: ("logprobs", "findings", "batches", "batch_events", "uses", "reviews"), 2: ("uses", "reviews"),
}  # fmt: skip
LATER_COLUMNS = {
    1: (("responses", "cache_write_tokens"), ("responses", "price")),
    2: (("requests", "attributes"), ("candidates", "wave"), ("sessions", "reviews")),
}
"""What a ledger of a version lacks."""


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_ledger_is_brought_up_to_date_and_keeps_its_rows(path: Path, version: int) -> None:
    with Ledger(path) as ledger:
        answer(ledger, "k0").result()
        ledger.record_candidates([candidate(0, key="k0")]).result()
        ledger.record_session("run1", "0.1", "{}")
    db = sqlite3.connect(path)
    for table in LATER_TABLES[version]:
        db.execute(f"DROP TABLE {table}")
    for table, column in [pair for old, pairs in LATER_COLUMNS.items() if old >= version for pair in pairs]:
        db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    for _ in range(2):  # once brought up to date, it stays so
        with Ledger(path) as ledger:
            assert ledger.answers(["k0"])["k0"].text == "fine"
            assert next(iter(ledger.candidates("run1"))) == candidate(0, key="k0")
            answer(ledger, "k1", n=1).result()
            assert ledger.logprobs("k1") == TOKENS
            ledger.record_uses("run1", ["k0", "k1"]).result()
            assert ledger.spending("run1") == {("paraphrase", "all"): Spent(2, 0, 1.0, 20, 10, 4)}
            ledger.record_candidates([candidate(1, wave=3)]).result()
            assert [row.wave for row in ledger.candidates("run1")] == [0, 3]


def test_the_first_answer_stands(path: Path) -> None:
    with Ledger(path) as ledger:
        answer(ledger, "k1", "first")
        answer(ledger, "k1", "second").result()
        assert ledger.answers(["k1"])["k1"].text == "first"


def test_many_answers_are_found_in_one_call(path: Path) -> None:
    with Ledger(path) as ledger:
        futures = [answer(ledger, f"k{i}", str(i), n=i) for i in range(1234)]
        for future in futures:
            future.result()
        found = ledger.answers([f"k{i}" for i in range(2000)])
        assert {key: response.text for key, response in found.items()} == {
            f"k{i}": str(i) for i in range(1234)
        }


def test_candidates_come_back_in_gating_order(path: Path) -> None:
    rejected = candidate(1, accepted=False, example=None, verdicts=(Verdict("format", "fail", "x", "y"),))
    asked_for = Source("synthetic", "swap", ("s1",), cell="rare", attributes={"tone": "curt"})
    told = candidate(2, wave=7, example=Example("c2", "in", "out", source=asked_for))
    rows = [told, candidate(0), rejected]
    with Ledger(path) as ledger:
        ledger.record_candidates(rows).result()
        ledger.record_candidates([candidate(2, cell="other"), candidate(3, run="run2", id="c0")]).result()
        assert list(ledger.candidates("run1")) == [candidate(0), rejected, told]
        assert list(ledger.candidates("run1", accepted=True)) == [candidate(0), told]
        assert (ledger.last_wave("run1"), ledger.last_wave("run9")) == (7, 0)
        assert list(ledger.candidates("run1", accepted=False)) == [rejected]
        assert list(ledger.candidates("run9")) == []
        for run in ("run2", "run1"):
            ledger.record_session(run, "0.1", "{}")
        assert [c.run for c in ledger.find_candidates("c0")] == ["run2", "run1"]
        ledger.record_session("run2", "0.1", "{}")
        assert [c.run for c in ledger.find_candidates("c0")] == ["run1", "run2"]


def test_cost_is_of_the_answers_behind_a_run(path: Path) -> None:
    with Ledger(path) as ledger:
        answer(ledger, "k0", cost=0.25)
        answer(ledger, "k1", cost=None)
        answer(ledger, "k2", cost=0.5, cell="rare")
        answer(ledger, "k9", cost=7.0)
        ledger.record_uses("run1", ["k0", "k1", "k2"])
        ledger.record_uses("run1", ["k0", "not answered yet"]).result()
        assert ledger.spending("run1") == {
            ("paraphrase", "all"): Spent(2, 1, 0.25, 20, 10, 4),
            ("paraphrase", "rare"): Spent(1, 0, 0.5, 10, 5, 2),
        }
        assert ledger.spending("run2") == {}
        assert ledger.paid() == 7.75


def test_reviews_come_back_and_a_run_knows_which_were_there_when_it_began(path: Path) -> None:
    with Ledger(path) as ledger:
        assert (ledger.reviews(), ledger.reviews_before("run1")) == ([], 0)
        ledger.record_session("run1", "0.1", "{}")
        ledger.record_reviews([review("c0"), review("c1", "accept")])
        ledger.record_session("run2", "0.1", "{}")
        ledger.record_session("run1", "0.1", "{}")
        ledger.record_reviews([review("c0", "accept", wave=4)])
    with Ledger(path) as ledger:
        assert [(r.id, r.verdict, r.wave, r.by) for r in ledger.reviews()] == [
            ("c0", "reject", 2, "Ada"), ("c1", "accept", 2, "Ada"), ("c0", "accept", 4, "Ada"),
        ]  # fmt: skip
        assert [r.verdict for r in ledger.reviews("c0")] == ["reject", "accept"]
        assert all(r.at.endswith("Z") for r in ledger.reviews())
        serials = [r.serial for r in ledger.reviews()]
        assert serials == sorted(serials)
        assert (ledger.reviews_before("run1"), ledger.reviews_before("run2")) == (0, serials[1])


def test_everything_else_comes_back(path: Path) -> None:
    with Ledger(path) as ledger:
        assert (ledger.folds(), ledger.frozen("holdout"), ledger.waivers(), ledger.faults()) == (
            {},
            None,
            [],
            {},
        )
        assert (ledger.last_session("run1"), ledger.releases()) == (None, {})
        ledger.record_folds({"s1": 0, "s2": 4})
        ledger.record_folds({"s1": 3, "s3": 1})
        ledger.freeze("split", Frozen("abc", 2, ("s8", "s9")))
        ledger.freeze("split", Frozen("other", 1))
        for by in ("Ada", "Ada", "Bob"):
            ledger.record_waiver("share", by, "we know\nwhat we do")
        for reason in ("429", "reset", "429"):
            ledger.record_fault("k", 1, reason, "x")
        ledger.record_session("run1", "0.1", "{}")
        ledger.record_release("v1", "run1", "f00")
        ledger.record_release("v1", "run1", "f01")
    with Ledger(path) as ledger:
        assert ledger.folds() == {"s1": 0, "s2": 4, "s3": 1}
        assert ledger.frozen("split") == Frozen("abc", 2, ("s8", "s9"))
        assert [(w.gate, w.by, w.because) for w in ledger.waivers()] == [
            ("share", "Ada", "we know\nwhat we do"), ("share", "Bob", "we know\nwhat we do"),
        ]  # fmt: skip
        assert ledger.faults() == {"429": 2, "reset": 1}
        assert ledger.releases() == {"v1": "f00"}
        assert ledger.last_session("run1") is not None


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(), max_size=30), min_size=1, max_size=10))
def test_any_text_can_be_answered(tmp_path: Path, texts: list[str]) -> None:
    """And comes back as it was, half characters too: an answer read again is gated as it was at first."""
    path = tmp_path / f"{time.monotonic_ns()}.db"
    with Ledger(path) as ledger:
        for i, text in enumerate(texts):
            answer(
                ledger, f"k{i}", text, cell=text, parents=(text,), messages=(Message("user", text),)
            ).result(10)
        found = ledger.answers([f"k{i}" for i in range(len(texts))])
        for i, text in enumerate(texts):
            assert found[f"k{i}"].text == text
            asked = ledger.asked(f"k{i}")
            assert asked is not None
            assert asked.response.text == text
            assert asked.body["messages"][0]["content"] == text


# -- durability


def test_an_answer_is_acknowledged_after_everybody_can_see_it(path: Path) -> None:
    seen: list[int] = []
    with Ledger(path) as ledger:
        for i in range(200):
            future = answer(ledger, f"k{i}", n=i)
            future.add_done_callback(lambda _: seen.append(count(path, "responses")))
        future.result()
    assert len(seen) == 200
    assert all(rows > place for place, rows in enumerate(seen))


def test_answers_are_committed_in_groups(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    said: list[str] = []
    db = connect(path)
    db.execute("CREATE TABLE answers (text)")
    db.set_trace_callback(said.append)
    writer = GroupWriter(db)
    entries = 10 * GROUP_ENTRIES
    for future in [
        writer.submit(lambda db: db.execute("INSERT INTO answers VALUES ('x')")) for _ in range(entries)
    ]:
        future.result()
    writer.close()
    assert count(path, "answers") == entries
    assert said.count("PRAGMA synchronous = FULL") == said.count("COMMIT")
    assert 10 <= said.count("COMMIT") < entries / 3


def test_a_file_that_cannot_be_opened_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened: unable to open"):
        connect(tmp_path / "nowhere" / "x.db")


def test_an_entry_that_cannot_be_stored_takes_no_other_with_it(path: Path) -> None:
    """A server may claim any number of tokens; what others answered in the same 20 ms is paid."""
    with Ledger(path) as ledger:
        futures = {f"k{i}": answer(ledger, f"k{i}", n=i) for i in range(20)}
        huge = Response("text", "stop", "m", Usage(10**30))
        odd = Response("text", "stop", "m", Usage({"a": 1}))  # type: ignore[arg-type]  # as a server may
        bad = [
            ledger.record_answer(f"bad{i}", request(90 + i), "t", {}, r, None)
            for i, r in enumerate((huge, odd))
        ]
        futures |= {f"k{i}": answer(ledger, f"k{i}", n=i) for i in range(20, 40)}
        for future in bad:
            with pytest.raises(InputError, match="the ledger cannot be written"):
                future.result(10)
        for future in futures.values():
            future.result(10)
        assert ledger.answers([*futures, "bad0", "bad1"]).keys() == futures.keys()


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_changed_or_deleted(path: Path, table: str) -> None:
    with Ledger(path) as ledger:
        fill(ledger)
        db = sqlite3.connect(path)
        column = db.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)
        db.close()
    assert count(path, table) == 1


def test_every_table_is_named_here(path: Path) -> None:
    Ledger(path).close()
    with sqlite3.connect(path) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    db.close()
    assert names == set(TABLES)


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from seedstock.exchange import Message, Request, Response
    from seedstock.ledger import Ledger

    path, name, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with Ledger(path) as ledger:
        def acknowledge(key):
            sys.stdout.write(key + "\\n")
            sys.stdout.flush()
        waiting = []
        for i in range(most):
            request = Request("paraphrase", "all", i, (Message("user", f"{name} {i}"),))
            key = f"{name}-{i}"
            future = ledger.record_answer(key, request, "t", {}, Response("text of " + key), None)
            future.add_done_callback(lambda _, key=key: acknowledge(key))
            waiting.append(future)
            if len(waiting) == 100:
                for future in waiting:
                    future.result()
                waiting = []
        for future in waiting:
            future.result()
""")


def writer(path: Path, name: str, most: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    acknowledged: list[str] = []
    for turn in range(3):
        with writer(path, f"turn{turn}", 1_000_000) as process:
            assert process.stdout is not None
            acknowledged += [process.stdout.readline().strip() for _ in range(20 + 50 * turn)]
            os.kill(process.pid, signal.SIGKILL)
            rest = process.stdout.read().split("\n")
            acknowledged += rest[:-1]  # after the last newline: nothing, or half a line
            assert process.wait() == -signal.SIGKILL
    assert len(acknowledged) > 100
    with Ledger(path) as ledger:
        found = ledger.answers(acknowledged)
        assert {key: response.text for key, response in found.items()} == {
            k: f"text of {k}" for k in acknowledged
        }
        answer(ledger, "after").result()
        assert all(ledger.asked(key) is not None for key in [*acknowledged[-5:], "after"])


def test_two_processes_may_make_and_fill_one_ledger(path: Path) -> None:
    with (
        writer(path, "one", 300) as one,
        writer(path, "two", 300) as two,
        writer(path, "three", 300) as three,
    ):
        for process in (one, two, three):
            assert process.stdout is not None
            assert len(process.stdout.read().split()) == 300
            assert process.wait() == 0
    assert count(path, "responses") == 900


# -- files that are no ledger


def test_not_a_ledger(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("these are notes and no database at all, " * 50)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    newer = tmp_path / "newer.db"
    Ledger(newer).close()
    with sqlite3.connect(newer) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    cut = tmp_path / "cut.db"
    Ledger(cut).close()
    cut.write_bytes(cut.read_bytes()[:5000])
    folder = tmp_path / "folder.db"
    folder.mkdir()
    said = {
        text: "not a seedstock ledger", other: "an SQLite file of something else",
        newer: "is newer than this",
        cut: "not a seedstock ledger", folder: "cannot be opened",
        text / "ledger.db": "no folder for the ledger",
    }  # fmt: skip
    for path, words in said.items():
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(InputError, match=words) as caught:
            Ledger(path)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)
        assert before is None or path.read_bytes() == before


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    with Ledger(tmp_path / "new.db") as ledger:
        fill(ledger)
        assert ledger.releases() == {"v1": "f00"}


def test_closing_commits_what_waits(path: Path) -> None:
    with Ledger(path) as ledger:
        futures = [answer(ledger, f"k{i}", n=i) for i in range(500)]
    assert all(future.done() and future.exception() is None for future in futures)
    assert count(path, "responses") == 500
