"""Gate `relevance.agreement`: of several answers to one input, is this row's result the one that most give?

Results are compared, not texts: the final number, the rows that a query gives, the JSON value, the label.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal

from pydantic import Field

from seedstock.agreement import Answers
from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.sqlcheck.agreeing import Grouped
from seedstock.verdict import Verdict


class AgreementSettings(GateSettings):
    """Settings of `relevance.agreement`."""

    min_answers: int = Field(3, ge=2, description="answers that an input must have to be judged by them")
    min_share: float = Field(0.75, gt=0.5, le=1, description="share of an input's answers that must agree")
    undecided: Literal["warn", "fail"] = Field(
        "fail", description="what becomes of rows whose input has no result that so many answers agree on"
    )
    by: str = Field(
        "teacher",
        description="field that tells answers apart; equal texts of one teacher, or of none, count once",
    )


class AgreementGate(RowGate):
    """The answers are counted over the whole file before the first row is judged."""

    name: ClassVar[str] = "relevance.agreement"
    Settings: ClassVar[type[GateSettings]] = AgreementSettings

    def __init__(self, settings: AgreementSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._grouped = None if tools.output.databases is None else Grouped(tools.output.databases)

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` where its input has too few answers."""
        answers = self.tools.answers
        if answers is None:
            said = "answers are compared where a whole file is there, in an audit"
            return [Verdict(self.name, "skipped", "not_collected", said)] * len(batch)
        if self.tools.output.free_text:
            said = "two right answers may be worded differently, so results cannot be compared"
            return [Verdict(self.name, "skipped", "free_text", said)] * len(batch)
        return [self._verdict(example, answers) for example in batch.examples]

    def _verdict(self, example: Example, answers: Answers) -> Verdict:
        beside = self.tools.beside(example)
        counts, same = self._results(answers.to(example, beside), self.tools.result(example), beside)
        n = counts.total()
        if n < self.settings.min_answers:
            said = f"its input has {n} answers, {self.settings.min_answers} are needed to compare"
            return Verdict(self.name, "skipped", "too_few", said)
        mine = counts[same]
        most = max((count for result, count in counts.items() if result), default=0)
        return self._judged(mine if same else 0, most, n)

    def _judged(self, mine: int, most: int, n: int) -> Verdict:
        least = self.settings.min_share
        share, evidence = round(mine / n, 4), {"agree": mine, "most": most, "answers": n}
        if share >= least:
            said = f"{mine} of {n} answers to its input have its result"
            return Verdict(self.name, "pass", "agreed", said, share, least, evidence)
        if most / n >= least:
            said = f"{most} of {n} answers to its input have another result"
            return Verdict(self.name, "fail", "minority", said, share, least, evidence)
        said = f"{mine} of {n} answers to its input have its result; no result has {least:.0%} of them"
        return Verdict(self.name, self.settings.undecided, "no_agreement", said, share, least, evidence)

    def _results(self, counts: Counter[str], same: str, beside: str) -> tuple[Counter[str], str]:
        """Answers by result; of queries, by what they give. "" is an answer without any."""
        if self._grouped is None or counts.total() < self.settings.min_answers:
            return counts, same
        groups = self._grouped.by_result(tuple(sorted(counts)), beside)
        together: Counter[str] = Counter()
        for text, count in counts.items():
            together[groups[text]] += count
        return together, groups.get(same, "")
