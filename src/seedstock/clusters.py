"""Topic clusters: unit vectors in, a few centroids out; and words that name a cluster."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

MOST_CLUSTERS = 12
LEAST_ROWS = 5
"""A cluster of fewer rows is an accident of the sample; there are at most n / 10 clusters."""
LEAST_SILHOUETTE = 0.03
"""Mean silhouette under which the rows are one cloud, and cutting it up would only add noise."""
REFERENCES, MARGIN = 8, 3.0
"""Clouds without clusters to compare with; a silhouette must be so many standard deviations above theirs."""

_WORD = re.compile(r"[^\W\d_]{4,}")


def find_clusters(vectors: Vectors) -> tuple[Vectors, Labels]:
    """Centroids, shape (k, dim), and the cluster of each row, shape (n,); k is 1 where nothing stands out.

    Spherical k-means for every k up to n / 10, started at rows far from each other so that no random
    number is needed; the k with the best mean silhouette wins (Rousseeuw 1987, with cosine distance).
    It must be larger than in single Gaussian clouds of the same covariance (after Liu et al. 2008).
    """
    best, best_score = _whole(vectors), LEAST_SILHOUETTE
    clouds: list[Vectors] = []
    for k in range(2, min(MOST_CLUSTERS, len(vectors) // 10) + 1):
        centroids, labels = _k_means(vectors, k)
        score = _silhouette(vectors, labels, k)
        if score <= best_score or np.bincount(labels, minlength=k).min() < LEAST_ROWS:
            continue
        clouds = clouds or _clouds_like(vectors)
        usual = [_silhouette(cloud, _k_means(cloud, k)[1], k) for cloud in clouds]
        if score > np.mean(usual) + MARGIN * np.std(usual):
            best, best_score = (centroids, labels), score
    return best


def nearest(vectors: Vectors, centroids: Vectors) -> npt.NDArray[np.int64]:
    """Centroids of each row from the nearest to the farthest, shape (n, k)."""
    return np.argsort(-np.round(vectors @ centroids.T, 5), axis=1, kind="stable")


def keywords(texts: Sequence[str], labels: Sequence[int], n: int = 3) -> list[str]:
    """For each cluster the `n` words that most set it apart, as `refund, card, bank`.

    Rows of the cluster with the word, times the logarithm of how much more frequent it is there than among
    all rows.
    """
    rows = [set(_WORD.findall(text.casefold())) for text in texts]
    everywhere = Counter(word for row in rows for word in row)
    named = []
    for cluster in range(max(labels, default=-1) + 1):
        inside = [row for row, label in zip(rows, labels, strict=True) if label == cluster]
        here = Counter(word for row in inside for word in row)
        lift = len(rows) / max(1, len(inside))
        weight = {w: c * math.log(c * lift / everywhere[w]) for w, c in here.items() if c > 1}
        named.append(", ".join(sorted(weight, key=lambda w: (-weight[w], w))[:n]))
    return named


def _whole(vectors: Vectors) -> tuple[Vectors, Labels]:
    return _unit(vectors.mean(axis=0, keepdims=True)), np.zeros(len(vectors), np.int64)


def _k_means(vectors: Vectors, k: int, rounds: int = 50) -> tuple[Vectors, Labels]:
    centroids = vectors[_far_apart(vectors, k)]
    labels = np.full(len(vectors), -1)
    for _ in range(rounds):
        found = nearest(vectors, centroids)[:, 0]
        if np.array_equal(found, labels):
            break
        labels = found
        means = [vectors[labels == c] if (labels == c).any() else centroids[[c]] for c in range(k)]
        centroids = np.stack([_unit(rows.mean(axis=0)) for rows in means])
    return centroids.astype(np.float32), labels


def _far_apart(vectors: Vectors, k: int) -> list[int]:
    """The row nearest to the middle, then always the row farthest from those chosen."""
    chosen = [int(np.argmax(np.round(vectors @ vectors.mean(axis=0), 5)))]
    nearest_chosen = vectors @ vectors[chosen[0]]
    while len(chosen) < k:
        chosen.append(int(np.argmin(np.round(nearest_chosen, 5))))
        nearest_chosen = np.maximum(nearest_chosen, vectors @ vectors[chosen[-1]])
    return chosen


def _clouds_like(vectors: Vectors) -> list[Vectors]:
    """Rows drawn from the Gaussian of the same mean and covariance: what no clusters look like."""
    mean = vectors.mean(axis=0)
    _, spread, axes = np.linalg.svd(vectors - mean, full_matrices=False)
    # The sign of an axis is arbitrary; the same draws shall give the same cloud everywhere.
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    chance = np.random.default_rng(0)
    draws = chance.standard_normal((REFERENCES, len(vectors), len(spread))) / math.sqrt(len(vectors))
    return [_unit(mean + (draw * spread) @ axes) for draw in draws]


def _silhouette(vectors: Vectors, labels: Labels, k: int) -> float:
    """Mean of (b - a) / max(a, b): a is a row's mean distance within, b to the nearest other cluster."""
    one_hot = np.eye(k, dtype=np.float32)[labels]
    sizes = np.maximum(one_hot.sum(axis=0), 1)
    # The mean distance to a cluster's rows is one minus the cosine with their sum.
    sums = one_hot.sum(axis=0) - vectors @ (vectors.T @ one_hot)
    rows = np.arange(len(labels))
    within = sums[rows, labels] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[rows, labels] = np.inf
    other = means.min(axis=1)
    return round(float(((other - within) / np.maximum(np.maximum(other, within), 1e-9)).mean()), 4)


def _unit(vector: Vectors) -> Vectors:
    length = np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-12)
    unit: Vectors = (vector / length).astype(np.float32)
    return unit
