"""The plan: how many accepted rows each cell is owed, by which recipes, and what to ask for next.

A cell's quota is binding; the shares of the recipes hold over the whole set. Every wave is planned anew
out of what is still missing, so that nothing is asked for a cell that is full.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from seedstock.cell import Cell
from seedstock.intervals import upper_bound
from seedstock.quotas import (
    ASSUMED_YIELD,
    NO_CELL,
    PLAN,
    SPARE,
    TRIES_BEFORE_GIVING_UP,
    Goal,
    Order,
    Quota,
    Record,
)
from seedstock.recipes.base import Recipe
from seedstock.seeds.split import apportion, rotation
from seedstock.verdict import Verdict

LOW_YIELD = 0.5
"""Under it a recipe is asked for twice as much as before at the most: it may have to be given up."""

SHORT_OF_ROOM = 0.5
"""When so much of a cell's bound is used up, the rest goes to the recipe that works best there."""

MOST_OF_A_CELL = 0.5
"""A recipe that suits few cells makes up for the others there, but is at most so much of a cell."""

MOST_OF_ALL = 0.05
"""A thin cell is lifted to at most so much of the set (methods.md, section 1)."""

SHARED = ""
"""Stands for all recipes without a cell of their own."""

PILOT = 3
"""The first wave asks every third question, to learn what share of a recipe's candidates passes."""

Recipes = Mapping[str, tuple[Recipe, float]]


