"""The plan: how many accepted rows each recipe owes each cell, and how many to ask for next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seedstock.example import Example
from seedstock.exchange import Request
from seedstock.project import Project
from seedstock.recipes.base import Recipe, Wanted
from seedstock.seeds.split import apportion

TRIES_BEFORE_GIVING_UP = 20
"""Candidates after which a low yield counts as the cell's own and not as bad luck."""


@dataclass(slots=True)
class Quota:
    """What one recipe owes one cell, and how far it has come: `asked` requests for `asked_rows` candidates,
    of which `seen` have come in."""

    cell: str
    recipe: str
    target: int
    asked: int = 0
    asked_rows: int = 0
    seen: int = 0
    accepted: int = 0
    given_up: str = ""
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Accepted rows still wanted."""
        return max(0, self.target - self.accepted)

    @property
    def state(self) -> str:
        """`filled`, `open`, or `given_up: why`."""
        return "filled" if not self.missing else f"given_up: {self.given_up}" if self.given_up else "open"

    def next_rows(self, overgenerate: float, min_yield: float) -> int:
        """Candidates to ask for next: what is missing, so that a quota is never overfilled; 0 when done.

        Never more in all than `overgenerate` times the target. Sets `given_up` when that bound or the
        yield's floor is met.
        """
        if not self.missing or self.given_up:
            return 0
        if self.seen >= TRIES_BEFORE_GIVING_UP and self.accepted < min_yield * self.seen:
            self._give_up(f"{self.accepted} of {self.seen} candidates accepted, under {min_yield:.0%}")
            return 0
        left = int(overgenerate * self.target) - self.asked_rows
        if left <= 0:
            self._give_up(f"over-generated {overgenerate:g} times, {self.accepted} of {self.seen} accepted")
        return max(0, min(left, self.missing))

    def _give_up(self, why: str) -> None:
        self.given_up = why + self._why()

    def _why(self) -> str:
        return (
            "; mostly " + ", ".join(f"{r} {n}" for r, n in self.reasons.most_common(2))
            if self.reasons
            else ""
        )


def make_quotas(
    target: int, seeds: Mapping[str, Sequence[Example]], weights: Mapping[str, float]
) -> list[Quota]:
    """`target` rows over recipes by weight, and over cells in proportion to their seeds.

    Recipes in the order of `weights`, cells by name: the order in which requests are asked.
    """
    quotas = []
    for recipe, rows in apportion(target, weights).items():
        cells = apportion(rows, {cell: len(part) for cell, part in seeds.items()})
        quotas += [Quota(cell, recipe, cells[cell]) for cell in sorted(cells) if cells[cell]]
    return quotas


@dataclass(frozen=True, slots=True)
class Work:
    """One request of a wave, and whose quota it serves."""

    quota: Quota
    recipe: Recipe
    request: Request


def project_quotas(project: Project) -> list[Quota]:
    """The quotas of a project at its start."""
    weights = {name: weight for name, (_, weight) in project.recipes.items()}
    return make_quotas(project.target, project.cells, weights)


def next_wave(project: Project, quotas: Sequence[Quota]) -> list[Work]:
    """The next requests of every open quota, in key order; [] when nothing is open any more."""
    settings = project.config.plan
    wave: list[Work] = []
    for quota in quotas:
        recipe = project.recipes[quota.recipe][0]
        wanted = quota.next_rows(settings.overgenerate, settings.min_yield)
        n = -(-wanted // recipe.rows)
        ordinals = range(quota.asked, quota.asked + n)
        last = wanted - (n - 1) * recipe.rows
        asked = Wanted(project.brief, quota.cell, project.cells[quota.cell], ordinals, last)
        requests = recipe.requests(asked) if n else []
        if n and not requests:
            quota.given_up = f"{quota.recipe} finds nothing to work on in these seeds"
        wave += [Work(quota, recipe, request) for request in requests]
    return wave


def cell_report(quotas: Sequence[Quota]) -> list[dict[str, object]]:
    """Quotas summed over recipes: `{cell, target, accepted, state}`."""
    cells: dict[str, list[Quota]] = {}
    for quota in quotas:
        cells.setdefault(quota.cell, []).append(quota)
    return [
        {
            "cell": cell, "target": sum(q.target for q in part), "accepted": sum(q.accepted for q in part),
            "state": _joint_state(part),
        }
        for cell, part in sorted(cells.items())
    ]  # fmt: skip


def _joint_state(part: Sequence[Quota]) -> str:
    given_up = [f"{q.recipe}: {q.given_up}" for q in part if q.given_up and q.missing]
    if given_up:
        return "given_up: " + "; ".join(given_up)
    return "open" if any(q.missing for q in part) else "filled"
