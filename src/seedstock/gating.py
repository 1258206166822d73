"""The configured gates in table order: the one path for `run` and `audit`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

from seedstock import registry
from seedstock.example import Example
from seedstock.gates.base import Batch, Gate, Mixture, RowGate, SetGate, Tools
from seedstock.verdict import Verdict

BATCH = 256
"""Rows gated together. Verdicts do not depend on it: gates are greedy in row order."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the row gates said about one row; gates after the first that failed were not asked."""

    example: Example
    verdicts: tuple[Verdict, ...]

    @property
    def failed(self) -> Verdict | None:
        """The verdict that rejects the row."""
        return next((v for v in self.verdicts if not v.passed), None)


class Gatekeeper:
    """Row gates with what they remember, and set gates. Feed rows in order."""

    def __init__(self, settings: Mapping[str, BaseModel | None], tools: Tools) -> None:
        made: list[Gate] = [
            registry.load("gate", name)(given, tools) for name, given in settings.items() if given is not None
        ]
        # A gate that remembers comes last: what another rejects must not count as accepted. Stable otherwise.
        row_gates = [gate for gate in made if isinstance(gate, RowGate)]
        self._row_gates = sorted(row_gates, key=lambda gate: gate.remembers)
        self._set_gates = [gate for gate in made if isinstance(gate, SetGate)]
        self._tools = tools

    def check(self, examples: Sequence[Example]) -> list[Decision]:
        """Decide about rows, in order; accepted ones are remembered by the gates."""
        return [d for part in batched(examples, BATCH) for d in self._check(part)]

    def _check(self, examples: Sequence[Example]) -> list[Decision]:
        verdicts: list[list[Verdict]] = [[] for _ in examples]
        alive, batch = list(range(len(examples))), Batch(examples, self._tools)
        for gate in self._row_gates:
            found = gate.check(batch)
            for row, verdict in zip(alive, found, strict=True):
                verdicts[row].append(verdict)
            passed = [i for i, verdict in enumerate(found) if verdict.passed]
            alive, batch = [alive[i] for i in passed], batch.take(passed)
        for gate in self._row_gates:
            gate.keep(batch)
        return [Decision(e, tuple(v)) for e, v in zip(examples, verdicts, strict=True)]

    def set_results(self, mixture: Mixture) -> list[Verdict]:
        """What the set gates say about the whole."""
        return [verdict for gate in self._set_gates for verdict in gate.check(mixture)]


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items, in order."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part
