"""`seedstock review`: a spreadsheet out, and back in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option
from seedstock.errors import InputError

if TYPE_CHECKING:
    from seedstock.project import Project

NO_PAGE = (
    "there is no review page in this version; write a spreadsheet with: review export FILE.csv, fill in the"
    " column verdict (accept or reject), and read it with: review import FILE.csv --by NAME"
)
FILE = click.Path(path_type=Path)


@click.group(invoke_without_command=True)
@click.pass_context
def review(ctx: click.Context) -> None:
    """Let people look at rows: `sample`, `status`, `export FILE`, `import FILE`; and `trial` of the judge."""
    if ctx.invoked_subcommand is None:
        raise InputError(NO_PAGE)


@review.command()
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="So many; default: what is required.")
@json_option
@click.pass_obj
def sample(context: Context, rows: int | None, as_json: bool) -> None:
    """Print the rows that still need a look, each with its criterion."""
    from seedstock.cli import render
    from seedstock.reporting.page import printable
    from seedstock.reviewing import review_sample

    with _project(context) as project:
        found = review_sample(project, rows)
    if as_json:
        shown = [
            {"id": row.id, "criterion": criterion, "input": row.input_text, "output": row.output}
            for row, criterion in found
        ]
        emit({"sample": shown})
        return
    out = render.console()
    for row, criterion in found:
        render.heading(out, f"{row.id}  {criterion}")
        out.print(printable(f"{row.input_text}\n→ {row.output_text}"), markup=False)
    click.echo(f"{len(found)} rows")


@review.command()
@json_option
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Say how many rows are required and done, and what the gate `review` makes of it."""
    from seedstock.cli import render
    from seedstock.reviewing import review_status

    with _project(context) as project:
        result = review_status(project)
    if as_json:
        emit(result.to_json())
        return
    state, out = result.reviewed, render.console()
    render.facts(out, [
        ("accepted", f"{state.accepted} rows, {state.generated} of them generated"),
        ("required", f"{state.required} rows"), ("done", f"{state.done} rows, {state.defects} rejected"),
        ("defects", f"at most {result.upper_bound:.1%}, at 95 % confidence"),
        *((name, f"{n['done']} done, {n['rejected']} rejected") for name, n in result.by_criterion.items()),
    ])  # fmt: skip
    if result.judge is not None:
        render.facts(out, [("judge", result.judge.said)])
    render.gates(out, result.gates)


@review.command()
@click.argument("file", type=FILE)
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="So many; default: what is required.")
@click.option(
    "--for-judge", is_flag=True,
    help="Instead: rows that tell how far the judge can be trusted, half near its border, rejected ones too.",
)  # fmt: skip
@json_option
@click.pass_obj
def export(context: Context, file: Path, rows: int | None, for_judge: bool, as_json: bool) -> None:
    """Write the rows that still need a look to FILE, a CSV for a spreadsheet."""
    from seedstock.reviewing import export_reviews

    with _project(context) as project:
        written = export_reviews(project, file, rows, for_judge)
    if as_json:
        emit({"path": str(file), "rows": written})
        return
    click.echo(f"{written} rows written to {file}; fill in the column verdict: accept or reject, and why")
    click.echo(f"next: seedstock --project {context.project} review import {file} --by NAME")


@review.command()
@click.option(
    "--max-cost", type=click.FloatRange(min=0), metavar="MONEY",
    help="End, refused, before this project's answers have cost more than this in all.",
)  # fmt: skip
@json_option
@click.pass_obj
def trial(context: Context, max_cost: float | None, as_json: bool) -> None:
    """Ask the judge about seeds and about seeds with planted faults: does it tell them apart? It costs."""
    from seedstock.cli import render
    from seedstock.trial import try_judge

    with _project(context) as project:
        result = try_judge(project, max_cost)
    emit(result.to_json()) if as_json else render.gates(render.console(), result.gates)


@review.command(name="import")
@click.argument("file", type=FILE)
@click.option("--by", metavar="NAME", help="Who reviewed, where the column reviewer is empty.")
@json_option
@click.pass_obj
def import_(context: Context, file: Path, by: str | None, as_json: bool) -> None:
    """Read a filled-in FILE; all of it or, where a row cannot be used, none of it."""
    from seedstock.reviewing import import_reviews, review_status

    with _project(context) as project:
        counts = import_reviews(project, file, by)
        state = review_status(project).reviewed
    if as_json:
        emit({"path": str(file), **counts, "required": state.required, "done": state.done})
        return
    click.echo(", ".join(f"{n} {word}" for word, n in counts.items()))
    left = max(0, state.required - state.done)
    click.echo(
        f"{state.done} of {state.required} required reviews done" + (f", {left} to go" if left else "")
    )


@contextmanager
def _project(context: Context) -> Iterator[Project]:
    from seedstock.project import Project

    with Project(context.project) as project:
        yield project
