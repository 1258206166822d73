"""What people said of rows, and from which wave on a run may know it.

A run that is gone through again must ask what it asked before. So a review counts from the wave on that
came after it: whatever was asked by then was asked without knowing it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from seedstock.example import Example
from seedstock.project import Project
from seedstock.quotas import Goal, Quota
from seedstock.records import Review
from seedstock.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Regretted:
    """A row that was accepted, and rejected by a person afterwards."""

    goal: Goal
    quota: Quota
    row: Example
    review: Review

    @property
    def verdict(self) -> Verdict:
        """The review as a gate's verdict."""
        return rejection(self.review)


@dataclass(slots=True)
class Hindsight:
    """Rejections by row id: those the run knew from its start, and those that came while it stood still."""

    known: dict[str, Review] = field(default_factory=dict)
    later: dict[str, Review] = field(default_factory=dict)
    waiting: list[Regretted] = field(default_factory=list)

    @classmethod
    def of(cls, project: Project) -> Hindsight:
        """What the ledger knows. The last word about a row counts."""
        if not project.has_ledger:
            return cls()
        before = project.ledger.reviews_before(project.run_id)
        found = cls()
        for review in project.ledger.reviews():
            early = review.serial <= before
            if not early and review.run != project.run_id:
                continue  # said in another run after this one had begun: it may not change what was asked
            for kind in (found.known, found.later):
                kind.pop(review.id, None)
            if review.verdict == "reject":
                (found.known if early else found.later)[review.id] = review
        return found

    def verdict(self, id_: str) -> Verdict | None:
        """The rejection of a row that the run knew from its start."""
        return rejection(self.known[id_]) if id_ in self.known else None

    def note(self, goal: Goal, quota: Quota, row: Example) -> None:
        """A row that was accepted: should a person have rejected it since, its time will come."""
        if row.id in self.later:
            self.waiting.append(Regretted(goal, quota, row, self.later[row.id]))

    def due(self, waves: int) -> Iterator[Regretted]:
        """The rows whose rejection counts after so many waves; each once."""
        due = [one for one in self.waiting if one.review.wave <= waves]
        self.waiting = [one for one in self.waiting if one.review.wave > waves]
        return iter(due)


def rejection(review: Review) -> Verdict:
    """A review that rejects, as a verdict."""
    said = review.reason or f"rejected for its {review.criterion}"
    evidence = {"by": review.by, "criterion": review.criterion}
    return Verdict("review", "fail", "rejected", said, 0.0, 1.0, evidence)
