"""Conversations as files hold them: OpenAI's and ShareGPT's messages, in lists or as JSON text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from seedstock.exchange import Message, ToolCall
from seedstock.seeds.strict_json import NotJson, has_lone_surrogate, parse

ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "tool": "tool", "function": "tool",
    "observation": "tool",
}  # fmt: skip


class BadMessages(ValueError):
    """The value is no conversation that can be used; the text says which message and why."""


def read_messages(value: Any) -> tuple[Message, ...]:
    """The messages of a list, or of a JSON text of one. Raises BadMessages."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, list) or not value:
        raise BadMessages("its messages are not a list of messages" if value else "it has no messages")
    return tuple(_message(item, place) for place, item in enumerate(value, 1))


def is_chat(value: Any) -> bool:
    """Whether a column's value is a list of messages rather than some other JSON."""
    return bool(value) and isinstance(value, list) and all(_is_message(item) for item in value)


def simplest(messages: Sequence[Message]) -> str | tuple[Message, ...] | None:
    """As an example's input: one user message alone is a plain text; None where nothing is left."""
    if len(messages) == 1 and messages[0].role == "user":
        return messages[0].content
    return tuple(messages) or None


def with_texts(value: Any, texts: Sequence[Any]) -> Any:
    """A conversation, in the form in which it came, with these texts in its messages.

    Of more texts than messages the first ones stand elsewhere: a system prompt in a column of its own.
    """
    messages = _parsed(value) if isinstance(value, str) else value
    said = texts[-len(messages) :]
    out = [_with_text(message, text) for message, text in zip(messages, said, strict=True)]
    return json.dumps(out, ensure_ascii=False) if isinstance(value, str) else out


def _with_text(message: dict[str, Any], text: Any) -> dict[str, Any]:
    if not isinstance(text, str) or (message.get("tool_calls") and not text):
        return message
    key = "content" if message.get("content") else "value" if "value" in message else "content"
    return message if _content(message.get(key), 0) == text else {**message, key: text}


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and ({"role", "content"} <= item.keys() or {"from", "value"} <= item.keys())


def _parsed(text: str) -> Any:
    try:
        value = parse(text)
    except NotJson as problem:
        raise BadMessages(f"its messages are not JSON: {problem.describe()}") from problem
    if has_lone_surrogate(value):
        raise BadMessages("its messages hold half a character (a lone surrogate)")
    return value


def _message(item: Any, place: int) -> Message:
    if not _is_message(item):
        raise BadMessages(f"message {place} needs `role` and `content` (or `from` and `value`)")
    said = item.get("role") or item.get("from")
    role = ROLES.get(said.lower()) if isinstance(said, str) else None
    if role is None:
        raise BadMessages(f"message {place} has role {str(said)[:40]!r}; known: {', '.join(ROLES)}")
    calls = _calls(item.get("tool_calls") or (), place) if role == "assistant" else ()
    given = item.get("content") or item.get("value") or item.get("content")
    content = "" if calls and given is None else _content(given, place)
    if role != "tool":
        return Message(role, content, calls)
    return Message(role, content, (), _optional(item.get("tool_call_id")), _optional(item.get("name")))


def read_tools(value: Any) -> tuple[dict[str, Any], ...]:
    """Declared tools: a list of objects, or JSON text of one; () where there are none. Raises BadMessages."""
    if value in (None, "", [], ()):
        return ()
    given = _parsed(value) if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(tool, dict) for tool in given):
        raise BadMessages("its `tools` are not a list of objects")
    return tuple(map(_without_nulls, given))


def _without_nulls(value: Any) -> Any:
    """Tables give every object the keys of all others, with nothing in them: no JSON Schema any more."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _calls(given: Any, place: int) -> tuple[ToolCall, ...]:
    try:
        return tuple(_call(call) for call in given)
    except (TypeError, KeyError, AttributeError) as problem:
        raise BadMessages(
            f"message {place} has a tool call without `function` with `name` and `arguments`"
        ) from problem


def _call(call: Any) -> ToolCall:
    made = ToolCall.from_json(call)
    if not isinstance(made.name, str) or not isinstance(made.id, str | None):
        raise TypeError(call)
    return made


def _optional(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _content(value: Any, place: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return "".join(_part(part, place) for part in value)
    raise BadMessages(f"message {place} has no text as its content")


def _part(part: Any, place: int) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind != "text" or not isinstance(part.get("text"), str):
        raise BadMessages(
            f"message {place} has a content part of type {str(kind)[:40]!r}; only text can be used"
        )
    return str(part["text"])
