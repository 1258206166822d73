"""audit: every row is kept or rejected with a reason, whatever it is, and stays what it was."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from helpers import LABELS, accepted, cli, make_config, make_project, read_rows, seed_rows, write_rows
from seedstock import Project, audit
from seedstock.jsonl import line
from server import WORDS, Body, TeacherServer, asked, drawn, good

KEYS = {"row", "id", "gate", "reason", "figure", "threshold", "evidence", "example"}
FILES = [
    "audit.json", "conflicts.jsonl", "kept.jsonl", "rejected.jsonl", "report.html", "suspects.jsonl",
]  # fmt: skip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def synthetic(n: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows near to nothing."""
    rows = []
    for i in range(first, first + n):
        text = " ".join(random.Random(i).sample(WORDS, 10))
        rows.append(
            {"id": f"x{i}", "input": text, "output": LABELS[i % 3], "teacher": "somebody", "score": i}
        )
    return rows


def audited(folder: Path, *files: object, code: int = 0, **sections: Any) -> Any:
    """Audit with a project's config into folder/out; gives the JSON document."""
    if not (folder / "seedstock.yaml").exists():
        make_project(folder, **sections)
    done = cli("audit", *files, "--config", folder / "seedstock.yaml", "--out", folder / "out", "--json")
    assert done.code == code, done
    return done.json


# -- the sum


def test_kept_and_rejected_are_the_rows_read_and_keep_their_fields(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    held = read_rows(folder / "holdout.jsonl")[0]["input"]
    seed = read_rows(folder / "seeds.jsonl")[0]
    good_rows = synthetic(6)
    bad_rows = [
        {"id": "leaked", "input": held.upper(), "output": "praise"},
        {"id": "copied", "input": seed["input"], "output": seed["output"]},
        {"id": "contradicts", "input": seed["input"], "output": "praise"},
        {"id": "twice", **{k: v for k, v in good_rows[0].items() if k != "id"}},
        {"id": "mislabelled", "input": "what a lovely evening it was", "output": "joy"},
        {"id": "empty", "input": "  ", "output": "praise"},
        {"id": "speaks", "input": "As an AI language model I cannot complain", "output": "praise"},
    ]
    given = write_rows(tmp_path / "rows.jsonl", [*good_rows, *bad_rows])
    result = audited(folder, given)
    assert (result["rows"], result["kept"]) == (13, 6)
    assert result["rejected"] == {"leak": 1, "duplicate": 2, "duplicate.conflict": 1, "format": 3}
    assert sorted(path.name for path in (folder / "out").iterdir()) == FILES
    assert read_rows(folder / "out" / "kept.jsonl") == good_rows
    rejected = {row["id"]: row for row in read_rows(folder / "out" / "rejected.jsonl")}
    assert set(rejected) == {row["id"] for row in bad_rows}
    for number, row in enumerate(bad_rows, 7):
        entry = rejected[row["id"]]
        assert set(entry) >= KEYS
        assert (entry["row"], entry["example"]) == (number, row)
        assert entry["reason"]
    assert rejected["leaked"]["evidence"]["neighbour"] == "h0"
    assert rejected["copied"]["evidence"]["neighbour"] == seed["id"]
    assert rejected["twice"]["evidence"]["neighbour"] == "x0"
    assert json.loads((folder / "out" / "audit.json").read_text()) == {**result}


TEXTS = st.one_of(
    st.sampled_from([row["input"] for row in seed_rows(3)] + [row["input"] for row in seed_rows(2, 5000)]),
    st.text(max_size=40),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join),
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
ROLES = st.sampled_from(["system", "user", "assistant"])
TURNS = st.fixed_dictionaries({"role": ROLES, "content": TEXTS})
ROWS = st.one_of(
    st.fixed_dictionaries(
        {"input": TEXTS | ANYTHING, "output": st.sampled_from([*LABELS, "joy", ""]) | ANYTHING},
        optional={"id": st.text(max_size=3) | ANYTHING, "meta": ANYTHING, "source": ANYTHING},
    ),
    st.dictionaries(st.text(max_size=5), ANYTHING, max_size=3),
    st.fixed_dictionaries({"messages": st.lists(TURNS | ANYTHING, max_size=3)}),
    ANYTHING,
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("sound") / "p")


def distinct_ids(rows: list[Any]) -> list[Any]:
    """The rows, an id only where no earlier row has it: repeated ids are an input error, tested elsewhere."""
    seen = {"first"}
    out = []
    for row in rows:
        if isinstance(row, dict) and "id" in row:
            name = str(row["id"]).strip()
            row = without_id(row) if name in seen else row
            seen.add(name)
        out.append(row)
    return out


def without_id(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "id"}


@settings(max_examples=25, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=12).map(distinct_ids))
def test_no_row_is_ever_lost_whatever_it_is(sound: Path, rows: list[Any]) -> None:
    out = Path(tempfile.mkdtemp(dir=sound.parent))
    first = {"id": "first", "input": "amber basket cedar dolphin engine", "output": "praise"}
    data = line(first) + b"".join(map(line, rows))
    (out / "rows.jsonl").write_bytes(data)
    result = audit([out / "rows.jsonl"], config=sound / "seedstock.yaml", out=out / "out")
    tally = result.tally
    assert tally.rows == 1 + len(rows) == tally.kept + sum(tally.rejected.values())
    kept, rejected = (read_rows(out / "out" / name) for name in ("kept.jsonl", "rejected.jsonl"))
    assert (len(kept), len(rejected)) == (tally.kept, sum(tally.rejected.values()))
    numbers = [entry["row"] for entry in rejected]
    assert numbers == sorted(set(numbers))
    assert all(set(entry) >= KEYS for entry in rejected)
    fields = [without_id(row) for row in [first, *rows] if isinstance(row, dict)]
    assert [row for row in kept if without_id(row) not in fields] == []
    shutil.rmtree(out)


