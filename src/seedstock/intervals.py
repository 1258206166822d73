"""Exact intervals for shares."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95


def upper_bound(x: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Upper end of the one-sided Clopper-Pearson interval for x of n: so few would be rare above it.

    The p with P(X <= x) = 1 - confidence for X ~ Binomial(n, p); 1 where x = n or n = 0.
    """
    if n == 0 or x >= n:
        return 1.0
    return _root(lambda p: binomial_cdf(x, n, p) - (1 - confidence))


def lower_bound(x: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Lower end of the one-sided Clopper-Pearson interval for x of n; 0 where x = 0 or n = 0."""
    return 1 - upper_bound(n - x, n, confidence) if n else 0.0


def interval(x: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The two-sided Clopper-Pearson interval for x of n."""
    one_sided = (1 + confidence) / 2
    return lower_bound(x, n, one_sided), upper_bound(x, n, one_sided)


def binomial_cdf(x: int, n: int, p: float) -> float:
    """P(X <= x) for X ~ Binomial(n, p), summed in logarithms."""
    if p <= 0 or p >= 1:
        return 1.0 if p <= 0 or x >= n else 0.0
    start = math.lgamma(n + 1)
    log_p, log_q = math.log(p), math.log1p(-p)
    terms = (
        math.exp(start - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_p + (n - k) * log_q)
        for k in range(x + 1)
    )
    return min(1.0, math.fsum(terms))


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function on [0, 1] crosses 0, to 1e-12."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
