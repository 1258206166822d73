"""neighbours: the index against a plain matrix product, pruned or not, however rows come in."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seedstock.neighbours import Index, Pairs, Vectors, cosines, first_of_each, keep_first, twins
from seedstock.neighbours import index as index_module
from seedstock.neighbours.pruning import TILE_COLUMNS, Prune, fit

TOOL = Path(__file__).parents[1] / "tools/build_product_graph.py"


def unit(rng: np.random.Generator, n: int, dim: int, spread: float = 0.0) -> Vectors:
    """Random directions; with `spread`, axes of falling weight, as of real embeddings."""
    vectors = rng.normal(size=(n, dim)) * np.exp(-spread * np.arange(dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def plain(queries: Vectors, rows: Vectors, threshold: float) -> set[tuple[int, int]]:
    exact = np.round(queries.astype(np.float64) @ rows.astype(np.float64).T, 7)
    return {(int(i), int(j)) for i, j in np.argwhere(exact > threshold)}


def as_set(pairs: Pairs) -> set[tuple[int, int]]:
    found = list(zip(pairs.query.tolist(), pairs.row.tolist(), strict=True))
    assert found == sorted(set(found))
    return set(found)


@given(
    st.integers(0, 2**32 - 1), st.lists(st.integers(0, 90), min_size=1, max_size=5), st.integers(0, 20),
    st.integers(2, 6), st.floats(-0.5, 0.99),
)  # fmt: skip
def test_against_brute_force(seed: int, pieces: list[int], m: int, dim: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    rows, queries = unit(rng, sum(pieces), dim), unit(rng, m, dim)
    index = Index(dim)
    for part in np.split(rows, np.cumsum(pieces)[:-1]):
        index.add(part)
    assert len(index) == len(rows)
    assert as_set(index.near(queries, threshold)) == plain(queries, rows, threshold)
    if len(rows):
        places, best = index.nearest(queries)
        exact = queries.astype(np.float64) @ rows.astype(np.float64).T
        assert np.allclose(best, exact.max(axis=1), atol=1e-6)
        assert np.allclose(exact[np.arange(m), places], best, atol=1e-6)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prune from 40 rows on."""
    monkeypatch.setattr(index_module, "PLAIN", 40)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.floats(0.3, 0.98))
