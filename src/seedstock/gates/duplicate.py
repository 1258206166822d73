"""Gate `duplicate`: one representative per group of rows that say the same (policy 6).

Greedy and stable in order: a row is compared with the seeds and with the rows kept so far; real rows
come before synthetic ones, earlier before later. Near means cosine above the threshold, but a cosine
does not see a changed number: rows whose values or outputs differ are distinct, however near.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.neighbours import NOTHING, Index, Near
from seedstock.text import normalise, values
from seedstock.verdict import Verdict


class DuplicateSettings(GateSettings):
    """Settings of `duplicate`."""

    threshold: float = Field(
        0.92, gt=0, lt=1, description="cosine above which two rows with the same values and output are one"
    )


class _Kept:
    """What is remembered of a kept row: enough to compare, not the row."""

    __slots__ = ("id", "normal", "output", "real", "same", "steps", "values")

    def __init__(self, example: Example, tools: Tools) -> None:
        self.id = example.id
        self.real = example.source.kind == "real"
        self.normal = normalise(example.input_text)
        self.values = {*values(example.input_text), *tools.output.spans(example.output, example.input_text)}
        self.same = tools.output.same(example.output)
        # The text is needed only where two right answers may be worded differently.
        self.output = example.output_text if tools.output.free_text else ""
        # Several ways to one answer are wanted: of a row with steps they are part of what it says.
        own = f"{example.reasoning or ''} {example.output_text if tools.output.chains else ''}"
        self.steps = digest(normalise(own)) if own.strip() else ""


class DuplicateGate(RowGate):
    """Exact duplicates, near duplicates, and exact conflicts (`duplicate.conflict`).

    Where rows hold the steps to their answer, one input may have several rows with different steps.
    """

    name: ClassVar[str] = "duplicate"
    Settings: ClassVar[type[GateSettings]] = DuplicateSettings
    remembers: ClassVar[bool] = True

    def __init__(self, settings: DuplicateSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._kept: list[_Kept] = []
        self._exact: dict[str, list[int]] = {}
        self._index: Index | None = None

    def check(self, batch: Batch) -> list[Verdict]:
        """Each row against seeds, kept rows, and the rows before it in the batch that pass."""
        if not len(batch):
            return []
        if self._index is None:
            self._start(batch)
        assert self._index is not None
        # The batch is laid over the kept rows for the time of the check; `keep` makes it last.
        rows = [_Kept(example, self.tools) for example in batch.examples]
        earlier = self._index.near(batch.vectors, self.settings.threshold)
        siblings = batch.vectors @ batch.vectors.T  # a batch is small: gating.py bounds it
        passed: list[int] = []
        exact: dict[str, list[int]] = {}
        out = []
        for i, row in enumerate(rows):
            near = self._with_siblings(earlier[i], siblings[i], passed)
            twins = [*self._exact.get(row.normal, ()), *exact.get(row.normal, ())]
            verdict = self._verdict(row, near, twins, rows)
            if verdict.passed:
                passed.append(i)
                exact.setdefault(row.normal, []).append(len(self._kept) + i)
            out.append(verdict)
        return out

    def keep(self, batch: Batch) -> None:
        """Remember accepted rows."""
        if len(batch):
            if self._index is None:
                self._start(batch)
            self._add(batch.examples, batch)

    def _start(self, batch: Batch) -> None:
        self._index = Index(batch.vectors.shape[1])
        seeds = Batch(self.tools.seeds, self.tools)
        if len(seeds):
            self._add(seeds.examples, seeds)

    def _add(self, examples: Sequence[Example], batch: Batch) -> None:
        assert self._index is not None
        for example in examples:
            row = _Kept(example, self.tools)
            self._exact.setdefault(row.normal, []).append(len(self._kept))
            self._kept.append(row)
        self._index.add(batch.vectors)

    def _with_siblings(
        self, near: Near, cosines: np.ndarray[tuple[int], np.dtype[np.float32]], passed: list[int]
    ) -> Near:
        """The search result with the batch's earlier rows added; their index follows the kept ones."""
        if not passed:
            return near
        offset, mine = len(self._kept), cosines[passed]
        top = int(mine.argmax())
        more = [(offset + passed[j], float(mine[j])) for j in np.flatnonzero(mine > self.settings.threshold)]
        if mine[top] > near.cosine:
            return Near(offset + passed[top], float(mine[top]), near.above + more)
        return Near(near.best, near.cosine, near.above + more)

    def _verdict(self, row: _Kept, near: Near, twins: list[int], batch: Sequence[_Kept]) -> Verdict:
        same = [self._at(i, batch) for i in twins]
        for other in same:
            if row.steps == other.steps and self._same_output(row, other):
                said = (
                    "the same input and output as"
                    if row.same == other.same
                    else "the same input, and the answer of"
                )
                return self._fail("exact", f"{said} {_name(other)}", other, 1.0)
        if same and not self.tools.output.free_text and all(row.same != other.same for other in same):
            reason = f"the same input as {_name(same[0])}, another output: one of the two is wrong"
            return self._fail("conflict", reason, same[0], 1.0, gate="duplicate.conflict")
        conflict: tuple[_Kept, float] | None = None
        # Rounded: the last bits of a product depend on its shape, and equal neighbours must not take turns.
        for i, cosine in sorted(near.above, key=lambda pair: (-round(pair[1], 5), pair[0])):
            other = self._at(i, batch)
            if row.values != other.values or (row.normal == other.normal and row.steps != other.steps):
                continue
            if self._same_output(row, other):
                reason = f"cosine {cosine:.3f} to {_name(other)}, same values and output"
                return self._fail("near", reason, other, cosine)
            conflict = conflict or (other, cosine)
        return self._pass(near, conflict)

    def _at(self, i: int, batch: Sequence[_Kept]) -> _Kept:
        return self._kept[i] if i < len(self._kept) else batch[i - len(self._kept)]

    def _same_output(self, row: _Kept, other: _Kept) -> bool:
        """Equal answers; for free text, near ones with the same values."""
        if row.same == other.same or not self.tools.output.free_text:
            return row.same == other.same
        if values(row.output) != values(other.output):
            return False
        one, two = self.tools.embedder.embed([row.output, other.output])
        return bool(one @ two > self.settings.threshold)

    def _fail(self, code: str, reason: str, other: _Kept, cosine: float, gate: str = "duplicate") -> Verdict:
        evidence = {"neighbour": other.id, "cosine": round(cosine, 4)}
        return Verdict(gate, "fail", code, reason, round(cosine, 4), self.settings.threshold, evidence)

    def _pass(self, near: Near, conflict: tuple[_Kept, float] | None) -> Verdict:
        figure = None if near is NOTHING or near.best < 0 else round(near.cosine, 4)
        if conflict is None:
            return Verdict(self.name, "pass", figure=figure, threshold=self.settings.threshold)
        other, cosine = conflict
        evidence = {"neighbour": other.id, "cosine": round(cosine, 4)}
        reason = f"cosine {cosine:.3f} to {_name(other)}, but another output: look whether both are right"
        return Verdict(self.name, "warn", "near_conflict", reason, figure, self.settings.threshold, evidence)


def _name(row: _Kept) -> str:
    return f"{'seed' if row.real else 'row'} {row.id}"
