"""What judging will cost: the rows of a plan, each asked about once of every judge."""

from __future__ import annotations

from typing import Any

from seedstock.exchange import Request, Usage
from seedstock.judging.panel import Panel
from seedstock.ledger import request_text
from seedstock.prices import price_of
from seedstock.project import Project

PROBED = 16
"""Seeds whose questions are rendered and measured."""
CHARS_PER_TOKEN = 4
"""Before the first answer there is no count to go by; four characters a token is the usual English figure."""
TOKENS_PER_CRITERION = 60
"""Tokens of an answer for each criterion, before the first has come: a quote, a sentence, a verdict."""

SUMMED = ("requests", "tokens_in", "tokens_out", "cost")


def with_judging(project: Project, plan: dict[str, Any], rows: int) -> dict[str, Any]:
    """A plan's figures with those of judging `rows` candidates added, and these by themselves as `judge`."""
    if project.panel is None or not rows:
        return plan
    mine = _judging(project, project.panel, rows)
    most = project.config.plan.overgenerate
    added = {name: _sum(plan[name], mine[name]) for name in SUMMED}
    limit = {name: _sum(plan["most"][name], _times(mine[name], most)) for name in SUMMED}
    return {**plan, **added, "most": limit, "judge": mine}


def _judging(project: Project, panel: Panel, rows: int) -> dict[str, Any]:
    """Requests, tokens and money for all judges together; the cost is None where a price is unknown."""
    shown = project.seeds[:PROBED]
    requests = [r for row in shown if (r := panel.questions.request(row, row)) is not None]
    cost: float | None = 0.0
    tokens_in = tokens_out = 0
    for judge in panel.judges:
        into, out = _tokens(project, judge, requests, rows)
        tokens_in, tokens_out = tokens_in + into, tokens_out + out
        price = price_of(judge)
        mine = 0.0 if judge.free else None if price is None else price[0].of(Usage(into, out))
        cost = None if cost is None or mine is None else round(cost + mine, 6)
    return {
        "requests": rows * len(panel.judges),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": cost,
    }


def _tokens(project: Project, judge: Any, requests: list[Request], rows: int) -> tuple[int, int]:
    """Tokens in and out for so many rows: as this judge's answers tell, or by four characters a token."""
    if not requests:
        return 0, 0
    size = sum(len(request_text(r, judge.sampling)) for r in requests) / len(requests)
    ledger = project.known_ledger()
    n, characters, prompt, answer = ledger.sizes(judge.id) if ledger else (0, 0, 0, 0)
    if n and characters:
        return round(rows * size * prompt / characters), round(rows * answer / n)
    text = sum(len(m.content) for r in requests for m in r.messages) / len(requests)
    criteria = len(project.panel.questions.rubric.criteria) if project.panel else 0
    return round(rows * text / CHARS_PER_TOKEN), rows * criteria * TOKENS_PER_CRITERION


def _sum(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return None
    return one + other if isinstance(one, int) and isinstance(other, int) else round(one + other, 6)


def _times(figure: float | None, times: float) -> float | None:
    if figure is None:
        return None
    return round(figure * times) if isinstance(figure, int) else round(figure * times, 6)
