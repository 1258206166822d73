"""JSON as the standard has it, within bounds: finite numbers, not too deep, not too long to be handled."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 100
"""Brackets in brackets above which a value is refused, so that nothing after us runs out of stack."""


def not_finite(word: str) -> NoReturn:
    """Refuse NaN, infinities and numbers that would become one: ValueError."""
    raise ValueError(f"{word} is no JSON")


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        not_finite("a number as large as that")
    return number


def _integer(digits: str) -> int:
    if len(digits) > 600:  # Python itself draws a line at 4,300, or where it was told to, not below 640
        not_finite("a number as large as that")
    return int(digits)


def too_deep() -> NoReturn:
    """Refuse a value that is nested too deeply: ValueError."""
    raise ValueError(f"more than {MAX_DEPTH} brackets in each other")


def shallow(value: Any, text: str) -> Any:
    """The value, if it is not nested too deeply. Few texts have brackets enough for a closer look."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return value
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner for outer in level if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]  # fmt: skip
        if not level:
            return value
    if any(isinstance(inner, (list, dict)) for inner in level):
        too_deep()
    return value


DECODER = json.JSONDecoder(parse_constant=not_finite, parse_float=_number, parse_int=_integer)
