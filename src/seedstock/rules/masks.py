"""Which characters of a text noise may touch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seedstock.rules.kept import NEGATION, NUMBER, NUMBER_WORD
from seedstock.rules.tokens import spans

SHOUTED = 0.7
SHOUTED_LEAST = 12
QUOTED_MOST = 0.6
"""Quotation marks around more than this share of a text quote nothing in it."""

NEXT_WORD = re.compile(r"[ ]?[^\W\d_]{1,12}|[ ]?[%°][^\W\d_]?")
WORD_BEFORE = re.compile(r"[^\W\d_]{1,12}\.? $")
ALWAYS = [
    re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL),  # code
    re.compile(r"\w+://\S+|www\.\S+|\S+@\S+\.\w+|(?<!\w)[@#]\w+"),  # addresses, mentions, tags
    re.compile(r"\{[^{}\n]*\}|<[^<>\n]*>"),  # placeholders, markup
    re.compile(r"\w+(?:[_/\\]|\.(?=\w))\S*\w"),  # identifiers, paths
    re.compile(r"[^\W\d_]*[a-z][A-Z][^\W\d_]*"),  # camelCase
    NEGATION,
]
QUOTED = re.compile(r"\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|(?<!\w)['‘][^'’\n]+['’](?!\w)")
CAPITALS = re.compile(r"(?<!\w)[^\W_]*[A-Z][^\W_]*[A-Z][^\W_]*(?!\w)")


def free_places(text: str, protected: Sequence[str]) -> list[bool]:
    """For each character, True where noise may touch it.

    Protected are the given values, numbers with the words beside them (units, months), number words,
    negations, quotes, code, addresses and words with two capitals (unless the whole text shouts).
    """
    free = [True] * len(text)
    for start, end in _protected(text, protected):
        free[start:end] = [False] * (end - start)
    return free


def _protected(text: str, values: Sequence[str]) -> Iterator[tuple[int, int]]:
    for value in values:
        yield from spans(text, value)
    for found in QUOTED.finditer(text):
        if len(found[0]) <= QUOTED_MOST * len(text):
            yield found.span()
    patterns = ALWAYS if _shouts(text) else [*ALWAYS, CAPITALS]
    for pattern in patterns:
        yield from (found.span() for found in pattern.finditer(text))
    for pattern in (NUMBER, NUMBER_WORD):
        for found in pattern.finditer(text):
            yield _with_neighbours(text, *found.span())


def _with_neighbours(text: str, start: int, end: int) -> tuple[int, int]:
    after, before = NEXT_WORD.match(text, end), WORD_BEFORE.search(text[:start])
    return before.start() if before else start, after.end() if after else end


def _shouts(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= SHOUTED_LEAST and sum(map(str.isupper, letters)) > SHOUTED * len(letters)
