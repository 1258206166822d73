"""Topic clusters: found where there are any, the same whatever the order of rows, and none in one cloud."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.clusters import LEAST_ROWS, MOST_CLUSTERS, Labels, Vectors, find_clusters, keywords, nearest
from seedstock.embedders.lexical import Lexical
from server import WORDS

TOPICS = {
    "garden": "spade seedling compost watering hedge mower tulip greenhouse rake pruning lawn".split(),
    "bank": "transfer account interest loan overdraft statement deposit mortgage cheque savings".split(),
    "kitchen": "oven saucepan whisk flour kettle simmer recipe butter spatula dough grater".split(),
}


def unit(rows: np.ndarray) -> Vectors:
    made: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return made


def mixture(k: int, each: int, seed: int, noise: float = 0.6, dims: int = 64) -> tuple[Vectors, Labels]:
    """Rows around `k` random directions in a random order, and which direction each is from."""
    chance = np.random.default_rng(seed)
    of = chance.permutation(np.repeat(np.arange(k), each))
    centres = chance.normal(size=(k, dims))
    return unit(centres[of] + noise * chance.normal(size=(len(of), dims))), of


def parts(labels: Labels, places: Sequence[int] | None = None) -> set[frozenset[int]]:
    """The partition, whatever its parts are called; `places` says where each row stood before."""
    at = range(len(labels)) if places is None else places
    return {
        frozenset(int(p) for p, mine in zip(at, labels, strict=True) if mine == label)
        for label in set(labels)
    }


@pytest.mark.parametrize("k", [2, 3, 5, 8])
@pytest.mark.parametrize("seed", range(3))
def test_clusters_that_are_there_are_found(k: int, seed: int) -> None:
    vectors, of = mixture(k, 20, seed)
    centroids, labels = find_clusters(vectors)
    assert parts(labels) == parts(of)
    assert centroids.shape == (k, 64)
    assert np.allclose(np.linalg.norm(centroids, axis=1), 1, atol=1e-5)
    assert (nearest(vectors, centroids)[:, 0] == labels).all()


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(3, 25), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_names_at_most(seed: int, k: int, each: int, chance: random.Random) -> None:
    vectors, _ = mixture(k, each, seed, noise=1.0)
    order = list(range(len(vectors)))
    chance.shuffle(order)
    labels = find_clusters(vectors)[1]
    assert parts(find_clusters(vectors[order])[1], order) == parts(labels)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("spread", ["even", "long"])
def test_one_cloud_is_not_cut_up_whatever_its_shape(seed: int, spread: str) -> None:
    """A long cloud in two halves has a good silhouette: one of the same shape shows what that is worth."""
    chance = np.random.default_rng(seed)
    scale = np.ones(64) if spread == "even" else np.linspace(3.0, 0.1, 64)
    rows = chance.normal(size=64) * 2 + chance.normal(size=(150, 64)) * scale
    assert set(find_clusters(unit(rows))[1]) == {0}


def test_nor_where_hardly_anything_stands_out(lexical: Lexical) -> None:
    chance = random.Random(1)
    vectors = lexical.embed([" ".join(chance.sample(WORDS, 9)) for _ in range(200)])
    labels = find_clusters(vectors)[1]
    order = list(range(199, -1, -1))
    assert parts(find_clusters(vectors[order])[1], order) == parts(labels)


def test_the_same_rows_give_the_same_bits() -> None:
    vectors, _ = mixture(4, 30, 7, noise=1.0)
    one, other = find_clusters(vectors), find_clusters(vectors.copy())
    assert one[0].tobytes() == other[0].tobytes()
    assert one[1].tobytes() == other[1].tobytes()


@pytest.mark.parametrize("n", [60, 150, 300])
@pytest.mark.parametrize("spread", [0.5, 1.0, 5.0])
def test_one_cloud_is_one_cluster(n: int, spread: float) -> None:
    chance = np.random.default_rng(n)
    vectors = unit(chance.normal(size=(1, 384)) + spread * chance.normal(size=(n, 384)))
    centroids, labels = find_clusters(vectors)
    assert len(centroids) == 1
    assert not labels.any()
    assert np.allclose(centroids[0], unit(vectors.mean(axis=0, keepdims=True))[0], atol=1e-6)


@given(st.integers(1, 130), st.integers(0, 50))
def test_clusters_are_few_and_none_is_an_accident(n: int, seed: int) -> None:
    vectors = unit(np.random.default_rng(seed).normal(size=(n, 4)))
    centroids, labels = find_clusters(vectors)
    assert len(labels) == n
    assert len(centroids) <= max(1, min(MOST_CLUSTERS, n // 10))
    if len(centroids) > 1:
        assert np.bincount(labels, minlength=len(centroids)).min() >= LEAST_ROWS


@pytest.mark.parametrize("n", [1, 5, 40])
def test_rows_that_are_all_alike_are_one_cluster(n: int) -> None:
    centroids, labels = find_clusters(np.ones((n, 1), np.float32))
    assert (len(centroids), set(labels.tolist())) == (1, {0})


def test_texts_about_several_things(lexical: Lexical) -> None:
    chance = random.Random(3)
    texts = [" ".join(chance.sample(words, 6)) for words in TOPICS.values() for _ in range(25)]
    labels = find_clusters(lexical.embed(texts))[1]
    assert parts(labels) == {frozenset(range(i, i + 25)) for i in (0, 25, 50)}
    named = keywords(texts, labels.tolist())
    for words, said in zip(TOPICS.values(), (named[labels[i]] for i in (0, 25, 50)), strict=True):
        assert len(said.split(", ")) == 3
        assert set(said.split(", ")) <= set(words)


def test_words_that_stand_everywhere_name_nothing() -> None:
    texts = ["please refund order", "please refund card", "please cancel order", "please cancel card"]
    assert keywords(texts, [0, 0, 1, 1], n=1) == ["refund", "cancel"]
    assert keywords(texts, [0, 0, 1, 1], n=9)[0].split(", ")[0] == "refund"
    assert keywords([], []) == []
    assert keywords(["one", "two"], [0, 1]) == ["", ""]


def test_nearest_ranks_every_centroid() -> None:
    vectors, of = mixture(3, 5, 1, noise=0.2)
    centroids = np.stack([unit(vectors[of == i].mean(axis=0, keepdims=True))[0] for i in range(3)])
    ranked = nearest(vectors, centroids)
    assert ranked.shape == (15, 3)
    assert (np.sort(ranked, axis=1) == np.arange(3)).all()
    assert (ranked[:, 0] == of).all()
