"""Turns: does a conversation alternate, is no turn empty, and do tool calls match what is declared?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from seedstock.exchange import Message, ToolCall, canonical


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a conversation: a code, a reason, evidence."""

    code: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def chat_fault(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> Fault | None:
    """The first thing wrong with the turns before the answer."""
    return next(_chat_faults(messages, tools), None)


def call_fault(output: Mapping[str, Any], tools: Sequence[Mapping[str, Any]]) -> Fault | None:
    """The first thing wrong with an output that calls tools."""
    try:
        calls = [ToolCall.from_json(call) for call in output["tool_calls"]]
    except (KeyError, TypeError, AttributeError):
        return Fault("tool_calls", "a tool call needs a function with a name and arguments")
    return next(_call_faults(calls, tools), None)


def _chat_faults(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    roles = [m.role for m in messages]
    turns = messages[1:] if roles[:1] == ["system"] else messages
    if not turns or turns[-1].role not in ("user", "tool"):
        yield Fault("chat", "the last message before the answer is not the user's", {"roles": roles})
    expected = "user"
    for turn in turns:
        if turn.role not in expected.split(" or "):
            reason = f"roles do not alternate: {turn.role!r} where {expected!r} was due"
            yield Fault("chat", reason, {"roles": roles})
            break
        expected = _due(turn)
    if any(not m.content.strip() and not m.tool_calls and m.role != "tool" for m in messages):
        yield Fault("chat", "a turn is empty", {"roles": roles})
    yield from _tool_faults(turns, tools)


def _due(turn: Message) -> str:
    """Who may speak after a turn."""
    if turn.role == "assistant":
        return "tool" if turn.tool_calls else "user"
    return "tool or assistant" if turn.role == "tool" else "assistant"


def _tool_faults(turns: Sequence[Message], tools: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Every call is declared and answered, every answer is to a call."""
    open_calls: list[ToolCall] = []
    for turn in turns:
        if turn.role == "tool":
            answered = _answered(turn, open_calls)
            if answered is None:
                said = turn.tool_call_id or turn.name
                yield Fault(
                    "tool_result",
                    f"a tool's answer to {said!r}, which nobody called",
                    {"quote": turn.content[:80]},
                )
            else:
                open_calls.remove(answered)
            continue
        yield from _unanswered(open_calls)
        open_calls = list(turn.tool_calls)
        yield from _call_faults(open_calls, tools)
    yield from _unanswered(open_calls)


def _answered(turn: Message, calls: Sequence[ToolCall]) -> ToolCall | None:
    if turn.tool_call_id is not None:
        return next((call for call in calls if call.id == turn.tool_call_id), None)
    return next((call for call in calls if turn.name in (None, call.name)), None)


def _unanswered(calls: Sequence[ToolCall]) -> Iterator[Fault]:
    for call in calls:
        yield Fault(
            "tool_result", f"no answer to the call of {call.name!r}", {"id": call.id, "name": call.name}
        )


def _call_faults(calls: Sequence[ToolCall], tools: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    declared = {name: schema for tool in tools if (name := _named(tool)) for schema in [_parameters(tool)]}
    ids = [call.id for call in calls if call.id is not None]
    if len(set(ids)) != len(ids):
        yield Fault("tool_calls", "two calls of one turn have the same id", {"ids": ids})
    for call in calls:
        if not tools:
            yield Fault(
                "tool_calls", f"{call.name!r} is called, and the row declares no `tools`", {"name": call.name}
            )
        elif call.name not in declared:
            known = ", ".join(declared)
            yield Fault(
                "tool_calls",
                f"{call.name!r} is not declared; declared are {known}"[:300],
                {"name": call.name},
            )
        elif fault := _argument_fault(call, declared[call.name]):
            yield fault


def _named(tool: Mapping[str, Any]) -> str | None:
    name = _function(tool).get("name")
    return name if isinstance(name, str) else None


def _parameters(tool: Mapping[str, Any]) -> Any:
    return _function(tool).get("parameters")


def _function(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """OpenAI wraps a function's declaration; others give it as it is."""
    inner = tool.get("function")
    return inner if isinstance(inner, dict) else tool


def _argument_fault(call: ToolCall, schema: Any) -> Fault | None:
    named = {"name": call.name, "quote": call.arguments[:120]}
    try:
        value = json.loads(call.arguments or "{}", parse_constant=_refuse)
    except (ValueError, RecursionError) as problem:
        return Fault("tool_arguments", f"the arguments of {call.name!r} are not JSON: {problem}"[:200], named)
    if not isinstance(value, dict):
        return Fault("tool_arguments", f"the arguments of {call.name!r} are no JSON object", named)
    if not isinstance(schema, dict) or not schema:
        return None
    try:
        error = next(iter(_validator(schema).iter_errors(value)), None)
    except ValueError as problem:
        return Fault(
            "tools", f"the declared parameters of {call.name!r} are no JSON Schema: {problem}"[:200], named
        )
    if error is None:
        return None
    path = "/".join(map(str, error.instance_path)) or "(root)"
    reason = f"the arguments of {call.name!r} at {path}: {error.message}"[:300]
    return Fault("tool_arguments", reason, {**named, "path": path})


def _refuse(name: str) -> Any:
    raise ValueError(f"{name[:80]!r} is not read")


def _validator(schema: dict[str, Any]) -> Any:
    return _compiled(canonical(schema))


@lru_cache(maxsize=256)
def _compiled(schema: str) -> Any:
    """A declared schema, ready to use. It came with a row: no address and no file that it names is opened."""
    import jsonschema_rs

    return jsonschema_rs.validator_for(json.loads(schema), retriever=_refuse)
