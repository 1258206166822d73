"""The three options of a waiver, the same on check, run and release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def waiver_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--waive GATE` (repeatable) under one `--by NAME --because TEXT`."""
    for option in (
        click.option("--because", metavar="TEXT", help="The reason, as it will stand on the card."),
        click.option("--by", metavar="NAME", help="Who takes responsibility for the waiver."),
        click.option(
            "--waive", metavar="GATE", multiple=True, help="Let a failing gate pass; may be repeated."
        ),
    ):
        command = option(command)
    return command
