"""Gate `relevance.answer`: are the steps of a worked answer right, and is the answer the known one?"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from seedstock.answers import as_number, final_answer
from seedstock.arithmetic.equality import same_answer
from seedstock.arithmetic.solution import read_steps, slip
from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.known import RealRows
from seedstock.verdict import Verdict


class AnswerSettings(GateSettings):
    """Settings of `relevance.answer`."""

    reference: str | None = Field(
        None,
        description="field of a row with the right answer to its input; a seed of the same input has one too",
    )


class AnswerGate(RowGate):
    """Recomputation of what can be read, then equality with a known answer where there is one."""

    name: ClassVar[str] = "relevance.answer"
    Settings: ClassVar[type[GateSettings]] = AnswerSettings

    def __init__(self, settings: AnswerSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._known = RealRows(tools.seeds)

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` where there is no answer that steps lead to."""
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        text = self._worked(example)
        if text is None:
            return Verdict(self.name, "skipped", "other_output", "the output is no worked answer")
        found = read_steps(text)
        wrong = slip(text, found)
        if wrong is not None:
            return self._fail(wrong.code, wrong.reason, wrong.evidence)
        known = self._known_answer(example)
        if known is not None:
            return self._compared(text, known)
        if not found:
            said = "no step of it can be recomputed, and its right answer is not known"
            return Verdict(self.name, "skipped", "no_steps", said)
        said = f"{len(found)} steps are right; whether they answer the question is not known"
        return Verdict(self.name, "warn", "recomputed", said, 0.0, 0.0, {"steps": len(found)})

    def _worked(self, example: Example) -> str | None:
        """The steps and the marked answer, wherever the row has them."""
        text = example.output_text
        if example.reasoning and as_number(text) is not None:
            return f"{example.reasoning}\n#### {text.strip()}"
        if not self.tools.output.chains:
            return None
        return f"{example.reasoning}\n{text}" if example.reasoning else text

    def _known_answer(self, example: Example) -> tuple[str, str] | None:
        """Who says so, and the right answer."""
        field = self.settings.reference
        if field is not None and field in example.meta:
            return "reference", str(example.meta[field])
        for seed in self._known.with_input(example):
            marked = final_answer(seed.output_text)
            if marked is not None:
                return f"seed {seed.id}", marked[1]
        return None

    def _compared(self, text: str, known: tuple[str, str]) -> Verdict:
        name, right = known
        marked = final_answer(text)
        given = marked[1] if marked is not None else ""
        right_answer = (final_answer(right) or ("", right))[1]
        evidence = {"reference": name, "right": right_answer[:200], "given": given[:200]}
        if same_answer(right_answer, given):
            return Verdict(self.name, "pass", "right_answer", f"the answer of the {name}", 0.0, 0.0, evidence)
        said = f"the answer is {given[:60]!r}, the {name} has {right_answer[:60]!r}"
        return self._fail("wrong_answer", said, evidence)

    def _fail(self, code: str, reason: str, evidence: dict[str, Any]) -> Verdict:
        return Verdict(self.name, "fail", code, reason, 1.0, 0.0, evidence)
