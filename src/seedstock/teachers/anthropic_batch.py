"""Message batches of the Anthropic protocol: half the price, within a day. Needs the extra `anthropic`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError

from seedstock.errors import InputError, TeacherError
from seedstock.exchange import Response
from seedstock.teachers.anthropic import AnthropicSettings, MessagesServer
from seedstock.teachers.base import BatchProtocol, BatchResult, BatchState, Job, Transient
from seedstock.teachers.messages import WAYS, body, lower, names, results_path, version, ways
from seedstock.teachers.wire import Said, of_error

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic._response import AsyncAPIResponse

    from seedstock.teachers.batch import BatchSettings

_CLOCKS_DIFFER = timedelta(seconds=5)
"""A batch may seem created this much before it was submitted: two clocks, and whole seconds."""

_FOR_GOOD = {
    "invalid_request_error", "authentication_error", "permission_error", "billing_error", "not_found_error",
    "request_too_large",
}  # fmt: skip
_REASONS = {"rate_limit_error": "429", "timeout_error": "504", "overloaded_error": "529"}


class AnthropicBatches(MessagesServer, BatchProtocol):
    """Submits, watches and collects message batches; results are matched by `custom_id`."""

    max_jobs: ClassVar[int] = 100_000
    max_bytes: ClassVar[int] = 250 * 2**20

    def __init__(self, settings: BatchSettings) -> None:
        super().__init__(_messages_settings(settings))

    def size(self, job: Job) -> int:
        """Bytes of the job in the one body that all jobs are sent in, with its comma."""
        text = json.dumps(self._entry(job), ensure_ascii=False, separators=(",", ":"))
        return len(text.encode()) + 1

    async def submit(self, jobs: Sequence[Job], mark: str) -> str:
        """One POST. The protocol has no place for `mark`."""
        entries: list[Any] = [self._entry(job) for job in jobs]
        headers = version([entry["params"] for entry in entries])

        def create(client: AsyncAnthropic) -> Awaitable[AsyncAPIResponse[Any]]:
            return client.messages.batches.with_raw_response.create(requests=entries, extra_headers=headers)

        # No total: hundreds of megabytes may be under way for longer than an answer takes.
        found = self._batch((await self._wire.reply(create, None))[0])
        return str(found["id"])

    async def find(self, mark: str, jobs: Sequence[Job], since: str) -> str | None:
        """A batch of as many jobs created after `since`; None where none is, or several may be.

        One that has ended must have exactly these jobs. One that has not cannot show its jobs: it is
        taken where no other could be meant. Results are matched by name, so a mistake costs time only.
        """
        running: list[str] = []
        async for found in self._created_after(_time(since) - _CLOCKS_DIFFER):
            if _counts(found)["total"] != len(jobs):
                continue
            if found.get("processing_status") != "ended":
                running.append(str(found["id"]))
            elif await self._names(str(found["id"])) == {job.name for job in jobs}:
                return str(found["id"])
        return running[0] if len(running) == 1 else None

    async def state(self, batch: str) -> BatchState:
        """How far it is. The counts stay 0 until it ends: the protocol tells no sooner."""

        def retrieve(client: AsyncAnthropic) -> Awaitable[AsyncAPIResponse[Any]]:
            return client.messages.batches.with_raw_response.retrieve(batch)

        found = self._batch((await self._wire.reply(retrieve, self.settings.timeout))[0])
        status, counts = str(found.get("processing_status")), _counts(found)
        gone = "the server has archived its results" if found.get("archived_at") else ""
        return BatchState(
            status, status == "ended", counts["succeeded"],
            counts["errored"] + counts["expired"] + counts["canceled"], counts["total"], gone,
        )  # fmt: skip

    async def results(self, batch: str) -> AsyncIterator[BatchResult]:
        """Every job that the server names. A last line that breaks off is `Transient`: the wire was cut."""
        broken = False
        async for line in self._wire.lines(results_path(batch)):
            named = _named(line)
            broken = named is None and bool(line.strip())
            if named is not None:
                yield named[0], self._result(named[1])
        if broken:
            raise Transient("reset", f"the results of batch {batch} break off")

    def _entry(self, job: Job) -> dict[str, Any]:
        way = ways(job.request.schema, self.settings.structured, self.findings)[0]
        return {"custom_id": job.name, "params": body(self.settings, job.request, way)}

    def _batch(self, raw: bytes) -> dict[str, Any]:
        """The object in a reply; Transient where there is none with an id."""
        found = _object(raw)
        if not isinstance(found.get("id"), str):
            raise Transient("bad_body", f"not a batch: {self._wire.said(raw).words[:200]}")
        return found

    async def _created_after(self, earliest: datetime) -> AsyncIterator[dict[str, Any]]:
        """The server's batches, the newest first, page by page."""
        cursor: dict[str, Any] = {}
        while True:

            def page(client: AsyncAnthropic, after: dict[str, Any] = cursor) -> Awaitable[Any]:
                return client.messages.batches.with_raw_response.list(limit=100, **after)

            listed = _object((await self._wire.reply(page, self.settings.timeout))[0])
            found = [one for one in listed.get("data") or [] if isinstance(one, dict) and "id" in one]
            for one in found:
                if _time(one.get("created_at")) < earliest:
                    return
                yield one
            if not (found and listed.get("has_more")) or cursor.get("after_id") == found[-1]["id"]:
                return
            cursor = {"after_id": found[-1]["id"]}

    async def _names(self, batch: str) -> set[str]:
        named = [_named(line) async for line in self._wire.lines(results_path(batch))]
        return {one[0] for one in named if one is not None}

    def _result(self, result: dict[str, Any]) -> Response | Transient | TeacherError:
        kind = result.get("type")
        if kind == "succeeded":
            try:
                return self._wire.message(result.get("message"), b"a result without one")
            except Transient as problem:
                return problem
        if kind == "errored":
            return self._error(result.get("error"))
        if kind in ("expired", "canceled"):
            return Transient(str(kind), f"the batch {kind} before this was asked")
        return Transient("bad_body", f"a result of unknown type: {self._wire.hide(str(kind))[:100]}")

    def _error(self, told: Any) -> Transient | TeacherError:
        """The error of one job. A refused way of asking for JSON is worth another batch, asking less."""
        what = of_error(told) if isinstance(told, dict) else Said(str(told))
        words, kind = self._wire.hide(what.words), what.type
        if kind not in _FOR_GOOD:
            return Transient(_REASONS.get(kind, "500"), words)
        refused = [way for way in self._refusable() if names(way, words)]
        if refused:
            lower(self.findings, refused[0])
            return Transient("structured", words)
        return TeacherError(f"the teacher at {self.server} refuses a request of the batch: {words}")

    def _refusable(self) -> Sequence[str]:
        """The ways that a batch may have asked in: the best one known, and those given up before it."""
        if self.settings.structured != "auto":
            return ()
        best = self.findings.get("structured", "")
        return WAYS[: WAYS.index(best) + 1 if best in WAYS else 1]


def _messages_settings(settings: BatchSettings) -> AnthropicSettings:
    """What was set, as the Messages API has it; its own defaults for the rest: it refuses other servers'."""
    common = set(AnthropicSettings.model_fields) & set(type(settings).model_fields) - {"kind"}
    given = settings.model_dump(include=common, exclude_unset=True, exclude_none=True)
    try:
        return AnthropicSettings.model_validate(given)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"teacher.{place}: {first['msg']} (provider anthropic)") from None


def _named(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """The job's name and its result; None where a line has not both."""
    found = _object(line)
    name, result = found.get("custom_id"), found.get("result")
    return (name, result) if isinstance(name, str) and isinstance(result, dict) else None


def _object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`; empty where there is none."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _counts(batch: dict[str, Any]) -> dict[str, int]:
    """Jobs by what came of them, and their `total`; 0 for what is no count."""
    told = batch.get("request_counts")
    told = told if isinstance(told, dict) else {}
    found = {
        name: told[name] if type(told.get(name)) is int else 0
        for name in ("processing", "succeeded", "errored", "canceled", "expired")
    }
    return {**found, "total": sum(found.values())}


def _time(text: Any) -> datetime:
    """A time as ISO 8601, UTC where it does not say; long ago where it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
