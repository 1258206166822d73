"""What a run did, for people and for `--json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seedstock.accounts import costs, per_row, tokens
from seedstock.briefing import most_per_seed, seed_shares
from seedstock.calibrating import Calibration, calibration
from seedstock.facetcheck import FacetCheck
from seedstock.line import Counts
from seedstock.plan import Plan
from seedstock.project import Project
from seedstock.quotas import Quota, Record
from seedstock.records import Spent
from seedstock.tally import Tally

MOST_SEEDS_SHOWN = 5


@dataclass(slots=True)
class RunResult:
    """What a run did. `requests` are this call's, everything else is the project's state."""

    run: str
    plan: Plan
    requests: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    cost: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    recipes: list[dict[str, Any]] = field(default_factory=list)
    parents: dict[str, Any] = field(default_factory=dict)
    facets: list[FacetCheck] = field(default_factory=list)
    findings: dict[str, str] = field(default_factory=dict)
    judge: Calibration | None = None
    stopped: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `run --json`."""
        out = {
            "run": self.run, "requests": self.requests, "faults": self.faults, "candidates": self.tally.rows,
            "accepted": self.tally.kept, "rejected": dict(self.tally.rejected), "cells": self.plan.report(),
            "repaired": self.tally.repaired, "repairs": dict(self.tally.repairs),
            "recipes": self.recipes, "efficiency": efficiency(self.plan), "parents": self.parents,
            "facets": [facet.to_json() for facet in self.facets], "cost": self.cost, "tokens": self.tokens,
            "findings": self.findings, "judge": None if self.judge is None else self.judge.to_json(),
        }  # fmt: skip
        return out | ({"stopped": self.stopped} if self.stopped else {})


def close_result(
    result: RunResult, project: Project, counts: Sequence[Counts], load: Mapping[str, float]
) -> None:
    """Fill in what is known at the end: counts of the wires, tokens, money, whose rows these are."""
    result.requests = {k: sum(c.to_json()[k] for c in counts) for k in counts[0].to_json()}
    result.faults = dict(sum((c.faults for c in counts), Counter[str]()))
    result.findings = dict(project.teacher.findings)
    spent = project.ledger.spending(project.run_id)
    result.tokens = tokens(spent.values())
    result.cost = costs(project, spent, result.plan.quotas())
    result.recipes = [_told(quota, spent, result.plan) for quota in result.plan.quotas()]
    result.parents = parents_told(project, load)
    result.judge = calibration(project)


def parents_told(project: Project, load: Mapping[str, float]) -> dict[str, Any]:
    """How many rows come from one seed: the most, the bound, and the seeds with the most."""
    shares = seed_shares(load, project.seeds)
    return {
        "bound": round(most_per_seed(project), 4), "most": max(shares.values(), default=0.0),
        "unused": sum(rows == 0 for rows in shares.values()),
        "seeds": dict(list(shares.items())[:MOST_SEEDS_SHOWN]),
    }  # fmt: skip


def efficiency(plan: Plan) -> dict[str, float | int | None]:
    """Questions asked, beside those that the accepted rows called for: rows / (rows per question × yield).

    The sum is over cells, each with its own yield; rows per question are what its recipes ask for as a
    rule. A question that asks for more than that may take the ratio below 1. Recipes that ask several
    times for one row are counted by questions; a cell in which nothing passed called for nothing.
    """
    asked = ideal = 0.0
    for goal in plan.goals.values():
        quotas = list(goal.quotas.values())
        questions = sum(quota.answered for quota in quotas)
        record = sum((quota.record for quota in quotas), Record())
        asked += questions
        if record.good:
            usual = sum(q.answered * plan.recipes[q.recipe][0].rows for q in quotas) / questions
            ideal += goal.accepted / (usual * record.good / record.due)
    ratio = round(asked / ideal, 4) if ideal else None
    return {"questions": int(asked), "needed": round(ideal, 2), "ratio": ratio}


def _told(quota: Quota, spent: Mapping[tuple[str, str], Spent], plan: Plan) -> dict[str, Any]:
    """One recipe in one cell."""
    goal = plan.goals[quota.cell]
    return {
        "recipe": quota.recipe, "cell": quota.cell, "target": quota.target, "accepted": quota.accepted,
        "candidates": quota.seen, "yield": round(quota.good / quota.due, 4) if quota.due else None,
        "questions": quota.answered, "requests": quota.requests,
        "cost_per_accepted": per_row(spent.get((quota.recipe, quota.cell), Spent()), quota.accepted)[
            "per_accepted"
        ],
        "state": f"given_up: {quota.given_up}" if quota.given_up and goal.missing else goal.state,
    }  # fmt: skip
