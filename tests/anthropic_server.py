"""A small server of the Anthropic protocol on 127.0.0.1: messages and message batches, faults on demand.

It runs in a thread with a loop of its own, refuses what the real one refuses (no key, no version, fields
it does not know), and counts what it sees.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from loopback import Loopback

Body = dict[str, Any]

KNOWN = {
    "model", "max_tokens", "messages", "system", "tools", "tool_choice", "output_config", "stop_sequences",
    "metadata", "thinking", "service_tier",
}  # fmt: skip
SAMPLING = {"temperature", "top_p", "top_k"}
NEW, OLD = "2026-10-21", "2023-06-01"


@dataclass
class Seen:
    """One request as it arrived."""

    path: str
    body: Body
    headers: dict[str, str]


@dataclass
class AnthropicServer(Loopback):
    """Use as a context manager; `url` is the base_url.

    `fault(body, n)` names a fault of the n-th message request or gives None; `refuses` are fields it says
    not to know; `statuses` is what a batch says of itself, look by look; `outcome(custom_id)` is what
    becomes of a job: `succeeded`, `expired`, `canceled`, or the type of an error.
    """

    fault: Callable[[Body, int], str | None] = lambda body, n: None
    refuses: tuple[str, ...] = ()
    answer: Callable[[Body], str] = lambda body: "an answer"
    words: str = "no more than this"
    headers: dict[str, str] = field(default_factory=dict)
    usage: Any = field(default_factory=lambda: {"input_tokens": 100, "output_tokens": 10})
    stop_reason: Any = None
    blocks: list[Any] | None = None
    statuses: tuple[str, ...] = ("in_progress", "ended")
    outcome: Callable[[str], str] = lambda custom_id: "succeeded"
    extra_lines: tuple[str, ...] = ()
    cut: bool = False
    page: int = 100
    slow: float = 5.0
    seen: list[Seen] = field(default_factory=list)
    batches: dict[str, Body] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bodies(self) -> list[Body]:
        """The message requests, in order."""
        return [one.body for one in self.seen if one.path == "/v1/messages"]

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/v1/messages", self._messages)
        router.add_post("/v1/messages/batches", self._create)
        router.add_get("/v1/messages/batches", self._list)
        router.add_get("/v1/messages/batches/{id}", self._retrieve)
        router.add_get("/v1/messages/batches/{id}/results", self._results)

    async def _noted(self, request: web.Request) -> tuple[Body, web.Response | None]:
        """The body, and the refusal where the headers are not as they have to be."""
        body = await request.json() if request.can_read_body else {}
        self.seen.append(Seen(request.path, body, {k.lower(): v for k, v in request.headers.items()}))
        if request.headers.get("anthropic-version") not in (NEW, OLD):
            return body, self._error(400, "invalid_request_error", "anthropic-version: header is required")
        if not request.headers.get("x-api-key"):
            return body, self._error(401, "authentication_error", "x-api-key header is required")
        return body, None

    def _error(self, status: int, kind: str, words: str, headers: Any = None) -> web.Response:
        return web.json_response(
            error(kind, words), status=status, headers={**self.headers, **(headers or {})}
        )

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body, refused = await self._noted(request)
        if refused is not None:
            return refused
        fault = self.fault(body, len(self.bodies()) - 1)
        if fault is not None:
            return await self._faulty(request, fault)
        if words := self._unknown(body, request.headers["anthropic-version"]):
            return self._error(400, "invalid_request_error", words)
        return web.json_response(self._message(body), headers=self.headers)

    async def _faulty(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
        if fault == "slow":
            await asyncio.sleep(self.slow)
        if fault == "not_json":
            return web.Response(text=f"<html>gateway {self.words}</html>", content_type="text/html")
        if fault == "redirect":
            return web.Response(status=302, headers={"Location": self.url + "/v1/elsewhere"})
        if not fault.isdigit():
            return web.Response()
        headers = {"Retry-After": "7"} if fault in ("429", "529") else None
        kinds = {"401": "authentication_error", "429": "rate_limit_error", "529": "overloaded_error"}
        return self._error(int(fault), kinds.get(fault, "api_error"), self.words, headers)

    def _unknown(self, body: Body, version: str) -> str:
        """The complaint about the first field that is not known; empty where there is none."""
        known = KNOWN | (SAMPLING if version == OLD else set())
        strange = [name for name in body if name not in known or name in self.refuses]
        return f"{strange[0]}: Extra inputs are not permitted" if strange else ""

    def _message(self, body: Body) -> Body:
        text = self.answer(body)
        blocks: list[Any] = [{"type": "thinking", "thinking": "hm", "signature": "x"}]
        reason = "end_turn"
        if "tool_choice" in body:
            name, reason = body["tool_choice"]["name"], "tool_use"
            blocks.append({"type": "tool_use", "id": "t", "name": name, "input": {"said": text}})
        else:
            blocks += [{"type": "text", "text": text[:2]}, {"type": "text", "text": text[2:]}]
        return {
            "id": "m", "type": "message", "role": "assistant", "model": body["model"], "usage": self.usage,
            "content": blocks if self.blocks is None else self.blocks, "stop_sequence": None,
            "stop_reason": self.stop_reason or reason,
        }  # fmt: skip

    async def _create(self, request: web.Request) -> web.Response:
        body, refused = await self._noted(request)
        if refused is not None:
            return refused
        name = f"msgbatch_{len(self.batches)}"
        version = request.headers["anthropic-version"]
        self.batches[name] = {
            "jobs": body["requests"], "at": datetime.now(UTC), "looks": 0, "version": version,
        }  # fmt: skip
        return web.json_response(self._about(name, "in_progress"))

    async def _retrieve(self, request: web.Request) -> web.Response:
        _, refused = await self._noted(request)
        name = request.match_info["id"]
        if refused is not None:
            return refused
        if name not in self.batches:
            return self._error(404, "not_found_error", f"no batch {self.words}")
        batch = self.batches[name]
        status = self.statuses[min(batch["looks"], len(self.statuses) - 1)]
        batch["looks"] += 1
        return web.json_response(self._about(name, status))

    async def _list(self, request: web.Request) -> web.Response:
        _, refused = await self._noted(request)
        if refused is not None:
            return refused
        names = list(reversed(self.batches))
        start = names.index(request.query["after_id"]) + 1 if "after_id" in request.query else 0
        shown = names[start : start + self.page]
        data = [self._about(name, self.statuses[-1]) for name in shown]
        last = shown[-1] if shown else None
        more = start + self.page < len(names)
        return web.json_response({"data": data, "has_more": more, "first_id": None, "last_id": last})

    async def _results(self, request: web.Request) -> web.StreamResponse:
        _, refused = await self._noted(request)
        if refused is not None:
            return refused
        batch = self.batches[request.match_info["id"]]
        lines = [*map(json.dumps, self._outcomes(batch)), *self.extra_lines]
        random.Random(7).shuffle(lines)
        raw = "".join(line + "\n" for line in lines).encode()
        if self.cut:
            raw = raw[:-20]
        reply = web.StreamResponse(headers={"Content-Type": "application/x-jsonl"})
        await reply.prepare(request)
        for start in range(0, len(raw), 1000):
            await reply.write(raw[start : start + 1000])
        await reply.write_eof()
        return reply

    def _outcomes(self, batch: Body) -> list[Body]:
        return [self._outcome(job["custom_id"], job["params"], batch["version"]) for job in batch["jobs"]]

    def _outcome(self, name: str, params: Body, version: str) -> Body:
        kind = self.outcome(name)
        words = self._unknown(params, version)
        if words:
            kind = "invalid_request_error"
        if kind == "succeeded":
            return {"custom_id": name, "result": {"type": kind, "message": self._message(params)}}
        if kind.endswith("_error"):
            told = error(kind, words or self.words)
            return {"custom_id": name, "result": {"type": "errored", "error": told}}
        return {"custom_id": name, "result": {"type": kind}}

    def _about(self, name: str, status: str) -> Body:
        batch = self.batches[name]
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        for job in batch["jobs"]:
            kind = self.outcome(job["custom_id"])
            kind = "errored" if kind.endswith("_error") else kind
            counts[kind if status == "ended" else "processing"] += 1
        return {
            "id": name, "type": "message_batch", "processing_status": status, "request_counts": counts,
            "created_at": batch["at"].isoformat().replace("+00:00", "Z"), "archived_at": None,
            # Behind a gateway this names a machine that must never see the gateway's key.
            "results_url": "http://127.0.0.1:9/elsewhere" if status == "ended" else None,
        }  # fmt: skip


def error(kind: str, words: str) -> Body:
    """An error as the protocol writes it."""
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}
