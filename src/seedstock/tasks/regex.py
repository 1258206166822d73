"""Output: a text that a regular expression matches as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from seedstock.errors import InputError
from seedstock.tasks.base import Output, Problem

# What detection proposes, most special first.
_KNOWN = (
    r"-?\d+",
    r"-?\d{1,3}(?:,\d{3})*(?:\.\d+)?",
    r"-?\d+(?:[.,]\d+)?",
    r"\d{4}-\d{2}-\d{2}",
    r"\d{1,2}:\d{2}(?::\d{2})?",
    r"[A-Z]{1,4}-?\d{1,6}",
)


class Regex(Output):
    """`regex: '\\d{4}-\\d{2}'`: the whole output matches.

    Matched by the engine of the JSON Schema validator, which runs in linear time: an output made to
    blow up a backtracking matcher is only an output that does not match.
    """

    Value = str

    def __init__(self, value: str, folder: Path) -> None:
        self.pattern = value
        try:
            _ = self._validator
        except ValueError as problem:
            raise InputError(
                f"task.output.regex {value!r} is not a regular expression: {problem}"
            ) from problem

    @cached_property
    def _validator(self) -> Any:
        import jsonschema_rs

        return jsonschema_rs.validator_for({"type": "string", "pattern": f"^(?:{self.pattern})$"})

    def check(self, output: Any) -> Problem | None:
        """Whether the whole text matches."""
        if self._validator.is_valid(output):
            return None
        return Problem("no_match", f"{str(output)[:80]!r} does not match {self.pattern}")

    def same(self, output: Any) -> str:
        """The text itself."""
        return str(output)

    def describe(self) -> str:
        """The expression."""
        return f"A text that this regular expression matches as a whole: {self.pattern}"

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> str | None:
        """The first known shape (number, date, time, code) that every output has."""
        if not all(isinstance(o, str) for o in outputs):
            return None
        return next((p for p in _KNOWN if all(re.fullmatch(p, o) for o in outputs)), None)
