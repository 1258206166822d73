"""check(): everything that can be known before a run, for nothing. Seeds, holdout, plan, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedstock import outline, registry
from seedstock.briefing import Briefing
from seedstock.calibrating import relevance_verdict
from seedstock.coverage import cell_map, space_map, use_case_verdicts
from seedstock.errors import Refused
from seedstock.exchange import Usage
from seedstock.gates.base import Batch, RowGate
from seedstock.gates.duplicate import DuplicateSettings
from seedstock.gates.share import SELF_PLAY_SHARE
from seedstock.judgeplan import CHARS_PER_TOKEN, with_judging
from seedstock.judging.assembly import judge_verdicts
from seedstock.ledger import request_text
from seedstock.project import UNWAIVABLE, Project, no_seeds
from seedstock.seedbed import REFUSE_UNDER, WARN_UNDER
from seedstock.twincheck import pairs_verdict, twins_verdict
from seedstock.verdict import Verdict
from seedstock.waves import Work, next_wave, project_plan

TOO_DEEP = 3
"""Model generations between a row and real data from which on it is refused (policy 12)."""


@dataclass(slots=True)
class CheckResult:
    """What `check` found; `verdict` is `pass`, `warn` or `refused`."""

    verdict: str
    seeds: dict[str, int]
    cells: list[dict[str, Any]]
    gates: list[Verdict]
    plan: dict[str, Any]
    notes: list[str]
    facts: dict[str, str] = field(default_factory=dict)
    map: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `check --json`."""
        return {
            "verdict": self.verdict, "seeds": self.seeds, "cells": self.cells,
            "gates": [v.to_json() for v in self.gates], "map": self.map, "plan": self.plan,
            "notes": self.notes, **self.facts,
        }  # fmt: skip


def check(project: Project, pairs: Path | None = None) -> CheckResult:
    """Look at a project without asking a teacher or writing a row.

    `pairs` is a spreadsheet of pairs of seeds, written where there is none, and read for the marks in it.
    """
    project.check_frozen()
    project.teacher.prepare()
    for judge in project.panel.judges if project.panel else ():
        judge.prepare()
    bed = project.seedbed
    gates = [seeds_verdict(project)]
    if not bed.usable:
        counts = {"rows": bed.rows, "usable": 0, "duplicates": len(bed.duplicates)}
        return CheckResult("refused", counts, [], gates, _no_plan(), bed.notes())
    gates += [_leak_verdict(project), *_duplicate_verdicts(project, pairs), *_recipe_verdicts(project)]
    gates += [*use_case_verdicts(project), *family_verdicts(project), *depth_verdicts(project)]
    gates += [*judge_verdicts(project.config), relevance_verdict(project)]
    counts = {"rows": bed.rows, "usable": len(bed.usable), "duplicates": len(bed.duplicates)}
    refused = any(not v.passed and v.status == "fail" and project.waived(v) is None for v in gates)
    notes = [*bed.notes(), *_held_notes(project), *_plan_notes(project), *project.config.notes]
    plan = project_plan(project, pilot=False)
    wave = next_wave(plan, Briefing(project, plan))
    warned = notes or any(v.status != "pass" and v.status != "skipped" for v in gates)
    return CheckResult(
        "refused" if refused else "warn" if warned else "pass", counts, cell_map(project, plan), gates,
        planned(project, wave), notes, _facts(project), space_map(project),
    )  # fmt: skip


def refuse_unfit(project: Project) -> None:
    """Raise Refused where the seeds are too few, the teacher too far from real data, or the only judge of the
    teacher's family, and nobody has waived it (policies 1, 6 and 12)."""
    for verdict in (seeds_verdict(project), *depth_verdicts(project), *judge_verdicts(project.config)):
        if not verdict.passed and project.waived(verdict) is None:
            waiver = f"; waive with --waive {verdict.gate} --by NAME --because TEXT"
            raise Refused(verdict.reason + ("" if verdict.code in UNWAIVABLE else waiver), [verdict])


def family_verdicts(project: Project) -> list[Verdict]:
    """Policy 12: teacher and student of one family cap the synthetic share, and the target, at 70 %."""
    if project.config.student is None:
        return []
    family = project.one_family
    if family is None:
        reason = "teacher and student are of different families, as far as their names tell"
        return [Verdict("suitability.self_play", "pass", "ok", reason)]
    reason = (
        f"teacher and student are both of the family {family}: the student would learn its own habits;"
        f" at most {SELF_PLAY_SHARE:.0%} synthetic, target {project.target} rows"
    )
    wanted = project.config.plan.target
    if wanted and wanted > project.target:
        reason += f" instead of {wanted}"
    return [
        Verdict("suitability.self_play", "warn", "one_family", reason, project.target, n=len(project.seeds))
    ]


