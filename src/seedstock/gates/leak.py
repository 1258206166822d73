"""Gate `leak`: is this row a holdout or OOD row in other words? Always on, never waived (policy 3).

A row is held against every row kept for evaluation: by its normalised input, by cosine, by the edits that
lead from one to the other, by whole rows that stand in it, and, where texts are long, by the runs of
letters that both have, in the input and in the output. The strongest rule that applies is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from pydantic import Field

from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.neighbours import Index, Pairs
from seedstock.overlap import Contained
from seedstock.text import normalise
from seedstock.verdict import Verdict

ALIKE = 0.75
"""Below the threshold a row above this cosine still is the other one if one of the next two says so."""
EDITS = 0.85
"""The share of letters that both have in the same order (twice their number by both lengths)."""
WHOLE_WORDS = 4
"""A row of so many words or more that stands whole in the other one."""
SHARED, LONG_WORDS, HELD_WORDS = 0.6, 30, 10
"""The share of the shorter text's runs in a row of at least 30 words and one of at least 10."""
SHARED_OUTPUT = 0.8
"""The same for outputs of at least 30 words."""

MOST_EDITED = 2000
"""Characters of a text whose edits are counted; longer ones are compared by their runs."""

_WORD = re.compile(r"\w+")


class LeakSettings(GateSettings):
    """Settings of `leak`: it can be made stricter, not looser."""

    threshold: float = Field(
        0.92, gt=0, le=0.92, description="cosine above which a row is too near to a holdout row"
    )


@dataclass(frozen=True, slots=True)
class _Hit:
    """A rule that applies: the held row, the figure, and what it had to exceed."""

    code: str
    row: int
    figure: float
    threshold: float
    how: str


class _Text:
    """A text as the rules read it."""

    def __init__(self, text: str) -> None:
        self.normal = normalise(text)
        self.words = _WORD.findall(self.normal)
        self.line = f" {' '.join(self.words)} "


