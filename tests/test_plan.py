"""plan: quotas that add up, requests within their bound, cells given up with their reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.example import Example, Source
from seedstock.plan import (
    TRIES_BEFORE_GIVING_UP,
    Quota,
    cell_report,
    make_quotas,
    next_wave,
    project_quotas,
)
from seedstock.project import Project
from seedstock.seeds.split import rotation


def seeds(n: int, cell: str = "all") -> list[Example]:
    return [Example(f"{cell}{i}", f"{cell} {i}", cell, source=Source(fold=i % 5)) for i in range(n)]


weights = st.dictionaries(st.sampled_from(["swap", "noise", "paraphrase"]), st.integers(1, 9), min_size=1)
cells = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1)


@given(st.integers(1, 5000), cells, weights)
def test_quotas_add_up_to_the_target(target: int, sizes: dict[str, int], recipes: dict[str, int]) -> None:
    quotas = make_quotas(target, {name: seeds(n, name) for name, n in sizes.items()}, recipes)
    assert sum(q.target for q in quotas) == target
    assert all(q.target > 0 for q in quotas)
    assert len({(q.recipe, q.cell) for q in quotas}) == len(quotas)
    for recipe, weight in recipes.items():
        mine = sum(q.target for q in quotas if q.recipe == recipe)
        assert abs(mine - target * weight / sum(recipes.values())) < 1
    order = [(list(recipes).index(q.recipe), q.cell) for q in quotas]
    assert order == sorted(order)


@given(
    st.integers(1, 200), st.floats(1, 8), st.floats(0, 1), st.lists(st.booleans(), min_size=1, max_size=40)
)
def test_a_quota_is_filled_or_given_up_within_its_bound(
    target: int, overgenerate: float, floor: float, luck: list[bool]
) -> None:
    quota, waves = Quota("all", "swap", target), 0
    while n := quota.next_rows(overgenerate, floor):
        assert n <= quota.missing
        waves += 1
        assert waves <= 2000
        quota.asked += 1
        quota.asked_rows += n
        for _ in range(n):
            good = luck[quota.seen % len(luck)]
            quota.seen += 1
            quota.accepted += good
            if not good:
                quota.reasons["duplicate: near"] += 1
    assert quota.asked_rows <= overgenerate * target
    assert quota.accepted <= target
    assert (quota.state == "filled") == (quota.accepted == target)
    if quota.state != "filled":
        assert quota.state.startswith("given_up: ")
        assert f"{quota.accepted} of {quota.seen}" in quota.state
        assert "mostly duplicate: near" in quota.state


def test_a_cell_without_yield_is_given_up_early_and_says_why() -> None:
    quota = Quota("all", "swap", 100, asked=20, asked_rows=20, seen=20, accepted=1)
    quota.reasons.update({"duplicate: near": 15, "leak: near": 3, "format: schema": 1})
    assert quota.next_rows(4, 0.1) == 0
    assert quota.state == (
        "given_up: 1 of 20 candidates accepted, under 10%; mostly duplicate: near 15, leak: near 3"
    )
    assert quota.next_rows(4, 0.0) == 0  # once given up, it stays so


def test_bad_luck_on_few_candidates_is_no_reason() -> None:
    few = TRIES_BEFORE_GIVING_UP - 1
    quota = Quota("all", "swap", 10, asked=few, asked_rows=few, seen=few)
    assert quota.next_rows(4, 0.1) == 10
    assert quota.state == "open"


def test_what_a_yield_floor_of_zero_means() -> None:
    quota = Quota("all", "swap", 10, asked=39, asked_rows=39, seen=39)
    assert quota.next_rows(4, 0.0) == 1
    quota.asked_rows = quota.seen = 40
    assert quota.next_rows(4, 0.0) == 0
    assert "over-generated 4 times, 0 of 40 accepted" in quota.state


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40))
def test_rotation_takes_folds_in_turn_and_every_seed_once(folds: list[int]) -> None:
    rows = [Example(f"s{i}", f"text {i}", "x", source=Source(fold=fold)) for i, fold in enumerate(folds)]
    turned = rotation(rows)
    assert sorted(s.id for s in turned) == sorted(s.id for s in rows)
    assert rotation(rows[::-1]) == turned
    sizes = Counter(folds)
    first_round = [s.source.fold for s in turned[: len(sizes)]]
    assert first_round == sorted(sizes)
    # Round after round: a fold is asked again only when all others that still have seeds were.
    seen: Counter[int | None] = Counter()
    for seed in turned:
        mine = seed.source.fold
        assert all(seen[other] >= min(seen[mine], n) for other, n in sizes.items())
        seen[mine] += 1


def test_a_projects_plan(project_factory: Callable[..., Path]) -> None:
    with Project(
        project_factory(60, kind="classification", plan={"target": 33, "recipes": {"noise": 1}})
    ) as project:
        cells_ = project.cells
        assert {name: len(part) for name, part in cells_.items()} == {"angry": 30, "happy": 30}
        quotas = project_quotas(project)
        assert [(q.cell, q.recipe, q.target) for q in quotas] == [
            ("angry", "noise", 17),
            ("happy", "noise", 16),
        ]
        wave = next_wave(project, quotas)
        assert [(w.quota.cell, w.request.ordinal) for w in wave] == [
            *(("angry", i) for i in range(17)), *(("happy", i) for i in range(16)),
        ]  # fmt: skip
        fold_of = {seed.id: seed.source.fold for seed in project.seeds}
        for work in wave:
            assert work.request.fold is not None
            assert {fold_of[parent] for parent in work.request.parents} == {work.request.fold}
        assert len({w.request.key("t") for w in wave}) == len(wave)
        assert [w.request for w in next_wave(project, project_quotas(project))] == [w.request for w in wave]
        assert len({w.request.parents[0] for w in wave[:17]}) == 17  # no seed twice while others wait


def test_the_default_target_leaves_thirty_percent_real(project_factory: Callable[..., Path]) -> None:
    with Project(project_factory(60)) as project:
        assert project.target == 140
        assert sum(q.target for q in project_quotas(project)) == 140


def test_a_recipe_without_anything_to_do_is_given_up(project_factory: Callable[..., Path]) -> None:
    folder = project_factory(60, kind="classification", plan={"target": 9, "recipes": {"swap": 1}})
    with Project(folder) as project:
        quotas = project_quotas(project)
        assert next_wave(project, quotas) == []
        assert all("swap finds nothing to work on" in q.state for q in quotas)


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([(5, 5, ""), (5, 5, "")], "filled"), ([(5, 5, ""), (5, 4, "")], "open"),
        ([(5, 5, ""), (5, 1, "no luck")], "given_up: b: no luck"),
        ([(5, 1, "x"), (5, 1, "y")], "given_up: a: x; b: y"), ([(5, 5, "late"), (5, 5, "")], "filled"),
    ],
)  # fmt: skip
def test_a_cells_state_over_its_recipes(parts: list[tuple[int, int, str]], state: str) -> None:
    quotas = [
        Quota("c", name, target, accepted=accepted, given_up=why)
        for name, (target, accepted, why) in zip("ab", parts, strict=True)
    ]
    assert cell_report(quotas) == [
        {"cell": "c", "target": 10, "accepted": sum(q.accepted for q in quotas), "state": state}
    ]
