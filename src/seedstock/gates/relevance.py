"""Gate `relevance`: is the output right for this input, and the row worth training on, as a judge sees it?

The judge is handed in. It answers criterion by criterion, and the gate reads the score that follows from
its answers. A row that speaks to its judge is rejected before any judge sees it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from seedstock.addressing import Address, addresses
from seedstock.embedders.base import Vectors
from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.format import texts
from seedstock.judgement import Judgement, Opinion
from seedstock.verdict import Verdict

NEAR = 0.5
"""Cosine from which on a seed is shown to the judge beside a row: below it, it would be of something else."""
_SAID = 3
ATTACKS = "red_team"
"""The recipe whose inputs are attacks by design: orders to ignore instructions are what they are made of."""


class RelevanceSettings(GateSettings):
    """Settings of `relevance`."""

    min_score: float = Field(4.0, ge=1, le=5, description="least score of a judge, from 1 to 5")
    disagreement: Literal["reject", "warn"] = Field(
        "reject",
        description="what becomes of a row that one of two judges accepts; warn: kept, and put on the review"
        " sheet",
    )


class RelevanceGate(RowGate):
    """What the judge or both judges say; `skipped` where there is none."""

    name: ClassVar[str] = "relevance"
    Settings: ClassVar[type[GateSettings]] = RelevanceSettings
    costly: ClassVar[bool] = True

    def __init__(self, settings: RelevanceSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._usual = {address.kind for seed in tools.seeds for address in _addressed(seed)}

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row. The judge sees all rows together, and none that speaks to it."""
        found = [self._refused(example) for example in batch.examples]
        left = [i for i, verdict in enumerate(found) if verdict is None]
        judged = dict(zip(left, self._judged(batch.take(left)), strict=True))
        return [verdict or judged[i] for i, verdict in enumerate(found)]

    def references(self, batch: Batch, own: bool = True) -> list[Example | None]:
        """For each row the nearest seed of its fold, if one is near: another row than itself.

        Without `own`, also another one than its parents.
        """
        seeds = self.tools.seeds
        if not len(batch) or not len(seeds):
            return [None] * len(batch)
        # Rounded: the last bits of a product depend on its shape, and the question may not.
        cosines = np.round(batch.vectors @ self._seed_vectors.T, 4)
        pairs = zip(batch.examples, cosines, strict=True)
        return [
            self._reference(row, near, {row.id, *(() if own else row.source.parents)}) for row, near in pairs
        ]

    def _reference(self, row: Example, cosines: Any, but: Container[str]) -> Example | None:
        for place in np.argsort(-cosines, kind="stable"):
            seed = self.tools.seeds[int(place)]
            if cosines[place] < NEAR:
                return None
            if seed.id not in but and row.source.fold in (None, seed.source.fold):
                return seed
        return None

    @cached_property
    def _seed_vectors(self) -> Vectors:
        return self.tools.vectors(self.tools.seeds)

    def _refused(self, example: Example) -> Verdict | None:
        """The verdict on a row that speaks to whoever judges it."""
        for address in _addressed(example):
            if address.kind not in self._usual:
                reason = f"the row speaks to whoever judges it: {address.quote!r}"
                evidence = {"quote": address.quote, "kind": address.kind}
                return Verdict(self.name, "fail", "addresses_judge", reason, 1.0, 0.0, evidence)
        return None

    def _judged(self, batch: Batch) -> list[Verdict]:
        judge = self.tools.judge
        if judge is None:
            none = Verdict(self.name, "skipped", "no_judge", "nobody judges whether outputs are right")
            return [none] * len(batch)
        if not len(batch):
            return []
        references = self.references(batch)
        found = judge.judge(batch.examples, references)
        return [self._verdict(*pair) for pair in zip(found, references, strict=True)]

    def _verdict(self, judgement: Judgement, reference: Example | None) -> Verdict:
        evidence: dict[str, Any] = {"judges": [opinion.to_json() for opinion in judgement]}
        if reference is not None:
            evidence["reference"] = reference.id
        wanted = self.settings.min_score
        scores = [opinion.score for opinion in judgement if opinion.score is not None]
        if len(scores) < len(judgement):
            problem = next(opinion.problem for opinion in judgement if opinion.score is None)
            return Verdict(self.name, "fail", "not_judged", problem, None, wanted, evidence)
        lowest = min(scores)
        if lowest >= wanted:
            return Verdict(self.name, "pass", figure=lowest, threshold=wanted, evidence=evidence)
        against = next(opinion for opinion in judgement if opinion.score == lowest)
        if max(scores) >= wanted:
            status: Literal["fail", "warn"] = "warn" if self.settings.disagreement == "warn" else "fail"
            reason = f"the judges disagree, {_numbers(scores)}: {_why(against)}"
            return Verdict(self.name, status, "judges_disagree", reason, lowest, wanted, evidence)
        reason = f"score {lowest:g}, {wanted:g} wanted: {_why(against)}"
        return Verdict(self.name, "fail", _code(against), reason, lowest, wanted, evidence)


def _addressed(example: Example) -> list[Address]:
    """What of a row speaks to a judge."""
    attack = example.source.recipe == ATTACKS
    return [
        address
        for text in texts(example)
        for address in addresses(text)
        if not (attack and address.kind == "orders")
    ]


def _numbers(scores: Sequence[float]) -> str:
    return " and ".join(f"{score:g}" for score in scores)


def _code(opinion: Opinion) -> str:
    return "disqualified" if opinion.disqualified else "blocking" if opinion.blocked else "low_score"


def _why(opinion: Opinion) -> str:
    """What the lowest opinion rests on, in the rubric's words, the weightiest first."""
    if opinion.disqualified:
        return opinion.disqualified[0]
    lost = [finding for finding in opinion.findings if finding.state != "pass"]
    lost.sort(key=lambda finding: finding.criterion not in opinion.blocked)
    said = {
        "fail": "",
        "unsupported": " (the judge's quote does not stand in the row)",
        "missing": " (not said)",
    }
    return "; ".join(f"{f.criterion}: {f.told}{said[f.state]}" for f in lost[:_SAID])
