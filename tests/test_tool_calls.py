"""Conversations with tools: read, held against what they declare, kept and written out again."""

from __future__ import annotations

import copy
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from helpers import cli, read_rows, write_rows
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, is_call
from seedstock.exporters.messages import Messages
from seedstock.exporters.prompt_completion import PromptCompletion
from seedstock.gates.base import Batch, Tools
from seedstock.gates.format import FormatGate, FormatSettings
from seedstock.seeds.readers import read_rows as read_file
from seedstock.tasks.detect import detect_output
from seedstock.tasks.text import Text, TextSettings

SCHEMA = {"type": "object", "properties": {"state": {"enum": ["on", "off"]}}, "required": ["state"]}
TOOLS = [{"type": "function", "function": {"name": "light", "description": "Switch", "parameters": SCHEMA}}]
CALL = {"id": "c1a2b3d4e", "type": "function", "function": {"name": "light", "arguments": '{"state": "on"}'}}
TALK = {
    "messages": [
        {"role": "system", "content": "You are a house."},
        {"role": "user", "content": "Lights on, please"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1a2b3d4e", "name": "light", "content": "ok"},
        {"role": "assistant", "content": "The light is on."},
    ],
    "tools": TOOLS,
}
ENDS_IN_A_CALL = {"messages": TALK["messages"][:3], "tools": TOOLS}


def read(raw: Any, folder: Path) -> Example:
    [row] = read_file(write_rows(folder / "rows.jsonl", [raw]), strict=False, kind="synthetic")
    return row.example


def code(example: Example) -> str:
    tools = Tools(Text(TextSettings(), Path()), Lexical(LexicalSettings(dims=16)))
    gate = FormatGate(FormatSettings(), tools)
    return gate.check(Batch([gate.mend(example)], tools))[0].code


def changed(**places: Any) -> dict[str, Any]:
    """The talk with the messages at these places changed (`m2={…}`), or with other tools."""
    talk = copy.deepcopy(TALK)
    for place, change in places.items():
        if place == "tools":
            talk["tools"] = change
        else:
            talk["messages"][int(place[1:])].update(change)
    return talk


def calling(**function: Any) -> dict[str, Any]:
    return {"tool_calls": [{**CALL, "function": {**CALL["function"], **function}}]}


@pytest.mark.parametrize("raw", [TALK, ENDS_IN_A_CALL])
def test_a_talk_with_tools_is_read_and_written_again(raw: dict[str, Any], tmp_path: Path) -> None:
    example = read(raw, tmp_path)
    assert code(example) == "ok"
    assert Example.from_json(json.loads(json.dumps(example.to_json()))) == example
    exporter = Messages()
    written = exporter.row(example, "unused: the row has its own")
    assert written == raw
    assert exporter.problem(json.loads(json.dumps(written))) is None
    apart = PromptCompletion().row(example, "")
    assert [*apart["prompt"], *apart["completion"]] == raw["messages"]
    assert apart["tools"] == TOOLS
    assert PromptCompletion().problem(apart) is None


def test_calls_say_what_a_talk_is_about(tmp_path: Path) -> None:
    one, other = read(TALK, tmp_path), read(changed(m2=calling(arguments='{"state": "off"}')), tmp_path)
    assert 'light({"state": "on"})' in one.input_text
    assert one.content_id != other.content_id != read(changed(tools=[]), tmp_path).content_id


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (changed(m2=calling(name="heat")), "tool_calls"),
        (changed(tools=[]), "tool_calls"),
        (changed(m2=calling(arguments='{"state": "dim"}')), "tool_arguments"),
        (changed(m2=calling(arguments="{}")), "tool_arguments"),
        (changed(m2=calling(arguments="{state: on")), "tool_arguments"),
        (changed(m2=calling(arguments="[1]")), "tool_arguments"),
        (changed(m2=calling(arguments='{"state": "\ud800"}')), "bad_characters"),
        (changed(m2=calling(arguments='{"state": NaN}')), "tool_arguments"),
        (changed(m2=calling(arguments="[" * 100_000)), "tool_arguments"),
        (changed(m2={"tool_calls": [CALL, CALL]}), "tool_calls"),
        (changed(m3={"tool_call_id": "other"}), "tool_result"),
        (changed(m3={"role": "user"}), "chat"),
        (changed(m2={"tool_calls": [CALL, {**CALL, "id": "second"}]}), "tool_result"),
        (changed(tools=[{"name": "light", "parameters": {"type": "nonsense"}}]), "tools"),
        (changed(m2={"content": "Well.", "tool_calls": []}), "chat"),
        (changed(tools=[{"name": "light"}]), "ok"),
        (changed(m2=calling(arguments={"state": "on"})), "ok"),
        (changed(m3={"content": ""}), "ok"),
        (changed(m2={"content": "One moment."}), "ok"),
        (changed(tools=json.dumps(TOOLS)), "ok"),
        (changed(m2={"content": "", "tool_calls": [{**CALL, "id": None}]}, m3={"tool_call_id": None}), "ok"),
    ],
)
def test_calls_are_held_against_their_declaration(raw: Any, problem: str, tmp_path: Path) -> None:
    assert code(read(raw, tmp_path)) == problem


