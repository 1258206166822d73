"""A wave: what all open cells ask for next, as requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seedstock.briefing import Briefing, most_per_seed, requests_of
from seedstock.example import Example
from seedstock.exchange import Request, Response
from seedstock.line import FAILED
from seedstock.plan import Plan, make_plan
from seedstock.project import Project
from seedstock.quotas import Order
from seedstock.recipes.base import Ask, Found, Unparsed


@dataclass(frozen=True, slots=True)
class Work:
    """What is asked together for one question, and whose order it serves.

    `rows` are to come of it; `begun` is True where an earlier wave has asked the beginning.
    """

    order: Order
    requests: tuple[Request, ...]
    rows: int
    begun: bool = False


def project_plan(project: Project, pilot: bool = True) -> Plan:
    """The plan of a project at its start. Without `pilot` the first wave asks for everything."""
    settings = project.config.plan
    return make_plan(
        project.cells, project.recipes, project.target, overgenerate=settings.overgenerate,
        min_yield=settings.min_yield, most_per_seed=most_per_seed(project),
        pilot=pilot and project.teacher.pilots,
    )  # fmt: skip


def next_wave(plan: Plan, briefing: Briefing, begun: Sequence[Work] = ()) -> list[Work]:
    """The next requests of every open cell, in key order; [] when nothing is open any more.

    `begun` is what goes on in this wave: its rows count as on their way.
    """
    briefing.start_wave((work.requests[0].parents, work.rows) for work in begun)
    while orders := plan.next_orders():
        wave: list[Work] = []
        idle: list[tuple[Order, list[Ask]]] = []
        for order in orders:
            asks = briefing.asks(order)
            made = requests_of(order, asks)
            if not made:
                idle.append((order, asks))
            for ask, requests in made:
                order.quota.asked += 1
                order.quota.asked_rows += ask.rows
                wave.append(Work(order, requests, ask.rows))
        waiting = bool(wave or begun)
        _give_up(idle, waiting)
        if waiting:
            return wave
    return []


def _give_up(idle: Sequence[tuple[Order, Sequence[Ask]]], waiting: bool) -> None:
    """Nothing can be asked for these orders: not now where answers are to come, and else not at all."""
    for order, asks in idle:
        if not asks and not waiting:
            order.quota.give_up("every seed has given as many rows as it may")
        elif asks and not (waiting and order.recipe.waits(asks)):
            order.quota.give_up(order.recipe.obstacle(asks))


def parsed(work: Work, responses: Sequence[Response], seeds: Mapping[str, Example]) -> Sequence[Found]:
    """What came of a question: its candidates, or one that says why there is no answer."""
    failed = next((r for r in responses if r.finish_reason.startswith(FAILED)), None)
    if failed is not None:
        tries = f"no answer after all tries, the last: {failed.finish_reason.removeprefix(FAILED)}"
        return [Found(Unparsed("no_answer", tries, ""), responses.index(failed))]
    return work.order.recipe.parse(work.requests, responses, seeds)
