"""recording: answers made elsewhere come back to the questions they belong to, and to no others."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import cli, make_project, read_rows, write_rows
from seedstock import Project, run
from seedstock.errors import InputError, TeacherError
from seedstock.exchange import Message, Request, Response, Usage
from seedstock.ledger import Ledger
from seedstock.teachers.recorded import content_sha256, read_recording
from seedstock.teachers.recording import FIRST_QUESTIONS, NOT_HELD, Recording, RecordingSettings


def question(n: int = 0, turn: int = 0) -> Request:
    messages = (Message("system", "Be brief."), Message("user", f"Say {n} in other words."))
    return Request("paraphrase", "all", n, messages, {"type": "object"}, {"seed": turn}, parents=(f"s{n}",))


def recorded(path: Path, *lines: Any) -> Recording:
    """A teacher for a file of these lines: values as JSON, texts as they are."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return Recording(RecordingSettings(path=path))


def ask(teacher: Recording, request: Request) -> Response:
    return asyncio.run(teacher.ask(request))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


COMPLETION = {
    "model": "m-1",
    "choices": [{"message": {"role": "assistant", "content": "two"}, "finish_reason": "length"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
}  # fmt: skip
MESSAGE = {
    "model": "c-1", "content": [{"type": "text", "text": "two"}], "stop_reason": "max_tokens",
    "usage": {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 2},
}  # fmt: skip
NAMES: dict[str, dict[str, Any]] = {
    "custom_id": {"custom_id": question().custom_id},
    "prompt_sha256": {"prompt_sha256": question().prompt_sha256},
    "messages": {"messages": [m.to_json() for m in question().messages]},
    "prompt": {"prompt": "Say 0 in other words."},
    "whole prompt": {"prompt": "Be brief.\n\nSay 0 in other words."},
    "recipe and parents": {"recipe": "paraphrase", "parents": ["s0"]},
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", ["text", "completion", "response", "answer", "output"])
def test_every_name_of_a_question_and_every_name_of_an_answer(path: Path, name: str, key: str) -> None:
    teacher = recorded(path, {**NAMES[name], key: "two"})
    assert ask(teacher, question()) == Response("two")
    assert ask(teacher, question(1)) == Response("", NOT_HELD)


@pytest.mark.parametrize("name", NAMES)
def test_a_chat_completion_answers_under_every_name(path: Path, name: str) -> None:
    expected = Response("two", "length", "m-1", Usage(7, 3, 4))
    assert ask(recorded(path, {**NAMES[name], **COMPLETION}), question()) == expected
    assert ask(recorded(path, {**NAMES[name], "response": COMPLETION}), question()) == expected


def test_the_last_message_of_a_conversation_is_its_answer(path: Path) -> None:
    messages = [*NAMES["messages"]["messages"], {"role": "assistant", "content": "two"}]
    assert ask(recorded(path, {"messages": messages}), question()).text == "two"


def test_what_a_line_says_of_its_answer_is_kept(path: Path) -> None:
    line = {**NAMES["prompt"], "text": "two", "finish_reason": "length", "model": "by hand"}
    found = ask(recorded(path, {**line, "usage": {"prompt_tokens": 4, "completion_tokens": 1}}), question())
    assert found == Response("two", "length", "by hand", Usage(4, 1))


def test_results_of_openai_batches(path: Path) -> None:
    def line(n: int, **rest: Any) -> dict[str, Any]:
        return {"id": f"b{n}", "custom_id": question(n).custom_id, **rest}

    teacher = recorded(
        path,
        line(0, response={"status_code": 200, "body": COMPLETION}, error=None),
        line(1, response={"status_code": 500, "body": {"error": {"message": "sorry"}}}, error=None),
        line(2, response=None, error={"code": "batch_expired", "message": "too late"}),
    )
    assert ask(teacher, question()) == Response("two", "length", "m-1", Usage(7, 3, 4))
    assert [ask(teacher, question(n)).finish_reason for n in (1, 2)] == [NOT_HELD, NOT_HELD]


def test_results_of_anthropic_batches(path: Path) -> None:
    def line(n: int, **result: Any) -> dict[str, Any]:
        return {"custom_id": question(n).custom_id, "result": result}

    teacher = recorded(
        path,
        line(0, type="succeeded", message=MESSAGE),
        line(1, type="errored", error={"type": "api_error"}),
        line(2, type="expired"),
    )
    found = ask(teacher, question())
    assert (found.text, found.finish_reason, found.model) == ("two", "length", "c-1")
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (7, 3)
    assert ask(teacher, question(1)).finish_reason == NOT_HELD


def test_the_nth_line_about_the_same_parents_is_the_nth_round(path: Path) -> None:
    line = {"recipe": "paraphrase", "parents": ["s0"]}
    teacher = recorded(path, {**line, "text": "first"}, {**line, "text": "second"})
    assert [ask(teacher, question(0, turn)).text for turn in range(3)] == ["first", "second", ""]


def test_an_empty_answer_is_an_answer(path: Path) -> None:
    assert ask(recorded(path, {**NAMES["prompt"], "text": ""}), question()) == Response("")


def test_the_same_answer_twice_is_one_and_another_one_is_an_error(path: Path) -> None:
    line = NAMES["prompt"]
    assert ask(recorded(path, {**line, "text": "a"}, {**line, "text": "a"}), question()).text == "a"
    with pytest.raises(InputError, match=rf"{path}:3: another answer .* line 1"):
        recorded(path, {**line, "text": "a"}, "", {**line, "text": "b"}).prepare()


LINES = {
    '{"text": "an answer to nothing"}': "a line must name its question",
    '{"text": "x", "custom_id": ""}': "a line must name its question",
    '{"text": "x", "recipe": "paraphrase"}': "a line must name its question",
    '{"text": "x", "recipe": "paraphrase", "parents": [1]}': "ids of seeds",
    '{"text": "x", "messages": [{"role": "user"}]}': "messages is a list",
    '{"text": "x", "messages": [{"role": "assistant", "content": "y"}]}': "nothing asked",
    '{"custom_id": "a"}': "a line without an answer",
    '{"custom_id": "a", "text": 3}': "a line without an answer",
    '{"custom_id": "a", "method": "POST", "url": "/v1", "body": {}}': "a line without an answer",
    '{"custom_id": "a", "choices": []}': "no chat completion",
    '{"custom_id": "a", "result": {"type": "succeeded"}}': "no message in the result",
    '{"custom_id": "a", "text": "x"': "not JSON",
    '["custom_id"]': "not a JSON object",
    "[" * 100_000: "not JSON",
}


@pytest.mark.parametrize("line", LINES, ids=[why + str(i) for i, why in enumerate(LINES.values())])
def test_a_line_that_cannot_be_used_is_named(path: Path, line: str) -> None:
    good = {**NAMES["prompt"], "text": "two"}
    with pytest.raises(InputError) as told:
        recorded(path, good, "", line).prepare()
    assert str(told.value).startswith(f"{path}:3: ")
    assert LINES[line] in str(told.value)


def test_files_that_are_no_recordings(tmp_path: Path, path: Path) -> None:
    for content in (b"", b"\n\n", b'{"custom_id": "a", "result": {"type": "expired"}}\n'):
        path.write_bytes(content)
        with pytest.raises(InputError, match="holds no answers"):
            read_recording(path)
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match=r"answers\.jsonl:1: not UTF-8"):
        read_recording(path)
    for wrong in (tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(InputError, match="cannot be read"):
            read_recording(wrong)
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE notes (text TEXT)")
    db.close()
    with pytest.raises(InputError, match="no seedstock ledger"):
        read_recording(tmp_path / "other.db")
    torn = tmp_path / "torn.db"
    torn.write_bytes((tmp_path / "other.db").read_bytes()[:100])
    with pytest.raises(InputError, match="no seedstock ledger"):
        content_sha256(torn)


KEYS = st.sampled_from(
    "custom_id prompt_sha256 messages prompt recipe parents text response result choices message content"
    " role type error status_code body usage model finish_reason".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(lines=st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=1, max_size=3))
def test_any_line_is_read_or_is_an_input_error(path: Path, lines: list[Any]) -> None:
    teacher = recorded(path, *lines)
    try:
        teacher.prepare()
    except InputError:
        return
    assert isinstance(ask(teacher, question()).text, str)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60).map(lambda tail: b"SQLite format 3\0" + tail) | st.binary(max_size=60))
def test_any_bytes_are_an_input_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_recording(path)


def ledger_of(path: Path, *answers: tuple[int, str, str, Response]) -> Path:
    """A ledger that holds answers: the question's number, the teacher, a sampling setting, the answer."""
    with Ledger(path) as ledger:
        for n, teacher, setting, response in answers:
            request = question(n)
            key = request.key(teacher + setting)
            ledger.record_answer(key, request, teacher, {"top_p": setting}, response, 0.1).result()
    return path


def test_a_ledger_answers_as_it_was_answered(tmp_path: Path) -> None:
    answers = [
        Response("two", "stop", "m-1", Usage(7, 3, 2)), Response("\ud800 torn", "length"),
        Response("", "failed: 500"),
    ]  # fmt: skip
    path = ledger_of(tmp_path / "l ? #.db", *((n, "openai:m", "", r) for n, r in enumerate(answers)))
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    teacher = Recording(RecordingSettings(path=path))
    assert [ask(teacher, question(n)) for n in range(3)] == [*answers[:2], Response("", NOT_HELD)]
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_ledger_is_read_while_its_project_writes(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.record_answer("k", question(), "openai:m", {}, Response("two"), 0.0).result()
        assert ask(Recording(RecordingSettings(path=ledger.path)), question()).text == "two"


def test_of_a_ledger_the_newest_answer_of_the_named_teacher_counts(tmp_path: Path) -> None:
    path = ledger_of(
        tmp_path / "ledger.db",
        (0, "openai:a", "0.9", Response("old")),
        (0, "openai:a", "1.0", Response("new")),
        (0, "openai:b", "1.0", Response("another's")),
    )
    with pytest.raises(InputError, match="set model to one of openai:a, openai:b"):
        read_recording(path)
    for name in ("a", "openai:a"):
        assert ask(Recording(RecordingSettings(path=path, model=name)), question()).text == "new"


def test_a_recording_of_something_else_ends_the_run(path: Path) -> None:
    teacher = recorded(path, {"recipe": "paraphrase", "parents": ["elsewhere"], "text": "x"})
    for n in range(FIRST_QUESTIONS - 1):
        ask(teacher, question(n))
    with pytest.raises(TeacherError) as told:
        ask(teacher, question(FIRST_QUESTIONS))
    for word in (str(path), "answers other questions", "recipe and parents (1 times", "elsewhere", "s50"):
        assert word in str(told.value)


def test_one_answer_held_is_enough_to_go_on(path: Path) -> None:
    teacher = recorded(path, {**NAMES["prompt"], "text": "two"})
    assert ask(teacher, question()).text == "two"
    assert {ask(teacher, question(n)).finish_reason for n in range(1, 2 * FIRST_QUESTIONS)} == {NOT_HELD}


def test_a_run_resumed_where_the_answers_ended_is_not_taken_for_another(path: Path) -> None:
    lines = [{"recipe": "paraphrase", "parents": [f"s{n}"], "text": "x"} for n in range(FIRST_QUESTIONS)]
    teacher = recorded(path, *lines)
    left = [question(n, turn=1) for n in range(FIRST_QUESTIONS)] + [question(n) for n in range(50, 150)]
    assert {ask(teacher, request).finish_reason for request in left} == {NOT_HELD}


def test_who_answered(path: Path) -> None:
    line = {**NAMES["prompt"], "text": "two"}
    assert recorded(path, line).id == "recording:answers"
    teacher = Recording(RecordingSettings(path=path, model="m-9"))
    assert (teacher.id, ask(teacher, question()).model) == ("recording:m-9", "m-9")


def test_a_recording_that_grows_is_asked_anew(path: Path) -> None:
    one = {"custom_id": question(0).custom_id, "text": "a"}
    short = recorded(path, one)
    sampling = short.sampling
    copy = recorded(path.with_name("copy.jsonl"), one)
    longer = recorded(path, one, {"custom_id": question(1).custom_id, "text": "b"})
    assert copy.sampling == sampling
    assert longer.sampling != sampling


def test_the_content_of_a_ledger_is_its_answers(tmp_path: Path) -> None:
    one, two = (0, "openai:a", "", Response("x")), (1, "openai:a", "", Response("y"))
    first, same = ledger_of(tmp_path / "1.db", one), ledger_of(tmp_path / "2.db", one)
    more = ledger_of(tmp_path / "3.db", one, two)
    assert content_sha256(first) == content_sha256(same) != content_sha256(more)


# -- in projects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    teacher = {"kind": "recording", "path": "answers.jsonl", "model": "me"}
    off = {"duplicate": False}
    return make_project(tmp_path / "p", teacher=teacher, target=9, plan={"target": 9}, gates=off)


def test_a_project_is_answered_by_a_file_beside_its_config(folder: Path) -> None:
    write_rows(folder / "answers.jsonl", lines_for_all(folder))
    made = cli("--project", folder, "run", "--json")
    assert made.code == 0, made.err
    assert made.json["accepted"] == 9
    assert made.json["cost"]["total"] == 0
    with Project(folder) as project:
        teachers = {c.example.source.teacher for c in project.ledger.candidates(project.run_id) if c.example}
    assert teachers == {"recording:me"}


def lines_for_all(folder: Path) -> list[dict[str, Any]]:
    """An answer about every seed: three rewrites."""
    rewrites = {
        row["id"]: [f"{row['input']} {i}" for i in "abc"] for row in read_rows(folder / "seeds.jsonl")
    }
    return [
        {"recipe": "paraphrase", "parents": [id_], "text": json.dumps(texts)}
        for id_, texts in rewrites.items()
    ]


def test_what_was_missing_is_asked_again_when_the_file_has_it(folder: Path) -> None:
    rows = lines_for_all(folder)
    write_rows(folder / "answers.jsonl", rows[:2])
    with Project(folder) as project:
        first = run(project)
    assert first.tally.kept < 9
    write_rows(folder / "answers.jsonl", rows)
    with Project(folder) as project:
        second = run(project)
        third = run(project)
    assert second.run != first.run
    assert (second.tally.kept, third.tally.kept) == (9, 9)
    assert third.requests["sent"] == 0


def test_the_ledger_of_one_project_answers_another(folder: Path, tmp_path: Path) -> None:
    write_rows(folder / "answers.jsonl", lines_for_all(folder))
    with Project(folder) as project:
        first = run(project)
    again = make_project(
        tmp_path / "again", target=9, plan={"target": 9}, gates={"duplicate": False},
        teacher={"kind": "recording", "path": str(folder / ".seedstock" / "ledger.db"), "model": "me"},
    )  # fmt: skip
    with Project(again) as project:
        second = run(project)
    assert (second.tally.kept, second.tally.rows) == (first.tally.kept, first.tally.rows) == (9, 9)


def test_check_tells_of_a_line_that_cannot_be_used(folder: Path) -> None:
    (folder / "answers.jsonl").write_text('{"text": "x"}\n', encoding="utf-8")
    told = cli("--project", folder, "check")
    assert told.code == 2
    assert "answers.jsonl:1: a line must name its question" in told.err
