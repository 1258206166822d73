"""Teacher `openai`: any server that speaks the OpenAI chat completions protocol."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, ClassVar, Literal

from pydantic import Field

from seedstock.exchange import Request, Response
from seedstock.teachers import chat
from seedstock.teachers.base import OnlineTeacher, TeacherSettings, Transient
from seedstock.teachers.chat import MODES, ChatSettings, Mode
from seedstock.teachers.keys import Address, read_key
from seedstock.teachers.limits import hold
from seedstock.teachers.wire import Refusal, Wire

OPTIONAL = ("temperature", "top_p", "seed", "logprobs", "top_logprobs")
"""Parameters that are left out where a server does not take them."""

_FORMAT = re.compile(r"response.?format|json.?(?:schema|object|mode)|schema|grammar|structured|guided", re.I)
_NOT_TAKEN = re.compile(
    r"unsupported|n.t support|unrecogni[sz]ed|unknown|unexpected|extra.?forbidden|unavailable"
    r"|not (?:permitted|allowed|available)|(?:can ?not|can't) both",
    re.I,
)
_NO_WORDS = re.compile(
    r"\W*(?:(?:http|error|bad|invalid|unprocessable|request|entity|content|input|argument|validation|client|\d+)s?"
    r"\b\W*)*",
    re.I,
)
_MAY_BE_NEGOTIATED = (400, 415, 422, 501)


class OpenAISettings(ChatSettings):
    """Settings of `teacher: {kind: openai}`."""

    kind: Literal["openai"] = "openai"
    base_url: Address = Field(description='address up to and with the version: "http://localhost:8000/v1"')
    top_logprobs: int = Field(
        0, ge=0, le=20, description="log-probabilities kept of so many of the likeliest tokens; 0: none"
    )


class OpenAI(OnlineTeacher):
    """Asks over one pooled session; the key is read from the environment or a file and goes nowhere else.

    What a server does not take is found out by its refusals, once, and kept in `findings`: `structured`
    (how it is asked for JSON), `structured_enforced` (whether answers to a schema are JSON at all),
    `max_tokens` (the name it has for it) and `left_out` (parameters, by comma).
    """

    Settings: ClassVar[type[TeacherSettings]] = OpenAISettings

    def __init__(self, settings: OpenAISettings) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}
        self._url = self.server + "/chat/completions"
        self._wire = bearing(settings)
        self._first = asyncio.Lock()

    @property
    def id(self) -> str:
        """The model's name; the address may change between runs."""
        return f"openai:{self.settings.model}"

    @property
    def server(self) -> str:
        """The address, up to and with the version."""
        return self.settings.base_url.rstrip("/")

    @property
    def sampling(self) -> dict[str, Any]:
        """Temperature, top_p, the longest answer, and whatever is not as usual."""
        top = self.settings.top_logprobs
        return self.settings.sampled() | ({"top_logprobs": top} if top else {})

    async def ask(self, request: Request) -> Response:
        """One answer; more than one POST only where the server takes less than it was asked for.

        429, 5xx, resets and time-outs are `Transient`; other errors end the run in the server's words.
        """
        mode = self._mode(request)
        if mode is not None:
            return await self._asked(request, mode)
        async with self._first:  # others with a schema wait for what the first finds out
            if (mode := self._mode(request)) is None:
                return await self._negotiated(request, MODES)
        return await self._asked(request, mode)

    async def close(self) -> None:
        """Close the session."""
        await self._wire.close()

    def _mode(self, request: Request) -> Mode | None:
        """How this request asks for JSON; None where that is not known yet."""
        return "none" if request.schema is None else self.settings.mode(self.findings)

    async def _asked(self, request: Request, mode: Mode) -> Response:
        """With a known mode. Where the server has changed its mind about it, the weaker ones are tried."""
        try:
            return await self._fitted(request, mode)
        except (Refusal, Transient) as problem:
            weaker = MODES[MODES.index(mode) + 1 :]
            automatic = request.schema is not None and self.settings.structured == "auto"
            if not (automatic and weaker and _is_about_format(problem)):
                raise
        return await self._negotiated(request, weaker)

    async def _negotiated(self, request: Request, modes: tuple[Mode, ...]) -> Response:
        """The first mode that is accepted is remembered. Raises what the last one met."""
        for mode in modes:
            try:
                response = await self._fitted(request, mode)
            except (Refusal, Transient) as problem:
                if mode == modes[-1] or not _is_about_format(problem):
                    raise
            else:
                self.findings["structured"] = mode
                return response
        raise AssertionError("no mode to try")

    async def _fitted(self, request: Request, mode: Mode) -> Response:
        """One POST, and another for every refusal that names a parameter that can be done without."""
        body = chat.body(self.settings, request, mode, self.settings.top_logprobs)
        while True:
            self._fit(body)
            try:
                return await self._posted(body)
            except Refusal as problem:
                if not self._learn(problem, body):
                    raise

    def _fit(self, body: dict[str, Any]) -> None:
        """Bend a body to what was found out; does nothing where nothing was."""
        if self.findings.get("max_tokens") and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        for name in self.findings.get("left_out", "").split(","):
            body.pop(name, None)

    async def _posted(self, body: dict[str, Any]) -> Response:
        headers, raw = await self._wire.post(self._url, json.dumps(body).encode())
        response = chat.completion(raw, self._url, logprobs="logprobs" in body, hold=hold(headers))
        if body.get("response_format", {}).get("type") == "json_schema":
            self._watch(response)
        return response

    def _watch(self, response: Response) -> None:
        """Note whether a schema had any effect. One answer that is no JSON at all says that it had none."""
        found = self.findings.get("structured_enforced")
        if (
            found == "no"
            or response.finish_reason in ("length", "refusal", "content_filter")
            or not response.text
        ):
            return
        try:
            json.loads(response.text)
        except (ValueError, RecursionError):
            self.findings["structured_enforced"] = "no"
        else:
            if found is None:
                self.findings["structured_enforced"] = "yes"

    def _learn(self, problem: Refusal, body: dict[str, Any]) -> bool:
        """Whether the refusal is about a parameter of `body`; if so it is remembered."""
        if problem.status not in _MAY_BE_NEGOTIATED:
            return False
        if "max_tokens" in body and "max_completion_tokens" in problem.words:
            self.findings["max_tokens"] = "max_completion_tokens"
            return True
        names = _not_taken(problem, body)
        if names:
            known = filter(None, self.findings.get("left_out", "").split(","))
            self.findings["left_out"] = ",".join(sorted({*known, *names}))
        return bool(names)


