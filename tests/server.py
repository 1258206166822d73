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
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from loopback import Loopback

WORDS = (
    "amber basket cedar dolphin engine feather garden harbour island jacket kettle lantern meadow needle"
    " orchard pepper quarry ribbon saddle thunder umbrella velvet window yellow zipper anchor bridge candle"
    " desert ember falcon glacier hammer ivory jungle kingdom ladder marble novel ocean pillow quiver rocket"
    " shadow timber urchin valley whisper yonder zenith"
).split()
KEPT = re.compile(r"\d+|\b(?:twice|three weeks|Sunday|Portuguese|nobody|never|cannot|without)\b")
"""The facts in the inputs of helpers.py: a rewrite keeps them."""
ASKED = re.compile(r"\b[Ww]rite (\d+) ")
GIVEN = re.compile(r"The input:\n(.*?)\n\nIts right output|of this input:\n(.*)\Z", re.DOTALL)

Body = dict[str, Any]
Answer = Callable[[Body], str]
Fault = Callable[[Body, int], str | None]
Refusing = Callable[[Body], tuple[int, Any] | None]


def digest(body: Body) -> str:
    """Names a body: equal bodies, equal name."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def drawn(body: Body, salt: str = "") -> random.Random:
    """Chance that depends on the body alone."""
    return random.Random(digest(body) + salt)


def asked(body: Body) -> tuple[int, str]:
    """How many rewrites the prompt asks for, and the input to be rewritten."""
    prompt = str(body["messages"][-1]["content"])
    found, given = ASKED.search(prompt), GIVEN.search(prompt)
    assert found is not None
    assert given is not None
    return int(found[1]), given[1] or given[2]


def paraphrases(body: Body) -> list[str]:
    """As many texts as asked for, with the facts of the input and near to nothing else."""
    (n, text), chance = asked(body), drawn(body)
    facts = [*text.split()[:4], *KEPT.findall(text)]
    return [" ".join([*facts, *chance.sample(WORDS, 9)]) for _ in range(n)]


def good(body: Body) -> str:
    """What a well-behaved teacher answers."""
    return json.dumps({"rewrites": paraphrases(body)})


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
class BatchService:
    """Files and batches as OpenAI serves them; a batch goes one status further with every look at it.

    `lines(custom_id, body)` names what happens to a line: `expired`, an HTTP status, `missing`, `torn`,
    `nameless`, or None for an answer. `trouble` holds, per method and path, faults to come: a status,
    `reset` or `cut`. `strangers` are custom_ids that nobody asked for. Without `listing` batches are not
    listed.
    """

    statuses: tuple[str, ...] = ("validating", "in_progress", "finalizing", "completed")
    lines: Callable[[str, Body], str | None] = lambda custom_id, body: None
    trouble: dict[str, list[str]] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()
    listing: bool = True
    page: int = 100
    files: dict[str, bytes] = field(default_factory=dict)
    purposes: list[str] = field(default_factory=list)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    headers: list[dict[str, str]] = field(default_factory=list)
    seen: list[Body] = field(default_factory=list)


@dataclass
class TeacherServer(Loopback):
    """Use as a context manager; `url` is the base_url for a config.

    `answer` makes the text of an answer, `fault(body, attempt)` names a fault or gives None (attempts
    of one body count from 0), `words` is what errors say, `latency` is in seconds. `refuses(body)` is a
    status and an error's body, `whole(body)` all of an answer's bytes, `headers` go with every answer;
    with `logprobs` the server gives what a body asks for.
    """

    answer: Answer = good
    fault: Fault = lambda body, attempt: None
    latency: float = 0.0
    words: str = "no more than this"
    retry_after: str = "0.01"
    usage: Any = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 10})
    extra: dict[str, Any] = field(default_factory=dict)
    refuses: Refusing = lambda body: None
    whole: Callable[[Body], bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    logprobs: bool = False
    batch: BatchService = field(default_factory=BatchService)
    seen: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    _attempts: Counter[str] = field(default_factory=Counter)
    _at_once: int = 0

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

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/v1/chat/completions", self._chat)
        router.add_route("*", "/v1/{kind:files|batches}{rest:.*}", self._batches)

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
            asked = {"Retry-After": self.retry_after} if fault == "429" and self.retry_after else {}
            said = {"error": {"message": self.words, "type": "scripted"}}
            return web.json_response(said, status=int(fault), headers={**self.headers, **asked})
        if fault == "redirect":
            return web.Response(
                status=307, headers={"Location": f"http://localhost:{self.port}/v1/elsewhere"}
            )
        if (refused := self.refuses(one.body)) is not None:
            one.outcome = "refused"
            return web.json_response(refused[1], status=refused[0])
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault == "not_json":
            return web.Response(text=f"<html>gateway {self.words}</html>", content_type="text/html")
        text, reason = self._text(one.body, fault)
        raw = json.dumps(self._completion(one.body, text, reason)).encode()
        raw = raw if self.whole is None else self.whole(one.body)
        if fault == "cut":
            return await self._cut(request, raw)
        reply = web.StreamResponse(headers={"Content-Type": "application/json", **self.headers})
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
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": reason}
        if self.logprobs and body.get("logprobs"):
            choice["logprobs"] = {"content": logprobs(text, body.get("top_logprobs") or 0)}
        return {
            "id": "x", "object": "chat.completion", "model": body.get("model"), "usage": self.usage,
            "choices": [choice], **self.extra,
        }  # fmt: skip

    # -- files and batches

    async def _batches(self, request: web.Request) -> web.StreamResponse:
        service, what = self.batch, f"{request.method} {request.path}"
        service.calls[what] += 1
        service.headers.append(dict(request.headers))
        if trouble := service.trouble.get(what):
            return await self._trouble(request, trouble.pop(0))
        kind, parts = request.match_info["kind"], request.match_info["rest"].strip("/").split("/")
        if (request.method, kind) == ("POST", "files"):
            return await self._upload(request)
        if (request.method, kind) == ("POST", "batches"):
            return self._start(await request.json())
        if kind == "files" and parts[0] in service.files and parts[1:] == ["content"]:
            return web.Response(body=service.files[parts[0]])
        if kind == "batches" and parts == [""] and service.listing:
            return self._listed(request)
        if kind == "batches" and parts[0] in service.batches:
            return web.json_response(self._looked_at(service.batches[parts[0]]))
        return web.json_response({"error": {"message": f"no such thing; {self.words}"}}, status=404)

    async def _trouble(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "cut":
            return await self._cut(request, b"[" * 2000)
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        said = {"error": {"message": self.words, "type": "scripted"}}
        return web.json_response(said, status=int(fault), headers={"Retry-After": self.retry_after})

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.batch.purposes.append(str(form["purpose"]))
        name = f"file-{len(self.batch.files)}"
        self.batch.files[name] = file.file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    def _start(self, body: Body) -> web.StreamResponse:
        name = f"batch_{len(self.batch.batches)}"
        self.batch.batches[name] = batch = {
            **body, "id": name, "object": "batch", "status": self.batch.statuses[0], "looks": 0,
            "created_at": int(time.time()), "output_file_id": None, "error_file_id": None,
        }  # fmt: skip
        return web.json_response(batch)

    def _listed(self, request: web.Request) -> web.StreamResponse:
        """The newest first, from behind `after` on."""
        names = list(reversed(self.batch.batches))
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        end = start + min(self.batch.page, int(request.query["limit"]))
        data = [self.batch.batches[name] for name in names[start:end]]
        return web.json_response({"object": "list", "data": data, "has_more": end < len(names)})

    def _looked_at(self, batch: dict[str, Any]) -> dict[str, Any]:
        last = len(self.batch.statuses) - 1
        batch["status"] = self.batch.statuses[min(batch["looks"], last)]
        batch["looks"] += 1
        if batch["status"] == "failed":
            errors = [{"code": "invalid_json_line", "line": 1, "message": self.words, "param": None}]
            batch["errors"] = {"object": "list", "data": errors}
        elif batch["looks"] > last and batch["output_file_id"] is None:
            self._finish_batch(batch)
        return batch

    def _finish_batch(self, batch: dict[str, Any]) -> None:
        """Answers and errors, each in a file of its own and in no order."""
        jobs = [json.loads(text) for text in self.batch.files[batch["input_file_id"]].splitlines()]
        self.batch.seen += [job["body"] for job in jobs]
        random.Random(len(jobs)).shuffle(jobs)
        out: dict[str, list[bytes]] = {"output_file_id": [], "error_file_id": []}
        for job in jobs:
            fate = self.batch.lines(job["custom_id"], job["body"])
            if fate != "missing":
                out["output_file_id" if fate is None else "error_file_id"].append(self._line(job, fate))
        for stranger in self.batch.strangers:
            out["output_file_id"].append(self._line({**jobs[0], "custom_id": stranger}, None))
        done, failed = (len(lines) for lines in out.values())
        batch["request_counts"] = {"total": len(jobs), "completed": done, "failed": failed}
        for kind, lines in out.items():
            if lines:
                batch[kind] = f"file-{len(self.batch.files)}"
                self.batch.files[batch[kind]] = b"\n".join(lines) + b"\n"

    def _line(self, job: dict[str, Any], fate: str | None) -> bytes:
        """One line of a result file."""
        body: Any = self._completion(job["body"], self.answer(job["body"]), "stop")
        status, error = 200, None
        if fate == "expired":
            error = {"code": "batch_expired", "message": "This request could not be executed in time."}
        elif fate is not None and fate.isdigit():
            status, body = int(fate), {"error": {"message": self.words, "type": "scripted"}}
        reply = None if error else {"status_code": status, "request_id": "r", "body": body}
        line = json.dumps(
            {"id": "l", "custom_id": job["custom_id"], "response": reply, "error": error}
        ).encode()
        if fate == "torn":
            return line[: len(line) - 40]
        return b'{"id": "l", "custom' if fate == "nameless" else line


def logprobs(text: str, top: int) -> list[dict[str, Any]]:
    """Tokens of up to four characters; the likeliest is the one that was taken."""
    tokens = [text[i : i + 4] for i in range(0, len(text), 4)]
    return [
        {
            "token": token, "logprob": -0.25, "bytes": None,
            "top_logprobs": [{"token": f"~{k}" if k else token, "logprob": -0.25 - k} for k in range(top)],
        }
        for token in tokens
    ]  # fmt: skip
