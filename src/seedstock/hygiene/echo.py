"""Echo: an output that says its input again, or a long run of it, instead of an answer."""

from __future__ import annotations

import re
from collections import Counter

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


def _same(asked: list[str], said: list[str]) -> bool:
    if len(asked) < LEAST_WORDS or not SHARE <= len(said) / len(asked) <= 1 / SHARE:
        return False
    if asked[:2] != said[:2]:
        return False
    common = (Counter(asked) & Counter(said)).total()
    return common >= SHARE * max(len(asked), len(said))
