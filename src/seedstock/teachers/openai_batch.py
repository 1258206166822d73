"""OpenAI's batch protocol: a file of questions goes up, files of answers and of errors come down."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from seedstock.errors import TeacherError, one_line
from seedstock.exchange import Response
from seedstock.teachers import chat
from seedstock.teachers.base import BatchProtocol, BatchResult, BatchState, Job, Transient
from seedstock.teachers.chat import MODES
from seedstock.teachers.openai import bearing
from seedstock.teachers.wire import Refusal, of_error, refusal

if TYPE_CHECKING:
    from seedstock.teachers.batch import BatchSettings

ENDPOINT = "/v1/chat/completions"
"""What the lines of a batch name as their address, whatever the server's own is."""

MARK = "seedstock"
"""The key in a batch's metadata under which our mark stands."""

_ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
_PAGES = 50
_EARLIER = 600.0
"""Seconds by which a server's clock may be behind ours."""


class OpenAIBatches(BatchProtocol):
    """Batches of a server that serves `/files` and `/batches` as OpenAI does."""

    max_jobs: ClassVar[int] = 50_000
    max_bytes: ClassVar[int] = 190 * 2**20

    def __init__(self, settings: BatchSettings) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}
        self._wire = bearing(settings)

    @property
    def server(self) -> str:
        """The address, up to and with the version."""
        return self.settings.address

    @property
    def sampling(self) -> dict[str, Any]:
        """Temperature, top_p, the longest answer, and whatever is not as usual."""
        return self.settings.sampled()

    def size(self, job: Job) -> int:
        """Bytes of the job's line."""
        return len(self._line(job))

    async def submit(self, jobs: Sequence[Job], mark: str) -> str:
        """Upload the questions, then start the batch. Starting is what is paid: an upload alone is not."""
        lines = b"".join(map(self._line, jobs))
        _, raw = await self._wire.post_file(
            f"{self.server}/files", {"purpose": "batch"}, f"seedstock-{mark}.jsonl", lines
        )
        wanted = {
            "input_file_id": _name(_object(raw), "file"), "endpoint": ENDPOINT, "completion_window": "24h",
            "metadata": {MARK: mark},
        }  # fmt: skip
        _, raw = await self._wire.post(f"{self.server}/batches", json.dumps(wanted).encode())
        return _name(_object(raw), "batch")

    async def find(self, mark: str, jobs: Sequence[Job], since: str) -> str | None:
        """The batch with our mark in its metadata; None where the server lists none, or does not list."""
        oldest, after = _seconds(since) - _EARLIER, ""
        for _ in range(_PAGES):
            try:
                _, raw = await self._wire.get(f"{self.server}/batches?limit=100{after}")
            except Refusal as problem:
                if problem.status in (404, 405, 501):
                    return None
                raise
            page = _object(raw)
            batches = [one for one in _list(page.get("data")) if isinstance(one, dict)]
            for one in batches:
                if isinstance(meta := one.get("metadata"), dict) and meta.get(MARK) == mark:
                    return _name(one, "batch")
            if not (batches and page.get("has_more")) or _made(batches[-1]) < oldest:
                return None
            after = f"&after={quote(_name(batches[-1], 'batch'), safe='')}"
        return None

    async def state(self, batch: str) -> BatchState:
        """How far it is. `failed` comes with the server's words; a status nobody knows means wait."""
        found = await self._batch(batch)
        status = one_line(str(found.get("status")), 40)
        counts = found.get("request_counts")
        counts = counts if isinstance(counts, dict) else {}
        done, failed, total = (chat.count(counts.get(name)) or 0 for name in ("completed", "failed", "total"))
        failure = _failure(found) if status == "failed" else ""
        return BatchState(status, status in _ENDED, done, failed, total, failure)

    async def results(self, batch: str) -> AsyncIterator[BatchResult]:
        """The lines of the output file and of the error file, in the server's order, one at a time."""
        found = await self._batch(batch)
        for kind in ("output_file_id", "error_file_id"):
            if found.get(kind):
                where = f"{self.server}/files/{quote(_name({'id': found[kind]}, 'file'), safe='')}/content"
                async for line in self._wire.lines(where):
                    if (result := self.read(line)) is not None:
                        yield result

    async def close(self) -> None:
        """Close the session."""
        await self._wire.close()

    def _line(self, job: Job) -> bytes:
        mode = self.settings.mode(self.findings) or MODES[0]
        body = chat.body(self.settings, job.request, mode)
        return (
            json.dumps({"custom_id": job.name, "method": "POST", "url": ENDPOINT, "body": body}).encode()
            + b"\n"
        )

    async def _batch(self, batch: str) -> dict[str, Any]:
        _, raw = await self._wire.get(
            f"{self.server}/batches/{quote(_name({'id': batch}, 'batch'), safe='')}"
        )
        return _object(raw)

    def read(self, line: bytes) -> BatchResult | None:
        """What one line says; None where not even its name can be read, and it cannot be told whose it is."""
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            data = None
        name = data.get("custom_id") if isinstance(data, dict) else _torn_name(line)
        if not (name and isinstance(name, str)):
            return None
        return name, self._outcome(data, line) if isinstance(data, dict) else chat.bad_body(line)

    def _outcome(self, data: dict[str, Any], line: bytes) -> Response | Transient | TeacherError:
        """The answer of one line, or its error as if it had come over the wire."""
        reply = data.get("response")
        if not isinstance(reply, dict):
            return _without_answer(data, self.server)
        status, body = reply.get("status_code", 200), reply.get("body")
        if type(status) is not int or not 200 <= status < 300:
            what = of_error(body) if isinstance(body, dict) else of_error({"error": str(body)[:400]})
            return _one_of_two(refusal(self.server, status if type(status) is int else 500, what))
        try:
            return chat.completed(body, line, self.server)
        except (Transient, TeacherError) as problem:
            return problem


