"""How far a judge can be trusted: its verdicts beside those of people. Pure functions of plain sequences.

Sources of the formulas stand with them. Intervals are two-sided at 95 % unless a name says otherwise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from seedstock.intervals import interval, lower_bound

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""
ENOUGH = 100
"""Reviews from which on agreement is a figure and no anecdote (methods.md, 2.5)."""
HALF_WIDTH = 0.15
"""How near the true kappa lies to the measured one when the reviews are enough."""
GATE = 0.6
"""Kappa from which a judge may be relied on, beside people's reviews."""
PRECISE = 0.95
"""Share of the rows that a threshold keeps which must be right; the lower bound must reach it (policy 8)."""
BIASED = 0.3
"""Rank correlation of score and length from which on length decides too much."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two raters on the same `n` rows: share of equal verdicts, Cohen's kappa with interval, Gwet's AC1.

    `kappa` is None where both say the same of every row, or one sees none: then there is nothing to correct.
    """

    n: int
    observed: float
    kappa: float | None
    low: float
    high: float
    ac1: float | None

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "n": self.n, "agreement": _rounded(self.observed), "kappa": _rounded(self.kappa),
            "interval": [_rounded(self.low), _rounded(self.high)], "ac1": _rounded(self.ac1),
        }  # fmt: skip


def agreement(one: Sequence[Hashable], other: Sequence[Hashable]) -> Agreement:
    """How far two raters agree beyond chance.

    kappa = (po - pe) / (1 - pe) (Cohen 1960), with the large-sample standard error of Fleiss, Cohen and
    Everitt (1969); AC1 with pe = sum of q(1 - q) / (K - 1) (Gwet 2008), which holds where nearly all
    rows pass and kappa collapses. Where no row is disputed that error is 0, and the interval is the exact one
    of the observed agreement, put through the same formula.
    """
    n = len(one)
    if n == 0:
        return Agreement(0, 0.0, None, -1.0, 1.0, None)
    first, second, both = Counter(one), Counter(other), Counter(zip(one, other, strict=True))
    kinds = sorted(first.keys() | second.keys(), key=str)
    po = sum(both[k, k] for k in kinds) / n
    pe = sum(first[k] * second[k] for k in kinds) / n**2
    ac1 = _ac1(po, [(first[k] + second[k]) / (2 * n) for k in kinds])
    if pe == 1:
        return Agreement(n, po, None, -1.0, 1.0, ac1)
    kappa = (po - pe) / (1 - pe)
    error = _error(first, second, both, kinds, n)
    low, high = kappa - Z * error, kappa + Z * error
    if error < 1e-9:
        low, high = ((share - pe) / (1 - pe) for share in interval(round(po * n), n))
    return Agreement(n, po, kappa, max(-1.0, low), min(1.0, high), ac1)


def _ac1(po: float, shares: Sequence[float]) -> float | None:
    if len(shares) < 2:
        return None
    pe = sum(q * (1 - q) for q in shares) / (len(shares) - 1)
    return (po - pe) / (1 - pe)


def _error(
    first: Counter[Hashable], second: Counter[Hashable], both: Counter[tuple[Hashable, Hashable]],
    kinds: Sequence[Hashable], n: int,
) -> float:  # fmt: skip
    """Standard error of kappa where it is not 0 (Fleiss, Cohen and Everitt 1969, formula 13)."""
    row, col = {k: first[k] / n for k in kinds}, {k: second[k] / n for k in kinds}
    po = sum(both[k, k] for k in kinds) / n
    pe = sum(row[k] * col[k] for k in kinds)
    kappa = (po - pe) / (1 - pe)
    a = sum(both[k, k] / n * (1 - (row[k] + col[k]) * (1 - kappa)) ** 2 for k in kinds)
    b = (1 - kappa) ** 2 * sum(
        both[i, j] / n * (col[i] + row[j]) ** 2 for i in kinds for j in kinds if i != j
    )
    c = (kappa - pe * (1 - kappa)) ** 2
    return math.sqrt(max(0.0, a + b - c) / n) / (1 - pe)


