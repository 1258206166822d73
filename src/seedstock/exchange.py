"""What recipes ask and teachers answer. Plain values, no I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Asks = Literal["model", "partner", "rules", "judge"]
"""Who is asked: the configured teacher, a second one that plays the user, the embedded rules, or a judge."""

_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return _ENCODE(value)


def digest(*parts: Any) -> str:
    """SHA-256, in hex, of the canonical JSON of `parts`. Lone surrogates are kept apart, not refused."""
    return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that an assistant asks for. `arguments` are JSON text, as models write them."""

    name: str
    arguments: str
    id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """`{"id"?, "type": "function", "function": {"name", "arguments"}}`."""
        named = {} if self.id is None else {"id": self.id}
        return {**named, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ToolCall:
        """The inverse of `to_json`; an arguments object is written as text."""
        function = data["function"]
        given = function.get("arguments")
        arguments = given if isinstance(given, str) else json.dumps(given or {}, ensure_ascii=False)
        return cls(function["name"], arguments, data.get("id"))


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    An assistant's turn may ask for `tool_calls`, with or without words. A turn of role `tool` answers one,
    `tool_call_id`; `name` is the function's where it is given.
    """

    role: str
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The words, and the calls as `name(arguments)`, a line each."""
        calls = [f"{call.name}({call.arguments})" for call in self.tool_calls]
        return "\n".join([*([self.content] if self.content else []), *calls])

    def to_json(self) -> dict[str, Any]:
        """`{"role", "content"}` and what there is of tools; content is null where there are only calls."""
        out: dict[str, Any] = {
            "role": self.role,
            "content": self.content or None if self.tool_calls else self.content,
        }
        if self.tool_calls:
            out["tool_calls"] = [call.to_json() for call in self.tool_calls]
        more = {"tool_call_id": self.tool_call_id, "name": self.name}
        return out | {key: value for key, value in more.items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """The inverse of `to_json`."""
        calls = tuple(map(ToolCall.from_json, data.get("tool_calls") or ()))
        return cls(data["role"], data["content"] or "", calls, data.get("tool_call_id"), data.get("name"))


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a teacher.

    `recipe`, `cell` and `ordinal` name it in the plan, `fold` and `parents` what it is made from.
    `messages` and `schema` are for models; `rules` is the same wish for the embedded rules
    (operation, example, donors, random seed). `params` are sampling settings, sent as they are.
    `rows` is how many candidates the question asks for, `attributes` what they were asked to be like:
    recorded with the question, before anybody has answered. `asks` says whom, `state` is what the
    recipe needs to read the answer or to ask on, and depends on earlier answers only.
    """

    recipe: str
    cell: str
    ordinal: int
    messages: tuple[Message, ...] = ()
    schema: dict[str, Any] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, Any] | None = None
    rows: int = 1
    parents: tuple[str, ...] = ()
    fold: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    asks: Asks = "model"
    state: Mapping[str, Any] = field(default_factory=dict)
    # Names are asked for many times, and a prompt is long: each is made once.
    _sha256: str = field(default="", init=False, compare=False, repr=False)
    _key: tuple[str, str] = field(default=("", ""), init=False, compare=False, repr=False)

    def body(self) -> dict[str, Any]:
        """Everything that an answer depends on, apart from who answers."""
        return {
            "messages": [m.to_json() for m in self.messages],
            "schema": self.schema, "params": self.params, "rules": self.rules,
        }  # fmt: skip

    @property
    def prompt_sha256(self) -> str:
        """Hash of the body: what provenance keeps of a prompt."""
        if not self._sha256:
            object.__setattr__(self, "_sha256", digest(self.body()))
        return self._sha256

    @property
    def custom_id(self) -> str:
        """The request's name outside the ledger, whoever is asked: 32 hex digits, as batch files allow."""
        return custom_id(self.recipe, self.cell, self.ordinal, self.prompt_sha256)

    def key(self, teacher: str) -> str:
        """The request's name in the ledger: its place in the plan, its body and who is asked."""
        if self._key[0] != teacher:
            key = digest(teacher, self.recipe, self.cell, self.ordinal, self.body())[:32]
            object.__setattr__(self, "_key", (teacher, key))
        return self._key[1]


def custom_id(recipe: str, cell: str, ordinal: int, prompt_sha256: str) -> str:
    """See `Request.custom_id`; from the columns that a ledger keeps."""
    return digest(recipe, cell, ordinal, prompt_sha256)[:32]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; None where it did not tell.

    `prompt_tokens` are all of the prompt's; `cached_tokens` of them were read from the server's prefix
    cache, `cache_write_tokens` written to it.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer: its text, its natural log-probability, and the likeliest tokens there."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `finish_reason` is the server's word: `stop`, `length`, …

    `tokens` are there only when the config asked for log-probabilities and the server gave them;
    read from the ledger, an answer comes without them. `hold` is how many seconds the server's
    rate-limit headers ask everybody to wait from now; it is not recorded.
    """

    text: str
    finish_reason: str = "stop"
    model: str = ""
    usage: Usage = Usage()
    tokens: tuple[Token, ...] = field(default=(), compare=False)
    hold: float = field(default=0.0, compare=False)
