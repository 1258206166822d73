"""Teacher `anthropic`: the Messages API over the official SDK. Needs the extra `anthropic`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field

from seedstock.errors import InputError, MissingExtra, SeedstockError, TeacherError, one_line
from seedstock.exchange import Request, Response, Usage, canonical
from seedstock.teachers.base import OnlineTeacher, TeacherSettings, Transient
from seedstock.teachers.chat import ChatSettings
from seedstock.teachers.keys import Address, VariableName, hide, read_key
from seedstock.teachers.limits import hold, retry_after
from seedstock.teachers.wire import MOST_BYTES, Refusal, Said, refusal, said

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic._response import AsyncAPIResponse

ADDRESS = "https://api.anthropic.com"
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


class AnthropicSettings(ChatSettings):
    """Settings of `teacher: {kind: anthropic}`."""

    kind: Literal["anthropic"] = "anthropic"
    base_url: Address = Field(ADDRESS, description="address without the version")
    api_key_env: VariableName = Field(
        "ANTHROPIC_API_KEY", description="environment variable that holds the key"
    )
    temperature: float | None = Field(
        None, ge=0, le=1, description="spread of the answers; absent: the server's 1. Newer models refuse it"
    )
    top_p: float | None = Field(
        None, gt=0, le=1, description="below 1 the tail of the distribution is lost; newer models refuse it"
    )
    structured: Literal["auto", "json_schema", "tool", "none"] = Field(  # type: ignore[assignment]
        "auto", description="how the server is asked for JSON; auto: the strictest way that it accepts"
    )


class Anthropic(OnlineTeacher):
    """Asks over one pooled client of the SDK, which is told not to retry."""

    Settings: ClassVar[type[TeacherSettings]] = AnthropicSettings

    def __init__(self, settings: AnthropicSettings) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}
        self._wire = Wire(settings)
        self._finding_out = asyncio.Lock()

    def prepare(self) -> None:
        """MissingExtra where the SDK is not installed."""
        need_sdk()

    @property
    def id(self) -> str:
        """The model's name; the address may change between runs."""
        return f"anthropic:{self.settings.model}"

    @property
    def server(self) -> str:
        """The address."""
        return self.settings.base_url

    @property
    def sampling(self) -> dict[str, Any]:
        """The longest answer, and whatever was set."""
        return self.settings.sampled()

    async def ask(self, request: Request) -> Response:
        """One POST, or a few where the server turns out not to know how JSON is asked for.

        The first request with a schema goes alone, so that the others know what it found out.
        """
        if "structured" in self.findings or self._ways(request)[0] != WAYS[0]:
            return await self._ask(request)
        async with self._finding_out:
            if "structured" not in self.findings and self.settings.structured == "auto":
                return await self._ask(request)
        return await self._ask(request)

    async def close(self) -> None:
        """Close the client."""
        await self._wire.close()

    async def _ask(self, request: Request) -> Response:
        """Down the ways of asking for JSON, until the server takes one."""
        options = self._ways(request)
        for way in options:
            try:
                response = await self._post(request, way)
            except Refusal as problem:
                if way == options[-1] or problem.status not in (400, 422) or not names(way, problem.words):
                    raise
                lower(self.findings, way)
            else:
                if way == WAYS[0] and self.settings.structured == "auto":
                    self.findings.setdefault("structured", way)
                return response
        raise AssertionError("no way to ask")

    def _ways(self, request: Request) -> list[str]:
        return ways(request.schema, self.settings.structured, self.findings)

    async def _post(self, request: Request, way: str) -> Response:
        made = body(self.settings, request, way)
        given = {name: made.pop(name) for name in ("model", "max_tokens", "messages")}

        def create(client: AsyncAnthropic) -> Awaitable[AsyncAPIResponse[Any]]:
            return client.messages.with_raw_response.create(
                **given, extra_body=made, extra_headers=version([made])
            )

        raw, headers = await self._wire.reply(create, self.settings.timeout)
        return self._wire.read(raw, hold(headers))


def need_sdk() -> None:
    """Raise MissingExtra where the SDK is not installed."""
    if find_spec("anthropic") is None:
        raise MissingExtra("teacher 'anthropic'", "anthropic")


