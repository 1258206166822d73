"""The funnel as a small SVG: what came in, what each gate took, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, LABEL, BAR = 840, 30, 160, 300
_INK, _KEPT, _LOST, _FAINT = "#1f2937", "#2f7d5b", "#c2563b", "#e5e7eb"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a funnel: a positive count stands, a negative one was taken away."""

    label: str
    count: int
    note: str = ""


def funnel_svg(steps: Sequence[Step]) -> str:
    """Bars in proportion to the largest count; what a gate took hangs at the end of what was left.

    The only text in it are labels, counts and notes, all escaped.
    """
    most = max((step.count for step in steps), default=1) or 1
    parts, level = [], 0
    for i, step in enumerate(steps):
        level = step.count if step.count >= 0 else level + step.count
        parts.append(_line(step, level, i * ROW, BAR / most))
    height = ROW * len(steps) + 6
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
    return f'{head} role="img" aria-label="funnel" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'


def _line(step: Step, level: int, y: int, scale: float) -> str:
    lost = step.count < 0
    width = max(1.5, abs(step.count) * scale) if step.count else 0
    left = LABEL + (level * scale if lost else 0)
    label = f"− {step.label}" if lost else step.label
    count = f"−{-step.count:,}" if lost else f"{step.count:,}"
    note = step.note if len(step.note) <= 46 else step.note[:45] + "…"
    weight = "400" if lost else "600"
    colour = _LOST if lost else _KEPT
    style = f'y="{y + 20}" font-size="13" font-weight="{weight}" fill="{_INK}"'
    return (
        f'<text x="{LABEL - 12}" text-anchor="end" {style}>{escape(label)}</text>'
        f'<rect x="{LABEL}" y="{y + 5}" width="{BAR}" height="20" rx="3" fill="{_FAINT}" opacity="0.45"/>'
        f'<rect x="{left:.1f}" y="{y + 5}" width="{width:.1f}" height="20" rx="3" fill="{colour}"/>'
        f'<text x="{LABEL + BAR + 10}" {style}>{count}'
        f'<tspan fill="#6b7280" font-weight="400" font-size="11.5">  {escape(note)}</tspan></text>'
    )
