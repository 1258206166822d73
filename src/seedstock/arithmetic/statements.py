"""Stated steps in a text: `<<48/2=24>>`, `48 / 2 = 24`, chains `a = b = c`, with units and rounding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from seedstock.arithmetic.expressions import Token, evaluate, tokens, value_of

LONGEST = 50_000
"""Characters of a text that are read."""
_MOST = 500
_NOTED = re.compile(
    r"<<([^<>=\n]{1,200})=([^<>\n]{1,60})>>"
    r"(?:\s?[$€£¥])?((?:\d{1,3}(?: \d{3})+|\d[\d,]*+)(?:\.\d+)?+(?!/?\d|\s\d+/))?"
)
_NOTES = re.compile(r"<<[^<>\n]{0,300}>>")
_EQUALS = re.compile(r"(?<![<>=!≤≥≠~≈])=(?![=>])")
_WINDOW, _CUT = 240, "…"
_ENDING = frozenset("and or if".split())
"""Words that no expression goes on behind."""
_MEANING = frozenset(
    "half twice double triple thrice quarter third times plus minus less more than of in per each every by to"
    " from divided multiplied percent squared cubed dozen hundred thousand million pi sqrt".split()
)
"""Words that do something to a number: an expression beside one of them is not read."""
_HARMLESS = _ENDING | frozenset(".,;:!?)(a")
"""What an expression may begin behind."""

Reading = tuple[Fraction, Fraction, int]
"""Values of both sides, and the digits behind the point on the right."""


@dataclass(frozen=True, slots=True)
class Step:
    """One equation that a text states: both sides' values, the text itself, and where it stands."""

    quote: str
    left: Fraction
    right: Fraction
    decimals: int
    start: int
    end: int

    @property
    def holds(self) -> bool:
        """Whether the right side is the left one's value, exactly or as far as its digits go.

        A value with digits behind the point may be rounded either way; a whole number stands for one with
        a fraction (`7 / 2 = 3`), but a whole number for another whole number is an error.
        """
        return _holds(self.left, self.right, self.decimals)


def steps(text: str) -> list[Step]:
    """The steps of a text that can be read, in order of their ends; at most 500."""
    part = text[:LONGEST]
    found = [*_noted(part), *_plain(part)]
    return sorted(found, key=lambda step: step.end)[:_MOST]


def _noted(text: str) -> Iterator[Step]:
    """Calculator notes, and the number that is written behind each."""
    for match in _NOTED.finditer(text):
        left, right = evaluate(match[1]), evaluate(match[2])
        if left is not None and right is not None:
            yield Step(match[0], left, right, _decimals(match[2]), match.start(), match.end())
        if right is not None and match[3] is not None and (shown := evaluate(match[3])) is not None:
            yield Step(match[0], abs(right), shown, _decimals(match[3]), match.start(), match.end())


def _plain(text: str) -> Iterator[Step]:
    # Notes are blanked, not cut: places in the text stay what they were.
    bare = _NOTES.sub(lambda match: " " * len(match[0]), text)
    start = 0
    for line in bare.split("\n"):
        yield from _of_line(line, start)
        start += len(line) + 1


def _of_line(line: str, start: int) -> Iterator[Step]:
    signs = [match.start() for match in _EQUALS.finditer(line)]
    ends = [*signs[1:], len(line)][: len(signs)]
    begin = 0
    for sign, end in zip(signs, ends, strict=True):
        left, right = line[begin:sign], line[sign + 1 : min(end, sign + 1 + _WINDOW)]
        left = left if len(left) <= _WINDOW else _CUT + left[-_WINDOW:]
        begin = sign + 1
        reading = _equation(left, right)
        if reading is not None:
            quote = " ".join(f"{left.strip()[-60:]} = {right.strip()[:30]}".split())
            yield Step(quote, *reading, start + sign, start + end)


def _equation(left: str, right: str) -> Reading | None:
    """Values of both sides; None where one cannot be read, or the left one computes nothing."""
    readings = [r for fractions in (False, True) for r in _readings(left, right, fractions)]
    return next((r for r in readings if _holds(*r)), readings[0] if readings else None)


