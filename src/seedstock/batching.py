"""Questions in batches: handed over, waited for, collected; and found again after a restart.

Every step is in the ledger before the next begins. A process that dies after handing a batch over finds
it there, or asks the server for it by its mark; it hands nothing over twice that it can find.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from seedstock.backoff import pause
from seedstock.errors import TeacherError
from seedstock.exchange import Response
from seedstock.ledger import Ledger, now
from seedstock.line import Counts, Line, OutOfMoney, Question, Sink
from seedstock.records import BatchRecord
from seedstock.spending import Budget
from seedstock.teachers.base import BatchState, BatchTeacher, Job, TeacherSettings, Transient

TRIES = 3
"""Batches that a question may be in before it counts as failed: hours each, so fewer than tries online."""

T = TypeVar("T")


@dataclass(slots=True)
class _Open:
    """A batch that was handed over and is not collected."""

    mark: str
    id: str
    names: frozenset[str]
    state: BatchState
    whole: bool = True
    """Whether all of its questions are asked here; else it stays open for whoever asks the others."""


class BatchLine(Line):
    """Takes all questions of a wave, hands them over as batches, and tells the sink what comes of them."""

    def __init__(
        self, teacher: BatchTeacher, settings: TeacherSettings, budget: Budget, counts: Counts, sink: Sink,
        ledger: Ledger,
    ) -> None:  # fmt: skip
        super().__init__(settings, budget, counts, sink)
        self._teacher = teacher
        self._ledger = ledger
        self._waiting: dict[str, Question] = {}
        self._open: list[_Open] = []
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""

    def put(self, questions: Iterable[Question]) -> None:
        """Gather; nothing is handed over before `flush`."""
        self._waiting |= {question.request.custom_id: question for question in questions}

    def flush(self) -> None:
        """All of a wave is there: begin."""
        if self._waiting and (self._task is None or self._task.done()) and not self._stopping.is_set():
            self._task = asyncio.create_task(self._work())
            self._task.add_done_callback(self._done)

    def note(self) -> str:
        """How far the open batches are; any thread may ask."""
        if self._trouble:
            return self._trouble
        return "; ".join(
            f"batch {batch.id}: {batch.state.status}, {batch.state.done + batch.state.failed}"
            f" of {batch.state.total or len(batch.names)}"
            for batch in self._open
        )

    async def finish(self) -> None:
        """Ask nothing more. Open batches stay where they are: the ledger knows them."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._end(problem)
        elif self._waiting:
            self.flush()

    async def _work(self) -> None:
        """Until every question has its answer: take up what is open, hand over the rest, wait, collect."""
        await self._take_up()
        while self._waiting and not self._stopping.is_set():
            await self._hand_over()
            await self._wait()
            for batch in [b for b in self._open if b.state.ended]:
                await self._collect(batch)

    # -- handing over

    async def _take_up(self) -> None:
        """The batches that an earlier process has left open and that hold questions of ours."""
        for record in self._ledger.open_batches(self._teacher.id, self._teacher.server):
            ours = {n: self._waiting[n] for n in record.names if n in self._waiting}
            if not ours:
                continue
            jobs = [Job(name, question.request) for name, question in ours.items()]
            found: str | None = record.id
            if not found:
                found = await self._insist(partial(self._teacher.find, record.mark, jobs, record.since))
            if found is None:
                self._ledger.record_batch(record.mark, "lost", "")
                continue
            if not record.id:
                self._ledger.record_batch(record.mark, "submitted", found)
            for question in ours.values():
                question.tries += 1
                self._budget.commit(question.key, question.request)
            whole = len(ours) == len(record.names)
            self._open.append(_Open(record.mark, found, record.names, BatchState("unknown", False), whole))

    async def _hand_over(self) -> None:
        """What is in no open batch, in as few batches as the server allows."""
        taken = frozenset().union(*(batch.names for batch in self._open))
        rest = [Job(n, q.request) for n, q in self._waiting.items() if n not in taken]
        allowed = rest[: self._affordable(rest)]
        for jobs in self._split(allowed):
            mark = uuid.uuid4().hex
            record = BatchRecord(mark, "", now(), frozenset(job.name for job in jobs))
            self._ledger.prepare_batch(self._teacher.id, self._teacher.server, record)
            name = await self._submit(record, jobs)
            self._ledger.record_batch(mark, "submitted", name)
            self._open.append(
                _Open(mark, name, record.names, BatchState("submitted", False, total=len(jobs)))
            )
            for job in jobs:
                self._count_try(self._waiting[job.name])
        if len(allowed) < len(rest) and not self._open:
            raise OutOfMoney("the next question could cross the limit")

    async def _submit(self, record: BatchRecord, jobs: list[Job]) -> str:
        """Hand a batch over; before another try, look whether the last one got through after all."""
        tried = False

        async def once() -> str:
            nonlocal tried
            found = await self._teacher.find(record.mark, jobs, record.since) if tried else None
            tried = True
            return found or await self._teacher.submit(jobs, record.mark)

        return await self._insist(once)

    def _affordable(self, jobs: list[Job]) -> int:
        """How many of them the budget allows, in order."""
        for place, job in enumerate(jobs):
            if not self._budget.reserve(self._waiting[job.name].key, job.request):
                return place
        return len(jobs)

    def _split(self, jobs: list[Job]) -> list[list[Job]]:
        """Batches of at most as many jobs and bytes as the server takes."""
        parts: list[list[Job]] = []
        size = 0
        for job in jobs:
            bytes_ = self._teacher.size(job)
            full = not parts or len(parts[-1]) >= self._teacher.max_jobs
            if full or size + bytes_ > self._teacher.max_bytes:
                parts.append([])
                size = 0
            parts[-1].append(job)
            size += bytes_
        return parts

    # -- waiting and collecting

    async def _wait(self) -> None:
        """Until one of the open batches has ended."""
        while not self._stopping.is_set():
            for batch in self._open:
                batch.state = await self._insist(partial(self._teacher.state, batch.id))
            if any(batch.state.ended for batch in self._open):
                return
            await self._sleep(self._teacher.poll_seconds)

    async def _collect(self, batch: _Open) -> None:
        """Every answer goes to the ledger; the batch counts as collected only after the last one."""
        if batch.state.failure:
            self._close(batch, "refused")
            raise TeacherError(f"the batch was refused: {batch.state.failure}")
        open_ = {name for name in batch.names if name in self._waiting}
        refusals: list[TeacherError] = []
        await self._insist(partial(self._read, batch, open_, refusals))
        for name in open_:
            self._take(
                name, Transient("expired", f"not answered before the batch ended: {batch.state.status}")
            )
        await asyncio.wrap_future(self._ledger.flushed())
        self._close(batch, "collected")
        if refusals:
            raise refusals[0]

    async def _read(self, batch: _Open, open_: set[str], refusals: list[TeacherError]) -> None:
        """Results of the jobs in `open_`, which are taken out of it: a download that broke off goes on."""
        async for name, result in self._teacher.results(batch.id):
            if name not in open_:
                continue
            open_.discard(name)
            if isinstance(result, TeacherError):
                refusals.append(result)
            else:
                self._take(name, result)

    def _take(self, name: str, result: Response | Transient) -> None:
        question = self._waiting[name]
        if isinstance(result, Response):
            del self._waiting[name]
            self._count_answer(question, result)
            return
        self._count_miss(question, result)
        if question.tries >= TRIES:
            del self._waiting[name]
            self._give_up(question, result)

    def _close(self, batch: _Open, event: str) -> None:
        if batch.whole or event == "refused":
            self._ledger.record_batch(batch.mark, event, batch.id)
        self._open.remove(batch)

    # -- the wire

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call until it goes through; TeacherError after `patience` seconds in which it never did."""
        failures, since, patience = 0, self._loop.time(), self._settings.patience
        while True:
            try:
                result = await call()
            except Transient as problem:
                failures += 1
                self._count_fault(problem)
                self._trouble = f"no answer from the batch service: {problem}"
                silent = self._loop.time() - since
                if silent > patience or self._stopping.is_set():
                    raise TeacherError(
                        f"the batch service has not answered for {silent:.0f} s, the last: {problem};"
                        " what was handed over is kept, run again to resume"
                    ) from problem
                await self._sleep(pause(failures, problem.retry_after, patience, patience - silent))
            else:
                self._trouble = ""
                return result
