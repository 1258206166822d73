"""calibration: a judge's verdicts beside people's, by formulas that others have checked."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.intervals import interval
from seedstock.judging.calibration import (
    ENOUGH,
    Agreement,
    agreement,
    choose,
    leaning,
    rank_correlation,
    resampled,
    still_needed,
    thresholds,
)


def raters(n: int, equal: float, kinds: int = 3, seed: int = 1) -> tuple[list[int], list[int]]:
    chance = random.Random(seed)
    one = [chance.randrange(kinds) for _ in range(n)]
    return one, [a if chance.random() < equal else chance.randrange(kinds) for a in one]


def test_kappa_of_a_known_table() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: po 0.7, pe 0.5, kappa 0.4; the error by hand."""
    one = ["y"] * 25 + ["n"] * 25
    other = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    found = agreement(one, other)
    assert found.observed == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    # Fleiss, Cohen and Everitt (1969): A + B - C with the shares of this table
    a = 0.4 * (1 - 1.1 * 0.6) ** 2 + 0.3 * (1 - 0.9 * 0.6) ** 2
    b = 0.36 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.4 + 0.5) ** 2)
    c = (0.4 - 0.5 * 0.6) ** 2
    assert found.high - found.low == pytest.approx(2 * 1.959964 * math.sqrt((a + b - c) / 50) / 0.5, rel=1e-5)
    assert found.ac1 == pytest.approx((0.7 - 2 * 0.55 * 0.45) / (1 - 2 * 0.55 * 0.45))


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(2, 4))
def test_kappa_is_sklearns(seed: int, equal: float, kinds: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    one, other = raters(40, equal, kinds, seed)
    found = agreement(one, other)
    if len({*one, *other}) > 1:
        assert found.kappa == pytest.approx(metrics.cohen_kappa_score(one, other))
        assert found.low <= found.kappa <= found.high


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Of 400 samples from raters whose kappa is known, 95 % of the intervals hold it."""
    true = 0.6  # equal with probability 0.6, else independent and uniform
    held = sum(
        found.low <= true <= found.high
        for seed in range(400)
        for found in [agreement(*raters(200, 0.6, 2, seed))]
    )
    assert 0.92 <= held / 400 <= 0.98


def test_resampling_single_rows_gives_the_closed_form_and_groups_a_wider_one() -> None:
    one, other = raters(300, 0.6)
    closed = agreement(one, other)
    low, high = resampled(one, other, range(300))
    assert (low, high) == pytest.approx((closed.low, closed.high), abs=0.02)
    assert resampled(one, other, range(300)) == (low, high)
    thrice = resampled(one * 3, other * 3, [*range(300)] * 3)
    assert thrice == pytest.approx((low, high), abs=0.02)
    alone = agreement(one * 3, other * 3)
    assert alone.high - alone.low < 0.65 * (thrice[1] - thrice[0])


def test_where_nothing_is_disputed_the_interval_is_that_of_the_agreement() -> None:
    said = [True] * 27 + [False] * 3
    found = agreement(said, said)
    assert (found.kappa, found.high) == (1.0, 1.0)
    pe = 0.9**2 + 0.1**2
    assert found.low == pytest.approx((interval(30, 30)[0] - pe) / (1 - pe))
    assert found.low < 0.5


def test_without_a_choice_there_is_no_kappa() -> None:
    found = agreement([True] * 20, [True] * 20)
    assert (found.kappa, found.low, found.high) == (None, -1.0, 1.0)
    assert agreement([], []).to_json()["kappa"] is None


def test_ac1_stands_where_kappa_collapses() -> None:
    one = [True] * 96 + [False] * 2 + [True] * 2
    other = [True] * 96 + [True] * 2 + [False] * 2
    found = agreement(one, other)
    assert found.kappa is not None
    assert found.ac1 is not None
    assert found.kappa < 0 < 0.9 < found.ac1


def test_thresholds_and_the_one_that_is_shown_to_be_precise() -> None:
    scores = [2.0] * 40 + [4.0] * 80 + [5.0] * 80
    good = [False] * 40 + [True] * 72 + [False] * 8 + [True] * 80
    points = thresholds(scores, good)
    assert [(p.threshold, p.kept, p.kept_good, p.good) for p in points] == [
        (2.0, 200, 152, 152), (4.0, 160, 152, 152), (5.0, 80, 80, 152),
    ]  # fmt: skip
    chosen = choose(points)
    assert chosen is not None
    assert chosen.threshold == 5.0
    assert chosen.to_json()["precision"]["interval"] == [round(x, 4) for x in interval(80, 80)]
    assert chosen.to_json()["recall"]["share"] == round(80 / 152, 4)
    assert choose(thresholds([5.0] * 58, [True] * 58)) is None
    assert choose(thresholds([5.0] * 59, [True] * 59)) is not None


def test_how_many_reviews_are_needed() -> None:
    assert still_needed(agreement([], [])) == ENOUGH
    assert still_needed(agreement([True] * 30, [True] * 30)) == ENOUGH - 30
    sure = Agreement(150, 0.95, 0.9, 0.82, 0.98, 0.9)
    unsure = Agreement(100, 0.8, 0.5, 0.3, 0.7, 0.6)
    assert (still_needed(sure), still_needed(unsure)) == (0, math.ceil(100 * (0.2 / 0.15) ** 2) - 100)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=4, max_size=40))
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    one, other = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = rank_correlation(one, other)
    if len(set(one)) < 2 or len(set(other)) < 2:
        assert found is None
    else:
        assert found is not None
        rho, low, high = found
        assert rho == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-9)
        assert -1 <= low <= rho <= high <= 1


def test_a_judge_that_leans_to_the_first_place_is_seen() -> None:
    chance = random.Random(3)
    people = [chance.random() < 0.5 for _ in range(400)]
    fair = [a if chance.random() < 0.8 else not a for a in people]
    leans = [a or chance.random() < 0.2 for a in people]
    assert leaning(fair, people).low < 0 < leaning(fair, people).high
    found = leaning(leans, people)
    assert found.low > 0
    assert found.difference == pytest.approx(0.1, abs=0.03)


def test_the_recorded_judges_are_replayed(shared: Callable[[str], Path], tmp_path: Path) -> None:
    """The README of the data has 69.8 % and 66.8 %."""
    shared("judge_pandalm")
    script = Path(__file__).parents[1] / "benchmarks" / "bench_judge.py"
    subprocess.run(
        [sys.executable, script, "--pairs", "--json", tmp_path / "out.json"], check=True, capture_output=True
    )
    gpt, panda = json.loads((tmp_path / "out.json").read_text())
    assert [round(found["agreement"], 3) for found in (gpt, panda)] == [0.698, 0.668]
    assert [found["n"] for found in (gpt, panda)] == [999, 999]
    assert gpt["unread"] == 25
    assert gpt["interval"][0] < gpt["kappa"] < gpt["interval"][1] < 0.6