@pytest.mark.parametrize("figure", ["1e999", "-1e999", "NaN", "Infinity", "1" * 5000, "[" * 900 + "]" * 900])
def test_figures_beyond_json_are_kept_out_in_one_line_or_carried_through(figure: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    text = json.dumps(synthetic(1)[0])[:-1] + f', "odd": {figure}}}\n'
    (tmp_path / "rows.jsonl").write_text(text)
    out = folder / "out"
    done = cli(
        "audit", tmp_path / "rows.jsonl", "--config", folder / "seedstock.yaml", "--out", out, "--json"
    )
    assert done.code in (0, 2), done
    if done.code == 2:
        assert "rows.jsonl:1" in done.err
        assert done.lines == 1
    else:
        assert done.json["rows"] == 1


# -- files


def test_several_files_are_one_set(tmp_path: Path) -> None:
    one, two = (
        write_rows(tmp_path / "one.jsonl", synthetic(4)),
        write_rows(tmp_path / "two.jsonl", synthetic(6, 2)),
    )
    result = audited(tmp_path / "p", one, two)
    assert (result["rows"], result["kept"], result["rejected"]) == (10, 8, {"duplicate": 2})


def test_every_format_gives_the_same_verdicts(tmp_path: Path) -> None:
    rows = [{k: row[k] for k in ("id", "input", "output")} for row in [*synthetic(5), *synthetic(2)]]
    rows[5]["id"], rows[6]["id"] = "again0", "again1"
    paths = [write_rows(tmp_path / "rows.jsonl", rows), tmp_path / "rows.csv", tmp_path / "rows.parquet"]
    cells = [",".join(row.values()) for row in [{k: k for k in rows[0]}, *rows]]
    paths[1].write_text("\n".join(cells) + "\n")
    parquet.write_table(pa.Table.from_pylist(rows), paths[2])
    folder = tmp_path / "p"
    seen = []
    for path in paths:
        result = audited(folder, path)
        kept = [row["id"] for row in read_rows(folder / "out" / "kept.jsonl")]
        lost = [(row["id"], row["gate"]) for row in read_rows(folder / "out" / "rejected.jsonl")]
        seen.append((result["rows"], kept, lost))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][2] == [("again0", "duplicate"), ("again1", "duplicate")]


