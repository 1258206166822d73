"""The two ways that notebooks do it: four times as much as is wanted, or until the total is reached."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from seedstock import Project
from seedstock.ask import Asker
from seedstock.cell import Cell
from seedstock.example import Example, Source
from seedstock.facts import Knowledge, protected
from seedstock.gating import Gatekeeper
from seedstock.recipes.base import Ask, Recipe


@dataclass
class Outcome:
    """What a way of asking came to: `cells` counts accepted rows by the cell that they belong to."""

    requests: int = 0
    candidates: int = 0
    accepted: int = 0
    cells: Counter[str] = field(default_factory=Counter)

    def short_of(self, targets: dict[str, int]) -> tuple[int, int]:
        """Cells under their target, and rows that are missing there."""
        lacking = [n - self.cells[name] for name, n in targets.items() if self.cells[name] < n]
        return len(lacking), sum(lacking)


class Notebook:
    """The same recipes, teacher and gates; seeds at random, cells ignored, nothing shown of what is there."""

    def __init__(self, project: Project, seed: int) -> None:
        self.project = project
        self.chance = Random(seed)
        self.everything = Cell(
            "all", description="- it is a case of the same task", seeds=tuple(project.seeds)
        )
        self.knowledge = Knowledge.of(row.input_text for row in project.seeds)
        self.by_id = {row.id: row for row in project.seeds}
        self.asked: Counter[str] = Counter()

    def until(self, target: int | None, requests: int | None = None) -> Outcome:
        """Ask one question after the other until so many rows are accepted, or so many requests are sent."""
        outcome, keeper = Outcome(), Gatekeeper(self.project.config.gates, self.project.tools)
        teacher = self.project.teacher
        with Asker(teacher, self.project.config.teacher, self.project.ledger) as asker:
            for recipe in self._recipes():
                if outcome.requests == requests or (target is not None and outcome.accepted >= target):
                    return outcome
                [sent] = recipe.requests([self._ask(recipe)])
                outcome.requests += len(sent)
                answers = [response for _, response in asker.answers(list(sent))]
                found = [item.what for item in recipe.parse(sent, answers, self.by_id)]
                rows = [self._born(row, recipe, sent[0].parents) for row in found if isinstance(row, Example)]
                outcome.candidates += len(found)
                kept = [decision.example for decision in keeper.check(rows) if decision.failed is None]
                outcome.accepted += len(kept)
                outcome.cells.update(self.project.space.home(kept))
        raise AssertionError("recipes never end")

    def _recipes(self) -> Iterator[Recipe]:
        """Recipes in proportion to their weights, so that rows come in the proportions of the plan."""
        weights = {name: w / r.rows for name, (r, w) in self.project.recipes.items()}
        while True:
            name = max(
                weights,
                key=lambda n: (
                    weights[n] * (1 + sum(self.asked.values())) - self.asked[n] * sum(weights.values())
                ),
            )
            self.asked[name] += 1
            yield self.project.recipes[name][0]

    def _ask(self, recipe: Recipe) -> Ask:
        seed = self.chance.choice(self.project.seeds)
        fold = [
            row for row in self.project.seeds if row.source.fold == seed.source.fold and row.id != seed.id
        ]
        samples = (seed, *self.chance.sample(fold, 3)) if recipe.shows else ()
        spans = sorted(self.project.config.output.spans(seed.output, seed.input_text))
        facts = tuple(protected(seed.input_text, spans, self.knowledge))
        return Ask(
            self.project.brief, self.everything, self.asked[recipe.name], recipe.rows, seed, samples,
            facts=facts, turn=self.chance.randrange(10**9), pool=self.project.seeds,
        )  # fmt: skip

    def _born(self, row: Example, recipe: Recipe, parents: tuple[str, ...]) -> Example:
        source = Source("synthetic", recipe.name, parents, fold=0, depth=1)
        return Example(row.content_id, row.input, row.output, row.reasoning, source=source)


def fixed_multiplier(project: Project, times: int) -> int:
    """Requests for so many times the target, at each recipe's usual rows per request."""
    whole = sum(weight for _, weight in project.recipes.values())
    return sum(
        math.ceil(times * project.target * weight / whole / recipe.rows)
        for recipe, weight in project.recipes.values()
    )
