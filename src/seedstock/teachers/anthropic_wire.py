"""The SDK's client for the Messages API, and its errors in our own words. Needs the extra `anthropic`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from seedstock.errors import InputError, MissingExtra, SeedstockError
from seedstock.exchange import Response
from seedstock.teachers.base import Transient
from seedstock.teachers.chat import ChatSettings
from seedstock.teachers.keys import hide, read_key
from seedstock.teachers.limits import retry_after
from seedstock.teachers.messages import answer
from seedstock.teachers.wire import Said, lines_of, lost, not_connected, refusal, said

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic._response import AsyncAPIResponse


def need_sdk() -> None:
    """Raise MissingExtra where the SDK is not installed."""
    if find_spec("anthropic") is None:
        raise MissingExtra("teacher 'anthropic'", "anthropic")


class Wire:
    """The SDK's client, opened when first needed, and its errors in our own words. Shows the key to nobody.

    InputError where the key or the address is unusable.
    """

    def __init__(self, settings: ChatSettings, address: str) -> None:
        self.address = address.rstrip("/").removesuffix("/v1")
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
            async for line in lines_of(response.aiter_bytes()):
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
        if isinstance(inner, aiohttp.ClientConnectorError):
            return not_connected(inner, self.address, self._key)
        return lost(inner, self._key)

    def _refused(self, status: int, what: Said, wait: float | None) -> SeedstockError:
        if status == 401 and not self._key:
            what = what._replace(words=f"{what.words} (there is no key in ${self._key_env})")
        return refusal(self.address, status, what, wait)