def test_an_audit_without_a_config_finds_out_what_an_output_is(tmp_path: Path) -> None:
    seeds = write_rows(tmp_path / "seeds.jsonl", seed_rows(60))
    rows = [*synthetic(3), {"id": "odd", "input": "ribbon saddle thunder", "output": "joy"}]
    done = cli("audit", write_rows(tmp_path / "rows.jsonl", rows), "--seeds", seeds, "--json")
    assert done.code == 0, done
    assert done.json["rejected"] == {"format": 1}
    assert done.json["out"] is None
    assert "labels" in done.json["notes"][0]


def test_seeds_on_the_command_line_override_the_config(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    mine = synthetic(60)
    seeds, rows = write_rows(tmp_path / "mine.jsonl", mine), write_rows(tmp_path / "rows.jsonl", mine[:5])
    done = cli("audit", rows, "--config", folder / "seedstock.yaml", "--seeds", seeds, "--json")
    assert done.json["rejected"] == {"duplicate": 5}


def test_out_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    audited(folder, write_rows(tmp_path / "rows.jsonl", synthetic(9)))
    (folder / "out" / "stale.txt").write_text("of an earlier audit")
    audited(folder, write_rows(tmp_path / "rows.jsonl", synthetic(2, 50)))
    assert sorted(path.name for path in (folder / "out").iterdir()) == FILES
    assert [row["id"] for row in read_rows(folder / "out" / "kept.jsonl")] == ["x50", "x51"]
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".out")]


def test_an_audit_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    audited(folder, write_rows(tmp_path / "rows.jsonl", synthetic(9)))
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    (tmp_path / "bad.csv").write_bytes(b"\x00\x01\xff\xfe" * 50)
    done = cli("audit", tmp_path / "bad.csv", "--config", folder / "seedstock.yaml", "--out", folder / "out")
    assert done.code == 2, done
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".out")]


@pytest.mark.parametrize("place", [".", "deep/er", "./here/"])
def test_out_may_be_any_folder(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path / "p")
    rows = write_rows(tmp_path / "rows.jsonl", synthetic(3))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for _ in range(2):
        done = cli("audit", rows, "--config", folder / "seedstock.yaml", "--out", place, "--json")
        assert done.code == 0, done
        assert sorted(path.name for path in (tmp_path / "work" / place).iterdir()) == FILES
        monkeypatch.chdir(tmp_path / "work")