def _readings(left: str, right: str, fractions: bool) -> Iterator[Reading]:
    """What the two sides may mean: a reader takes the one in which they are equal."""
    mine, theirs = _last(_read(left, fractions)), _first(_read(right, fractions))
    if not theirs or not any(token.kind in ("op", "open") for token in mine[1:]):
        return
    unsigned = mine[1:] if mine[0].text in ("-", "+", "*") else mine  # the dash of a list
    for part in (unsigned, mine):
        value = value_of(part)
        if value is not None:
            # `= 4 (15 minutes)`, `= $1.50 + $3`: what follows the number may be another thought.
            found = (_reading(value, mine, other) for other in (theirs, _first_number(theirs)))
            yield from (reading for reading in found if reading is not None)


def _reading(value: Fraction, mine: Sequence[Token], theirs: Sequence[Token]) -> Reading | None:
    other = value_of(theirs)
    if other is None:
        return None
    decimals = _decimals(next((t.text for t in reversed(theirs) if t.kind == "number"), ""))
    if not any(token.kind == "percent" for token in [*mine, *theirs]):
        return value, other, decimals
    # 45 + 49 = 94%, 12/20 * 100 = 60%: a percent sign is a unit as often as a hundredth.
    scales = [Fraction(1), Fraction(1, 100), Fraction(100)]
    percent = 2 * (theirs[-1].kind == "percent")
    tried = [(value, other * scale, decimals + (percent if scale == 1 else 0)) for scale in scales]
    return next((reading for reading in tried if _holds(*reading)), tried[0])


def _holds(left: Fraction, right: Fraction, decimals: int) -> bool:
    off = abs(left - right)
    if off == 0 or (left < 0 and left == -right):  # $1800 - $2000 = $200 less
        return True
    if decimals == 0:
        return left.denominator != 1 and off < 1
    return off <= Fraction(1, 10**decimals)


def _first_number(part: Sequence[Token]) -> list[Token]:
    end = next((place for place, token in enumerate(part) if token.kind == "number"), 0) + 1
    return list(part[: end + (end < len(part) and part[end].kind == "percent")])


def _last(found: Sequence[Token]) -> list[Token]:
    """The expression that a text ends in; [] where what stands before it does something to it."""
    cut = max((place for place, token in enumerate(found) if token.kind == "other"), default=-1)
    rest = found[cut + 1 :]
    part = _part(rest)
    if cut >= 0 and part == [token for token in rest if token.kind != "gap"]:
        touched = found[cut].text not in _HARMLESS or (part and part[0].kind == "op")
        return [] if touched else part
    return part


def _first(found: Sequence[Token]) -> list[Token]:
    """The expression that a text begins with; [] where it goes on in what cannot be read."""
    cut = next((place for place, token in enumerate(found) if token.kind == "other"), len(found))
    if 0 < cut < len(found) and found[cut - 1].kind == "op":
        return []
    part = _part(found[:cut], first=True)
    while part and part[-1].kind == "op":
        part = part[:-1]
    return part


def _read(text: str, fractions: bool) -> list[Token]:
    """Tokens in which words that may be units are gaps, and all that is no arithmetic is `other`."""
    found: list[Token] = []
    for token in tokens(text, fractions):
        word = token.text.lower().rstrip(".")
        if token.kind != "word":
            found.append(token)
        elif word in _MEANING or word in _ENDING or len(word) == 1:
            found.append(Token("other", word))
        elif len(found) > 1 and found[-1].text == "/":
            found[-1] = Token("gap", "/")  # miles/hour: a unit, not a division
        else:
            found.append(Token("gap", word))
        if token.kind == "word" and token.text.endswith("."):
            found.append(Token("other", "."))
    return found


def _part(given: Sequence[Token], first: bool = False) -> list[Token]:
    """The last (or first) stretch in which operands and operators take turns; gaps are dropped."""
    part: list[Token] = []
    words = 0
    for token in given:
        if token.kind == "gap":
            words += 1
            continue
        operand = bool(part) and part[-1].kind in ("number", "close", "percent")
        if part and ((part[-1].kind == "close" and token.kind == "number") or (words and not operand)):
            return []  # (1/2) 278: a product, or two thoughts; Week 1 + Week 2: names
        if operand and (token.kind == "number" or (token.kind == "open" and words > 0)):
            if first:
                return part
            part = []
        part.append(token)
        words = 0
    return part


def _decimals(written: str) -> int:
    """Digits behind the point of the last number in a text."""
    digits = re.findall(r"\d[\d,]*\.?\d*|\.\d+", written)
    return len(digits[-1].partition(".")[2]) if digits else 0
