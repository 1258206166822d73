"""One piece of text with digits in it, read: a number with its unit, a time, a date, a range, or a code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from seedstock.facts.lists import units

LONGEST = 25
"""Digits beyond this are a code: nobody counts that far."""

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_PLAIN = re.compile(_NUMBER)
_SUFFIXED = re.compile(rf"({_NUMBER})'?([^\W\d_]+)")
_SCIENCE = re.compile(r"\d+(?:\.\d+)?[eE]-?\d{1,3}")
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?::\d{2})?(am|pm)", re.IGNORECASE)
_BARE_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_HOUR = re.compile(r"(\d{1,2})(am|pm)", re.IGNORECASE)
_TIGHT = re.compile(r"(\d{1,2})(\d{2})(am|pm)", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_FRACTION = re.compile(r"(\d{1,6})/(\d{1,6})")
_EUROPEAN = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+),(\d{1,2})|(\d{1,3}(?:\.\d{3})+)")
_PREFIX = re.compile(
    r"(?:mid|pre|post|early|late|non|sub|top|under|over|anti|and|or|to)-?(?=\d)", re.IGNORECASE
)
_HALF_DAY = re.compile(r"(?<=\d)([ap])\.m\.?$", re.IGNORECASE)
_CHAT = frozenset("b4 gr8 l8 l8r m8 h8 w8 2day 2moro 2nite 2nd4 str8 4u".split())
_MAGNITUDES = {"k": 3, "m": 6, "mn": 6, "mio": 6, "mm": 6, "b": 9, "bn": 9, "bln": 9, "t": 12}
_MONEY = {"k", "bn", "bln", "mn", "mio"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One fact in a piece of text.

    `kind` is `number`, `ordinal`, `decade`, `time`, `month`, `part` (of a date) or `code`; `value` is
    canonical: `1200`, `0.25`, `1980s`, `2:20pm`; `unit` is one of units.txt or "".
    """

    kind: str
    value: str
    unit: str = ""


def canonical(number: str) -> str:
    """A number in one notation: `1,200` → `1200`, `2.50` → `2.5`, `.6` → `0.6`, `007` as it stands."""
    bare = number.replace(",", "")
    whole, dot, part = bare.partition(".")
    part = part.rstrip("0")
    return (whole or "0") + dot + part if dot and part else whole or "0"


def scaled(number: str, power: int) -> str:
    """A number times ten to a power: `2.5`, 6 → `2500000`."""
    return format(Decimal(number).scaleb(power).normalize(), "f")


def product(number: str, factor: int) -> str:
    """A number times a whole number."""
    return format((Decimal(number) * factor).normalize(), "f")


@lru_cache(maxsize=4096)
def ratio(above: int, below: int) -> str:
    """A fraction: as a decimal where that is exact (`1/4` → `0.25`), else in lowest terms (`1/3`)."""
    if not below:
        return f"{above}/0"
    exact = Decimal(above) / Decimal(below)
    if exact * below == above and len(str(exact)) < LONGEST:
        return format(exact.normalize(), "f")
    left, right = above, below
    while right:
        left, right = right, left % right
    return f"{above // left}/{below // left}"


@lru_cache(maxsize=1 << 14)
def pieces(text: str, commas: bool = False) -> tuple[Piece, ...]:
    """What a piece of text with a digit in it says. `commas`: the language writes 3,5 for 3.5."""
    if len(text) > 80:
        return (Piece("code", _code(text)),)
    if text.isdecimal():
        return (Piece("number" if len(text) <= LONGEST else "code", text),)
    if text.lower() in _CHAT:
        return ()
    text = _HALF_DAY.sub(r"\1m", text)
    prefix = _PREFIX.match(text)
    if prefix:
        return pieces(text[prefix.end() :], commas)
    return _whole(text, commas) or _parts(text, commas) or (Piece("code", _code(text)),)


