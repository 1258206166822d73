"""Whether a value of the output stands in a text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from seedstock.facts.codes import keys_of
from seedstock.facts.places import Place
from seedstock.facts.reading import Facts
from seedstock.facts.scan import plain, scan

MOST_VALUES = 50


def standing(value: str, facts: Facts) -> bool:
    """Whether a value stands in the text as words of its own, or in another notation (`eight` and `8`)."""
    return stands(value, facts.text) or _reworded(value, facts)


def stands(value: str, text: str, case: bool = False) -> bool:
    """Whether a value stands in a text as words of its own, white space apart; case counts if `case`."""
    value, text = (" ".join(part.split()) for part in (value, text))
    if not case:
        value, text = value.casefold(), text.casefold()
    if not value:
        return True
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        if not (_inside(text, at) or _inside(text, end)):
            return True
        at = text.find(value, at + 1)
    return False


def _inside(text: str, at: int) -> bool:
    """Whether a place is within a word."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _reworded(value: str, facts: Facts) -> bool:
    tokens = [token for token in scan(plain(value)) if token.kind != "mark"]
    if not tokens:
        return True
    if len(tokens) == 1:
        wanted = Facts(value, facts.knowledge).numbers
        if wanted and {number.value for number in wanted} <= {number.value for number in facts.numbers}:
            return True
    return f" {' '.join(keys_of(tokens))} " in f" {' '.join(facts.line)} "


def in_order(keys: Sequence[str], line: Sequence[str], gap: int = 3) -> bool:
    """Whether these words stand in a line one after the other, with at most `gap` others between two."""
    for start, word in enumerate(line):
        if word != keys[0]:
            continue
        at = start
        for wanted in keys[1:]:
            near = line[at + 1 : at + 2 + gap]
            if wanted not in near:
                break
            at += 1 + near.index(wanted)
        else:
            return True
    return False


def whole_names(facts: Facts, values: Collection[str]) -> list[Place]:
    """The names of a text by runs (`New York Jets` and `Anna Bell` are one place each), and the values."""
    spans = _value_spans(facts, values)
    taken = {at for place in spans for at in range(place.first, place.last + 1)}
    places: list[Place] = []
    for name in facts.names:
        if taken.intersection(range(name.first, name.last + 1)):
            continue
        if places and places[-1].last + 1 == name.first and (name.firm or name.rare):
            run = places[-1]
            places[-1] = Place(f"{run.key} {name.key}", run.first, name.last, run.firm or name.firm)
        else:
            places.append(Place(name.key, name.first, name.last, name.firm))
    return sorted(places + spans, key=lambda place: place.first)


def _value_spans(facts: Facts, values: Collection[str]) -> list[Place]:
    """Where the values stand, the longest first, none within another."""
    found: list[Place] = []
    taken: set[int] = set()
    words = [(at, token) for at, token in enumerate(facts.tokens) if token.kind != "mark"]
    line = keys_of([token for _, token in words])
    for value in sorted(values, key=len, reverse=True)[:MOST_VALUES]:
        wanted = keys_of([token for token in scan(plain(value)) if token.kind != "mark"])
        for start in range(len(line) - len(wanted) + 1) if wanted else ():
            if line[start] != wanted[0] or line[start : start + len(wanted)] != wanted:
                continue
            first, last = words[start][0], words[start + len(wanted) - 1][0]
            if not taken.intersection(range(first, last + 1)):
                taken.update(range(first, last + 1))
                found.append(Place(" ".join(wanted), first, last))
    return found
