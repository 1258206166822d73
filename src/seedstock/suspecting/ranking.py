"""suspects(): the rows whose output the probe finds implausible, most implausible first."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.gates.base import Tools
from seedstock.suspecting.claims import Claim, Reader, Stray
from seedstock.suspecting.families import folds_of
from seedstock.suspecting.missed import Missed, missed_spans
from seedstock.suspecting.probe import BAR, Floats, Ints, opinion
from seedstock.suspecting.spans import span_features

_NEIGHBOURS = 3
_ALTERNATIVES = 500
"""Labels that the probe tells apart; more than that are no labels."""
_ROWS = 256
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row that deserves a look, for its least plausible part.

    `place` is the row's index in what was given. `score` is how much more likely `expected` is than
    `stated`, as a natural logarithm of odds; `confidence` the probability of `expected`. `part` is what in
    the output is doubted, empty for all of it. `expected` is empty where nothing is expected to stand
    there, `stated` where something is missed. `neighbours` are ids of the nearest rows of which `expected`
    is said, and not doubted.
    """

    place: int
    id: str
    score: float
    stated: str
    expected: str
    confidence: float
    why: str
    part: str = ""
    neighbours: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As in suspects.jsonl."""
        part = {"part": self.part[:_SHOWN]} if self.part else {}
        return {
            "id": self.id, "score": self.score, "stated": self.stated[:_SHOWN] or None,
            "expected": self.expected[:_SHOWN] or None, "confidence": self.confidence, **part,
            "why": self.why, "neighbours": list(self.neighbours),
        }  # fmt: skip


def suspects(
    rows: Sequence[Example], seeds: Sequence[Example], tools: Tools, least: float = BAR
) -> list[Suspect] | None:
    """Rows whose score exceeds `least`, ranked; None where outputs of this kind hold nothing to doubt.

    Outputs that are one of a few, and JSON with fields of a few values or with spans of the input. The
    order of `rows` and `seeds` does not matter. `tools` gives the embedder, whose cache knows the inputs.
    """
    reader = Reader(seeds, tools.output)
    if not reader.reads:
        return None
    if not rows:
        return []
    given = [*seeds, *rows]
    # One order whatever the files': sums of floats and families depend on it.
    order = sorted(range(len(given)), key=lambda i: (digest(given[i].input_text, given[i].output), i))
    world = _World([given[i] for i in order], np.array([i < len(seeds) for i in order], np.bool_), tools)
    worst: dict[int, Suspect] = {}
    for found in world.findings(reader, least):
        place = order[found.place] - len(seeds)
        if place >= 0 and (place not in worst or found.score > worst[place].score):
            worst[place] = found
    ranked = sorted(worst.items(), key=lambda item: (-item[1].score, item[0]))
    return [replace(found, place=place) for place, found in ranked]


class _World:
    """All rows, real and synthetic, in one order."""

    def __init__(
        self, rows: Sequence[Example], real: np.ndarray[Any, np.dtype[np.bool_]], tools: Tools
    ) -> None:
        self._rows, self._real, self._tools = rows, real, tools
        self._vectors = tools.vectors(rows)

    def findings(self, reader: Reader, least: float) -> Iterator[Suspect]:
        """What is doubted, of every row."""
        groups: defaultdict[tuple[str, str], list[Claim]] = defaultdict(list)
        spans: dict[int, list[Claim]] = {row: [] for row in range(len(self._rows)) if reader.marks}
        for row, example in enumerate(self._rows):
            for claim in reader.claims(row, example):
                if isinstance(claim, Stray):
                    yield from self._stray(claim, least)
                else:
                    groups[claim.group].append(claim)
                    if claim.span:
                        spans[row].append(claim)
        for missed in missed_spans(self._rows, spans):
            yield from self._missed(missed, least)
        folds = folds_of(self._rows, self._vectors)
        for _, claims in sorted(groups.items()):
            yield from self._doubted(claims, folds, least)

    def _doubted(self, claims: Sequence[Claim], folds: Ints, least: float) -> Iterator[Suspect]:
        number = self._numbered(claims)
        if len(number) < 2:
            return
        claims, names = [claim for claim in claims if claim.stated in number], list(number)
        rows = np.array([claim.row for claim in claims], np.intp)
        labels = np.array([number[claim.stated] for claim in claims], np.intp)
        features = self._features(claims, rows)
        found = opinion(features, labels, len(names), self._real[rows], folds[rows])
        doubted = np.flatnonzero((found.score > least) & ~self._real[rows])
        for expected in np.unique(found.expected[doubted]):
            mine = doubted[found.expected[doubted] == expected]
            trusted = np.flatnonzero((labels == expected) & (found.score <= 0))
            near = _nearest(features, mine, trusted)
            for i, others in zip(mine.tolist(), near, strict=True):
                claim, name = claims[i], names[expected]
                score = round(float(found.score[i]), 4)
                ids = dict.fromkeys(self._rows[rows[other]].id for other in others)
                yield Suspect(
                    claim.row, self._rows[claim.row].id, score, claim.stated, name,
                    round(float(found.confidence[i]), 4), _why(claim, name, score), claim.span,
                    tuple(ids)[:_NEIGHBOURS],
                )  # fmt: skip

    def _numbered(self, claims: Sequence[Claim]) -> dict[str, int]:
        """The alternatives: what real rows say and, up to a number, what else is said most often."""
        real = {claim.stated for claim in claims if self._real[claim.row]}
        often = Counter(claim.stated for claim in claims if claim.stated not in real).most_common()
        more = [name for name, _ in often[: max(0, _ALTERNATIVES - len(real))]]
        return {name: i for i, name in enumerate(sorted([*real, *more]))}

    def _features(self, claims: Sequence[Claim], rows: Ints) -> Floats:
        if claims[0].span:
            texts = [(claim.span, self._rows[claim.row].input_text) for claim in claims]
            return span_features(texts, self._tools.embedder)
        return self._vectors if len(rows) == len(self._vectors) else self._vectors[rows]

    def _stray(self, stray: Stray, least: float) -> Iterator[Suspect]:
        """A value that ought to stand in the input: the more of the real rows' do, the more it is doubted."""
        score, confidence = _odds(stray.held + 1, stray.seen - stray.held + 1)
        if score > least:
            said = f"{stray.held} of {stray.seen} such values of real rows do"
            why = f"{_quoted(stray.value)} does not stand in the input; {said}"
            id_ = self._rows[stray.row].id
            yield Suspect(stray.row, id_, score, stray.stated, "", confidence, why, stray.value)

    def _missed(self, missed: Missed, least: float) -> Iterator[Suspect]:
        """A phrase that ought to be marked: the more of the other rows do, the more it is doubted."""
        score, confidence = _odds(missed.marked + 1, missed.unmarked + 1)
        if score > least:
            said = f"{missed.marked} of the {missed.marked + missed.unmarked} rows in which it stands do"
            why = f"{_quoted(missed.phrase)} is not marked; {said}, most as {_quoted(missed.expected)}"
            near = tuple(self._rows[row].id for row in missed.examples)
            id_ = self._rows[missed.row].id
            yield Suspect(missed.row, id_, score, "", missed.expected, confidence, why, missed.phrase, near)


def _nearest(features: Floats, rows: Ints, others: Ints) -> Iterator[Ints]:
    """For each of `rows` a few of `others`, nearest first: more than are shown, as a row may have several."""
    pool = features[others]
    for start in range(0, len(rows), _ROWS):
        for cosines in features[rows[start : start + _ROWS]] @ pool.T:
            yield others[np.argsort(-np.round(cosines, 5), kind="stable")[: 4 * _NEIGHBOURS]]


def _odds(yes: int, no: int) -> tuple[float, float]:
    """Log-odds and share."""
    return round(math.log(yes / no), 4), round(yes / (yes + no), 4)


def _why(claim: Claim, expected: str, score: float) -> str:
    odds = f"{math.exp(score):,.0f} times" if score < math.log(1000) else "over 1,000 times"
    of = f"for {_quoted(claim.span)}, " if claim.span else ""
    return f"{of}{_quoted(expected)} is {odds} as likely as {_quoted(claim.stated)}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
