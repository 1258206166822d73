"""Starter rubrics, one for each kind of task: `KIND.yaml`, to be made the owner's own."""

from __future__ import annotations

from pathlib import Path

HEAD = """\
# What a judge, and a reviewer, holds rows against. Every judge needs one: see docs/judging.md.
# This is a starter for tasks of the kind {kind}: replace its words by those of YOUR task. A criterion is
# worth what its two descriptions say; "good" and "bad" are refused. Each is judged pass or fail, with words
# quoted from the row. score = 1 + 4 x (weight passed / weight of all), at most 2 where a `blocking` criterion
# fails, 1 where the row is disqualified; a row needs gates.relevance.min_score (4).

"""
TAIL = """
# Rows that people have judged, if you have some: not from the holdout, and as unlike your seeds as can be.
# anchors:
#   - input: "…"
#     output: "…"
#     verdict: fail   # or pass
#     why: "…"
"""


def starter_rubric(kind: str) -> str:
    """The text of a starter for a kind of task."""
    body = (Path(__file__).parent / f"{kind}.yaml").read_text(encoding="utf-8")
    return HEAD.format(kind=kind) + body + TAIL
