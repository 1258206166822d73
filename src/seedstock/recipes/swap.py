"""Swap: the values that stand on both sides are exchanged for others of their kind. No model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from seedstock.brief import Brief
from seedstock.example import Example
from seedstock.exchange import Message, Request, Response
from seedstock.recipes.base import Recipe, Unparsed, Wanted
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


class Swap(Recipe):
    """Round after round over the seeds that have something to exchange, other values each time."""

    name: ClassVar[str] = "swap"
    asks: ClassVar[Literal["model", "rules"]] = "rules"

    def requests(self, wanted: Wanted) -> list[Request]:
        """One request per ordinal; none at all where no seed has anything to exchange."""
        found = swappable(wanted.brief, wanted.seeds)
        return [self._request(wanted, found, ordinal) for ordinal in wanted.ordinals] if found else []

    def _request(self, wanted: Wanted, found: Sequence[Plan], ordinal: int) -> Request:
        turn, place = divmod(ordinal, len(found))
        seed = found[place].study.example
        number = seed_number(self.name, seed.id, ordinal)
        rules = found[place].rules(self.name, turn, number, wanted.brief.schema)
        return Request(
            self.name, wanted.cell, ordinal, rules=rules, parents=(seed.id,), fold=seed.source.fold,
        )  # fmt: skip

    def parse(
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
