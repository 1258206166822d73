"""The only door to a teacher: ledger first, then the limits, the wire, the record, and only then the answer.

The wire runs in a thread of its own, so that gating a batch never keeps an answer from being recorded.
Requests are drawn from the caller's iterable a bounded number ahead, so memory does not grow with them.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice

from seedstock.batching import BatchLine
from seedstock.exchange import Request, Response, canonical, digest
from seedstock.ledger import Ledger
from seedstock.line import FAILED, Counts, Line, Question, Sink
from seedstock.pool import Pool
from seedstock.spending import Budget
from seedstock.teachers.base import BatchTeacher, OnlineTeacher, Price, Teacher, TeacherSettings, Transient

AHEAD = 20
"""Requests drawn ahead of the consumer, for each one that may be under way: answers come in order, so
one that has to be asked again must not keep the wire from the others."""

LEAST_AHEAD = 1024

CHUNK = 256
"""Requests looked up in the ledger, and handed to the wire, at a time."""

LOOK_UP_SECONDS = 0.5
"""How often somebody who waits for an answer is told how things stand."""

Watch = Callable[[str], None]
"""Called about twice a second while waiting, with a note for people."""


def identity_of(teacher: Teacher) -> str:
    """Who is asked, and with what sampling: part of a request's key."""
    return digest(teacher.id, teacher.sampling)


