"""A trial of the judge before anybody has reviewed a row: seeds should pass, seeds with a fault should not.

It costs as many answers as rows are shown, and nothing the second time. Bounds are one-sided 95 %
Clopper-Pearson.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.gates.base import Batch
from seedstock.gates.relevance import RelevanceGate, RelevanceSettings
from seedstock.hearing import hearing
from seedstock.intervals import lower_bound
from seedstock.judgement import Judgement
from seedstock.judging.faults import plant
from seedstock.judging.panel import Panel
from seedstock.project import Project
from seedstock.verdict import Verdict

SHOWN = 40
"""Seeds that are shown as they are, and faulty rows of each kind, at most."""
SPECIFIC, SENSITIVE = 0.85, 0.80
"""What the lower bounds must reach: of seeds that pass, and of faulty rows of each kind that do not."""
SEEDS = "seeds"


@dataclass(frozen=True, slots=True)
class Trial:
    """Of `n` rows of a kind, `right` were judged as they should be; `wrong` are ids of others."""

    kind: str
    n: int
    right: int
    wrong: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the judge is good enough at this; `not_enough_data` where no judge could show it."""
        wanted = SPECIFIC if self.kind == SEEDS else SENSITIVE
        bound, name = round(lower_bound(self.right, self.n), 4), f"relevance.{self.kind}"
        what = "seeds pass" if self.kind == SEEDS else f"rows with the fault {self.kind} are turned away"
        reason = f"{self.right} of {self.n} {what}: at least {bound:.0%}, {wanted:.0%} wanted"
        evidence = {"wrong": list(self.wrong[:20])}
        if bound >= wanted:
            return Verdict(name, "pass", "ok", reason, bound, wanted, evidence, n=self.n)
        if lower_bound(self.n, self.n) < wanted:
            return Verdict(name, "not_enough_data", "few_rows", reason, bound, wanted, evidence, n=self.n)
        code = "turns_seeds_away" if self.kind == SEEDS else "misses_faults"
        return Verdict(name, "fail", code, reason, bound, wanted, evidence, n=self.n)


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What the judge made of seeds and of faulty rows."""

    judges: tuple[str, ...]
    trials: tuple[Trial, ...]

    @property
    def gates(self) -> list[Verdict]:
        """One result for each kind of row."""
        return [trial.verdict for trial in self.trials]

    def to_json(self) -> dict[str, Any]:
        """For `review trial --json`."""
        return {"judges": list(self.judges), "gates": [verdict.to_json() for verdict in self.gates]}


def try_judge(project: Project, max_cost: float | None = None) -> TrialResult:
    """Ask the judge about seeds, and about seeds with planted faults. InputError where nobody judges."""
    with hearing(project, max_cost) as panel:
        settings = project.config.gates.get("relevance")
        if panel is None or not isinstance(settings, RelevanceSettings):
            raise InputError("nobody judges in this project: configure a judge", path=project.config.path)
        seeds = sorted(project.seeds, key=lambda seed: digest("trial", seed.id))[:SHOWN]
        faulty = plant(project.seeds, project.config.output, SHOWN)
        kinds = [SEEDS] * len(seeds) + [one.kind for one in faulty]
        rows = [*seeds, *(one.row for one in faulty)]
        passed = [
            all(o.score is not None and o.score >= settings.min_score for o in judgement)
            for judgement in _judged(project, panel, settings, rows)
        ]
        judges = tuple(judge.id for judge in panel.judges)
    return TrialResult(judges, tuple(_trial(kind, kinds, rows, passed) for kind in dict.fromkeys(kinds)))


def _judged(
    project: Project, panel: Panel, settings: RelevanceSettings, rows: Sequence[Example]
) -> list[Judgement]:
    """Opinions, with the reference that a generated row would have: never the seed that a row is made of."""
    gate = RelevanceGate(settings, project.tools)
    return panel.judge(rows, gate.references(Batch(rows, project.tools), own=False))


def _trial(kind: str, kinds: Sequence[str], rows: Sequence[Example], passed: Sequence[bool]) -> Trial:
    every = zip(rows, kinds, passed, strict=True)
    mine = [(row.id, ok == (kind == SEEDS)) for row, of, ok in every if of == kind]
    return Trial(kind, len(mine), sum(ok for _, ok in mine), tuple(id_ for id_, ok in mine if not ok))
