"""Gate `format`: is this row well formed, and is its output valid for the task? 100 % of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from seedstock.example import Example
from seedstock.exchange import Message
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.tasks.base import Problem
from seedstock.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Trace:
    """Something of a teacher's or a parser's that has no business in a training row."""

    code: str
    pattern: re.Pattern[str]
    reason: str


TRACES = (
    Trace(
        "bad_characters",
        re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffd]"),
        "control characters or broken Unicode",
    ),
    Trace(
        "template_token",
        re.compile(
            r"<\|[\w ]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>"
            r"|^[^\S\n]*#{2,3} ?(?:Instruction|Response):",
            re.MULTILINE,
        ),
        "a chat template's token leaked into the text",
    ),
    Trace(
        "field_marker",
        re.compile(
            r"^[^\S\n]*(?:input|output|instruction|response|answer)s?\s*:", re.IGNORECASE | re.MULTILINE
        ),
        "a field name of the prompt stands in the text: the answer was cut at the wrong place",
    ),
    Trace(
        "assistant_boilerplate",
        re.compile(
            r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b|\bmy knowledge cutoff\b",
            re.IGNORECASE,
        ),
        "the teacher speaks of itself",
    ),
)
"""Looked for in every text of a row. Words that a seed has too belong to the task: they are let pass."""


class FormatSettings(GateSettings):
    """Settings of `format`."""

    max_chars: int = Field(200_000, ge=1, description="longest input or output, in characters")


class FormatGate(RowGate):
    """Empty or oversized fields, broken chats, traces of a teacher, and the task's own rules."""

    name: ClassVar[str] = "format"
    Settings: ClassVar[type[GateSettings]] = FormatSettings

    def __init__(self, settings: FormatSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        seen = [text for seed in tools.seeds for text in texts(seed)]
        self._usual = {
            trace.code: {_word(m) for text in seen for m in trace.pattern.finditer(text)} for trace in TRACES
        }

    def check(self, batch: Batch) -> list[Verdict]:
        """The first problem of each row."""
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        problem = next(self._problems(example), None)
        if problem is None:
            return Verdict(self.name, "pass", figure=1.0, threshold=1.0)
        return Verdict(
            self.name,
            "fail",
            problem.code,
            problem.reason,
            figure=0.0,
            threshold=1.0,
            evidence=problem.evidence,
        )

    def _problems(self, example: Example) -> Iterator[Problem]:
        if not example.input_text.strip():
            yield Problem("empty_input", "the input is empty")
        if example.output is None or example.output == "":
            yield Problem("empty_output", "the output is empty")
        for text in texts(example):
            if len(text) > self.settings.max_chars:
                yield Problem(
                    "oversized", f"{len(text)} characters, at most {self.settings.max_chars} allowed"
                )
        if not isinstance(example.input, str):
            yield from _chat_problems(example.input)
        for trace in TRACES:
            for text in texts(example):
                strange = (m for m in trace.pattern.finditer(text) if _word(m) not in self._usual[trace.code])
                if match := next(strange, None):
                    yield Problem(trace.code, trace.reason, {"quote": quote(text, match)})
        problem = self.tools.output.check(example.output)
        if problem is not None:
            yield problem


def texts(example: Example) -> list[str]:
    """Every text of a row that a trainer will see."""
    turns = [example.input] if isinstance(example.input, str) else [m.content for m in example.input]
    return [*turns, example.output_text, *([example.reasoning] if example.reasoning else [])]


def _word(match: re.Match[str]) -> str:
    return match[0].strip().casefold()


def quote(text: str, match: re.Match[str], around: int = 30) -> str:
    """The match with some text on both sides, escaped where it is not printable."""
    part = text[max(0, match.start() - around) : match.end() + around]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in part)


def _chat_problems(messages: tuple[Message, ...]) -> Iterator[Problem]:
    roles = [m.role for m in messages]
    turns = roles[1:] if roles[:1] == ["system"] else roles
    if not turns or turns[-1] != "user":
        yield Problem("chat", "the last message before the answer is not the user's", {"roles": roles})
    for expected, role in zip(_alternating(len(turns)), turns, strict=True):
        if role != expected:
            yield Problem(
                "chat", f"roles do not alternate: {role!r} where {expected!r} was due", {"roles": roles}
            )
            return
    if any(not m.content.strip() for m in messages):
        yield Problem("chat", "a turn is empty", {"roles": roles})


def _alternating(n: int) -> list[str]:
    return [("user", "assistant")[i % 2] for i in range(n)]
