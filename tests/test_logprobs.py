"""Log-probabilities beside a release: of every synthetic row, and of its own part of the answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Outcome, accepted, cli, make_project, read_rows
from seedstock.distilling import logprob_row
from seedstock.example import Example, Source
from seedstock.exchange import Token
from seedstock.jsonl import file_digest
from server import Body, TeacherServer, good, paraphrases

FILE = "logprobs.jsonl"


@pytest.fixture
def server(server: TeacherServer) -> TeacherServer:
    server.logprobs = True
    return server


def ok(folder: Path, *arguments: object) -> Outcome:
    done = cli("--project", folder, *arguments)
    assert done.code == 0, done
    return done


def released(folder: Path, server: TeacherServer, **teacher: Any) -> Path:
    make_project(folder, server.url, teacher=teacher)
    ok(folder, "run")
    ok(folder, "release", "--name", "v1")
    return folder / "releases" / "v1"


def accented(body: Body) -> str:
    """Rewrites that JSON writes with escapes."""
    texts = [f'„{text}“ costs € \U0001f642 and "more"' for text in paraphrases(body)]
    return json.dumps({"rewrites": texts}, ensure_ascii=False)


def escaped(body: Body) -> str:
    return json.dumps(json.loads(accented(body)))


# -- a release


@pytest.mark.parametrize("answer", [good, accented, escaped])
def test_every_synthetic_row_has_the_tokens_it_was_written_with(
    answer: Any, tmp_path: Path, server: TeacherServer
) -> None:
    server.answer = answer
    release = released(tmp_path / "p", server, top_logprobs=3)
    rows = {row.id: row for row in accepted(tmp_path / "p")}
    lines = read_rows(release / FILE)
    synthetic = [
        e["id"] for e in read_rows(release / "provenance.jsonl") if e["source"]["kind"] == "synthetic"
    ]
    assert sorted(line["id"] for line in lines) == sorted(synthetic)
    assert lines
    for line in lines:
        assert len(line["tokens"]) == len(line["logprobs"]) == len(line["top"]) > 0
        assert {len(top) for top in line["top"]} == {3}
        assert set(line["logprobs"]) == {-0.25}
        assert line["teacher"] == "openai:tester-1"
        start, end = line["fields"]["input"]
        text = rows[line["id"]].input
        spelled = "".join(line["tokens"][start:end])
        assert any(json.dumps(text, ensure_ascii=way)[1:-1] in spelled for way in (True, False))


def test_the_file_is_in_the_manifest_and_verified(tmp_path: Path, server: TeacherServer) -> None:
    release = released(tmp_path / "p", server, top_logprobs=3)
    manifest = json.loads((release / "manifest.json").read_text())
    assert manifest["files"][FILE]["sha256"] == file_digest(release / FILE)
    ok(tmp_path / "p", "verify", "v1")
    with (release / FILE).open("ab") as file:
        file.write(b"{}\n")
    assert cli("--project", tmp_path / "p", "verify", "v1").code == 3


def test_a_second_release_of_the_same_answers_has_the_same_file(
    tmp_path: Path, server: TeacherServer
) -> None:
    release = released(tmp_path / "p", server, top_logprobs=3)
    ok(tmp_path / "p", "run")
    ok(tmp_path / "p", "release", "--name", "v2")
    assert (release / FILE).read_bytes() == (release.parent / "v2" / FILE).read_bytes()


def test_nobody_who_does_not_ask_gets_them(tmp_path: Path, server: TeacherServer) -> None:
    release = released(tmp_path / "p", server)
    assert not (release / FILE).exists()
    assert FILE not in json.loads((release / "manifest.json").read_text())["files"]
    assert all("logprobs" not in one.body for one in server.seen)


def test_a_server_that_gives_none_leaves_no_file(tmp_path: Path, server: TeacherServer) -> None:
    server.logprobs = False
    assert not (released(tmp_path / "p", server, top_logprobs=3) / FILE).exists()
    assert all(one.body["top_logprobs"] == 3 for one in server.seen)


# -- a row


def example(text: str, output: str = "never in the answer", reasoning: str | None = None) -> Example:
    return Example("r1", text, output, reasoning=reasoning, source=Source(kind="synthetic", teacher="t"))


def tokens_of(pieces: Sequence[str]) -> list[Token]:
    return [Token(text, -float(n), ((text, -float(n)), ("~", -9.0))) for n, text in enumerate(pieces)]


def spelled(row: dict[str, Any], field: str) -> str:
    start, end = row["fields"][field]
    return "".join(row["tokens"][start:end])


def test_only_the_rows_part_of_the_answer_is_given() -> None:
    pieces = ['{"', "texts", '": ["', "one", " two", '", "', "three", '"]}']
    row = logprob_row(example("one two"), "".join(pieces), tokens_of(pieces))
    assert row == {
        "id": "r1", "teacher": "t", "fields": {"input": [0, 2]}, "tokens": ["one", " two"],
        "logprobs": [-3.0, -4.0], "top": [[["one", -3.0], ["~", -9.0]], [[" two", -4.0], ["~", -9.0]]],
    }  # fmt: skip


def test_fields_lie_where_they_stand_in_the_answer() -> None:
    pieces = ['{"why": "', "because", '", "in": "', "ask", '", "out": "', "42", '"}']
    row = logprob_row(example("ask", "42", "because"), "".join(pieces), tokens_of(pieces))
    assert row["fields"] == {"reasoning": [0, 1], "input": [2, 3], "output": [4, 5]}
    assert row["tokens"] == pieces[1:6]


def test_tokens_that_cross_a_border_are_given_whole() -> None:
    pieces = ['["on', "e tw", 'o"]']
    row = logprob_row(example("one two"), "".join(pieces), tokens_of(pieces))
    assert row["tokens"] == pieces


@pytest.mark.parametrize("pieces", [["some", "thing else"], ['["one', "�", "�", '"]'], []])
def test_tokens_that_do_not_spell_the_answer_are_all_given_without_fields(pieces: list[str]) -> None:
    row = logprob_row(example("one"), '["one é"]', tokens_of(pieces))
    assert (row["fields"], row["tokens"]) == ({}, pieces)


def test_a_text_that_is_not_in_the_answer_has_no_field() -> None:
    pieces = ["quite ", "other"]
    row = logprob_row(example("one two"), "quite other", tokens_of(pieces))
    assert (row["fields"], row["tokens"]) == ({}, pieces)


def test_a_seeds_own_output_within_a_word_is_no_part_of_the_answer() -> None:
    pieces = ['["', "it was ", "praised", '", "', "again", '"]']
    row = logprob_row(example("again", "praise"), "".join(pieces), tokens_of(pieces))
    assert row["fields"] == {"input": [0, 1]}


def test_a_text_that_begins_another_one_is_found_in_its_own_place() -> None:
    pieces = ['["', "cold today", " in town", '", "', "cold today", '"]']
    row = logprob_row(example("cold today"), "".join(pieces), tokens_of(pieces))
    assert row["logprobs"] == [-4.0]


@given(
    before=st.text(max_size=8), text=st.text(min_size=1, max_size=20), output=st.text(max_size=6),
    ascii_=st.booleans(), cuts=st.lists(st.integers(0, 80), max_size=12),
)  # fmt: skip
def test_a_span_always_covers_its_text(
    before: str, text: str, output: str, ascii_: bool, cuts: list[int]
) -> None:
    answer = json.dumps({"texts": [before, text], "output": output}, ensure_ascii=ascii_)
    places = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(places)]
    row = logprob_row(example(text, output), answer, tokens_of(pieces))
    assert len(row["tokens"]) == len(row["logprobs"]) == len(row["top"])
    for name, value in (("input", text), ("output", output)):
        assert (name in row["fields"]) is bool(value.strip())
        if name in row["fields"]:
            forms = (value, *(json.dumps(value, ensure_ascii=way)[1:-1] for way in (True, False)))
            assert any(form in spelled(row, name) for form in forms)
