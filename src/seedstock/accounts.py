"""What a run costs: the bound on it before, and tokens and money by recipe and cell after."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from seedstock.errors import InputError
from seedstock.judging.questions import JUDGE
from seedstock.prices import price_of
from seedstock.project import Project
from seedstock.quotas import Quota
from seedstock.records import Spent
from seedstock.spending import Budget
from seedstock.teachers.base import Price


def project_budget(project: Project, max_cost: float | None) -> Budget:
    """The bound on what this project's answers may cost, those of earlier calls included."""
    judges = project.panel.judges if project.panel else []
    asked = [teacher for name, teacher in project.teachers.items() if name != "rules"]
    return budget_for(project, [*asked, *judges], max_cost)


def budget_for(project: Project, asked: Sequence[Any], max_cost: float | None) -> Budget:
    """A bound for a call in which these teachers and judges are asked.

    InputError for a bound without a known price, or one that is no amount.
    """
    if max_cost is not None and not (math.isfinite(max_cost) and max_cost >= 0):
        raise InputError(f"--max-cost {max_cost}: an amount of money is wanted")
    paying = [teacher for teacher in asked if not teacher.free]
    if max_cost is None or not paying:
        return Budget(spent=project.ledger.paid())
    price = _dearest([_price(teacher) for teacher in paying])
    longest = max(getattr(teacher.settings, "max_tokens", 0) for teacher in paying)
    budget = Budget(max_cost, project.ledger.paid(), price, longest)
    budget.charge_unknown(*project.ledger.unpriced())
    return budget


def tokens(spent: Iterable[Spent]) -> dict[str, Any]:
    """Tokens of the recorded answers, as servers counted them, and the share read from a prefix cache."""
    whole = total(spent)
    share = None
    if whole.cached_tokens is not None and whole.prompt_tokens:
        share = round(whole.cached_tokens / whole.prompt_tokens, 4)
    return {
        "in": whole.prompt_tokens, "out": whole.completion_tokens, "cached": whole.cached_tokens,
        "cached_share": share,
    }  # fmt: skip


def costs(
    project: Project, spent: Mapping[tuple[str, str], Spent], quotas: Sequence[Quota]
) -> dict[str, Any]:
    """What the answers behind a run cost: in all, for judging, by recipe; null where a price is unknown."""
    accepted = dict.fromkeys((quota.recipe for quota in quotas), 0)
    for quota in quotas:
        accepted[quota.recipe] += quota.accepted
    recipes = [
        {"recipe": name, "accepted": n, **per_row(total(s for (r, _), s in spent.items() if r == name), n)}
        for name, n in accepted.items()
    ]
    price = project.price
    judged = total(s for (recipe, _), s in spent.items() if recipe == JUDGE)
    return {
        **per_row(total(spent.values()), sum(accepted.values())),
        **({"judge": per_row(judged, 0)["total"]} if project.panel else {}),
        "currency": price[0].currency if price else "USD", "price": price and price[1],
        "paid": round(project.ledger.paid(), 6), "recipes": recipes,
    }  # fmt: skip


def per_row(spent: Spent, accepted: int) -> dict[str, float | None]:
    """Money in all and per accepted row; None where it is unknown."""
    if spent.unknown:
        return {"total": None, "per_accepted": None}
    per_accepted = round(spent.cost / accepted, 6) if accepted else None
    return {"total": round(spent.cost, 6), "per_accepted": per_accepted}


def total(spent: Iterable[Spent]) -> Spent:
    """All of it together."""
    parts = list(spent)
    sums = {
        field.name: sum(getattr(part, field.name) for part in parts)
        for field in fields(Spent)
        if field.name != "cached_tokens"
    }
    told = [part.cached_tokens for part in parts if part.cached_tokens is not None]
    return Spent(**sums, cached_tokens=sum(told) if told else None)


def _price(teacher: Any) -> Price:
    price = price_of(teacher)
    if price is None:
        raise InputError(
            f"--max-cost needs a price, and that of {teacher.id} is unknown; give it in the config:"
            " price: {input: …, output: …} per million tokens, beside its kind"
        )
    return price[0]


def _dearest(prices: Sequence[Price]) -> Price:
    """A price that none of these exceeds: two teachers share one bound."""
    if len(prices) == 1:
        return prices[0]
    writes = [price.cache_write for price in prices if price.cache_write is not None]
    return Price(
        input=max(p.input for p in prices), output=max(p.output for p in prices),
        cache_write=max(writes) if writes else None, currency=prices[0].currency,
    )  # fmt: skip
