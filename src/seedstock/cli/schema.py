"""`seedstock schema`."""

from __future__ import annotations

import click

from seedstock.cli.main import emit, json_option


@click.command()
@json_option
def schema(as_json: bool) -> None:  # noqa: ARG001  (it is JSON either way)
    """Print the JSON Schema of seedstock.yaml, for editors and checks."""
    from seedstock.config import json_schema

    emit(json_schema())
