"""Noise: the message as somebody in a hurry writes it, on top of a swap where one is possible. No model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from seedstock.example import Example
from seedstock.exchange import Request, Response
from seedstock.recipes.base import Ask, Unparsed
from seedstock.recipes.swap import ByRules, read
from seedstock.rules.plans import seed_number

REORDERED = ("extraction", "classification")
AHEAD = 64
"""Rounds by which noise starts ahead of swap, so that it does not only repeat swap's rows with slips."""


class Noise(ByRules):
    """All seeds, other slips each time."""

    name: ClassVar[str] = "noise"

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """One request per question; none without seeds."""
        return [(self._request(ask, ask.seed),) if ask.seed else () for ask in asks]

    def _request(self, ask: Ask, seed: Example) -> Request:
        brief = ask.brief
        number = seed_number(self.name, seed.id, ask.turn)
        plan = self.plans(brief, ask.pool).get(seed.id)
        if plan is None:
            rules: dict[str, Any] = {"operation": self.name, "example": _row(seed), "seed": number}
        else:
            rules = plan.rules(self.name, ask.turn + min(plan.total // 2, AHEAD), number, brief.schema)
        # A greeting is no part of a label's or a model answer's question: only extraction is deaf to it.
        rules |= {"additions": brief.kind == "extraction", "reorder": brief.kind in REORDERED}
        return Request(
            self.name, ask.cell.name, ask.ordinal, rules=rules, parents=(seed.id,), fold=seed.source.fold,
            asks="rules",
        )  # fmt: skip

    def read(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """The one candidate; `unchanged` where nothing may be touched."""
        return [read(response.text, Unparsed("unchanged", "nothing in this seed may be changed", ""))]


def _row(seed: Example) -> dict[str, Any]:
    return replace(seed, meta={}).to_json()