def test_the_bound_is_never_below_the_cosine(seed: int, spread: int, threshold: float) -> None:
    """Also for rows unlike those the prune was fitted to: much longer tails, numbers beyond its bytes."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(48, 28)))[0].astype(np.float32)
    prune = Prune(axes, largest=float(rng.uniform(0.02, 0.6)))
    rows = unit(rng, 200, 48, 0.03 * spread)
    rows[100:] = rows[:100] + unit(rng, 100, 48) * np.float32(0.3)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    tile = prune.tile()
    prune.fill(tile, rows[:150])
    prune.fill(tile, rows[150:])
    i, j = prune.candidates(*prune.queries(rows), [tile], threshold)
    assert plain(rows, rows, threshold) <= set(zip(i.tolist(), j.tolist(), strict=True))
    assert j.max(initial=0) < len(rows)


@pytest.mark.parametrize("threshold", [0.8, 0.92])
def test_a_pruned_search_finds_the_same(small: None, threshold: float) -> None:
    rng = np.random.default_rng(5)
    rows = unit(rng, 3 * TILE_COLUMNS + 77, 96, 0.06)
    rows[50::3] = rows[:-50:3] + unit(rng, len(rows[50::3]), 96) * np.float32(0.4)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert fit(rows[:4096], threshold) is not None
    expected = plain(rows, rows, threshold)
    index = Index(96)
    for start in range(0, len(rows), 500):  # the index fits, grows, fits again
        part = rows[start : start + 500]
        found = as_set(index.near(part, threshold))
        assert found == {(i - start, j) for i, j in expected if start <= i < start + 500 and j < start}
        among = as_set(index.among(part, threshold))
        assert among == {
            (i - start, j - start) for i, j in expected if start <= j < i < start + 500
        }  # fmt: skip
        index.add(part)
    assert index._prune is not None
    assert as_set(index.near(rows, threshold)) == expected
    assert as_set(index.near(rows[:700], 0.5)) == plain(rows[:700], rows, 0.5)  # below what it was fitted for


def test_a_figure_does_not_depend_on_the_batch(small: None) -> None:
    rng = np.random.default_rng(1)
    rows = unit(rng, 900, 64, 0.05)
    index = Index(64)
    index.add(rows)
    together = index.near(rows, 0.5)
    one_by_one = [index.near(row[None], 0.5) for row in rows[:40]]
    for i, found in enumerate(one_by_one):
        assert np.array_equal(found.cosine, together.of(i).cosine)
        assert np.array_equal(found.row, together.of(i).row)


@pytest.mark.parametrize("n", [8191, 8192, 8193, 16_385])
def test_across_blocks(n: int) -> None:
    rng = np.random.default_rng(n)
    rows = unit(rng, n, 4)
    index = Index(4)
    index.add(rows[: n // 3])
    index.add(rows[n // 3 :])
    places = [0, n // 3, 8190, n - 1, min(8192, n - 1)]
    assert as_set(index.near(rows[places], 0.97)) == plain(rows[places], rows, 0.97)
    assert index.nearest(rows[places])[0].tolist() == places


def test_the_threshold_itself_is_not_above() -> None:
    index = Index(2)
    index.add(np.array([[1, 0], [0, 1]], np.float32))
    query = np.array([[1, 0]], np.float32)
    assert as_set(index.near(query, 1.0)) == set()
    assert as_set(index.near(query, 0.0)) == {(0, 0)}


def test_added_vectors_are_copied() -> None:
    index, mine = Index(2), np.array([[1, 0]], np.float32)
    index.add(mine)
    mine[:] = 0
    assert index.near(np.array([[1, 0]], np.float32), 0.5).cosine.tolist() == [1.0]


def greedy(vectors: Vectors, threshold: float) -> list[int]:
    """Keep-first, a row at a time."""
    exact = np.round(vectors.astype(np.float64) @ vectors.astype(np.float64).T, 7)
    kept: list[int] = []
    for i in range(len(vectors)):
        if not (exact[i, kept] > threshold).any():
            kept.append(i)
    return kept


@given(st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(2, 5), st.floats(0.2, 0.99))
def test_keep_first_is_plain_greedy(seed: int, n: int, dim: int, threshold: float) -> None:
    vectors = unit(np.random.default_rng(seed), n, dim)
    assert keep_first(vectors, threshold).tolist() == greedy(vectors, threshold)


def test_keep_first_over_blocks_and_pruned(small: None) -> None:
    rng = np.random.default_rng(3)
    vectors = unit(rng, 4500, 64, 0.05)
    vectors[2300:] = vectors[:2200] + unit(rng, 2200, 64) * rng.uniform(0.1, 0.9, (2200, 1)).astype("f")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = keep_first(vectors, 0.9).tolist()
    assert kept == greedy(vectors, 0.9)
    assert 0.5 < len(kept) / len(vectors) < 0.9


@given(st.integers(1, 30), st.sets(st.tuples(st.integers(0, 29), st.integers(0, 29))))
def test_first_of_each_is_greedy_in_order(n: int, drawn: set[tuple[int, int]]) -> None:
    pairs = sorted({(max(p), min(p)) for p in drawn if p[0] != p[1] and max(p) < n})
    stays: list[int] = []
    for i in range(n):
        if not any(j in stays for later, j in pairs if later == i):
            stays.append(i)
    later, earlier = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
    assert np.flatnonzero(first_of_each(n, later, earlier)).tolist() == stays


def test_a_cosine_that_decides_is_the_same_in_any_company() -> None:
    rng = np.random.default_rng(0)
    a, b = unit(rng, 9000, 40), unit(rng, 9000, 40)
    every = np.arange(9000)
    found = cosines(a, every, b, every)
    some = rng.permutation(9000)[:500]
    assert np.array_equal(cosines(a, some, b, some), found[some])
    assert np.array_equal(cosines(a, some[:1], b, some[:1]), found[some[:1]])


def test_the_graph_is_what_the_tool_writes() -> None:
    pytest.importorskip("onnx")
    spec = importlib.util.spec_from_file_location("build_product_graph", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert (files("seedstock.neighbours") / "product.onnx").read_bytes() == tool.graph()


@given(st.integers(1, 40), st.integers(0, 5), st.sampled_from([0.1, 0.5, 0.9]))
def test_twins_are_those_of_the_whole_matrix(n: int, repeats: int, threshold: float) -> None:
    vectors = np.random.default_rng(n).normal(size=(n, 6)).astype(np.float32)
    vectors = np.concatenate([vectors, vectors[:repeats]])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines_ = vectors @ vectors.T
    np.fill_diagonal(cosines_, -1.0)
    assume(not (np.abs(cosines_ - threshold) < 1e-5).any())
    nearest, pairs = twins(vectors, threshold)
    assert np.allclose(nearest, cosines_.max(axis=1), atol=1e-6)
    assert pairs == (np.triu(cosines_, 1) > threshold).sum()


def test_twins_cross_the_blocks() -> None:
    vectors = np.eye(2500, dtype=np.float32)[:, :2400]
    vectors[2400:] = vectors[:100]
    nearest, pairs = twins(vectors, 0.5)
    assert pairs == 100
    assert (nearest > 0.5).sum() == 200
