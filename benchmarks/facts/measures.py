"""Units, codes and multipliers: facts beside the numbers, each with another one of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from facts.cover import put
from facts.numbers import NOISE, WORD, Number, blank

UNITS = {
    "miles": "kilometers", "mile": "kilometer", "kilometers": "miles", "kilometer": "mile", "km": "miles",
    "meters": "feet", "feet": "meters", "foot": "meter", "inch": "foot", "inches": "feet", "ft": "m",
    "pounds": "kilograms", "pound": "kilogram", "kilograms": "pounds", "kilogram": "pound", "kg": "lb",
    "ounces": "grams", "ounce": "gram", "oz": "g", "gallons": "liters", "gallon": "liter", "ton": "pound",
    "hours": "minutes", "hour": "minute", "hr": "min", "minutes": "hours", "minute": "hour",
    "seconds": "minutes", "days": "weeks", "day": "week", "weeks": "months", "week": "month",
    "months": "years", "month": "year", "years": "months", "year": "month", "decades": "years",
    "dollars": "euros", "dollar": "euro", "cents": "dollars", "mph": "km/h", "yards": "meters",
    "calories": "kilojoules", "MB": "GB", "MPH": "km/h", "barrels": "gallons", "nights": "weeks",
}  # fmt: skip
_ANY = "|".join(sorted(UNITS, key=len, reverse=True))
_UNIT = re.compile(rf"(?<=\d)[ -]?(?:{_ANY})(?!\w)|(?:{WORD}|per|[Hh]ow many)[ -](?:{_ANY})\b|[$€](?=\d)")


def units_changed(text: str) -> list[tuple[str, str]]:
    """Every way to change one unit: the new text and what was changed."""
    return [made for match in _UNIT.finditer(NOISE.sub(blank, text)) for made in _unit(text, match)]


def _unit(text: str, match: re.Match[str]) -> Iterator[tuple[str, str]]:
    if match[0] in "$€":
        new = "€" if match[0] == "$" else "$"
        yield put(text, *match.span(), new), f"{match[0]} → {new}"
        return
    unit = re.search(r"[A-Za-z]+$", match[0])
    if unit:
        start = match.start() + unit.start()
        yield put(text, start, match.end(), UNITS[unit[0]]), f"{unit[0]} → {UNITS[unit[0]]}"


# -- codes

_CODE = re.compile(r"(?<![\w#@'’/.-])(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z]{1,4}-?\d{1,4}[A-Za-z]?(?![\w/-])")


def codes(text: str) -> list[Number]:
    """Codes of letters and digits: a flight, a model, a channel."""
    bare = NOISE.sub(blank, text)
    return [Number(m.start(), m.end(), m[0], "code") for m in _CODE.finditer(bare)]


def another_code(code: str, rng: Random) -> str:
    """The code with one digit changed."""
    at = rng.choice([i for i, char in enumerate(code) if char.isdigit()])
    return put(code, at, at + 1, rng.choice([d for d in "123456789" if d != code[at]]))


# -- multipliers: facts too, counted apart

MULTIPLIERS = {
    r"\btwice as\b": ["three times as", "four times as"],
    r"\bhalf as\b": ["a third as", "a quarter as"],
    r"\bdoubles\b": ["triples"],
    r"(?<!nd )(?<!st )\bhalf of\b": ["a third of", "a quarter of"],
    r"\ba quarter\b": ["a third", "a fifth"],
    r"\ba dozen\b": ["two dozen"],
    r"\btwice a\b": ["three times a"],
    r"\bdouble the\b": ["triple the", "half the"],
    r"\btriple the\b": ["double the"],
}


def multipliers_changed(text: str, rng: Random) -> list[tuple[str, str]]:
    """Every multiplier exchanged for another one: the new text and what was changed."""
    out = []
    for pattern, others in MULTIPLIERS.items():
        for match in re.finditer(pattern, text):
            new = rng.choice(others)
            out.append((put(text, *match.span(), new), f"{match[0]} → {new}"))
    return out
