"""Keep-first over a whole set: blocks against what is kept, then within the block; no loop over rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from seedstock.neighbours.index import Index
from seedstock.neighbours.pairs import Places, Vectors

_STEP = 2048


def keep_first(vectors: Vectors, threshold: float) -> Places:
    """Places of the rows of `vectors`, (n, dim), that lie above `threshold` of no kept row before them."""
    index = Index(vectors.shape[1])
    kept = [np.empty(0, np.int64)]
    for start in range(0, len(vectors), _STEP):
        block = vectors[start : start + _STEP]
        alone = np.ones(len(block), np.bool_)
        alone[index.near(block, threshold).query] = False
        places = np.flatnonzero(alone)
        pairs = index.among(block[places], threshold)
        places = places[first_of_each(len(places), pairs.query, pairs.row)]
        index.add(block[places])
        kept.append(places + start)
    return np.concatenate(kept)


def first_of_each(n: int, later: Places, earlier: Places) -> npt.NDArray[np.bool_]:
    """Which of `n` rows stay if, in order, each goes that may not stand beside an earlier one that stays.

    `later` and `earlier` are the places of the pairs that may not both stay. Rows are decided in rounds,
    all at once that have no undecided partner before them: as many rounds as the longest chain of pairs.
    """
    stays = np.ones(n, np.bool_)
    undecided = np.zeros(n, np.bool_)
    undecided[later] = True
    while len(later):
        gone = later[stays[earlier] & ~undecided[earlier]]
        stays[gone] = undecided[gone] = False
        left = undecided[later] & stays[earlier]
        later, earlier = later[left], earlier[left]
        undecided[:] = False
        undecided[later] = True
    return stays


def twins(vectors: Vectors, threshold: float) -> tuple[npt.NDArray[np.float32], int]:
    """Each row's cosine to its nearest other row, shape (n,), and how many pairs exceed `threshold`.

    All n² products, in blocks: memory is 4·n·1024 bytes.
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
