"""The lossless prune: short rows of 8-bit integers whose product rules pairs out, and never a right one.

Vectors are turned onto their principal axes. Of a turned vector the first `width` numbers (its head) and
the length of the rest (its tail) are kept. By Cauchy and Schwarz the tails of two rows x, y contribute at
most the product of their lengths t, and heads rounded to x', y' with errors of lengths e miss the true
product by at most e_x + e_y + 3·e_x·e_y (no vector being longer than 1), so

    cosine ≤ x'·y' + t_x·t_y + e_x + e_y + 3·e_x·e_y

with e measured row by row. Pairs below the threshold by this bound need not be looked at; the others,
about one in ten thousand, get the full product. The tails are four more columns, rounded up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from seedstock.neighbours.pairs import SLACK, Cosines, Places, Vectors

TILE_ROWS, TILE_COLUMNS = 512, 1024
"""A tile of products takes 2 MB and stays in the core's cache: larger ones take up to twice the time."""

TAILS = 4
WIDTHS = (28, 60, 92, 124, 188)
"""With the four columns of tails: multiples of 32 bytes."""

MOST_QUERY, MOST_ROW = 63, 127
"""Queries take 7 bits, as processors without VNNI add two products in 16 bits and would overflow."""

_TRIED = (512, 1024)
_PER_TILE_PAIR, _PER_AXIS, _PER_PAIR, _PLAIN_PER_AXIS = 0.2, 0.005, 500.0, 0.02
"""Nanoseconds of one core, measured on one machine. They only choose the width: every width is exact."""
_TAIL = 4e-6
"""Added to a squared tail length: more than single precision can have lost of it."""
_NEVER = np.iinfo(np.int32).max

Bytes = npt.NDArray[np.uint8]


@dataclass(slots=True)
class Tile:
    """Up to 1,024 short rows, as columns: `columns` (k, 1024) int8, and what their bound adds."""

    columns: npt.NDArray[np.int8]
    shift: npt.NDArray[np.float64]
    error: npt.NDArray[np.float64]
    used: int = 0


@dataclass(frozen=True, slots=True)
class Prune:
    """A rotation, `axes` of shape (dim, width), and the largest number that its bytes can stand for."""

    axes: Vectors
    largest: float

    @property
    def scale(self) -> float:
        """What a product of bytes is to be divided by."""
        return MOST_QUERY * MOST_ROW / self.largest**2

    def queries(self, vectors: Vectors) -> tuple[Bytes, float]:
        """Short rows, (n, width + 4), moved up by 64 to be unsigned; and the largest of their errors."""
        whole, errors = self._rounded(vectors, MOST_QUERY)
        return (whole + (MOST_QUERY + 1)).astype(np.uint8), float(errors.max(initial=0))

    def tile(self) -> Tile:
        """An empty tile."""
        k = self.axes.shape[1] + TAILS
        nothing = np.zeros(TILE_COLUMNS)
        return Tile(np.zeros((k, TILE_COLUMNS), np.int8), nothing + _NEVER, nothing.copy())

    def fill(self, tile: Tile, vectors: Vectors) -> None:
        """Append short rows for `vectors` to a tile that has room for them."""
        whole, errors = self._rounded(vectors, MOST_ROW)
        place = slice(tile.used, tile.used + len(vectors))
        tile.columns[:, place] = whole.T
        tile.shift[place] = (MOST_QUERY + 1) * whole.sum(axis=1)
        tile.error[place] = errors
        tile.used += len(vectors)

    def candidates(
        self, queries: Bytes, error: float, tiles: Sequence[Tile], threshold: float
    ) -> tuple[Places, Places]:
        """Places (query, row) whose bound exceeds the threshold; one product for each tile."""
        found = [np.empty(0, np.int64)]
        for number, tile in enumerate(tiles):
            least = (threshold - SLACK - error - tile.error * (1 + 3 * error)) * self.scale + tile.shift
            least = np.clip(np.floor(least), -_NEVER, _NEVER).astype(np.int32)
            hits = np.flatnonzero(_product()(queries, tile.columns) > least)
            # One number for query, tile and column, taken apart below for all of them.
            found.append(hits + (hits // TILE_COLUMNS * (len(tiles) - 1) + number) * TILE_COLUMNS)
        i, j = np.divmod(np.concatenate(found), len(tiles) * TILE_COLUMNS)
        return i, j

    def _rounded(self, vectors: Vectors, most: int) -> tuple[npt.NDArray[np.float32], Cosines]:
        """Heads and tails in whole numbers up to `most`, shape (n, width + 4), and each row's error."""
        step, width = self.largest / most, self.axes.shape[1]
        heads = vectors @ self.axes
        whole = np.empty((len(vectors), width + TAILS), np.float32)
        np.rint(heads / step, out=whole[:, :width])
        np.clip(whole[:, :width], -most, most, out=whole[:, :width])
        missed = heads - whole[:, :width] * step
        left = np.einsum("ij,ij->i", vectors, vectors) - np.einsum("ij,ij->i", heads, heads)
        tails = np.sqrt(np.maximum(left, 0) + _TAIL)
        share = np.minimum(np.ceil(tails / (step * TAILS**0.5)), most)
        whole[:, width:] = share[:, None]
        short = np.maximum(tails - share * step * TAILS**0.5, 0)  # of a tail too long for its bytes
        return whole, np.sqrt(np.einsum("ij,ij->i", missed, missed)).astype(np.float64) + short


def fit(vectors: Vectors, threshold: float) -> Prune | None:
    """The rotation of a sample, with the width that costs least; None where plain products cost less."""
    axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))[1][:, ::-1]
    dim = vectors.shape[1]
    made = [_prune(vectors, axes[:, :width]) for width in WIDTHS if width < dim]
    costs = [_cost(prune, vectors, threshold) for prune in made]
    if not costs or min(costs) > _PLAIN_PER_AXIS * dim:
        return None
    return made[costs.index(min(costs))]


def _prune(vectors: Vectors, axes: npt.NDArray[np.float64]) -> Prune:
    """With bytes that hold the largest head number and tail of these vectors.

    The axes are turned once more among themselves (by a Hartley matrix), which spreads the length of the
    first ones over all: bytes then round finer.
    """
    turns = np.outer(np.arange(axes.shape[1]), 2 * np.pi / axes.shape[1] * np.arange(axes.shape[1]))
    spread = (axes @ ((np.cos(turns) + np.sin(turns)) / axes.shape[1] ** 0.5)).astype(np.float32)
    heads = vectors @ spread
    tails = 1 - np.einsum("ij,ij->i", heads, heads).min()
    return Prune(spread, max(float(np.abs(heads).max()), (max(float(tails), 0.0) / TAILS) ** 0.5))


def _cost(prune: Prune, vectors: Vectors, threshold: float) -> float:
    """Nanoseconds per pair at this width, by the share of pairs of a sample that the bound leaves."""
    some, others = (vectors[:: -(-len(vectors) // n)][:n] for n in _TRIED)
    tile = prune.tile()
    prune.fill(tile, others)
    left = len(prune.candidates(*prune.queries(some), [tile], threshold)[0]) / (len(some) * len(others))
    return _PER_TILE_PAIR + _PER_AXIS * int(prune.axes.shape[1]) + _PER_PAIR * left


@cache
def _product() -> Any:
    """The product of bytes as a function. onnxruntime has the fastest one that comes with the package."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    graph = (files("seedstock.neighbours") / "product.onnx").read_bytes()
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda queries, rows: session.run(None, {"queries": queries, "rows": rows})[0]
