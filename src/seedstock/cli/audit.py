"""`seedstock audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option

if TYPE_CHECKING:
    from seedstock.auditfiles import AuditResult

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("synthetic", nargs=-1, required=True, type=FILE)
@click.option("--seeds", type=FILE, metavar="FILE", help="Real rows to compare with.")
@click.option("--holdout", type=FILE, metavar="FILE", help="Real rows that no synthetic row may be near to.")
@click.option("--ood", type=FILE, metavar="FILE", help="Real rows from elsewhere, likewise.")
@click.option("--config", type=FILE, metavar="FILE", help="A project's seedstock.yaml, for task and gates.")
@click.option(
    "--out", type=FILE, metavar="DIR",
    help="Write kept.jsonl, rejected.jsonl, suspects.jsonl, conflicts.jsonl, audit.json, report.html.",
)  # fmt: skip
@click.option(
    "--max-cost", type=click.FloatRange(min=0), metavar="MONEY",
    help="With a judge: end, refused, before the answers in its ledger have cost more than this.",
)  # fmt: skip
@json_option
@click.pass_obj
def audit(
    _: Context, synthetic: tuple[Path, ...], seeds: Path | None, holdout: Path | None, ood: Path | None,
    config: Path | None, out: Path | None, max_cost: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Put the gates over synthetic files made elsewhere. No project needed."""
    from seedstock.auditing import audit as verb
    from seedstock.cli import render

    with render.progress_bar("rows gated", quiet=as_json) as update:
        result = verb(
            synthetic, seeds=seeds, holdout=holdout, ood=ood, config=config, out=out, max_cost=max_cost,
            progress=lambda rows: update(rows, None, f"{rows} rows"),
        )  # fmt: skip
    emit(result.to_json()) if as_json else show(result, ", ".join(path.name for path in synthetic))
    if result.verdict == "refused":
        raise click.exceptions.Exit(3)


def show(result: AuditResult, name: str) -> None:
    """An audit for people."""
    from seedstock.auditfiles import audit_page
    from seedstock.cli import render

    out = render.console()
    page = audit_page(result, name)
    render.funnel(out, page.steps)
    render.heading(out, "One rejected row per reason")
    render.rejected(out, result.tally.examples)
    render.heading(out, "Gates")
    render.gates(out, result.gates)
    render.notes(out, page.notes)
    if result.out:
        out.print(
            f"\nwritten to {result.out}:"
            " kept.jsonl, rejected.jsonl, suspects.jsonl, conflicts.jsonl, audit.json, report.html",
            markup=False,
        )
