"""The chat completions protocol: bodies out, completions in. No I/O."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from seedstock.errors import SeedstockError, one_line
from seedstock.exchange import Request, Response, Token, Usage
from seedstock.teachers.base import TeacherSettings, Transient
from seedstock.teachers.keys import KeySettings
from seedstock.teachers.wire import of_error, refusal
from seedstock.text import storable

Mode = Literal["json_schema", "json_object", "none"]
MODES: tuple[Mode, ...] = ("json_schema", "json_object", "none")
"""How a server can be asked for JSON, the strictest first."""

_OURS = ("messages", "model", "stream", "n", "response_format")
_SECRET = re.compile(
    r"api.?key|authorization|password|secret|(access|api|auth|bearer).?token|^(token|key)$", re.IGNORECASE
)
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_LEAST_LOGPROB = -9999.0

_STATUS_OF = {
    429: "rate_limit|insufficient_quota|billing|too_many", 503: "overload|unavailable|timeout|server_error",
    401: "auth|api_key", 403: "permission", 404: "not_found",
    400: "invalid_request|context_length|unsupported",
}  # fmt: skip
"""Kinds of errors, and the HTTP status that they should have come with."""


def _harmless(extra: dict[str, Any]) -> dict[str, Any]:
    if taken := [name for name in _OURS if name in extra]:
        raise ValueError(f"{taken[0]} is not to be set here: the other settings and the recipes do that")
    if secret := _secrets(extra):
        raise ValueError(f"{secret!r} looks like a secret: extra_body is kept in the ledger")
    try:
        json.dumps(extra, allow_nan=False)
    except (TypeError, RecursionError) as problem:
        raise ValueError(f"no JSON can hold that: {problem}") from problem
    return extra


def _secrets(value: Any) -> str:
    """The first name, at any depth, under which people keep keys; empty where there is none."""
    if isinstance(value, list):
        return next(filter(None, map(_secrets, value)), "")
    if not isinstance(value, dict):
        return ""
    return next((name for name in value if _SECRET.search(name)), "") or _secrets(list(value.values()))


class ChatSettings(KeySettings, TeacherSettings):
    """Settings of every teacher that is asked by chat completions."""

    model: str = Field(description="model name, as the server knows it")
    licence: str | None = Field(None, description="licence of the model's weights, for the card")
    temperature: float | None = Field(
        0.9, ge=0, le=2, description="spread of the answers; 0.7 to 1 keeps the tail; null: not sent"
    )
    top_p: float | None = Field(
        1.0, gt=0, le=1, description="below 1 the tail of the distribution is lost; null: not sent"
    )
    max_tokens: int = Field(1024, ge=1, description="longest answer, in tokens")
    structured: Literal["auto", "json_schema", "json_object", "none"] = Field(
        "auto", description="how the server is asked for JSON; auto: the strictest way that it accepts"
    )
    extra_body: Annotated[dict[str, Any], AfterValidator(_harmless)] = Field(
        {},
        description="sent as it is with every request; `chat_template_kwargs` for instance",
    )

    def sampled(self) -> dict[str, Any]:
        """What an answer depends on: sampling, and whatever else is not as usual."""
        out = self.model_dump(include={"temperature", "top_p", "max_tokens"})
        if self.structured != "auto":
            out["structured"] = self.structured
        return out | {"extra_body": self.extra_body} if self.extra_body else out

    def mode(self, findings: Mapping[str, str]) -> Mode | None:
        """How JSON is asked for: as configured, or as was found out about the server; None: not known yet."""
        wanted = findings.get("structured") if self.structured == "auto" else self.structured
        return next((mode for mode in MODES if mode == wanted), None)


def body(settings: ChatSettings, request: Request, mode: Mode, top_logprobs: int = 0) -> dict[str, Any]:
    """What is posted. `mode` says how JSON is asked for; it has no effect on a request without a schema."""
    out: dict[str, Any] = {
        "model": settings.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
    }
    if settings.temperature is not None:
        out["temperature"] = settings.temperature
    if settings.top_p is not None:
        out["top_p"] = settings.top_p
    out["max_tokens"] = settings.max_tokens
    if top_logprobs:
        out |= {"logprobs": True, "top_logprobs": top_logprobs}
    out |= request.params
    if request.schema is not None and mode != "none":
        out["response_format"] = _response_format(request.recipe, request.schema, mode)
    return out | settings.extra_body if settings.extra_body else out


def _response_format(name: str, schema: dict[str, Any], mode: Mode) -> dict[str, Any]:
    if mode == "json_object":
        return {"type": "json_object"}
    wanted = {"name": _NO_NAME.sub("_", name)[:64] or "answer", "strict": _strict(schema), "schema": schema}
    return {"type": "json_schema", "json_schema": wanted}


def _strict(schema: Any) -> bool:
    """Whether a schema is one that strict mode takes: all properties required, and no others."""
    if isinstance(schema, list):
        return all(map(_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict):
        closed = schema.get("additionalProperties") is False
        return (
            closed and set(properties) == set(schema.get("required", ())) and _strict([*properties.values()])
        )
    return schema.get("type") != "object" and all(
        _strict(schema[part]) for part in ("items", "anyOf") if part in schema
    )


def completion(raw: bytes, url: str, *, logprobs: bool = False, hold: float = 0.0) -> Response:
    """The answer in a body. `refusal` as `finish_reason` means that the model refused in words.

    Transient `bad_body` where it is no completion. An error that came with status 200 is raised as one
    that came with its own.
    """
    try:
        data = json.loads(str(raw, "utf-8-sig"))  # other encodings would hide what is hidden in UTF-8
    except (ValueError, RecursionError):
        raise bad_body(raw) from None
    return completed(data, raw, url, logprobs=logprobs, hold=hold)


def completed(data: Any, raw: bytes, url: str, *, logprobs: bool = False, hold: float = 0.0) -> Response:
    """As `completion`, of a body that was read; `raw` is quoted where it is none."""
    choices = data.get("choices") if isinstance(data, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not (isinstance(data, dict) and isinstance(choice, dict) and isinstance(message, dict)):
        if isinstance(data, dict) and data.get("error"):
            raise _error(data, url)
        raise bad_body(raw)
    if choice.get("error"):
        raise _error(choice, url)
    text, refused = _text(message)
    return Response(
        text, "refusal" if refused else word(choice.get("finish_reason"), "stop"),
        word(data.get("model")), usage(data.get("usage")),
        _tokens(choice.get("logprobs")) if logprobs else (), hold,
    )  # fmt: skip


def bad_body(raw: bytes) -> Transient:
    """The error for what is no completion."""
    words = one_line(raw[:800].decode("utf-8", "replace"), 200)
    return Transient("bad_body", f"not a chat completion: {words}")


def _text(message: dict[str, Any]) -> tuple[str, bool]:
    """What the model said, and whether that is a refusal: content, else a refusal, else one tool's call."""
    content = message.get("content")
    if content and isinstance(content, str):
        return content, False
    if isinstance(content, list) and (parts := "".join(map(_part, content))):
        return parts, False
    refused = message.get("refusal")
    if refused and isinstance(refused, str):
        return refused, True
    return _arguments(message.get("tool_calls")), False


