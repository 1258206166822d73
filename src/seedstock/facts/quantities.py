"""What belongs to a number: its sign, the power and the part after it, and its unit on either side."""

from __future__ import annotations

from collections.abc import Sequence

from seedstock.facts.lists import Language, units
from seedstock.facts.numerals import LONGEST, product, ratio, scaled
from seedstock.facts.scan import Token

_SIGNS = frozenset("$ € £ ¥ ₹ us$ usd eur gbp inr chf jpy".split())
_BETWEEN = frozenset(
    "more extra additional full whole fluid square cubic further long other of those these the short solid"
    " straight consecutive calendar business working".split()
)
_SCALES = frozenset("c f k celsius fahrenheit kelvin".split())
_POWERS = {
    "hundred": 2, "thousand": 3, "million": 6, "millions": 6, "billion": 9, "trillion": 12, "bn": 9, "mn": 6,
    "mio": 6,
}  # fmt: skip


def low(tokens: Sequence[Token], at: int) -> str:
    """The folded text of a token; "" outside of the text."""
    return tokens[at].low if 0 <= at < len(tokens) else ""


def is_negative(tokens: Sequence[Token], at: int) -> bool:
    """Whether a minus belongs to this number: ` -4` and `[-4`, but not `7-4`."""
    if low(tokens, at - 1) != "-" or not tokens[at].glued:
        return False
    return not tokens[at - 1].glued or (at > 1 and tokens[at - 2].text in "([{=,:")


def with_power(tokens: Sequence[Token], last: int, value: str, words: Language) -> tuple[str, int]:
    """`2 million`, `5 dozen`, `13.6 bn`: the number and the token it now ends with."""
    after = low(tokens, last + 1)
    if "/" in value or len(value) > LONGEST:
        return value, last
    if after in _POWERS:
        return scaled(value, _POWERS[after]), last + 1
    return (product(value, words.scales[after]), last + 1) if after in words.scales else (value, last)


def with_part(tokens: Sequence[Token], last: int, value: str, words: Language) -> tuple[str, int]:
    """`1 and a half`, `three-and-a-half`, `2 1/2`: the number with its part, and where it now ends."""
    if not value.isdecimal() or len(value) > 6:
        return value, last
    at = last + 1 + (low(tokens, last + 1) == "-")
    if low(tokens, at) not in words.join:
        above, _, below = low(tokens, at).partition("/")
        if above.isdecimal() and below.isdecimal() and 0 < int(above[:4]) < int(below[:4]) < 100:
            return ratio(int(value) * int(below) + int(above), int(below)), at
        return value, last
    at += 1
    while low(tokens, at) in ("-", "a"):
        at += 1
    count = 3 if low(tokens, at) == "three" else 1
    part = words.parts.get(low(tokens, at + (count == 3)), 0)
    if part != 2 and not (part and (count == 3 or low(tokens, at - 1) == "a")):
        return value, last
    return ratio(int(value) * part + count, part), at + (count == 3)


def unit_of(tokens: Sequence[Token], first: int, last: int) -> tuple[str, int]:
    """The unit of a number and where it ends: `5 kg`, `$5`, `5 extra minutes`, `USD 5`, `5 per cent`."""
    before = first - 1 - (low(tokens, first - 1) == "-")
    if low(tokens, before).lower() in _SIGNS:
        return units()[low(tokens, before).lower()][0], last
    at = last + 1 + (low(tokens, last + 1) == "-")
    at += low(tokens, at) in _BETWEEN
    after = low(tokens, at)
    if after == "per" and low(tokens, at + 1) == "cent":
        return "%", at + 1
    if after == "°":
        scale = low(tokens, at + 1)
        return (f"°{scale[0]}", at + 1) if scale in _SCALES else ("°", at)
    if after not in units() or (len(after) == 1 and after.isalpha()):
        return "", last
    return units()[after][0], at
