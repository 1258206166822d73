"""`seedstock demo`."""

from __future__ import annotations

from pathlib import Path

import click

from seedstock.cli.main import Context, emit, json_option


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=Path("seedstock-demo"))
@json_option
@click.pass_obj
def demo(context: Context, folder: Path, as_json: bool) -> None:
    """Copy the bundled project to DIR (default: seedstock-demo) and run check, run and release on it."""
    from seedstock import Project, check, release, run
    from seedstock.cli import check as check_command
    from seedstock.cli import release as release_command
    from seedstock.cli import render
    from seedstock.cli import run as run_command
    from seedstock.demo import copy_project

    folder = context.project / folder
    copy_project(folder)
    with Project(folder) as project:
        checked = check(project)
        if not as_json:
            _say(f"1  check: what is there, in {folder}")
            check_command.show(checked)
        with render.progress_bar("rows accepted", quiet=as_json) as update:
            made = run(project, progress=lambda done, total, sent: update(done, total, f"{sent} requests"))
        released = release(project, formats=("messages", "prompt_completion"))
        if as_json:
            emit(
                {
                    "path": str(folder),
                    "check": checked.to_json(),
                    "run": made.to_json(),
                    "release": released.to_json(),
                }
            )
            return
        _say("2  run: candidates from the rules, every one through the gates")
        run_command.show(made)
        _say("3  what the gates took, one real row per reason")
        render.rejected(render.console(), released.tally.examples)
        _say("4  release: what a trainer reads")
        release_command.show(released)
        first = released.mix.synthetic[0]
        _say("5  one synthetic row, and the seed it was made from")
        _pair(first.input_text, first.output_text)
        parent = next(seed for seed in project.seeds if seed.id == first.source.parents[0])
        _pair(parent.input_text, parent.output_text)
    _say("next")
    click.echo(f"seedstock --project {folder} trace {first.id}        the whole story of that row")
    click.echo(
        f"seedstock --project {folder} verify {released.name}                  nothing has changed since"
    )
    click.echo(f"open {released.path}/report.html")
    click.echo("seedstock init my-task --seeds FILE                  the same with your own rows")


def _say(text: str) -> None:
    click.secho(f"\n== {text}", bold=True)


def _pair(given: str, output: str) -> None:
    from seedstock.reporting.page import printable

    click.echo(f"  {printable(given)}\n  → {printable(output)}\n")
