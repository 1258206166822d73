"""The configured gates in table order: the one path for `run` and `audit`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

Admit = Callable[[int], Verdict | None]
"""Asked once for each row that passes every gate, in order, by its place: None admits it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the row gates said about one row; gates after the first that failed were not asked.

    `example` is the row as they saw it: mended, where it could be.
    """

    example: Example
    verdicts: tuple[Verdict, ...]

    @property
    def failed(self) -> Verdict | None:
        """The verdict that rejects the row."""
        return next((v for v in self.verdicts if not v.passed), None)

    @property
    def conflicts(self) -> list[Verdict]:
        """The verdicts, warnings among them, that name a row with the same input and another output."""
        return [v for v in self.verdicts if v.code in ("conflict", "near_conflict")]


class Gatekeeper:
    """Row gates with what they remember, and set gates. Feed rows in order. `settings` are those given."""

    def __init__(self, settings: Mapping[str, BaseModel | None], tools: Tools) -> None:
        made: list[Gate] = [
            registry.load("gate", name)(given, tools) for name, given in settings.items() if given is not None
        ]
        # A gate that remembers comes last: what another rejects must not count as accepted. Stable otherwise.
        row_gates = [gate for gate in made if isinstance(gate, RowGate)]
        self._row_gates = sorted(row_gates, key=lambda gate: gate.remembers)
        self._set_gates = [gate for gate in made if isinstance(gate, SetGate)]
        self._costly = {gate.name for gate in self._row_gates if gate.costly}
        self._tools = tools
        self.settings = settings

    @property
    def rates(self) -> bool:
        """Whether a judge is there to say which of two rows is the better one."""
        return bool(self._costly) and self._tools.judge is not None

    def check(self, examples: Sequence[Example], admit: Admit | None = None) -> list[Decision]:
        """Decide about rows, in order; they are mended first, and accepted ones are remembered by the gates.

        `admit(place)` is asked last, for each row that every gate lets pass: its verdict, if any, keeps
        the row out, and the gates then compare nothing with it.
        """
        done: list[Decision] = []
        for part in batched(map(self.mend, examples), BATCH):
            done += self._check(part, admit and _shifted(admit, len(done)))
        return done

    def check_by_figure(
        self, examples: Sequence[Example], progress: Callable[[int], None] | None = None
    ) -> list[Decision]:
        """As `check`, for all rows at once: what a costly gate rates higher is compared, and kept, first.

        Every row that no cheap gate rejects is rated, also those that turn out to be duplicates: which of
        them stays depends on it. Of equal ones the earlier stays. `progress` is told how many are rated.
        """
        examples = [self.mend(example) for example in examples]
        verdicts: list[list[Verdict]] = [[] for _ in examples]
        apart = [gate for gate in self._row_gates if not gate.remembers]
        alive: list[int] = []
        for part in batched(range(len(examples)), BATCH):
            batch = Batch([examples[i] for i in part], self._tools)
            alive += _pass(sorted(apart, key=lambda gate: gate.costly), part, batch, verdicts)[0]
            if progress is not None:
                progress(part[-1] + 1)
        rated = {
            i: max((v.figure or 0.0 for v in verdicts[i] if v.gate in self._costly), default=0.0)
            for i in alive
        }
        for part in batched(sorted(alive, key=lambda i: (-rated[i], i)), BATCH):
            batch = Batch([examples[i] for i in part], self._tools)
            self._keep(_pass([gate for gate in self._row_gates if gate.remembers], part, batch, verdicts)[1])
        return [Decision(e, tuple(v)) for e, v in zip(examples, verdicts, strict=True)]

    def mend(self, example: Example) -> Example:
        """The row with what gates can put right in it; `check` sees no other. Twice is as once."""
        for gate in self._row_gates:
            example = gate.mend(example)
        return example

    def inspect(self, example: Example) -> Decision:
        """What the gates that look at a row alone say, were it mended; nothing is remembered."""
        example = self.mend(example)
        verdicts: list[Verdict] = []
        for gate in self._row_gates:
            alone = not gate.remembers and not gate.costly
            if alone and all(verdict.passed for verdict in verdicts):
                verdicts += gate.check(Batch([example], self._tools))
        return Decision(example, tuple(verdicts))

    def _check(self, examples: Sequence[Example], admit: Admit | None) -> list[Decision]:
        verdicts: list[list[Verdict]] = [[] for _ in examples]
        alone = [gate for gate in self._row_gates if not gate.remembers and not gate.costly]
        alive, batch = _pass(alone, list(range(len(examples))), Batch(examples, self._tools), verdicts)
        comparing = [gate for gate in self._row_gates if gate.remembers]
        paid: dict[int, list[Verdict]] = {}
        while len(batch):
            before = [len(said) for said in verdicts]
            passed, kept = _pass(comparing, alive, batch, verdicts)
            self._ask_costly(passed, kept, paid)
            refusal = _first_refused(passed, paid, admit)
            end = len(alive) if refusal is None else alive.index(refusal[0]) + 1
            self._keep(kept.take([i for i, row in enumerate(passed) if refusal is None or row < refusal[0]]))
            for row in passed:
                verdicts[row] += paid[row]
            if refusal is not None and refusal[1] is not None:
                verdicts[refusal[0]].append(refusal[1])
            # What stands behind a refused row was compared with it: it is looked at again.
            for later in alive[end:]:
                del verdicts[later][before[later] :]
            alive, batch = alive[end:], batch.take(range(end, len(alive)))
        return [Decision(e, tuple(v)) for e, v in zip(examples, verdicts, strict=True)]

    def _ask_costly(self, rows: Sequence[int], batch: Batch, paid: dict[int, list[Verdict]]) -> None:
        """Note in `paid` what costly gates say of rows, but for those that were asked about before."""
        new = [i for i, row in enumerate(rows) if row not in paid]
        found: list[list[Verdict]] = [[] for _ in new]
        _pass(
            [gate for gate in self._row_gates if gate.costly], list(range(len(new))), batch.take(new), found
        )
        paid.update(zip([rows[i] for i in new], found, strict=True))

    def _keep(self, batch: Batch) -> None:
        for gate in self._row_gates:
            gate.keep(batch)

    def set_results(self, mixture: Mixture) -> list[Verdict]:
        """What the set gates say about the whole."""
        return [verdict for gate in self._set_gates for verdict in gate.check(mixture)]


def _pass(
    gates: Iterable[RowGate], alive: list[int], batch: Batch, verdicts: list[list[Verdict]]
) -> tuple[list[int], Batch]:
    """Put a batch through gates, noting their verdicts; the rows that pass all of them."""
    for gate in gates:
        found = gate.check(batch)
        for row, verdict in zip(alive, found, strict=True):
            verdicts[row].append(verdict)
        passed = [i for i, verdict in enumerate(found) if verdict.passed]
        alive, batch = [alive[i] for i in passed], batch.take(passed)
    return alive, batch


def _first_refused(
    rows: Iterable[int], paid: Mapping[int, Sequence[Verdict]], admit: Admit | None
) -> tuple[int, Verdict | None] | None:
    """The first row that a costly gate rejects, or that is not admitted, with the verdict of the latter."""
    for row in rows:
        if not all(verdict.passed for verdict in paid[row]):
            return row, None
        if admit is not None and (verdict := admit(row)) is not None:
            return row, verdict
    return None


def _shifted(admit: Admit, by: int) -> Admit:
    return lambda place: admit(place + by)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of up to `size` items, in order."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part