def depth_verdicts(project: Project) -> list[Verdict]:
    """Policy 12: rows are deeper where the teacher was trained on releases of this project."""
    settings = project.config.teacher, project.config.partner
    if not any(one.trained_on for one in settings if one is not None):
        return []
    depth = 1 + project.teacher_depth
    reason = f"the teacher was trained on this project's releases: its rows are {depth} generations from real"
    if depth >= TOO_DEEP:
        return [
            Verdict(
                "depth", "fail", "too_deep", reason + f", at most {TOO_DEEP - 1} allowed", depth, TOO_DEEP - 1
            )
        ]
    return [Verdict("depth", "warn", "deep", reason, depth, TOO_DEEP - 1)]


def seeds_verdict(project: Project) -> Verdict:
    """Policy 1: none refuse, under 50 refuse unless waived, under 100 warn."""
    n = len(project.seedbed.usable)
    if n == 0:
        return no_seeds(project.seedbed)
    if n < REFUSE_UNDER:
        reason = f"{n} usable seeds, fewer than {REFUSE_UNDER}: collect more real rows first"
        return Verdict("suitability.seeds", "fail", "few_seeds", reason, n, REFUSE_UNDER, n=n)
    if n < WARN_UNDER:
        reason = f"{n} usable seeds: with fewer than {WARN_UNDER}, little can be shown"
        return Verdict("suitability.seeds", "warn", "few_seeds", reason, n, WARN_UNDER, n=n)
    return Verdict("suitability.seeds", "pass", "ok", f"{n} usable seeds", n, REFUSE_UNDER, n=n)


def _leak_verdict(project: Project) -> Verdict:
    """How many seeds are, or nearly are, a row kept for evaluation. Equal ones are left out of the seeds."""
    held, bed = [*project.holdout, *project.ood], project.seedbed
    if not held:
        return Verdict("leak.seeds", "skipped", "no_holdout", project.holdout_plan(), n=0)
    gate: RowGate = registry.load("gate", "leak")(project.config.gates["leak"], project.tools)
    near = sum(not verdict.passed for verdict in gate.check(Batch(project.seeds, project.tools)))
    figure = len(bed.leaked) + near
    reason = (
        f"{len(bed.leaked)} seeds equal a holdout or OOD row and are left out;"
        f" {near} more lie above cosine {gate.settings.threshold:g} of one and stay"
    )
    return Verdict(
        "leak.seeds", "warn" if figure else "pass", "near" if figure else "ok", reason, figure, 0, n=len(held)
    )


def _duplicate_verdicts(project: Project, pairs: Path | None) -> list[Verdict]:
    """What the threshold means on the seeds, and what a person's marks say of it."""
    settings = project.config.gates["duplicate"]
    threshold = (
        settings.threshold if isinstance(settings, DuplicateSettings) else DuplicateSettings().threshold
    )
    found = [twins_verdict(project, threshold)]
    return found if pairs is None else [*found, pairs_verdict(project, pairs, threshold)]


def _held_notes(project: Project) -> list[str]:
    """Rows kept for evaluation whose own output the task does not allow: the task or the row is wrong."""
    notes = []
    for name, rows in (("holdout", project.holdout), ("ood", project.ood)):
        wrong = [(row, problem) for row in rows if (problem := project.config.output.check(row.output))]
        if wrong:
            row, problem = wrong[0]
            notes.append(
                f"{len(wrong)} of {len(rows)} {name} rows are invalid, first {row.id}: {problem.reason}"
            )
    return notes


def _recipe_verdicts(project: Project) -> list[Verdict]:
    """Whether the rules, where they are asked, can fill their part of the target."""
    by_rules = {name: w for name, (recipe, w) in project.recipes.items() if recipe.asks == "rules"}
    if not by_rules:
        return []
    from seedstock.recipes.swap import capacity

    found = capacity(project.brief, project.seeds)
    share = sum(by_rules.values()) / sum(w for _, w in project.recipes.values())
    wanted = round(project.target * share)
    models = ", ".join(kind for kind in registry.names("teacher") if kind != "rules")
    if found.distinct >= wanted:
        reason = f"{found.seeds_with_slots} of {len(project.seeds)} seeds have values the rules can exchange"
        return [
            Verdict("suitability.rules", "pass", "ok", reason, found.distinct, wanted, n=len(project.seeds))
        ]
    reason = (
        f"the rules cannot fill the target of {wanted} rows: {found.seeds_with_slots} of {len(project.seeds)}"
        f" seeds have values that stand once in input and output; a teacher that can write would: {models}"
    )
    return [
        Verdict(
            "suitability.rules",
            "warn",
            "rules_cannot_fill",
            reason,
            found.distinct,
            wanted,
            n=len(project.seeds),
        )
    ]


