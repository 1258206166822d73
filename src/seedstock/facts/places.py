"""Which facts changed places: what stands around each one, in both texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from seedstock.facts.lists import Language, key
from seedstock.facts.scan import Token

MOST_PLACES = 60
"""Texts with more numbers or names than this are only compared as sets."""

_REACH = 4
_BOTH = frozenset("and or & , / vs versus nor".split())
# By hand, on rewrites and plants: how much must be alike for a place to be told from another.
_LEAST, _APART, _LEAST_OF_TWO = 0.7, 0.6, 2.2
_WHOLE, _LEAST_WHOLE, _APART_WHOLE, _LEAST_TAKEN = 0.85, 0.8, 0.2, 1.2


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: `key` says what it is, tokens `first` to `last` where; `firm`: surely a fact."""

    key: str
    first: int
    last: int
    firm: bool = True


@dataclass(frozen=True, slots=True)
class Stage:
    """The tokens of a text and the facts of one kind in it, in order."""

    tokens: Sequence[Token]
    places: Sequence[Place]
    words: Language


Around = Mapping[tuple[int, str], float]
"""(distance, word) → how much this word tells about a place; words before it have negative distances."""


class _Moved(NamedTuple):
    """A place of the first text, the one of the second that is like it, how much, and whether wholly."""

    stood: Place
    stands: Place
    score: float
    whole: bool


def exchanged(before: Stage, after: Stage) -> Iterator[tuple[Place, Place]]:
    """A place of the first text and one of the second that holds another fact there.

    Only what can be told is: a stands where b stood and b where a stood, or a took over a place of b and
    there are more of a and fewer of b than there were. Members of one list, `Anna and Bob`, have no order.
    """
    if not all(0 < len(stage.places) <= MOST_PLACES for stage in (before, after)):
        return
    if [place.key for place in before.places] == [place.key for place in after.places]:
        return  # the same facts in the same order
    listed = _listed(before) | _listed(after)
    moved = {pair: found for pair, found in _moved(before, after) if pair not in listed}
    old, new = (Counter(place.key for place in stage.places) for stage in (before, after))
    for (mine, theirs), found in moved.items():
        back = moved.get((theirs, mine))
        swapped = back and (found.score + back.score >= _LEAST_OF_TWO or (found.whole and back.whole))
        taken = (
            found.whole
            and found.score >= _LEAST_TAKEN
            and new[mine] > old[mine]
            and new[theirs] < old[theirs]
        )
        if swapped or (taken and (old[mine] or (found.stands.firm and not _shorter(mine, theirs)))):
            yield found.stood, found.stands


def _shorter(one: str, other: str) -> bool:
    """Whether one name is a part of the other: `Sheeran` and `Ed Sheeran`."""
    mine, theirs = set(one.split()), set(other.split())
    return mine <= theirs or theirs <= mine


def _moved(before: Stage, after: Stage) -> Iterator[tuple[tuple[str, str], _Moved]]:
    """(what stands there, what stood there) → how that place is known again."""
    was = _surroundings(before)
    for place, here in _surroundings(after):
        same, best, other = 0.0, 0.0, None
        for stood, there in was:
            score = _likeness(there, here)
            if stood.key == place.key:
                same = max(same, score)
            elif score > best:
                best, other = score, (stood, there)
        if other is None or best < _LEAST or same > best - _APART_WHOLE:
            continue
        whole = best >= max(_LEAST_WHOLE, _WHOLE * max(sum(here.values()), sum(other[1].values())))
        if whole or same <= best - _APART:
            yield (place.key, other[0].key), _Moved(other[0], place, best, whole)


def _surroundings(stage: Stage) -> list[tuple[Place, Around]]:
    masked = {at for place in stage.places for at in range(place.first, place.last + 1)}
    return [(place, _around(stage, place, masked)) for place in stage.places]


def _around(stage: Stage, place: Place, masked: set[int]) -> Around:
    """The words near a place within its sentence."""
    found: dict[tuple[int, str], float] = {}
    for step, at in ((-1, place.first - 1), (1, place.last + 1)):
        distance = 0
        while 0 <= at < len(stage.tokens) and distance < _REACH:
            token = stage.tokens[at]
            if token.kind == "line" or token.text in ".!?;":
                break
            if token.kind != "mark" or token.text in ",:":
                distance += 1
                word, weight = _weighed(token, at in masked, stage.words)
                found[step * distance, word] = weight if distance == 1 else weight / 2
            at += step
    return found


def _weighed(token: Token, masked: bool, words: Language) -> tuple[str, float]:
    if masked or token.kind == "mark":
        return "" if masked else token.text, 0.2
    return key(token.low), 0.5 if token.low in words.stop else 1.0


def _likeness(one: Around, other: Around) -> float:
    """How much two places have in common, word by word at the same distance."""
    return sum(weight for where, weight in one.items() if where in other)


def _listed(stage: Stage) -> set[tuple[str, str]]:
    """Pairs of facts that stand in one list."""
    found: set[tuple[str, str]] = set()
    group: list[Place] = []
    for place in stage.places:
        if group and not _joined(stage.tokens, group[-1], place):
            group = []
        found.update(pair for other in group for pair in ((other.key, place.key), (place.key, other.key)))
        group.append(place)
    return found


def _joined(tokens: Sequence[Token], one: Place, other: Place) -> bool:
    """Whether nothing but commas and `and` stands between two facts."""
    between = tokens[one.last + 1 : other.first]
    return 0 < len(between) < 4 and all(token.low in _BOTH for token in between)
