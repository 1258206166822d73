"""Results drawn for people: tables, funnels, progress. Nothing from a row is markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Rejected, printable
from seedstock.verdict import Verdict

COLOURS = {"pass": "green", "warn": "yellow", "fail": "red", "refused": "red", "not_enough_data": "yellow"}


def console() -> Console:
    """Standard output for people; no colour where it is not a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def heading(out: Console, text: str) -> None:
    """A line that starts a part."""
    out.print(f"\n[bold]{escape(text)}[/bold]")


def facts(out: Console, pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, one per line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, escape(printable(value)))
    out.print(table)


def gates(out: Console, results: Sequence[Verdict]) -> None:
    """One line per gate: status, name, what it says."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for result in results:
        colour = COLOURS.get(result.status, "dim")
        status = result.status.replace("_", " ")
        table.add_row(f"[{colour}]{status}[/{colour}]", result.gate, escape(printable(result.reason)))
    out.print(table)


def funnel(out: Console, steps: Sequence[Step], width: int = 40) -> None:
    """Bars of block characters, in proportion to the largest count."""
    most = max((step.count for step in steps), default=1) or 1
    table = Table(box=None, show_header=False, pad_edge=False)
    for justify in ("left", "right", "left", "left"):
        table.add_column(justify=justify, no_wrap=justify == "right")
    for step in steps:
        lost = step.count < 0
        bar = "█" * max(1, round(abs(step.count) / most * width)) if step.count else ""
        count = f"−{-step.count:,}" if lost else f"{step.count:,}"
        label = f"  {step.label}" if lost else f"[bold]{escape(step.label)}[/bold]"
        colour = "red" if lost else "green"
        table.add_row(
            label, count, f"[{colour}]{bar}[/{colour}]", f"[dim]{escape(printable(step.note))}[/dim]"
        )
    out.print(table)


def rejected(out: Console, rows: Sequence[Rejected]) -> None:
    """One real example per gate and reason."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        kind = (row.verdict.gate, row.verdict.code)
        if kind in seen:
            continue
        seen.add(kind)
        quoted = row.verdict.evidence.get("quote")
        text = " ".join(printable(str(quoted or row.input or row.output)).split())
        shown = text if len(text) <= 160 else text[:159] + "…"
        out.print(f"  [red]{kind[0]}: {kind[1]}[/red]  {escape(printable(row.verdict.reason))}")
        out.print(f"    [dim]{escape(row.id)}[/dim]  {escape(shown)}")


def notes(out: Console, lines: Sequence[str]) -> None:
    """Things to know, one per line."""
    for text in lines:
        out.print(f"[yellow]note[/yellow]  {escape(printable(text))}")


@contextmanager
def progress_bar(what: str, quiet: bool) -> Iterator[Any]:
    """A bar on standard error if that is a terminal, else nothing. Yields `update(done, total, note)`."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, note="")
        yield lambda done, total=None, note="": bar.update(task, completed=done, total=total, note=note)
