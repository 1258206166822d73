"""trace(): one row's whole story, out of the seeds and the ledger; of a rejected row too."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.project import Project
from seedstock.records import Asked, Candidate
from seedstock.text import storable


@dataclass(slots=True)
class Trace:
    """A row's story. `prompt` and `teacher` are None for real rows."""

    id: str
    outcome: str
    example: Example | None
    source: dict[str, Any]
    parents: list[str]
    prompt: dict[str, Any] | None
    teacher: dict[str, Any] | None
    answer: str | None
    gates: list[dict[str, Any]]
    children: int = 0
    reviews: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `trace --json`."""
        return {
            "id": self.id, "outcome": self.outcome, "source": self.source, "parents": self.parents,
            "prompt": self.prompt, "teacher": self.teacher, "gates": self.gates, "reviews": self.reviews,
            "example": None if self.example is None else self.example.to_json(), "answer": self.answer,
            "children": self.children,
        }  # fmt: skip


def trace(project: Project, id_: str) -> Trace:
    """The story of a seed, a holdout row or a candidate; InputError for an id that nobody has."""
    for rows, outcome in (
        (project.seeds, "seed"), (project.seedbed_rejects(), "seed, not usable"),
        (project.holdout, "holdout: never in a prompt, never in training"),
        (project.ood, "OOD: evaluation only"),
    ):  # fmt: skip
        for row in rows:
            if row.id == id_:
                return _real(project, row, outcome)
    # An argument may hold bytes that are no text; no recorded id does.
    named = storable(id_)
    found = project.ledger.find_candidates(named) if project.has_ledger else []
    if not found:
        close = get_close_matches(id_, [row.id for row in project.seeds], n=1, cutoff=0.6)
        hint = f"did you mean {close[0]!r}?" if close else "ids stand in the data and in provenance.jsonl"
        raise InputError(f"no row has the id {id_!r}; {hint}")
    return _synthetic(project, found[-1])


def _real(project: Project, row: Example, outcome: str) -> Trace:
    children = 0
    if project.has_ledger:
        rows = project.ledger.candidates(project.run_id, accepted=True)
        children = sum(c.example is not None and row.id in c.example.source.parents for c in rows)
    return Trace(row.id, outcome, row, row.source.to_json(), [], None, None, None, [], children)


def _synthetic(project: Project, candidate: Candidate) -> Trace:
    asked = project.ledger.asked(candidate.key)
    gates = [verdict.to_json() for verdict in candidate.verdicts]
    example = candidate.example
    if example is None:
        source = {"kind": "synthetic", "recipe": candidate.recipe, "run": candidate.run}
    else:
        source = example.source.to_json()
    parents = list(asked.parents) if asked else []
    outcome = "accepted" if candidate.accepted else "rejected"
    if candidate.run != project.run_id:
        outcome += f" in an earlier run ({candidate.run}) of another config"
    prompt, teacher, answer = _asked(asked)
    reviews = project.ledger.reviews(candidate.id)
    if candidate.accepted and reviews and reviews[-1].verdict == "reject":
        outcome += ", and rejected by a reviewer since"
    said = [review.to_json() for review in reviews]
    return Trace(candidate.id, outcome, example, source, parents, prompt, teacher, answer, gates, 0, said)


def _asked(asked: Asked | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None, str | None]:
    if asked is None:
        return None, None, None
    use = asked.response.usage
    teacher = {
        "id": asked.teacher, "model": asked.response.model or None, "sampling": asked.body.get("sampling"),
        "finish_reason": asked.response.finish_reason, "prompt_tokens": use.prompt_tokens,
        "completion_tokens": use.completion_tokens, "cost": asked.cost, "at": asked.at,
    }  # fmt: skip
    prompt = {k: asked.body[k] for k in ("messages", "schema", "params", "rules") if asked.body.get(k)}
    return prompt, teacher, asked.response.text