def _plan_notes(project: Project) -> list[str]:
    """What the owner's answers leave out of the plan, and which prompts are the owner's."""
    notes = [f"prompt {name}: your own, {path}" for name, path in project.config.prompts.items()]
    notes += [note for recipe, _ in project.recipes.values() for note in recipe.notes(len(project.seeds))]
    if project.config.review is None:
        left = [n for n, w in outline.weights(project.config).items() if w > 0 and n not in project.recipes]
        dropped = f"; not planned: {', '.join(left)}" if left else ""
        notes.append(f"review: false: nobody can review, so only rewriting recipes are planned{dropped}")
    return notes


def _no_plan() -> dict[str, Any]:
    return {"requests": 0, "tokens_in": 0, "tokens_out": 0, "cost": None}


def planned(project: Project, wave: Sequence[Work]) -> dict[str, Any]:
    """Requests, tokens and money if candidates pass as a rule; `most` is the bound of over-generation."""
    asked = [work for work in wave if work.order.recipe.asks == "model"]
    requests, tokens_in, tokens_out = 0.0, 0.0, 0.0
    measured = "nothing to ask"
    for recipe, part in _by_recipe(wave).items():
        calls = project.recipes[recipe][0].calls
        requests += calls * len(part)
        if project.recipes[recipe][0].asks == "model":
            into, out, measured = _tokens(project, part)
            # The prompts are those of the first step, of which one question may have several.
            tokens_in += into * calls * len(part) / sum(len(work.requests) for work in part)
            tokens_out += calls * out
    most = project.config.plan.overgenerate
    price, source = project.price or (None, None)
    cost = None if price is None else price.of(Usage(round(tokens_in), round(tokens_out)))
    cost = 0.0 if not asked or project.teacher.free else cost
    figures = {
        "requests": round(requests), "tokens_in": round(tokens_in), "tokens_out": round(tokens_out),
        "measured": measured,
        "cost": _money(cost, 1), "currency": price.currency if price else "USD", "price": source,
        "target": project.target, "recipes": {name: weight for name, (_, weight) in project.recipes.items()},
        "most": {
            "requests": round(requests * most), "tokens_in": round(tokens_in * most),
            "tokens_out": round(tokens_out * most), "cost": _money(cost, most),
        },
    }  # fmt: skip
    return with_judging(project, figures, sum(work.rows for work in wave))


def _by_recipe(wave: Sequence[Work]) -> dict[str, list[Work]]:
    found: dict[str, list[Work]] = {}
    for work in wave:
        found.setdefault(work.order.recipe.name, []).append(work)
    return found


def _money(cost: float | None, times: float) -> float | None:
    return None if cost is None else round(cost * times, 6)


def _tokens(project: Project, asked: Sequence[Work]) -> tuple[int, int, str]:
    """Tokens of these requests, in and out, and where the figures come from.

    The prompts are rendered and measured. How many tokens a character makes, and how long an answer is,
    this teacher's recorded answers tell; before the first ones, four characters are a token and an
    answer is about as long as the inputs it is made from.
    """
    teacher = project.teacher
    asked_before, characters, prompt, answer = (
        project.ledger.sizes(teacher.id) if project.has_ledger else (0, 0, 0, 0)
    )
    if asked_before and characters:
        size = sum(len(request_text(r, teacher.sampling)) for work in asked for r in work.requests)
        counted = round(size * prompt / characters), round(len(asked) * answer / asked_before)
        return *counted, f"measured on {asked_before} answers"
    lengths = {seed.id: len(seed.input_text) for seed in project.seeds}
    every = [request for work in asked for request in work.requests]
    tokens_in = sum(len(m.content) for request in every for m in request.messages) // CHARS_PER_TOKEN
    tokens_out = sum(_answer_chars(lengths, work) for work in asked) // CHARS_PER_TOKEN
    return tokens_in, tokens_out, f"estimated at {CHARS_PER_TOKEN} characters a token"


def _answer_chars(lengths: Mapping[str, int], work: Work) -> int:
    """An answer is about as long as its parents' inputs, once per row asked for."""
    parents = [lengths[parent] + 8 for request in work.requests for parent in request.parents]
    return round(work.rows * sum(parents) / len(parents)) if parents else 0


def _facts(project: Project) -> dict[str, str]:
    embedder = project.embedder
    blind = (
        ""
        if embedder.finds_paraphrases
        else "; it knows spelling, not meaning: 0.92 does not find paraphrases"
    )
    return {
        "embedder": embedder.describe() + blind, "holdout": project.holdout_plan(),
        "teacher": _teacher(project), "run": project.run_id,
    }  # fmt: skip


def _teacher(project: Project) -> str:
    """Who answers, and what earlier runs found out about the server."""
    teacher = project.teacher
    known = project.ledger.findings(teacher.id, teacher.server) if project.has_ledger else {}
    said = ", ".join(f"{name}: {value}" for name, value in known.items())
    return teacher.id + (f" ({said})" if said else "")