def bearing(settings: ChatSettings) -> Wire:
    """The wire to a server that takes the key as a bearer token."""
    key = read_key(settings)
    return Wire(key, settings.timeout, {"Authorization": f"Bearer {key}"} if key else {})


def _not_taken(problem: Refusal, body: dict[str, Any]) -> list[str]:
    """The optional parameters of `body` that a refusal is about."""
    if not _NOT_TAKEN.search(f"{problem.code} {problem.words}"):
        return []
    sent = [name for name in OPTIONAL if name in body]
    named = [name for name in sent if name == problem.param]
    named = named or [name for name in sent if re.search(rf"\b{name}\b", problem.words)]
    if "both" in problem.words:  # one of them is enough
        named = named[-1:]
    return [*named, "top_logprobs"] if "logprobs" in named and "top_logprobs" not in named else named


def _is_about_format(problem: Refusal | Transient) -> bool:
    """Whether a refusal may be because of how JSON was asked for: by its words, or by having none."""
    if isinstance(problem, Transient):
        return problem.reason == "500" and bool(_FORMAT.search(str(problem)))
    if problem.status not in _MAY_BE_NEGOTIATED:
        return False
    if _FORMAT.search(f"{problem.param} {problem.words}"):
        return True
    return problem.status in (415, 501) or bool(_NO_WORDS.fullmatch(problem.words.replace("_", " ")))
