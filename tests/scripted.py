"""A teacher that does as a function says, the door in front of it, and a loop whose hours take no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any, ClassVar

from seedstock.ask import Asker
from seedstock.exchange import Message, Request, Response, Usage
from seedstock.ledger import Ledger
from seedstock.line import FAILED, Counts, Question, Sink
from seedstock.pool import Pool
from seedstock.spending import Budget
from seedstock.teachers.base import OnlineTeacher, TeacherSettings

Behaviour = Callable[[int, int], float | Exception | Response]
"""What becomes of request n, asked for the k-th time (from 0): an answer after so many seconds, this one,
or a problem."""


class Scripted(OnlineTeacher):
    """Answers as a behaviour says. Free of any server, so that only the pool is tried."""

    Settings: ClassVar[type[TeacherSettings]] = TeacherSettings

    def __init__(self, settings: Any, behaviour: Behaviour = lambda n, k: 0.0) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}
        self.behaviour = behaviour
        self.calls: list[tuple[int, float]] = []
        self.answered: list[int] = []
        self.tries: dict[int, int] = {}
        self.under_way = 0
        self.closed = False

    @property
    def id(self) -> str:
        return "scripted"

    async def ask(self, request: Request) -> Response:
        n = request.ordinal
        k = self.tries.get(n, 0)
        self.tries[n] = k + 1
        self.calls.append((n, asyncio.get_running_loop().time()))
        what = self.behaviour(n, k)
        if isinstance(what, Exception):
            raise what
        if isinstance(what, Response):
            return what
        self.under_way += 1
        try:
            await asyncio.sleep(what)
        finally:
            self.under_way -= 1
        self.answered.append(n)
        return Response(f"answer {n}" + (f", try {k}" if k else ""), usage=Usage(100, 10))

    async def close(self) -> None:
        self.closed = True


def questions(n: int) -> list[Request]:
    """Requests with ordinals 0 to n - 1."""
    return [Request("paraphrase", "all", i, (Message("user", f"question {i}"),)) for i in range(n)]


def asker(
    ledger: Ledger, behaviour: Behaviour, budget: Budget | None = None, concurrency: int = 4, **settings: Any
) -> Asker:
    """The door in front of a scripted teacher."""
    made = TeacherSettings(concurrency=concurrency, **settings)
    return Asker(Scripted(made, behaviour), made, ledger, budget=budget)


def teacher(of: Asker) -> Scripted:
    """The teacher behind a door."""
    assert isinstance(of.teacher, Scripted)
    return of.teacher


class Clock(selectors.SelectSelector):
    """Never sleeps: where nothing happens, the time that one would wait has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            self.passed += timeout or 0.0
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """A loop whose hours take no time, so that what is said of seconds holds on a busy machine too."""

    def __init__(self) -> None:
        self.clock = Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.passed


class Kept(Sink):
    """Keeps what it is told, and when in simulated seconds."""

    def __init__(self) -> None:
        self.got: list[tuple[int, float]] = []
        self.texts: dict[int, str] = {}
        self.failed: dict[int, str] = {}
        self.missed_at: list[float] = []
        self.ends: list[BaseException] = []
        self.ended_at = -1.0
        self.counts = Counts()
        self.asked = 0
        self.left_running = 0

    def answered(self, question: Question, response: Response) -> None:
        n = question.request.ordinal
        self.got.append((n, asyncio.get_running_loop().time()))
        self.texts[n] = response.text
        if response.finish_reason.startswith(FAILED):
            self.failed[n] = response.finish_reason.removeprefix(FAILED)

    def missed(self, question: Question, problem: Exception) -> None:
        self.missed_at.append(asyncio.get_running_loop().time())

    def ended(self, problem: BaseException) -> None:
        self.ends.append(problem)
        self.ended_at = asyncio.get_running_loop().time()


def simulate(
    behaviour: Behaviour, seconds: list[float], n: int = 30, **settings: Any
) -> tuple[list[str], Kept]:
    """Notes of a pool at these times, and what became of n questions put into it at 0."""
    made, kept, notes = TeacherSettings(**settings), Kept(), []

    async def run() -> None:
        of = Scripted(made, behaviour)
        pool = Pool(of, made, Budget(), kept.counts, kept)
        pool.put(Question(str(q.ordinal), q) for q in questions(n))
        for at in seconds:
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            notes.append(pool.note())
        await pool.finish()
        kept.asked, kept.left_running = len(of.calls), of.under_way

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(run())
    return notes, kept
