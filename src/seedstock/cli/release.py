"""`seedstock release`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option
from seedstock.cli.waive import waiver_options

if TYPE_CHECKING:
    from seedstock.releasing import ReleaseResult


@click.command()
@click.option("--name", metavar="NAME", help="Name of the release (default: v1, v2, …).")
@click.option(
    "--format", "formats", default="messages", show_default=True, metavar="F,…", help="Training formats."
)
@waiver_options
@json_option
@click.pass_obj
def release(
    context: Context, name: str | None, formats: str, waive: tuple[str, ...], by: str | None,
    because: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Write seeds and accepted rows for trainers, or refuse and say what is missing."""
    from seedstock.project import Project
    from seedstock.releasing import release as verb

    with Project(context.project) as project:
        project.waive(waive, by, because)
        wanted = [word.strip() for word in formats.split(",") if word.strip()]
        result = verb(project, name, wanted)
    emit(result.to_json()) if as_json else show(result)


def show(result: ReleaseResult) -> None:
    """A release for people."""
    from seedstock.cli import render
    from seedstock.releasing import release_page

    out = render.console()
    page = release_page(result.name, result.mix, result.gates, result.waivers, result.tally, ())
    render.funnel(out, page.steps)
    render.heading(out, "Gates")
    render.gates(out, result.gates)
    render.notes(out, [*page.notes, *(f"{w.gate} waived by {w.by}: {w.because}" for w in result.waivers)])
    out.print(f"\nwritten to {result.path}: {', '.join(sorted(result.files))}", markup=False)