@dataclass(slots=True)
class Plan:
    """Goals by cell name, and the recipes with their weights. `wave` counts the waves planned so far.

    With `pilot` the first wave asks a third of the whole, to learn the yields: for teachers that answer
    while one waits.
    """

    goals: dict[str, Goal]
    recipes: Recipes
    overgenerate: float
    min_yield: float
    pilot: bool = True
    wave: int = 0

    @property
    def accepted(self) -> int:
        """Accepted rows of all cells."""
        return sum(goal.accepted for goal in self.goals.values())

    @property
    def target(self) -> int:
        """Wanted rows of all cells."""
        return sum(goal.target for goal in self.goals.values())

    def admit(self, cell: str | None, recipe: str) -> Verdict | None:
        """Give a row that passed every gate a place in its cell; the verdict that keeps it out otherwise.

        `spare` says that the places left are for other recipes of this wave; should they not need them,
        the row has another chance. A row without a place stays in the ledger: a higher target takes it.
        """
        if cell is None:
            return Verdict(PLAN, "fail", NO_CELL, "the row belongs to no cell that has a quota", 0.0, 1.0)
        goal = self.goals[cell]
        others = sum(rows for name, rows in goal.reserved.items() if name != recipe and rows > 0)
        if goal.missing <= (0 if goal.reserved[recipe] > 0 else others):
            reason = f"cell {cell} is full: the row passed every gate and is not needed now"
            return Verdict(PLAN, "fail", SPARE, reason, goal.accepted, goal.target)
        goal.accepted += 1
        goal.reserved[recipe] -= 1
        return None

    def end_wave(self) -> None:
        """Every answer of the wave has been gated: no place is kept for anybody any more."""
        for goal in self.goals.values():
            goal.reserved.clear()

    def next_orders(self) -> list[Order]:
        """What to ask for next: recipes in their order, cells by name; [] when nothing is open any more."""
        self.wave += 1
        self._give_up_recipes()
        records = self._records()
        usual = {name: record.usual_yield for name, record in records.items()}
        missing = {
            goal.cell.name: goal.missing - goal.pending
            for goal in self.goals.values()
            if self._is_open(goal) and goal.missing > goal.pending
        }
        # What one question may come to: a small cell is then served by as few as will do.
        units = {n: max(r.rows, int(r.most * usual[n])) for n, (r, _) in self.recipes.items()}
        rows = allot(missing, self._weights(missing), units)
        if self.wave == 1:
            for (cell, name), n in rows.items():
                self.goals[cell].quotas[name].target = n
        orders = []
        left = {cell: self._may_ask(goal) - goal.asked_rows for cell, goal in self.goals.items()}
        able = {name: self._may_ask_next(record) for name, record in records.items()}
        for (name, (recipe, _)), (cell, goal) in product(self.recipes.items(), self.goals.items()):
            wanted, most = rows.get((cell, name), 0), min(left[cell], able[name])
            if questions := self._questions(goal, name, wanted, usual[name], most):
                left[cell] -= sum(questions)
                able[name] -= sum(questions)
                orders.append(Order(goal, goal.quotas[name], recipe, questions))
        if self.pilot and self.wave == 1:
            return _every_third(orders)
        for order in orders:
            order.goal.reserved[order.recipe.name] = rows[order.goal.cell.name, order.recipe.name]
        return orders

    def quotas(self) -> list[Quota]:
        """Every recipe's part in every cell: recipes in their order, cells by name."""
        return [quota for name in self.recipes for quota in self._quotas_of(name)]

    def _is_open(self, goal: Goal) -> bool:
        """Whether anything is to be asked for a cell. Gives up recipes, and cells without any left."""
        if not goal.missing or goal.given_up:
            return False
        for quota in goal.quotas.values():
            if quota.given_up:
                continue
            if why := self._failure(quota.record) or self._shortfall(goal, quota, quota.record):
                quota.give_up(why)
            elif quota.asked_rows >= self._may_ask_of(goal, quota) and len(goal.quotas) > 1:
                quota.give_up(
                    f"over-generated {self.overgenerate:g} times, {quota.good} of {quota.due} passed"
                )
        if all(quota.given_up for quota in goal.quotas.values()):
            goal.given_up = (
                "; ".join(f"{q.recipe}: {q.given_up}" for q in goal.quotas.values()) or "no recipe"
            )
        elif goal.asked_rows >= self._may_ask(goal):
            goal.given_up = f"over-generated {self.overgenerate:g} times, {_tried(goal)}"
        return not goal.given_up

    def _may_ask(self, goal: Goal) -> int:
        """Candidates that may be asked for in all: the bound of over-generation."""
        return max(1, int(self.overgenerate * goal.target))

    def _is_short(self, goal: Goal) -> bool:
        return goal.asked_rows >= SHORT_OF_ROOM * self._may_ask(goal)

    def _may_ask_of(self, goal: Goal, quota: Quota) -> int:
        """A recipe's part of that bound, so that one that works badly leaves enough to the others."""
        if self._is_short(goal):
            return self._may_ask(goal)
        whole = sum(other.weight for other in goal.quotas.values() if not other.given_up)
        part = quota.weight / whole if whole else 1.0
        return max(1, int(self.overgenerate * max(quota.target, part * goal.target)))

    def _may_ask_next(self, record: Record) -> int:
        """Candidates that a recipe may be asked for in this wave, in all cells."""
        low = record.due and record.usual_yield < LOW_YIELD
        return max(TRIES_BEFORE_GIVING_UP, 2 * record.due) if low else sys.maxsize

    def _failure(self, record: Record, where: str = "") -> str:
        """Why it makes no sense to go on: too few pass. Empty where it may make some."""
        if not record.tried or record.good >= self.min_yield * record.due:
            return ""
        return f"{record.good} of {record.due} candidates passed{where}, under {self.min_yield:.0%}"

    def _shortfall(self, goal: Goal, quota: Quota, record: Record, where: str = "") -> str:
        """Why a recipe should leave its part to others, which can fill it: it cannot within the bound.

        By the upper end of a one-sided 95 % interval of its yield. Empty where it may.
        """
        least = 1 / self.overgenerate
        weak = record.tried and record.good < least * record.due  # the bound is above: cheap to tell first
        if not weak or upper_bound(record.good, record.due) >= least:
            return ""
        others = [q for q in goal.quotas.values() if q is not quota and not q.given_up]
        if not any(other.expected_yield(ASSUMED_YIELD) >= least for other in others):
            return ""
        said = f"{record.good} of {record.due} candidates passed{where}"
        return f"{said}: too few for {self.overgenerate:g} candidates a row, and others do better"

    def _give_up_recipes(self) -> None:
        """Give a recipe up wherever it has shown nothing better, once it is known to fail in general."""
        for (name, record), goal in product(self._records().items(), self.goals.values()):
            quota = goal.quotas.get(name)
            if quota is None or quota.given_up:
                continue
            where = "" if quota.record == record else " in all cells"
            failure, shortfall = self._failure(record, where), self._shortfall(goal, quota, record, where)
            if failure and quota.good <= self.min_yield * quota.due:
                quota.give_up(failure)
            elif shortfall and quota.good * self.overgenerate <= quota.due:
                quota.give_up(shortfall)

    def _quotas_of(self, recipe: str) -> list[Quota]:
        return [goal.quotas[recipe] for goal in self.goals.values() if recipe in goal.quotas]

    def _records(self) -> dict[str, Record]:
        """What is known of each recipe from all cells."""
        return {name: sum((q.record for q in self._quotas_of(name)), Record()) for name in self.recipes}

    def _weights(self, cells: Mapping[str, int]) -> dict[str, dict[str, float]]:
        """Each open cell's recipes, those that lag behind their share of the set first."""
        behind = {name: self._behind(name) for name in self.recipes}
        usual = {name: record.usual_yield for name, record in self._records().items()}
        found = {}
        for cell in cells:
            goal = self.goals[cell]
            quotas = [quota for quota in goal.quotas.values() if not quota.given_up]
            if self._is_short(goal):
                quotas = [max(quotas, key=lambda q: q.expected_yield(usual[q.recipe]))]
            # What works badly in this cell is asked less here, and so more elsewhere.
            here = {q.recipe: q.weight * q.expected_yield(usual[q.recipe]) / usual[q.recipe] for q in quotas}
            weights = {name: weight * behind[name] for name, weight in here.items()}
            found[cell] = weights if any(weights.values()) else here
        return found

    def _behind(self, recipe: str) -> float:
        """The share of a recipe's rows that is still missing; 1 before the first wave."""
        quotas = self._quotas_of(recipe)
        target = sum(quota.target for quota in quotas)
        return max(0.0, 1 - sum(quota.accepted for quota in quotas) / target) if target else 1.0

    def _questions(self, goal: Goal, name: str, wanted: int, usual: float, left: int) -> tuple[int, ...]:
        """Candidates per question for `wanted` accepted rows, `left` at the most.

        As few questions as will do: a question for one row costs about as much as one for three, so
        the candidates that will be lost are asked for in questions that are made anyway.
        """
        if not wanted:
            return ()
        recipe, quota = self.recipes[name][0], goal.quotas[name]
        left = min(left, self._may_ask_of(goal, quota) - quota.asked_rows)
        if left <= 0:
            return ()
        share = quota.expected_yield(usual)
        needed = math.ceil(wanted / share - 1e-9)
        # At first as many questions as if all candidates passed; then what the yield calls for.
        n = max(1, round((wanted if self.wave < 3 else wanted / share) / recipe.rows))
        n = 1 if needed <= recipe.most else n
        rows = min(left, max(n, min(n * recipe.most, needed)))
        return tuple(split(rows, min(n, math.ceil(rows / recipe.rows))))

    def report(self) -> list[dict[str, Any]]:
        """Cells as `{cell, target, accepted, state}`."""
        return [
            {"cell": name, "target": goal.target, "accepted": goal.accepted, "state": goal.state}
            for name, goal in self.goals.items()
        ]


