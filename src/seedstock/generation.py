"""The only loop: plan → recipe → ask → parse → gates → ledger, wave by wave, until the quotas are full.

A run is a function of the project and the recorded answers. It always starts at the first wave:
recorded answers are read instead of asked, and gated again in the same order. So an interrupted run,
run again, ends where an uninterrupted one ends.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace

from seedstock.accounts import project_budget
from seedstock.ask import Asker
from seedstock.briefing import Briefing
from seedstock.example import Example, Source
from seedstock.exchange import Request, Response, digest
from seedstock.facetcheck import asked, computed
from seedstock.gating import Admit, Decision, Gatekeeper, batched
from seedstock.hindsight import Hindsight, Regretted
from seedstock.judging.panel import Unanswered
from seedstock.line import Counts, LimitReached, OutOfMoney
from seedstock.preflight import refuse_unfit
from seedstock.prices import price_of
from seedstock.project import Project
from seedstock.quotas import SPARE
from seedstock.recipes.base import FollowUp, Found, Note, Unparsed
from seedstock.records import Candidate
from seedstock.replay import Replayed
from seedstock.results import RunResult, close_result
from seedstock.spending import Budget
from seedstock.verdict import Verdict
from seedstock.version import __version__
from seedstock.waves import Work, next_wave, parsed, project_plan

NO_EXAMPLE = Example("", "", None)
GATED_TOGETHER = 32
"""Candidates per step: few, so that a slow teacher's rows are gated, recorded and shown as they come."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is. `cost` is what this call has spent, None where a price is unknown."""

    accepted: int
    wanted: int
    sent: int
    cost: float | None
    note: str


Progress = Callable[[Status], None]
"""Called after every step, and about twice a second while the teacher is waited for."""


@dataclass(slots=True)
class Item:
    """One candidate on its way: what an answer held, and what becomes of it."""

    work: Work
    candidate: Candidate
    unparsed: Verdict | None = None
    more: FollowUp | None = None


def run(
    project: Project, *, limit: int | None = None, max_cost: float | None = None,
    progress: Progress | None = None,
) -> RunResult:  # fmt: skip
    """Generate until every quota is full or given up; run again to resume.

    `limit` bounds the requests sent in this call, `max_cost` what this project's answers may cost in all,
    in the price's currency. Raises Refused (too few seeds, a changed holdout), TeacherError (what was
    answered is kept), InputError (`max_cost` without a known price).
    """
    with project.locked():
        refuse_unfit(project)
        budget = project_budget(project, max_cost)
        project.freeze()
        config = json.dumps(project.config.raw, sort_keys=True)
        project.ledger.record_session(project.run_id, __version__, config)
        return _Run(project, limit, budget, progress).go()


def upcoming(project: Project) -> list[Request]:
    """What the next `run` would send: recorded answers are gated as it would. Writes nothing."""
    return _Run(project, None, Budget(), None).look_ahead()


