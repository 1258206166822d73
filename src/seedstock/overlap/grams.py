"""The runs of five characters of a text, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIZE = 5
MOST_CHARACTERS = 20_000
"""Of a text, what stands further on is not looked at."""

Grams = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

# Odd 64-bit numbers without pattern: the weights of a run's characters, and the final mixing.
_WEIGHTS = (
    0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F,
)  # fmt: skip
_MIX = 0xBF58476D1CE4E5B9


@dataclass(frozen=True, slots=True)
class Shared:
    """Three arrays of one length: `query` and `row` are places, `share` is between 0 and 1."""

    query: Places
    row: Places
    share: npt.NDArray[np.float64]

    def moved(self, query: int, row: int) -> Shared:
        """The same pairs with places counted from further up."""
        return Shared(self.query + query, self.row + row, self.share)


def grams(texts: Sequence[str]) -> tuple[Grams, Places]:
    """The distinct runs of each text, one text after the other, and where each begins: (n + 1) places.

    A text counts with one space on either side, so that whole words differ from parts of words.
    """
    plain = [f" {text[:MOST_CHARACTERS]} ".ljust(SIZE) for text in texts]
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    lengths = np.fromiter(map(len, plain), np.int64, len(plain))
    owner = np.repeat(np.arange(len(plain)), lengths)
    if not len(plain):
        return np.empty(0, np.uint64), np.zeros(1, np.int64)
    hashes = _hashes(codes)
    inside = owner[: len(hashes)] == owner[SIZE - 1 :]
    hashes, owner = hashes[inside], owner[: len(hashes)][inside]
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    first = np.ones(len(hashes), np.bool_)
    first[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    starts = np.searchsorted(owner[first], np.arange(len(plain) + 1))
    return hashes[first], starts.astype(np.int64)


def _hashes(codes: Grams) -> Grams:
    count = len(codes) - SIZE + 1
    total = np.zeros(count, np.uint64)
    for place, weight in enumerate(_WEIGHTS):
        total += (codes[place : place + count] + np.uint64(1)) * np.uint64(weight)
    total ^= total >> np.uint64(31)
    total *= np.uint64(_MIX)
    return total ^ (total >> np.uint64(29))


def expanded(first: Places, last: Places) -> tuple[Places, Places]:
    """All places of ranges [first, last), one range after the other, and the number of each one's range."""
    counts = last - first
    numbers = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return np.arange(len(numbers)) - np.repeat(starts - first, counts), numbers
