"""Mending: a row with its slips put right, each by name, or as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from seedstock.example import Example
from seedstock.exchange import Message
from seedstock.hygiene.habits import Habits
from seedstock.hygiene.slips import Slip
from seedstock.hygiene.wrapping import spell_label, strip_answer_preamble, strip_fence, strip_quotes
from seedstock.tasks.base import Output

ROUNDS = 4
"""Passes over the slips of one text: quotes may stand within a list number within a preamble."""


class Mender:
    """Repairs of single rows. What is valid already is not touched where only validity counts."""

    def __init__(self, output: Output, habits: Habits) -> None:
        self._output = output
        self._odd = habits.odd
        self._prose = output.free_text or output.chains
        self._input = habits.repaired("input")
        self._turn = habits.repaired("turn")
        self._answer = habits.repaired("output")
        self._steps = habits.repaired("reasoning")

    def mend(self, example: Example) -> Example:
        """The row with what could be put right, and the names of the repairs in its source."""
        done: list[str] = []
        given = self._mended_input(example.input, done)
        if given != example.input and not self._spans_stay(example, given):
            given, done = example.input, []
        output = example.output
        if isinstance(output, str) and ("output", output) not in self._odd:
            output = _mended(output, self._answer, done) if self._prose else self._mended_value(output, done)
        reasoning = example.reasoning and _mended(example.reasoning, self._steps, done)
        if not done:
            return example
        names = tuple(dict.fromkeys((*example.source.repairs, *done)))
        mended = replace(example, input=given, output=output, reasoning=reasoning)
        return mended.with_source(repairs=names)

    def _mended_input(self, given: str | tuple[Message, ...], done: list[str]) -> str | tuple[Message, ...]:
        if isinstance(given, str):
            return _mended(given, self._input, done)
        return tuple(
            replace(turn, content=_mended(turn.content, self._turn, done))
            if turn.role in ("user", "assistant")
            else turn
            for turn in given
        )

    def _spans_stay(self, example: Example, given: str | tuple[Message, ...]) -> bool:
        """Whether the values that the output took from the input still stand there."""
        text = replace(example, input=given).input_text
        before = self._output.spans(example.output, example.input_text)
        return before <= self._output.spans(example.output, text)

    def _mended_value(self, output: str, done: list[str]) -> str:
        """An output of which only validity counts: the least repair that makes it valid."""
        tries = self._tries(output)
        if not tries or self._output.check(output) is None:
            return output
        for names, text in tries:
            if self._output.check(text) is None:
                done += names
                return text
        return output

    def _tries(self, output: str) -> list[tuple[tuple[str, ...], str]]:
        steps: tuple[tuple[str, Callable[[str], str]], ...] = (
            ("strip_preamble", strip_answer_preamble),
            ("strip_fence", strip_fence),
            ("strip_quotes", strip_quotes),
            ("spell_label", lambda text: spell_label(text, self._output.labels)),
        )
        tries: list[tuple[tuple[str, ...], str]] = []
        names: tuple[str, ...] = ()
        text = output
        for name, step in steps:
            changed = step(text)
            if changed != text:
                names, text = (*names, name), changed
                tries.append((names, text))
        return tries


def _mended(given: str, slips: Sequence[Slip], done: list[str]) -> str:
    """The text with these slips put right until none is left; as it was where that takes too many rounds."""
    text, names = given, list[str]()
    for _ in range(ROUNDS):
        before = text
        for slip in slips:
            changed = slip.fix(text)
            if changed != text and changed.strip():
                text = changed
                names.append(slip.repair)
        if text == before:
            done += names
            return text
    return given


def slip_in(text: str, slips: Sequence[Slip]) -> Slip | None:
    """The first of these slips that a text has."""
    return next((slip for slip in slips if slip.fix(text) != text), None)
