"""Gate `relevance.function`: what the owner's own function says of each row."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.functions import Function, call, load_function
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.verdict import Verdict


class FunctionSettings(GateSettings):
    """Settings of `relevance.function`."""

    function: str | None = Field(
        None, description="package.module:function, or :function of `file`; called with each row as a mapping"
    )
    file: Path | None = Field(None, description="Python file with the function, beside the config")
    min_score: float | None = Field(
        None, description="where the function gives a score: the least that passes"
    )

    @model_validator(mode="after")
    def _named(self) -> FunctionSettings:
        if self.function is not None and (
            ":" not in self.function or (self.file is None and self.function[0] == ":")
        ):
            raise ValueError("write function: package.module:name, or file: checks.py and function: ':name'")
        if self.file is not None and self.function is None:
            raise ValueError("name the function of the file: function: ':name'")
        return self


class FunctionGate(RowGate):
    """The function is the owner's own code: it runs in this process, with the row as `Example.to_json`."""

    name: ClassVar[str] = "relevance.function"
    Settings: ClassVar[type[GateSettings]] = FunctionSettings

    def __init__(self, settings: FunctionSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._function: Function | None = None
        if settings.function is not None:
            self._function = load_function(settings.function, settings.file)

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` without a function."""
        if self._function is None:
            return [Verdict(self.name, "skipped", "not_declared", "no function is named")] * len(batch)
        return [self._verdict(example, self._function) for example in batch.examples]

    def _verdict(self, example: Example, function: Function) -> Verdict:
        name = str(self.settings.function)
        said = call(function, name, example.to_json(), example.id)
        passed, reason, score = self._read(said, example)
        figure, threshold = (float(passed), 1.0) if score is None else (score, self.settings.min_score)
        evidence = {"function": name}
        if passed:
            return Verdict(
                self.name, "pass", "accepted", reason or f"{name} accepts it", figure, threshold, evidence
            )
        reason = reason or (f"{name} rejects it" if score is None else f"{name} gives {score:g}")
        return Verdict(self.name, "fail", "rejected", reason, figure, threshold, evidence)

    def _read(self, said: Any, example: Example) -> tuple[bool, str, float | None]:
        """Whether it passes, why, and the score where there is one."""
        reason = ""
        if isinstance(said, tuple) and len(said) == 2 and isinstance(said[1], str):
            said, reason = said
        if isinstance(said, bool):
            return said, reason[:300], None
        least = self.settings.min_score
        if isinstance(said, int | float) and least is not None and math.isfinite(said):
            return said >= least, reason[:300], float(said)
        wanted = "True or False, or (True, 'why')" if least is None else "a finite number, True or False"
        raise InputError(
            f"your function {self.settings.function!r} gave {said!r:.80} for row {example.id[:80]};"
            f" it must give {wanted}" + ("; a score needs min_score" if least is None else "")
        )