class Wire:
    """The SDK's client, opened when first needed, and its errors in our own words. Shows the key to nobody.

    InputError where the key or the address is unusable.
    """

    def __init__(self, settings: AnthropicSettings) -> None:
        self.address = settings.base_url.rstrip("/").removesuffix("/v1")
        self._key = read_key(settings)
        self._key_env = settings.api_key_env
        self._timeout = settings.timeout
        self._connections = settings.concurrency
        self._client: AsyncAnthropic | None = None

    async def reply(
        self, call: Callable[[AsyncAnthropic], Awaitable[AsyncAPIResponse[Any]]], seconds: float | None
    ) -> tuple[bytes, Mapping[str, str]]:
        """The body and headers of a success within `seconds`; Transient or TeacherError for all else."""
        client = self._open()
        try:
            async with asyncio.timeout(seconds):
                answer = await call(client)
                return await answer.read(), answer.headers
        except self._errors() as problem:
            failure = self._failure(problem)
        # Outside of the handler: the SDK's error, which may repeat the key, is no part of this one.
        raise failure

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        """The lines of a long reply as they come in; fails as `reply` does, also midway."""
        import httpx2

        response: httpx2.Response | None = None
        client: Any = self._open()
        try:
            response = await client.get(path, cast_to=httpx2.Response, stream=True)
            async for line in _split(response.aiter_bytes()):
                yield line
        except self._errors() as problem:
            failure = self._failure(problem)
        else:
            return
        finally:
            if response is not None:
                await response.aclose()
        raise failure

    def read(self, raw: bytes, seconds: float) -> Response:
        """The answer in a body; Transient where there is none."""
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            data = None
        return self.message(data, raw, seconds)

    def message(self, data: Any, raw: bytes, seconds: float = 0.0) -> Response:
        """As `read`, of a body that was read; `raw` is quoted where it is none."""
        try:
            found = answer(data, seconds)
        except (KeyError, TypeError, AttributeError, RecursionError):
            found = None
        if found is None:
            raise Transient("bad_body", f"not a message: {self.said(raw).words[:200]}")
        return replace(
            found, text=self.hide(found.text), model=self.hide(found.model),
            finish_reason=self.hide(found.finish_reason),
        )  # fmt: skip

    def said(self, raw: bytes) -> Said:
        """The server's own words out of an error's body, without the key should it echo it."""
        return Said(*map(self.hide, said(raw)))

    def hide(self, text: str) -> str:
        """`text` without the key."""
        return hide(text, self._key)

    async def close(self) -> None:
        """Give connections back."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _open(self) -> AsyncAnthropic:
        import anthropic
        import httpx2

        if self._client is None:
            key = self._key
            # How many may be under way is decided elsewhere: there is room for all, asked twice too.
            limits = httpx2.Limits(max_connections=2 * self._connections)
            try:
                self._client = anthropic.AsyncAnthropic(
                    # SDK 2 sends the key as a bearer token only; gateways still read the older header.
                    # It insists on a key, which local servers need not have.
                    api_key=key or "none", default_headers={"x-api-key": key} if key else {},
                    base_url=self.address, timeout=self._timeout, max_retries=0, open_telemetry=False,
                    # On httpx's own wire a request costs half as much again, and twice at 256 at once.
                    # A redirect to somewhere else would take the key along.
                    http_client=anthropic.DefaultAioHttpClient(
                        limits=limits, timeout=self._timeout, follow_redirects=False
                    ),
                )  # fmt: skip
            except httpx2.InvalidURL as problem:
                raise InputError(f"teacher.base_url: {self.address!r} is not an address") from problem
        return self._client

    def _errors(self) -> tuple[type[Exception], ...]:
        import aiohttp
        import anthropic
        import httpx2

        return anthropic.APIError, httpx2.TransportError, aiohttp.ClientError, OSError

    def _failure(self, problem: Exception) -> SeedstockError:
        import anthropic
        import httpx2

        if isinstance(problem, anthropic.APIStatusError):
            reply = problem.response
            return self._refused(reply.status_code, self.said(reply.content), retry_after(reply.headers))
        if isinstance(problem, TimeoutError | anthropic.APITimeoutError | httpx2.TimeoutException):
            return Transient("timeout", f"no answer within {self._timeout:g} s")
        return self._lost(problem)

    def _lost(self, problem: BaseException) -> SeedstockError:
        """The SDK wraps what its wire met, which wraps what aiohttp met: that one tells them apart."""
        import aiohttp

        inner = problem
        while inner.__cause__ is not None and not isinstance(inner, aiohttp.ClientError):
            inner = inner.__cause__
        words = self.hide(one_line(str(inner), 300))
        if isinstance(inner, aiohttp.ClientConnectorCertificateError):
            return TeacherError(f"the certificate of {self.address} cannot be trusted: {words}")
        if isinstance(inner, aiohttp.ClientConnectorError):
            return Transient("connection", f"cannot connect to {self.address}: {words}")
        return Transient("reset", f"connection lost: {words}")

    def _refused(self, status: int, what: Said, wait: float | None) -> SeedstockError:
        if status == 401 and not self._key:
            what = what._replace(words=f"{what.words} (there is no key in ${self._key_env})")
        return refusal(self.address, status, what, wait)


def body(settings: AnthropicSettings, request: Request, way: str) -> dict[str, Any]:
    """The fields of a message request. What all requests share, the system text, comes first and is cached.

    Parameters that the protocol does not know, such as `seed`, are left out: it refuses them.
    """
    system = "\n\n".join(_utf8(m.content) for m in request.messages if m.role == "system")
    made: dict[str, Any] = {
        "model": settings.model, "max_tokens": settings.max_tokens,
        "messages": [
            {"role": m.role, "content": _utf8(m.content)} for m in request.messages if m.role != "system"
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
        text, _word(_FINISHED.get(reason, reason)), _word(model), _usage(data.get("usage")), hold=seconds
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
            "input_schema": json.loads(_utf8(schema)),
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

    value = json.loads(_utf8(schema))
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


async def _split(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines, ended by line feeds alone: the library's own would also cut at U+2028 inside a text."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
        if len(rest) > MOST_BYTES:
            raise Transient("bad_body", f"a line is longer than {MOST_BYTES} bytes")
    if rest:
        yield rest


def _usage(told: Any) -> Usage:
    usage = told if isinstance(told, dict) else {}
    plain, read, written = (
        _tokens(usage.get(name))
        for name in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    )
    prompt = None if plain is None else plain + (read or 0) + (written or 0)
    return Usage(prompt, _tokens(usage.get("output_tokens")), read, written)


def _tokens(count: Any) -> int | None:
    """A count as the server gave it; None for anything that is no count."""
    return count if type(count) is int and 0 <= count < 2**53 else None


def _word(value: str) -> str:
    """A short word of the server's that any file can hold."""
    return _utf8(value[:200])


def _utf8(text: str) -> str:
    """`text` as it can be sent: lone surrogates become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
