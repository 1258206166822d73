"""What a judge says of a row, and who may be asked for it. Plain values: gates know no more of judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from seedstock.example import Example

SHOWN_CHARS = 300
"""Characters of a quote or a reason that verdicts keep."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One criterion's verdict. `quote` stands in the row, unless `state` is `unsupported`.

    `missing`: the judge did not say, or said two things. `told` is what the rubric says of such a row.
    Only `pass` counts as passed.
    """

    criterion: str
    state: Literal["pass", "fail", "unsupported", "missing"]
    told: str = ""
    quote: str = ""
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """As verdicts show it."""
        said = {"quote": self.quote[:SHOWN_CHARS], "why": self.why[:SHOWN_CHARS]}
        return {"criterion": self.criterion, "state": self.state, **{k: v for k, v in said.items() if v}}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one judge says. `score` is from 1 to 5; None where its answer could not be used: see `problem`.

    `blocked` names criteria that fail a row alone, `disqualified` holds the rubric's own words.
    """

    judge: str
    score: float | None
    findings: tuple[Finding, ...] = ()
    blocked: tuple[str, ...] = ()
    disqualified: tuple[str, ...] = ()
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """As verdicts show it."""
        out: dict[str, Any] = {"judge": self.judge, "score": self.score}
        out["criteria"] = [finding.to_json() for finding in self.findings]
        more = {"disqualified": list(self.disqualified), "problem": self.problem}
        return out | {key: value for key, value in more.items() if value}


Judgement = tuple[Opinion, ...]
"""The opinions on one row, one for each judge."""


class Judge(Protocol):
    """Whoever can say whether rows are right."""

    def judge(self, examples: Sequence[Example], references: Sequence[Example | None]) -> list[Judgement]:
        """Opinions on each row. A reference is a real row near to it, to hold on to, or None."""
