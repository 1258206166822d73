"""`seedstock demo`."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option

if TYPE_CHECKING:
    from seedstock.example import Example
    from seedstock.mixing import Mix
    from seedstock.tasks.base import Output

RECORDED = """\
  The teacher's answers are a recording. No model wrote them: they were written by hand for this demo, with
  the faults that models make put in on purpose, such as broken JSON, copies, invented values, a trade name.
"""


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
        with render.run_progress(quiet=as_json) as update:
            made = run(project, progress=update)
        released = release(project, formats=("messages", "prompt_completion"))
    if as_json:
        parts = {"check": checked.to_json(), "run": made.to_json(), "release": released.to_json()}
        emit({"path": str(folder), **parts})
        return
    _say(f"1  check: what is there, in {folder}")
    check_command.show(checked)
    _say("2  run: candidates from rules and from a teacher, every one through the gates")
    click.echo(RECORDED)
    run_command.show(made)
    _say("3  what the gates took, one real row per reason")
    render.rejected(render.console(), released.tally.examples)
    _say("4  release: what a trainer reads")
    release_command.show(released)
    row, seed = _pair_to_show(released.mix, project.config.output)
    _say("5  one synthetic row, and the seed it was made from")
    _show(row)
    _show(seed)
    click.echo("  A new message for the same ticket. Whether it means the same, nobody has judged yet.")
    _say("next")
    click.echo(f"seedstock --project {folder} trace {row.id}   the whole story of that row")
    click.echo(f"seedstock --project {folder} verify {released.name}   nothing has changed since")
    click.echo(f"open {released.path}/report.html")
    click.echo("seedstock init my-task --seeds FILE   the same with your own rows")


def _say(text: str) -> None:
    click.secho(f"\n== {text}", bold=True)


def _pair_to_show(mix: Mix, output: Output) -> tuple[Example, Example]:
    """The rewrite that is least like its seed and still has all that the ticket takes from the message."""
    seeds = {seed.id: seed for seed in mix.seeds}
    rewrites = [row for row in mix.synthetic if row.source.recipe == "paraphrase"]
    pairs = [(row, seeds[row.source.parents[0]]) for row in rewrites]
    whole = [pair for pair in pairs if _copied(output, pair[1]) <= _copied(output, pair[0])]
    return min(whole or pairs, key=lambda pair: _likeness(*pair))


def _copied(output: Output, row: Example) -> set[str]:
    """What the ticket has word for word from the message."""
    return set(output.spans(row.output, row.input_text))


def _likeness(row: Example, seed: Example) -> float:
    return SequenceMatcher(None, row.input_text, seed.input_text, autojunk=False).ratio()


def _show(row: Example) -> None:
    from seedstock.reporting.page import printable

    click.echo(f"  {printable(row.input_text)}\n  → {printable(row.output_text)}\n")
