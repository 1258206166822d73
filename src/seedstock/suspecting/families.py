"""Families: rows that share a parent or are near copies. One lies in one fold: none vouches for its own."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from seedstock.example import Example
from seedstock.suspecting.probe import FOLDS, Floats, Ints

NEAR = 0.92
"""Cosine above which two rows are relatives: the default of the duplicate gate."""
_ROWS, _COLUMNS = 1024, 8192
"""Cosines that are looked at together: 32 MB."""
_CELL = 16_384
"""Rows up to which all are compared with all; more are parted into cells of about so many first."""


def folds_of(rows: Sequence[Example], vectors: Floats) -> Ints:
    """A fold for each row, 0 … 4, families together and folds of about equal size.

    A row joins the family of the nearest row before it, if that is near, up to a fiftieth of the
    rows: of rows that are all alike, one family would leave nothing to learn from. Costs n²·dim / 2
    multiplications up to 16,384 rows, and then grows in proportion.
    """
    tree = _Tree(len(rows))
    by_parent: dict[str, int] = {row.id: i for i, row in enumerate(rows) if row.source.kind == "real"}
    for i, row in enumerate(rows):
        for parent in row.source.parents:
            tree.join(i, by_parent.setdefault(parent, i), len(rows))
    most = max(10, len(rows) // 50)
    for cell in _cells(vectors):
        before = _nearest_before(vectors if len(cell) == len(rows) else vectors[cell])
        near = np.flatnonzero(before >= 0)
        for one, other in zip(cell[near].tolist(), cell[before[near]].tolist(), strict=True):
            tree.join(one, other, most)
    return _dealt(tree)


def _cells(vectors: Floats) -> list[Ints]:
    """Rows by the nearest of a few of them: a copy seldom lies in another cell than its original."""
    count = max(1, math.ceil(len(vectors) / _CELL))
    homes = (vectors @ vectors[:: max(1, len(vectors) // count)][:count].T).argmax(axis=1)
    return [np.flatnonzero(homes == cell) for cell in range(count)]


def _nearest_before(vectors: Floats) -> Ints:
    """For each row the nearest of those before it, or -1 where none is near."""
    out = np.full(len(vectors), -1, np.intp)
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS]
        rows, top = np.arange(start, start + len(block)), np.full(len(block), NEAR, np.float32)
        for left in range(0, start + len(block), _COLUMNS):
            cosines = block @ vectors[left : min(left + _COLUMNS, start + len(block))].T
            if left + cosines.shape[1] > start:
                cosines[np.arange(left, left + cosines.shape[1]) >= rows[:, None]] = -1.0
            best = cosines.argmax(axis=1)
            found = cosines[np.arange(len(block)), best]
            out[rows[found > top]] = best[found > top] + left
            top = np.maximum(top, found)
    return out


def _dealt(tree: _Tree) -> Ints:
    """Families in turn, the largest first, each to the fold that has the fewest rows."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for row in range(len(tree.size)):
        members[tree.root(row)].append(row)
    folds, filled = np.zeros(len(tree.size), np.intp), [0] * FOLDS
    for family in sorted(members.values(), key=lambda rows: (-len(rows), rows[0])):
        fold = filled.index(min(filled))
        folds[family] = fold
        filled[fold] += len(family)
    return folds


class _Tree:
    """Disjoint sets."""

    def __init__(self, n: int) -> None:
        self._above = list(range(n))
        self.size = [1] * n

    def root(self, i: int) -> int:
        while self._above[i] != i:
            self._above[i] = self._above[self._above[i]]
            i = self._above[i]
        return i

    def join(self, i: int, j: int, most: int) -> None:
        """Make the two families one, unless it would have more than `most` rows."""
        one, other = self.root(i), self.root(j)
        if one != other and self.size[one] + self.size[other] <= most:
            self._above[max(one, other)] = min(one, other)
            self.size[min(one, other)] += self.size[max(one, other)]
