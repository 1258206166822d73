"""The Messages protocol: bodies out, messages in. No I/O; the extra `anthropic` shapes its schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from seedstock.exchange import Request, Response, Usage, canonical
from seedstock.teachers.chat import ChatSettings, count, word
from seedstock.text import storable

WAYS = ("json_schema", "tool", "none")
"""How JSON is asked for, best first: a schema for the text, a tool that must be called, the prompt alone."""

_TOOL = "answer"
_NAMED_BY = {
    "json_schema": re.compile(r"output[_ ]?(config|format)|structured[_ ]output|json_schema|grammar", re.I),
    "tool": re.compile(r"\btools?\b|tool_choice|input_schema", re.I),
}
_SAMPLING = ("temperature", "top_p", "top_k")
_PARAMS = (*_SAMPLING, "max_tokens", "stop_sequences")
_FINISHED = {
    "end_turn": "stop", "stop_sequence": "stop", "tool_use": "stop",
    "max_tokens": "length", "model_context_window_exceeded": "length",
}  # fmt: skip


def body(settings: ChatSettings, request: Request, way: str) -> dict[str, Any]:
    """The fields of a message request. What all requests share, the system text, comes first and is cached.

    Parameters that the protocol does not know, such as `seed`, are left out: it refuses them.
    """
    system = "\n\n".join(storable(m.content) for m in request.messages if m.role == "system")
    made: dict[str, Any] = {
        "model": settings.model, "max_tokens": settings.max_tokens,
        "messages": [
            {"role": m.role, "content": storable(m.content)} for m in request.messages if m.role != "system"
        ],
        **settings.model_dump(include={"temperature", "top_p"}, exclude_none=True),
        **{name: value for name, value in request.params.items() if name in _PARAMS},
    }  # fmt: skip
    if system:
        made["system"] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
    if request.schema is not None:
        made |= _asking_for(canonical(request.schema), way)
    return _merged(made, settings.extra_body)


def version(bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The header that sampling settings need: later versions of the protocol know none."""
    old = any(name in one for one in bodies for name in _SAMPLING)
    return {"anthropic-version": "2023-06-01"} if old else {}


def ways(schema: dict[str, Any] | None, setting: str, findings: Mapping[str, str]) -> list[str]:
    """The ways of asking for this schema, best first; one only where the config names it. Never empty."""
    if schema is None:
        return ["none"]
    best = findings.get("structured", "") if setting == "auto" else setting
    allowed = WAYS[WAYS.index(best) if best in WAYS else 0 :]
    shaped = {"json_schema": _closed(canonical(schema)) is not None, "tool": schema.get("type") == "object"}
    found = [way for way in allowed if shaped.get(way, True)]
    return found if setting == "auto" else found[:1]


def names(way: str, words: str) -> bool:
    """Whether a server's complaint is about the fields of this way of asking."""
    return way in _NAMED_BY and _NAMED_BY[way].search(words) is not None


def lower(findings: dict[str, str], way: str) -> None:
    """Remember that the server refused `way`, if that was the best that was known to ask in."""
    if findings.get("structured", WAYS[0]) == way:
        findings["structured"] = WAYS[WAYS.index(way) + 1]


def answer(data: Any, seconds: float = 0.0) -> Response:
    """A message as a Response. Raises KeyError, TypeError or AttributeError where it is none."""
    blocks = data["content"]
    called = [block["input"] for block in blocks if block["type"] == "tool_use"]
    text = "".join(str(block["text"]) for block in blocks if block["type"] == "text")
    if called:
        text = json.dumps(called[0], ensure_ascii=False)
    reason = str(data.get("stop_reason") or "end_turn")
    model = str(data.get("model") or "")
    return Response(
        text, word(_FINISHED.get(reason, reason)), word(model), _usage(data.get("usage")), hold=seconds
    )


def results_path(batch: str) -> str:
    """Where a batch's results are, at the address that was configured.

    The server names an address too; behind a gateway it is not the gateway's, and the key would go there.
    """
    return f"/v1/messages/batches/{quote(batch, safe='')}/results"


def _asking_for(schema: str, way: str) -> dict[str, Any]:
    """The fields that ask for this schema (canonical JSON)."""
    if way == "json_schema":
        return {"output_config": {"format": {"type": "json_schema", "schema": _closed(schema)}}}
    if way == "tool":
        tool = {
            "name": _TOOL,
            "description": "Hands over the answer.",
            "input_schema": json.loads(storable(schema)),
        }
        choice = {"type": "tool", "name": _TOOL, "disable_parallel_tool_use": True}
        return {"tools": [tool], "tool_choice": choice}
    return {}


@lru_cache(maxsize=256)
def _closed(schema: str) -> dict[str, Any] | None:
    """The schema (canonical JSON) in the subset that the server enforces; None where it would mean less.

    What cannot be enforced, such as lengths, goes into descriptions: answers are validated anyway.
    """
    from anthropic import transform_schema

    value = json.loads(storable(schema))
    try:
        return None if _open_object(value) else transform_schema(value)
    except (ValueError, TypeError, AttributeError, AssertionError, RecursionError):
        return None


def _open_object(schema: Any) -> bool:
    """Whether any object in it may have names that are not listed: the server's subset has no such thing."""
    if isinstance(schema, list):
        return any(map(_open_object, schema))
    if not isinstance(schema, dict):
        return False
    listed = bool(schema.get("properties")) and not schema.get("additionalProperties")
    if schema.get("type") == "object" and (not listed or "patternProperties" in schema):
        return True
    return any(_open_object(value) for value in schema.values())


def _merged(made: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """`made` with `extra` over it; objects that both have are joined (`output_config`)."""
    both = {
        name: {**made[name], **value}
        for name, value in extra.items()
        if isinstance(value, dict) and isinstance(made.get(name), dict)
    }
    return {**made, **extra, **both}


def _usage(told: Any) -> Usage:
    usage = told if isinstance(told, dict) else {}
    plain, read, written = (
        count(usage.get(name))
        for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    )
    prompt = None if plain is None else plain + (read or 0) + (written or 0)
    return Usage(prompt, count(usage.get("output_tokens")), read, written)
