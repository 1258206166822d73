"""Exact nearest neighbours by cosine: unit vectors in, pairs above a threshold out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]

_BLOCK = 8192
"""Kept rows per matrix product: a block of similarities stays in a few megabytes."""


@dataclass(frozen=True, slots=True)
class Near:
    """What one query found: the best index and cosine, and all (index, cosine) above the threshold."""

    best: int
    cosine: float
    above: list[tuple[int, float]]


NOTHING = Near(-1, -1.0, [])


class Index:
    """A growing set of unit vectors of one dimension, searched exactly."""

    def __init__(self, dim: int) -> None:
        self._vectors: Vectors = np.empty((64, dim), dtype=np.float32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, vectors: Vectors) -> None:
        """Append rows of `vectors`, shape (n, dim); their indices follow those already there."""
        wanted = self._size + len(vectors)
        if wanted > len(self._vectors):
            grown = np.empty((max(wanted, 2 * len(self._vectors)), vectors.shape[1]), dtype=np.float32)
            grown[: self._size] = self._vectors[: self._size]
            self._vectors = grown
        self._vectors[self._size : wanted] = vectors
        self._size = wanted

    def near(self, queries: Vectors, threshold: float) -> list[Near]:
        """For each query, shape (m, dim): the best row and every row whose cosine exceeds `threshold`.

        One product of m × size × dim multiplications, in blocks; memory 4·m·8192 bytes.
        """
        best = np.full(len(queries), -1, dtype=np.int64)
        top = np.full(len(queries), -np.inf, dtype=np.float32)
        above: list[list[tuple[int, float]]] = [[] for _ in range(len(queries))]
        for start, block in self._blocks():
            cosines = queries @ block.T
            place = cosines.argmax(axis=1)
            value = cosines[np.arange(len(queries)), place]
            better = value > top
            best[better], top[better] = place[better] + start, value[better]
            for query, row in np.argwhere(cosines > threshold):
                above[query].append((int(row) + start, float(cosines[query, row])))
        return [
            Near(int(b), max(-1.0, float(t)), pairs) for b, t, pairs in zip(best, top, above, strict=True)
        ]

    def _blocks(self) -> Iterator[tuple[int, Vectors]]:
        for start in range(0, self._size, _BLOCK):
            yield start, self._vectors[start : min(start + _BLOCK, self._size)]


def twins(vectors: Vectors, threshold: float) -> tuple[npt.NDArray[np.float32], int]:
    """Each row's cosine to its nearest other row, shape (n,), and how many pairs exceed `threshold`.

    In blocks: memory is 4·n·1024 bytes, not n².
    """
    nearest = np.full(len(vectors), -1.0, dtype=np.float32)
    pairs = 0
    for start in range(0, len(vectors), 1024):
        cosines = vectors[start : start + 1024] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, rows + start] = -1.0
        nearest[start : start + 1024] = cosines.max(axis=1)
        pairs += int((cosines > threshold).sum())
    return nearest, pairs // 2
