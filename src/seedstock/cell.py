"""Cell: a slice of the task's space that has a quota."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seedstock.example import Example


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One slice: its facets (`{"label": "refund", "tone": "formal"}`), in words, and the seeds that show it.

    `seeds` stand in the order in which requests take them. `weight` is its share of the space. Seeds
    that do not tell a declared attribute stand in every cell of it, and `shown` counts only those that
    do. `near` is the label that is easily mistaken for this one's, `rare` what seeds of the cell hardly ever
    are, in words.
    """

    name: str
    facets: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    seeds: tuple[Example, ...] = ()
    shown: int = 0
    weight: float = 0.0
    thin: bool = False
    near: str = ""
    rare: tuple[str, ...] = ()
