"""Whole tokens in a text: where a value stands by itself, and not as a part of something longer."""

from __future__ import annotations

import re
import unicodedata

JOINERS = "-/.,:–−"
SIGNS = "-−+.,"
DIGIT = re.compile(r"\d")
NO_LETTER = re.compile(r"[\W_]+")
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def spans(text: str, value: str) -> list[tuple[int, int]]:
    """Start and end of every place where `value` stands as a whole token (sequence), letter for letter.

    A value with digits is not found inside a longer number or code: no `2` in `7.2`, no `204` in `P-204`.
    """
    found: list[tuple[int, int]] = []
    at = text.find(value) if value else -1
    while at >= 0:
        end = at + len(value)
        if _free_before(text, at, value) and _free_after(text, end, value):
            found.append((at, end))
            at = text.find(value, end)
        else:
            at = text.find(value, at + 1)
    return found


def contains(text: str, value: str) -> bool:
    """True where `value` stands in `text` as a whole token, upper and lower case alike."""
    small, part = text.lower(), value.lower()
    return part in small and bool(spans(small, part))


def words(text: str) -> list[str]:
    """The words and numbers of a text, without punctuation."""
    return WORD.findall(text)


def has_digit(text: str) -> bool:
    """True where a character is a decimal digit."""
    return DIGIT.search(text) is not None


def bare(text: str) -> str:
    """Letters and digits only, lower case: equal for texts that differ in spaces and punctuation."""
    return NO_LETTER.sub("", text.lower())


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_" or bool(unicodedata.combining(char))


def _free_before(text: str, at: int, value: str) -> bool:
    if at == 0:
        return True
    before = text[at - 1]
    if _in_word(before) or before in "@#" or unicodedata.combining(value[0]):
        return False
    if value[0].isdigit() and before in SIGNS:
        return False
    return not (has_digit(value) and before in JOINERS and at > 1 and _in_word(text[at - 2]))


def _free_after(text: str, end: int, value: str) -> bool:
    if end >= len(text):
        return True
    after = text[end]
    if _in_word(after) or after == "@":
        return False
    return not (has_digit(value) and after in JOINERS and end + 1 < len(text) and _in_word(text[end + 1]))
