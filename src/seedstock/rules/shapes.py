"""The shape of a value: what another value must share with it to stand in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from seedstock.rules.formats import date_format, measure, time_format
from seedstock.rules.kept import negations
from seedstock.rules.tokens import has_digit, words

Kind = Literal["date", "time", "number", "code", "name", "phrase"]

CODE = re.compile(
    r"[A-Za-z]{1,5}[-_/.]?\d{1,6}(?:[-_/.]?[A-Za-z0-9]{1,4})?|\d{1,5}[-/]\d{1,5}|\d{1,4}[A-Z]{1,4}"
)
ENDINGS = ("ings", "ing", "ed", "ly", "s")
CONSONANT_SOUND = re.compile(r"(?:uni(?!n)|us[ae]|util|eu|one\b|once|ubiq|ural|uk\b)", re.IGNORECASE)
VOWEL_SOUND = re.compile(r"(?:hour|honest|hono|heir|8|11\b|18)", re.IGNORECASE)
VOWEL_LETTERS = "aefhilmnorsx"
DETERMINERS = frozenset("a an the this that these those my your our his her its their some any no".split())


@dataclass(frozen=True, slots=True)
class Shape:
    """`case`: lower, title, upper or mixed. `ending` only of one lower-case word, `unit` only of numbers."""

    kind: Kind
    case: str
    digits: bool
    words: int
    ending: str
    unit: str
    negations: int


def shape_of(value: str) -> Shape:
    """The shape of a value."""
    parts = words(value)
    quantity = measure(value)
    return Shape(
        kind=_kind(value), case=case_of(value), digits=has_digit(value), words=len(parts),
        ending=_ending(value) if len(parts) == 1 else "", unit="" if quantity is None else quantity.unit,
        negations=negations(value).total(),
    )  # fmt: skip


def alike(one: Shape, other: Shape) -> bool:
    """True where a value of one shape can stand where the other stood."""
    same = (one.kind, one.case, one.digits, one.ending, one.unit, one.negations) == (
        other.kind, other.case, other.digits, other.ending, other.unit, other.negations,
    )  # fmt: skip
    few, many = sorted((one.words, other.words))
    return same and (few == many or (few > 1 and many <= 2 * few))


def opens_alike(one: str, other: str) -> bool:
    """True where two phrases start with words of one form: `leaking oil` as `dripping on the tiles`."""
    first, second = words(one), words(other)
    if min(len(first), len(second)) < 2 or not (first[0].islower() and second[0].islower()):
        return True
    return _ending(first[0]) == _ending(second[0])


def case_of(value: str) -> str:
    """`lower`, `title`, `upper` or `mixed`, judged by the words without digits."""
    plain = [word for word in words(value) if not has_digit(word)]
    if all(word.islower() for word in plain):
        return "lower"
    if all(word.isupper() for word in plain) and any(len(word) > 1 for word in plain):
        return "upper"
    # Short words (of, and, von) may be small in a name, but not the first one.
    big = all(word[0].isupper() or (at > 0 and len(word) <= 3) for at, word in enumerate(plain))
    return "title" if big else "mixed"


def reads_well(before: str, value: str, after: str) -> bool:
    """True where `value` fits between the word before it and the word after it (both may be empty).

    `a` and `an` want their sounds and no plural, an article no second one, and no word comes twice in a row.
    """
    inner = words(value.lower())
    if not inner:
        return True
    if before in ("a", "an") and vowel_sound(value) != (before == "an"):
        return False
    if before in ("a", "an") and inner[-1].endswith("s") and not inner[-1].endswith(("ss", "us", "is")):
        return False
    if before in DETERMINERS and inner[0] in DETERMINERS:
        return False
    return before.rstrip("s") != inner[0].rstrip("s") and inner[-1].rstrip("s") != after.rstrip("s")


def vowel_sound(value: str) -> bool:
    """True where English says `an` before the value."""
    first = words(value)[0] if words(value) else value
    if VOWEL_SOUND.match(first):
        return True
    if CONSONANT_SOUND.match(first):
        return False
    spelled = len(first) == 1 or (
        not has_digit(first) and ((first.isupper() and len(first) < 5) or _mute(first))
    )
    return first[0].lower() in (VOWEL_LETTERS if spelled else "aeiou")


def _mute(word: str) -> bool:
    return not any(char in "aeiouy" for char in word.lower())


def _kind(value: str) -> Kind:
    if date_format(value) is not None:
        return "date"
    if time_format(value) is not None:
        return "time"
    if measure(value) is not None:
        return "number"
    if CODE.fullmatch(value):
        return "code"
    return "name" if case_of(value) == "title" and not has_digit(value) else "phrase"


def _ending(value: str) -> str:
    if not value.islower() or value.endswith("ss"):
        return ""
    return next((end for end in ENDINGS if value.endswith(end) and len(value) > len(end) + 1), "")