def _one_of_two(problem: Exception) -> Transient | TeacherError:
    assert isinstance(problem, Transient | TeacherError)
    return problem


def _without_answer(data: dict[str, Any], url: str) -> Transient | TeacherError:
    """A line that holds an error and no reply: expired, cancelled, or refused before it was asked."""
    what = of_error(data)
    if "expired" in what.code or "cancel" in what.code:
        return Transient("expired", what.words)
    if what.code in ("invalid_request", "invalid_json_line", "model_not_found"):
        return Refusal(url, 400, what)
    return Transient("bad_body", what.words)


def _torn_name(line: bytes) -> str | None:
    """The name in a line that is no JSON: our names are 32 hex digits."""
    found = re.search(rb'"custom_id"\s*:\s*"([0-9a-f]{32})"', line)
    return found[1].decode() if found else None


def _object(raw: bytes) -> dict[str, Any]:
    """A JSON object; Transient `bad_body` for anything else."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        words = one_line(raw[:800].decode("utf-8", "replace"), 200)
        raise Transient("bad_body", f"not a JSON object: {words}")
    return data


def _name(data: dict[str, Any], what: str) -> str:
    """The server's name of a thing; Transient `bad_body` where it is none that an address can hold."""
    name = data.get("id")
    if not (isinstance(name, str) and 0 < len(name) <= 200 and name.isprintable() and name.strip(".")):
        raise Transient("bad_body", f"the server gave the {what} no name")
    return name


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _made(batch: dict[str, Any]) -> float:
    """When a batch was made, in seconds since 1970; infinity where the server does not say."""
    made = batch.get("created_at")
    return float(made) if type(made) is int and abs(made) < 2**53 else float("inf")


def _seconds(since: str) -> float:
    try:
        return datetime.fromisoformat(since).timestamp()
    except ValueError:
        return 0.0


def _failure(batch: dict[str, Any]) -> str:
    """Why a whole batch was refused, in the server's words."""
    errors = batch.get("errors")
    found = _list(errors.get("data")) if isinstance(errors, dict) else []
    words = [of_error(one).words for one in found[:3] if isinstance(one, dict)]
    return one_line("; ".join(words), 400) or "the server gives no reason"
