"""Echo: an output that says its input again instead of an answer, or a text with a piece of the prompt."""

from __future__ import annotations

import re
from collections import Counter

RUN = 8
"""Words in a row that a text and a prompt have in common by chance no more."""
_WORD = re.compile(r"\w+")
LEAST_WORDS = 5
SCANNED = 5_000
SHARE = 0.85
"""Share of the words of both texts that are the same, from which one says the other again."""


def echoes(given: str, output: str) -> bool:
    """Whether the output is the input, or the instruction that it begins with, but for a few words.

    An answer in a whole sentence repeats the words of its question too; it does not begin as they do.
    """
    first = given.partition("\n\n")[0]
    said = _WORD.findall(output[:SCANNED].casefold())
    if len(said) < LEAST_WORDS:
        return False
    return any(
        _same(_WORD.findall(part[:SCANNED].casefold()), said) for part in dict.fromkeys((given, first))
    )


def repeated(text: str, runs: frozenset[tuple[str, ...]]) -> str:
    """The first of these runs of words that a text has; "" where it has none."""
    common = runs & runs_of(text[:SCANNED])
    return " ".join(min(common)) if common else ""


def begins_with(text: str, prompt: str) -> bool:
    """Whether a text has a prompt for its header, as rows have that are made for training."""
    first = _WORD.findall(prompt[:SCANNED].casefold())[:RUN]
    return _WORD.findall(text[:SCANNED].casefold())[:RUN] == first


def runs_of(text: str) -> frozenset[tuple[str, ...]]:
    """Every run of eight words of a text; none of a shorter one, which may be an ordinary sentence."""
    words = _WORD.findall(text.casefold())
    return frozenset(zip(*(words[start:] for start in range(RUN)), strict=False))


def _same(asked: list[str], said: list[str]) -> bool:
    if len(asked) < LEAST_WORDS or not SHARE <= len(said) / len(asked) <= 1 / SHARE:
        return False
    if asked[:2] != said[:2]:
        return False
    common = (Counter(asked) & Counter(said)).total()
    return common >= SHARE * max(len(asked), len(said))