def test_out_through_a_link_writes_where_the_link_leads(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    (tmp_path / "real").mkdir()
    (folder / "out").symlink_to(tmp_path / "real")
    for _ in range(2):
        audited(folder, write_rows(tmp_path / "rows.jsonl", synthetic(3)))
        assert (folder / "out").is_symlink()
        assert sorted(path.name for path in (tmp_path / "real").iterdir()) == FILES


# -- embedding


def test_a_second_audit_embeds_nothing(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", embedder="minilm")
    rows = write_rows(tmp_path / "rows.jsonl", synthetic(10))

    def vectors() -> int:
        db = sqlite3.connect(folder / ".seedstock" / "vectors.db")
        try:
            return int(db.execute("SELECT count(*) FROM vectors").fetchone()[0])
        finally:
            db.close()

    first = audited(folder, rows)
    stored = vectors()
    assert stored == 60 + 20 + 10
    second = audited(folder, rows)
    assert vectors() == stored
    assert {**second, "out": None} == {**first, "out": None}


# -- the report


def test_hostile_rows_are_text_in_the_report(tmp_path: Path) -> None:
    evil = [
        {"id": "<img src=x onerror=alert(1)>", "input": "<script>alert('row')</script>", "output": "joy"},
        {"id": "b", "input": '"><svg/onload=alert(2)>', "output": "</td><script>alert(3)</script>"},
        {"id": "c", "input": "{{ 7 * 7 }} {% raw %} \u202e reversed \x1b[31m red", "output": "joy"},
    ]
    folder = tmp_path / "p"
    audited(folder, write_rows(tmp_path / "rows.jsonl", evil))
    page = (folder / "out" / "report.html").read_text()
    for mark in ("<script>alert", "<img src=x", "<svg/onload", "\u202e", "\x1b"):
        assert mark not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    said = cli("audit", tmp_path / "rows.jsonl", "--config", folder / "seedstock.yaml").out
    assert "\x1b[31m" not in said
    assert "\u202e" not in said


# -- one path for run and audit


def repeats_itself(body: Body) -> str:
    """Some good texts, some copies of the seed, some that say the same twice."""
    kind = drawn(body, "kind").random()
    if kind < 0.3:
        seed = asked(body)[1]
        return json.dumps({"rewrites": [seed, seed + "!", seed.upper()]})
    texts = json.loads(good(body))["rewrites"]
    return json.dumps({"rewrites": [texts[0], texts[0] + " .", *texts[1:]][: len(texts)]})


def test_run_and_audit_judge_the_same_rows_alike(tmp_path: Path) -> None:
    with TeacherServer(answer=repeats_itself) as server:
        folder = make_project(tmp_path / "p", server.url)
        assert cli("--project", folder, "run").code == 0
    with Project(folder) as project:
        made = [
            c
            for c in project.ledger.candidates(project.run_id)
            if c.example is not None and c.verdicts[-1].gate != "plan"  # a file has no quotas
        ]
    assert {c.accepted for c in made} == {True, False}
    rows = [{"id": c.id, "input": c.example.input, "output": c.example.output} for c in made]  # type: ignore[union-attr]
    audited(folder, write_rows(tmp_path / "rows.jsonl", rows))
    kept = [row["id"] for row in read_rows(folder / "out" / "kept.jsonl")]
    assert kept == [c.id for c in made if c.accepted] == [row.id for row in accepted(folder)]
    lost = {row["id"]: (row["gate"], row["figure"]) for row in read_rows(folder / "out" / "rejected.jsonl")}
    ran = {c.id: next((v.gate, v.figure) for v in c.verdicts if not v.passed) for c in made if not c.accepted}
    assert lost == ran


def test_an_audit_over_many_batches_is_the_same_as_one_row_at_a_time(tmp_path: Path) -> None:
    rows = synthetic(500)
    for i in range(0, 500, 7):
        rows[i] = {**rows[(i * 3) % 500], "id": f"again{i}"}
    folder = tmp_path / "p"
    result = audited(folder, write_rows(tmp_path / "rows.jsonl", rows), n=60, holdout=0)
    seen: set[str] = set()
    firsts = [row["id"] for row in rows if not (row["input"] in seen or seen.add(row["input"]))]
    assert [row["id"] for row in read_rows(folder / "out" / "kept.jsonl")] == firsts
    assert result["kept"] + result["rejected"]["duplicate"] == 500


def test_too_many_rows_for_the_seeds_are_said(tmp_path: Path) -> None:
    make_config(tmp_path / "p", seeds="few.jsonl")
    write_rows(tmp_path / "p" / "few.jsonl", seed_rows(60))
    result = audited(tmp_path / "p", write_rows(tmp_path / "rows.jsonl", synthetic(300)))
    (share,) = [gate for gate in result["gates"] if gate["gate"] == "share"]
    assert (share["status"], share["code"], result["verdict"]) == ("warn", "too_many_for_the_seeds", "warn")
