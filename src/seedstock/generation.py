"""The only loop: plan → recipe → ask → parse → gates → ledger, wave by wave, until the quotas are full.

A run is a function of the project and the recorded answers. It always starts at the first wave:
recorded answers are read instead of asked, and gated again in the same order. So an interrupted run,
run again, ends where an uninterrupted one ends, and a changed threshold costs no question.
"""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from seedstock.ask import Asker
from seedstock.errors import InputError
from seedstock.example import Example, Source
from seedstock.exchange import Response, digest
from seedstock.gating import Decision, Gatekeeper, batched
from seedstock.line import FAILED, OutOfMoney
from seedstock.plan import Quota, Work, cell_report, next_wave, project_quotas
from seedstock.preflight import refuse_unfit_seeds
from seedstock.project import Project
from seedstock.recipes.base import Unparsed
from seedstock.records import Candidate, Spent
from seedstock.spending import Budget
from seedstock.tally import Tally
from seedstock.verdict import Verdict
from seedstock.version import __version__

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
class RunResult:
    """What a run did. `requests` are this call's, everything else is the project's state."""

    run: str
    quotas: list[Quota]
    requests: dict[str, int]
    faults: dict[str, int]
    tally: Tally = field(default_factory=Tally)
    cost: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    stopped: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `run --json`."""
        recipes = [
            {
                "recipe": q.recipe, "cell": q.cell, "target": q.target, "accepted": q.accepted,
                "candidates": q.seen, "state": q.state,
            }
            for q in self.quotas
        ]  # fmt: skip
        out = {
            "run": self.run, "requests": self.requests, "faults": self.faults, "candidates": self.tally.rows,
            "accepted": self.tally.kept, "rejected": dict(self.tally.rejected),
            "cells": cell_report(self.quotas), "recipes": recipes, "cost": self.cost, "tokens": self.tokens,
            "findings": self.findings,
        }  # fmt: skip
        return out | ({"stopped": self.stopped} if self.stopped else {})


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
        refuse_unfit_seeds(project)
        budget = _budget(project, max_cost)
        project.freeze()
        project.ledger.record_session(
            project.run_id, __version__, json.dumps(project.config.raw, sort_keys=True)
        )
        return _Run(project, limit, budget, progress).go()


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
        self.quotas = project_quotas(project)
        self.keeper = Gatekeeper(project.config.gates, project.tools)
        self.seeds = {seed.id: seed for seed in project.seeds}
        self.rank = 0
        self.unsaved: deque[Future[None]] = deque()
        self.price = project.price[0] if project.price else None
        self.askers: dict[str, Asker] = {}
        self.result = RunResult(project.run_id, self.quotas, {}, {})

    def go(self) -> RunResult:
        with ExitStack() as stack:
            ledger = self.project.ledger
            for name, teacher in _teachers(self.project).items():
                paid = name == "model"
                price, budget = (self.price, self.budget) if paid else (None, None)
                asker = Asker(teacher, teacher.settings, ledger, price=price, budget=budget, watch=self._tell)
                self.askers[name] = stack.enter_context(asker)
            while (wave := next_wave(self.project, self.quotas)) and not self.result.stopped:
                self._work(self._within_limit(wave))
        return self._close()

    def _within_limit(self, wave: list[Work]) -> list[Work]:
        """The part of a wave that sends no more than `limit` new requests in all."""
        if self.limit is None:
            return wave
        left = self.limit - sum(asker.counts.sent for asker in self.askers.values())
        known = {key for asker in self.askers.values() for key in asker.recorded([w.request for w in wave])}
        for place, work in enumerate(wave):
            left -= self.askers[work.recipe.asks].key(work.request) not in known
            if left < 0:
                self.result.stopped = "limit"
                return wave[:place]
        return wave

    def _work(self, wave: list[Work]) -> None:
        for part in batched(self._candidates(wave), GATED_TOGETHER):
            self._gate(part)
            self._tell("")

    def _tell(self, note: str) -> None:
        if self.progress:
            sent = sum(asker.counts.sent for asker in self.askers.values())
            wanted = sum(q.target for q in self.quotas)
            cost = self.budget.spent - self.paid_before if self.price or self.project.teacher.free else None
            self.progress(Status(self.result.tally.kept, wanted, sent, cost, note))

    def _candidates(self, wave: list[Work]) -> Iterator[tuple[Work, Candidate, Verdict | None]]:
        """Every candidate of the wave in key order, and the verdict on what cannot be parsed."""
        for work, response in self._affordable(self._answers(wave)):
            work.quota.asked += 1
            work.quota.asked_rows += work.request.rows
            for place, found in enumerate(_parse(work, response, self.seeds)):
                work.quota.seen += 1
                yield self._candidate(work, place, found)
                self.rank += 1

    def _affordable(self, answers: Iterator[tuple[Work, Response]]) -> Iterator[tuple[Work, Response]]:
        """Answers until the money is spent: what was answered by then is still gated."""
        try:
            yield from answers
        except OutOfMoney:
            self.result.stopped = "max_cost"

    def _answers(self, wave: list[Work]) -> Iterator[tuple[Work, Response]]:
        """Answers in the order of the wave; every teacher is asked at once."""
        streams = {
            name: asker.answers([w.request for w in wave if w.recipe.asks == name])
            for name, asker in self.askers.items()
        }
        for work in wave:
            yield work, next(streams[work.recipe.asks])[1]

    def _candidate(
        self, work: Work, place: int, found: Example | Unparsed
    ) -> tuple[Work, Candidate, Verdict | None]:
        asker = self.askers[work.recipe.asks]
        key = asker.key(work.request)
        empty = Candidate(
            self.project.run_id, self.rank, digest(key, place)[:16], key, work.recipe.name, work.quota.cell,
            False, None, (),
        )  # fmt: skip
        if isinstance(found, Unparsed):
            evidence = {"text": found.text[:500]}
            return work, empty, Verdict("format", "fail", found.code, found.reason, 0.0, 1.0, evidence)
        source = Source(
            kind="synthetic", recipe=work.recipe.name, parents=work.request.parents, teacher=asker.teacher.id,
            prompt_sha256=work.request.prompt_sha256, fold=work.request.fold, depth=1,
            run=self.project.run_id,
        )  # fmt: skip
        example = replace(found, id=digest(found.content_id, key, place)[:16], source=source)
        return work, replace(empty, id=example.id, example=example), None

    def _gate(self, part: Sequence[tuple[Work, Candidate, Verdict | None]]) -> None:
        decisions = iter(self.keeper.check([c.example for _, c, _ in part if c.example is not None]))
        rows = []
        for work, candidate, unparsed in part:
            decision = next(decisions) if unparsed is None else Decision(NO_EXAMPLE, (unparsed,))
            self._count(work.quota, candidate, decision)
            rows.append(replace(candidate, accepted=decision.failed is None, verdicts=decision.verdicts))
        self.unsaved.append(self.project.ledger.record_candidates(rows))
        while self.unsaved and self.unsaved[0].done():
            self.unsaved.popleft().result()

    def _count(self, quota: Quota, candidate: Candidate, decision: Decision) -> None:
        failed = self.result.tally.add(candidate.id, candidate.example, decision.verdicts)
        if failed is None:
            quota.accepted += 1
        else:
            quota.reasons[f"{failed.gate}: {failed.code}"] += 1

    def _close(self) -> RunResult:
        for saved in self.unsaved:
            saved.result()
        counts = [asker.counts for asker in self.askers.values()]
        self.result.requests = {k: sum(c.to_json()[k] for c in counts) for k in counts[0].to_json()}
        self.result.faults = dict(sum((c.faults for c in counts), Counter[str]()))
        self.result.findings = dict(self.project.teacher.findings)
        spent = self.project.ledger.spending(self.project.run_id)
        self.result.tokens = _tokens(spent.values())
        self.result.cost = _cost(self.project, spent, self.quotas)
        return self.result


def _parse(work: Work, response: Response, seeds: dict[str, Example]) -> Iterable[Example | Unparsed]:
    if response.finish_reason.startswith(FAILED):
        tries = f"no answer after all tries, the last: {response.finish_reason.removeprefix(FAILED)}"
        return [Unparsed("no_answer", tries, "")]
    return work.recipe.parse(work.request, response, seeds)


def _teachers(project: Project) -> dict[str, Any]:
    """Who answers: the rules for recipes that ask rules, the configured teacher for the others."""
    wanted = {recipe.asks for recipe, _ in project.recipes.values()}
    return {name: project.rules if name == "rules" else project.teacher for name in sorted(wanted)}


def _budget(project: Project, max_cost: float | None) -> Budget:
    """The bound on what this project's answers may cost, those of earlier calls included."""
    price, teacher = project.price, project.teacher
    if max_cost is not None and not (math.isfinite(max_cost) and max_cost >= 0):
        raise InputError(f"--max-cost {max_cost}: an amount of money is wanted")
    if max_cost is None or teacher.free:
        return Budget(spent=project.ledger.paid())
    if price is None:
        raise InputError(
            f"--max-cost needs a price, and that of {teacher.id} is unknown; give it in the config:"
            " teacher: {price: {input: …, output: …}} per million tokens"
        )
    longest = getattr(project.config.teacher, "max_tokens", 0)
    budget = Budget(max_cost, project.ledger.paid(), price[0], longest)
    budget.charge_unknown(*project.ledger.unpriced())
    return budget


