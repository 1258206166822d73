"""Missed spans: words that other rows mark nearly wherever they stand, and that a row leaves unmarked."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seedstock.example import Example
from seedstock.suspecting.claims import Claim

_LONGEST = 5
"""Words of the longest phrase that is looked for."""
_MOST = 400
"""Words of one input that are looked at."""
_SHOWN = 3
_WORD = re.compile(r"\w+")

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """A phrase that `row` leaves unmarked: how many rows mark it, and how many do not.

    `expected` is what most of them say of it, `examples` are some of those rows.
    """

    row: int
    phrase: str
    marked: int
    unmarked: int
    expected: str
    examples: tuple[int, ...]


def missed_spans(rows: Sequence[Example], claims: Mapping[int, Sequence[Claim]]) -> Iterator[Missed]:
    """Phrases of rows that stand outside their spans, and are a span of other rows.

    `claims` are those with a span, by row; rows that are not in it are not looked at.
    """
    said: defaultdict[Phrase, Counter[str]] = defaultdict(Counter)
    marked: defaultdict[Phrase, list[int]] = defaultdict(list)
    for row, mine in claims.items():
        for phrase, stated in {(_words(claim.span), claim.stated) for claim in mine}:
            if 0 < len(phrase) <= _LONGEST:
                said[phrase][stated] += 1
                marked[phrase].append(row)
    bare: defaultdict[Phrase, list[int]] = defaultdict(list)
    for row, mine in claims.items():
        for phrase in sorted(_unmarked(_words(rows[row].input_text)[:_MOST], mine)):
            if phrase in said:
                bare[phrase].append(row)
    for phrase, found in sorted(bare.items()):
        others = list(dict.fromkeys(marked[phrase]))
        expected = min(said[phrase], key=lambda label: (-said[phrase][label], label))
        for row in found:
            yield Missed(row, " ".join(phrase), len(others), len(found), expected, tuple(others[:_SHOWN]))


def _unmarked(words: Phrase, claims: Sequence[Claim]) -> set[Phrase]:
    """The phrases of a text of which no word lies in a span."""
    free = [True] * len(words)
    for span in {_words(claim.span) for claim in claims}:
        for start in range(len(words) - len(span) + 1):
            if words[start : start + len(span)] == span:
                free[start : start + len(span)] = [False] * len(span)
    return {
        words[start:end]
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
        if all(free[start:end])
    }


def _words(text: str) -> Phrase:
    return tuple(_WORD.findall(text.casefold()))
