"""Pairs of rows with their cosine, and the one way in which a cosine that decides is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
Cosines = npt.NDArray[np.float64]

SLACK = 1e-4
"""How far a product in single precision may lie from the cosine: twice the worst case of 384 dimensions."""

_AT_ONCE = 4096
"""Pairs multiplied at once: their vectors take 25 MB in double precision."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Three arrays of one length: `query` and `row` are places, `cosine` is canonical. Sorted by both."""

    query: Places
    row: Places
    cosine: Cosines

    def __len__(self) -> int:
        return len(self.query)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Pairs:
        """Those pairs for which `chosen` is True."""
        return Pairs(self.query[chosen], self.row[chosen], self.cosine[chosen])

    def moved(self, query: int, row: int) -> Pairs:
        """The same pairs with places counted from further up."""
        return Pairs(self.query + query, self.row + row, self.cosine)

    def sorted(self) -> Pairs:
        """By query, then by row."""
        order = np.lexsort((self.row, self.query))
        return Pairs(self.query[order], self.row[order], self.cosine[order])

    def of(self, query: int) -> Pairs:
        """The pairs of one query, of sorted pairs."""
        start, end = np.searchsorted(self.query, [query, query + 1])
        return Pairs(self.query[start:end], self.row[start:end], self.cosine[start:end])


def joined(parts: list[Pairs]) -> Pairs:
    """All of these pairs, sorted."""
    if not parts:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    columns = ([getattr(part, name) for part in parts] for name in ("query", "row", "cosine"))
    return Pairs(*map(np.concatenate, columns)).sorted()


def cosines(one: Vectors, i: Places, other: Vectors, j: Places) -> Cosines:
    """Canonical cosines of rows `i` of `one` with rows `j` of `other`, in double precision, to 7 digits.

    A matrix product adds up in an order that depends on its shape; this one always adds up alike, so a
    pair at the threshold falls on the same side however rows are batched.
    """
    found = np.empty(len(i))
    for start in range(0, len(i), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        left, right = one[i[part]].astype(np.float64), other[j[part]].astype(np.float64)
        found[part] = np.einsum("ij,ij->i", left, right)
    return np.round(found, 7)


def exact(one: Vectors, i: Places, other: Vectors, j: Places, threshold: float) -> Pairs:
    """Of candidate pairs, those whose cosine exceeds `threshold`."""
    likely = _products(one, i, other, j) > threshold - SLACK
    i, j = i[likely], j[likely]
    found = cosines(one, i, other, j)
    above = found > threshold
    return Pairs(i[above], j[above], found[above])


def _products(one: Vectors, i: Places, other: Vectors, j: Places) -> Vectors:
    found = np.empty(len(i), np.float32)
    for start in range(0, len(i), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        np.einsum("ij,ij->i", one[i[part]], other[j[part]], out=found[part])
    return found
