"""`seedstock run`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from seedstock.cli.main import Context, emit, json_option
from seedstock.cli.waive import waiver_options

if TYPE_CHECKING:
    from seedstock.project import Project
    from seedstock.reporting.funnel import Step
    from seedstock.results import RunResult


@click.command()
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Send at most N requests in this call."
)
@click.option(
    "--max-cost", type=click.FloatRange(min=0), metavar="MONEY",
    help="Stop before this project's answers have cost more than this in all, in the price's currency.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print the plan and the exact prompts; ask nobody.")
@waiver_options
@json_option
@click.pass_obj
def run(
    context: Context, limit: int | None, max_cost: float | None, dry_run: bool, waive: tuple[str, ...],
    by: str | None, because: str | None, as_json: bool,
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
        with render.run_progress(quiet=as_json) as update:
            result = verb(project, limit=limit, max_cost=max_cost, progress=update)
        emit(result.to_json()) if as_json else show(result)


def _dry_run(project: Project, limit: int | None, as_json: bool) -> None:
    """The next wave, as it would be sent."""
    from seedstock.cli import render
    from seedstock.generation import upcoming
    from seedstock.preflight import check
    from seedstock.reporting.page import printable

    prompts = [
        {"recipe": request.recipe, "cell": request.cell, "ordinal": request.ordinal, "fold": request.fold,
         "parents": list(request.parents), "attributes": dict(request.attributes), "asks": request.asks,
         "prompt_sha256": request.prompt_sha256, "custom_id": request.custom_id, **request.body()}
        for request in upcoming(project)[:limit]
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
    render.plan(render.console(), plan)
    click.echo("nothing was sent")


def show(result: RunResult) -> None:
    """A run for people."""
    from seedstock.cli import render

    out = render.console()
    render.funnel(out, steps(result))
    requests, tokens, cost = result.requests, result.tokens, result.cost
    share = tokens["cached_share"]
    cached = "" if share is None else f", {share:.0%} of the prompts' read from the server's cache"
    render.facts(out, [
        ("requests", ", ".join(f"{n} {word}" for word, n in requests.items() if n or word != "hedged")),
        ("faults", ", ".join(f"{word} {n}" for word, n in result.faults.items()) or "none"),
        *((f"server: {name}", text) for name, text in result.findings.items()),
        *([("judge", result.judge.said)] if result.judge else []),
        ("tokens", f"{tokens['in']:,} in, {tokens['out']:,} out{cached}"),
        ("cost", _cost(cost, cost["currency"])),
        *(
            (f"  {part['recipe']}", f"{_cost(part, cost['currency'])}, {part['accepted']} rows accepted")
            for part in cost["recipes"]
        ),
    ])  # fmt: skip
    render.recipes(out, result.recipes)
    unfilled = [cell for cell in result.plan.report() if cell["state"] != "filled"]
    lines = [f"cell {c['cell']}: {c['accepted']} of {c['target']} rows, {c['state']}" for c in unfilled]
    more = [f"and {len(lines) - 8} more cells; --json lists them all"] if len(lines) > 8 else []
    render.notes(out, [*lines[:8], *more])
    lines = [
        f"{facet.agree} of {facet.n} rows are of the {facet.facet} they were asked to have ({facet.how})"
        for facet in result.facets
        if facet.n and facet.agree < facet.n
    ]
    render.notes(out, lines)
    if result.stopped:
        option = result.stopped.replace("_", "-")
        render.notes(out, [f"stopped by --{option}; run again to go on"])
    out.print(f"\nnext: seedstock {_next(result)}")


def _next(result: RunResult) -> str:
    """Generated rows need people first."""
    generated = {name for name, (recipe, _) in result.plan.recipes.items() if recipe.group == "generate"}
    waiting = any(row["accepted"] for row in result.recipes if row["recipe"] in generated)
    return "review export FILE.csv, then seedstock release" if waiting else "release"


def _cost(cost: dict[str, Any], currency: str) -> str:
    """Money in all and per accepted row, or that nobody knows."""
    if cost["total"] is None:
        return "unknown: no price in the config, none known for this address, or no token counts"
    per_row = "" if cost["per_accepted"] is None else f", {cost['per_accepted']:.6f} per accepted row"
    return f"{cost['total']:.4f} {currency}{per_row}"


def steps(result: RunResult) -> list[Step]:
    """The run as a funnel."""
    from seedstock.reporting.funnel import Step

    return [Step("candidates", result.tally.rows), *result.tally.steps(), Step("accepted", result.tally.kept)]
