"""level.py against simulated servers: no clock, no wire, only what comes back and when."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.level import Level

SERVICE = 0.1
"""Seconds that a simulated server takes for an answer."""

Server = Callable[[float, int], float | None]
"""Seconds until the answer to a request sent at this time, with so many already there; None: refused."""


@dataclass
class Run:
    """What a simulation saw: `(time, level)` after every outcome, and how many were answered."""

    levels: list[tuple[float, int]] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)

    def mean(self, since: float) -> float:
        """Mean level over time from `since` on."""
        seen = [(t, v) for t, v in self.levels if t >= since]
        spans = [(b - a, v) for (a, v), (b, _) in pairwise(seen)]
        return sum(s * v for s, v in spans) / sum(s for s, _ in spans)

    def most(self, since: float) -> int:
        return max(v for t, v in self.levels if t >= since)

    def rate(self, since: float) -> float:
        """Answers a second from `since` on."""
        return sum(t >= since for t in self.answered) / (self.levels[-1][0] - since)


def simulate(level: Level, server: Server, seconds: float) -> Run:
    """Keep `level.value` requests under way. A refusal keeps its place as long as an answer would."""
    run, order, now = Run(), count(), 0.0
    there = places = 0
    coming: list[tuple[float, int, str, int, float]] = []  # when, order, what, epoch, sent at
    while now < seconds:
        while places < level.value:
            takes = server(now, there)
            what = "refused" if takes is None else "answered"
            places, there = places + 1, there + (takes is not None)
            heapq.heappush(coming, (now + (takes or 0.0), next(order), what, level.epoch, now))
        now, _, what, epoch, sent = heapq.heappop(coming)
        if what == "refused":
            level.refused(epoch)
            heapq.heappush(coming, (now + (level.seconds or SERVICE), next(order), "free", epoch, sent))
        else:
            places -= 1
        if what == "answered":
            there -= 1
            level.answered(epoch, now - sent)
            run.answered.append(now)
        run.levels.append((now, level.value))
    return run


def refusing(capacity: int) -> Server:
    """Answers `capacity` at once and refuses what comes in addition."""
    return lambda now, there: SERVICE if there < capacity else None


def queueing(capacity: int) -> Server:
    """Takes everything, works on `capacity` at once, and lets the others wait in order."""
    free = [0.0] * capacity

    def server(now: float, there: int) -> float:
        done = max(now, heapq.heappop(free)) + SERVICE
        heapq.heappush(free, done)
        return done - now

    return server


def straying(share: float, seed: int) -> Server:
    """Has room for everybody, and refuses a share by chance."""
    chance = random.Random(seed)
    return lambda now, there: None if chance.random() < share else SERVICE


@pytest.mark.parametrize("capacity", [2, 4, 8, 20, 50, 100, 200])
def test_the_level_of_a_server_that_refuses_is_found_within_a_factor_of_two(capacity: int) -> None:
    run = simulate(Level(256), refusing(capacity), 60)
    assert capacity / 2 <= run.mean(since=10) <= 2 * capacity
    assert run.rate(since=10) >= 0.5 * capacity / SERVICE


@pytest.mark.parametrize("capacity", [8, 20, 50])
def test_a_server_that_queues_is_used_in_full(capacity: int) -> None:
    assert simulate(Level(1024), queueing(capacity), 60).rate(since=5) >= 0.9 * capacity / SERVICE


@pytest.mark.parametrize("capacity", [4, 8, 20])
def test_growth_that_brought_nothing_is_taken_back(capacity: int) -> None:
    """Within the first windows: half of the highest level that was tried."""
    run = simulate(Level(1024), queueing(capacity), 3)
    assert run.most(since=0) <= 4 * capacity
    assert run.levels[-1][1] <= run.most(since=0) / 2


@pytest.mark.parametrize("capacity", [8, 20, 50])
def test_a_server_that_queues_is_not_sent_more_than_brings_something(capacity: int) -> None:
    run = simulate(Level(1024), queueing(capacity), 60)
    assert run.mean(since=5) <= 4 * capacity
    assert run.most(since=0) <= 8 * capacity


@pytest.mark.parametrize("capacity", [8, 20])
def test_a_server_that_queues_is_not_sent_more_after_a_wall_either(capacity: int) -> None:
    level = Level(1024)
    simulate(level, queueing(capacity), 10)
    while level.value > 1:
        level.refused(level.epoch)
    assert simulate(level, queueing(capacity), 240).mean(since=100) <= 4 * capacity


@pytest.mark.parametrize(("capacity", "most"), [(4, 16), (20, 64)])
def test_the_last_doubling_must_pay_too(capacity: int, most: int) -> None:
    assert simulate(Level(most), queueing(capacity), 60).mean(since=5) <= 0.75 * most


@pytest.mark.parametrize("seed", range(5))
def test_stray_refusals_leave_the_ceiling(seed: int) -> None:
    run = simulate(Level(64), straying(0.05, seed), 120)
    assert run.mean(since=3) >= 0.9 * 64
    assert run.rate(since=3) >= 0.85 * 64 / SERVICE


@pytest.mark.parametrize("former", [16, 64, 256])
def test_half_of_the_level_is_back_soon_after_a_wall(former: int) -> None:
    """Doubling from 1, every level takes one window: no more windows than doublings, and two to spare."""
    level = Level(former)
    simulate(level, refusing(former), 10)
    assert level.value == former
    simulate(level, lambda now, there: None, 30)
    assert level.value == 1
    windows, first = 0, level.epoch
    while level.value < former / 2:
        level.answered(level.epoch, SERVICE)
        windows = level.epoch - first
    assert windows <= former.bit_length() + 2


def test_what_was_sent_before_a_change_does_not_change_the_level_again() -> None:
    """64 requests meet a wall together: that is one wall, not sixteen."""
    level = Level(64)
    simulate(level, refusing(64), 10)
    assert level.value == 64
    sent_in = level.epoch
    for _ in range(64):
        level.refused(sent_in)
    assert level.value == 32


Outcome = tuple[bool, int, float]


@given(
    st.integers(1, 1024),
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0, 0, 0, -1, -3, 2]), st.floats(0, 1e4)), max_size=600
    ),
)
def test_the_level_stays_between_one_and_most(most: int, outcomes: list[Outcome]) -> None:
    level = Level(most)
    for good, off, seconds in outcomes:
        if good:
            level.answered(level.epoch + off, seconds)
        else:
            level.refused(level.epoch + off)
        assert 1 <= level.value <= most


@given(st.integers(1, 1024), st.lists(st.tuples(st.booleans(), st.integers(1, 2000)), max_size=12))
def test_the_level_stays_between_one_and_most_over_long_runs(most: int, runs: list[tuple[bool, int]]) -> None:
    level = Level(most)
    for good, times in runs:
        for _ in range(times):
            if good:
                level.answered(level.epoch, 1.0)
            else:
                level.refused(level.epoch)
            assert 1 <= level.value <= most
