"""A hearing: judges asked about rows outside a run, of a file or of the seeds; recorded all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seedstock.accounts import budget_for
from seedstock.errors import Refused
from seedstock.judging.assembly import judge_verdicts
from seedstock.judging.panel import Panel
from seedstock.line import OutOfMoney
from seedstock.project import Project


@contextmanager
def hearing(project: Project, max_cost: float | None = None) -> Iterator[Panel | None]:
    """The project's panel, open; None where nobody judges. Nobody else may work on the project meanwhile.

    `max_cost` bounds what this project's answers may cost in all. Refused where it is reached, or where the
    only judge is of the teacher's family and nobody has waived that.
    """
    panel = project.panel
    if panel is None:
        yield None
        return
    for verdict in judge_verdicts(project.config):
        if not verdict.passed and project.waived(verdict) is None:
            raise Refused(verdict.reason, [verdict])
    with project.locked():
        budget = budget_for(project, panel.judges, max_cost)
        try:
            with panel.opened(project.ledger, budget):
                yield panel
        except OutOfMoney as stop:
            raise Refused(
                f"--max-cost {max_cost:g} is reached, with {budget.spent:.4f} spent: what came is kept,"
                " a higher bound goes on from there"
            ) from stop
