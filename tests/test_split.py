"""Folds and the holdout split: decided by content alone, even, and never taken back."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.example import Example
from seedstock.seeds.split import FOLDS, apportion, assign_folds, split_holdout


def label(example: Example) -> str:
    return str(example.output)


def real_rows(sizes: dict[str, int]) -> list[Example]:
    return [
        Example(f"{name}{i}", f"{name} says number {i}", name) for name, n in sizes.items() for i in range(n)
    ]


sizes = st.dictionaries(st.sampled_from("abcdefg"), st.integers(1, 23), min_size=1)


@given(sizes)
def test_each_label_is_spread_evenly(by_label: dict[str, int]) -> None:
    rows = real_rows(by_label)
    folds = assign_folds(rows, label, {})
    assert folds.keys() == {row.id for row in rows}
    for name in by_label:
        counts = Counter(folds[row.id] for row in rows if row.output == name)
        per_fold = [counts[fold] for fold in range(FOLDS)]
        assert max(per_fold) - min(per_fold) <= 1


def test_labels_seen_once_do_not_crowd_one_fold() -> None:
    rows = [Example(f"r{i}", f"text {i}", f"label {i}") for i in range(23)]
    per_fold = Counter(assign_folds(rows, label, {}).values())
    assert sorted(per_fold.values()) == [4, 4, 5, 5, 5]


@given(sizes, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(by_label: dict[str, int], rng: random.Random) -> None:
    rows = real_rows(by_label)
    mixed = rng.sample(rows, len(rows))
    assert assign_folds(mixed, label, {}) == assign_folds(rows, label, {})
    assert split_holdout(mixed, label) == split_holdout(rows, label)


@given(sizes, sizes)
def test_known_folds_stand_when_seeds_come(before: dict[str, int], later: dict[str, int]) -> None:
    first = real_rows(before)
    known = assign_folds(first, label, {})
    more = [Example("new-" + row.id, "and then " + str(row.input), row.output) for row in real_rows(later)]
    folds = assign_folds([*more, *first], label, known)
    assert {id_: folds[id_] for id_ in known} == known
    assert set(folds.values()) <= set(range(FOLDS))
    for name in {*before, *later}:
        counts = Counter(folds[row.id] for row in [*first, *more] if row.output == name)
        assert max(counts.values()) - min(counts[fold] for fold in range(FOLDS)) <= 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["Pump leaks", "valve stuck", "sun"]), st.sampled_from("ab")), max_size=20
    )
)
def test_one_input_is_never_in_two_folds(pairs: list[tuple[str, str]]) -> None:
    rows = [
        Example(f"r{i}", text.upper() if i % 2 else text + "!", out) for i, (text, out) in enumerate(pairs)
    ]
    half = assign_folds(rows[: len(rows) // 2], label, {})
    folds, together = assign_folds(rows, label, half), defaultdict(set)
    for row in rows:
        together[str(row.input).lower().rstrip("!")].add(folds[row.id])
    assert all(len(found) == 1 for found in together.values())


@pytest.mark.parametrize(
    ("rows", "held"),
    [(0, 0), (300, 0), (301, 100), (499, 100), (500, 100), (505, 101), (1000, 200), (2503, 501)],
)
def test_size_of_the_holdout(rows: int, held: int) -> None:
    ids = split_holdout(real_rows({"a": rows // 2, "b": rows - rows // 2}), label)
    assert len(ids) == len(set(ids)) == held


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(1, 300), min_size=2).filter(
        lambda s: sum(s.values()) > 300
    )
)
def test_each_label_gives_in_proportion(by_label: dict[str, int]) -> None:
    rows = real_rows(by_label)
    held = Counter(id_[0] for id_ in split_holdout(rows, label))
    wanted = max(100, round(0.2 * len(rows)))
    assert sum(held.values()) == wanted
    for name, n in by_label.items():
        assert abs(held[name] - wanted * n / len(rows)) < 1


def test_the_same_text_is_never_on_both_sides() -> None:
    rows = real_rows({"a": 200, "b": 200})
    twins = [Example("twin-" + row.id, str(row.input).upper() + ".", row.output) for row in rows[:150]]
    held = set(split_holdout([*rows, *twins], label))
    assert held
    for twin in twins:
        assert (twin.id in held) == (twin.id.removeprefix("twin-") in held)


@given(
    st.integers(0, 10_000),
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.floats(0, 1e6), min_size=1, max_size=12
    ).filter(lambda weights: sum(weights.values()) > 1e-3),
)
def test_apportion_is_exact_and_fair(total: int, weights: dict[str, float]) -> None:
    parts = apportion(total, weights)
    assert sum(parts.values()) == total
    assert parts.keys() == weights.keys()
    whole = sum(weights.values())
    for name, part in parts.items():
        assert part >= 0
        assert abs(part - total * weights[name] / whole) < 1 + 1e-6
    assert apportion(total, dict(reversed(weights.items()))) == parts
