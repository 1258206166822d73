"""The numbers, times and dates of a text, in digits and in words, with their units and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from seedstock.facts.lists import Language, units
from seedstock.facts.numerals import Piece, clock, decade, pieces, product, ratio, scaled
from seedstock.facts.scan import Token
from seedstock.facts.spelled import Spelled, spelled

_CURRENCY = {"$": "dollar", "€": "euro", "£": "¤", "¥": "¥", "₹": "rupee", "us$": "dollar"}
_BETWEEN = frozenset(
    "more extra additional full whole fluid square cubic further long other of those these the short"
    " solid straight consecutive calendar business working".split()
)
_SPEEDS = {"mile": "mph", "km": "kph"}
_HOURS = frozenset("hour hr h".split())
_POWERS = {"hundred": 2, "thousand": 3, "million": 6, "millions": 6, "billion": 9, "trillion": 12}
_HALVES = {"am": "am", "pm": "pm"}
_AT = frozenset("at by until till from around before after past to since".split())
_NOONS = {"noon": "0:00pm", "midday": "0:00pm", "midnight": "0:00am"}
_WEAK_BEFORE = frozenset("the these those".split())


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

    def add(self, piece: Piece, firm: bool, first: int, last: int) -> None:
        """One more number."""
        self.numbers.append(Number(piece.value, piece.unit, piece.kind, firm, first, last))
        self.taken.update(range(first, last + 1))


def count(tokens: Sequence[Token], words: Language) -> Counted:
    """All numbers, times and dates of a text, in order."""
    found = Counted()
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "number":
            at = _digits(tokens, at, found, words)
        elif token.kind == "word":
            at = _word(tokens, at, found, words)
        else:
            at += 1
    return found


def _digits(tokens: Sequence[Token], at: int, found: Counted, words: Language) -> int:
    read = pieces(tokens[at].text, words.code != "en")
    if len(read) > 1:
        unit = _unit(tokens, at, read[-1])[0]
        for piece in read:
            half = _half(tokens, at + 1) if piece.kind == "time" else ""
            shown = replace(piece, value=piece.value + half) if half and piece.value[-1] != "m" else piece
            found.add(replace(shown, unit=shown.unit or unit) if shown.kind == "number" else shown, True, at, at)
        return at + 1
    piece = read[0]
    if piece.kind == "number":
        return _number(tokens, at, at, piece, found, words)
    if piece.kind == "time" and piece.value[-1] != "m" and (half := _half(tokens, at + 1)):
        piece = replace(piece, value=piece.value + half)
        found.add(piece, True, at, at + 1)
        return at + 2
    found.add(piece, True, at, at)
    return at + 1


def _number(
    tokens: Sequence[Token], first: int, last: int, piece: Piece, found: Counted, words: Language, firm: bool = True
) -> int:
    """A number in digits or words with what follows it: a power, a half, a unit, a half of the day."""
    value = piece.value
    if first == last and tokens[first].kind == "number" and _negative(tokens, first):
        value = f"-{value}"
    after = _low(tokens, last + 1)
    if after == "s" and len(value) == 4 and value.isdigit():
        found.add(Piece("decade", decade(int(value))), True, first, last + 1)
        return last + 2
    if (half := _half(tokens, last + 1)) and value.isdigit() and int(value[:3]) < 13:
        found.add(Piece("time", clock(int(value), 0, half)), True, first, last + 1)
        return last + 2
    if after in ("o'clock", "oclock") and value.isdigit() and int(value[:3]) < 25:
        half = _half(tokens, last + 2)
        found.add(Piece("time", clock(int(value), 0, half)), True, first, last + 1 + bool(half))
        return last + 2 + bool(half)
    if after in _POWERS and tokens[last].kind == "number":
        value, last = scaled(value, _POWERS[after]), last + 1
    elif after in words.scales and tokens[last].kind == "number":
        value, last = product(value, words.scales[after]), last + 1
    elif after in ("bn", "mn", "mio") and tokens[last].kind == "number":
        value, last = scaled(value, 9 if after == "bn" else 6), last + 1
    value, last = _with_part(tokens, last, value, words)
    unit, end = _unit(tokens, last, piece, first)
    if unit == "cent" and value[0] != "-" and len(value) < 12:
        value, unit = scaled(value, -2), "dollar"  # $0.50 and 50 cents are two notations of one price
    found.add(Piece("number", value, unit), firm or bool(unit and value != "1"), first, max(last, end))
    return max(last, end) + 1


def _negative(tokens: Sequence[Token], at: int) -> bool:
    if at == 0 or tokens[at - 1].text != "-" or not tokens[at].glued:
        return False
    return not tokens[at - 1].glued or (at > 1 and tokens[at - 2].text in "([{=,:")


def _with_part(tokens: Sequence[Token], last: int, value: str, words: Language) -> tuple[str, int]:
    """`1 and a half`, `three-and-a-half`, `2 1/2`: the part belongs to the number before it."""
    at = last + 1
    if _low(tokens, at) == "-":
        at += 1
    if _low(tokens, at) not in words.join:
        token = tokens[at] if at < len(tokens) else None
        if token and token.kind == "number" and "/" in token.text and value.isdigit() and len(value) < 6:
            above, _, below = token.text.partition("/")
            if above.isdigit() and below.isdigit() and 0 < int(above[:4]) < int(below[:4]) < 100:
                return ratio(int(value) * int(below) + int(above), int(below)), at
        return value, last
    at += 1
    while _low(tokens, at) in ("-", "a"):
        at += 1
    above = 1
    if _low(tokens, at) == "three" and _low(tokens, at + 1) in ("quarters", "fourths"):
        above, at = 3, at + 1
    part = words.parts.get(_low(tokens, at))
    if not part or not value.isdigit() or len(value) > 6 or (part != 2 and _low(tokens, at - 1) != "a" and above == 1):
        return value, last
    return ratio(int(value) * part + above, part), at


def _unit(tokens: Sequence[Token], last: int, piece: Piece, first: int | None = None) -> tuple[str, int]:
    """The unit of a number and the token it ends with: `5 kg`, `$5`, `5 extra minutes`, `USD 5`, `5%`."""
    before = (last if first is None else first) - 1
    if piece.unit:
        return piece.unit, last
    if before >= 0 and tokens[before].text == "-":
        before -= 1
    if before >= 0:
        low = tokens[before].text.lower()
        if low in _CURRENCY:
            return _CURRENCY[low].replace("¤", "£"), last
        if low in ("usd", "eur", "gbp", "inr", "chf", "jpy"):
            return units()[low][0], last
    at = last + 1
    if _low(tokens, at) == "-":
        at += 1
    if _low(tokens, at) in _BETWEEN:
        at += 1
    low = _low(tokens, at)
    if low == "per" and _low(tokens, at + 1) == "cent":
        return "%", at + 1
    if low == "°":
        return "°" + _low(tokens, at + 1), at + 1
    if low in _CURRENCY:
        return _CURRENCY[low].replace("¤", "£"), at
    if low not in units() or (len(low) == 1 and low not in "%$€£¥₹¢"):
        return "", last
    unit = units()[low][0]
    if unit in _SPEEDS and _low(tokens, at + 1) in ("per", "an", "/") and _low(tokens, at + 2) in _HOURS:
        return _SPEEDS[unit], at + 2
    return unit, at


def _half(tokens: Sequence[Token], at: int) -> str:
    """`am` or `pm` at this place; `am` of `I am` does not follow a number."""
    return _HALVES.get(_low(tokens, at), "")


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if at < len(tokens) else ""


def _word(tokens: Sequence[Token], at: int, found: Counted, words: Language) -> int:
    low = tokens[at].low
    if low in _NOONS and words.code == "en":
        found.add(Piece("time", _NOONS[low]), True, at, at)
        return at + 1
    if end := _told_time(tokens, at, found, words):
        return end
    read = spelled(tokens, at, words)
    if read is None:
        return at + 1
    return _read(tokens, at, read, found, words)


def _read(tokens: Sequence[Token], at: int, read: Spelled, found: Counted, words: Language) -> int:
    if read.kind != "number":
        found.add(Piece(read.kind, read.value), read.firm, at, read.last)
        return read.last + 1
    minutes = spelled(tokens, read.last + 1, words) if _low(tokens, at - 1 if at else 0) in _AT else None
    if minutes and minutes.kind == "number" and _is_clock(read.value, minutes.value):
        half = _half(tokens, minutes.last + 1)
        found.add(Piece("time", clock(int(read.value), int(minutes.value), half)), True, at, minutes.last + bool(half))
        return minutes.last + 1 + bool(half)
    firm = read.firm and not (read.value == "2" and _loose_two(tokens, at, read.last))
    return _number(tokens, at, read.last, Piece("number", read.value), found, words, firm)


def _is_clock(hour: str, minute: str) -> bool:
    return hour.isdigit() and minute.isdigit() and 0 < int(hour[:3]) < 13 and 9 < int(minute[:3]) < 60


def _loose_two(tokens: Sequence[Token], at: int, last: int) -> bool:
    """`the two`, `two of them`: said of what is already counted."""
    if at and tokens[at - 1].low in _WEAK_BEFORE and not (last + 1 < len(tokens) and tokens[last + 1].low in units()):
        return True
    return _low(tokens, last + 1) == "of" and _low(tokens, last + 2) in ("them", "us", "you")


def _told_time(tokens: Sequence[Token], at: int, found: Counted, words: Language) -> int:
    """`half past six`, `a quarter to five`, `ten past two`; 0 where it is none."""
    if words.code != "en" or _low(tokens, at + 1) not in ("past", "to"):
        return 0
    low = tokens[at].low
    minutes = {"half": 30, "quarter": 15}.get(low, words.numbers.get(low, 0))
    hour = words.numbers.get(_low(tokens, at + 2)) or _digit_hour(_low(tokens, at + 2))
    if not 4 < minutes < 31 or not 0 < hour < 13 or (tokens[at + 1].low == "to" and low not in ("quarter",)):
        return 0
    if tokens[at + 1].low == "to":
        hour, minutes = (hour - 1 or 12), 60 - minutes
    half = _half(tokens, at + 3)
    found.add(Piece("time", clock(hour, minutes, half)), True, at, at + 2 + bool(half))
    return at + 3 + bool(half)


def _digit_hour(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 3 else 0
