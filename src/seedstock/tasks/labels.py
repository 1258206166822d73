"""Output: one of a few labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedstock.errors import InputError, near_miss
from seedstock.example import Example
from seedstock.tasks.base import Output, Problem


class Labels(Output):
    """`labels: [negative, neutral, positive]`: the output is exactly one of them."""

    Value = list[str]

    def __init__(self, value: list[str], folder: Path) -> None:
        if len(set(value)) < 2:
            raise InputError("task.output.labels needs at least two different labels")
        self._labels = tuple(value)

    def check(self, output: Any) -> Problem | None:
        """Exact membership: a label in another spelling would train a second class."""
        if output in self._labels:
            return None
        shown = str(output)[:80]
        return Problem("unknown_label", f"{shown!r} is not a label; {near_miss(shown, self._labels)}")

    def same(self, output: Any) -> str:
        """The label."""
        return str(output)

    def cell(self, example: Example) -> str:
        """Each label is a cell."""
        return str(example.output)

    @property
    def labels(self) -> tuple[str, ...]:
        """The allowed labels, in the config's order."""
        return self._labels

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> list[str] | None:
        """Short texts that mostly repeat: at least two rows a label on average, 80 % of labels seen twice."""
        counts = Counter(outputs) if all(isinstance(o, str) for o in outputs) else Counter[str]()
        if len(counts) < 2 or len(counts) * 2 > len(outputs):
            return None
        if any(len(label.split()) > 6 or len(label) > 80 or "\n" in label for label in counts):
            return None
        if sum(n >= 2 for n in counts.values()) < 0.8 * len(counts):
            return None
        return sorted(counts)
