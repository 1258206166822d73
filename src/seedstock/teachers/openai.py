"""Teacher `openai`: any server that speaks the OpenAI chat completions protocol."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from seedstock.backoff import asked_for
from seedstock.errors import InputError, TeacherError
from seedstock.exchange import Request, Response, Usage
from seedstock.teachers.base import Teacher, TeacherSettings, Transient

if TYPE_CHECKING:
    import aiohttp

_WORTH_ANOTHER_TRY = {408, 409, 425, 429}


class OpenAISettings(TeacherSettings):
    """Settings of `teacher: {kind: openai}`."""

    kind: Literal["openai"] = "openai"
    base_url: str = Field(
        pattern=r"^https?://[^/\s]",
        description='address up to and with the version: "http://localhost:8000/v1"',
    )
    model: str = Field(description="model name, as the server knows it")
    api_key_env: str = Field("OPENAI_API_KEY", description="environment variable that holds the key")
    licence: str | None = Field(None, description="licence of the model's weights, for the card")
    temperature: float = Field(0.9, ge=0, le=2, description="spread of the answers; 0.7 to 1 keeps the tail")
    top_p: float = Field(1.0, gt=0, le=1, description="below 1 the tail of the distribution is lost")
    max_tokens: int = Field(1024, ge=1, description="longest answer, in tokens")
    structured: Literal["json_schema", "json_object", "none"] = Field(
        "json_schema", description="how the server is asked for JSON"
    )


class OpenAI(Teacher):
    """Asks over one pooled session; the key is read from the environment and goes nowhere else."""

    Settings: ClassVar[type[TeacherSettings]] = OpenAISettings

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        self._url = settings.base_url.rstrip("/") + "/chat/completions"
        self._key = os.environ.get(settings.api_key_env, "").strip()
        if not (self._key.isascii() and self._key.isprintable()):
            raise InputError(
                f"the key in ${settings.api_key_env} has characters that no HTTP header can hold"
            )
        self._session: aiohttp.ClientSession | None = None

    @property
    def id(self) -> str:
        """The model's name; the address may change between runs."""
        return f"openai:{self.settings.model}"

    @property
    def sampling(self) -> dict[str, Any]:
        """Temperature, top_p, the longest answer, and how JSON is asked for."""
        return self.settings.model_dump(include={"temperature", "top_p", "max_tokens", "structured"})

    async def ask(self, request: Request) -> Response:
        """One POST. 429, 5xx, resets and time-outs are `Transient`; other errors end the run."""
        import aiohttp

        try:
            async with self._open().post(self._url, json=self._body(request)) as reply:
                raw = await reply.read()
                if reply.status != 200:
                    raise self._error(reply.status, raw, reply.headers.get("retry-after"))
        except TimeoutError as problem:
            raise Transient("timeout", f"no answer within {self.settings.timeout:g} s") from problem
        except aiohttp.InvalidURL as problem:
            raise TeacherError(f"{self._url!r} is not an address") from problem
        except aiohttp.ClientConnectorError as problem:
            raise Transient("connection", f"cannot connect to {self._url}: {problem.os_error}") from problem
        except (aiohttp.ClientError, ConnectionError) as problem:
            raise Transient("reset", f"connection lost: {problem}") from problem
        return self._read(raw)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
                timeout=aiohttp.ClientTimeout(total=self.settings.timeout),
                connector=aiohttp.TCPConnector(limit=self.settings.concurrency),
            )
        return self._session

    def _body(self, request: Request) -> dict[str, Any]:
        settings = self.settings
        body: dict[str, Any] = {
            "model": settings.model, "messages": [m.to_json() for m in request.messages],
            "temperature": settings.temperature, "top_p": settings.top_p, "max_tokens": settings.max_tokens,
            **request.params,
        }  # fmt: skip
        if request.schema is not None and settings.structured == "json_schema":
            wanted = {"name": request.recipe, "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif request.schema is not None and settings.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _error(self, status: int, raw: bytes, retry_after: str | None) -> Exception:
        said = self._words(raw)
        if status in _WORTH_ANOTHER_TRY or status >= 500:
            return Transient(str(status), said, asked_for(retry_after))
        return TeacherError(f"the teacher at {self._url} answered {status}: {said}")

    def _words(self, raw: bytes) -> str:
        """The server's own words, without the key should it echo it."""
        text = raw.decode("utf-8", "replace")
        try:
            error = json.loads(text).get("error", text)
            text = str(error.get("message", error)) if isinstance(error, dict) else str(error)
        except (ValueError, AttributeError, RecursionError):
            pass
        return (text.replace(self._key, "…") if self._key else text)[:400]

    def _read(self, raw: bytes) -> Response:
        try:
            data = json.loads(raw)
            choice = data["choices"][0]
            message = choice["message"]
            text = message.get("content") or message.get("refusal") or ""
            usage = data.get("usage") or {}
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
            counted = Usage(
                _tokens(usage.get("prompt_tokens")), _tokens(usage.get("completion_tokens")), _tokens(cached)
            )
            reason, model = choice.get("finish_reason") or "stop", data.get("model") or ""
            return Response(str(text), _word(reason), _word(model), counted)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as problem:
            raise Transient("bad_body", f"not a chat completion: {self._words(raw)[:200]}") from problem


def _tokens(count: Any) -> int | None:
    """A count as the server gave it; None for anything that is no count."""
    return count if isinstance(count, int) and 0 <= count < 2**53 else None


def _word(value: Any) -> str:
    """A short word of the server's that any file can hold."""
    return str(value)[:200].encode("utf-8", "replace").decode()
