"""Families: rows that share a parent or are near copies. One lies in one fold: none vouches for its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from seedstock.example import Example
from seedstock.neighbours import Index, Vectors
from seedstock.suspecting.probe import FOLDS, Ints

NEAR = 0.92
"""Cosine above which two rows are relatives: the default of the duplicate gate."""
_BLOCK = 1024


def folds_of(rows: Sequence[Example], vectors: Vectors) -> Ints:
    """A fold for each row, 0 … 4, families together and folds of about equal size.

    Near copies are joined up to a fiftieth of the rows: of rows that are all alike, one family would
    leave nothing to learn from.
    """
    tree = _Tree(len(rows))
    by_parent: dict[str, int] = {row.id: i for i, row in enumerate(rows) if row.source.kind == "real"}
    for i, row in enumerate(rows):
        for parent in row.source.parents:
            tree.join(i, by_parent.setdefault(parent, i), len(rows))
    index, most = Index(vectors.shape[1]), max(10, len(rows) // 50)
    for start in range(0, len(rows), _BLOCK):
        block = vectors[start : start + _BLOCK]
        index.add(block)  # so that a block is compared with what stands before it, and with itself
        for i, near in enumerate(index.near(block, NEAR), start):
            for other, _ in near.above:
                if other < i:
                    tree.join(i, other, most)
    return _dealt(tree)


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
