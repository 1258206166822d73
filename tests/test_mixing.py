"""mix: the cap, by rows and by exposure, and what is left out for it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.config import MixSection
from seedstock.example import Example
from seedstock.gates.base import Tools
from seedstock.gates.share import ShareGate, ShareSettings
from seedstock.mixing import Mix, make_mix


def rows(prefix: str, n: int) -> list[Example]:
    return [Example(f"{prefix}{i}", f"text {i}", "x") for i in range(n)]


def mixed(
    seeds: int, accepted: int, min_real: float = 0.2, repeat_real: int = 4, one_family: bool = False
) -> Mix:
    settings = MixSection(min_real=min_real, repeat_real=repeat_real)
    return make_mix(rows("s", seeds), rows("a", accepted), settings, one_family)


percent = st.integers(0, 100).map(lambda n: n / 100)


@given(st.integers(1, 200), st.integers(0, 1500), percent, st.integers(1, 4), st.booleans())
def test_what_every_mix_keeps(n: int, accepted: int, min_real: float, most: int, one_family: bool) -> None:
    mix = mixed(n, accepted, min_real, most, one_family)
    shown, made = mix.repeat_real * n, len(mix.synthetic)
    floor = Fraction(str(min_real))
    assert 1 <= mix.repeat_real <= most
    assert made + mix.left_out == accepted
    assert Fraction(shown, shown + made) >= floor
    # Teacher and student of one family: 70 %, whatever the owner sets (policy 12).
    allowed = Fraction(3, 10) if one_family else min(floor, Fraction(1, 5))
    assert Fraction(made, n + made) <= 1 - allowed
    assert len(mix.rows) == shown + made
    assert len({row.id for row in mix.synthetic}) == made
    assert mix == mixed(n, accepted, min_real, most, one_family)
    if mix.left_out:  # one row more would break one of the two bounds
        by_exposure = Fraction(most * n, most * n + made + 1) < floor
        by_rows = Fraction(n, n + made + 1) < allowed
        assert by_exposure or by_rows
    if mix.repeat_real > 1:  # and one repetition less would not do
        fewer = (mix.repeat_real - 1) * n
        assert Fraction(fewer, fewer + made) < floor


@given(st.integers(1, 60), st.integers(0, 600), st.booleans())
def test_the_default_mix_passes_the_share_gate(n: int, accepted: int, one_family: bool) -> None:
    gate = ShareGate(ShareSettings(), Tools(None, None))  # type: ignore[arg-type]  # a set gate needs no tools
    assert all(verdict.passed for verdict in gate.check(mixed(n, accepted, one_family=one_family).mixture))


@pytest.mark.parametrize(
    ("seeds", "accepted", "min_real", "repeat", "left_out"),
    [
        (100, 400, 0.2, 1, 0), (100, 401, 0.2, 1, 1), (100, 100, 0.5, 1, 0), (100, 300, 0.5, 3, 0),
        (100, 400, 0.5, 4, 0), (100, 401, 0.5, 4, 1), (100, 1600, 0.1, 1, 700), (100, 900, 0.1, 1, 0),
        (100, 5000, 0.0, 1, 0), (100, 50, 1.0, 1, 50), (100, 0, 0.2, 1, 0),
    ],
)  # fmt: skip
def test_mixes_by_hand(seeds: int, accepted: int, min_real: float, repeat: int, left_out: int) -> None:
    mix = mixed(seeds, accepted, min_real)
    assert (mix.repeat_real, mix.left_out) == (repeat, left_out)


@given(st.integers(1, 30), st.integers(1, 600))
def test_what_is_left_out_is_spread_evenly(n: int, accepted: int) -> None:
    mix = mixed(n, accepted)
    places = [int(row.id[1:]) for row in mix.synthetic]
    assert places == sorted(set(places))
    assert all(b - a in (accepted // len(places), -(-accepted // len(places))) for a, b in pairwise(places))


def test_seeds_come_first_and_each_time_in_their_order() -> None:
    mix = mixed(3, 9, min_real=0.4)
    assert [row.id for row in mix.rows] == ["s0", "s1", "s2"] * 2 + [f"a{i}" for i in range(9)]
    assert (mix.mixture.real, mix.mixture.synthetic, mix.mixture.repeat_real) == (3, 9, 2)
