"""`seedstock trace`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from seedstock.cli.main import Context, emit, json_option

if TYPE_CHECKING:
    from seedstock.tracing import Trace


@click.command()
@click.argument("id_", metavar="ID")
@json_option
@click.pass_obj
def trace(context: Context, id_: str, as_json: bool) -> None:
    """Tell one row's whole story: parents, prompt, teacher, every gate's figure."""
    from seedstock.project import Project
    from seedstock.tracing import trace as verb

    with Project(context.project) as project:
        result = verb(project, id_)
    emit(result.to_json()) if as_json else show(result)


def show(result: Trace) -> None:
    """A trace for people."""
    from seedstock.cli import render
    from seedstock.reporting.page import printable
    from seedstock.verdict import Verdict

    out = render.console()
    pairs = [("id", result.id), ("outcome", result.outcome)]
    if result.example is not None:
        pairs += [("input", result.example.input_text), ("output", result.example.output_text)]
    pairs += [(name, str(value)) for name, value in result.source.items() if value not in (None, [], "")]
    if result.children:
        pairs.append(("children", f"{result.children} accepted rows were made from it"))
    if result.teacher:
        pairs += [
            (f"teacher {name}", str(value)) for name, value in result.teacher.items() if value is not None
        ]
    render.facts(out, pairs)
    if result.gates:
        render.heading(out, "Gates")
        for gate in map(Verdict.from_json, result.gates):
            render.gates(out, [gate])
            said = {"figure": gate.figure, "threshold": gate.threshold, **gate.evidence}
            render.facts(out, [("     ", ", ".join(f"{k} {v}" for k, v in said.items() if v is not None))])
    for title, text in (("Prompt", result.prompt), ("Answer", result.answer)):
        if text:
            render.heading(out, title)
            shown = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=2)
            out.print(printable(shown), markup=False)
