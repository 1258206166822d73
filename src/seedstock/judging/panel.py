"""The panel: one judge or two, asked through the one door, so that no answer is lost or paid twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from seedstock.ask import Asker
from seedstock.example import Example
from seedstock.exchange import Request, Response, digest
from seedstock.judgement import Judgement, Opinion
from seedstock.judging.opinions import opinion
from seedstock.judging.questions import MOST_CHARS, Questions
from seedstock.ledger import Ledger
from seedstock.line import Counts, LimitReached
from seedstock.prices import price_of
from seedstock.replay import Replayed
from seedstock.spending import Budget

Before = Callable[[list[str], int], int | None]
"""Called with the keys of the questions about to be asked and how many of them are new; gives how many may
be sent, or None for all of them."""


class Unanswered(Exception):
    """Rows cannot be judged without asking, and nobody may be asked. Never leaves the library."""

    def __init__(self, requests: Sequence[Request]) -> None:
        super().__init__(f"{len(requests)} questions to a judge are open")
        self.requests = list(requests)


class Panel:
    """Judges by one rubric. Unless it is opened it knows only what the ledger holds."""

    def __init__(
        self, questions: Questions, judges: Sequence[Any], ledger: Callable[[], Ledger | None]
    ) -> None:
        """`judges` are teachers; `ledger` gives None where nothing was ever recorded."""
        self.questions = questions
        self.judges = list(judges)
        self.counts: list[Counts] = []
        """What happened on the wire of each judge when it was last open."""
        self._replayed: list[Asker | Replayed] = [Replayed(judge, ledger) for judge in judges]
        self._doors = self._replayed
        self._before: Before | None = None

    @property
    def identity(self) -> str:
        """Everything that a verdict depends on but the row: judges, rubric, prompt, task."""
        told = self.questions
        who = [(judge.id, judge.sampling) for judge in self.judges]
        return digest(who, told.rubric.sha256, told.prompt.sha256, told.instruction, told.form)

    @contextmanager
    def opened(
        self, ledger: Ledger, budget: Budget, *,
        watch: Callable[[str], None] | None = None, before: Before | None = None,
    ) -> Iterator[Panel]:  # fmt: skip
        """While this lasts, judges may be asked."""
        with ExitStack() as stack:
            askers = []
            for judge in self.judges:
                price = price_of(judge)
                asker = Asker(
                    judge, judge.settings, ledger, price=price and price[0], budget=budget, watch=watch
                )
                askers.append(stack.enter_context(asker))
            self.counts = [asker.counts for asker in askers]
            self._doors, self._before = list(askers), before
            try:
                yield self
            finally:
                self._doors, self._before = self._replayed, None

    def judge(self, examples: Sequence[Example], references: Sequence[Example | None]) -> list[Judgement]:
        """Each judge's opinion on each row. All questions are under way at once.

        Raises `Unanswered` where it is not open and an answer is not recorded, `LimitReached` where more
        would have to be sent than may be, OutOfMoney and TeacherError as `Asker.answers` does.
        """
        asked = [self.questions.request(*pair) for pair in zip(examples, references, strict=True)]
        requests = [request for request in asked if request is not None]
        self._make_sure(requests)
        streams = [door.answers(requests) for door in self._doors]
        return [
            tuple(self._opinion(*at, row, request) for at in zip(self.judges, streams, strict=True))
            for row, request in zip(examples, asked, strict=True)
        ]

    def _opinion(
        self, judge: Any, answers: Iterator[tuple[Request, Response]], row: Example, request: Request | None
    ) -> Opinion:
        if request is None:
            problem = f"too long to be judged: more than {MOST_CHARS:,} characters"
            return Opinion(judge.id, None, problem=problem)
        _, response = next(answers)
        return opinion(judge.id, response, row, self.questions.order(row), self.questions.rubric)

    def _make_sure(self, requests: Sequence[Request]) -> None:
        """See that every question may be asked; where only some may, ask those and stop."""
        new = {door: _new(door, requests) for door in self._doors}
        if closed := [
            request for door, some in new.items() if isinstance(door, Replayed) for request in some
        ]:
            raise Unanswered(list({request.prompt_sha256: request for request in closed}.values()))
        if self._before is None:
            return
        wanted = sum(map(len, new.values()))
        left = self._before([door.key(r) for door in self._doors for r in requests], wanted)
        if left is None or left >= wanted:
            return
        for door, some in new.items():
            deque(door.answers(some[: max(0, left)]), maxlen=0)
            left -= len(some)
        raise LimitReached("more questions to a judge than may be sent")


def _new(door: Asker | Replayed, requests: Sequence[Request]) -> list[Request]:
    """Those whose answers are not recorded, each once."""
    known = door.recorded(requests)
    return list({key: r for r in requests if (key := door.key(r)) not in known}.values())
