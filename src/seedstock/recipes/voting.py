"""Several answers to one problem: which one most of them give, and how far that can be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from seedstock.answers import canonical_answer
from seedstock.intervals import lower_bound


@dataclass(frozen=True, slots=True)
class Chain:
    """One way to an answer. `of` says which of the responses it is."""

    steps: str
    answer: str
    of: int

    @property
    def key(self) -> str:
        """Equal for equal answers."""
        return canonical_answer(self.answer)


@dataclass(frozen=True, slots=True)
class Vote:
    """How one problem with a known answer was voted on: `agreed` of `asked` gave the most frequent answer."""

    asked: int
    agreed: int
    right: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """What agreement is worth: of the problems in which `agreed` chains agree, `right` of `n` were right.

    `least` is the lower end of the one-sided 95 % Clopper-Pearson interval.
    """

    agreed: int
    right: int
    n: int

    @property
    def least(self) -> float:
        """See the class."""
        return lower_bound(self.right, self.n)

    def __str__(self) -> str:
        share = f"{self.right / self.n:.0%}" if self.n else "none"
        return f"{self.agreed} agreeing: {self.right} of {self.n} right ({share}, at least {self.least:.0%})"


def most_frequent(chains: Sequence[Chain]) -> tuple[str, int]:
    """The answer that most chains give, in canonical form, and how many; ties go to the earlier."""
    counts = Counter(chain.key for chain in chains)
    return max(counts.items(), key=lambda pair: pair[1], default=("", 0))


def trusts(votes: Iterable[Any]) -> list[Trust]:
    """What each level of agreement was worth, from a bare majority up to all."""
    known = [vote for vote in votes if isinstance(vote, Vote)]
    asked = max((vote.asked for vote in known), default=0)
    found = []
    for agreed in range(asked // 2 + 1, asked + 1):
        enough = [vote for vote in known if vote.agreed >= agreed]
        found.append(Trust(agreed, sum(vote.right for vote in enough), len(enough)))
    return found


def enough_agreement(votes: Iterable[Any], min_precision: float) -> int | None:
    """The least agreement whose answers are right in at least `min_precision` of cases, as far as is known.

    Judged by the lower end of the interval: None where no level of agreement has shown that.
    """
    return next((trust.agreed for trust in trusts(votes) if trust.least >= min_precision), None)
