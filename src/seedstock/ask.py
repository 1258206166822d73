"""The only door to a teacher: ledger first, then the limit, the wire, the record, and only then the answer.

The wire runs in a thread of its own, so that gating a batch never keeps an answer from being recorded.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field

from seedstock.backoff import pause
from seedstock.errors import TeacherError
from seedstock.exchange import Request, Response, digest
from seedstock.ledger import Ledger
from seedstock.teachers.base import Teacher, TeacherSettings, Transient

FAILED = "failed: "
"""Prefix of the finish reason of a request that used up its tries while others were answered."""


@dataclass
class Counts:
    """What happened on the wire in this call."""

    sent: int = 0
    answered: int = 0
    retried: int = 0
    failed: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, int]:
        """The keys of design.md."""
        return {"sent": self.sent, "answered": self.answered, "retried": self.retried, "failed": self.failed}


class Asker:
    """Answers to requests, in the order of the requests. Use as a context manager."""

    def __init__(self, teacher: Teacher, settings: TeacherSettings, ledger: Ledger) -> None:
        self.teacher = teacher
        self.counts = Counts()
        self._settings = settings
        self._ledger = ledger
        self._misses_in_a_row = 0
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="teacher", daemon=True)

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Send nothing more; what is under way is waited for and recorded, because it is paid."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def key(self, request: Request) -> str:
        """The request's name in the ledger: another model or other sampling is another question."""
        return request.key(digest(self.teacher.id, self.teacher.sampling))

    def recorded(self, requests: Sequence[Request]) -> dict[str, Response]:
        """The answers among these that the ledger already has, by key."""
        return self._ledger.answers([self.key(request) for request in requests])

    def answers(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Response]]:
        """Each request with its answer, in order; recorded answers cost nothing.

        Asking runs ahead of the consumer. Raises TeacherError as soon as the teacher is found dead;
        what was answered by then is recorded.
        """
        keys = [self.key(request) for request in requests]
        known = self._ledger.answers(keys)
        waiting = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        futures: dict[str, Future[Response]] = {key: Future() for key in waiting}
        if waiting:
            asyncio.run_coroutine_threadsafe(self._ask_all(waiting, futures), self._loop)
        # Not a generator itself: asking starts with the call, not with the first look at an answer.
        return (
            (request, known[key] if key in known else futures[key].result())
            for key, request in zip(keys, requests, strict=True)
        )

    async def _ask_all(self, waiting: dict[str, Request], futures: dict[str, Future[Response]]) -> None:
        """As many workers as may be under way at once, all taking from one iterator."""
        queue = iter(waiting.items())
        unanswered = dict(futures)

        async def work() -> None:
            for key, request in queue:
                if self._stopping.is_set():
                    break
                response = await self._ask(key, request)
                self._record(key, request, response, unanswered.pop(key))

        workers = [asyncio.create_task(work()) for _ in range(min(len(waiting), self._settings.concurrency))]
        done, others = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        problem = next((error for task in done if (error := task.exception())), None)
        if others:
            self._stopping.set()
        await asyncio.gather(*workers, return_exceptions=True)
        for future in unanswered.values():
            future.set_exception(problem or CancelledError())

    async def _ask(self, key: str, request: Request) -> Response:
        """One answer. Tries again what is worth it; a request that never succeeds is recorded so."""
        self.counts.sent += 1
        reason, answered = "", self.counts.answered
        for attempt in range(1, self._settings.max_attempts + 1):
            try:
                response = await self.teacher.ask(request)
            except Transient as problem:
                reason = problem.reason
                self._missed(key, attempt, problem)
                if attempt < self._settings.max_attempts:
                    await self._wait(pause(attempt, problem.retry_after))
                    self.counts.retried += 1
            else:
                self._misses_in_a_row = 0
                self.counts.answered += 1
                return response
        self.counts.failed += 1
        if reason == "429" and self.counts.answered == answered:
            # Nobody was let in all this time: a quota is used up, and the request is not to blame.
            raise TeacherError("the teacher answers 429 to everything; what was answered is kept, run again")
        return Response("", FAILED + reason)

    async def _wait(self, seconds: float) -> None:
        """Sleep, unless everything stops: what waits for another try is not under way."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
            raise TeacherError("stopped before another try")

    def _record(self, key: str, request: Request, response: Response, out: Future[Response]) -> None:
        """Hand the answer to the ledger; `out` has it once it is durable. The worker need not wait."""

        def durable(saved: Future[None]) -> None:
            problem = saved.exception()
            out.set_result(response) if problem is None else out.set_exception(problem)

        cost = self._cost(response)
        saved = self._ledger.record_answer(
            key, request, self.teacher.id, self.teacher.sampling, response, cost
        )
        saved.add_done_callback(durable)

    def _missed(self, key: str, attempt: int, problem: Transient) -> None:
        """Count a fault; many in a row with no answer between them mean that nobody is there."""
        self.counts.faults[problem.reason] = self.counts.faults.get(problem.reason, 0) + 1
        self._ledger.record_fault(key, attempt, problem.reason, str(problem))
        self._misses_in_a_row += problem.reason != "429"
        if self._stopping.is_set() or self._misses_in_a_row >= max(8, 2 * self._settings.concurrency):
            raise TeacherError(
                f"the teacher does not answer: {self._misses_in_a_row} tries in a row failed, the last with:"
                f" {problem}; what was answered is kept, run again to resume"
            ) from problem

    def _cost(self, response: Response) -> float | None:
        """Price of an answer; None where price or tokens are unknown."""
        price, usage = self._settings.price, response.usage
        if self.teacher.free or response.finish_reason.startswith(FAILED):
            return 0.0
        if price is None or usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        return (usage.prompt_tokens * price.input + usage.completion_tokens * price.output) / 1e6

    async def _finish(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if others:
            with suppress(asyncio.CancelledError):
                await asyncio.wait(others)
        await self.teacher.close()