def resampled(
    one: Sequence[Hashable], other: Sequence[Hashable], groups: Sequence[Hashable], times: int = 2000
) -> tuple[float, float]:
    """A 95 % interval of kappa where rows come in groups (one prompt, one seed): groups are drawn, not rows.

    Percentile bootstrap with a fixed seed. The closed form is too narrow there.
    """
    import numpy as np

    kinds = {kind: i for i, kind in enumerate(sorted({*one, *other}, key=str))}
    names = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    tables = np.zeros((len(names), len(kinds), len(kinds)))
    for a, b, group in zip(one, other, groups, strict=True):
        tables[names[group], kinds[a], kinds[b]] += 1
    draws = np.random.default_rng(0).integers(len(names), size=(times, len(names)))
    found = []
    for draw in draws:
        table = tables[draw].sum(axis=0)
        n = table.sum()
        po, pe = np.trace(table) / n, (table.sum(axis=0) @ table.sum(axis=1)) / n**2
        if pe < 1:
            found.append((po - pe) / (1 - pe))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Point:
    """What one threshold would do: of the rows that reach it, how many people accept, and of those they
    accept, how many reach it."""

    threshold: float
    kept: int
    kept_good: int
    good: int

    @property
    def precise(self) -> float:
        """The one-sided 95 % lower bound of the precision."""
        return lower_bound(self.kept_good, self.kept)

    def to_json(self) -> dict[str, Any]:
        """With exact (Clopper-Pearson) intervals."""
        return {
            "threshold": self.threshold, "kept": self.kept,
            "precision": share_json(self.kept_good, self.kept),
            "recall": share_json(self.kept_good, self.good),
        }  # fmt: skip


def thresholds(scores: Sequence[float], good: Sequence[bool]) -> list[Point]:
    """Every score that was given as a threshold, lowest first."""
    pairs = list(zip(scores, good, strict=True))
    return [
        Point(level, len(kept), sum(kept), sum(good))
        for level in sorted(set(scores))
        for kept in [[ok for score, ok in pairs if score >= level]]
    ]


def choose(points: Sequence[Point], precise: float = PRECISE) -> Point | None:
    """The lowest threshold whose precision is shown to reach `precise`; None where none is."""
    return next((point for point in points if point.precise >= precise), None)


def still_needed(agreed: Agreement) -> int:
    """Reviews still wanted: until there are 100, and kappa's interval is 0.15 to both sides."""
    width = (agreed.high - agreed.low) / 2
    wanted = ENOUGH if agreed.kappa is None else math.ceil(agreed.n * (width / HALF_WIDTH) ** 2)
    return max(0, max(ENOUGH, wanted) - agreed.n)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float] | None:
    """Spearman's rho with ties, and its interval; None for fewer than four pairs or a constant side.

    By Fisher's z with the error sqrt((1 + rho² / 2) / (n - 3)) (Bonett and Wright 2000).
    """
    n = len(one)
    if n < 4 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    a, b = _ranks(one), _ranks(other)
    middle = (n + 1) / 2
    top = sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    size = math.sqrt(sum((x - middle) ** 2 for x in a) * sum((y - middle) ** 2 for y in b))
    rho = max(-1.0, min(1.0, top / size))
    if abs(rho) == 1:
        return rho, rho, rho
    error = Z * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return rho, math.tanh(math.atanh(rho) - error), math.tanh(math.atanh(rho) + error)


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for i in order[start:end]:
            ranks[i] = (start + end + 1) / 2
        start = end
    return ranks


@dataclass(frozen=True, slots=True)
class Leaning:
    """How far a pairwise judge prefers what stands first, beside people who saw the same pairs.

    `judge` and `people` are shares of the `n` pairs, decided by both, in which the first one won; the
    interval is that of their difference.
    """

    n: int
    judge: float
    people: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Above 0 the judge leans to the first place."""
        return self.judge - self.people


def leaning(judge: Sequence[bool], people: Sequence[bool]) -> Leaning:
    """Position bias where each pair was shown in one order only: True where the first one won.

    Difference of paired shares with the interval of Agresti and Min (2005): half a pair more in each of
    the four cells. It shows a lean only against what people prefer in the same order.
    """
    n = len(judge)
    more = sum(a and not b for a, b in zip(judge, people, strict=True))
    less = sum(b and not a for a, b in zip(judge, people, strict=True))
    b, c, whole = more + 0.5, less + 0.5, n + 2.0
    difference = (b - c) / whole
    error = Z * math.sqrt(b + c - (b - c) ** 2 / whole) / whole
    return Leaning(n, sum(judge) / n, sum(people) / n, difference - error, difference + error)


def share_json(x: int, n: int) -> dict[str, Any]:
    """x of n with its exact interval; nulls where n is 0."""
    if not n:
        return {"share": None, "n": 0, "interval": None}
    low, high = interval(x, n)
    return {"share": _rounded(x / n), "n": n, "interval": [_rounded(low), _rounded(high)]}


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
