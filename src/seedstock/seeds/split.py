"""Folds, and the holdout where none is given: decided once, before anything is generated (policies 2, 3)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.text import normalise

FOLDS = 5
CROSS_FIT_UP_TO = 300
"""Up to so many real rows every row is worth more as a seed: evaluation cross-fits over the folds."""
LEAST_HOLDOUT = 100
HOLDOUT_SHARE = 0.2

CellOf = Callable[[Example], str]


def assign_folds(seeds: Sequence[Example], cell: CellOf, known: Mapping[str, int]) -> dict[str, int]:
    """Seed id → fold 0…4. Seeds with one input stay together; each cell is spread evenly.

    Folds in `known` stand: a seed added later joins the fold that its cell needs most. The result
    does not depend on the order of `seeds`.
    """
    folds = {seed.id: known[seed.id] for seed in seeds if seed.id in known}
    in_cell: dict[str, Counter[int]] = defaultdict(Counter)
    in_all: Counter[int] = Counter()
    for seed in seeds:
        if seed.id in folds:
            in_cell[cell(seed)][folds[seed.id]] += 1
            in_all[folds[seed.id]] += 1
    by_id = {seed.id: seed for seed in seeds}
    for family in _families(seeds):
        here = in_cell[cell(by_id[family[0]])]
        placed = [folds[member] for member in family if member in folds]
        fold = placed[0] if placed else min(range(FOLDS), key=lambda f: (here[f], in_all[f], f))
        for member in family:
            if member not in folds:
                folds[member] = fold
                here[fold] += 1
                in_all[fold] += 1
    return folds


def split_holdout(rows: Sequence[Example], cell: CellOf) -> list[str]:
    """Ids of the rows to hold out: a fifth, at least 100, each cell in proportion; [] up to 300 rows."""
    if len(rows) <= CROSS_FIT_UP_TO:
        return []
    wanted = max(LEAST_HOLDOUT, round(HOLDOUT_SHARE * len(rows)))
    by_id = {row.id: row for row in rows}
    families: dict[str, list[list[str]]] = defaultdict(list)
    for family in _families(rows):
        families[cell(by_id[family[0]])].append(family)
    sizes = {name: sum(map(len, part)) for name, part in families.items()}
    quota = apportion(wanted, sizes)
    held: list[str] = []
    for name, part in sorted(families.items()):
        taken = 0
        for family in part:
            if taken + len(family) <= quota[name]:
                held += family
                taken += len(family)
    return sorted(held)


def apportion(total: int, weights: Mapping[str, float]) -> dict[str, int]:
    """`total` in whole numbers, in proportion to `weights`: largest remainders, ties by name."""
    whole = sum(weights.values())
    exact = {name: total * weight / whole for name, weight in weights.items()}
    parts = {name: int(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (parts[name] - exact[name], name))
    for name in by_remainder[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def rotation(seeds: Sequence[Example]) -> list[Example]:
    """Seeds of a cell in the order in which requests take them: folds in turn, so that each is used."""
    by_fold: dict[int, list[Example]] = {}
    for seed in sorted(seeds, key=lambda s: s.content_id):
        by_fold.setdefault(seed.source.fold or 0, []).append(seed)
    turns = [(i, fold, seed) for fold, part in by_fold.items() for i, seed in enumerate(part)]
    return [seed for _, _, seed in sorted(turns, key=lambda turn: turn[:2])]


def _families(rows: Sequence[Example]) -> list[list[str]]:
    """Rows with one normalised input, in an order that only their content decides."""
    families: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        families[normalise(row.input_text)].append(row.id)
    return [sorted(families[key]) for key in sorted(families, key=digest)]
