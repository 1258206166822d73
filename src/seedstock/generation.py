"""The only loop: plan → recipe → ask → parse → gates → ledger, wave by wave, until the quotas are full.

A run is a function of the project and the recorded answers. It always starts at the first wave:
recorded answers are read instead of asked, and gated again in the same order. So an interrupted run,
run again, ends where an uninterrupted one ends, and a changed threshold costs no question.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from seedstock.ask import FAILED, Asker
from seedstock.example import Example, Source
from seedstock.exchange import Response, digest
from seedstock.gating import Decision, Gatekeeper, batched
from seedstock.ledger import Candidate
from seedstock.plan import Quota, Work, cell_report, next_wave, project_quotas
from seedstock.preflight import refuse_unfit_seeds
from seedstock.project import Project
from seedstock.recipes.base import Unparsed
from seedstock.tally import Tally
from seedstock.verdict import Verdict
from seedstock.version import __version__

NO_EXAMPLE = Example("", "", None)
GATED_TOGETHER = 32
"""Candidates per step: few, so that a slow teacher's rows are gated, recorded and shown as they come."""

Progress = Callable[[int, int, int], None]
"""Called with accepted rows, rows wanted, and requests sent so far."""


@dataclass(slots=True)
class RunResult:
    """What a run did. `requests` are this call's, everything else is the project's state."""

    run: str
    quotas: list[Quota]
    requests: dict[str, int]
    faults: dict[str, int]
    tally: Tally = field(default_factory=Tally)
    cost: dict[str, Any] = field(default_factory=dict)
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
            "cells": cell_report(self.quotas), "recipes": recipes, "cost": self.cost,
        }  # fmt: skip
        return out | ({"stopped": self.stopped} if self.stopped else {})


def run(project: Project, *, limit: int | None = None, progress: Progress | None = None) -> RunResult:
    """Generate until every quota is full or given up; run again to resume.

    `limit` bounds the requests sent in this call. Raises Refused (too few seeds, a changed holdout),
    TeacherError (what was answered is kept).
    """
    with project.locked():
        refuse_unfit_seeds(project)
        project.freeze()
        project.ledger.record_session(
            project.run_id, __version__, json.dumps(project.config.raw, sort_keys=True)
        )
        return _Run(project, limit, progress).go()


class _Run:
    """One call of `run`: the state that the loop carries."""

    def __init__(self, project: Project, limit: int | None, progress: Progress | None) -> None:
        self.project = project
        self.limit = limit
        self.progress = progress
        self.quotas = project_quotas(project)
        self.keeper = Gatekeeper(project.config.gates, project.tools)
        self.seeds = {seed.id: seed for seed in project.seeds}
        self.rank = 0
        self.askers: dict[str, Asker] = {}
        self.result = RunResult(project.run_id, self.quotas, {}, {})

    def go(self) -> RunResult:
        with ExitStack() as stack:
            ledger = self.project.ledger
            for name, teacher in _teachers(self.project).items():
                self.askers[name] = stack.enter_context(Asker(teacher, teacher.settings, ledger))
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
            if self.progress:
                sent = sum(asker.counts.sent for asker in self.askers.values())
                self.progress(self.result.tally.kept, sum(q.target for q in self.quotas), sent)

    def _candidates(self, wave: list[Work]) -> Iterator[tuple[Work, Candidate, Verdict | None]]:
        """Every candidate of the wave in key order, and the verdict on what cannot be parsed."""
        for work, response in self._answers(wave):
            work.quota.asked += 1
            work.quota.asked_rows += work.request.rows
            for place, found in enumerate(_parse(work, response, self.seeds)):
                work.quota.seen += 1
                yield self._candidate(work, place, found)
                self.rank += 1

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
        self.project.ledger.record_candidates(rows)

    def _count(self, quota: Quota, candidate: Candidate, decision: Decision) -> None:
        failed = self.result.tally.add(candidate.id, candidate.example, decision.verdicts)
        if failed is None:
            quota.accepted += 1
        else:
            quota.reasons[f"{failed.gate}: {failed.code}"] += 1

    def _close(self) -> RunResult:
        counts = [asker.counts for asker in self.askers.values()]
        self.result.requests = {k: sum(c.to_json()[k] for c in counts) for k in counts[0].to_json()}
        self.result.faults = dict(sum((Counter(c.faults) for c in counts), Counter[str]()))
        self.result.cost = _cost(self.project, self.result.tally.kept)
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


def _cost(project: Project, accepted: int) -> dict[str, Any]:
    """What the recorded answers behind this run cost; null where a price or a token count is unknown."""
    _, unknown, total = project.ledger.cost(project.run_id)
    price = project.config.teacher.price
    known = None if unknown else round(total, 6)
    per_row = round(total / accepted, 6) if accepted and known is not None else None
    return {"total": known, "per_accepted": per_row, "currency": price.currency if price else "USD"}
