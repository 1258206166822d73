"""Scores: recall by kind, folder and form, false alarms, precision, and exact intervals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from facts.auditing import GATE, Decisions
from facts.plants import HARMLESS, HEADLINE, Plant
from seedstock.intervals import interval


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
        return interval(self.hits, self.n)

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = self.interval()
        return f"{self.value:6.1%} [{low:.1%}, {high:.1%}] ({self.hits}/{self.n})"

    def to_json(self) -> dict[str, Any]:
        """As it stands in the JSON document."""
        low, high = self.interval()
        return {"hits": self.hits, "n": self.n, "share": self.value, "low": low, "high": high}


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
