"""Ordinary words misspelt: `recieve`, `perfer`, `wheather` are no names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from string import ascii_lowercase

from seedstock.facts.lists import ordinary

_LEAST, _MOST = 6, 20
_ENDINGS = ("", "s", "ed", "d", "ing", "ly")


@lru_cache(maxsize=1 << 12)
def is_slip(word: str) -> bool:
    """Whether a folded word is an ordinary one with two letters exchanged, one left out or one too many.

    No letter is put for another, and both ends are right: names differ there (`greene`), as short ones do.
    """
    if not _LEAST <= len(word) <= _MOST or not word.isalpha():
        return False
    bare = {word.removesuffix(ending) for ending in _ENDINGS}
    return any(other in ordinary() for base in bare if len(base) >= _LEAST - 2 for other in _repaired(base))


def _repaired(word: str) -> Iterator[str]:
    for at in range(1, len(word)):
        before, after = word[:at], word[at:]
        yield from (before + letter + after for letter in ascii_lowercase)
        if len(after) > 1:
            yield before + after[1:]
        if len(after) > 2:
            yield before + after[1] + after[0] + after[2:]
