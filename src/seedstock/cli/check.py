"""`seedstock check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option
from seedstock.cli.waive import waiver_options

if TYPE_CHECKING:
    from seedstock.preflight import CheckResult


@click.command()
@waiver_options
@json_option
@click.pass_obj
def check(
    context: Context, waive: tuple[str, ...], by: str | None, because: str | None, as_json: bool
) -> None:
    """Check config, seeds and holdout, and say what a run would ask. Spends nothing."""
    from seedstock.preflight import check as verb
    from seedstock.project import Project

    with Project(context.project) as project:
        project.waive(waive, by, because)
        result = verb(project)
        emit(result.to_json()) if as_json else show(result)
    if result.verdict == "refused":
        raise click.exceptions.Exit(3)


def show(result: CheckResult) -> None:
    """A check for people."""
    from seedstock.cli import render

    out = render.console()
    render.facts(out, [(name, text) for name, text in result.facts.items()])
    render.heading(out, "Seeds and gates")
    render.gates(out, result.gates)
    render.notes(out, result.notes)
    render.heading(out, "Plan")
    if "target" in result.plan:
        render.facts(out, [("target", f"{result.plan['target']} rows over {len(result.cells)} cells")])
    render.plan(out, result.plan)
    thin = [cell["cell"] for cell in result.cells if cell["seeds"] < 3]
    if thin:
        render.notes(out, [f"{len(thin)} cells have fewer than three seeds: {', '.join(thin[:8])}"])
    colour = render.COLOURS[result.verdict]
    out.print(f"\n[{colour}]{result.verdict}[/{colour}]")
