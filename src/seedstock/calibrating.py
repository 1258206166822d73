"""What a project knows of how far its judge can be trusted: its scores beside what people said of the rows.

Reviews cover what people looked at. As long as that is accepted rows alone, nobody knows what the judge
turned away wrongly: `review export --for-judge` samples both sides of its border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seedstock import registry
from seedstock.exchange import digest
from seedstock.gates.base import Batch, RowGate
from seedstock.gates.relevance import RelevanceSettings
from seedstock.judging import calibration as figures
from seedstock.project import Project
from seedstock.records import Candidate, Review
from seedstock.verdict import Status, Verdict

GATE = "relevance"
PROBED = 8
"""Seeds that a verifier is shown to see whether this task is one that it can verify."""
SAMPLE = 60
"""Rows of a sample for the judge, unless more reviews than that are missing."""


@dataclass(frozen=True)
class Calibration:
    """A judge's scores and people's verdicts. `rows` are all judged candidates, by place in the run."""

    rows: Sequence[Candidate]
    reviews: dict[str, Review]
    min_score: float
    judges: tuple[str, ...]

    @cached_property
    def _seen(self) -> list[Candidate]:
        return [row for row in self.rows if row.id in self.reviews]

    @cached_property
    def pairs(self) -> list[tuple[float, bool, bool]]:
        """Score, whether the judge accepts, whether people do: of each row that has both."""
        return [
            (score, score >= self.min_score, self.reviews[row.id].verdict == "accept")
            for row in self._seen
            if (score := judged(row)) is not None
        ]

    @cached_property
    def agreement(self) -> figures.Agreement:
        """Between the judge's verdicts and people's."""
        return figures.agreement([mine for _, mine, _ in self.pairs], [theirs for *_, theirs in self.pairs])

    @property
    def needed(self) -> int:
        """Reviews still wanted."""
        return figures.still_needed(self.agreement)

    @property
    def turned_away(self) -> int:
        """Reviewed rows that the judge rejects: without them recall is unknown."""
        return sum(not mine for _, mine, _ in self.pairs)

    @property
    def state(self) -> str:
        """`uncalibrated`, `few_reviews`, `weak` (kappa under 0.6) or `calibrated`."""
        if not self.pairs:
            return "uncalibrated"
        kappa = self.agreement.kappa
        if self.needed or kappa is None or not self.turned_away:
            return "few_reviews"
        return "calibrated" if kappa >= figures.GATE else "weak"

    @property
    def said(self) -> str:
        """The state in a sentence."""
        n, kappa = len(self.pairs), self.agreement.kappa
        if not n:
            return f"uncalibrated: nobody has reviewed a judged row; {self.needed} reviews are wanted"
        covers = "" if self.turned_away else ", all of rows that the judge accepts: its misses are not known"
        agree = f"{self.agreement.observed:.0%} of {n} reviews agree with the judge{covers}"
        if kappa is not None:
            agree += f"; kappa {kappa:.2f} [{self.agreement.low:.2f}, {self.agreement.high:.2f}]"
        wanted = f"; {self.needed} more reviews are wanted" if self.needed else ""
        weak = f", under {figures.GATE:g}: do not rely on it" if self.state == "weak" else ""
        return f"{self.state.replace('_', ' ')}: {agree}{weak}{wanted}"

    def to_json(self) -> dict[str, Any]:
        """For `review status --json`, key `judge`, and for releases."""
        scores, good = [score for score, *_ in self.pairs], [theirs for *_, theirs in self.pairs]
        points = figures.thresholds(scores, good)
        chosen = figures.choose(points)
        return {
            "judges": list(self.judges), "state": self.state, "said": self.said,
            "judged": len(self.rows), "min_score": self.min_score, **self.agreement.to_json(),
            "by_parents": self._by_parents(),
            "covers": {"accepted": len(self.pairs) - self.turned_away, "rejected": self.turned_away},
            "thresholds": [point.to_json() for point in points],
            "proposed": None if chosen is None else chosen.threshold, "needed": self.needed,
            "length": self._length(),
        }  # fmt: skip

    def _by_parents(self) -> list[float] | None:
        """The interval of kappa where rows of the same parents stand or fall together; None without kappa."""
        if self.agreement.kappa is None:
            return None
        parents = [row.example.source.parents if row.example else () for row in self._seen]
        mine, theirs = [mine for _, mine, _ in self.pairs], [theirs for *_, theirs in self.pairs]
        return [round(figure, 4) for figure in figures.resampled(mine, theirs, parents)]

    def _length(self) -> dict[str, Any] | None:
        """How far the score follows the length of a row; None where that cannot be told."""
        pairs = [(score, _size(row)) for row in self.rows if (score := judged(row)) is not None]
        found = figures.rank_correlation([a for a, _ in pairs], [b for _, b in pairs])
        if found is None:
            return None
        rho, low, high = (round(figure, 4) for figure in found)
        biased = abs(rho) > figures.BIASED and low * high > 0
        return {"rho": rho, "interval": [low, high], "n": len(pairs), "biased": biased}


def judged(row: Candidate) -> float | None:
    """The score that a judge gave; None where it gave none."""
    return next((v.figure for v in row.verdicts if v.gate == GATE and "judges" in v.evidence), None)


def disputed(row: Candidate) -> bool:
    """Whether two judges disagree about a row that was kept."""
    return any(v.gate == GATE and v.status == "warn" for v in row.verdicts)


def judged_rows(project: Project) -> list[Candidate]:
    """The run's candidates that have a score, accepted or not."""
    ledger = project.known_ledger()
    if ledger is None or project.panel is None:
        return []
    return [row for row in ledger.candidates(project.run_id) if judged(row) is not None]


