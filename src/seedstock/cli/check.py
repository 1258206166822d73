"""`seedstock check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option
from seedstock.cli.waive import waiver_options

if TYPE_CHECKING:
    from rich.console import Console

    from seedstock.preflight import CheckResult


@click.command()
@click.option(
    "--pairs", type=click.Path(path_type=Path), metavar="FILE.csv",
    help="Pairs of seeds to mark as same or different: written where missing, else read to calibrate the"
    " duplicate threshold.",
)  # fmt: skip
@waiver_options
@json_option
@click.pass_obj
def check(
    context: Context, pairs: Path | None, waive: tuple[str, ...], by: str | None, because: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Check config, seeds and holdout, and say what a run would ask. Spends nothing."""
    from seedstock.preflight import check as verb
    from seedstock.project import Project

    with Project(context.project) as project:
        project.waive(waive, by, because)
        result = verb(project, pairs)
        emit(result.to_json()) if as_json else show(result)
    if result.verdict == "refused":
        raise click.exceptions.Exit(3)


CELLS_SHOWN = 24
"""More cells than this are told in figures; `--json` has them all."""


def _show_map(out: Console, result: CheckResult) -> None:
    """Cells with seeds and quota, and what the seeds cannot tell."""
    from seedstock.cli import render

    found = result.map
    render.facts(out, [
        ("cut by", ", ".join(found["cut_by"]) or "nothing: one cell"),
        ("in proportion", ", ".join(found["asked_in_proportion"]) or "nothing"),
    ])  # fmt: skip
    if len(result.cells) <= CELLS_SHOWN:
        render.cells(out, result.cells)
    else:
        sizes = sorted(cell["seeds"] for cell in result.cells)
        render.facts(out, [("cells", f"{len(sizes)}, of {sizes[0]} to {sizes[-1]} seeds")])
    thin = found["thin"]
    lines = [f"thin: {', '.join(thin[:8])}" + (f" and {len(thin) - 8} more" if len(thin) > 8 else "")] * bool(
        thin
    )
    for pair in found["empty"][:4]:
        sides = ", ".join(f"{name} {value}" for name, value in pair.items() if name != "expected")
        lines.append(f"no seed has {sides}, though chance would give {pair['expected']}")
    render.notes(out, [*lines, *found["unknown"]])


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
    if result.map:
        render.heading(out, "The space, as the seeds show it")
        _show_map(out, result)
    colour = render.COLOURS[result.verdict]
    out.print(f"\n[{colour}]{result.verdict}[/{colour}]")
