"""The numbers, times and dates of a text, in digits and in words, with their units and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from seedstock.facts.lists import Language, units
from seedstock.facts.numerals import Piece, canonical, clock, decade, pieces, scaled
from seedstock.facts.quantities import is_negative, low, unit_of, with_part, with_power
from seedstock.facts.scan import Token
from seedstock.facts.spelled import Spelled, spelled

_AT = frozenset("at by until till from to around before after past since".split())
_NOONS = {"noon": "0:00pm", "midday": "0:00pm", "midnight": "0:00am"}
_ALREADY_COUNTED = frozenset("the these those".split())


@dataclass(frozen=True, slots=True)
class Number:
    """A number where it stands: tokens `first` to `last`.

    `firm` is False where the word may be no number at all (`one`, `second`, `double bed`): it can
    answer for a number of the other text, but is not asked for. `kind` as in `numerals.Piece`.
    """

    value: str
    unit: str
    kind: str
    firm: bool
    first: int
    last: int


@dataclass(slots=True)
class Counted:
    """What was read of a text: numbers (times and dates among them) and the tokens they took."""

    numbers: list[Number] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    def add(self, piece: Piece, first: int, last: int, firm: bool = True) -> int:
        """One more number; returns the token after it."""
        self.numbers.append(Number(piece.value, piece.unit, piece.kind, firm, first, last))
        self.taken.update(range(first, last + 1))
        return last + 1


def count(tokens: Sequence[Token], words: Language) -> Counted:
    """All numbers, times and dates of a text, in order."""
    found = Counted()
    at = 0
    while at < len(tokens):
        kind = tokens[at].kind
        if kind == "number":
            at = _digits(tokens, at, found, words)
        elif kind == "word":
            at = _word(tokens, at, found, words)
        else:
            at += 1
    return found


def _digits(tokens: Sequence[Token], at: int, found: Counted, words: Language) -> int:
    read = pieces(tokens[at].low, words.code != "en")
    if len(read) == 1 and read[0].kind == "number":
        return _number(tokens, at, at, read[0], found, words)
    unit, half = unit_of(tokens, at, at)[0], _half(tokens, at + 1)
    for piece in read:
        if piece.kind == "time" and not piece.value.endswith("m"):
            piece = replace(piece, value=piece.value + half)
        elif piece.kind == "number" and not piece.unit:
            piece = replace(piece, unit=unit)
        found.add(piece, at, at)
    return at + 1


def _number(
    tokens: Sequence[Token], first: int, last: int, piece: Piece, found: Counted, words: Language,
    firm: bool = True,
) -> int:  # fmt: skip
    """A number with what follows it. Returns the token after all of it."""
    value, in_digits = piece.value, tokens[last].kind == "number"
    if end := _hour(tokens, first, last, value, found):
        return end
    if low(tokens, last + 1) == "s" and len(value) == 4 and value.isdecimal():
        return found.add(Piece("decade", decade(int(value))), first, last + 1)
    if in_digits and is_negative(tokens, first):
        value = f"-{value}"
    if in_digits:
        value, last = with_power(tokens, last, value, words)
    value, last = with_part(tokens, last, value, words)
    unit, end = (piece.unit, last) if piece.unit else unit_of(tokens, first, last)
    if unit == "cent" and "/" not in value and len(value) < 12:
        value, unit = scaled(value, -2), "dollar"  # $0.50 and 50 cents are two notations of one price
    elif unit == "dollar" and value.isdecimal() and (cents := _cents(tokens, end, words)):
        value, end = canonical(f"{value}.{cents[0]:02}"), cents[1]
        firm = True
    sure = firm or (unit not in ("", "times") and value != "1")
    return found.add(Piece("number", value, unit), first, end, sure)


def _cents(tokens: Sequence[Token], last: int, words: Language) -> tuple[int, int] | None:
    """`one dollar and fifty cents`: the cents and where they end."""
    at = last + 1 + (low(tokens, last + 1) in words.join)
    if at >= len(tokens):
        return None
    read = spelled(tokens, at, words)
    value, end = (read.value, read.last) if read else (tokens[at].low, at)
    if not value.isdecimal() or len(value) > 2 or low(tokens, end + 1) not in ("cents", "cent"):
        return None
    return int(value), end + 1


def _hour(tokens: Sequence[Token], first: int, last: int, value: str, found: Counted) -> int:
    """`8 pm`, `8 o'clock`, `eight o'clock pm`; 0 where the number is no hour."""
    if not value.isdecimal() or int(value[:3]) > 24:
        return 0
    told = low(tokens, last + 1) in ("o'clock", "oclock")
    half = _half(tokens, last + 1 + told)
    if not (told or half) or (half and int(value) > 12):
        return 0
    return found.add(Piece("time", clock(int(value), 0, half)), first, last + told + bool(half))


def _half(tokens: Sequence[Token], at: int) -> str:
    """`am` or `pm` at this place; the `am` of `I am` does not follow a number."""
    return low(tokens, at) if low(tokens, at) in ("am", "pm") else ""


def _word(tokens: Sequence[Token], at: int, found: Counted, words: Language) -> int:
    if words.code == "en":
        if tokens[at].low in _NOONS:
            return found.add(Piece("time", _NOONS[tokens[at].low]), at, at)
        if end := _told_time(tokens, at, found, words):
            return end
    read = spelled(tokens, at, words)
    if read is None:
        return at + 1
    if read.kind != "number":
        return found.add(Piece(read.kind, read.value), at, read.last, read.firm)
    if end := _spelled_time(tokens, at, read, found, words):
        return end
    if tokens[at].low == "both":  # of what is named anyway: a unit after it is not counted
        return found.add(Piece("number", read.value), at, at, read.firm)
    firm = read.firm and not (read.value == "2" and _already_counted(tokens, at, read.last))
    unit = "times" if tokens[at].low in words.times else ""
    return _number(tokens, at, read.last, Piece("number", read.value, unit), found, words, firm)


def _spelled_time(tokens: Sequence[Token], at: int, hour: Spelled, found: Counted, words: Language) -> int:
    """`at six thirty`, `six thirty pm`; 0 where it is none."""
    minute = spelled(tokens, hour.last + 1, words)
    if minute is None or not (low(tokens, at - 1) in _AT or _half(tokens, minute.last + 1)):
        return 0
    if not (hour.value + minute.value).isdecimal():
        return 0
    if not 0 < int(hour.value[:3]) < 13 or not 9 < int(minute.value[:3]) < 60:
        return 0
    half = _half(tokens, minute.last + 1)
    time = clock(int(hour.value), int(minute.value), half)
    return found.add(Piece("time", time), at, minute.last + bool(half))


def _told_time(tokens: Sequence[Token], at: int, found: Counted, words: Language) -> int:
    """`half past six`, `a quarter to five`, `ten past two`; 0 where it is none."""
    how = low(tokens, at + 1)
    if how not in ("past", "to") or (how == "to" and tokens[at].low != "quarter"):
        return 0
    minute = {"half": 30, "quarter": 15}.get(tokens[at].low) or words.numbers.get(tokens[at].low, 0)
    said = low(tokens, at + 2)
    hour = int(said) if said.isdecimal() and len(said) < 3 else words.numbers.get(said, 0)
    if not 4 < minute < 31 or not 0 < hour < 13:
        return 0
    if how == "to":
        hour, minute = hour - 1 or 12, 60 - minute
    half = _half(tokens, at + 3)
    return found.add(Piece("time", clock(hour, minute, half)), at, at + 2 + bool(half))


def _already_counted(tokens: Sequence[Token], at: int, last: int) -> bool:
    """`the two`, `two of them`: said of what the text names anyway."""
    if low(tokens, at - 1) in _ALREADY_COUNTED and low(tokens, last + 1) not in units():
        return True
    return low(tokens, last + 1) == "of" and low(tokens, last + 2) in ("them", "us", "you")
