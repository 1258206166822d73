"""Tally: what the row gates decided, counted once for run, audit and release alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from seedstock import registry
from seedstock.example import Example
from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Rejected
from seedstock.verdict import Verdict

EXAMPLES_PER_REASON = 5
"""Rejected rows kept to show, per gate and reason."""
SHOWN_CHARS = 600


@dataclass(slots=True)
class Tally:
    """Rows by what happened to them. `seen` and `warned` are per gate family, `rejected` per gate.

    `repairs` are per name, `repaired` is how many rows had any; rows that a later gate rejected count too.
    """

    rows: int = 0
    kept: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Rejected] = field(default_factory=list)

    def add(self, id_: str, example: Example | None, verdicts: Sequence[Verdict]) -> Verdict | None:
        """Count a row; gives the verdict that rejected it. `example` is None where none could be read."""
        self.rows += 1
        if example is not None and example.source.repairs:
            self.repaired += 1
            self.repairs.update(example.source.repairs)
        for verdict in verdicts:
            self._count(verdict)
        failed = next((v for v in verdicts if not v.passed), None)
        if failed is None:
            self.kept += 1
            return None
        self._reject(id_, example, failed)
        return failed

    def take_back(self, id_: str, example: Example, failed: Verdict) -> None:
        """A row that was counted as kept, and was turned down since."""
        self.kept -= 1
        self._reject(id_, example, failed)

    def _reject(self, id_: str, example: Example | None, failed: Verdict) -> None:
        self.rejected[failed.gate] += 1
        self.reasons[failed.gate, failed.code] += 1
        if self.reasons[failed.gate, failed.code] <= EXAMPLES_PER_REASON:
            self.examples.append(_shown(id_, example, failed))

    def _count(self, verdict: Verdict) -> None:
        family = verdict.gate.split(".")[0]
        if verdict.status == "skipped":
            self.skipped[family] = verdict.reason
        else:
            self.seen[family] += 1
            self.warned[family] += verdict.status == "warn"

    def results(self) -> list[Verdict]:
        """Each row gate's work as one result: the share it let pass of the rows that reached it."""
        return [self._result(family) for family in dict.fromkeys([*self.seen, *self.skipped])]

    def _result(self, family: str) -> Verdict:
        n = self.seen[family]
        if not n:
            return Verdict(family, "skipped", "skipped", self.skipped[family], n=0)
        lost = sum(count for gate, count in self.rejected.items() if gate.split(".")[0] == family)
        codes = [
            f"{code} {count}"
            for (gate, code), count in self.reasons.most_common()
            if gate.split(".")[0] == family
        ]
        reason = f"{lost} of {n} rows rejected" + (f" ({', '.join(codes)})" if codes else "")
        if self.warned[family]:
            reason += f"; {self.warned[family]} to look at"
        return Verdict(family, "pass", "ok", reason, figure=round(1 - lost / n, 4), n=n)

    def steps(self) -> list[Step]:
        """What each gate took, in table order, for a funnel."""
        order = {name: place for place, name in enumerate(registry.names("gate"))}
        gates = sorted(self.rejected, key=lambda gate: (order.get(gate.split(".")[0], len(order)), gate))
        return [Step(gate, -self.rejected[gate], self.codes(gate)) for gate in gates]

    def codes(self, gate: str) -> str:
        """The reasons of one gate with their counts, most frequent first."""
        return ", ".join(f"{code} {n}" for (name, code), n in self.reasons.most_common() if name == gate)


def _shown(id_: str, example: Example | None, failed: Verdict) -> Rejected:
    given = "" if example is None else example.input_text
    output = str(failed.evidence.get("text", "")) if example is None else example.output_text
    return Rejected(id_, failed, given[:SHOWN_CHARS], output[:SHOWN_CHARS])