def _tokens(spent: Iterable[Spent]) -> dict[str, Any]:
    """Tokens of the recorded answers, as servers counted them, and the share read from a prefix cache."""
    parts = list(spent)
    told = [part.cached_tokens for part in parts if part.cached_tokens is not None]
    prompt, cached = sum(p.prompt_tokens for p in parts), sum(told) if told else None
    share = None if cached is None or not prompt else round(cached / prompt, 4)
    answer = sum(p.completion_tokens for p in parts)
    return {"in": prompt, "out": answer, "cached": cached, "cached_share": share}


def _cost(project: Project, spent: dict[str, Spent], quotas: Sequence[Quota]) -> dict[str, Any]:
    """What the answers behind this run cost, in all and by recipe; null where a price or count is unknown."""
    price = project.price
    accepted = Counter[str]()
    for quota in quotas:
        accepted[quota.recipe] += quota.accepted
    recipes = [
        {"recipe": name, "accepted": accepted[name], **_per_row([spent.get(name, Spent())], accepted[name])}
        for name in accepted
    ]
    return {
        **_per_row(spent.values(), accepted.total()), "currency": price[0].currency if price else "USD",
        "price": price and price[1], "paid": round(project.ledger.paid(), 6), "recipes": recipes,
    }  # fmt: skip


def _per_row(spent: Iterable[Spent], accepted: int) -> dict[str, float | None]:
    parts = list(spent)
    if any(part.unknown for part in parts):
        return {"total": None, "per_accepted": None}
    total = sum(part.cost for part in parts)
    return {"total": round(total, 6), "per_accepted": round(total / accepted, 6) if accepted else None}
