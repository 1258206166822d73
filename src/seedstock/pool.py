"""Questions on the wire: how many, when, how often again, and when nobody is there any more.

Everything here runs on one event loop. A refused or failed question goes back into the same pool; it
waits there without keeping others from being asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from seedstock.backoff import pause
from seedstock.errors import TeacherError
from seedstock.exchange import Request, Response
from seedstock.level import Level
from seedstock.line import Counts, Line, OutOfMoney, Question, Sink
from seedstock.pace import Pace
from seedstock.spending import Budget, prompt_bytes
from seedstock.teachers.base import OnlineTeacher, TeacherSettings, Transient

BUSY = frozenset({"429", "503", "504", "408", "529", "timeout", "connection"})
"""Reasons that say the server has too much to do; a broken answer says nothing of the kind."""

WALL = 5
"""Misses in a row, of more than one question, after which only one question at a time is tried: at least
so many, and more than are still with the server."""

OTHERS_SECONDS = 0.2
"""How often a line that has nothing under way looks whether another one has given money back."""

NEVER_REACHED = 5.0
"""Patience, in seconds, with an address at which nobody has ever taken a connection."""


class Pool(Line):
    """Asks at once; the sink's `ended` is called once where it cannot go on."""

    def __init__(
        self, teacher: OnlineTeacher, settings: TeacherSettings, budget: Budget, counts: Counts, sink: Sink
    ) -> None:
        super().__init__(settings, budget, counts, sink)
        self._teacher = teacher
        self._level = Level(settings.concurrency)
        self._requests = Pace(settings.requests_per_minute)
        self._tokens = Pace(settings.tokens_per_minute)
        self._per_answer = 64.0  # tokens of an answer, smoothed
        self._ready: deque[Question] = deque()
        self._later = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._asking = 0  # questions that the server has and may yet answer
        self._held_until = 0.0  # by the server's rate limit
        self._wall_until = 0.0
        self._open_at = 0.0  # when the last wall fell
        self._alive_at = self._loop.time()
        self._row: dict[str, int] = {}  # misses in a row without an answer between, by question
        self._rounds = 0  # times that everybody had to wait in this row
        self._last_miss = ""
        self._reached = False

    def put(self, questions: Iterable[Question]) -> None:
        """Ask these too, after those already waiting."""
        now = self._loop.time()
        if not self._tasks and not self._later:
            self._alive_at = now
        self._ready.extend(questions)
        self._pump()

    def note(self) -> str:
        """What a person who waits wants to know; any thread may ask."""
        now = self._loop.time()
        hold, silent = self._hold_until - now, now - self._alive_at
        if hold > 0.5:
            because = self._last_miss if self._rounds else "the server's rate limit"
            return f"waiting {hold:.0f} s: {because}"
        if silent > 5 and self._tasks:
            last = f", last: {self._last_miss}" if self._last_miss else ""
            return f"no answer for {silent:.0f} s{last}"
        if (self._later or self._ready) and self._last_miss and not self._tasks:
            return f"about to ask again, last: {self._last_miss}"
        return f"{len(self._tasks)} at once"

    async def finish(self) -> None:
        """Ask nothing more; wait for what is under way, because it is paid."""
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # -- sending

    @property
    def _hold_until(self) -> float:
        return max(self._held_until, self._wall_until)

    def _pump(self) -> None:
        """Start what may be started now."""
        while self._ready and not self._stopping.is_set() and len(self._tasks) < self._allowed():
            now, question = self._loop.time(), self._ready[0]
            wait = max(self._hold_until - now, self._requests.wait(now), self._tokens.wait(now))
            if wait > 0:
                self._wake(wait)
                return
            waiting = self._budget.waiting  # before: money that comes back meanwhile is another look worth
            if not self._budget.reserve(question.key, question.request):
                if not waiting:
                    self._end(OutOfMoney("the next question could cross the limit"))
                elif not self._tasks:  # another line holds the money: its answers wake nobody here
                    self._wake(OTHERS_SECONDS)
                return
            self._ready.popleft()
            self._start(question, now)

    def _allowed(self) -> int:
        """Behind a wall one question goes first and sees whether it is still there."""
        return 1 if self._rounds else self._level.value

    def _wake(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._pump)

    def _start(self, question: Question, now: float) -> None:
        self._count_try(question)
        # Time behind a wall is nobody's own.
        question.since = now if question.tries == 1 or self._rounds else max(question.since, self._open_at)
        self._requests.take(now)
        guess = self._guess(question.request) if self._settings.tokens_per_minute else 0.0
        self._tokens.take(now, guess)
        self._asking += 1
        task = self._loop.create_task(self._try(question, self._level.epoch, now, guess))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _guess(self, request: Request) -> float:
        return prompt_bytes(request) / 4 + self._per_answer

    async def _try(self, question: Question, epoch: int, started: float, guess: float) -> None:
        try:
            response = await self._within_deadline(question, started)
        except Transient as problem:
            failure: Transient | None = problem
        else:
            failure = None
        finally:
            self._asking -= 1
        if failure is not None:
            self._missed(question, epoch, failure)
            # A refusal keeps its place as long as an answer would: a full server is not asked in a loop.
            await self._sleep(min(1.0, self._level.seconds - (self._loop.time() - started)))
            return
        now = self._loop.time()
        self._answered(question, response, now)
        self._level.answered(epoch, now - started)
        if self._settings.tokens_per_minute:
            self._correct(response, guess, now)

    def _correct(self, response: Response, guess: float, now: float) -> None:
        """Tokens turn out other than guessed."""
        prompt, completion = response.usage.prompt_tokens, response.usage.completion_tokens
        if prompt is not None and completion is not None:
            self._tokens.take(now, prompt + completion - guess)
            self._per_answer = 0.9 * self._per_answer + 0.1 * completion

    async def _within_deadline(self, question: Question, started: float) -> Response:
        left = question.since + self._settings.request_deadline - started
        if left > 2 * self._settings.timeout:
            return await self._hedged(question)
        try:
            async with asyncio.timeout(max(0.0, left)):
                return await self._hedged(question)
        except TimeoutError as problem:
            raise Transient("timeout", f"no answer in {self._settings.request_deadline:g} s") from problem

    async def _hedged(self, question: Question) -> Response:
        """One answer. Where the config says so, a slow question is asked twice: the first answer counts."""
        after = self._settings.hedge_after
        if after is None:
            return await self._teacher.ask(question.request)
        tasks = {self._loop.create_task(self._teacher.ask(question.request))}
        try:
            done, _ = await asyncio.wait(tasks, timeout=after)
            if not done and self._may_hedge(question):
                tasks.add(self._loop.create_task(self._teacher.ask(question.request)))
            return await _first_answer(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _may_hedge(self, question: Question) -> bool:
        """Whether a second try is within all limits; if so, it is taken off them.

        The try that loses may be paid all the same: its worst case counts as spent.
        """
        now = self._loop.time()
        busy = self._hold_until > now or len(self._tasks) >= self._allowed()
        if busy or self._requests.wait(now) or self._tokens.wait(now):
            return False
        if not self._budget.spend_worst_case(question.request):
            return False
        self._requests.take(now)
        if self._settings.tokens_per_minute:
            self._tokens.take(now, self._guess(question.request))
        self._counts.hedged += 1
        return True

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._end(problem)
        self._pump()

    # -- what comes back

    def _answered(self, question: Question, response: Response, now: float) -> None:
        self._alive_at, self._reached = now, True
        if self._row:
            self._row.clear()
            if self._rounds:
                self._rounds, self._wall_until, self._open_at = 0, 0.0, now
        if response.hold > 0:
            until = now + min(response.hold, self._settings.patience)
            self._held_until = max(self._held_until, until)
        self._count_answer(question, response)

    def _missed(self, question: Question, epoch: int, problem: Transient) -> None:
        now = self._loop.time()
        self._count_miss(question, problem)
        self._last_miss = f"{problem.reason}: {problem}"
        self._reached |= problem.reason != "connection"
        if problem.reason in BUSY:
            self._level.refused(epoch)
        self._row[question.key] = self._row.get(question.key, 0) + 1
        # Refusals come faster than answers: only when they outnumber what is still out is it a wall.
        wall = len(self._row) > 1 and sum(self._row.values()) >= max(WALL, self._asking)
        question.blamed += not wall and problem.reason != "429"
        if wall:
            self._wait_at_the_wall(now, problem)
        if self._gone(now, problem):
            return
        if self._used_up(question, now):
            self._give_up(question, problem)
            return
        wait = pause(question.tries, problem.retry_after, self._settings.patience)
        self._later += 1
        self._loop.call_later(wait, self._again, question)

    def _again(self, question: Question) -> None:
        self._later -= 1
        if not self._stopping.is_set():
            self._ready.appendleft(question)
            self._pump()

    def _wait_at_the_wall(self, now: float, problem: Transient) -> None:
        """Everybody waits, longer each time, until one question is answered."""
        if now >= self._wall_until:
            self._rounds += 1
            left = self._alive_at + self._patience - now
            wait = pause(self._rounds, problem.retry_after, self._settings.patience, left)
            self._wall_until = now + wait

    def _used_up(self, question: Question, now: float) -> bool:
        """Whether to give a question up: its tries are used, while the teacher does answer others."""
        late = not self._rounds and now - question.since >= self._settings.request_deadline
        return bool(self._counts.answered) and (late or question.blamed >= self._settings.max_attempts)

    @property
    def _patience(self) -> float:
        return self._settings.patience if self._reached else min(self._settings.patience, NEVER_REACHED)

    def _gone(self, now: float, problem: Transient) -> bool:
        """End where nobody has answered for too long, or the server asks for more patience than there is."""
        silent, misses = now - self._alive_at, sum(self._row.values())
        patience = self._patience
        asks_more = misses >= WALL and (problem.retry_after or 0.0) > self._settings.patience
        if not asks_more and not (silent > patience and (misses >= WALL or silent > 2 * patience)):
            return False
        why = (
            f"the teacher asks to wait {problem.retry_after:.0f} s: {self._last_miss}"
            if asks_more
            else f"the teacher does not answer: {misses} tries failed in {silent:.0f} s, the last with"
            f" {self._last_miss}"
        )
        self._end(TeacherError(f"{why}; what was answered is kept, run again to resume"))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        return True


async def _first_answer(tasks: set[asyncio.Task[Response]]) -> Response:
    """The first that succeeds; where all fail, the first failure."""
    failure: BaseException | None = None
    left = tasks
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if (problem := task.exception()) is None:
                return task.result()
            failure = failure or problem
    assert failure is not None
    raise failure
