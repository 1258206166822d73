"""Gate `duplicate`: one representative per group of rows that say the same (policy 6).

Greedy and stable in order: a row is compared with the seeds and with the rows kept so far; real rows
come before synthetic ones, earlier before later, and the first that it repeats is named. Rows are near by
spelling or by cosine, but neither sees a changed number: rows whose values or outputs differ are distinct,
or in conflict, however near.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.kept import Memory, Places, Row
from seedstock.neighbours import Index
from seedstock.overlap import Read, Similar
from seedstock.verdict import Verdict

FLOOR = 0.85
"""Neighbours below this cosine are not looked for: of a row without a nearer one it is the figure."""

_SHOWN = 600


class DuplicateSettings(GateSettings):
    """Settings of `duplicate`."""

    threshold: float = Field(
        0.92, gt=0, lt=1, description="cosine above which two rows with the same values and output are one"
    )
    overlap: float = Field(
        0.8, gt=0, le=1,
        description="share of their runs of five letters from which on two such rows are one",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Near:
    """Near rows of one row by cosine and by overlap: places, in order, and the figure of each."""

    close: Places
    cosines: npt.NDArray[np.float64]
    alike: Places
    shares: npt.NDArray[np.float64]

    def figure(self, place: int) -> tuple[float | None, float | None]:
        """Cosine and overlap of a row; None where it lies below what is looked for."""
        one, two = np.flatnonzero(self.close == place), np.flatnonzero(self.alike == place)
        cosine = float(self.cosines[one[0]]) if len(one) else None
        return cosine, float(self.shares[two[0]]) if len(two) else None


class DuplicateGate(RowGate):
    """Exact duplicates, near duplicates, and conflicts (`duplicate.conflict`).

    Where rows hold the steps to their answer, one input may have several rows with different steps.
    """

    name: ClassVar[str] = "duplicate"
    Settings: ClassVar[type[GateSettings]] = DuplicateSettings
    remembers: ClassVar[bool] = True

    def __init__(self, settings: DuplicateSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._kept = Memory(tools, settings.threshold)
        self._exact: dict[str, list[int]] = {}
        self._similar = Similar(settings.overlap)
        self._index: Index | None = None
        self._read: dict[int, tuple[Example, Row]] = {}

    def check(self, batch: Batch) -> list[Verdict]:
        """Each row against seeds, kept rows, and the rows before it in the batch that pass."""
        return self._decide(batch) if len(batch) else []

    def keep(self, batch: Batch) -> None:
        """Remember accepted rows."""
        if len(batch):
            self._add(self._rows(batch), batch)

    def _rows(self, batch: Batch) -> list[Row]:
        if self._index is None:
            self._index = Index(batch.vectors.shape[1])
            seeds = Batch(self.tools.seeds, self.tools)
            if len(seeds):
                self._add([Row(example, self.tools) for example in seeds.examples], seeds)
        # The rows of a batch are asked about up to three times, and read once.
        before, self._read = self._read, {}
        for example in batch.examples:
            known = before.get(id(example))
            found = known if known and known[0] is example else (example, Row(example, self.tools))
            self._read[id(example)] = found
        return [self._read[id(example)][1] for example in batch.examples]

    def _add(self, rows: Sequence[Row], batch: Batch) -> None:
        assert self._index is not None
        for place, row in enumerate(rows, len(self._kept)):
            self._exact.setdefault(row.normal, []).append(place)
        self._kept.add(rows)
        self._similar.add([row.slot for row in rows], self._kept.groups(rows))
        self._index.add(batch.vectors)

    def _decide(self, batch: Batch) -> list[Verdict]:
        rows = self._rows(batch)
        size = len(self._kept)
        assert self._index is not None
        floor = min(FLOOR, self.settings.threshold)
        read = Read([row.slot for row in rows], self._kept.groups(rows))
        search = _Search(self._index, self._similar, batch, read, floor)
        # The batch is laid over the kept rows for the time of the check; `keep` makes it last.
        self._kept.add(rows)
        passed: npt.NDArray[np.bool_] = np.ones(size + len(rows), np.bool_)
        passed[size:] = False
        exact: dict[str, list[int]] = {}
        out = []
        for i, row in enumerate(rows):
            twins = [*self._exact.get(row.normal, ()), *exact.get(row.normal, ())]
            verdict = self._verdict(row, search.near(i, passed), twins)
            if verdict.passed:
                passed[size + i] = True
                exact.setdefault(row.normal, []).append(size + i)
            out.append(verdict)
        self._kept.cut(size)
        return out

    def _verdict(self, row: Row, near: _Near, twins: list[int]) -> Verdict:
        """What the first row says that rejects this one: so a verdict does not depend on later ones."""
        exact = self._exactly(row, twins)
        if exact is None or not self._kept[exact[0]].real:
            place, verdict = self._nearly(row, near, twins)
            if exact is None or (not verdict.passed and place < exact[0]):
                return verdict
        return exact[1]

    def _exactly(self, row: Row, twins: list[int]) -> tuple[int, Verdict] | None:
        """Against rows with the same normalised input: the one that decides, and what it says."""
        for place in twins:
            other = self._kept[place]
            if row.steps == other.steps and self._kept.same_output(row, other):
                said = "input and output as" if row.same == other.same else "input, and the answer of"
                return place, self._fail("exact", f"the same {said} {other.name}", other, (1.0, None))
        if self.tools.output.free_text or any(row.same == self._kept[place].same for place in twins):
            return None
        for place in twins[:1]:
            reason = f"the same input as {self._kept[place].name}, another output: one of the two is wrong"
            return place, self._fail("conflict", reason, self._kept[place], (1.0, None))
        return None

    def _nearly(self, row: Row, near: _Near, twins: list[int]) -> tuple[int, Verdict]:
        """Against near rows; the real ones come first, whether they are repeated or contradicted."""
        if not (len(near.close) or len(near.alike)):
            return -1, self._pass(near)
        places = np.union1d(near.close[near.cosines > self.settings.threshold], near.alike)
        if row.steps:
            places = places[~np.isin(places, twins)]  # other ways to one answer are wanted
        kept, places = self._kept, self._kept.comparable(row, places)
        real = kept.real(places)
        for part in (real, places):
            place = kept.first(row, part, same_output=True)
            if place is not None:
                return place, self._repeated(place, near)
            # Of a label a real row knows better. Two synthetic ones may both be right, or the first wrong.
            if part is real and self.tools.output.labels:
                place = kept.first(row, real, same_output=False)
                if place is not None:
                    return place, self._contradicted(place, near, "fail")
        place = kept.first(row, places, same_output=False)
        return (-1, self._pass(near)) if place is None else (place, self._contradicted(place, near, "warn"))

    def _repeated(self, place: int, near: _Near) -> Verdict:
        other, (cosine, share) = self._kept[place], near.figure(place)
        how = _how(cosine, share, self.settings.threshold)
        code = "near" if cosine is not None and cosine > self.settings.threshold else "lexical"
        return self._fail(code, f"{how} {other.name}, same values and output", other, (cosine, share))

    def _contradicted(self, place: int, near: _Near, status: str) -> Verdict:
        other, (cosine, share) = self._kept[place], near.figure(place)
        how = f"{_how(cosine, share, self.settings.threshold)} {other.name}, but another output"
        if status == "fail":
            return self._fail("near_conflict", f"{how}: one of the two is wrong", other, (cosine, share))
        figure, threshold, evidence = self._figures(other, (cosine, share), conflict=True)
        reason = f"{how}: look whether both are right"
        return Verdict(self.name, "warn", "near_conflict", reason, figure, threshold, evidence)

    def _fail(self, code: str, reason: str, other: Row, found: tuple[float | None, float | None]) -> Verdict:
        conflict = code.endswith("conflict")
        figure, threshold, evidence = self._figures(other, found, conflict)
        gate = f"{self.name}.conflict" if conflict else self.name
        return Verdict(gate, "fail", code, reason, figure, threshold, evidence)

    def _figures(
        self, other: Row, found: tuple[float | None, float | None], conflict: bool
    ) -> tuple[float, float, dict[str, object]]:
        """Figure, threshold and evidence: by cosine where that decides, else by overlap."""
        cosine, share = found
        evidence: dict[str, object] = {"neighbour": other.id}
        evidence |= {} if cosine is None else {"cosine": round(cosine, 4)}
        evidence |= {} if share is None else {"overlap": round(share, 4)}
        if conflict:
            evidence |= {"other_input": other.text[:_SHOWN], "other_output": other.output[:_SHOWN]}
        if cosine is not None and cosine > self.settings.threshold:
            return round(cosine, 4), self.settings.threshold, evidence
        return round(share or 0.0, 4), self.settings.overlap, evidence

    def _pass(self, near: _Near) -> Verdict:
        if not len(near.cosines):
            # Cosines below are not computed: the figure is the bound that all of them keep.
            floor = min(FLOOR, self.settings.threshold)
            reason = f"no row before it lies above cosine {floor:g}"
            return Verdict(self.name, "pass", reason=reason, figure=floor, threshold=self.settings.threshold)
        nearest = round(float(near.cosines.max()), 4)
        return Verdict(self.name, "pass", figure=nearest, threshold=self.settings.threshold)


class _Search:
    """Near rows of a batch: among the kept ones, and among those before it in the batch that pass."""

    def __init__(self, index: Index, similar: Similar, batch: Batch, read: Read, floor: float) -> None:
        size = len(index)
        close = [index.near(batch.vectors, floor), index.among(batch.vectors, floor).moved(0, size)]
        alike = [similar.find(read), similar.among(read).moved(0, size)]
        self._close = [_Found(part.query, part.row, part.cosine, len(read)) for part in close]
        self._alike = [_Found(part.query, part.row, part.share, len(read)) for part in alike]

    def near(self, i: int, passed: npt.NDArray[np.bool_]) -> _Near:
        """The rows near row `i` of the batch that are kept or have passed."""
        return _Near(*_of(self._close, i, passed), *_of(self._alike, i, passed))


class _Found:
    """Pairs sorted by query and row, with where each query's begin."""

    def __init__(self, query: Places, row: Places, figure: npt.NDArray[np.float64], queries: int) -> None:
        self.row, self.figure = row, figure
        self.starts: list[int] = np.searchsorted(query, np.arange(queries + 1)).tolist()


_NONE = np.empty(0, np.int64), np.empty(0)


def _of(
    parts: Sequence[_Found], i: int, passed: npt.NDArray[np.bool_]
) -> tuple[Places, npt.NDArray[np.float64]]:
    """Rows and figures of one query, in order."""
    found = []
    for part in parts:
        start, end = part.starts[i : i + 2]
        if start < end:
            there = passed[part.row[start:end]]
            found.append((part.row[start:end][there], part.figure[start:end][there]))
    if len(found) < 2:
        return found[0] if found else _NONE
    return np.concatenate([rows for rows, _ in found]), np.concatenate([figures for _, figures in found])


def _how(cosine: float | None, share: float | None, threshold: float) -> str:
    if cosine is not None and cosine > threshold:
        return f"cosine {cosine:.3f} to"
    return f"{share or 0:.0%} of the letters' runs of"
