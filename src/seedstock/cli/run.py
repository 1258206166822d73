"""`seedstock run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option
from seedstock.cli.waive import waiver_options

if TYPE_CHECKING:
    from seedstock.generation import RunResult
    from seedstock.project import Project
    from seedstock.reporting.funnel import Step


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Send at most N requests in this call."
)
@click.option("--dry-run", is_flag=True, help="Print the plan and the exact prompts; ask nobody.")
@waiver_options
@json_option
@click.pass_obj
def run(
    context: Context, limit: int | None, dry_run: bool, waive: tuple[str, ...], by: str | None,
    because: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Generate until the quotas are filled, gating as candidates arrive. Run again to resume."""
    from seedstock.cli import render
    from seedstock.generation import run as verb
    from seedstock.project import Project

    with Project(context.project) as project:
        project.waive(waive, by, because)
        if dry_run:
            _dry_run(project, limit, as_json)
            return
        with render.progress_bar("rows accepted", quiet=as_json) as update:
            result = verb(
                project, limit=limit,
                progress=lambda done, total, sent: update(done, total, f"{sent} requests"),
            )  # fmt: skip
        emit(result.to_json()) if as_json else show(result)


def _dry_run(project: Project, limit: int | None, as_json: bool) -> None:
    """The first wave, as it would be sent."""
    from seedstock.plan import next_wave, project_quotas
    from seedstock.preflight import check
    from seedstock.reporting.page import printable

    works = next_wave(project, project_quotas(project))[:limit]
    prompts = [
        {"recipe": w.recipe.name, "cell": w.quota.cell, "ordinal": w.request.ordinal, "fold": w.request.fold,
         "parents": list(w.request.parents), "prompt_sha256": w.request.prompt_sha256, **w.request.body()}
        for w in works
    ]  # fmt: skip
    plan = check(project).plan
    if as_json:
        emit({"run": project.run_id, "plan": plan, "requests": prompts})
        return
    for prompt in prompts:
        click.echo(f"--- {prompt['recipe']} {prompt['cell']} {prompt['ordinal']} (fold {prompt['fold']})")
        for message in prompt["messages"]:
            click.echo(f"[{message['role']}]\n{printable(message['content'])}\n")
        if prompt["rules"]:
            click.echo(f"[rules] {prompt['rules']['operation']} of seed {prompt['parents'][0]}\n")
    click.echo(
        f"{plan['requests']} requests to start with, {plan['most']['requests']} at most; nothing was sent"
    )


def show(result: RunResult) -> None:
    """A run for people."""
    from seedstock.cli import render
    from seedstock.plan import cell_report

    out = render.console()
    render.funnel(out, steps(result))
    requests = result.requests
    cost = result.cost["total"]
    render.facts(out, [
        ("requests", ", ".join(f"{n} {word}" for word, n in requests.items())),
        ("faults", ", ".join(f"{word} {n}" for word, n in result.faults.items()) or "none"),
        ("cost", "unknown" if cost is None else f"{cost:.4f} {result.cost['currency']}"),
    ])  # fmt: skip
    unfilled = [cell for cell in cell_report(result.quotas) if cell["state"] != "filled"]
    lines = [f"cell {c['cell']}: {c['accepted']} of {c['target']} rows, {c['state']}" for c in unfilled]
    more = [f"and {len(lines) - 8} more cells; --json lists them all"] if len(lines) > 8 else []
    render.notes(out, [*lines[:8], *more])
    if result.stopped:
        render.notes(out, [f"stopped by --{result.stopped}; run again to go on"])
    out.print("\nnext: seedstock release")


def steps(result: RunResult) -> list[Step]:
    """The run as a funnel."""
    from seedstock.reporting.funnel import Step

    return [Step("candidates", result.tally.rows), *result.tally.steps(), Step("accepted", result.tally.kept)]
