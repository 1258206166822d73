"""Swap: the values that stand on both sides are exchanged for others of their kind. No model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from seedstock.brief import Brief
from seedstock.cell import Cell
from seedstock.example import Example
from seedstock.exchange import Message, Request, Response
from seedstock.recipes.base import Ask, Recipe, Unparsed
from seedstock.rules.plans import Plan, plans, seed_number

KINDS = ("extraction", "transformation")
MOST = 10**6


@dataclass(frozen=True, slots=True)
class Capacity:
    """What swap can do with a set of seeds; `distinct` is about how many rows, a million at most."""

    seeds_with_slots: int
    slots: int
    distinct: int


def capacity(brief: Brief, seeds: Sequence[Example]) -> Capacity:
    """How far swap goes with these seeds: all zero for kinds of task it does not touch."""
    found = swappable(brief, seeds)
    slots = sum(len(plan.study.slots) for plan in found)
    return Capacity(len(found), slots, min(MOST, sum(plan.distinct for plan in found)))


def swappable(brief: Brief, seeds: Sequence[Example]) -> list[Plan]:
    """The seeds in which something can be exchanged, each with what can stand in the place of what."""
    return plans(seeds, brief.schema) if brief.kind in KINDS else []


class ByRules(Recipe):
    """What recipes share that the embedded rules answer: plans for the seeds of a cell."""

    asks: ClassVar[Literal["model", "rules"]] = "rules"
    group: ClassVar[Literal["augment", "generate"]] = "augment"
    _pool: Sequence[Example] = ()
    _plans: Mapping[str, Plan] = MappingProxyType({})

    def plans(self, brief: Brief, pool: Sequence[Example]) -> Mapping[str, Plan]:
        """Plans of the seeds that have one, by id; values may come from seeds of other cells."""
        if self._pool is not pool:  # every cell and wave of a run asks for the same: found once
            self._pool = pool
            self._plans = {plan.study.example.id: plan for plan in swappable(brief, pool)}
        return self._plans


class Swap(ByRules):
    """The seeds that have something to exchange, other values each time."""

    name: ClassVar[str] = "swap"

    def usable(self, brief: Brief, cell: Cell, pool: Sequence[Example]) -> Sequence[Example]:
        """The seeds that have something to exchange."""
        found = self.plans(brief, pool)
        return [seed for seed in cell.seeds if seed.id in found]

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """One request per question; none where the cell has no seed to start from."""
        return [(self._request(ask, ask.seed),) if ask.seed else () for ask in asks]

    def _request(self, ask: Ask, seed: Example) -> Request:
        plan = self.plans(ask.brief, ask.pool)[seed.id]
        number = seed_number(self.name, seed.id, ask.turn)
        rules = plan.rules(self.name, ask.turn, number, ask.brief.schema)
        return Request(
            self.name, ask.cell.name, ask.ordinal, rules=rules, parents=(seed.id,), fold=seed.source.fold,
            asks="rules",
        )  # fmt: skip

    def read(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """The one candidate; `no_slots` where no exchange proved sound."""
        return [read(response.text, Unparsed("no_slots", "no value could be exchanged soundly", ""))]


def read(text: str, empty: Unparsed) -> Example | Unparsed:
    """The candidate that the rules wrote as `{"input", "output", "reasoning"?}`; `empty` for no text."""
    if not text:
        return empty
    try:
        row = json.loads(text)
        return Example("", _input(row["input"]), row["output"], row.get("reasoning"))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return Unparsed("unreadable", f"not a row of the rules: {problem}", text)


def _input(given: Any) -> str | tuple[Message, ...]:
    if isinstance(given, str):
        return given
    return tuple(Message(turn["role"], turn["content"]) for turn in given)
