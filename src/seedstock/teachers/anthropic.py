"""Teacher `anthropic`: the Messages API over the official SDK. Needs the extra `anthropic`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from seedstock.exchange import Request, Response
from seedstock.teachers.anthropic_wire import Wire, need_sdk
from seedstock.teachers.base import OnlineTeacher, Server, TeacherSettings
from seedstock.teachers.chat import ChatSettings
from seedstock.teachers.keys import Address, VariableName
from seedstock.teachers.limits import hold
from seedstock.teachers.messages import WAYS, body, lower, names, version, ways
from seedstock.teachers.wire import Refusal

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic._response import AsyncAPIResponse

ADDRESS = "https://api.anthropic.com"


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


class MessagesServer(Server):
    """A server of the Messages API, reached over the SDK."""

    def __init__(self, settings: AnthropicSettings) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}
        self._wire = Wire(settings, settings.base_url)

    def prepare(self) -> None:
        """MissingExtra where the SDK is not installed."""
        need_sdk()

    @property
    def server(self) -> str:
        """The address."""
        return self.settings.base_url

    @property
    def sampling(self) -> dict[str, Any]:
        """The longest answer, and whatever was set."""
        return self.settings.sampled()

    async def close(self) -> None:
        """Close the client."""
        await self._wire.close()


class Anthropic(MessagesServer, OnlineTeacher):
    """Asks over one pooled client of the SDK, which is told not to retry."""

    Settings: ClassVar[type[TeacherSettings]] = AnthropicSettings

    def __init__(self, settings: AnthropicSettings) -> None:
        super().__init__(settings)
        self._finding_out = asyncio.Lock()

    @property
    def id(self) -> str:
        """The model's name; the address may change between runs."""
        return f"anthropic:{self.settings.model}"

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
