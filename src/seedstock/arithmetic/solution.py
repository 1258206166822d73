"""A worked solution against itself: every step that can be read is recomputed, and the answer must follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from seedstock.answers import as_number, final_answer
from seedstock.arithmetic.statements import LONGEST, Step, steps

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:/\d+)?|\.\d+")
_WORDS = {
    word: Fraction(n)
    for n, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty".split()
    )
}
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with a solution: code, sentence, and the quoted text with the right value."""

    code: str
    reason: str
    evidence: dict[str, Any]


def slip(text: str, found: Sequence[Step]) -> Slip | None:
    """The first step that does not hold, else an answer that nothing leads to; None where all is well."""
    wrong = next((step for step in found if not step.holds), None)
    if wrong is not None:
        right, stated = shown(wrong.left), shown(wrong.right)
        reason = f"{wrong.quote!r}: {right} is right, not {stated}"
        return Slip("wrong_step", reason, {"quote": wrong.quote, "right": right, "stated": stated})
    return _unreached(text, found)


def _unreached(text: str, found: Sequence[Step]) -> Slip | None:
    """An answer that is neither the last step's result nor said where that result is told."""
    marked = final_answer(text[:LONGEST])
    if not found or marked is None or not marked[0] or len(text) > LONGEST:
        return None
    answer, last = as_number(marked[1]), found[-1]
    if answer is None or answer == last.right:
        return None
    if last.right.denominator != 1 and abs(answer - last.right) < 1:
        return None  # rounding the last result is no slip
    line = marked[0].rfind("\n", 0, last.start) + 1
    if abs(answer) in _numbers(marked[0][line:]):
        return None
    result = shown(last.right)
    reason = f"the answer is {marked[1]!r}, the last step gives {result}"
    return Slip("answer_not_reached", reason, {"quote": last.quote, "right": result, "stated": marked[1]})


def _numbers(text: str) -> set[Fraction]:
    """Every number in a text, in digits or in words up to twenty."""
    said = {_WORDS[word] for word in map(str.lower, _WORD.findall(text)) if word in _WORDS}
    return said | {value for piece in _NUMBER.findall(text) if (value := as_number(piece)) is not None}


def read_steps(text: str) -> list[Step]:
    """The steps of a solution that can be read, without its marked answer."""
    marked = final_answer(text[:LONGEST])
    return steps(marked[0] if marked is not None else text)


def shown(value: Fraction) -> str:
    """A number as people write it: `24`, `1.5`, `1/3`."""
    if value.denominator == 1:
        return str(value.numerator)[:40]
    short = f"{float(value):.6g}"
    return short if Fraction(short) == value else f"{value.numerator}/{value.denominator}"[:60]
