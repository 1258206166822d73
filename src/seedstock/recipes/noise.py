"""Noise: the message as somebody in a hurry writes it, on top of a swap where one is possible. No model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

from seedstock.example import Example
from seedstock.exchange import Request, Response
from seedstock.recipes.base import Recipe, Unparsed, Wanted
from seedstock.recipes.swap import read, swappable
from seedstock.rules.plans import Plan, seed_number

REORDERED = ("extraction", "classification")
AHEAD = 64
"""Rounds by which noise starts ahead of swap, so that it does not only repeat swap's rows with slips."""


class Noise(Recipe):
    """Round after round over all seeds."""

    name: ClassVar[str] = "noise"
    asks: ClassVar[Literal["model", "rules"]] = "rules"

    def requests(self, wanted: Wanted) -> list[Request]:
        """One request per ordinal; none without seeds."""
        if not wanted.seeds:
            return []
        found = {plan.study.example.id: plan for plan in swappable(wanted.brief, wanted.seeds)}
        return [self._request(wanted, found, ordinal) for ordinal in wanted.ordinals]

    def _request(self, wanted: Wanted, found: Mapping[str, Plan], ordinal: int) -> Request:
        brief = wanted.brief
        turn, place = divmod(ordinal, len(wanted.seeds))
        seed = wanted.seeds[place]
        number = seed_number(self.name, seed.id, ordinal)
        plan = found.get(seed.id)
        if plan is None:
            rules: dict[str, Any] = {"operation": self.name, "example": _row(seed), "seed": number}
        else:
            rules = plan.rules(self.name, turn + min(plan.total // 2, AHEAD), number, brief.schema)
        # A greeting is no part of a label's or a model answer's question: only extraction is deaf to it.
        rules |= {"additions": brief.kind == "extraction", "reorder": brief.kind in REORDERED}
        return Request(
            self.name, wanted.cell, ordinal, rules=rules, parents=(seed.id,), fold=seed.source.fold,
        )  # fmt: skip

    def parse(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """The one candidate; `unchanged` where nothing may be touched."""
        return [read(response.text, Unparsed("unchanged", "nothing in this seed may be changed", ""))]


def _row(seed: Example) -> dict[str, Any]:
    return replace(seed, meta={}).to_json()