class Asker(Sink):
    """Answers to requests, in the order of the requests. Use as a context manager."""

    def __init__(
        self, teacher: Teacher, settings: TeacherSettings, ledger: Ledger, *, price: Price | None = None,
        budget: Budget | None = None, watch: Watch | None = None,
    ) -> None:  # fmt: skip
        """`price` is what this teacher's tokens cost; the settings' own unless given."""
        self.teacher = teacher
        self.counts = Counts()
        self._settings = settings
        self._ledger = ledger
        self._price = price or settings.price
        self._price_text = canonical(self._price.model_dump()) if self._price else None
        self._budget = budget or Budget()
        self._watch = watch
        self._sampling = teacher.sampling
        self._identity = identity_of(teacher)
        self._arrived: dict[str, Response] = {}
        self._pending: set[str] = set()
        self._problem: BaseException | None = None
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="teacher", daemon=True)

    def __enter__(self) -> Asker:
        self.teacher.prepare()
        self.teacher.findings.update(self._ledger.findings(self.teacher.id, self.teacher.server))
        self._found = dict(self.teacher.findings)
        self._thread.start()
        self._line = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        """Send nothing more; what is under way is waited for and recorded, because it is paid."""
        finished = asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        while True:
            try:
                finished.result(LOOK_UP_SECONDS)
                break
            except TimeoutError:
                if finished.done():
                    raise
                self._say("finishing what is under way; Ctrl-C again to leave it")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def key(self, request: Request) -> str:
        """The request's name in the ledger: another model or other sampling is another question."""
        return request.key(self._identity)

    def recorded(self, requests: Sequence[Request]) -> dict[str, Response]:
        """The answers among these that the ledger already has, by key."""
        return self._ledger.answers([self.key(request) for request in requests])

    def answers(self, requests: Iterable[Request]) -> Iterator[tuple[Request, Response]]:
        """Each request with its answer, in order; recorded answers cost nothing.

        Asking begins with the call and runs ahead of the consumer. Raises TeacherError at the first
        request that has no answer because the teacher was found dead, and OutOfMoney at the first one
        that could cross the budget; what was answered by then is recorded.
        """
        return _Answers(self, requests)

    def note(self) -> str:
        """How things stand on the wire, for people."""
        return self._line.note()

    @property
    def ahead(self) -> int:
        """Requests that may be drawn ahead: a batch takes all of them."""
        if isinstance(self.teacher, BatchTeacher):
            return self.teacher.max_jobs
        return max(LEAST_AHEAD, AHEAD * self._settings.concurrency)

    def _say(self, note: str) -> None:
        if self._watch is not None:
            self._watch(note)

    # -- for _Answers, in the caller's thread

    def send(self, requests: Sequence[Request]) -> list[tuple[str, Request, Response | None]]:
        """Keys of the requests, with the answers that are recorded; the others are asked."""
        keys = [self.key(request) for request in requests]
        known = self._ledger.answers(keys)
        asked = {
            k: r for k, r in zip(keys, requests, strict=True) if k not in known and k not in self._pending
        }
        if asked:
            self._pending |= asked.keys()
            questions = [Question(key, request) for key, request in asked.items()]
            self._loop.call_soon_threadsafe(self._line.put, questions)
        return [(key, request, known.get(key)) for key, request in zip(keys, requests, strict=True)]

    def flush(self) -> None:
        """No more requests are coming for now."""
        self._loop.call_soon_threadsafe(self._line.flush)

    def wait_for(self, key: str) -> Response:
        """The answer to a request that was sent, once it is durable."""
        with self._changed:
            while key not in self._arrived:
                if key not in self._pending:  # the same question twice: the first has taken the answer
                    return self._ledger.answers([key])[key]
                if self._problem is not None:
                    raise self._problem
                self._changed.wait(LOOK_UP_SECONDS)
                self._say(self.note())
            self._pending.discard(key)
            return self._arrived.pop(key)

    # -- what comes back, in the loop's thread

    async def _open(self) -> Line:
        common = (self._settings, self._budget, self.counts, self)
        if isinstance(self.teacher, BatchTeacher):
            return BatchLine(self.teacher, *common, self._ledger)
        assert isinstance(self.teacher, OnlineTeacher)
        return Pool(self.teacher, *common)

    async def _finish(self) -> None:
        await self._line.finish()
        await self.teacher.close()
        await asyncio.wrap_future(self._ledger.flushed())

    def answered(self, question: Question, response: Response) -> None:
        """Hand the answer to the ledger; whoever waits has it once it is durable."""
        failed = response.finish_reason.startswith(FAILED)
        cost = 0.0 if failed or self.teacher.free else self._cost(response)
        if not failed:
            self._budget.settle(question.key, question.request, response, cost)
        saved = self._ledger.record_answer(
            question.key, question.request, self.teacher.id, self._sampling, response, cost,
            None if self.teacher.free else self._price_text,
        )  # fmt: skip
        saved.add_done_callback(lambda saved: self._durable(question.key, response, saved))
        if self.teacher.findings != self._found:
            self._record_findings()

    def _cost(self, response: Response) -> float | None:
        """What an answer cost; None where price or tokens are unknown."""
        return None if self._price is None else self._price.of(response.usage)

    def missed(self, question: Question, problem: Transient) -> None:
        """Keep the fault."""
        self._ledger.record_fault(question.key, question.tries, problem.reason, str(problem))

    def ended(self, problem: BaseException) -> None:
        """Whoever waits for what will not come is told why, once what has come is durable."""

        def tell(_: Future[None]) -> None:
            with self._changed:
                self._problem = self._problem or problem
                self._changed.notify_all()

        self._ledger.flushed().add_done_callback(tell)

    def _durable(self, key: str, response: Response, saved: Future[None]) -> None:
        """In the ledger's thread: the answer may be used, or could not be kept."""
        problem = saved.exception()
        with self._changed:
            if problem is None:
                self._arrived[key] = response
            else:
                self._problem = self._problem or problem
            self._changed.notify_all()

    def _record_findings(self) -> None:
        for name, value in self.teacher.findings.items():
            if self._found.get(name) != value:
                self._ledger.record_finding(self.teacher.id, self.teacher.server, name, value)
        self._found = dict(self.teacher.findings)


class _Answers(Iterator[tuple[Request, Response]]):
    """See `Asker.answers`. Not a generator: asking starts when it is made, not at the first look."""

    def __init__(self, asker: Asker, requests: Iterable[Request]) -> None:
        self._asker = asker
        self._source = iter(requests)
        self._drawn: deque[tuple[str, Request, Response | None]] = deque()
        self._more = True
        # A little to begin with: the wire is at work while the rest is drawn. A batch takes all at once.
        self._ahead = asker.ahead if isinstance(asker.teacher, BatchTeacher) else CHUNK
        self._fill()
        self._ahead = asker.ahead

    def __next__(self) -> tuple[Request, Response]:
        if not self._drawn:
            raise StopIteration
        key, request, response = self._drawn.popleft()
        self._fill(at_most=4)
        return request, self._asker.wait_for(key) if response is None else response

    def _fill(self, at_most: int | None = None) -> None:
        """Draw until enough is drawn, in so many chunks at most."""
        while self._more and len(self._drawn) <= self._ahead - CHUNK and at_most != 0:
            at_most = None if at_most is None else at_most - 1
            part = list(islice(self._source, CHUNK))
            self._more = len(part) == CHUNK
            self._drawn += self._asker.send(part)
            if not self._more:
                self._asker.flush()
