"""Index: a growing set of unit vectors, searched exactly; what is there already is not searched again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seedstock.neighbours.pairs import SLACK, Cosines, Pairs, Places, Vectors, cosines, exact, joined
from seedstock.neighbours.pruning import TILE_COLUMNS, TILE_ROWS, Prune, Tile, fit

BLOCK = 8 * TILE_COLUMNS
"""Rows of one piece of memory: nothing is copied when the index grows."""

PLAIN = 4096
"""Up to this many rows plain products are as good as pruned ones."""

_SAMPLE = 4096
"""Rows, evenly spread, that the prune is fitted to."""


class Index:
    """Unit vectors of one dimension. Memory: the vectors, and past 4,096 of them up to 192 bytes for each."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._blocks: list[Vectors] = []
        self._size = 0
        self._prune: Prune | None = None
        self._fitted_at = 0
        self._fitted_for = 1.0
        self._tiles: list[Tile] = []

    def __len__(self) -> int:
        return self._size

    def add(self, vectors: Vectors) -> None:
        """Append rows of `vectors`, shape (n, dim); their places follow those already there."""
        done = 0
        while done < len(vectors):
            at = self._size % BLOCK
            if at == 0:
                self._blocks.append(np.empty((BLOCK, self._dim), np.float32))
            part = vectors[done : done + BLOCK - at]
            self._blocks[-1][at : at + len(part)] = part
            self._size += len(part)
            done += len(part)

    def near(self, queries: Vectors, threshold: float) -> Pairs:
        """Every pair of a query, shape (m, dim), and a row whose cosine exceeds `threshold`, sorted.

        Up to 4,096 rows m · size · dim multiplications; then m · size · 64 or so, of bytes.
        """
        self._prepare(threshold)
        if self._prune is None:
            return self._plain(queries, threshold)
        found = []
        for top in range(0, len(queries), TILE_ROWS):
            part = queries[top : top + TILE_ROWS]
            short, error = self._prune.queries(part)
            for start, rows in self._rows():
                tiles = self._tiles[start // TILE_COLUMNS : (start + len(rows) - 1) // TILE_COLUMNS + 1]
                i, j = self._prune.candidates(short, error, tiles, threshold)
                if len(i):
                    found.append(exact(part, i, rows, j, threshold).moved(top, start))
        return joined(found)

    def nearest(self, queries: Vectors) -> tuple[Places, Cosines]:
        """The nearest row of each query, the first of several, and its cosine. All products, in blocks."""
        places, best = np.zeros(len(queries), np.int64), np.full(len(queries), -2.0)
        for start, rows in self._rows():
            for top in range(0, len(queries), TILE_ROWS):
                part = queries[top : top + TILE_ROWS]
                products = part @ rows.T
                i, j = np.nonzero(products >= products.max(axis=1, keepdims=True) - SLACK)
                found = cosines(part, i, rows, j)
                order = np.lexsort((-j, found))  # the last written is the nearest, and of those the first
                nearer = order[found[order] > best[top + i[order]]]
                places[top + i[nearer]], best[top + i[nearer]] = j[nearer] + start, found[nearer]
        return places, best

    def among(self, vectors: Vectors, threshold: float) -> Pairs:
        """Every pair of these vectors themselves, the later as query, the earlier as row; none is added."""
        self._prepare(threshold)
        inner = Index(self._dim)
        inner.add(vectors)
        if self._prune is not None:
            inner._use(self._prune, threshold)
        pairs = inner.near(vectors, threshold)
        return pairs.where(pairs.row < pairs.query)

    def _plain(self, queries: Vectors, threshold: float) -> Pairs:
        found = []
        for start, rows in self._rows():
            for top in range(0, len(queries), TILE_ROWS):
                part = queries[top : top + TILE_ROWS]
                i, j = np.nonzero(part @ rows.T > threshold - SLACK)
                found.append(exact(part, i, rows, j, threshold).moved(top, start))
        return joined(found)

    def _rows(self) -> Iterator[tuple[int, Vectors]]:
        for number, block in enumerate(self._blocks):
            yield number * BLOCK, block[: self._size - number * BLOCK]

    def _prepare(self, threshold: float) -> None:
        """Fit the prune when the index has grown to twice its size, or is asked for less near rows."""
        if self._size <= PLAIN and self._prune is None:
            return
        if self._size >= 2 * self._fitted_at or threshold < self._fitted_for:
            self._use(fit(self._sample(), threshold), threshold)
        self._fill()

    def _use(self, prune: Prune | None, threshold: float) -> None:
        self._prune, self._tiles = prune, []
        self._fitted_at, self._fitted_for = max(self._size, PLAIN), threshold
        self._fill()

    def _sample(self) -> Vectors:
        step = -(-self._size // _SAMPLE)
        return np.concatenate([rows[::step] for _, rows in self._rows()])

    def _fill(self) -> None:
        """Short rows for those that have none yet."""
        if self._prune is None:
            return
        done = sum(tile.used for tile in self._tiles)
        while done < self._size:
            if done % TILE_COLUMNS == 0:
                self._tiles.append(self._prune.tile())
            end = min(self._size, (done // TILE_COLUMNS + 1) * TILE_COLUMNS)
            start = done - done % BLOCK
            self._prune.fill(self._tiles[-1], self._blocks[done // BLOCK][done - start : end - start])
            done = end
