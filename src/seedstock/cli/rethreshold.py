"""`seedstock rethreshold`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option

if TYPE_CHECKING:
    from seedstock.rethreshold import Rethreshold

CHANGES_SHOWN = 10


@click.command()
@click.option(
    "--audit", "folder", type=click.Path(path_type=Path), metavar="DIR",
    help="A folder that `audit --out` wrote, instead of the project's run.",
)  # fmt: skip
@click.option(
    "--threshold", "thresholds", type=click.FloatRange(0, 1, min_open=True, max_open=True), multiple=True,
    help="A cosine to try; may be repeated. Without it, a table from 0.85 to 0.99.",
)  # fmt: skip
@json_option
@click.pass_obj
def rethreshold(context: Context, folder: Path | None, thresholds: tuple[float, ...], as_json: bool) -> None:
    """Show what the duplicate gate would keep at other thresholds. Asks nobody, embeds nothing again."""
    from seedstock.project import Project
    from seedstock.rethreshold import TRIED, rethreshold_audit, rethreshold_run

    if folder is not None:
        result = rethreshold_audit(folder, thresholds or TRIED)
    else:
        with Project(context.project) as project:
            result = rethreshold_run(project, thresholds or TRIED)
    emit(result.to_json()) if as_json else show(result, bool(thresholds))


def show(result: Rethreshold, examples: bool) -> None:
    """The table for people; with `examples`, rows that would be decided otherwise."""
    from seedstock.cli import render

    out = render.console()
    render.heading(out, f"{result.rows} rows reached the gate duplicate")
    render.facts(out, [
        (
            f"{outcome.threshold:g}" + (" (now)" if outcome.threshold == result.threshold else ""),
            f"{outcome.kept} kept; rejected: "
            + (", ".join(f"{code} {n}" for code, n in sorted(outcome.rejected.items())) or "none"),
        )
        for outcome in result.outcomes
    ])  # fmt: skip
    for outcome in result.outcomes if examples else ():
        if outcome.changes:
            render.heading(out, f"Decided otherwise at {outcome.threshold:g}")
            render.notes(out, [
                f"{'kept' if change['kept'] else 'rejected'}: {change['input']} ({change['reason']})"
                for change in outcome.changes[:CHANGES_SHOWN]
            ])  # fmt: skip
    if result.embedded:
        render.notes(out, [f"{result.embedded} texts were not in the cache of vectors and were embedded"])