class LeakGate(RowGate):
    """Rejects rows that are, or are nearly, a row kept for evaluation.

    Values are not looked at: a holdout question with other numbers still teaches the test.
    """

    name: ClassVar[str] = "leak"
    Settings: ClassVar[type[GateSettings]] = LeakSettings
    optional: ClassVar[bool] = False
    waivable: ClassVar[bool] = False

    def __init__(self, settings: LeakSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._rows = [("holdout", e) for e in tools.holdout] + [("ood", e) for e in tools.ood]
        self._texts = [_Text(example.input_text) for _, example in self._rows]
        self._exact = {text.normal: i for i, text in enumerate(self._texts)}

    @cached_property
    def _index(self) -> Index:
        vectors = self.tools.vectors([example for _, example in self._rows])
        index = Index(vectors.shape[1])
        index.add(vectors)
        return index

    @cached_property
    def _shared(self) -> _Long:
        return _Long([text.normal for text in self._texts], HELD_WORDS, SHARED)

    @cached_property
    def _outputs(self) -> _Long:
        return _Long([_prose(example) for _, example in self._rows], LONG_WORDS, SHARED_OUTPUT)

    def check(self, batch: Batch) -> list[Verdict]:
        """The strongest rule that applies to each row."""
        if not self._rows:
            return [
                Verdict(self.name, "skipped", "no_holdout", "no holdout or OOD rows to compare with")
            ] * len(batch)
        if not len(batch):
            return []
        texts = [_Text(example.input_text) for example in batch.examples]
        pairs = self._index.near(batch.vectors, min(ALIKE, self.settings.threshold))
        hits: list[_Hit | None] = [self._exactly(text) for text in texts]
        rules: Sequence[Callable[[], dict[int, _Hit]]] = (
            lambda: self._near(pairs),
            lambda: self._reworded(pairs, texts),
            lambda: self._whole(pairs, texts),
            lambda: self._shared.find([text.normal for text in texts], "shared", "input"),
            lambda: self._outputs.find([_prose(e) for e in batch.examples], "output", "output"),
        )
        for rule in rules:
            found = rule()
            hits = [found.get(i) if hit is None else hit for i, hit in enumerate(hits)]
        places, cosines = self._index.nearest(batch.vectors)
        return [
            self._pass(int(places[i]), float(cosines[i])) if hit is None else self._fail(hit, pairs.of(i))
            for i, hit in enumerate(hits)
        ]

    def _exactly(self, text: _Text) -> _Hit | None:
        row = self._exact.get(text.normal)
        if row is None:
            return None
        return _Hit("exact", row, 1.0, self.settings.threshold, "the same input as")

    def _near(self, pairs: Pairs) -> dict[int, _Hit]:
        threshold = self.settings.threshold
        found: dict[int, _Hit] = {}
        above = pairs.where(pairs.cosine > threshold)
        for i, row, cosine in zip(above.query, above.row, above.cosine, strict=True):
            if i not in found or cosine > found[i].figure:
                found[i] = _Hit("near", row, float(cosine), threshold, f"cosine {cosine:.3f} to")
        return found

    def _reworded(self, pairs: Pairs, texts: Sequence[_Text]) -> dict[int, _Hit]:
        """Few edits lead from one to the other: a word exchanged, a slip, a phrase before it."""
        from rapidfuzz import fuzz, process

        likely = pairs.where(pairs.cosine > ALIKE)
        if not len(likely):
            return {}
        mine = [texts[i].normal[:MOST_EDITED] for i in likely.query]
        held = [self._texts[row].normal[:MOST_EDITED] for row in likely.row]
        same = process.cpdist(mine, held, scorer=fuzz.ratio, dtype=np.float64) / 100
        found: dict[int, _Hit] = {}
        for at in np.flatnonzero(same > EDITS):
            i, row, figure = int(likely.query[at]), int(likely.row[at]), float(same[at])
            if i not in found or figure > found[i].figure:
                how = f"{figure:.0%} of the letters of"
                found[i] = _Hit("reworded", row, figure, EDITS, how)
        return found

    def _whole(self, pairs: Pairs, texts: Sequence[_Text]) -> dict[int, _Hit]:
        found: dict[int, _Hit] = {}
        for i, row, cosine in zip(pairs.query.tolist(), pairs.row.tolist(), pairs.cosine, strict=True):
            held = self._texts[row]
            if cosine > ALIKE and len(held.words) >= WHOLE_WORDS and held.line in texts[i].line:
                found.setdefault(i, _Hit("whole", row, float(cosine), ALIKE, "holds the whole of"))
        return found

    def _fail(self, hit: _Hit, near: Pairs) -> Verdict:
        where, neighbour = self._rows[hit.row]
        evidence: dict[str, object] = {"neighbour": neighbour.id, "set": where}
        cosine = near.cosine[near.row == hit.row]
        if len(cosine):
            evidence["cosine"] = round(float(cosine[0]), 4)
        evidence["other_input"] = neighbour.input_text[:600]
        reason = f"{hit.how} {where} row {neighbour.id}"
        return Verdict(self.name, "fail", hit.code, reason, round(hit.figure, 4), hit.threshold, evidence)

    def _pass(self, row: int, cosine: float) -> Verdict:
        where, neighbour = self._rows[row]
        figure = round(cosine, 4)
        evidence = {"neighbour": neighbour.id, "set": where, "cosine": figure}
        return Verdict(self.name, "pass", figure=figure, threshold=self.settings.threshold, evidence=evidence)


class _Long:
    """Long texts by the runs of letters that they share with others."""

    def __init__(self, texts: Sequence[str], least_words: int, threshold: float) -> None:
        self._threshold = threshold
        self._places = [i for i, text in enumerate(texts) if _has_words(text, least_words)]
        self._contained = Contained([texts[i] for i in self._places], threshold)

    def find(self, texts: Sequence[str], code: str, what: str) -> dict[int, _Hit]:
        """For texts of at least 30 words: the row of which they share most."""
        long = [i for i, text in enumerate(texts) if _has_words(text, LONG_WORDS)]
        found: dict[int, _Hit] = {}
        if not long or not self._places:
            return found
        pairs = self._contained.find([texts[i] for i in long])
        for at, row, share in zip(pairs.query.tolist(), pairs.row.tolist(), pairs.share, strict=True):
            i = long[at]
            if i not in found or share > found[i].figure:
                how = f"{share:.0%} of the runs of letters in the {what} of"
                found[i] = _Hit(code, self._places[row], float(share), self._threshold, how)
        return found


def _has_words(text: str, least: int) -> bool:
    return len(text) >= 2 * least - 1 and len(_WORD.findall(text)) >= least


def _prose(example: Example) -> str:
    """The output where it is text: what JSON has in common says nothing."""
    text = example.output_text
    return "" if text.lstrip()[:1] in ("{", "[") else normalise(text)
