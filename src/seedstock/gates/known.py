"""What the real rows know of a synthetic one: fields that it lacks, and the outputs of its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedstock.example import Example
from seedstock.text import normalise


class RealRows:
    """Seeds by id and by input. Nothing of the holdout: what is held back must not be learned from."""

    def __init__(self, seeds: Sequence[Example]) -> None:
        self._by_id = {seed.id: seed for seed in seeds}
        self._by_input: dict[str, list[Example]] = {}
        for seed in seeds:
            self._by_input.setdefault(normalise(seed.input_text), []).append(seed)

    def with_input(self, example: Example) -> list[Example]:
        """The seeds that have the same input after normalisation."""
        return self._by_input.get(normalise(example.input_text), [])

    def field(self, example: Example, name: str) -> Any:
        """The row's own field; else what its parents, or the seeds of its input, agree on; else None."""
        if name in example.meta:
            return example.meta[name]
        related = [self._by_id[i] for i in example.source.parents if i in self._by_id]
        found = [row.meta[name] for row in related or self.with_input(example) if name in row.meta]
        return found[0] if found and all(value == found[0] for value in found) else None
