"""What goes into each question: which seed, which real examples, what is there already, what was rejected.

Everything in one question comes from one fold. Nothing here is drawn by chance: seeds that have been
parents of few rows come first, and what is shown follows from the verdicts of earlier waves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from seedstock.brief import Negative
from seedstock.cell import Cell
from seedstock.example import Example
from seedstock.exchange import Request
from seedstock.facts import Knowledge, protected
from seedstock.plan import Plan
from seedstock.project import Project
from seedstock.quotas import Order
from seedstock.recipes.base import Ask
from seedstock.seeds.dimensions import Attribute
from seedstock.verdict import Verdict

SAMPLES = 4
"""Real examples shown (methods.md, section 1)."""
EXISTING = 8
REJECTED = 3
"""Rows shown of what is there already, and of what was turned down."""
SHOWN_CHARS = 300
"""Characters of a row that is shown in passing."""

TEACHING = frozenset({"format", "facts", "quirks", "relevance", "review", "duplicate.conflict"})
"""Gates whose rejections teach something. A leak is never shown: it is nearly a row kept for evaluation. What
is near to a row that is there already needs no second telling."""
UNTAUGHT = frozenset({"addresses_judge", "not_judged"})
"""Reasons that no teacher is told: what speaks to a model is shown to none, and silence says nothing."""


@dataclass
class Memory:
    """What earlier waves left behind, by what a question may see of it."""

    accepted: dict[tuple[str, int | None], list[Example]] = field(default_factory=lambda: defaultdict(list))
    rewrites: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))
    rejected: dict[tuple[str, int | None], dict[str, Negative]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """By gate and code, the latest of each kind."""
    load: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Accepted rows by parent, in parts where a row has several."""
    asked: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Rows asked for by parent, in the same parts: a seed that gives nothing is not asked all the more."""
    turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    spread: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    settled: dict[str, dict[str, list[object]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    """What answers have noted, by recipe and name."""

    def accept(self, cell: str, row: Example) -> None:
        """A row that was accepted."""
        self.accepted[cell, row.source.fold].append(row)
        if len(row.source.parents) == 1:
            self.rewrites[row.source.parents[0]].append(row)
        for parent in row.source.parents:
            self.load[parent] += 1 / len(row.source.parents)

    def rows(self) -> list[Example]:
        """Every accepted row, cell by cell."""
        return [row for part in self.accepted.values() for row in part]

    def take_back(self, cell: str, row: Example, verdict: Verdict) -> None:
        """A row that was accepted, and turned down by a person since."""
        self.accepted[cell, row.source.fold].remove(row)
        if len(row.source.parents) == 1:
            self.rewrites[row.source.parents[0]].remove(row)
        for parent in row.source.parents:
            self.load[parent] -= 1 / len(row.source.parents)
        self.reject(cell, row, verdict)

    def reject(self, cell: str, row: Example, verdict: Verdict) -> None:
        """A row that was turned down, where that teaches something."""
        teaches = bool({verdict.gate, verdict.family} & TEACHING)
        if teaches and verdict.code not in UNTAUGHT:
            said = verdict.reason[:SHOWN_CHARS]
            negative = Negative(row.input_text[:SHOWN_CHARS], said, row.output_text[:SHOWN_CHARS])
            kinds = self.rejected[cell, row.source.fold]
            kinds.pop(f"{verdict.gate}: {verdict.code}", None)
            kinds[f"{verdict.gate}: {verdict.code}"] = negative


class Briefing:
    """Makes the questions of a run out of its orders and its memory."""

    def __init__(self, project: Project, plan: Plan) -> None:
        self.project = project
        self.plan = plan
        self.memory = Memory()
        self.places = {seed.id: i for i, seed in enumerate(project.seeds)}
        self.knowledge = Knowledge.of(seed.input_text for seed in project.seeds)
        self.bound = most_per_seed(project)
        self._pending: dict[str, float] = defaultdict(float)

    def start_wave(self, begun: Iterable[tuple[Sequence[str], int]] = ()) -> None:
        """From here on, what is asked counts as if it were accepted, until it is known.

        `begun` are parents and rows of what earlier waves have asked the beginning of.
        """
        self._pending = defaultdict(float)
        for parents, rows in begun:
            for parent in parents:
                self._pending[parent] += rows / len(parents)

    def has_room(self, row: Example) -> bool:
        """Whether the parents of a row may have one more."""
        part = 1 / max(1, len(row.source.parents))
        return all(self._may_give(parent, part) for parent in row.source.parents)

    def asks(self, order: Order) -> list[Ask]:
        """The questions of one order; fewer where the seeds of the cell have given what they may."""
        found = []
        usable = order.recipe.usable(self.project.brief, order.goal.cell, self.project.seeds)
        for ordinal, rows in enumerate(order.rows, order.quota.asked):
            if not usable:  # the recipe says why
                found.append(Ask(self.project.brief, order.goal.cell, ordinal, rows, pool=self.project.seeds))
            elif (ask := self._ask(order, usable, ordinal, rows)) is not None:
                found.append(ask)
        return found

    def _ask(self, order: Order, usable: Sequence[Example], ordinal: int, rows: int) -> Ask | None:
        cell, name = order.goal.cell, order.recipe.name
        seed, samples = self._parents(order, usable, rows)
        if seed is None:
            return None
        for parent in samples or (seed,):
            self._pending[parent.id] += rows / len(samples or (seed,))
            self.memory.asked[parent.id] += rows / len(samples or (seed,))
        turn = self.memory.turns[name, seed.id]
        self.memory.turns[name, seed.id] += 1
        if order.recipe.asks == "rules":
            return Ask(self.project.brief, cell, ordinal, rows, seed, turn=turn, pool=self.project.seeds)
        attributes, wishes = self._wishes(order, cell, ordinal, rows)
        settled = {key: tuple(values) for key, values in self.memory.settled[name].items()}
        return Ask(
            self.project.brief, cell, ordinal, rows, seed, samples, self._existing(cell, seed, bool(samples)),
            self._rejected(cell, seed), self.facts(seed), attributes, wishes, turn, settled,
            self.project.seeds, self.project.inputs.get((name, cell.name), ()),
        )  # fmt: skip

    def facts(self, seed: Example) -> tuple[str, ...]:
        """The spans of a seed's input that a rewrite must keep."""
        spans = self.project.config.output.spans(seed.output, seed.input_text)
        return tuple(protected(seed.input_text, sorted(spans), self.knowledge))

    def _asked(self, seed: Example) -> float:
        return round(self.memory.asked[seed.id], 6)

    def _may_give(self, seed: str, rows: float) -> bool:
        return round(self.memory.load[seed] + self._pending[seed] + rows, 6) <= self.bound

    def _parents(
        self, order: Order, usable: Sequence[Example], rows: int
    ) -> tuple[Example | None, tuple[Example, ...]]:
        """The seed of a question, that was asked least so far, and the samples around it.

        The cell's order decides ties. None where no seed may give `rows` more.
        """
        recipe, cell = order.recipe, order.goal.cell
        part = rows / SAMPLES if recipe.shows else rows
        for seed in sorted(usable, key=self._asked):
            if not self._may_give(seed.id, part):
                continue
            samples = self._samples(cell, seed, recipe.name, part) if recipe.shows else ()
            if len(samples) in (0, SAMPLES) or all(
                self._may_give(one.id, rows / len(samples)) for one in samples
            ):
                return seed, samples
        return None, ()

    # -- what is shown

    def _samples(self, cell: Cell, anchor: Example, recipe: str, part: float) -> tuple[Example, ...]:
        """The anchor, the nearest to it and the ones most unlike those: of its cell and fold, the less asked.

        A border is shown from both sides. Few seeds in a fold are joined by others of the fold. All of
        them may give `part` rows more.
        """
        fold = [
            seed
            for seed in self.project.seeds
            if seed.source.fold == anchor.source.fold and self._may_give(seed.id, part)
        ]
        mine = {seed.id for seed in cell.seeds}
        inside = [seed for seed in fold if seed.id in mine and seed.id != anchor.id]
        chosen = [anchor]
        if recipe == "long_tail" and cell.near:
            chosen += self._nearest(anchor, [s for s in fold if str(s.output) == cell.near])[:1]
        rested = sorted(inside, key=self._asked)[: max(3, len(inside) // 2)]
        chosen += self._nearest(anchor, rested)[:1]
        while len(chosen) < SAMPLES and (rest := [seed for seed in rested if seed not in chosen]):
            chosen.append(self._farthest(chosen, rest))
        others = [seed for seed in fold if seed.id not in mine and seed not in chosen]
        chosen += self._nearest(anchor, others)[: max(0, SAMPLES - 1 - len(chosen))]
        return tuple(reversed(chosen))  # what matters most stands next to the question

    def _cosines(
        self, seeds: Sequence[Example], others: Sequence[Example]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        vectors = self.project.seed_vectors
        rows, columns = ([self.places[s.id] for s in part] for part in (seeds, others))
        return np.round(vectors[rows] @ vectors[columns].T, 5)

    def _nearest(self, anchor: Example, others: Sequence[Example]) -> list[Example]:
        if not others:
            return []
        order = np.argsort(-self._cosines([anchor], others)[0], kind="stable")
        return [others[i] for i in order]

    def _farthest(self, chosen: Sequence[Example], others: Sequence[Example]) -> Example:
        return others[int(self._cosines(chosen, others).max(axis=0).argmin())]

    def _existing(self, cell: Cell, anchor: Example, generating: bool) -> tuple[str, ...]:
        """Inputs that are there already: nearest to the anchor in cell and fold, or its rewrites."""
        rows = (
            self.memory.accepted[cell.name, anchor.source.fold]
            if generating
            else self.memory.rewrites[anchor.id]
        )
        if len(rows) > EXISTING:
            tools = self.project.tools
            cosines = np.round(tools.vectors(rows) @ tools.vectors([anchor])[0], 5)
            rows = [rows[i] for i in np.argsort(-cosines, kind="stable")[:EXISTING]]
        return tuple(row.input_text[:SHOWN_CHARS] for row in rows)

    def _rejected(self, cell: Cell, anchor: Example) -> tuple[Negative, ...]:
        """The latest rows of this fold that were turned down, one per mistake, those of the cell first."""
        fold = anchor.source.fold
        own = self.memory.rejected[cell.name, fold]
        others = [kinds for (_, of), kinds in self.memory.rejected.items() if of == fold]
        found: dict[str, Negative] = {}
        for kinds in (own, *others):
            for kind in reversed(kinds):
                found.setdefault(kind, kinds[kind])
        return tuple(found.values())[:REJECTED]

    # -- what is wished for

    def _wishes(
        self, order: Order, cell: Cell, ordinal: int, rows: int
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """Attributes as they are recorded, and as the prompt says them.

        A rewriting prompt does not show the cell, so that the declared attributes have to be said.
        """
        space, said = self.project.space, []
        declared = [d for d in space.cutting if isinstance(d, Attribute) and d.name in cell.facets]
        attributes = {d.name: cell.facets[d.name] for d in declared}
        if order.recipe.group == "augment" or order.recipe.own_cell:
            return attributes, tuple(d.describe(cell.facets[d.name]) for d in declared)
        if order.recipe.name == "long_tail":
            kind, wish = self._tail(cell, ordinal)
            return {**attributes, "tail": kind}, (wish,) if wish else ()
        for dimension in space.spread:
            value = self._due(order.recipe.name, cell.name, dimension.name, dimension.shares, rows)
            attributes[dimension.name] = value
            said.append(dimension.describe(value))
        return attributes, tuple(said)

    def _tail(self, cell: Cell, ordinal: int) -> tuple[str, str]:
        """Which tail of a cell is asked for, in turn: itself if thin, a rare combination, a border."""
        tails = [("thin", "")] if cell.thin else []
        tails += [("combination", said) for said in cell.rare[: 1 if cell.near else None]]
        if cell.near:
            seeming = f'at first sight "{cell.near}" seems to be the right output'
            tails.append(("border", f"{seeming}, and a careful reader sees why not"))
        return tails[ordinal % len(tails)]

    def _due(self, recipe: str, cell: str, side: str, shares: Mapping[str, float], rows: int) -> str:
        """The value whose share lags most behind: so a side that does not cut is asked for in proportion."""
        asked = {value: self.memory.spread[f"{recipe} {cell}", side, value] for value in shares}
        whole = sum(asked.values()) + rows
        value = max(shares, key=lambda v: (round(shares[v] * whole - asked[v], 6), v))
        self.memory.spread[f"{recipe} {cell}", side, value] += rows
        return value


def most_per_seed(project: Project) -> float:
    """Rows that may come from one seed: so many times the average, and at least one question's worth.

    Where several seeds are shown they share it; two are taken for granted.
    """
    average = project.target / len(project.seeds)
    widest = max((r.most / (2 if r.shows else 1) for r, _ in project.recipes.values()), default=1)
    return max(float(widest), project.config.plan.max_seed_share * average)


def seed_shares(plan_load: Mapping[str, float], seeds: Iterable[Example]) -> dict[str, float]:
    """Rows by seed, those with the most first; a row of several parents counts in parts."""
    found = {seed.id: round(plan_load.get(seed.id, 0.0), 4) for seed in seeds}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def requests_of(order: Order, asks: Sequence[Ask]) -> list[tuple[Ask, tuple[Request, ...]]]:
    """The requests of each question that the recipe can ask."""
    made = order.recipe.requests(asks) if asks else []
    return [(ask, requests) for ask, requests in zip(asks, made, strict=True) if requests]
