"""Gate `format`: is this row well formed, and is its output valid for the task? 100 % of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field as SettingField

from seedstock.example import UNREAD, Example, is_call
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.mending import Mender, slip_in
from seedstock.hygiene.echo import begins_with, echoes, repeated, runs_of
from seedstock.hygiene.endings import CUT_OFF
from seedstock.hygiene.habits import Habits
from seedstock.hygiene.marks import MARKS, Field, quote, word
from seedstock.hygiene.tongue import asked_for
from seedstock.hygiene.turns import Fault, call_fault, chat_fault
from seedstock.tasks.base import Problem
from seedstock.verdict import Verdict

SPEAKERS = ("user", "assistant")


class FormatSettings(GateSettings):
    """Settings of `format`."""

    max_chars: int = SettingField(200_000, ge=1, description="longest input or output, in characters")
    repair: bool = SettingField(
        True,
        description="put right, by name, what needs no person: stray quotes, escapes, fences and the like."
        " Off: such rows are rejected",
    )


class FormatGate(RowGate):
    """Empty or oversized fields, broken chats, traces of a teacher, cut texts, and the task's own rules."""

    name: ClassVar[str] = "format"
    Settings: ClassVar[type[GateSettings]] = FormatSettings

    def __init__(self, settings: FormatSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._prose = tools.output.free_text or tools.output.chains
        limit = settings.max_chars
        self._habits = Habits.of((name, text[:limit]) for seed in tools.seeds for name, text in parts(seed))
        self._echoed = any(self._echo(seed) for seed in tools.seeds)
        runs = runs_of(tools.instruction)
        said = any(repeated(text, runs) for seed in tools.seeds for text in texts(seed)) if runs else False
        self._prompt: frozenset[tuple[str, ...]] = frozenset() if said else runs
        self._mender = Mender(tools.output, self._habits)
        self._heard = ("input", "turn", "output") if self._prose else ("input", "turn")
        checked: tuple[Field, ...] = ("input", "output") if self._prose else ("input",)
        self._signs = {name: self._habits.watched(name) for name in checked}
        blamed: tuple[Field, ...] = (*checked, "turn", "reasoning")
        self._slips = {name: self._habits.blamed(name) for name in blamed}

    def mend(self, example: Example) -> Example:
        """The row with its slips put right, if it is valid then; otherwise as it was."""
        if not self.settings.repair or self._oversized(example):
            return example
        mended = self._mender.mend(example)
        if mended is example or next(self._problems(mended), None) is not None:
            return example
        return mended

    def check(self, batch: Batch) -> list[Verdict]:
        """The first problem of each row."""
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        problem = next(self._problems(example), None)
        if problem is None:
            return Verdict(self.name, "pass", figure=1.0, threshold=1.0)
        return Verdict(self.name, "fail", problem.code, problem.reason, 0.0, 1.0, problem.evidence)

    def _problems(self, example: Example) -> Iterator[Problem]:
        """What is wrong, what nobody can put right first. Nothing is read of a text that is too long."""
        if not example.input_text.strip():
            why = example.meta.get(UNREAD)
            if isinstance(why, str):
                yield Problem("chat", f"the row cannot be read: {why}"[:300])
            yield Problem("empty_input", "the input is empty")
        if example.output is None or example.output == "":
            yield Problem("empty_output", "the output is empty")
        if (size := self._oversized(example)) > 0:
            yield Problem("oversized", f"{size} characters, at most {self.settings.max_chars} allowed")
            return
        pieces = list(parts(example))
        yield from self._marked(pieces)
        if fault := self._fault(example):  # after the marks: a schema cannot be held against half characters
            yield Problem(fault.code, fault.reason, dict(fault.evidence))
        yield from _cut_off(example)
        yield from self._signed(pieces)
        problem = None if is_call(example.output) else self.tools.output.check(example.output)
        if problem is not None:
            yield problem
        yield from self._about_the_whole(example, pieces)
        yield from self._slipped(pieces)

    def _oversized(self, example: Example) -> int:
        longest = max(len(text) for _, text in parts(example))
        return longest if longest > self.settings.max_chars else 0

    def _fault(self, example: Example) -> Fault | None:
        turns = () if isinstance(example.input, str) else example.input
        fault = chat_fault(turns, example.tools) if turns else None
        return fault or (call_fault(example.output, example.tools) if is_call(example.output) else None)

    def _marked(self, pieces: list[tuple[Field, str]]) -> Iterator[Problem]:
        """Marks in any field, unless seeds have the same."""
        for name, text in pieces:
            if name == "output" and text in self.tools.output.labels:
                continue  # a label may be called "n/a"
            small = text.casefold()
            for mark in MARKS:
                if name not in mark.fields or mark.code in self._habits.kinds:
                    continue
                usual = self._habits.words[mark.code]
                for match in mark.find(text, small):
                    if word(match) not in usual:
                        evidence = {"quote": quote(text, *match.span()), "field": name}
                        yield Problem(mark.code, mark.reason, evidence)
                        break

    def _signed(self, pieces: list[tuple[Field, str]]) -> Iterator[Problem]:
        for name, text in pieces:
            if (name, text) in self._habits.odd:
                continue
            for sign in self._signs.get(name, ()):
                if span := sign.find(text):
                    yield Problem(sign.code, sign.reason, {"quote": quote(text, *span), "field": name})

    def _about_the_whole(self, example: Example, pieces: list[tuple[Field, str]]) -> Iterator[Problem]:
        """What only input and output together show: an echo, and another language that nobody asked for."""
        if not self._echoed and self._echo(example):
            said = quote(example.output_text, 0, 200, 0)
            yield Problem("echo", "the output says the input again instead of answering it", {"quote": said})
        for name, text in pieces if self._prompt else ():
            header = name != "output" and begins_with(text, self.tools.instruction)
            if name != "told" and not header and (run := repeated(text, self._prompt)):
                yield Problem(
                    "prompt_echo", f"the {name} repeats the task's instruction", {"quote": run, "field": name}
                )
        for name, text in pieces:
            tongues = self._habits.tongues.get(name)
            if tongues is None or name not in self._heard:
                continue
            found = tongues.stranger(text)
            if found and (name != "output" or not asked_for(example.input_text, found)):
                reason = f"the {name} is in {found}, which no seed's is"
                yield Problem("wrong_language", reason, {"quote": quote(text, 0, 80, 0), "language": found})

    def _slipped(self, pieces: list[tuple[Field, str]]) -> Iterator[Problem]:
        for name, text in pieces:
            if slip := slip_in(text, self._slips.get(name, ())):
                yield Problem(slip.code, slip.reason, {"quote": quote(text, 0, 80, 0), "field": name})

    def _echo(self, example: Example) -> bool:
        if not self._prose or not isinstance(example.output, str):
            return False
        given = example.input if isinstance(example.input, str) else example.input[-1].content
        return echoes(given, example.output)


def _cut_off(example: Example) -> Iterator[Problem]:
    """What the row's own fields say of how its answer ended."""
    for name in ("finish_reason", "stop_reason"):
        said = example.meta.get(name)
        if isinstance(said, str) and said in CUT_OFF:
            yield Problem("truncated", f"the answer was cut off: {name} is {said!r}", {name: said})


def texts(example: Example) -> list[str]:
    """Every text of a row that a trainer will see."""
    return [text for _, text in parts(example)]


def parts(example: Example) -> Iterator[tuple[Field, str]]:
    """Every text of a row that a trainer will see, with the field that it stands in."""
    if isinstance(example.input, str):
        yield "input", example.input
    else:
        yield from (("turn" if m.role in SPEAKERS else "told", m.text) for m in example.input)
    yield "output", example.output_text
    if example.reasoning:
        yield "reasoning", example.reasoning
