"""The final answer in a text that works towards one, and numbers in one form."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction

_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s*/\s*\d[\d,]*)?"
_SPACE = r"[^\S\n]*"
_MARK = r"#{2,6}|\**(?:final answer|the answer|answer|a)\**\s*(?:is|:)+\**:?"
_MARKED = re.compile(
    rf"^(?P<marker>{_SPACE}(?:{_MARK}){_SPACE})(?P<answer>\S[^\n]*)$", re.IGNORECASE | re.MULTILINE
)
_BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
_AS_NUMBER = re.compile(
    rf"[^\w.+-]*(?P<sign>[-+]?)(?:[$€£¥]\s*)?(?P<number>{_NUMBER})\s*"
    r"(?:[%$€£¥°]|[A-Za-z][A-Za-z ./-]{0,40})?[.!*_]*"
)
LONGEST = 200
"""Characters of an answer; what is longer is an explanation."""


def final_answer(text: str) -> tuple[str, str] | None:
    """The steps and the answer of a text that marks its answer: `#### 5`, `Answer: 5`, `\\boxed{5}`.

    Of several marks the last counts. A text of one line that is a number is an answer without steps.
    None where nothing is marked.
    """
    end = text[-20_000:]
    found = next(iter(deque(_MARKED.finditer(end), maxlen=1)), None)
    if found is not None and not end[found.end() :].strip():
        return text[: len(text) - len(text[-20_000:]) + found.start()].rstrip(), found["answer"].strip()[
            :LONGEST
        ]
    boxed = _BOXED.findall(end)
    if boxed:
        return text, boxed[-1].strip()
    line = text.strip()
    return ("", line) if "\n" not in line and as_number(line) is not None else None


def marker_of(texts: Iterable[str]) -> str:
    """How texts most often mark their answers, with the space behind the mark: `#### `."""
    counts: Counter[str] = Counter()
    for text in texts:
        for found in _MARKED.finditer(text[-20_000:]):
            counts[found["marker"].lstrip()] += 1
    return counts.most_common(1)[0][0] if counts else ""


def as_number(text: str) -> Fraction | None:
    """The number that an answer is, without currency, unit and separators; None where it is none.

    `$1,200.50`, `1200.5 dollars`, `2401/2`, `45%` (which is 45).
    """
    found = _AS_NUMBER.fullmatch(text.strip()[:LONGEST])
    if not found:
        return None
    above, _, below = found["number"].replace(",", "").replace(" ", "").partition("/")
    try:
        value = Fraction(Decimal(found["sign"] + above))
        return value / int(below) if below else value
    except (InvalidOperation, ZeroDivisionError, ValueError):
        return None


def canonical_answer(text: str) -> str:
    """One form for equal answers: numbers as fractions in lowest terms, other texts folded."""
    number = as_number(text)
    return str(number) if number is not None else " ".join(text.casefold().split()).strip(" .")