def make_plan(
    cells: Mapping[str, Cell], recipes: Recipes, target: int, *, overgenerate: float, min_yield: float,
    most_per_seed: float, pilot: bool = True,
) -> Plan:  # fmt: skip
    """`target` rows over the cells by weight, thin ones lifted where `long_tail` is planned.

    Recipes with a cell of their own get their share of the target there. `most_per_seed` is how many rows
    may come from one seed; no thin cell is lifted above what its seeds may give.
    """
    shared = {name: pair for name, pair in recipes.items() if not pair[0].own_cell}
    weights = {name: weight for name, (_, weight) in recipes.items() if name not in shared}
    apart = apportion(target, {SHARED: sum(weight for _, weight in shared.values()), **weights})
    rest = apart.pop(SHARED)
    goals: dict[str, Goal] = {}
    if shared:
        tail = shared["long_tail"][1] / sum(w for _, w in shared.values()) if "long_tail" in shared else 0.0
        targets = cell_targets(cells, rest, tail, most_per_seed)
        goals = {name: Goal(cell, targets[name]) for name, cell in cells.items()}
        for name, parts in _suited(cells, shared, targets).items():
            goals[name].quotas = {recipe: Quota(name, recipe, weight=w) for recipe, w in parts.items()}
    for recipe, rows in apart.items():
        name = f"{recipe} (recipe)" if recipe in cells else recipe
        goals[name] = _own_goal(name, recipe, rows, cells)
    return Plan(goals, recipes, overgenerate, min_yield, pilot)