@pytest.mark.parametrize(
    ("calls", "problem"),
    [
        ([{**CALL, "function": {"name": "heat", "arguments": "{}"}}], "tool_calls"),
        ([{**CALL, "function": {"name": "light", "arguments": "{}"}}], "tool_arguments"),
        ([CALL], "ok"),
    ],
)
def test_a_last_turn_that_calls_is_an_output(calls: Any, problem: str, tmp_path: Path) -> None:
    raw = {"messages": [*TALK["messages"][:2], {"role": "assistant", "content": None, "tool_calls": calls}]}
    example = read({**raw, "tools": TOOLS}, tmp_path)
    assert is_call(example.output)
    assert code(example) == problem


@pytest.mark.parametrize("address", ["http://127.0.0.1:{}/schema.json", "file:///etc/hostname"])
def test_a_declared_schema_opens_nothing(address: str, tmp_path: Path) -> None:
    """A row may name any address in its declaration: nobody goes there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        away = [{"name": "light", "parameters": {"$ref": address.format(server.getsockname()[1])}}]
        assert code(read(changed(tools=away), tmp_path)) == "tools"
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_schema_that_goes_in_a_circle_ends(tmp_path: Path) -> None:
    circle = [{"name": "light", "parameters": {"allOf": [{"$ref": "#"}]}}]
    assert code(read(changed(tools=circle), tmp_path)) == "ok"


@pytest.mark.parametrize("calls", [7, [7], [{}], [{"function": {}}], [{"function": {"name": 3}}], "x"])
def test_calls_that_are_none_make_no_row(calls: Any, tmp_path: Path) -> None:
    example = read(changed(m2={"tool_calls": calls}), tmp_path)
    assert code(example) == "chat"
    assert "message 3 has a tool call" in example.meta["unreadable"]


def test_tables_fill_schemas_with_nulls(tmp_path: Path) -> None:
    """Parquet gives every object the keys of all others."""
    holey = [{"type": "function", "function": {"name": "light", "parameters": {**SCHEMA, "items": None}}}]
    assert code(read(changed(tools=holey), tmp_path)) == "ok"


def test_calls_beside_answers_do_not_change_the_kind_of_output(tmp_path: Path) -> None:
    both = [read(TALK, tmp_path), read(ENDS_IN_A_CALL, tmp_path)]
    assert detect_output(both)[0] == "text"


def test_audit_keeps_the_tools_of_a_row(tmp_path: Path) -> None:
    rooms = ["kitchen", "cellar", "attic", "garage", "hall", "garden"]
    asked = [changed(m1={"content": f"Please switch on the lamp in the {room} now"}) for room in rooms]
    seeds = write_rows(tmp_path / "seeds.jsonl", [{"id": f"s{i}", **talk} for i, talk in enumerate(asked)])
    good = changed(m1={"content": '"make it bright upstairs"'})
    bad = changed(m1={"content": "warm up the bedroom"}, m2=calling(name="heat"))
    given = write_rows(tmp_path / "rows.jsonl", [{"id": "good", **good}, {"id": "bad", **bad}])
    out = tmp_path / "out"
    done = cli("audit", given, "--seeds", seeds, "--out", out, "--json")
    assert done.code == 0, done
    assert done.json["reasons"] == {"format: tool_calls": 1}
    [kept] = read_rows(out / "kept.jsonl")
    fixed = changed(m1={"content": "make it bright upstairs"})
    assert kept == {"id": "good", **fixed, "repairs": ["strip_quotes"]}