def _whole(text: str, commas: bool) -> tuple[Piece, ...]:
    """The piece as one number, time or date; nothing where it is none."""
    if commas and (match := _EUROPEAN.fullmatch(text)):
        whole = (match[1] or match[3]).replace(".", "")
        return (Piece("number", canonical(f"{whole}.{match[2] or ''}")),)
    if _PLAIN.fullmatch(text):
        return (Piece("number", canonical(text)),) if len(text) <= LONGEST else ()
    if match := _FRACTION.fullmatch(text):
        return (Piece("number", ratio(int(match[1]), int(match[2]))),)
    if _SCIENCE.fullmatch(text) and len(text) < 10:
        return (Piece("number", format(Decimal(text).normalize(), "f")[:60]),)
    return _clock(text) or _date(text) or _suffixed(text)


def _clock(text: str) -> tuple[Piece, ...]:
    for shape in (_CLOCK, _TIGHT):
        if (match := shape.fullmatch(text)) and int(match[1]) < 13 and int(match[2]) < 60:
            return (Piece("time", f"{int(match[1]) % 12}:{match[2]}{match[3].lower()}"),)
    if (match := _HOUR.fullmatch(text)) and int(match[1]) < 13:
        return (Piece("time", f"{int(match[1]) % 12}:00{match[2].lower()}"),)
    if (match := _BARE_CLOCK.fullmatch(text)) and int(match[1]) < 24 and int(match[2]) < 60 and not match[3]:
        return (Piece("time", clock(int(match[1]), int(match[2]))),)
    return ()


def clock(hour: int, minute: int, half: str = "") -> str:
    """A time in one notation: 14:20 → `2:20pm`; `2:20` without a half of the day may be either."""
    half = "pm" if hour > 12 else half
    return f"{hour % 12}:{minute:02}{half}"


def _date(text: str) -> tuple[Piece, ...]:
    if (match := _ISO.fullmatch(text)) and 0 < int(match[3]) < 13 and 0 < int(match[4]) < 32:
        return Piece("part", match[1]), Piece("month", str(int(match[3]))), Piece("part", str(int(match[4])))
    if match := _DAY_FIRST.fullmatch(text):
        one, two, year = int(match[1]), int(match[3]), match[4]
        if 0 < max(one, two) < 32 and 0 < min(one, two) < 13:
            return tuple(Piece("part", value) for value in (str(one), str(two), year))
    return ()


def _suffixed(text: str) -> tuple[Piece, ...]:
    """A number and letters that belong to it: `3rd`, `1980s`, `30mph`, `2k`, `5x`."""
    match = _SUFFIXED.fullmatch(text)
    if not match or len(match[1]) > LONGEST:
        return ()
    number, letters = canonical(match[1]), match[2]
    low = letters.lower()
    if low in ("st", "nd", "rd", "th") and number.isdecimal():
        return (Piece("ordinal", number),)
    if low == "s" and number.isdecimal() and number[-1] == "0" and len(number) in (2, 4):
        return (Piece("decade", decade(int(number))),)
    if low == "x":
        return (Piece("number", number, "times"),)
    if low in _MONEY or (low in _MAGNITUDES and letters == "M"):
        return (Piece("number", scaled(number, _MAGNITUDES[low])),)
    if low in units() and (low not in ("c", "f", "h", "g") or "." in number):
        return (Piece("number", number, units()[low][0]),)
    if low in ("h", "g") and letters == low:
        return (Piece("number", number, units()[low][0]),)
    return ()


def decade(year: int) -> str:
    """A decade in one notation: 80, 1980 → `1980s`; 10 → `2010s`."""
    return f"{year if year > 99 else year + (1900 if year > 19 else 2000)}s"


def _parts(text: str, commas: bool) -> tuple[Piece, ...]:
    """A range, score, list or ratio: `700-1000`, `4:00-6:00pm`, `3,12,7`, `3:4`; nothing where it is none."""
    for mark in ("-", ",", ":", "/"):
        found = text.split(mark)
        if len(found) > 1 and all(found) and (len(found) == 2 or mark == ","):
            read = [_whole(part, commas) for part in found]
            if all(read):
                return tuple(piece for part in read for piece in part)
    return ()


def _code(text: str) -> str:
    """A code without what people leave out: `P-204`, `p204` and `P 204` are one."""
    return "".join(char for char in text.casefold() if char.isalnum())
