"""Output: one of a few labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from seedstock.errors import InputError, near_miss
from seedstock.example import Example
from seedstock.tasks.base import Output, Problem

_BETWEEN = re.compile(r"[,;|/\n]|\band\b|\bor\b")


class Labels(Output):
    """`labels: [negative, neutral, positive]`: the output is exactly one of them.

    A mapping gives each label a definition, which teachers are told: `labels: {refund: money back}`.
    """

    Value = list[str] | dict[str, str]
    trait_kind: ClassVar[str] = "label"

    def __init__(self, value: list[str] | dict[str, str], folder: Path) -> None:
        if len(set(value)) < 2:
            raise InputError("task.output.labels needs at least two different labels")
        self._labels = tuple(value)
        self._definitions = dict(value) if isinstance(value, dict) else {}

    def check(self, output: Any) -> Problem | None:
        """Exact membership: a label in another spelling would train a second class."""
        if output in self._labels:
            return None
        shown = str(output)[:80]
        several = [part.strip() for part in _BETWEEN.split(shown)]
        if len(set(several)) > 1 and all(part in self._labels for part in several):
            named = ", ".join(map(repr, several))
            return Problem("two_labels", f"several labels in one output: {named}", {"quote": shown})
        return Problem("unknown_label", f"{shown!r} is not a label; {near_miss(shown, self._labels)}")

    def same(self, output: Any) -> str:
        """The label."""
        return str(output)

    def cell(self, example: Example) -> str:
        """Each label is a cell."""
        return str(example.output)

    def traits(self, output: Any) -> tuple[str, ...]:
        """The label."""
        return (str(output),)

    def describe(self) -> str:
        """The labels, with what they mean where that is known."""
        lines = [
            f"- {label}{f': {said}' if (said := self._definitions.get(label)) else ''}"
            for label in self._labels
        ]
        return "\n".join(["Exactly one of these labels, letter for letter:", *lines])

    @property
    def definitions(self) -> Mapping[str, str]:
        """As in the config."""
        return self._definitions

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
