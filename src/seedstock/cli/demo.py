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
        with render.progress_bar("rows accepted", quiet=as_json) as update:
            made = run(project, progress=lambda done, total, sent: update(done, total, f"{sent} requests"))
        released = release(project, formats=("messages", "prompt_completion"))
    if as_json:
        parts = {"check": checked.to_json(), "run": made.to_json(), "release": released.to_json()}
        emit({"path": str(folder), **parts})
        return
    _say(f"1  check: what is there, in {folder}")
    check_command.show(checked)
    _say("2  run: candidates from the rules, every one through the gates")
    run_command.show(made)
    _say("3  what the gates took, one real row per reason")
    render.rejected(render.console(), released.tally.examples)
    _say("4  release: what a trainer reads")
    release_command.show(released)
    row, seed = _pair_to_show(released.mix)
    _say("5  one synthetic row, and the seed it was made from")
    _show(row)
    _show(seed)
    click.echo(
        "  Message and ticket change together. Whether new values fit the story, nobody has judged yet."
    )
    _say("next")
    click.echo(f"seedstock --project {folder} trace {row.id}   the whole story of that row")
    click.echo(f"seedstock --project {folder} verify {released.name}   nothing has changed since")
    click.echo(f"open {released.path}/report.html")
    click.echo("seedstock init my-task --seeds FILE   the same with your own rows")


def _say(text: str) -> None:
    click.secho(f"\n== {text}", bold=True)


def _pair_to_show(mix: Mix) -> tuple[Example, Example]:
    """The swapped row that is most like its seed: what has changed is then easy to see."""
    seeds = {seed.id: seed for seed in mix.seeds}
    pairs = [(row, seeds[row.source.parents[0]]) for row in mix.synthetic if row.source.recipe == "swap"]
    clear = [pair for pair in pairs if _changes(*pair) > 1] or pairs
    return max(clear, key=lambda pair: SequenceMatcher(None, pair[0].input_text, pair[1].input_text).ratio())


def _changes(row: Example, seed: Example) -> int:
    return sum(row.output[key] != seed.output.get(key) for key in row.output)


def _show(row: Example) -> None:
    from seedstock.reporting.page import printable

    click.echo(f"  {printable(row.input_text)}\n  → {printable(row.output_text)}\n")
