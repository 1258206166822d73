"""Gate `facts`: a rewrite of a seed keeps its facts (policy 4): numbers, names, codes, negations, values.

Augmentation rewrites a seed's input and keeps its output, so what the output was right about must still
be there. What a fact is and when two notations of it are equal stands in `seedstock.facts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from seedstock.example import Example
from seedstock.facts import Change, Facts, Knowledge, changes, stands
from seedstock.forms import as_it_was
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.verdict import Verdict

_SHOWN, _SAID, _LONGEST = 20, 3, 80
_GONE = {
    "lost_number": "the number {} of the seed is gone", "lost_date": "the date {} of the seed is gone",
    "lost_code": "{} of the seed is gone", "lost_name": "the name {} of the seed is gone",
    "lost_negation": "{!r} of the seed is no longer said",
    "lost_value": "the value {!r} of the output no longer stands in the input",
}  # fmt: skip
_NEW = {"added_negation": "{!r} is said only here"}


class FactsSettings(GateSettings):
    """Settings of `facts`."""

    recipes: tuple[str, ...] = Field(
        ("paraphrase", "restyle", "reformat"),
        description="rows of these recipes must keep the facts of their parent",
    )
    verbatim: bool = Field(
        False,
        description="also reject a row where a value of the output stands in other letters (Oslo, oslo)",
    )


@dataclass(frozen=True, slots=True)
class _Parent:
    """A seed as its rewrites are compared with it."""

    facts: Facts
    values: tuple[str, ...]
    same: str


class FactsGate(RowGate):
    """Compares a row with the one seed that its source names; facts of a seed are read once."""

    name: ClassVar[str] = "facts"
    Settings: ClassVar[type[GateSettings]] = FactsSettings

    def __init__(self, settings: FactsSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._seeds = {seed.id: seed for seed in tools.seeds}
        self._parents: dict[str, _Parent] = {}

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` where a row is no rewrite of one seed."""
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        recipe, parents = example.source.recipe, set(example.source.parents)
        if recipe is not None and recipe not in self.settings.recipes:
            return Verdict(
                self.name, "skipped", "other_recipe", f"rows of {recipe} are no rewrites of a seed"
            )
        if len(parents) != 1 or not parents & self._seeds.keys():
            return Verdict(self.name, "skipped", "no_parent", "its source names no single seed as parent")
        id_ = parents.pop()
        return self._compared(example, id_, self._parent(id_))

    def _compared(self, example: Example, id_: str, parent: _Parent) -> Verdict:
        try:
            row = as_it_was(example)
        except ValueError:
            row = None
        if row is None or self.tools.output.same(row.output) != parent.same:
            was = self._seeds[id_].output_text
            return self._fail(id_, [Change("other_output", was, example.output_text)])
        facts = Facts(row.input_text, self._knowledge)
        found = changes(parent.facts, facts, parent.values)
        return self._fail(id_, found) if found else self._kept(facts, id_, parent)

    def _kept(self, facts: Facts, id_: str, parent: _Parent) -> Verdict:
        """All facts are there; a value in other letters is said, and rejected where `verbatim` is set."""
        other = [value for value in parent.values if not stands(value, facts.text, case=True)]
        if other and self.settings.verbatim:
            return self._fail(id_, [Change("lost_value", value) for value in other])
        evidence: dict[str, Any] = {"parent": id_}
        if not other:
            return Verdict(self.name, "pass", figure=0.0, threshold=0.0, evidence=evidence)
        evidence["values"] = [_cut(value) for value in other[:_SHOWN]]
        reason = f"the value {_cut(other[0])!r} of the output stands in the input in other letters only"
        return Verdict(self.name, "warn", "reworded_value", reason, 0.0, 0.0, evidence)

    def _fail(self, id_: str, found: Sequence[Change]) -> Verdict:
        said = "; ".join(_said(change) for change in found[:_SAID])
        more = f"; and {len(found) - _SAID} more" if len(found) > _SAID else ""
        evidence = {
            "parent": id_,
            "changes": [
                {"code": change.code, "fact": _cut(change.fact), "found": _cut(change.found)}
                for change in found[:_SHOWN]
            ],
        }
        return Verdict(self.name, "fail", found[0].code, said + more, float(len(found)), 0.0, evidence)

    def _parent(self, id_: str) -> _Parent:
        if id_ not in self._parents:
            seed, output = self._seeds[id_], self.tools.output
            facts = Facts(seed.input_text, self._knowledge)
            spans = output.spans(seed.output, seed.input_text) - self._labels
            values = tuple(sorted(value for value in spans if stands(value, facts.text)))
            self._parents[id_] = _Parent(facts, values, output.same(seed.output))
        return self._parents[id_]

    @cached_property
    def _knowledge(self) -> Knowledge:
        return Knowledge.of(seed.input_text for seed in self.tools.seeds)

    @cached_property
    def _labels(self) -> frozenset[str]:
        """What outputs say whatever the input is, such as the names of types: not copied from an input."""
        output, seeds = self.tools.output, self.tools.seeds
        copied = {value for seed in seeds for value in output.spans(seed.output, seed.input_text)}
        everything = "\n".join(sorted(copied))
        counts = Counter(
            value
            for seed in seeds
            for value in copied & output.spans(seed.output, everything)
            if not stands(value, seed.input_text)
        )
        return frozenset(value for value, n in counts.items() if n > 1)


def _said(change: Change) -> str:
    fact, found = _cut(change.fact), _cut(change.found)
    if change.code == "other_output":
        return f"another output than the seed's: {found!r}"
    if change.code == "changed_unit":
        return f"{fact} of the seed became {found}"
    if change.code.startswith("swapped"):
        return f"{found!r} stands where the seed has {fact!r}"
    if change.fact:
        return _GONE[change.code].format(fact)
    return _NEW.get(change.code, "{} is new").format(found)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
