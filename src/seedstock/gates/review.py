"""Gate `review`: did people look at enough rows, and did they find few enough defects (policy 8)?"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from seedstock.gates.base import GateSettings, Mixture, Reviewed, SetGate
from seedstock.intervals import upper_bound
from seedstock.verdict import Verdict

LEAST = 59
"""Rows without a defect that it takes to show, at 95 % confidence, that at most 5 % are bad."""


class ReviewSettings(GateSettings):
    """Settings of `review`."""

    max_defects: float = Field(
        0.05, gt=0, le=0.2, description="share of defects that the reviews must rule out, at 95 % confidence"
    )


class ReviewGate(SetGate):
    """Generated rows need people; rewritten ones should have them."""

    name: ClassVar[str] = "review"
    Settings: ClassVar[type[GateSettings]] = ReviewSettings

    def check(self, mixture: Mixture) -> list[Verdict]:
        """One verdict; none for a set that comes without reviews, such as somebody's file."""
        state = mixture.review
        if state is None or not state.accepted:
            return []
        return [self._verdict(state)]

    def _verdict(self, state: Reviewed) -> Verdict:
        most = self.settings.max_defects
        bound = state.defect_bound
        said = f"{state.done} of {state.accepted} rows reviewed, {state.required} required"
        if (problem := self._problem(state, bound)) is not None:
            code, reason = problem
            weak = code in ("not_reviewed", "too_few") and not state.generated and not state.regulated
            return Verdict(
                self.name, "warn" if weak else "fail", code, f"{said}; {reason}", round(bound, 6), most,
                n=state.done,
            )  # fmt: skip
        reason = f"{said}, {_defects(state)}: at most {bound:.1%} are bad, at 95 % confidence"
        return Verdict(self.name, "pass", "ok", reason, round(bound, 6), most, n=state.done)

    def _problem(self, state: Reviewed, bound: float) -> tuple[str, str] | None:
        """Why the reviews do not do: a code and a reason."""
        if state.generated and not state.done_generated:
            return "not_reviewed", f"nobody has reviewed any of the {state.generated} generated rows"
        if not state.done:
            whether = "" if state.possible else " (review: false)"
            return "not_reviewed", f"nobody has reviewed any row{whether}"
        if state.concentrated:
            return (
                "concentrated",
                f"defects gather in {state.concentrated}: mend the prompt, do not average it away",
            )
        if state.done < state.required:
            whose = f": the domain is {state.regulated}" if state.regulated else ""
            more = state.required - state.done
            return "too_few", f"{more} more {'is' if more == 1 else 'are'} needed{whose}"
        if bound > self.settings.max_defects:
            more = min(state.accepted, reviews_for(state.defects, self.settings.max_defects)) - state.done
            cure = f"; {more} more reviews without one would do" if more > 0 else ""
            return "defects", f"{_defects(state)}: up to {bound:.1%} may be bad{cure}"
        return None


def reviews_for(defects: int, most: float) -> int:
    """Reviews of which so many find a defect that show, at 95 % confidence, that at most `most` are bad."""
    n = defects + 1
    while upper_bound(defects, n) > most:
        n += 1
    return n


def _defects(state: Reviewed) -> str:
    return f"{state.defects} defect{'' if state.defects == 1 else 's'}"
