"""What stands between the one door and a teacher: questions in, and what comes of each told to a sink.

`pool.py` is the line to a teacher that answers at once, `batching.py` to one that answers in batches.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from seedstock.errors import SeedstockError, TeacherError
from seedstock.exchange import Request, Response
from seedstock.spending import Budget
from seedstock.teachers.base import TeacherSettings, Transient

FAILED = "failed: "
"""Prefix of the finish reason of a request that used up its tries while others were answered."""


class LimitReached(SeedstockError):
    """More would have to be sent than `--limit` allows. Never leaves the library: a run ends with it."""


class OutOfMoney(SeedstockError):
    """The next question could cross `--max-cost`. Never leaves the library: a run ends cleanly with it."""


@dataclass
class Counts:
    """What happened on the wire in this call."""

    sent: int = 0
    answered: int = 0
    retried: int = 0
    failed: int = 0
    hedged: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, int]:
        """The keys of design.md, and how many slow ones were asked a second time."""
        return {
            "sent": self.sent, "answered": self.answered, "retried": self.retried,
            "failed": self.failed, "hedged": self.hedged,
        }  # fmt: skip


@dataclass(slots=True, eq=False)
class Question:
    """A request on its way, and how it fared so far."""

    key: str
    request: Request
    tries: int = 0
    blamed: int = 0
    since: float = 0.0


class Sink:
    """Who is told what comes of the questions. All calls come from the line's loop."""

    def answered(self, question: Question, response: Response) -> None:
        """A question has its answer, or was given up: then the finish reason starts with `FAILED`."""

    def missed(self, question: Question, problem: Transient) -> None:
        """A try has failed."""

    def ended(self, problem: BaseException) -> None:
        """Nothing more will be asked."""


class Line(ABC):
    """Asks what is put into it, and keeps the books: counts, budget, sink. Lives on one event loop."""

    def __init__(self, settings: TeacherSettings, budget: Budget, counts: Counts, sink: Sink) -> None:
        self._settings = settings
        self._budget = budget
        self._counts = counts
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if settings.total_deadline is not None:
            self._loop.call_later(settings.total_deadline, self._too_late)

    @abstractmethod
    def put(self, questions: Iterable[Question]) -> None:
        """Ask these too, after those already waiting."""

    def flush(self) -> None:
        """No more are coming for now. Nothing to do where questions are asked as they come."""
        return

    @abstractmethod
    def note(self) -> str:
        """What a person who waits wants to know; any thread may ask."""

    @abstractmethod
    async def finish(self) -> None:
        """Ask nothing more; wait for what is under way, because it is paid."""

    # -- the books

    def _count_try(self, question: Question) -> None:
        question.tries += 1
        if question.tries == 1:
            self._counts.sent += 1
        else:
            self._counts.retried += 1

    def _count_answer(self, question: Question, response: Response) -> None:
        self._counts.answered += 1
        self._sink.answered(question, response)

    def _count_miss(self, question: Question, problem: Transient) -> None:
        self._budget.give_back(question.key)
        self._count_fault(problem)
        self._sink.missed(question, problem)

    def _count_fault(self, problem: Transient) -> None:
        self._counts.faults[problem.reason] += 1

    def _give_up(self, question: Question, problem: Transient) -> None:
        """A question whose tries are used up is answered all the same: with nothing, and why."""
        self._counts.failed += 1
        self._sink.answered(question, Response("", FAILED + problem.reason))

    # -- the end

    async def _sleep(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    def _end(self, problem: BaseException) -> None:
        """Ask nothing more, and tell why; the first reason counts."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._sink.ended(problem)

    def _too_late(self) -> None:
        seconds = self._settings.total_deadline
        self._end(TeacherError(f"the total deadline of {seconds:g} s has passed; run again to go on"))