def calibration(project: Project) -> Calibration | None:
    """What is known of this project's judge; None where nobody judges."""
    settings, ledger = project.config.gates.get(GATE), project.known_ledger()
    if project.panel is None or not isinstance(settings, RelevanceSettings):
        return None
    reviews = {} if ledger is None else {review.id: review for review in ledger.reviews()}
    judges = tuple(judge.id for judge in project.panel.judges)
    return Calibration(judged_rows(project), reviews, settings.min_score, judges)


def border_sample(project: Project, n: int | None = None) -> list[Candidate]:
    """Rows whose reviews tell most of the judge: half nearest to its border, on both sides, half by chance.

    `n` of them, or as many as are wanted; rows that have been reviewed are not among them.
    """
    found = calibration(project)
    if found is None:
        return []
    wanted = max(SAMPLE, found.needed) if n is None else n
    rows = sorted(
        (row for row in found.rows if row.id not in found.reviews), key=lambda row: digest("judge", row.id)
    )
    near = sorted(rows, key=lambda row: abs((judged(row) or 0.0) - found.min_score))
    sides = [[row for row in near if row.accepted == side] for side in (True, False)]
    border = [row for pair in zip(*sides, strict=False) for row in pair][: wanted // 2]
    known = {row.id for row in border}
    rest = [row for row in rows if row.id not in known]
    return sorted([*border, *rest[: wanted - len(border)]], key=lambda row: digest("order", row.id))


def relevance_verdict(project: Project) -> Verdict:
    """Whether anybody says that outputs are right, and how far that is to be believed."""
    if project.config.gates.get(GATE, ...) is None:
        return Verdict(GATE, "skipped", "turned_off", "relevance not judged: the config turns it off")
    found = calibration(project)
    if found is not None:
        status: Status = "pass" if found.state == "calibrated" else "warn"
        code = "ok" if status == "pass" else found.state
        reason = f"judged by {' and '.join(found.judges)}; {found.said}"
        agreed = found.agreement
        interval = None if agreed.kappa is None else (round(agreed.low, 4), round(agreed.high, 4))
        figure = None if agreed.kappa is None else round(agreed.kappa, 4)
        return Verdict(GATE, status, code, reason, figure, figures.GATE, interval=interval, n=agreed.n)
    verifiers = _verifiers(project)
    if verifiers:
        return Verdict(GATE, "pass", "ok", f"verified by {', '.join(verifiers)}")
    reason = "nobody says whether outputs are right: no verifier fits this task, and no judge is configured"
    return Verdict(GATE, "not_enough_data", "not_judged", reason)


def _verifiers(project: Project) -> list[str]:
    """The gates `relevance.…` that have something to say of seeds."""
    batch, found = Batch(project.seeds[:PROBED], project.tools), []
    for name, settings in project.config.gates.items():
        kind = registry.load("gate", name)
        if name.startswith(f"{GATE}.") and settings is not None and issubclass(kind, RowGate):
            verdicts = kind(settings, project.tools).check(batch)
            if any(verdict.status != "skipped" for verdict in verdicts):
                found.append(name)
    return found


def _size(row: Candidate) -> float:
    return 0.0 if row.example is None else float(len(row.example.input_text) + len(row.example.output_text))
