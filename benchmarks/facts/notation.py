"""The same number or unit written otherwise: in digits or words, with or without comma, sign or colon."""

from __future__ import annotations

import re
from collections.abc import Callable

from facts.cover import put
from facts.numbers import ONES, ORDINALS, TENS, suffixed


def in_words(n: int) -> str:
    """A whole number below 100 in words."""
    if n < 20:
        return ONES[n]
    return TENS[n // 10 - 2] + (f"-{ONES[n % 10]}" if n % 10 else "")


MONTHS = "january february march april may june july august september october november december".split()
_WORDS = {in_words(n): n for n in range(2, 100)}
_LABEL = r"(?<![\w.,/:#$€£+^)\\(-])(?<!and )(?<!or )" + "".join(f"(?<!{m} )" for m in MONTHS)
_SPELLED = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?![\w]| hundred| thousand|-)"
)


def _to_words(match: re.Match[str]) -> str:
    return in_words(int(match[0]))


def _to_digits(match: re.Match[str]) -> str:
    return str(_WORDS[match[0]])


def _price_words(match: re.Match[str]) -> str:
    return f"{match[1]} dollars"


def _ordinal_out(match: re.Match[str]) -> str:
    return ORDINALS[int(match[1])]


def _ordinal_in(match: re.Match[str]) -> str:
    return suffixed(ORDINALS.index(match[0]))


def _clock(match: re.Match[str]) -> str:
    return f"{match[1]}:00 {match[2].upper()}M"


_NOUN = r"(?= (?!pm|am|million|billion|hr\b|kg|oz|mb)[a-z]{2,})"
_LONG = r"(?:[3-9]\d{3}|1[1-4]\d\d|10[1-9]\d|[1-9]000)"
"""Four digits that are hardly a year."""
_AFTER_PRICE = r"(?= (?:for|per|each|on|and|to|from|in|more|less)\b|[.?](?:\s|$)|, )"
SAME: list[tuple[str, Callable[[re.Match[str]], str] | str]] = [
    (_LABEL + r"(?<=[a-z] )(?:[2-9]|[1-9]\d)" + _NOUN, _to_words),
    (_SPELLED.pattern + r"(?= [a-z])", _to_digits),
    (r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", lambda m: m[0].replace(",", "")),
    (rf"(?<![\w,.$/#-]){_LONG}(?= [a-z]+s\b| square)", lambda m: f"{int(m[0]):,}"),
    (r"(?<=\$)\d{4}(?=[ ,?])(?!,\d)", lambda m: f"{int(m[0]):,}"),
    (r"\$(\d[\d,]*(?:\.\d\d)?)(?!\d)" + _AFTER_PRICE, _price_words),
    (r"(?<![\w.])(\d+) dollars\b", r"$\1"),
    (r"(?<=\d)%(?= )", " percent"),
    (r"(?<=\d) percent\b", "%"),
    (r"(?<=the )(\d|1[0-2])(?:st|nd|rd|th)(?= (?!of\b)[a-z])", _ordinal_out),
    (rf"(?<=the )(?:{'|'.join(ORDINALS[3:])})(?= (?!of\b)[a-z])", _ordinal_in),
    (r"(?<![\d:])(\d{1,2}) ?([ap])m\b", _clock),
    (r"(?<![\d:-])(\d{1,2}):00 ([ap])m\b(?!\.)", r"\1 \2m"),
    (r"(?<=\d) ?kg\b", " kilograms"),
    (r"(?<=\d) oz\b", " ounces"),
    (r"\bmiles per hour\b", "mph"),
    (r"(?<=\d) ?MPH\b", " miles per hour"),
    (r"(?<=\d)mph\b", " miles per hour"),
    (r"(?<=\d) MB\b", " megabytes"),
    (r"(?<=\d) hr\b", " hour"),
    (r"(?<=\d) kilometers\b", " km"),
    (r"(?<=\d) pounds\b", " lbs"),
    (r"(?<=\d) ounces\b", " oz"),
    (r"\ba dozen(?= [a-z]+s\b)", "12"),
    (r"(?<=\d) minutes\b", " mins"),
]


def notations(text: str) -> list[str]:
    """Every text in which one number or unit is written otherwise and means the same."""
    out = []
    for pattern, new in SAME:
        for match in re.finditer(pattern, text):
            written = new(match) if callable(new) else match.expand(new)
            if written != match[0]:
                out.append(put(text, *match.span(), written))
    return list(dict.fromkeys(out))
