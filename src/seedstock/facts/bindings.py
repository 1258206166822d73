"""Which numbers count something else than they did: for rewrites that left no word in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from seedstock.facts.numbers import Number
from seedstock.facts.reading import Facts

MOST_NUMBERS, MOST_VALUES = 100, 20
"""Texts with more numbers, or more different ones, are not compared in this way."""

_BREAKS = frozenset(", ; : . ! ? ( ) and but or while whereas then".split())


def rebound(old: Facts, new: Facts) -> Iterator[tuple[Number, Number]]:
    """A number of the first text, and the one of the second that now stands by its words.

    Told where that is mutual and neither has kept a word of its own.
    """
    if max(len(old.numbers), len(new.numbers)) > MOST_NUMBERS:
        return
    then, now = _company(old), _company(new)
    common = [value for value in then if value in now]
    if len(common) > MOST_VALUES:
        return
    was, has = ({number.value: number for number in reversed(facts.numbers)} for facts in (old, new))
    for one, other in combinations(common, 2):
        mine, yours = then[one] - then[other], then[other] - then[one]
        here, there = now[one] - now[other], now[other] - now[one]
        if mine & there and yours & here and not mine & here and not yours & there:
            yield was[one], has[other]
            yield was[other], has[one]


def _company(facts: Facts) -> Mapping[str, set[str]]:
    """Value → the words of content in the clauses where it stands, each by the number that is nearest."""
    stems = {at: stem for stem, places in facts.polarity.stems.items() for at in places}
    starts = {number.first: number for number in facts.numbers if number.firm and number.kind == "number"}
    taken = {at for number in facts.numbers for at in range(number.first, number.last + 1)}
    found: dict[str, set[str]] = {}
    for first, last in _clauses(facts):
        those = [starts[at] for at in range(first, last) if at in starts]
        for number in those:
            found.setdefault(number.value, set())
        for at in range(first, last) if those else ():
            if at in stems and at not in taken:
                nearest = min(_distance(number, at) for number in those)
                for number in those:  # what stands between two is said of both
                    if _distance(number, at) <= nearest + 1:
                        found[number.value].add(stems[at])
    return found


def _distance(number: Number, at: int) -> int:
    return max(number.first - at, at - number.last)


def _clauses(facts: Facts) -> Iterator[tuple[int, int]]:
    first = 0
    for at, token in enumerate(facts.tokens):
        if token.kind == "line" or token.low in _BREAKS:
            yield first, at
            first = at + 1
    yield first, len(facts.tokens)
