"""Output: free text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from seedstock.tasks.base import Output, Problem
from seedstock.text import normalise


class TextSettings(BaseModel):
    """Bounds on a free text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_words: int | None = Field(None, ge=1, description="longest allowed output, in words")
    min_words: int = Field(1, ge=0, description="shortest allowed output, in words")


class Text(Output):
    """`text: {max_words: 80}`: any text within these bounds."""

    Value = TextSettings
    free_text = True

    def __init__(self, value: TextSettings, folder: Path) -> None:
        self.settings = value

    def check(self, output: Any) -> Problem | None:
        """Text, and neither too short nor too long."""
        if not isinstance(output, str):
            return Problem("not_text", f"the output is {type(output).__name__}, not text")
        words, least, most = len(output.split()), self.settings.min_words, self.settings.max_words
        if words < least:
            return Problem("too_short", f"{words} words, at least {least} wanted", {"words": words})
        if most is not None and words > most:
            return Problem("too_long", f"{words} words, at most {most} allowed", {"words": words})
        return None

    def same(self, output: Any) -> str:
        """The normalised text."""
        return normalise(str(output))

    def describe(self) -> str:
        """The bounds, if there are any."""
        least, most = self.settings.min_words, self.settings.max_words
        bounds = [f"at least {least} words"] * (least > 1) + [f"at most {most} words"] * (most is not None)
        return "A text" + (f" of {' and '.join(bounds)}" if bounds else "") + ", such as in the examples."

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> dict[str, int] | None:
        """Any text; the bound is twice the longest seed, rounded up to a ten."""
        if not all(isinstance(o, str) for o in outputs):
            return None
        longest = max((len(o.split()) for o in outputs), default=1)
        return {"max_words": -(-2 * longest // 10) * 10}
