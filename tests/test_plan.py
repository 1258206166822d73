"""plan: quotas that add up, few questions within their bound, cells given up with their reasons."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock import registry
from seedstock.briefing import Briefing
from seedstock.cell import Cell
from seedstock.example import Example, Source
from seedstock.plan import (
    MOST_OF_A_CELL,
    MOST_OF_ALL,
    PILOT,
    Plan,
    allot,
    cell_targets,
    make_plan,
    split,
)
from seedstock.project import Project
from seedstock.quotas import (
    ANSWERS_BEFORE_GIVING_UP,
    ASSUMED_YIELD,
    NO_CELL,
    SPARE,
    TRIES_BEFORE_GIVING_UP,
    Goal,
    Order,
    Quota,
)
from seedstock.recipes.base import Recipe
from seedstock.seeds.split import apportion, rotation
from seedstock.verdict import Verdict
from seedstock.waves import next_wave, project_plan

USUAL = {"paraphrase": 0.30, "restyle": 0.20, "reformat": 0.10, "generate": 0.28, "long_tail": 0.12}
NEAR = Verdict("duplicate", "fail", "near")


def made(name: str) -> Recipe:
    kind = registry.load("recipe", name)
    given_settings = {"topics": ["dates"], "policy": Path("policy.txt")} if name == "red_team" else {}
    recipe: Recipe = kind(kind.Settings(**given_settings))
    return recipe


def recipes(weights: Mapping[str, float]) -> dict[str, tuple[Recipe, float]]:
    return {name: (made(name), weight) for name, weight in weights.items()}


def space(sizes: Mapping[str, int], near: str = "") -> dict[str, Cell]:
    """Cells with so many seeds each; those with one or two are thin."""
    whole = sum(sizes.values())
    return {
        name: Cell(
            name, {"label": name}, seeds=tuple(seeds(n, name)), weight=n / whole, thin=n < 3 and n < whole,
            near=near,
        )
        for name, n in sorted(sizes.items())
    }  # fmt: skip


def seeds(n: int, cell: str = "all") -> list[Example]:
    return [Example(f"{cell}{i}", f"{cell} {i}", cell, source=Source(fold=i % 5)) for i in range(n)]


def plan_of(
    sizes: Mapping[str, int], weights: Mapping[str, float], target: int, near: str = "", **settings: Any
) -> Plan:
    usual: dict[str, Any] = {"overgenerate": 4.0, "min_yield": 0.1, "most_per_seed": 9.0, "pilot": False}
    return make_plan(space(sizes, near), recipes(weights), target, **usual | settings)


NAMES = ["paraphrase", "restyle", "reformat", "swap", "noise", "generate", "long_tail", "red_team"]
weights = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 9), min_size=1)
cells = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 40), min_size=1)


# -- quotas


@given(st.integers(1, 3000), cells, weights)
def test_quotas_add_up_to_the_target(target: int, sizes: dict[str, int], planned: dict[str, int]) -> None:
    plan = plan_of(sizes, planned, target)
    assert plan.target == target
    assert all(goal.target >= 0 for goal in plan.goals.values())
    plan.next_orders()
    for goal in plan.goals.values():
        assert sum(quota.target for quota in goal.quotas.values()) == (goal.target if goal.quotas else 0)
        assert all(made(name).suits(goal.cell) for name in goal.quotas)
    order = [(list(planned).index(quota.recipe), quota.cell) for quota in plan.quotas()]
    assert order == sorted(order)
    again = plan_of(sizes, planned, target)
    again.next_orders()
    assert [(q.cell, q.recipe, q.target) for q in again.quotas()] == [
        (q.cell, q.recipe, q.target) for q in plan.quotas()
    ]


shares = st.dictionaries(st.sampled_from("pqrst"), st.floats(0.01, 1), min_size=1)
units = st.fixed_dictionaries(dict.fromkeys("pqrst", st.sampled_from([1, 2, 3, 5, 7])))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), shares, units)
def test_every_cell_gets_what_it_misses_and_every_recipe_its_share_of_all(
    missing: list[int], weight: dict[str, float], unit: dict[str, int]
) -> None:
    wanted = {f"c{i}": n for i, n in enumerate(missing)}
    found = allot(wanted, dict.fromkeys(wanted, weight), unit)
    assert all(rows > 0 for rows in found.values())
    for cell, n in wanted.items():
        assert sum(rows for (name, _), rows in found.items() if name == cell) == n
    for recipe, w in weight.items():
        rows = sum(rows for (_, name), rows in found.items() if name == recipe)
        assert abs(rows - sum(missing) * w / sum(weight.values())) <= 1.5 * max(unit.values())


@given(st.lists(st.tuples(st.integers(1, 30), shares), min_size=1, max_size=20), units)
def test_no_row_is_lost_where_recipes_suit_some_cells_only(
    parts: list[tuple[int, dict[str, float]]], unit: dict[str, int]
) -> None:
    wanted = {f"c{i}": n for i, (n, _) in enumerate(parts)}
    weight = {f"c{i}": w for i, (_, w) in enumerate(parts)}
    found = allot(wanted, weight, unit)
    assert Counter(wanted) == sum(
        (Counter({cell: rows}) for (cell, _), rows in found.items()), Counter[str]()
    )
    assert all(name in weight[cell] for cell, name in found)


def test_the_usual_recipes_over_many_small_cells() -> None:
    """Five recipes and 2 rows a cell: no cell can hold the shares, the whole can."""
    plan = plan_of({f"c{i:02}": 4 for i in range(50)}, USUAL, 100, near="x")
    plan.next_orders()
    found: Counter[str] = Counter()
    for quota in plan.quotas():
        found[quota.recipe] += quota.target
    assert sum(found.values()) == 100
    assert all(abs(found[name] - 100 * share) <= 5 for name, share in USUAL.items()), found


def test_small_cells_get_whole_questions_of_few_recipes() -> None:
    plan = plan_of(dict.fromkeys("abcd", 20), USUAL, 40, near="x")
    orders = plan.next_orders()
    for goal in plan.goals.values():
        assert len([quota for quota in goal.quotas.values() if quota.target]) <= 3
    assert sum(len(order.rows) for order in orders) <= 13, "a third more than if all answers were full"


@given(st.integers(0, 500), st.integers(1, 60))
def test_split_is_even_and_whole(total: int, parts: int) -> None:
    found = split(total, parts)
    assert (sum(found), len(found)) == (total, parts)
    assert max(found) - min(found) <= 1
    assert found == sorted(found, reverse=True)


# -- thin cells, recipes for few cells, cells of a recipe's own


@given(cells, st.integers(1, 3000), st.floats(0, 1), st.floats(1, 30))
def test_thin_cells_are_lifted_within_bounds(
    sizes: dict[str, int], target: int, tail: float, most_per_seed: float
) -> None:
    found = space(sizes)
    plain = apportion(target, {name: cell.weight for name, cell in found.items()})
    lifted = cell_targets(found, target, tail, most_per_seed)
    assert sum(lifted.values()) == target
    gained = {name: lifted[name] - plain[name] for name in found}
    assert sum(n for n in gained.values() if n > 0) <= round(tail * target)
    for name, cell in found.items():
        if not cell.thin:
            assert gained[name] <= 0
        elif gained[name]:
            assert gained[name] > 0
            assert lifted[name] <= most_per_seed * len(cell.seeds)
            assert lifted[name] <= max(plain[name], round(MOST_OF_ALL * target))
    if not tail:
        assert lifted == plain


def test_thin_cells_are_lifted_together_the_lowest_first() -> None:
    sizes = {"big": 60, "one": 1, "two": 2}
    assert cell_targets(space(sizes), 126, 0.0, 99.0) == {"big": 120, "one": 2, "two": 4}
    assert cell_targets(space(sizes), 126, 2 / 126, 99.0) == {"big": 118, "one": 4, "two": 4}
    assert cell_targets(space(sizes), 126, 1.0, 99.0) == {"big": 114, "one": 6, "two": 6}, "5 % of all"
    assert cell_targets(space(sizes), 126, 1.0, 3.0) == {"big": 117, "one": 3, "two": 6}, "3 rows a seed"


def test_thin_cells_are_only_lifted_where_the_long_tail_is_planned() -> None:
    sizes = {"big": 60, "thin": 1}
    assert plan_of(sizes, {"paraphrase": 1}, 122).goals["thin"].target == 2
    assert plan_of(sizes, {"paraphrase": 4, "long_tail": 1}, 122).goals["thin"].target == 6


def test_where_every_cell_is_thin_none_is() -> None:
    assert plan_of({"a": 1, "b": 2}, USUAL, 30).report() == [
        {"cell": "a", "target": 10, "accepted": 0, "state": "open"},
        {"cell": "b", "target": 20, "accepted": 0, "state": "open"},
    ]


def test_a_recipe_for_few_cells_weighs_more_there_but_is_at_most_half() -> None:
    plan = plan_of({"big": 58, "thin": 2}, {"paraphrase": 9, "long_tail": 1}, 100)
    plan.next_orders()
    assert set(plan.goals["big"].quotas) == {"paraphrase"}
    thin = plan.goals["thin"]
    assert thin.target == 5
    assert thin.quotas["long_tail"].weight == MOST_OF_A_CELL > 0.1
    assert {name: quota.target for name, quota in thin.quotas.items()} == {"paraphrase": 3, "long_tail": 2}


def test_a_recipe_with_a_cell_of_its_own_shares_no_other() -> None:
    plan = plan_of({"a": 30, "b": 10}, {"paraphrase": 3, "red_team": 1}, 100)
    assert {name: goal.target for name, goal in plan.goals.items()} == {"a": 56, "b": 19, "red_team": 25}
    assert set(plan.goals["a"].quotas) == {"paraphrase"}
    own = plan.goals["red_team"]
    assert set(own.quotas) == {"red_team"}
    assert sorted(seed.id for seed in own.cell.seeds) == sorted(s.id for s in seeds(30, "a") + seeds(10, "b"))
    alone = plan_of({"a": 3}, {"red_team": 1}, 10)
    assert {name: goal.target for name, goal in alone.goals.items()} == {"red_team": 10}


def test_a_cell_that_no_recipe_suits_is_given_up_with_a_reason() -> None:
    plan = plan_of({"big": 60, "thin": 1}, {"long_tail": 1}, 61)
    orders = plan.next_orders()
    assert {order.goal.cell.name for order in orders} == {"thin"}
    assert plan.goals["big"].state == "given_up: no recipe"


# -- a whole run, on paper

Row = tuple[Verdict | None, str | None]
"""What rejected a candidate, and the cell that it belongs to."""


class Paper:
    """Plays a plan to its end. `luck(order)` is what becomes of the next candidate of an order."""

    def __init__(self, plan: Plan, luck: Callable[[Order], Row]) -> None:
        self.plan = plan
        self.luck = luck
        self.spare: list[tuple[Quota, str]] = []
        self.asked: list[int] = []
        """Questions by wave."""

    def play(self) -> None:
        while orders := self.plan.next_orders():
            self.wave(orders)
            assert len(self.asked) <= 500

    def wave(self, orders: Sequence[Order]) -> None:
        if not (self.plan.pilot and self.plan.wave == 1):
            for goal in self.plan.goals.values():
                assert sum(goal.reserved.values()) <= goal.missing, "no more is wanted than is missing"
        for order in orders:
            assert not order.goal.given_up
            assert not order.quota.given_up
            order.quota.asked += len(order.rows)
            order.quota.asked_rows += sum(order.rows)
            for _ in range(sum(order.rows)):
                self.candidate(order.quota, *self.luck(order))
        self.asked.append(sum(len(order.rows) for order in orders))
        self.use_spare()

    def candidate(self, quota: Quota, failed: Verdict | None, place: str | None) -> None:
        failed = failed or self.plan.admit(place, quota.recipe)
        if failed is not None and failed.code == SPARE:
            assert place is not None
            self.spare.append((quota, place))
        else:
            quota.count(failed, place)

    def use_spare(self) -> None:
        self.plan.end_wave()
        waiting, self.spare = self.spare, []
        for quota, place in waiting:
            if self.plan.goals[place].missing:
                self.candidate(quota, None, place)
            else:
                self.spare.append((quota, place))


@given(
    cells, weights, st.integers(1, 150), st.floats(1, 8), st.floats(0, 0.6), st.booleans(),
    st.randoms(use_true_random=False), st.floats(0, 1),
)  # fmt: skip
def test_every_cell_is_filled_or_given_up_within_its_bound(
    sizes: dict[str, int], planned: dict[str, int], target: int, overgenerate: float,
    floor: float, pilot: bool, chance: Any, yields: float,
) -> None:  # fmt: skip
    plan = plan_of(sizes, planned, target, near="x", overgenerate=overgenerate, min_yield=floor, pilot=pilot)
    places = [*plan.goals, None]

    def luck(order: Order) -> Row:
        if chance.random() >= yields:
            return NEAR, order.goal.cell.name
        return None, order.goal.cell.name if chance.random() < 0.9 else chance.choice(places)

    paper = Paper(plan, luck)
    paper.play()
    for name, goal in plan.goals.items():
        assert goal.accepted <= goal.target
        assert goal.asked_rows <= max(1, int(overgenerate * goal.target))
        assert goal.state == "filled" or goal.state.startswith("given_up: ")
        assert (goal.state == "filled") == (goal.accepted == goal.target)
        if goal.state != "filled":
            assert goal.given_up == "no recipe" or "of" in goal.given_up
            assert (
                not goal.asked_rows
                or "mostly" in goal.given_up
                or not any(quota.reasons for quota in goal.quotas.values())
            )
            assert not any(place == name for _, place in paper.spare), "a row that was needed is left over"
    for quota in plan.quotas():
        assert quota.good <= quota.seen <= quota.asked_rows
    assert plan.accepted == sum(quota.accepted for quota in plan.quotas())
    assert plan.next_orders() == [], "the end is the end"


def test_a_perfect_teacher_is_asked_the_least() -> None:
    """Of n rows at most a question per recipe and cell is not full."""
    plan = plan_of({"a": 60, "b": 30}, {"paraphrase": 1}, 90)
    paper = Paper(plan, lambda order: (None, order.goal.cell.name))
    paper.play()
    assert paper.asked == [30]
    assert {goal.state for goal in plan.goals.values()} == {"filled"}
    assert len(paper.spare) == sum(quota.asked_rows for quota in plan.quotas()) - 90


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("pilot", [True, False])
def test_the_usual_yields_take_few_questions_more_than_the_least(share: float, pilot: bool) -> None:
    plan = plan_of({"a": 60, "b": 60, "c": 60}, USUAL, 400, near="x", pilot=pilot, overgenerate=8.0)
    turn = iter(range(10**6))
    paper = Paper(
        plan, lambda order: (None if next(turn) * share % 1 < share else NEAR, order.goal.cell.name)
    )
    paper.play()
    assert plan.accepted == 400
    least = sum(
        quota.accepted / (plan.recipes[quota.recipe][0].rows * quota.good / quota.seen)
        for quota in plan.quotas()
        if quota.good
    )
    assert sum(paper.asked) <= 1.25 * least, (paper.asked, least)


# -- the pilot


@given(cells, weights, st.integers(1, 1000))
def test_the_pilot_asks_every_third_question_and_the_rest_comes_after(
    sizes: dict[str, int], planned: dict[str, int], target: int
) -> None:
    bold, careful = (plan_of(sizes, planned, target, near="x", pilot=pilot) for pilot in (False, True))
    every = [order for order in bold.next_orders() for _ in order.rows]
    pilot = [order for order in careful.next_orders() for _ in order.rows]
    assert len(pilot) == ceil(len(every) / PILOT)
    assert [(order.recipe.name, order.goal.cell.name) for order in pilot] == [
        (order.recipe.name, order.goal.cell.name) for order in every[::PILOT]
    ]
    assert {name: q.target for name, q in zip(NAMES, careful.quotas(), strict=False)} == {
        name: q.target for name, q in zip(NAMES, bold.quotas(), strict=False)
    }, "targets are of the whole"


def test_what_the_pilot_teaches_changes_the_next_wave() -> None:
    def asked_per_wanted(rejected: int) -> float:
        plan = plan_of({"a": 60}, {"paraphrase": 1}, 90, pilot=True)
        [order] = plan.next_orders()
        turn = iter(range(1000))
        Paper(plan, lambda order: (NEAR if next(turn) % 4 < rejected else None, "a")).wave([order])
        missing = plan.goals["a"].missing
        [order] = plan.next_orders()
        return sum(order.rows) / missing

    assert asked_per_wanted(0) < 1 / ASSUMED_YIELD < asked_per_wanted(1)


# -- surplus


def test_rows_that_came_too_many_are_used_before_anything_more_is_asked_for() -> None:
    plan = plan_of({"a": 30}, {"paraphrase": 1, "noise": 1}, 12)
    rewriting, noise = plan.next_orders()
    assert (sum(rewriting.rows), len(rewriting.rows)) == (8, 2)
    assert noise.rows == (1,) * 6
    luck = iter([None] * 8 + [None, None] + [NEAR] * 4)
    paper = Paper(plan, lambda order: (next(luck), "a"))
    for order in (rewriting, noise):
        order.quota.asked_rows += sum(order.rows)
        for _ in range(sum(order.rows)):
            paper.candidate(order.quota, *paper.luck(order))
    goal = plan.goals["a"]
    assert (goal.accepted, len(paper.spare)) == (8, 2), "the places of noise are kept for noise"
    paper.use_spare()
    assert (goal.accepted, paper.spare) == (10, [])
    assert sum(sum(order.rows) for order in plan.next_orders()) <= 3
    assert goal.missing == 2


def test_a_full_cell_takes_nothing_and_says_so() -> None:
    plan = plan_of({"a": 30}, {"paraphrase": 1}, 2)
    assert [plan.admit("a", "paraphrase") for _ in range(2)] == [None, None]
    refused = plan.admit("a", "paraphrase")
    assert refused is not None
    assert (refused.gate, refused.code, refused.passed) == ("plan", SPARE, False)
    assert (refused.figure, refused.threshold) == (2, 2)
    assert "cell a is full" in refused.reason
    assert plan.report() == [{"cell": "a", "target": 2, "accepted": 2, "state": "filled"}]


def test_a_row_of_no_cell_is_turned_away_with_another_code() -> None:
    refused = plan_of({"a": 30}, {"paraphrase": 1}, 2).admit(None, "paraphrase")
    assert refused is not None
    assert (refused.gate, refused.code) == ("plan", NO_CELL)


def test_a_row_of_another_cell_counts_there_and_against_the_yield_here() -> None:
    plan = plan_of({"a": 30, "b": 30}, {"paraphrase": 1}, 20)
    plan.next_orders()
    plan.end_wave()
    quota = plan.goals["a"].quotas["paraphrase"]
    assert plan.admit("b", "paraphrase") is None
    quota.count(None, "b")
    assert (plan.goals["a"].accepted, plan.goals["b"].accepted) == (0, 1)
    assert (quota.seen, quota.good, quota.accepted) == (1, 0, 1)
    assert quota.reasons == {"plan: other_cell": 1}


def test_a_row_that_is_not_needed_is_no_failure_of_its_recipe() -> None:
    quota = Quota("a", "paraphrase")
    quota.count(Verdict("plan", "fail", SPARE), "a")
    quota.count(NEAR, "a")
    assert (quota.seen, quota.good, quota.accepted) == (2, 1, 0)


# -- giving up


def tried(quota: Quota, passed: int, reasons: Mapping[str, int]) -> None:
    for _ in range(passed):
        quota.count(None, quota.cell)
    for said, n in reasons.items():
        gate, code = said.split(": ")
        for _ in range(n):
            quota.count(Verdict(gate, "fail", code), quota.cell)


def test_a_recipe_without_yield_is_given_up_early_and_says_why() -> None:
    plan = plan_of({"a": 60}, {"paraphrase": 1, "noise": 1}, 100)
    plan.next_orders()
    goal = plan.goals["a"]
    tried(goal.quotas["noise"], 1, {"duplicate: near": 15, "leak: near": 3, "format: schema": 1})
    assert {order.recipe.name for order in plan.next_orders()} == {"paraphrase", "noise"}, "too few answers"
    goal.quotas["noise"].requests = goal.quotas["paraphrase"].requests = ANSWERS_BEFORE_GIVING_UP
    assert {order.recipe.name for order in plan.next_orders()} == {"paraphrase"}, "the other goes on"
    why = "1 of 20 candidates passed, under 10%; mostly duplicate: near 15, leak: near 3"
    assert (goal.quotas["noise"].given_up, goal.state) == (why, "open")
    tried(goal.quotas["paraphrase"], 0, {"format: unparsed": 20})
    assert plan.next_orders() == []
    assert goal.state == (
        "given_up: paraphrase: 0 of 20 candidates passed, under 10%; mostly format: unparsed 20;"
        f" noise: {why}"
    )
    plan.min_yield = 0.0
    assert plan.next_orders() == [], "once given up, it stays so"


def test_a_recipe_that_fails_over_all_cells_is_given_up_in_small_ones_too() -> None:
    plan = plan_of(dict.fromkeys("abcd", 20), {"paraphrase": 1, "noise": 1}, 40)
    plan.next_orders()
    for goal in plan.goals.values():
        tried(goal.quotas["noise"], 0, {"duplicate: near": 6})
        goal.quotas["noise"].requests = 3
    tried(plan.goals["d"].quotas["noise"], 3, {})
    assert {order.recipe.name for order in plan.next_orders()} == {"paraphrase", "noise"}, "3 of 27"
    tried(plan.goals["a"].quotas["noise"], 0, {"duplicate: near": 6})
    orders = plan.next_orders()
    assert {order.goal.cell.name for order in orders if order.recipe.name == "noise"} <= {"d"}
    why = "3 of 33 candidates passed in all cells, under 10%; mostly duplicate: near 6"
    assert plan.goals["b"].quotas["noise"].given_up == why
    assert not plan.goals["d"].quotas["noise"].given_up, "there it has shown something better"


def test_a_recipe_that_cannot_fill_its_part_leaves_it_to_others_that_can() -> None:
    """Four candidates a row: 5 of 38 may be 25.7 %, which is enough; 5 of 40 are 24.5 % at the most."""
    plan = plan_of({"a": 60, "b": 60}, {"paraphrase": 1, "noise": 1}, 100)
    plan.next_orders()
    weak = plan.goals["a"].quotas["noise"]
    tried(weak, 5, {"duplicate: near": 33})
    weak.requests = ANSWERS_BEFORE_GIVING_UP
    assert {order.recipe.name for order in plan.next_orders()} == {"paraphrase", "noise"}
    tried(weak, 0, {"duplicate: near": 2})
    assert {order.recipe.name for order in plan.next_orders()} == {"paraphrase"}
    why = "5 of 40 candidates passed: too few for 4 candidates a row, and others do better"
    assert weak.given_up == f"{why}; mostly duplicate: near 35"
    untried = plan.goals["b"].quotas["noise"]
    assert untried.given_up == why.replace("passed", "passed in all cells")
    alone = plan_of({"a": 60}, {"noise": 1}, 100)
    tried(alone.goals["a"].quotas["noise"], 5, {"duplicate: near": 40})
    alone.goals["a"].quotas["noise"].requests = ANSWERS_BEFORE_GIVING_UP
    assert alone.next_orders(), "a part is better than nothing"


def test_what_works_badly_is_asked_at_most_twice_as_much_as_before() -> None:
    plan = plan_of({"a": 60}, {"noise": 1}, 300, overgenerate=20.0)
    plan.next_orders()
    quota = plan.goals["a"].quotas["noise"]
    tried(quota, 9, {"duplicate: near": 21})
    quota.requests = quota.asked_rows = 30
    [order] = plan.next_orders()
    assert sum(order.rows) == 60


def test_when_room_gets_short_the_rest_goes_to_what_works_best_in_the_cell() -> None:
    plan = plan_of({"a": 60}, {"paraphrase": 9, "noise": 1}, 10)
    plan.next_orders()
    goal = plan.goals["a"]
    tried(goal.quotas["paraphrase"], 0, {"facts: lost_name": 12})
    goal.quotas["paraphrase"].asked_rows, goal.quotas["noise"].asked_rows = 12, 1
    assert {order.recipe.name for order in plan.next_orders()} == {"paraphrase", "noise"}
    goal.quotas["paraphrase"].asked_rows = 19
    assert {order.recipe.name for order in plan.next_orders()} == {"noise"}


def test_a_small_cell_is_served_by_one_question() -> None:
    plan = plan_of(dict.fromkeys("abcd", 20), {"generate": 1}, 32)
    assert [order.rows for order in plan.next_orders()] == [(10,)] * 4


@pytest.mark.parametrize(("chars", "rows", "most"), [(50, 5, 10), (300, 5, 9), (700, 4, 4), (9000, 1, 1)])
def test_no_more_is_asked_for_at_once_than_an_answer_can_hold(chars: int, rows: int, most: int) -> None:
    """1024 tokens of three characters; a candidate takes its input, its output, and 40 around it."""
    recipe = made("generate")
    recipe.fit([Example(f"s{i}", "x" * (chars - 10), "y" * 10) for i in range(20)], 1024)
    assert (recipe.rows, recipe.most) == (rows, most)
    other = made("generate")
    other.fit([Example("s", "x" * 9000, "y")], None)
    assert (other.rows, other.most) == (5, 10)


def test_bad_luck_on_few_candidates_is_no_reason() -> None:
    plan = plan_of({"a": 60}, {"noise": 1}, 10)
    tried(plan.goals["a"].quotas["noise"], 0, {"duplicate: near": TRIES_BEFORE_GIVING_UP - 1})
    [order] = plan.next_orders()
    assert len(order.rows) >= 10
    assert plan.goals["a"].state == "open"


def test_what_a_yield_floor_of_zero_means() -> None:
    plan = plan_of({"a": 60}, {"noise": 1}, 10, min_yield=0.0)
    quota = plan.goals["a"].quotas["noise"]
    tried(quota, 0, {"duplicate: near": 39})
    quota.asked_rows = 39
    [order] = plan.next_orders()
    assert order.rows == (1,)
    quota.asked_rows = 40
    tried(quota, 0, {"duplicate: near": 1})
    assert plan.next_orders() == []
    assert plan.goals["a"].state == (
        "given_up: over-generated 4 times, 0 of 40 accepted; mostly duplicate: near 40"
    )


@pytest.mark.parametrize(
    ("target", "accepted", "given_up", "state"),
    [
        (5, 5, "", "filled"), (5, 4, "", "open"), (5, 1, "no luck", "given_up: no luck"),
        (5, 5, "late", "filled"), (0, 0, "", "filled"),
    ],
)  # fmt: skip
def test_a_cells_state(target: int, accepted: int, given_up: str, state: str) -> None:
    assert Goal(Cell("c"), target, accepted, given_up).state == state


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0, 1))
def test_a_yield_is_drawn_towards_the_usual_one(good: int, bad: int, usual: float) -> None:
    quota = Quota("a", "noise", seen=good + bad, good=good)
    found = quota.expected_yield(usual)
    assert 0.1 <= found <= 1
    seen = good / (good + bad) if good + bad else usual
    assert min(seen, usual) - 1e-9 <= found <= max(seen, usual, 0.1) + 1e-9
    assert Quota("a", "noise").expected_yield(usual) == pytest.approx(max(0.1, usual))


# -- the plan of a project


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
    folder = project_factory(60, kind="classification", plan={"target": 33, "recipes": {"noise": 1}})
    with Project(folder) as project:
        assert {name: len(cell.seeds) for name, cell in project.cells.items()} == {"angry": 30, "happy": 30}
        plan = project_plan(project)
        wave = next_wave(plan, Briefing(project, plan))
        assert [(q.cell, q.recipe, q.target) for q in plan.quotas()] == [
            ("angry", "noise", 17), ("happy", "noise", 16),
        ]  # fmt: skip
        questions = [request for work in wave for request in work.requests]
        assert [(q.cell, q.ordinal) for q in questions] == [
            *(("angry", i) for i in range(17)), *(("happy", i) for i in range(16)),
        ]  # fmt: skip
        fold_of = {seed.id: seed.source.fold for seed in project.seeds}
        for question in questions:
            assert question.fold is not None
            assert {fold_of[parent] for parent in question.parents} == {question.fold}
        assert len({question.key("t") for question in questions}) == len(questions)
        again = project_plan(project)
        assert [w.requests for w in next_wave(again, Briefing(project, again))] == [w.requests for w in wave]
        assert len({q.parents[0] for q in questions[:17]}) == 17  # no seed twice while others wait


def test_the_default_target_leaves_thirty_percent_real(project_factory: Callable[..., Path]) -> None:
    with Project(project_factory(60)) as project:
        assert project.target == 140
        plan = project_plan(project)
        plan.next_orders()
        assert sum(q.target for q in plan.quotas()) == plan.target == 140


def test_a_recipe_without_anything_to_do_is_given_up(project_factory: Callable[..., Path]) -> None:
    folder = project_factory(60, kind="classification", plan={"target": 9, "recipes": {"swap": 1}})
    with Project(folder) as project:
        plan = project_plan(project)
        assert next_wave(plan, Briefing(project, plan)) == []
        assert all("swap finds nothing to work on" in goal.state for goal in plan.goals.values())


@pytest.mark.parametrize("target", [1, 2, 9])
def test_its_rows_go_to_the_others(target: int, project_factory: Callable[..., Path]) -> None:
    folder = project_factory(60, kind="classification", plan={"target": target})
    with Project(folder) as project:
        assert set(project.recipes) == {"swap", "noise"}
        plan, found = project_plan(project), Counter[str]()
        briefing = Briefing(project, plan)
        while sum(found.values()) < target:
            wave = next_wave(plan, briefing)
            assert wave, found
            for work in wave:
                assert plan.admit(work.order.goal.cell.name, work.order.recipe.name) is None
                work.order.quota.count(None, work.order.goal.cell.name)
                found[work.order.recipe.name] += 1
            plan.end_wave()
        assert found == {"noise": target}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("classification", ["paraphrase", "restyle", "reformat", "generate", "long_tail"]),
        ("code", ["paraphrase", "restyle", "generate", "long_tail"]),
        ("sql", ["paraphrase", "restyle", "generate", "long_tail"]),
        ("conversation", ["paraphrase", "restyle", "conversation"]),
        ("reasoning", ["paraphrase", "restyle", "reformat", "reasoning"]),
    ],
)
def test_the_recipes_that_are_usual_for_a_kind_of_task(
    kind: str, names: list[str], project_factory: Callable[..., Path]
) -> None:
    folder = project_factory(
        60, teacher={"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    )
    path = folder / "seedstock.yaml"
    config = json.loads(path.read_text())
    config["task"]["kind"] = kind
    path.write_text(json.dumps(config))
    with Project(folder) as project:
        found = project.recipes
        assert list(found) == names
        rewriting = sum(weight for recipe, weight in found.values() if recipe.group == "augment")
        assert rewriting == pytest.approx(0.6)
        assert sum(weight for _, weight in found.values()) == pytest.approx(1)
    config["review"] = False
    path.write_text(json.dumps(config))
    with Project(folder) as project:
        assert {recipe.group for recipe, _ in project.recipes.values()} == {"augment"}
