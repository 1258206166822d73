"""What is owed to a cell, and how far each recipe has come with its part of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from seedstock.cell import Cell
from seedstock.recipes.base import Recipe
from seedstock.verdict import Verdict

ASSUMED_YIELD = 0.85
"""Share of candidates that passes, before any has been seen; as many as `PRIOR_ROWS` candidates weigh."""
PRIOR_ROWS = 6

TRIES_BEFORE_GIVING_UP, ANSWERS_BEFORE_GIVING_UP = 20, 10
"""Candidates, and answers, after which a low yield is no bad luck: an answer fails as a whole."""

PLAN = "plan"
"""The gate in whose name rows are turned away that no cell needs."""
SPARE, NO_CELL = "cell_full", "no_cell"


@dataclass(frozen=True, slots=True)
class Record:
    """How candidates fared: of the `due` ones, out of so many `answers`, so many were `good`."""

    due: int = 0
    good: int = 0
    answers: int = 0

    def __add__(self, other: Record) -> Record:
        """Both together."""
        return Record(self.due + other.due, self.good + other.good, self.answers + other.answers)

    @property
    def tried(self) -> bool:
        """Whether there were enough to judge by."""
        return self.due >= TRIES_BEFORE_GIVING_UP and self.answers >= ANSWERS_BEFORE_GIVING_UP

    @property
    def usual_yield(self) -> float:
        """Share of candidates that passes, drawn towards what is assumed as long as little is known."""
        return (self.good + PRIOR_ROWS * ASSUMED_YIELD) / (self.due + PRIOR_ROWS)


@dataclass(slots=True)
class Quota:
    """One recipe in one cell: `target` rows planned at first, and how far it has come.

    `asked` questions for `asked_rows` candidates, of which `pending` need more answers; `answered` are those
    whose answers are there, in so many `requests`. Of the `seen` candidates `good` passed every gate and
    belong to the cell, and `accepted` found room in some cell; `short` is how many were asked for and did
    not come.
    """

    cell: str
    recipe: str
    target: int = 0
    weight: float = 0.0
    asked: int = 0
    asked_rows: int = 0
    answered: int = 0
    requests: int = 0
    short: int = 0
    pending: int = 0
    seen: int = 0
    good: int = 0
    accepted: int = 0
    given_up: str = ""
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def due(self) -> int:
        """Candidates that the answers so far should have held."""
        return self.seen + self.short

    @property
    def record(self) -> Record:
        """How its candidates fared."""
        return Record(self.due, self.good, self.requests)

    def expected_yield(self, usual: float) -> float:
        """Share of what is asked for that will pass: as seen here, drawn towards what is usual."""
        return max(0.1, (self.good + PRIOR_ROWS * usual) / (self.due + PRIOR_ROWS))

    def count(self, failed: Verdict | None, place: str | None) -> None:
        """A candidate: what rejected it, if anything, and the cell that it belongs to."""
        passed = failed is None or failed.gate == PLAN
        self.seen += 1
        self.good += passed and place == self.cell
        self.accepted += failed is None
        if passed and place != self.cell:
            self.reasons[f"{PLAN}: other_cell"] += 1
        elif failed is not None and not passed:
            self.reasons[f"{failed.gate}: {failed.code}"] += 1

    def give_up(self, why: str) -> None:
        """Ask nothing more, and say why, with the reasons of the rejected."""
        most = ", ".join(f"{reason} {n}" for reason, n in self.reasons.most_common(2))
        self.given_up = why + (f"; mostly {most}" if most else "")


@dataclass(slots=True)
class Goal:
    """A cell with its quota, and its recipes' parts of it by name."""

    cell: Cell
    target: int
    accepted: int = 0
    given_up: str = ""
    quotas: dict[str, Quota] = field(default_factory=dict)
    reserved: Counter[str] = field(default_factory=Counter)
    """Rows by recipe that are still to come in this wave."""

    @property
    def missing(self) -> int:
        """Accepted rows still wanted."""
        return max(0, self.target - self.accepted)

    @property
    def pending(self) -> int:
        """Candidates that have been begun."""
        return sum(quota.pending for quota in self.quotas.values())

    @property
    def asked_rows(self) -> int:
        """Candidates asked for, by all recipes."""
        return sum(quota.asked_rows for quota in self.quotas.values())

    @property
    def state(self) -> str:
        """`filled`, `open`, or `given_up: why`."""
        return "filled" if not self.missing else f"given_up: {self.given_up}" if self.given_up else "open"


@dataclass(frozen=True, slots=True)
class Order:
    """What one recipe is to be asked for one cell in a wave: candidates wanted, question by question."""

    goal: Goal
    quota: Quota
    recipe: Recipe
    rows: tuple[int, ...]
