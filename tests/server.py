"""A small OpenAI-compatible server on 127.0.0.1: scripted answers, faults on demand, everything counted.

It runs in a thread with a loop of its own. What it answers depends on the body alone, so a client
that is killed and started again must end with the same rows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

WORDS = (
    "amber basket cedar dolphin engine feather garden harbour island jacket kettle lantern meadow needle"
    " orchard pepper quarry ribbon saddle thunder umbrella velvet window yellow zipper anchor bridge candle"
    " desert ember falcon glacier hammer ivory jungle kingdom ladder marble novel ocean pillow quiver rocket"
    " shadow timber urchin valley whisper yonder zenith"
).split()
ASKED = re.compile(r"Write (\d+) paraphrases? of this input:\n(.*)\Z", re.DOTALL)

Body = dict[str, Any]
Answer = Callable[[Body], str]
Fault = Callable[[Body, int], str | None]


def digest(body: Body) -> str:
    """Names a body: equal bodies, equal name."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def drawn(body: Body, salt: str = "") -> random.Random:
    """Chance that depends on the body alone."""
    return random.Random(digest(body) + salt)


def asked(body: Body) -> tuple[int, str]:
    """How many rewrites the prompt asks for, and the input to be rewritten."""
    found = ASKED.search(str(body["messages"][-1]["content"]))
    assert found is not None
    return int(found[1]), found[2]


def paraphrases(body: Body) -> list[str]:
    """As many texts as asked for, near to nothing else."""
    (n, text), chance = asked(body), drawn(body)
    return [" ".join([text[:20], *chance.sample(WORDS, 9)]) for _ in range(n)]


def good(body: Body) -> str:
    """What a well-behaved teacher answers."""
    return json.dumps({"paraphrases": paraphrases(body)})


@dataclass
class Seen:
    """One request as it arrived; `answered` is when its whole answer was handed to the socket."""

    body: Body
    name: str
    headers: dict[str, str]
    at: float
    outcome: str = "open"
    answered: float | None = None


@dataclass
class TeacherServer:
    """Use as a context manager; `url` is the base_url for a config.

    `answer` makes the text of an answer, `fault(body, attempt)` names a fault or gives None (attempts
    of one body count from 0), `words` is what errors say, `latency` is in seconds.
    """

    answer: Answer = good
    fault: Fault = lambda body, attempt: None
    latency: float = 0.0
    words: str = "no more than this"
    retry_after: str = "0.01"
    usage: Any = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 10})
    extra: dict[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    _attempts: Counter[str] = field(default_factory=Counter)
    _at_once: int = 0

    def __enter__(self) -> TeacherServer:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def answered(self) -> list[Seen]:
        """The requests whose whole answer was delivered."""
        return [one for one in self.seen if one.answered is not None]

    def repeated(self) -> int:
        """Answers to bodies that had been answered before."""
        return sum(n - 1 for n in Counter(one.name for one in self.answered()).values())

    def forget(self) -> None:
        """Count anew, as if no body had ever been seen."""
        self.seen.clear()
        self._attempts.clear()

    def outcomes(self) -> dict[str, int]:
        """How often a request was answered, or met which fault."""
        return dict(Counter(one.outcome for one in self.seen))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._chat)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        one = Seen(body, digest(body), dict(request.headers), time.monotonic())
        self.seen.append(one)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            attempt = self._attempts[one.name]
            self._attempts[one.name] += 1
            await asyncio.sleep(self.latency)
            return await self._reply(request, one, self.fault(body, attempt))
        finally:
            self._at_once -= 1

    async def _reply(self, request: web.Request, one: Seen, fault: str | None) -> web.StreamResponse:
        one.outcome = fault or "answered"
        if fault == "slow":
            await asyncio.sleep(3)
        if fault is not None and fault.isdigit():
            headers = {"Retry-After": self.retry_after} if fault == "429" else {}
            said = {"error": {"message": self.words, "type": "scripted"}}
            return web.json_response(said, status=int(fault), headers=headers)
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault == "not_json":
            return web.Response(text=f"<html>gateway {self.words}</html>", content_type="text/html")
        text, reason = self._text(one.body, fault)
        raw = json.dumps(self._completion(one.body, text, reason)).encode()
        if fault == "cut":
            return await self._cut(request, raw)
        reply = web.StreamResponse(headers={"Content-Type": "application/json"})
        reply.content_length = len(raw)
        await reply.prepare(request)
        await reply.write(raw)
        await reply.write_eof()
        one.answered = time.monotonic()
        return reply

    def _text(self, body: Body, fault: str | None) -> tuple[str, str]:
        """The answer's text and finish reason, with the faults that a teacher's text can have."""
        text = self.answer(body)
        if fault == "fenced":
            return f"Sure! Here you go:\n```json\n{text}\n```\nAnything else?", "stop"
        if fault == "chatty":
            return f"Of course, I can do that. {text} I hope this helps.", "stop"
        if fault == "length":
            return text[: int(len(text) * 0.8)], "length"
        return text, "stop"

    async def _cut(self, request: web.Request, raw: bytes) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Type": "application/json"})
        reply.content_length = len(raw)
        await reply.prepare(request)
        await reply.write(raw[: len(raw) // 2])
        assert request.transport is not None
        request.transport.abort()
        return reply

    def _completion(self, body: Body, text: str, reason: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text}
        return {
            "id": "x", "object": "chat.completion", "model": body.get("model"), "usage": self.usage,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}], **self.extra,
        }  # fmt: skip
