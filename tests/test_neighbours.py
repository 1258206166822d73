"""neighbours: the index against a plain matrix product."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seedstock.neighbours import Index, Vectors, twins

CLOSE = 1e-5


def unit(rng: np.random.Generator, n: int, dim: int) -> Vectors:
    vectors = rng.normal(size=(n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def agrees(index: Index, rows: Vectors, queries: Vectors, threshold: float) -> None:
    """Same best cosine, same set above the threshold; float noise at the border is nobody's fault."""
    exact = queries.astype(np.float64) @ rows.astype(np.float64).T
    for near, cosines in zip(index.near(queries, threshold), exact, strict=True):
        assert near.cosine == pytest.approx(cosines.max(), abs=CLOSE)
        assert cosines[near.best] == pytest.approx(cosines.max(), abs=CLOSE)
        found = dict(near.above)
        assert len(found) == len(near.above)
        assert set(np.flatnonzero(cosines > threshold + CLOSE)) <= set(found)
        assert set(found) <= set(np.flatnonzero(cosines > threshold - CLOSE))
        for row, cosine in near.above:
            assert cosine == pytest.approx(cosines[row], abs=CLOSE)


@given(
    st.integers(0, 2**32 - 1), st.lists(st.integers(0, 90), min_size=1, max_size=5), st.integers(1, 20),
    st.integers(2, 6), st.floats(-0.5, 0.99),
)  # fmt: skip
def test_against_brute_force(seed: int, pieces: list[int], m: int, dim: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    rows = unit(rng, sum(pieces), dim)
    index = Index(dim)
    for part in np.split(rows, np.cumsum(pieces)[:-1]):
        index.add(part)
    assert len(index) == len(rows)
    queries = unit(rng, m, dim)
    if len(rows):
        agrees(index, rows, queries, threshold)
    else:
        assert [(n.best, n.cosine, n.above) for n in index.near(queries, threshold)] == [(-1, -1.0, [])] * m


@pytest.mark.parametrize("n", [8191, 8192, 8193, 16_385, 20_000])
def test_across_blocks(n: int) -> None:
    rng = np.random.default_rng(n)
    rows = unit(rng, n, 4)
    index = Index(4)
    index.add(rows[: n // 3])
    index.add(rows[n // 3 :])
    places = [0, n // 3, 8190, n - 1, min(8192, n - 1)]
    agrees(index, rows, np.vstack([rows[places], unit(rng, 4, 4)]), 0.97)
    assert [near.best for near in index.near(rows[places], 0.97)] == places


def test_the_threshold_itself_is_not_above() -> None:
    index = Index(2)
    index.add(np.array([[1, 0], [0, 1]], np.float32))
    near = index.near(np.array([[1, 0]], np.float32), 1.0)[0]
    assert (near.best, near.cosine, near.above) == (0, 1.0, [])
    assert index.near(np.array([[1, 0]], np.float32), 0.0)[0].above == [(0, 1.0)]


def test_added_vectors_are_copied() -> None:
    index, mine = Index(2), np.array([[1, 0]], np.float32)
    index.add(mine)
    mine[:] = 0
    assert index.near(np.array([[1, 0]], np.float32), 0.5)[0].cosine == 1.0


@given(st.integers(1, 40), st.integers(0, 5), st.sampled_from([0.1, 0.5, 0.9]))
def test_twins_are_those_of_the_whole_matrix(n: int, repeats: int, threshold: float) -> None:
    vectors = np.random.default_rng(n).normal(size=(n, 6)).astype(np.float32)
    vectors = np.concatenate([vectors, vectors[:repeats]])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    assume(not (np.abs(cosines - threshold) < 1e-5).any())
    nearest, pairs = twins(vectors, threshold)
    assert np.allclose(nearest, cosines.max(axis=1), atol=1e-6)
    assert pairs == (np.triu(cosines, 1) > threshold).sum()


def test_twins_cross_the_blocks() -> None:
    vectors = np.eye(2500, dtype=np.float32)[:, :2400]
    vectors[2400:] = vectors[:100]
    nearest, pairs = twins(vectors, 0.5)
    assert pairs == 100
    assert (nearest > 0.5).sum() == 200
