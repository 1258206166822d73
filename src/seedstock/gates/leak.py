"""Gate `leak`: is this row a holdout or OOD row in other words? Always on, never waived (policy 3)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.neighbours import Index, Near
from seedstock.text import normalise
from seedstock.verdict import Verdict


class LeakSettings(GateSettings):
    """Settings of `leak`: it can be made stricter, not looser."""

    threshold: float = Field(
        0.92, gt=0, le=0.92, description="cosine above which a row is too near to a holdout row"
    )


class LeakGate(RowGate):
    """Rejects rows whose input is, or is nearly, that of a row kept for evaluation.

    Outputs and values are not looked at: a holdout question with other numbers still teaches the test.
    """

    name: ClassVar[str] = "leak"
    Settings: ClassVar[type[GateSettings]] = LeakSettings
    optional: ClassVar[bool] = False
    waivable: ClassVar[bool] = False

    def __init__(self, settings: LeakSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._rows = [("holdout", e) for e in tools.holdout] + [("ood", e) for e in tools.ood]
        self._exact = {normalise(example.input_text): i for i, (_, example) in enumerate(self._rows)}
        self._index: Index | None = None

    def check(self, batch: Batch) -> list[Verdict]:
        """Exact after normalisation first, then by cosine."""
        if not self._rows:
            return [
                Verdict(self.name, "skipped", "no_holdout", "no holdout or OOD rows to compare with")
            ] * len(batch)
        if not len(batch):
            return []
        found = self._search(batch)
        return [
            self._verdict(normalise(e.input_text), near)
            for e, near in zip(batch.examples, found, strict=True)
        ]

    def _search(self, batch: Batch) -> list[Near]:
        if self._index is None:
            vectors = self.tools.vectors([example for _, example in self._rows])
            self._index = Index(vectors.shape[1])
            self._index.add(vectors)
        return self._index.near(batch.vectors, self.settings.threshold)

    def _verdict(self, normal: str, near: Near) -> Verdict:
        same = self._exact.get(normal)
        row, cosine = (near.best, near.cosine) if same is None else (same, 1.0)
        where, neighbour = self._rows[row]
        evidence = {"neighbour": neighbour.id, "set": where, "cosine": round(cosine, 4)}
        figure, threshold = round(cosine, 4), self.settings.threshold
        if same is None and not near.above:
            return Verdict(self.name, "pass", figure=figure, threshold=threshold, evidence=evidence)
        code = "exact" if same is not None else "near"
        how = "the same input as" if same is not None else f"cosine {cosine:.3f} to"
        reason = f"{how} {where} row {neighbour.id}"
        return Verdict(self.name, "fail", code, reason, figure, threshold, evidence)