def _own_goal(name: str, recipe: str, rows: int, cells: Mapping[str, Cell]) -> Goal:
    """The cell of a recipe whose rows lie outside the task's space; all seeds may be shown there."""
    seeds = {seed.id: seed for cell in cells.values() for seed in cell.seeds}
    cell = Cell(name, seeds=tuple(rotation(list(seeds.values()))))
    return Goal(cell, rows, quotas={recipe: Quota(name, recipe, weight=1.0)})


def cell_targets(cells: Mapping[str, Cell], target: int, tail: float, most_per_seed: float) -> dict[str, int]:
    """Rows per cell, `target` in all: in proportion to the seeds, but a part of `tail` for the thin ones.

    Thin cells are lifted together, the lowest first, each to what its seeds may give and 5 % of the set.
    """
    weights = {name: cell.weight for name, cell in cells.items()}
    thin = [name for name, cell in cells.items() if cell.thin]
    lift = round(tail * target) if thin and len(thin) < len(cells) else 0
    found = apportion(target, weights)
    tops = {
        name: min(int(most_per_seed * len(cells[name].seeds)), max(found[name], round(MOST_OF_ALL * target)))
        for name in thin
    }
    for _ in range(lift):
        low = min(
            (name for name in thin if found[name] < tops[name]), key=lambda n: (found[n], n), default=None
        )
        # Taken from the cell that can best spare it.
        high = max(
            (n for n in cells if n not in thin), key=lambda n: (found[n] / (weights[n] or 1), n), default=None
        )
        if low is None or high is None or found[high] <= found[low] + 1:
            break
        found[low], found[high] = found[low] + 1, found[high] - 1
    return found


def allot(
    missing: Mapping[str, int], weights: Mapping[str, Mapping[str, float]], units: Mapping[str, int]
) -> dict[tuple[str, str], int]:
    """Rows by (cell, recipe): all that a cell misses, each recipe in proportion to its weight over all cells.

    `units` is how many rows a recipe gives at once: small cells get whole questions of few recipes, and
    what a recipe gets too much or too little in one cell is made up in the next (error diffusion).
    """
    owed = dict.fromkeys(units, 0.0)
    found: dict[tuple[str, str], int] = {}
    for cell, rows in missing.items():
        whole = sum(weights[cell].values())
        due = {name: rows * weight / whole for name, weight in weights[cell].items()} if whole else {}
        got = dict.fromkeys(due, 0)
        while due and (left := rows - sum(got.values())) > 0:
            name = max(due, key=lambda n: round(due[n] + owed[n] - got[n], 9))
            n = min(units[name], left)
            got[name] += left if left - n <= units[name] // 2 else n
        for name, part in due.items():
            owed[name] += part - got[name]
        found |= {(cell, name): n for name, n in got.items() if n}
    return found


def _every_third(orders: Sequence[Order]) -> list[Order]:
    """Every third question, so that all recipes and cells are tried."""
    found, place = [], 0
    for order in orders:
        rows = tuple(n for i, n in enumerate(order.rows, place) if i % PILOT == 0)
        place += len(order.rows)
        if rows:
            found.append(replace(order, rows=rows))
            order.goal.reserved[order.recipe.name] = sum(rows)
    return found


def split(total: int, parts: int) -> list[int]:
    """`total` in `parts` whole numbers, as even as they can be, the larger first."""
    least, more = divmod(total, parts)
    return [least + (i < more) for i in range(parts)]


def _suited(
    cells: Mapping[str, Cell], recipes: Recipes, targets: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    """Each cell's recipes with their weights: a recipe that suits few cells weighs more there."""
    whole = sum(weight for _, weight in recipes.values())
    found: dict[str, dict[str, float]] = {name: {} for name in cells}
    for recipe, (made, weight) in recipes.items():
        fitting = [name for name, cell in cells.items() if made.suits(cell)]
        reach = sum(targets[name] for name in fitting) / max(1, sum(targets.values()))
        for name in fitting:
            here = weight / whole / reach if reach else 0.0
            found[name][recipe] = here if reach == 1 else min(here, MOST_OF_A_CELL)
    return found


def _tried(goal: Goal) -> str:
    seen = sum(quota.seen for quota in goal.quotas.values())
    reasons = sum((quota.reasons for quota in goal.quotas.values()), Counter[str]())
    most = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common(2))
    return f"{goal.accepted} of {seen} accepted" + (f"; mostly {most}" if most else "")