def _part(part: Any) -> str:
    """The text of one part of the content; thoughts and pictures have none."""
    if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
        part = part.get("text")
    return part if isinstance(part, str) else ""


def _arguments(calls: Any) -> str:
    if not (isinstance(calls, list) and len(calls) == 1 and isinstance(calls[0], dict)):
        return ""
    function = calls[0].get("function")
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(arguments, dict):
        return json.dumps(arguments, ensure_ascii=False)
    return arguments if isinstance(arguments, str) else ""


def usage(counted: Any) -> Usage:
    """Tokens as counted by the server, cached ones as OpenAI or as DeepSeek names them."""
    if not isinstance(counted, dict):
        return Usage()
    details = counted.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    if cached is None:
        cached = counted.get("prompt_cache_hit_tokens")
    return Usage(count(counted.get("prompt_tokens")), count(counted.get("completion_tokens")), count(cached))


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    """All tokens, or none of them where one cannot be read: a row of tokens with a gap is worth nothing."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    try:
        return tuple(
            Token(str(one["token"]), _logprob(one), tuple((str(t["token"]), _logprob(t)) for t in _top(one)))
            for one in content or ()
        )
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return ()


def _top(one: dict[str, Any]) -> Collection[dict[str, Any]]:
    return one.get("top_logprobs") or ()


def _logprob(one: dict[str, Any]) -> float:
    """A log-probability; minus infinity, which JSON cannot hold, as servers write it."""
    value = float(one["logprob"])
    if math.isnan(value) or value == math.inf:
        raise ValueError("not a log-probability")
    return max(value, _LEAST_LOGPROB)


def _error(data: dict[str, Any], url: str) -> SeedstockError:
    """An error in an answer that HTTP called good: by its code where that is a status, else by its kind."""
    what = of_error(data)
    if what.code.isdecimal() and 400 <= int(what.code[:4]) < 600:
        return refusal(url, int(what.code[:4]), what)
    kind = f"{what.code} {what.type}"
    for status, words in _STATUS_OF.items():
        if re.search(words, kind):
            return refusal(url, status, what)
    return Transient("bad_body", f"an error instead of a completion: {what.words}")


def count(told: Any) -> int | None:
    """A count as the server gave it; None for anything that is no count."""
    return told if type(told) is int and 0 <= told < 2**53 else None


def word(value: Any, default: str = "") -> str:
    """A short word of the server's that any file can hold; `default` for anything that is no text."""
    return storable((value if value and isinstance(value, str) else default)[:200])