class _Run:
    """One call of `run`: the state that the loop carries."""

    def __init__(
        self, project: Project, limit: int | None, budget: Budget, progress: Progress | None
    ) -> None:
        self.project = project
        self.limit = limit
        self.budget = budget
        self.paid_before = budget.spent
        self.progress = progress
        self.plan = project_plan(project)
        self.briefing = Briefing(project, self.plan)
        self.memory = self.briefing.memory
        self.keeper = Gatekeeper(project.config.gates, replace(project.tools, judge=project.panel))
        self.seeds = {seed.id: seed for seed in project.seeds}
        self.rank = 0
        self.unsaved: deque[Future[None]] = deque()
        self.askers: dict[str, Asker | Replayed] = {}
        self.writes = True
        self.unfinished: list[Work] = []
        self.hindsight = Hindsight.of(project)
        self.spare: list[tuple[Item, Decision, str | None]] = []
        self.result = RunResult(project.run_id, self.plan)

    def go(self) -> RunResult:
        with ExitStack() as stack:
            for name, teacher in self.project.teachers.items():
                price = None if name == "rules" else price_of(teacher)
                asker = Asker(
                    teacher, teacher.settings, self.project.ledger, price=price and price[0],
                    budget=None if name == "rules" else self.budget, watch=self._tell,
                )  # fmt: skip
                self.askers[name] = stack.enter_context(asker)
            if (panel := self.project.panel) is not None:
                opened = panel.opened(
                    self.project.ledger, self.budget, watch=self._tell, before=self._before_judging
                )
                stack.enter_context(opened)
            while not self.result.stopped and (wave := self._next_wave()):
                self._work(self._within_limit(wave))
                if not self.result.stopped:
                    self._use_spare()
            self._check_facets()
        return self._close()

    def look_ahead(self) -> list[Request]:
        self.writes = False
        self.askers = {
            name: Replayed(t, self.project.known_ledger) for name, t in self.project.teachers.items()
        }
        while wave := self._next_wave():
            every = [request for work in wave for request in work.requests]
            known = self._known(every)
            if new := [request for request in every if self._asker(request).key(request) not in known]:
                return new
            try:
                self._work(wave)
            except Unanswered as judged:
                return judged.requests
            self._use_spare()
        return []

    def _before_judging(self, keys: list[str], new: int) -> int | None:
        """Questions about rows belong to the run; a bounded one sends no more of them than it may."""
        self.project.ledger.record_uses(self.project.run_id, keys)
        return None if self.limit is None else self.limit - self._sent

    def _next_wave(self) -> list[Work]:
        """What was begun goes on before anything new is begun."""
        if due := list(self.hindsight.due(self.plan.wave)):
            for regretted in due:
                self._take_back(regretted)
            self._use_spare()
        begun, self.unfinished = self.unfinished, []
        return begun + next_wave(self.plan, self.briefing, begun)

    def _known(self, requests: Sequence[Request]) -> set[str]:
        """Keys of those that have been answered."""
        return {k for name, asker in self.askers.items() for k in asker.recorded(self._of(name, requests))}

    def _asker(self, request: Request) -> Asker | Replayed:
        return self.askers[self.project.asked(request.asks)]

    def _within_limit(self, wave: list[Work]) -> list[Work]:
        """The part of a wave that sends no more than `limit` new requests in all."""
        if self.limit is None:
            return wave
        left = self.limit - self._sent
        known = self._known([request for work in wave for request in work.requests])
        for place, work in enumerate(wave):
            left -= sum(self._asker(request).key(request) not in known for request in work.requests)
            if left < 0:
                self.result.stopped = "limit"
                return wave[:place]
        return wave

    def _of(self, name: str, requests: Iterable[Request]) -> list[Request]:
        return [request for request in requests if self.project.asked(request.asks) == name]

    def _work(self, wave: list[Work]) -> None:
        keys = [self._asker(request).key(request) for work in wave for request in work.requests]
        if self.writes:
            self.project.ledger.record_uses(self.project.run_id, keys)
        try:
            for part in batched(self._items(wave), GATED_TOGETHER):
                self._gate(part)
                self._tell("")
        except LimitReached:
            self.result.stopped = "limit"
        except OutOfMoney:
            self.result.stopped = "max_cost"

    def _tell(self, note: str) -> None:
        if self.progress:
            known = self.project.price or self.project.teacher.free
            cost = self.budget.spent - self.paid_before if known else None
            self.progress(Status(self.plan.accepted, self.plan.target, self._sent, cost, note))

    @property
    def _sent(self) -> int:
        return sum(counts.sent for counts in self._counts())

    def _counts(self) -> list[Counts]:
        """What happened on the wires of teachers and judges."""
        judged = self.project.panel.counts if self.project.panel else []
        return [*(a.counts for a in self.askers.values() if isinstance(a, Asker)), *judged]

    # -- answers

    def _items(self, wave: list[Work]) -> Iterator[Item]:
        """Every candidate of the wave in key order."""
        for work, responses in self._affordable(self._answers(wave)):
            quota, came = work.order.quota, 0
            quota.requests += len(work.requests)
            quota.answered += not work.begun
            quota.pending -= work.rows if work.begun else 0
            keys = [self._asker(request).key(request) for request in work.requests]
            for place, found in enumerate(parsed(work, responses, self.seeds)):
                if isinstance(found.what, Note):
                    self.memory.settled[work.order.recipe.name][found.what.name].append(found.what.value)
                else:
                    came += 1
                    yield self._item(work, place, found, keys[found.of])
            quota.short += max(0, work.rows - came)

    def _affordable(
        self, answers: Iterator[tuple[Work, list[Response]]]
    ) -> Iterator[tuple[Work, list[Response]]]:
        """Answers until the money is spent: what was answered by then is still gated."""
        try:
            yield from answers
        except OutOfMoney:
            self.result.stopped = "max_cost"

    def _answers(self, wave: list[Work]) -> Iterator[tuple[Work, list[Response]]]:
        """Answers in the order of the wave; every teacher is asked at once."""
        every = [request for work in wave for request in work.requests]
        streams = {name: asker.answers(self._of(name, every)) for name, asker in self.askers.items()}
        for work in wave:
            yield work, [next(streams[self.project.asked(r.asks)])[1] for r in work.requests]

    def _item(self, work: Work, place: int, found: Found, key: str) -> Item:
        order, self.rank = work.order, self.rank + 1
        empty = Candidate(
            self.project.run_id, self.rank - 1, digest(key, place)[:16], key, order.recipe.name,
            order.goal.cell.name, False, None, (), self.plan.wave,
        )  # fmt: skip
        if isinstance(found.what, Unparsed):
            evidence = {"text": found.what.text[:500]}
            said = Verdict("format", "fail", found.what.code, found.what.reason, 0.0, 1.0, evidence)
            return Item(work, empty, said)
        example = found.what.turn if isinstance(found.what, FollowUp) else found.what
        if isinstance(example, Example):
            example = self._born(
                example, work, work.requests[found.of], digest(example.content_id, key, place)
            )
            # A row that is not whole yet goes on as it was said; it is mended when it is.
            whole = example if isinstance(found.what, FollowUp) else self.keeper.mend(example)
            empty = replace(empty, id=example.id, example=whole)
        return Item(work, empty, None, found.what if isinstance(found.what, FollowUp) else None)

    def _born(self, row: Example, work: Work, request: Request, name: str) -> Example:
        """A candidate with its id and its origin: what it was asked to be, and by whom it was made."""
        recipe = work.order.recipe
        teacher = self.askers[recipe.asks].teacher
        partner = (
            {"user": self.project.partner.id} if recipe.uses_partner and "partner" in self.askers else {}
        )
        source = Source(
            kind="synthetic", recipe=recipe.name, parents=request.parents, teacher=teacher.id,
            prompt_sha256=request.prompt_sha256, fold=request.fold, depth=1 + self.project.teacher_depth,
            run=self.project.run_id, cell=work.order.goal.cell.name,
            attributes={**request.attributes, **row.source.attributes, **partner},
            needs_review=recipe.group == "generate",
        )  # fmt: skip
        return replace(row, id=name[:16], source=source)

    # -- gates

    def _gate(self, part: Sequence[Item]) -> None:
        whole = [item for item in part if item.candidate.example is not None and item.more is None]
        rows = [item.candidate.example or NO_EXAMPLE for item in whole]
        placed = self.project.space.place(rows, [item.work.order.goal.cell for item in whole])
        admits = [self._admits(item, place) for item, place in zip(whole, placed, strict=True)]
        decided = self.keeper.check(rows, lambda i: admits[i]())
        decisions = {id(item): (d, p) for item, d, p in zip(whole, decided, placed, strict=True)}
        done = []
        for item in part:
            decision, place = decisions.get(id(item), (Decision(NO_EXAMPLE, ()), None))
            if item.unparsed is not None:
                decision = Decision(NO_EXAMPLE, (item.unparsed,))
            elif item.more is not None:
                decision = self._inspected(item)
                if decision.failed is None:
                    self._go_on(item.work, item.more)
                    continue
            item.work.order.quota.count(decision.failed, place)
            if decision.failed is not None and decision.failed.code == SPARE:
                self.spare.append((item, decision, place))
            else:
                done.append(self._decided(item, decision, place))
        self._save(done)

    def _use_spare(self) -> None:
        """Fill what others left open with rows that came too many, before anything more is asked for."""
        self.plan.end_wave()
        waiting, self.spare = self.spare, []
        for item, decision, place in waiting:
            room = self.briefing.has_room(decision.example)
            if place is None or not room or not self.plan.goals[place].missing:
                self.spare.append((item, decision, place))
                continue
            admit = self._admits(item, place)
            [again] = self.keeper.check([decision.example], _whichever(admit))
            item.work.order.quota.accepted += again.failed is None
            self._save([self._decided(item, again, place)])

    def _save(self, done: Sequence[Candidate]) -> None:
        """Hand candidates to the ledger; nobody waits, but what went wrong is raised."""
        if self.writes:
            self.unsaved.append(self.project.ledger.record_candidates(done))
        while self.unsaved and self.unsaved[0].done():
            self.unsaved.popleft().result()

    def _admits(self, item: Item, place: str | None) -> Callable[[], Verdict | None]:
        """Whether there is a place for a row that every gate lets pass, and nobody has rejected it before."""
        known = self.hindsight.verdict(item.candidate.id)
        return lambda: known or self.plan.admit(place, item.work.order.recipe.name)

    def _take_back(self, regretted: Regretted) -> None:
        """A row that a person has rejected since: its place is free, and the next questions may show it."""
        regretted.goal.accepted -= 1
        regretted.quota.accepted -= 1
        self.result.tally.take_back(regretted.row.id, regretted.row, regretted.verdict)
        self.memory.take_back(regretted.goal.cell.name, regretted.row, regretted.verdict)

    def _inspected(self, item: Item) -> Decision:
        """What the gates say of a row that is not whole yet."""
        example = item.candidate.example
        return Decision(NO_EXAMPLE, ()) if example is None else self.keeper.inspect(example)

    def _go_on(self, work: Work, more: FollowUp) -> None:
        work.order.quota.pending += more.rows
        self.unfinished.append(Work(work.order, more.requests, more.rows, begun=True))

    def _decided(self, item: Item, decision: Decision, place: str | None) -> Candidate:
        """A candidate with its last verdicts, remembered for later waves."""
        candidate, failed = item.candidate, decision.failed
        self.result.tally.add(candidate.id, candidate.example, decision.verdicts)
        row = candidate.example
        if row is not None and failed is not None:
            self.memory.reject(candidate.cell, row, failed)
        if row is not None and failed is None and place is not None:
            self.memory.accept(place, row)
            self.hindsight.note(self.plan.goals[place], item.work.order.quota, row)
            candidate = replace(candidate, cell=place)
        return replace(candidate, accepted=failed is None, verdicts=decision.verdicts)

    def _check_facets(self) -> None:
        """Hold rows against what they were asked to be; a bounded run asks nobody about it."""
        space, rows = self.project.space, self.memory.rows()
        self.result.facets = computed(space, rows)
        asker = self.askers.get("model")
        if isinstance(asker, Asker) and self.limit is None and not self.result.stopped:
            try:
                self.result.facets += asked(space, rows, self._answered, asker.teacher.id)
            except OutOfMoney:
                self.result.stopped = "max_cost"

    def _answered(self, requests: list[Request]) -> Iterator[tuple[Request, Response]]:
        """Answers to questions that make no candidates; they belong to the run all the same."""
        asker = self.askers["model"]
        self.project.ledger.record_uses(self.project.run_id, [asker.key(r) for r in requests])
        return asker.answers(requests)

    def _close(self) -> RunResult:
        if not self.result.stopped:  # what is spare is decided when the wave is whole
            self._save([self._decided(item, decision, place) for item, decision, place in self.spare])
        for saved in self.unsaved:
            saved.result()
        close_result(self.result, self.project, self._counts(), self.memory.load)
        return self.result


def _whichever(admit: Callable[[], Verdict | None]) -> Admit:
    return lambda _: admit()
