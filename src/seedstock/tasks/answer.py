"""Output: steps that end in a marked answer, which is a number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from seedstock.answers import as_number, canonical_answer, final_answer
from seedstock.tasks.base import Output, Problem


class Answer(Output):
    """`answer: number`: the output ends in a line that marks a number, `#### 42`, or is one.

    Two outputs are the same answer if their numbers are equal, however they get there.
    """

    Value = Literal["number"]
    chains: ClassVar[bool] = True

    def __init__(self, value: str, folder: Path) -> None:
        self._value = value

    def check(self, output: Any) -> Problem | None:
        """An answer that is marked, and that is a number."""
        if isinstance(output, int | float) and not isinstance(output, bool):
            return None
        if not isinstance(output, str):
            return Problem("not_text", f"the output is {type(output).__name__}, not text")
        found = final_answer(output)
        if found is None:
            end = output.strip()[-80:]
            return Problem("no_answer_marked", f"no answer is marked at the end (#### 42): …{end!r}")
        if as_number(found[1]) is None:
            return Problem("no_number", f"the answer {found[1][:80]!r} is not a number")
        return None

    def same(self, output: Any) -> str:
        """The number."""
        found = final_answer(str(output))
        return canonical_answer(found[1] if found else str(output))

    def describe(self) -> str:
        """Steps and mark."""
        return (
            "The steps to the answer, and at the end a line of its own with the answer, marked as in the"
            " examples. The answer is a number, without unit or explanation."
        )

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> str | None:
        """Texts of several lines that all mark a number at their end."""
        if not all(isinstance(o, str) and "\n" in o for o in outputs) or not outputs:
            return None
        found = [final_answer(o) for o in outputs]
        return "number" if all(f is not None and as_number(f[1]) is not None for f in found) else None
