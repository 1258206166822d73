"""Contained: texts that hold much of a given text, or that it holds, wherever they stand in each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seedstock.overlap.grams import Shared, expanded, grams

_AT_ONCE = 4_000_000
"""Counters at a time, of one byte to four each: memory stays in bounds however many texts there are."""


class Contained:
    """An inverted index over texts that do not change. A query costs what its runs' lists are long."""

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        self._threshold = threshold
        hashes, starts = grams(texts)
        self._sizes = np.diff(starts)
        owner = np.repeat(np.arange(len(texts)), self._sizes)
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._owners = hashes[order], owner[order]

    def find(self, texts: Sequence[str]) -> Shared:
        """Pairs of which more than `threshold` of the smaller one's distinct runs stand in both."""
        step = max(1, _AT_ONCE // max(1, len(self._sizes)))
        parts = [self._find(texts[top : top + step], top) for top in range(0, len(texts), step)]
        columns = [[getattr(part, name) for part in parts] for name in ("query", "row", "share")]
        if not parts:
            return Shared(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return Shared(*map(np.concatenate, columns))

    def _find(self, texts: Sequence[str], top: int) -> Shared:
        hashes, starts = grams(texts)
        sizes = np.diff(starts)
        first, last = (np.searchsorted(self._hashes, hashes, side) for side in ("left", "right"))
        places, numbers = expanded(first, last)
        queries = np.repeat(np.arange(len(texts)), sizes)[numbers]
        cells = queries * len(self._sizes) + self._owners[places]
        counts = np.bincount(cells, minlength=len(texts) * len(self._sizes))
        shares = counts.reshape(len(texts), -1) / np.minimum(sizes[:, None], self._sizes)
        query, row = np.nonzero(shares > self._threshold)
        return Shared(query + top, row, shares[query, row])
