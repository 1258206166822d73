"""pace.py: a budget per minute that no minute exceeds."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from seedstock.pace import Pace

ROUNDING = 1e-6


def as_soon_as_allowed(pace: Pace, arrivals: list[float]) -> list[float]:
    """When each goes that comes `arrivals` seconds after the one before, and waits as long as it must."""
    now, gone = 0.0, []
    for after in arrivals:
        now += after
        now += pace.wait(now)
        pace.take(now)
        gone.append(now)
    return gone


@given(st.integers(1, 600), st.lists(st.one_of(st.just(0.0), st.floats(0, 200)), max_size=700))
def test_no_sixty_seconds_hold_more_than_the_budget(per_minute: int, arrivals: list[float]) -> None:
    gone = as_soon_as_allowed(Pace(per_minute), arrivals)
    for first, too_many in zip(gone, gone[per_minute:], strict=False):
        assert too_many - first >= 60 - ROUNDING


@given(st.integers(1, 600))
def test_the_budget_is_used_in_full(per_minute: int) -> None:
    """Whoever always has something to ask asks as often as they may."""
    gone = as_soon_as_allowed(Pace(per_minute), [0.0] * (2 * per_minute + 1))
    assert gone[0] == 0
    assert math.isclose(gone[-1], 120, rel_tol=1e-9)


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(1, 400)), min_size=1, max_size=200))
def test_no_sixty_seconds_hold_more_than_the_budget_and_one_amount(parts: list[tuple[float, float]]) -> None:
    """An amount goes as a whole, so the last one in a window may reach beyond it."""
    pace, now = Pace(1000), 0.0
    gone: list[tuple[float, float]] = []
    for after, amount in parts:
        now += after
        now += pace.wait(now)
        pace.take(now, amount)
        gone.append((now, amount))
    for i, (start, _) in enumerate(gone):
        inside = [amount for at, amount in gone[i:] if at < start + 60 - ROUNDING]
        assert sum(inside[:-1]) <= 1000 + ROUNDING


def test_what_was_taken_too_much_is_given_back() -> None:
    pace = Pace(60)
    pace.take(0.0, 10)
    assert pace.wait(0.0) == 10
    pace.take(2.0, -7)
    assert pace.wait(2.0) == 1
    pace.take(2.0, 4)
    assert pace.wait(2.0) == 5


def test_giving_back_late_saves_nothing_up() -> None:
    pace = Pace(60)
    pace.take(0.0, 5)
    pace.take(100.0, -50)
    assert pace.wait(100.0) == 0
    pace.take(100.0)
    assert pace.wait(100.0) == 1


def test_without_a_budget_nobody_waits() -> None:
    pace = Pace(None)
    for _ in range(5):
        assert pace.wait(0.0) == 0
        pace.take(0.0, 1e9)
