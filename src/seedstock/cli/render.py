"""Results drawn for people: tables, funnels, progress. Nothing from a row is markup."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Rejected, printable
from seedstock.verdict import Verdict

if TYPE_CHECKING:
    from seedstock.generation import Status

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


def cells(out: Console, rows: Sequence[dict[str, Any]]) -> None:
    """One line per cell: seeds, rows planned, and whether it is thin or gets none."""
    table = Table(box=None, pad_edge=False)
    for name, justify in (("cell", "left"), ("seeds", "right"), ("rows", "right"), ("", "left")):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        told = row.get("state") or ("thin" if row["thin"] else "")
        table.add_row(
            escape(printable(row["cell"])),
            str(row["seeds"]),
            str(row["target"]),
            f"[yellow]{escape(told)}[/yellow]",
        )
    out.print(table)


def recipes(out: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Each recipe over all cells: questions, candidates, what was accepted, yield."""
    table = Table(box=None, pad_edge=False)
    for name in ("recipe", "questions", "candidates", "accepted", "of", "yield"):
        table.add_column(name, justify="left" if name == "recipe" else "right")
    for name in dict.fromkeys(row["recipe"] for row in rows):
        mine = [row for row in rows if row["recipe"] == name]
        sums = {
            key: sum(row[key] for row in mine) for key in ("questions", "candidates", "accepted", "target")
        }
        good = sum((row["yield"] or 0) * row["candidates"] for row in mine)
        share = f"{good / sums['candidates']:.0%}" if sums["candidates"] else ""
        table.add_row(
            name, *(str(sums[key]) for key in ("questions", "candidates", "accepted", "target")), share
        )
    out.print(table)


def notes(out: Console, lines: Sequence[str]) -> None:
    """Things to know, one per line."""
    for text in lines:
        out.print(f"[yellow]note[/yellow]  {escape(printable(text))}")


def plan(out: Console, figures: dict[str, Any]) -> None:
    """Requests, tokens and money of a plan: from what is needed if all goes well to what is allowed."""
    most = figures.get("most", figures)

    def span(name: str) -> str:
        low, high = figures[name], most[name]
        return f"{low:,}" if low == high else f"{low:,} to {high:,}"

    low, high = figures["cost"], most["cost"]
    cost = "unknown: no price in the config, and none known for this address"
    if low is not None and high is not None:
        cost = f"{low:.4f} to {high:.4f} {figures.get('currency', '')}" if high else "0"
    source = f" ({figures['price']})" if figures.get("price") else ""
    tokens = f"{span('tokens_in')} in, {span('tokens_out')} out ({figures.get('measured', 'nothing to ask')})"
    requests, judged = span("requests"), figures.get("judge")
    if judged:
        requests += f", {judged['requests']:,} of the {figures['requests']:,} to the judge"
    facts(out, [("requests", requests), ("tokens", tokens), ("cost", cost + source)])


SLOW_SECONDS = 15.0
"""How often somebody without a progress bar hears that nothing is coming."""


@contextmanager
def run_progress(quiet: bool) -> Iterator[Callable[[Status], None]]:
    """Progress of a run on standard error: a bar on a terminal, else a line while it has to wait."""
    if not sys.stderr.isatty():
        yield _slow_lines()
        return
    columns = (
        TextColumn("rows accepted"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("", total=None, rate="", note="")

        def update(status: Status) -> None:
            speed = bar.tasks[0].speed
            rate = f"{speed:.1f} rows/s" if speed else ""
            cost = "" if not status.cost else f", {status.cost:.4f} spent"
            note = f"{status.sent} requests{cost}" + (f"; {status.note}" if status.note else "")
            bar.update(
                task, completed=status.accepted, total=status.wanted, rate=rate, note=escape(printable(note))
            )

        yield update


def _slow_lines() -> Callable[[Status], None]:
    """A line on standard error when nothing has moved for a while: no log is silent about a dead teacher."""
    last, said = (-1, -1), time.monotonic()

    def update(status: Status) -> None:
        nonlocal last, said
        here, now = (status.accepted, status.sent), time.monotonic()
        if here != last:
            last, said = here, now
        elif now - said > SLOW_SECONDS and status.note:
            said = now
            line = f"{status.accepted} of {status.wanted} rows, {status.sent} requests sent; {status.note}"
            click.echo(printable(line), err=True)

    return update


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
