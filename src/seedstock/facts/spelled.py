"""Numbers in words: `twelve hundred`, `twenty-five`, `two-thirds`, `nineteen eighty`, `three eight nine`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedstock.facts.lists import Language
from seedstock.facts.numerals import decade, ratio
from seedstock.facts.scan import Token

_LARGE = 10**15
_GROUPS = {"couple": 2, "pair": 2, "pairs": 2, "both": 2, "duo": 2, "trio": 3, "single": 1}
_FIRM_HALF = frozenset("of as the that a an his her its their my our your this these those what".split())
_HALF_AFTER = frozenset("in by at than only about exactly and".split())
_FIRM_TIMES = frozenset("the that of as his her its their what this".split())


@dataclass(frozen=True, slots=True)
class Spelled:
    """A number in words that ends with token `last`; kind and value as in `numerals.Piece`."""

    value: str
    kind: str
    firm: bool
    last: int


def spelled(tokens: Sequence[Token], at: int, words: Language) -> Spelled | None:
    """The number that begins with this word; None where it is none."""
    if at >= len(tokens) or tokens[at].kind != "word":
        return None
    low = tokens[at].low
    if low in words.numbers or low in words.scales:
        return _cardinal(tokens, at, words)
    if low in ("a", "an", "half") and (found := _article(tokens, at, words)):
        return found
    if low in _GROUPS and words.code == "en":
        return Spelled(str(_GROUPS[low]), "number", False, at)
    if low in words.times:
        firm = low in ("twice", "thrice") or _next(tokens, at) in _FIRM_TIMES
        return Spelled(str(words.times[low]), "number", firm, at)
    if low in words.decades:
        return Spelled(decade(words.decades[low]), "decade", len(low) > 6 or words.decades[low] > 40, at)
    if low in ("half", "halves"):
        return Spelled("0.5", "number", _is_firm_half(tokens, at), at)
    if low in words.ordinals:
        value = words.ordinals[low]
        return Spelled(str(value), "ordinal", value > 2, at)
    return None


def _next(tokens: Sequence[Token], at: int) -> str:
    return tokens[at + 1].low if at + 1 < len(tokens) else ""


def _is_firm_half(tokens: Sequence[Token], at: int) -> bool:
    before = tokens[at - 1].low if at else ""
    return tokens[at].low == "half" and (_next(tokens, at) in _FIRM_HALF or before in _HALF_AFTER)


def _article(tokens: Sequence[Token], at: int, words: Language) -> Spelled | None:
    """`a hundred`, `a dozen`, `half a dozen`, `half an hour`, `a third of`, `a quarter`."""
    low, after = tokens[at].low, _next(tokens, at)
    if low == "half":
        third = _next(tokens, at + 1)
        if after in ("a", "an") and third in words.scales:
            return Spelled(str(words.scales[third] // 2), "number", True, at + 2)
        return Spelled("0.5", "number", True, at + 1) if after in ("a", "an") else None
    if after in words.scales:
        return _cardinal(tokens, at + 1, words)
    if after in words.parts and not after.endswith("s") and _next(tokens, at + 1) == "of":
        return Spelled(ratio(1, words.parts[after]), "number", True, at + 1)
    return None


def _cardinal(tokens: Sequence[Token], at: int, words: Language) -> Spelled:
    """The longest number from here on; digits read out one by one are one code of digits."""
    if found := _digit_by_digit(tokens, at, words):
        return found
    value, last = _sum(tokens, at, words)
    if end := _year(tokens, value, last, words):
        return end
    after, step = _after(tokens, last)
    if step and after in words.parts and value and value < words.parts[after]:
        firm = (value, after) != (1, "quarter")  # which may be a coin
        return Spelled(ratio(value, words.parts[after]), "number", firm, last + step)
    ordinal = words.ordinals.get(after, 0)
    # `twenty second graders` are twenty, and twenty-second is one.
    near = step == 2 or after not in ("first", "second")
    if step and near and value % 10 == 0 and value >= 20 and 0 < ordinal < 10 and value % 100:
        return Spelled(str(value + ordinal), "ordinal", True, last + step)
    decimals = _decimals(tokens, last, words)
    if decimals:
        return Spelled(f"{value}.{decimals}", "number", True, last + 1 + len(decimals))
    firm = not (last == at and tokens[at].low in ("one", "zero", "ein", "un", "uno", "une", "una"))
    return Spelled(str(value), "number", firm, last)


def _after(tokens: Sequence[Token], last: int) -> tuple[str, int]:
    """The next word and how far it is: a hyphen may stand between."""
    after = _next(tokens, last)
    return (_next(tokens, last + 1), 2) if after == "-" else (after, 1)


def _sum(tokens: Sequence[Token], at: int, words: Language) -> tuple[int, int]:
    total = part = 0
    last, place, join = at - 1, at, False
    english = words.code == "en"
    while place < len(tokens) and total + part < _LARGE:
        low = tokens[place].low
        if low in words.numbers and (last < at or _fits(part, total, words.numbers[low], join, english)):
            part += words.numbers[low]
        elif low in words.scales and not join:
            scale = words.scales[low]
            part = (part or 1) * scale
            if scale > 100:
                total, part = total + part, 0
        elif last >= at and (low == "-" or low in words.join) and tokens[last].low != "dozen":
            join = low != "-" or join
            place += 1
            continue
        else:
            break
        last, join = place, False
        place += 1
    return total + part, last


def _fits(part: int, total: int, value: int, join: bool, english: bool) -> bool:
    """Whether a number word goes on with the number before it: `twenty` five, `hundred` and two."""
    if part == 0:
        return total > 0 and value < 100
    if join and english:
        return part >= 100 and part % 100 == 0 and value < 100
    if value < 10:
        return part % 10 == 0 and part % 100 != 10
    return part % 100 == 0 and value < 100


def _digit_by_digit(tokens: Sequence[Token], at: int, words: Language) -> Spelled | None:
    digits, place = "", at
    while place < len(tokens) and words.numbers.get(tokens[place].low, 10) < 10 and len(digits) < 20:
        digits += str(words.numbers[tokens[place].low])
        place += 1
    return Spelled(digits, "number", True, place - 1) if len(digits) > 2 else None


def _year(tokens: Sequence[Token], value: int, last: int, words: Language) -> Spelled | None:
    """`nineteen eighty`, `twenty twelve`, `nineteen eighties`."""
    if words.code != "en" or not 10 < value < 21:
        return None
    after = _next(tokens, last)
    if after in words.decades:
        return Spelled(decade(100 * value + words.decades[after]), "decade", True, last + 1)
    if words.numbers.get(after, 0) < 10:
        return None
    rest, end = _sum(tokens, last + 1, words)
    return Spelled(str(100 * value + rest), "number", True, end) if rest < 100 else None


def _decimals(tokens: Sequence[Token], last: int, words: Language) -> str:
    if _next(tokens, last) != "point":
        return ""
    digits, place = "", last + 2
    while place < len(tokens) and words.numbers.get(tokens[place].low, 10) < 10 and len(digits) < 9:
        digits += str(words.numbers[tokens[place].low])
        place += 1
    return digits
