"""`seedstock init`."""

from __future__ import annotations

from pathlib import Path

import click

from seedstock.cli.main import Context, emit, json_option

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("folder", metavar="DIR", type=FILE)
@click.option("--task", metavar="KIND", help="Kind of task; detected from the seeds if absent.")
@click.option(
    "--seeds", type=FILE, metavar="FILE", help="Real rows: columns, labels and schema are read off them."
)
@click.option("--holdout", type=FILE, metavar="FILE", help="Real rows for evaluation only.")
@click.option("--ood", type=FILE, metavar="FILE", help="Real rows from outside the training distribution.")
@click.option(
    "--input", "input_", metavar="FIELD", help="Field of the input, where detection does not find it."
)
@click.option("--output", metavar="FIELD", help="Field of the output, likewise.")
@json_option
@click.pass_obj
def init(
    context: Context, folder: Path, task: str | None, seeds: Path | None, holdout: Path | None,
    ood: Path | None, input_: str | None, output: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a project folder with a commented seedstock.yaml."""
    from seedstock.seeds.fields import Fields
    from seedstock.starting import init as verb

    fields = Fields(input=input_, output=output) if input_ or output else None
    result = verb(context.project / folder, task=task, seeds=seeds, holdout=holdout, ood=ood, fields=fields)
    if as_json:
        emit(result.to_json())
        return
    for name, value in result.detected.items():
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        click.echo(f"{name}: {shown}")
    click.echo(f"written to {result.path}: {', '.join(result.files)}")
    todo = "" if result.detected else "put your rows into seeds.jsonl (seeds.example.jsonl shows one), then "
    click.echo(f"next: {todo}look at task.instruction, then: seedstock --project {result.path} check")
