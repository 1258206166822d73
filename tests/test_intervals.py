"""Exact intervals: against the equations that define them, figures known by hand, and simulated coverage."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.intervals import CONFIDENCE, binomial_cdf, interval, lower_bound, upper_bound

counts = st.integers(1, 150).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
confidences = st.floats(0.5, 0.999)


def exact_cdf(x: int, n: int, p: Fraction) -> Fraction:
    """P(X <= x), without rounding."""
    return sum((math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(x + 1)), Fraction(0))


def test_without_a_defect_the_bound_has_a_closed_form() -> None:
    assert upper_bound(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59), abs=1e-9)
    assert upper_bound(0, 59) == pytest.approx(0.0495076, abs=1e-7)
    assert upper_bound(0, 59) <= 0.05 < upper_bound(0, 58), "59 rows without a defect show at most 5 %"


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (1, 10, 0.002528579, 0.445016117), (5, 10, 0.187086028, 0.812913972),
        (0, 10, 0.0, 0.308497153), (10, 10, 0.691502847, 1.0), (4, 100, 0.011004495, 0.099257163),
    ],
)  # fmt: skip
def test_two_sided_intervals_of_the_tables(x: int, n: int, low: float, high: float) -> None:
    assert interval(x, n) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize("n", [30, 60, 150, 600, 3000])
def test_the_rule_of_three(n: int) -> None:
    assert upper_bound(0, n) == pytest.approx(3 / n, rel=0.06)
    assert upper_bound(0, n) < 3 / n


@given(counts, confidences)
def test_the_bound_solves_its_equation(given_counts: tuple[int, int], confidence: float) -> None:
    x, n = given_counts
    bound = upper_bound(x, n, confidence)
    if x == n:
        assert bound == 1
    else:
        assert binomial_cdf(x, n, bound) == pytest.approx(1 - confidence, rel=1e-6)
        assert bound > x / n or confidence < 0.75


@given(counts, confidences)
def test_both_ends_mirror_each_other(given_counts: tuple[int, int], confidence: float) -> None:
    x, n = given_counts
    assert lower_bound(x, n, confidence) == pytest.approx(1 - upper_bound(n - x, n, confidence), abs=1e-12)
    low, high = interval(x, n, confidence)
    mirrored = interval(n - x, n, confidence)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)
    assert 0 <= low <= x / n <= high <= 1
    assert low <= lower_bound(x, n, confidence)
    assert high >= upper_bound(x, n, confidence)


@given(counts, confidences)
def test_more_defects_fewer_rows_and_more_confidence_raise_the_bound(
    given_counts: tuple[int, int], confidence: float
) -> None:
    x, n = given_counts
    bound = upper_bound(x, n, confidence)
    if x < n:
        assert upper_bound(x + 1, n, confidence) > bound
    assert upper_bound(x, n + 1, confidence) < bound or bound == upper_bound(x, n + 1, confidence) == 1
    assert upper_bound(x, n, (1 + confidence) / 2) >= bound
    assert lower_bound(x, n, (1 + confidence) / 2) <= lower_bound(x, n, confidence)


def test_nothing_seen_says_nothing() -> None:
    assert (upper_bound(0, 0), lower_bound(0, 0)) == (1, 0)
    assert interval(0, 0) == (0, 1)
    assert interval(7, 7)[1] == 1
    assert interval(0, 7)[0] == 0


@given(st.integers(0, 30), st.integers(0, 30), st.fractions(0, 1, max_denominator=60))
def test_the_binomial_is_summed_as_by_hand(x: int, more: int, p: Fraction) -> None:
    n = x + more
    assert binomial_cdf(x, n, float(p)) == pytest.approx(float(exact_cdf(x, n, p)), abs=1e-9)


def test_large_sets_are_summed_without_overflow() -> None:
    assert binomial_cdf(10_000, 20_000, 0.5) == pytest.approx(0.502821, abs=1e-5)
    assert 0.0092 < lower_bound(110, 10_000) < 0.011 < upper_bound(110, 10_000) < 0.0130


@pytest.mark.parametrize("p", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("n", [59, 150])
def test_the_bound_holds_in_at_least_as_many_samples_as_it_says(p: float, n: int) -> None:
    chance, samples = random.Random(1), 600
    bounds = {x: upper_bound(x, n) for x in range(n + 1)}
    drawn = (sum(chance.random() < p for _ in range(n)) for _ in range(samples))
    held = sum(bounds[x] >= p for x in drawn) / samples
    assert held >= CONFIDENCE - 2.5 * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / samples)
