"""Gate `relevance.transformation`: did a rewriting keep what it must, and can it be undone or done again?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from seedstock.errors import near_miss
from seedstock.example import Example
from seedstock.functions import call, load_function
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.transforms import FIXED, INVERSES, Kind, protected
from seedstock.verdict import Verdict

_LONGEST, _SHOWN = 200_000, 10


class TransformationSettings(GateSettings):
    """Settings of `relevance.transformation`."""

    protected: list[Kind] = Field([], description="tokens that output and input must have equally often")
    words: list[str] = Field([], description="words that output and input must have equally often")
    inverse: str | None = Field(
        None, description=f"what takes an output back to its input: {', '.join(INVERSES)}, or your function"
    )
    idempotent: str | None = Field(
        None, description=f"what leaves a right output as it is: {', '.join(FIXED)}, or your function"
    )
    of: str | None = Field(None, description="field with the text that is transformed; the input if absent")
    file: Path | None = Field(
        None, description="Python file with your functions; else package.module:function"
    )

    @field_validator("inverse")
    @classmethod
    def _known_inverse(cls, name: str | None) -> str | None:
        return _known(name, INVERSES)

    @field_validator("idempotent")
    @classmethod
    def _known_fixed(cls, name: str | None) -> str | None:
        return _known(name, FIXED)


def _known(name: str | None, table: dict[str, Any]) -> str | None:
    if name is not None and name not in table and ":" not in name:
        raise ValueError(
            f"{name!r} is none of them; {near_miss(name, table)}; yours are written module:function"
        )
    return name


class TransformationGate(RowGate):
    """Only what is declared is asked; `skipped` where nothing is."""

    name: ClassVar[str] = "relevance.transformation"
    Settings: ClassVar[type[GateSettings]] = TransformationSettings

    def __init__(self, settings: TransformationSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._inverse = self._function(settings.inverse, INVERSES)
        self._fixed = self._function(settings.idempotent, FIXED)

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row."""
        asked = self.settings
        if not (asked.protected or asked.words or self._inverse or self._fixed):
            said = "nothing is declared that a transformation must keep"
            return [Verdict(self.name, "skipped", "not_declared", said)] * len(batch)
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        given = str(example.meta.get(self.settings.of, "")) if self.settings.of else example.input_text
        given, output = given[:_LONGEST], example.output_text[:_LONGEST]
        problem = next(self._problems(example, given, output), None)
        if problem is not None:
            code, reason, evidence = problem
            return Verdict(self.name, "fail", code, reason, 1.0, 0.0, evidence)
        if self._inverse is not None:
            return Verdict(self.name, "pass", "undone", "its inverse gives the input back", 0.0, 0.0)
        kept = protected(given, self.settings.protected, self.settings.words).total()
        said = f"{kept} protected tokens are kept" + (", and it is in its final form" if self._fixed else "")
        return Verdict(self.name, "warn", "kept", said, 0.0, 0.0, {"tokens": kept})

    def _problems(
        self, example: Example, given: str, output: str
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        yield from self._tokens(given, output)
        for function, name, wanted, code in (
            (self._inverse, self.settings.inverse, given, "not_undone"),
            (self._fixed, self.settings.idempotent, output, "not_final"),
        ):
            if function is None:
                continue
            try:
                found = str(
                    call(function, str(name), output, example.id) if ":" in str(name) else function(output)
                )
            except (ValueError, RecursionError) as problem:
                yield code, f"{name} cannot be applied to it: {problem}"[:200], {"function": name}
                continue
            if found.strip() != wanted.strip():
                place = next((i for i, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), 0)
                evidence = {
                    "function": name,
                    "found": found[place : place + 80],
                    "wanted": wanted[place : place + 80],
                }
                said = "the input" if code == "not_undone" else "itself"
                yield code, f"{name} of it is not {said}: {found[place : place + 40]!r} at {place}", evidence

    def _tokens(self, given: str, output: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Protected tokens that only one side has, or has more often."""
        kinds, words = self.settings.protected, self.settings.words
        before, after = protected(given, kinds, words), protected(output, kinds, words)
        lost, added = before - after, after - before
        if lost or added:
            said = "; ".join(f"{what} {_listed(of)}" for what, of in (("lost", lost), ("added", added)) if of)
            evidence = {"lost": list(lost.elements())[:_SHOWN], "added": list(added.elements())[:_SHOWN]}
            yield "lost_token" if lost else "added_token", said, evidence

    def _function(
        self, name: str | None, table: dict[str, Callable[[str], str]]
    ) -> Callable[[str], Any] | None:
        if name is None:
            return None
        return table[name] if name in table else load_function(name, self.settings.file)


def _listed(tokens: Counter[str]) -> str:
    return ", ".join(repr(token[:60]) for token in list(tokens.elements())[:3])
