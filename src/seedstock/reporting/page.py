"""A report: funnel, gates with figures, rejected examples. No script, no outside request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from seedstock.records import Waiver
from seedstock.reporting.funnel import Step, funnel_svg
from seedstock.verdict import Verdict

SHOWN_EVIDENCE = 300
"""Characters of a piece of evidence on a page."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rejected row as shown to a person."""

    id: str
    verdict: Verdict
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Doubted:
    """A kept row that deserves a look, as shown to a person."""

    id: str
    why: str
    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a report shows. `facts` are pairs of a name and a value."""

    title: str
    verdict: str
    steps: Sequence[Step]
    gates: Sequence[Verdict]
    rejected: Sequence[Rejected]
    notes: Sequence[str]
    waivers: Sequence[Waiver]
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
    doubted: Sequence[Doubted] = ()


def render(page: Page) -> str:
    """The page as HTML. Values are escaped by the template engine, never by hand."""
    steps = [Step(printable(step.label), step.count, printable(step.note)) for step in page.steps]
    return str(_template().render(page=page, funnel=funnel_svg(steps)))


def printable(text: str) -> str:
    """Control and direction-changing characters made visible: a row must not dress up as another."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text)


def _evidence(value: Any) -> str:
    """A piece of evidence in a line: text as it is, the rest as JSON, long ones cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_EVIDENCE else text[: SHOWN_EVIDENCE - 1] + "…"


@cache
def _template() -> Any:
    import jinja2

    folder = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["printable"] = printable
    environment.filters["evidence"] = _evidence
    return environment.get_template("page.html")
