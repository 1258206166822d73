"""The probe: least squares from features to labels, cross-fitted, and weighed by what the real rows bear out.

Two linear models are fitted without the fold that they then look at: one from real rows alone, one from
all rows. How far each is believed is found on the real rows: a · real + b · all goes through a softmax
whose a and b make their labels most likely. So where the synthetic rows are wrong in a system, the
second model misjudges real rows and is believed less; where real rows are too few to learn from, the
first is. Rows that the first round doubts are left out of the second model, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FOLDS = 5
BAR = 2.0
"""Log-odds from which on a row deserves a look: another label is e², about 7 times, as likely."""
SURE = 3.0
"""Log-odds from which on a row is kept from teaching the others: about 20 times as likely."""
RIDGE = 1.0
"""Penalty of the squares of the weights; features are of length about 1. From 0.3 to 3 little changes."""

_BELIEFS = (0.0, *(2.0 ** (i / 2) for i in range(13)))
_JUDGES = 1000
"""Real rows on which the two models are weighed: more change nothing in two numbers."""
_BLOCK = 4096

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
_Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the probe makes of n rows: arrays of length n.

    `score`: log-odds of the best other label against the stated one; `expected`: that label;
    `confidence`: its probability.
    """

    score: _Wide
    expected: Ints
    confidence: _Wide


def opinion(features: Floats, labels: Ints, count: int, real: Flags, folds: Ints) -> Opinion:
    """What the probe makes of rows with these features (n, dim) and labels 0 … count - 1; count is 2 or more.

    `real` marks the rows whose labels people have checked, `folds` the fold of each row, 0 … 4. Costs
    4·n·dim² multiplications and 20 solutions of dim equations; memory 5·dim² doubles.
    """
    data = _Data(features, labels, count, folds)
    first = data.fit(real)
    judges = np.flatnonzero(real)[:_JUDGES]
    used = np.ones(len(labels), np.bool_)
    found = _look(data, first, data.fit(used), judges)
    used = real | (found.score <= SURE)
    return found if used.all() else _look(data, first, data.fit(used), judges)


@dataclass(frozen=True, slots=True)
class _Data:
    features: Floats
    labels: Ints
    count: int
    folds: Ints

    def fit(self, used: Flags) -> _Wide:
        """For each fold the weights (dim + 1, count) of least squares on the rest of the used rows."""
        dim = self.features.shape[1] + 1
        gram, cross = np.zeros((FOLDS, dim, dim)), np.zeros((FOLDS, dim, self.count))
        for rows in _blocks(np.flatnonzero(used)):
            x, folds = self._design(rows), self.folds[rows]
            targets = np.zeros((len(rows), self.count), np.float32)
            targets[np.arange(len(rows)), self.labels[rows]] = 1
            for fold in range(FOLDS):
                mine = folds == fold
                gram[fold] += x[mine].T @ x[mine]
                cross[fold] += x[mine].T @ targets[mine]
        whole, penalty = gram.sum(axis=0), RIDGE * np.eye(dim)
        total = cross.sum(axis=0)
        return np.stack(
            [np.linalg.solve(whole - g + penalty, total - c) for g, c in zip(gram, cross, strict=True)]
        )

    def predict(self, weights: _Wide, rows: Ints) -> _Wide:
        """What the models that have not seen the rows say of each label, (rows, count)."""
        x, out = self._design(rows), np.empty((len(rows), self.count))
        for fold in range(FOLDS):
            mine = self.folds[rows] == fold
            out[mine] = x[mine] @ weights[fold]
        return out

    def _design(self, rows: Ints) -> Floats:
        return np.hstack([self.features[rows], np.ones((len(rows), 1), np.float32)])


def _look(data: _Data, first: _Wide, second: _Wide, judges: Ints) -> Opinion:
    """Weigh the two models on the judges, and look at every row with what comes out."""
    a, b = _weigh(data.predict(first, judges), data.predict(second, judges), data.labels[judges])
    n = len(data.labels)
    score, confidence, expected = np.zeros(n), np.zeros(n), np.zeros(n, np.intp)
    for rows in _blocks(np.arange(n)):
        logits = a * data.predict(first, rows) + b * data.predict(second, rows)
        logits -= logits.max(axis=1, keepdims=True)
        mass = np.exp(logits).sum(axis=1)
        places = np.arange(len(rows))
        stated = logits[places, data.labels[rows]].copy()
        logits[places, data.labels[rows]] = -np.inf
        best = logits.argmax(axis=1)
        score[rows], expected[rows] = logits[places, best] - stated, best
        confidence[rows] = np.exp(logits[places, best]) / mass
    return Opinion(score, expected, confidence)


def _weigh(one: _Wide, other: _Wide, labels: Ints) -> tuple[float, float]:
    """The a and b of the grid under which `labels` are most likely; (0, 0) where nothing can be told."""
    if not len(labels):
        return 0.0, 0.0
    costs = {(a, b): _cost(a * one + b * other, labels) for a in _BELIEFS for b in _BELIEFS}
    return min(costs, key=lambda pair: (round(costs[pair], 9), pair))


def _cost(logits: _Wide, labels: Ints) -> float:
    """Mean negative log-likelihood of the labels under a softmax."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    stated = shifted[np.arange(len(labels)), labels]
    return float((np.log(np.exp(shifted).sum(axis=1)) - stated).mean())


def _blocks(rows: Ints) -> Iterator[Ints]:
    for start in range(0, len(rows), _BLOCK):
        yield rows[start : start + _BLOCK]
