"""The value of an arithmetic expression as people write it: `$1,200 x 3/4`, `2(40+9)`, `12.5% * 80`.

Never evaluated as code. Exact fractions; what would grow without bound has no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

Kind = Literal["number", "op", "open", "close", "percent", "word", "gap", "other"]

LONGEST = 120
"""Tokens of an expression."""
_DIGITS, _BITS, _POWER = 30, 4096, 64
_TOKEN = re.compile(
    r"(?P<tag>\d+-(?=[^\W\d_]))|(?P<mixed>\d+\s+\d+/\d+(?!\d))"
    r"|(?P<number>(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d+)(?!\d|[,.]?\d*:)(?:\.\d+)?|\.\d+)"
    r"|(?P<op>\*\*|[-+*/^×÷·−–—])|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<percent>%)"
    r"|(?P<skip>[$€£¥\s]+|\\\$)|(?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*\.?)|(?P<other>.)",
    re.DOTALL,
)
_FRACTION = re.compile(rf"(?P<fraction>\d{{1,9}}/\d{{1,9}}(?![\d/]))|{_TOKEN.pattern}", re.DOTALL)
_SAME = {
    "×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "**": "^",
    "[": "(", "{": "(", "]": ")", "}": ")",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression; a number with its value."""

    kind: Kind
    text: str
    value: Fraction = Fraction(0)


def tokens(text: str, fractions: bool = False) -> list[Token]:
    """The pieces of a text, without white space and currency signs; `x` between numbers is a product.

    With `fractions`, `1/2` without spaces is one number: `2 cups / 1/4 cup` is 8.
    """
    found: list[Token] = []
    for match in (_FRACTION if fractions else _TOKEN).finditer(text):
        kind = match.lastgroup
        if kind != "skip":
            found.append(_token(kind, match[0]))
    return [_product(found, place) for place in range(len(found))]


def _token(kind: str | None, text: str) -> Token:
    if kind in ("number", "mixed", "fraction"):
        value = _number(text)
        return Token("other", text) if value is None else Token("number", text, value)
    if kind == "tag":  # 4-packs
        return Token("word", text)
    return Token(kind or "other", _SAME.get(text, text))  # type: ignore[arg-type]


def _number(text: str) -> Fraction | None:
    """`1,200.50`, `12 000`, `1 1/2`; None for more digits than anybody means."""
    if len(text) > _DIGITS:
        return None
    if "/" not in text:
        digits = text.replace(",", "").replace(" ", "")
        padded = len(digits) > 1 and digits[0] == "0" and digits[1] != "."
        return None if padded else Fraction(Decimal(digits))
    *whole, part = text.split()
    above, below = part.split("/")
    return sum(map(Fraction, whole), Fraction(int(above), int(below))) if int(below) else None


def _product(found: Sequence[Token], place: int) -> Token:
    token = found[place]
    if token.kind != "word" or token.text not in ("x", "X") or not 0 < place < len(found) - 1:
        return token
    before, after = found[place - 1].kind, found[place + 1].kind
    return (
        Token("op", "*")
        if before in ("number", "close", "percent", "word") and after in ("number", "open")
        else token
    )


def evaluate(text: str) -> Fraction | None:
    """The value of a text that is an expression as a whole; None where it is none."""
    return value_of(tokens(text)) if len(text) <= 400 else None


def value_of(given: Sequence[Token]) -> Fraction | None:
    """The value of tokens that are an expression; None where they are none, or it is out of bounds."""
    if not 0 < len(given) <= LONGEST:
        return None
    reader = _Reader(given)
    try:
        value = reader.sum()
    except (ArithmeticError, IndexError, RecursionError):
        return None
    return value if reader.at == len(given) else None


class _Reader:
    """Recursive descent; raises ArithmeticError where there is no value."""

    def __init__(self, given: Sequence[Token]) -> None:
        self.given, self.at = given, 0

    def sum(self) -> Fraction:
        value = self._product()
        while (op := self._operator("+-")) is not None:
            other = self._product()
            value = _bounded(value + other if op == "+" else value - other)
        return value

    def _product(self) -> Fraction:
        value = self._power()
        while True:
            if (op := self._operator("*/")) is not None:
                other = self._power()
                value = _bounded(value * other if op == "*" else value / other)
            elif self.at < len(self.given) and self.given[self.at].kind == "open":
                value = _bounded(value * self._power())
            else:
                return value

    def _power(self) -> Fraction:
        if (sign := self._operator("+-")) is not None:
            return self._power() if sign == "+" else -self._power()
        value = self._atom()
        if self._operator("^") is None:
            return value
        power = self._power()
        if power.denominator != 1 or abs(power) > _POWER:
            raise ArithmeticError("a power out of bounds")
        return _bounded(value ** int(power))

    def _atom(self) -> Fraction:
        token = self.given[self.at]
        self.at += 1
        if token.kind == "open":
            value = self.sum()
            if self.given[self.at].kind != "close":
                raise ArithmeticError("a bracket that does not close")
            self.at += 1
        elif token.kind == "number":
            value = token.value
        else:
            raise ArithmeticError("no number")
        if self.at < len(self.given) and self.given[self.at].kind == "percent":
            self.at += 1
            value /= 100
        return value

    def _operator(self, which: str) -> str | None:
        if (
            self.at < len(self.given)
            and self.given[self.at].kind == "op"
            and self.given[self.at].text in which
        ):
            self.at += 1
            return self.given[self.at - 1].text
        return None


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _BITS:
        raise ArithmeticError("a number out of bounds")
    return value
