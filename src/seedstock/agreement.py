"""Several answers to one input: how often each result is given, counted before any row is judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.text import normalise


@dataclass(slots=True)
class Answers:
    """What a file answers to each input. Memory: about 0.4 kB a row, whatever the rows hold.

    An answer is one teacher's (the row's field `by`, or its source's) text: the same text of the same
    teacher, or of rows that name none, is a copy and counts once.
    """

    by: str
    _given: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, example: Example, result: str, beside: str = "") -> None:
        """Count a row: equal `result`s agree. `beside` is what else the question consists of."""
        who = example.meta.get(self.by) or example.source.teacher
        answer = digest(who, example.output_text, example.reasoning)[:16]
        self._given.setdefault(_question(example, beside), {})[answer] = result

    def to(self, example: Example, beside: str = "") -> Counter[str]:
        """How many answers to the row's input have each result."""
        return Counter(self._given.get(_question(example, beside), {}).values())


def _question(example: Example, beside: str) -> str:
    return digest(normalise(example.input_text), beside)[:16]
