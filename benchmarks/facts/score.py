"""Scores: recall by kind, folder and form, false alarms, precision, and exact intervals."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from facts.auditing import GATE, Decisions
from facts.plants import HARMLESS, HEADLINE, Plant


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`, with its exact 95 % interval."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share; 0 where there is nothing."""
        return self.hits / self.n if self.n else 0.0

    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's bounds at 95 %."""
        return clopper_pearson(self.hits, self.n)

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = self.interval()
        return f"{self.value:6.1%} [{low:.1%}, {high:.1%}] ({self.hits}/{self.n})"

    def to_json(self) -> dict[str, Any]:
        """As it stands in the JSON document."""
        low, high = self.interval()
        return {"hits": self.hits, "n": self.n, "share": self.value, "low": low, "high": high}


def at_least(k: int, n: int, p: float) -> float:
    """The probability of `k` or more hits in `n` tries of probability `p`."""
    if k <= 0 or p >= 1:
        return 1.0
    if p <= 0:
        return 0.0
    logs = (
        math.lgamma(n + 1)
        - math.lgamma(i + 1)
        - math.lgamma(n - i + 1)
        + i * math.log(p)
        + (n - i) * math.log1p(-p)
        for i in range(k, n + 1)
    )
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def clopper_pearson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share of `k` in `n`, by bisection on the tails."""
    if not n:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else _where(lambda p: at_least(k, n, p), tail)
    high = 1.0 if k == n else _where(lambda p: at_least(k + 1, n, p), 1 - tail)
    return low, high


def _where(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of a probability meets its target."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Scored:
    """All plants of a run and what the gate said."""

    plants: list[Plant]
    decisions: Decisions

    def rejected(self, plant: Plant) -> bool:
        """Whether the facts gate, and no other, turned it away."""
        found = self.decisions.get(plant.id)
        return found is not None and found.gate.split(".")[0] == GATE

    def share(self, plants: Iterable[Plant]) -> Share:
        """How many of these were rejected."""
        chosen = list(plants)
        return Share(sum(map(self.rejected, chosen)), len(chosen))

    def of(self, kind: str, folder: str | None = None) -> list[Plant]:
        """The plants of a kind, of one folder or all."""
        return [p for p in self.plants if p.kind == kind and folder in (None, p.folder)]

    def headline(self) -> list[Plant]:
        """The harmed rows whose recall is the headline."""
        return [plant for plant in self.plants if plant.kind in HEADLINE]

    def others(self) -> Counter[str]:
        """Rejections by other gates: they count as kept."""
        gates = (found.gate for found in self.decisions.values())
        return Counter(gate for gate in gates if gate.split(".")[0] != GATE)

    def codes(self, kind: str) -> Counter[str]:
        """What the gate called the plants of a kind that it rejected."""
        return Counter(self.decisions[p.id].code for p in self.of(kind) if self.rejected(p))

    def drawn(self, seed: int) -> list[Plant]:
        """In every folder as many harmless rows as harmed ones of the headline, or all there are."""
        harmed = Counter(plant.folder for plant in self.headline())
        rng, out = Random(f"drawn {seed}"), []
        for folder, count in harmed.items():
            harmless = self.of(HARMLESS, folder)
            out += rng.sample(harmless, min(count, len(harmless)))
        return out

    def precision(self, seed: int) -> Share:
        """TP / (TP + FP) over the headline's harmed rows and as many harmless ones."""
        right = self.share(self.headline()).hits
        return Share(right, right + self.share(self.drawn(seed)).hits)

    def forms(self, kind: str) -> dict[str, Share]:
        """The shares of a kind's forms, the largest form first."""
        groups: dict[str, list[Plant]] = defaultdict(list)
        for plant in self.of(kind):
            groups[plant.form].append(plant)
        ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
        return {form: self.share(group) for form, group in ordered}
