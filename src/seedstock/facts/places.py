"""Which facts changed places: what stands around each one, in both texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seedstock.facts.lists import Language, key
from seedstock.facts.scan import Token

MOST_PLACES = 60
"""Texts with more numbers or names than this are only compared as sets."""

_REACH = 4
_BOTH = frozenset("and or & , / vs versus nor plus with".split())
_LEAST, _LEAST_OF_TWO, _LEAST_ALONE, _APART = 0.7, 2.2, 2.0, 0.6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: `key` says what it is, tokens `first` to `last` where."""

    key: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stage:
    """The tokens of a text and the facts of one kind in it."""

    tokens: Sequence[Token]
    places: Sequence[Place]
    words: Language


Around = Mapping[tuple[int, str], float]
"""(distance, word) → how much this word tells about a place; words before it have negative distances."""


def exchanged(before: Stage, after: Stage) -> Iterator[tuple[Place, Place]]:
    """A place of the first text and one of the second that holds another fact of the first text there.

    Only what can be told is: a stands where b stood and b where a stood, or a took over a place of b and
    there are more of a and fewer of b than there were.
    """
    if not all(1 < len(stage.places) <= MOST_PLACES for stage in (before, after)):
        return
    moved = dict(_moved(_surroundings(before), _surroundings(after)))
    old, new = (Counter(place.key for place in stage.places) for stage in (before, after))
    for (mine, theirs), (stood, stands, score) in moved.items():
        back = moved.get((theirs, mine))
        swapped = back is not None and score + back[2] >= _LEAST_OF_TWO
        taken = score >= _LEAST_ALONE and new[mine] > old[mine] and new[theirs] < old[theirs]
        if swapped or taken:
            yield stood, stands


def _moved(
    was: Sequence[tuple[Place, Around]], now: Sequence[tuple[Place, Around]]
) -> Iterator[tuple[tuple[str, str], tuple[Place, Place, float]]]:
    """(what stands there, what stood there) → the two places and how alike they are."""
    for place, here in now:
        scores = [(_likeness(there, here), stood) for stood, there in was]
        same = max((score for score, stood in scores if stood.key == place.key), default=-1.0)
        best, other = max(((score, stood) for score, stood in scores if stood.key != place.key),
                          key=lambda pair: pair[0], default=(0.0, place))  # fmt: skip
        if best >= _LEAST and 0 <= same <= best - _APART:
            yield (place.key, other.key), (other, place, best)


def _surroundings(stage: Stage) -> list[tuple[Place, Around]]:
    """What stands around each place; members of a list, `Anna and Bob`, are left out: their order says nothing."""
    masked = {at: place for place in stage.places for at in range(place.first, place.last + 1)}
    ends = {place.last for place in stage.places}
    starts = {place.first for place in stage.places}
    alone = (place for place in stage.places if not _joined(stage.tokens, place, starts, ends))
    return [(place, _around(stage, place, masked)) for place in alone]


def _around(stage: Stage, place: Place, masked: Mapping[int, Place]) -> Around:
    """The words near a place within its sentence."""
    found: dict[tuple[int, str], float] = {}
    for step, at in ((-1, place.first - 1), (1, place.last + 1)):
        distance = 0
        while 0 <= at < len(stage.tokens) and distance < _REACH:
            token = stage.tokens[at]
            if token.kind == "line" or token.text in ".!?;":
                break
            if token.kind != "mark":
                distance += 1
                word, weight = _weighed(token, at in masked, stage.words)
                found[step * distance, word] = weight if distance == 1 else weight / 2
            at += step
    return found


def _weighed(token: Token, masked: bool, words: Language) -> tuple[str, float]:
    if masked:
        return "", 0.2
    return key(token.low), 0.5 if token.low in words.stop else 1.0


def _likeness(one: Around, other: Around) -> float:
    """How much two places have in common, word by word at the same distance."""
    return sum(weight for where, weight in one.items() if where in other)


def _joined(tokens: Sequence[Token], place: Place, starts: set[int], ends: set[int]) -> bool:
    after, before = place.last + 1, place.first - 1
    if after < len(tokens) and tokens[after].low in _BOTH and after + 1 in starts:
        return True
    return before > 0 and tokens[before].low in _BOTH and before - 1 in ends
