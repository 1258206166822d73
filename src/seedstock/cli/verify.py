"""`seedstock verify`."""

from __future__ import annotations

from pathlib import Path

import click

from seedstock.cli.main import Context, emit, json_option


@click.command()
@click.argument("release", metavar="RELEASE")
@json_option
@click.pass_obj
def verify(context: Context, release: str, as_json: bool) -> None:
    """Re-check a release (its name, or a path): every hash, every row's provenance, the shares."""
    from seedstock.verifying import find_release
    from seedstock.verifying import verify as verb

    result = verb(*find_release(context.project, release))
    if as_json:
        emit(result.to_json())
        return
    rows = ", ".join(f"{n} {kind}" for kind, n in result.rows.items())
    click.echo(
        f"{Path(result.path)}: {result.files} files as written, {rows} rows; manifest {result.manifest}"
    )
