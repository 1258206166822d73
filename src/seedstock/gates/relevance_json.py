"""Gate `relevance.json`: do the values of an output stand in its input, and do its fields agree?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator

from seedstock.example import Example
from seedstock.forms import as_it_was
from seedstock.gates.base import Batch, GateSettings, RowGate
from seedstock.jsoncheck.grounding import Copied, copied_fields, plain, stands_in
from seedstock.jsoncheck.leaves import read_json, text_leaves
from seedstock.jsoncheck.rules import CannotTell, Rule, compiled
from seedstock.verdict import Verdict

_SHOWN = 10


class RuleSettings(BaseModel):
    """One rule between fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str = Field(description="what must hold: `total == sum(items.price)`, `date(start) <= date(end)`")
    when: str | None = Field(None, description="only where this holds: `urgency == 'high'`")
    reason: str = Field("", description="what is wrong where it does not, in words")

    @field_validator("check", "when")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text is not None:
            compiled(text)
        return text


class JsonSettings(GateSettings):
    """Settings of `relevance.json`."""

    rules: list[RuleSettings] = Field([], description="rules between the fields of an output")
    grounded: float = Field(
        0.95, gt=0.5, le=1,
        description="a field is copied where this share of its texts in the seeds stands in the input",
    )  # fmt: skip
    min_texts: int = Field(20, ge=5, description="texts of a field that the seeds must have to show that")


class JsonGate(RowGate):
    """Copied fields are learned from the seeds; rules come from the config."""

    name: ClassVar[str] = "relevance.json"
    Settings: ClassVar[type[GateSettings]] = JsonSettings

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` where outputs are no JSON."""
        if self.tools.output.schema is None:
            return [Verdict(self.name, "skipped", "other_output", "the output is no JSON")] * len(batch)
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        try:
            example = as_it_was(example)
            value = read_json(example.output)
        except ValueError as problem:
            return Verdict(
                self.name, "fail", "not_json", f"the output is not JSON: {problem}"[:200], 1.0, 0.0
            )
        broken, applied = self._rules(value)
        if broken is not None:
            return broken
        return self._grounded(value, plain(example.input_text), applied)

    def _rules(self, value: Any) -> tuple[Verdict | None, int]:
        """The first rule that is broken, and how many apply."""
        applied = 0
        for given in self.settings.rules:
            try:
                held = Rule(given.check, given.when).holds(value)
            except CannotTell as problem:
                held, why = False, f" ({problem})"
            else:
                why = ""
            applied += held is not None
            if held is False:
                said = given.reason or f"{given.check} does not hold"
                when = f", where {given.when}" if given.when else ""
                evidence = {"rule": given.check, "when": given.when}
                return Verdict(self.name, "fail", "rule", said + when + why, 1.0, 0.0, evidence), applied
        return None, applied

    def _grounded(self, value: Any, text: str, applied: int) -> Verdict:
        asked = [(path, leaf) for path, leaf in text_leaves(value) if path in self._copied]
        made_up = [(path, leaf) for path, leaf in asked if not stands_in(plain(leaf), text)]
        figure = float(len(made_up))
        if made_up:
            return self._made_up(made_up, figure)
        if asked or applied:
            said = f"{len(asked)} values stand in the input, {applied} rules hold"
            return Verdict(self.name, "pass", "grounded", said, figure, 0.0, {"values": len(asked)})
        said = "nothing in it is known to be copied from the input, and no rule applies"
        return Verdict(self.name, "warn", "form_only", said, figure, 0.0)

    def _made_up(self, made_up: Sequence[tuple[str, str]], figure: float) -> Verdict:
        path, leaf = made_up[0]
        field = self._copied[path]
        usual = f"as {field.stood} of {field.n} of the seeds' do"
        reason = f"{leaf[:80]!r} at {path} does not stand in the input, {usual}"
        evidence = {"path": path, "values": [leaf[:80] for _, leaf in made_up[:_SHOWN]]}
        return Verdict(self.name, "fail", "not_in_input", reason, figure, 0.0, evidence)

    @cached_property
    def _copied(self) -> dict[str, Copied]:
        rows = []
        for seed in self.tools.seeds:
            try:
                rows.append((read_json(seed.output), seed.input_text))
            except ValueError:
                continue
        return copied_fields(rows, self.settings.grounded, self.settings.min_texts)
