"""Tally: what the row gates decided, counted once for run, audit and release alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seedstock import registry
from seedstock.example import Example
from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Rejected
from seedstock.verdict import Verdict, family

RELEVANCE = "relevance"
"""The family of gates that say whether an output is right."""
EXAMPLES_PER_REASON = 5
"""Rejected rows kept to show, per gate and reason."""
SHOWN_CHARS = 600


@dataclass(slots=True)
class Tally:
    """Rows by what happened to them. `seen` and `warned` are per gate family, `rejected` per gate.

    `right` counts kept rows for which a gate of the family `relevance` has evidence that the output is
    right, `in_form` those that were verified in form only. `repairs` are per name, `repaired` is how many
    rows had any; rows that a later gate rejected count too.
    """

    rows: int = 0
    kept: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, str] = field(default_factory=dict)
    right: int = 0
    in_form: int = 0
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
        self._count(verdicts)
        failed = next((v for v in verdicts if not v.passed), None)
        if failed is None:
            self.kept += 1
            self._note_evidence(verdicts, 1)
            return None
        self._reject(id_, example, failed)
        return failed

    def take_back(self, id_: str, example: Example, failed: Verdict, before: Sequence[Verdict] = ()) -> None:
        """A row that was counted as kept, with the verdicts `before`, and was turned down since."""
        self.kept -= 1
        self._note_evidence(before, -1)
        self._reject(id_, example, failed)

    def _reject(self, id_: str, example: Example | None, failed: Verdict) -> None:
        self.rejected[failed.gate] += 1
        self.reasons[failed.gate, failed.code] += 1
        if self.reasons[failed.gate, failed.code] <= EXAMPLES_PER_REASON:
            self.examples.append(_shown(id_, example, failed))

    def _count(self, verdicts: Sequence[Verdict]) -> None:
        """A row counts once in each family, however many gates of it looked."""
        said: dict[str, set[str]] = {}
        for verdict in verdicts:
            name = verdict.family
            if verdict.status == "skipped":
                self.skipped[name] = verdict.reason
            else:
                said.setdefault(name, set()).add(verdict.status)
        for name, statuses in said.items():
            self.seen[name] += 1
            self.warned[name] += "warn" in statuses

    def _note_evidence(self, verdicts: Sequence[Verdict], by: int) -> None:
        said = {verdict.status for verdict in verdicts if verdict.family == RELEVANCE}
        if "pass" in said:
            self.right += by
        elif "warn" in said:
            self.in_form += by

    def results(self, gates: Mapping[str, object]) -> list[Verdict]:
        """Each row gate's work as one result: the share it let pass of the rows that reached it.

        `gates` are the configured ones, None where one is turned off. Whether outputs were judged at all is
        said in any case.
        """
        names = [name for name in dict.fromkeys([*self.seen, *self.skipped]) if name != RELEVANCE]
        off = gates.get(RELEVANCE, ...) is None
        return [*map(self._result, names), self._relevance_off() if off else self._relevance()]

    def _relevance_off(self) -> Verdict:
        return Verdict(
            RELEVANCE, "skipped", "turned_off", "relevance not judged: the config turns it off", n=0
        )

    def _relevance(self) -> Verdict:
        """Policy 6: rows that neither a verifier nor a judge has looked at are not known to be right."""
        if not self.kept:
            return self._result(RELEVANCE)
        n, share = self.kept, round(self.right / self.kept, 4)
        lost = f"; {said}" if (said := self._lost(RELEVANCE)) else ""
        unseen = n - self.right - self.in_form
        if unseen == n:
            reason = (
                "relevance not judged: no verifier fits these outputs and no judge is configured, so nobody"
                " has looked whether they are right"
            )
            return Verdict(RELEVANCE, "not_enough_data", "not_judged", reason + lost, share, 1.0, n=n)
        if self.right == n:
            return Verdict(RELEVANCE, "pass", "ok", f"{n} of {n} kept rows judged{lost}", share, 1.0, n=n)
        parts = [f"{self.in_form} only verified in form"] * bool(self.in_form)
        parts += [f"{unseen} not judged"] * bool(unseen)
        reason = f"{self.right} of {n} kept rows judged right, {' and '.join(parts)}{lost}"
        return Verdict(RELEVANCE, "warn", "in_form_only", reason, share, 1.0, n=n)

    def _number_lost(self, name: str) -> int:
        """How many rows a family rejected."""
        return sum(count for gate, count in self.rejected.items() if family(gate) == name)

    def _lost(self, name: str) -> str:
        """How many rows a family rejected, and why; empty where it rejected none."""
        lost, reasons = self._number_lost(name), self.reasons.most_common()
        codes = [f"{code} {count}" for (gate, code), count in reasons if family(gate) == name]
        return f"{lost} of {self.seen[name]} rows rejected ({', '.join(codes)})" if lost else ""

    def _result(self, name: str) -> Verdict:
        n = self.seen[name]
        if not n:
            return Verdict(name, "skipped", "skipped", self.skipped.get(name, "no rows"), n=0)
        reason = self._lost(name) or f"0 of {n} rows rejected"
        if self.warned[name]:
            reason += f"; {self.warned[name]} to look at"
        return Verdict(name, "pass", "ok", reason, figure=round(1 - self._number_lost(name) / n, 4), n=n)

    def steps(self) -> list[Step]:
        """What each gate took, in table order, for a funnel."""
        order = {name: place for place, name in enumerate(registry.names("gate"))}
        gates = sorted(self.rejected, key=lambda gate: (order.get(family(gate), len(order)), gate))
        return [Step(gate, -self.rejected[gate], self.codes(gate)) for gate in gates]

    def codes(self, gate: str) -> str:
        """The reasons of one gate with their counts, most frequent first."""
        return ", ".join(f"{code} {n}" for (name, code), n in self.reasons.most_common() if name == gate)


def _shown(id_: str, example: Example | None, failed: Verdict) -> Rejected:
    given = "" if example is None else example.input_text
    output = str(failed.evidence.get("text", "")) if example is None else example.output_text
    return Rejected(id_, failed, given[:SHOWN_CHARS], output[:SHOWN_CHARS])
