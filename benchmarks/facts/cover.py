"""Covers: parts of a text that no rewording may touch stand as one private character each until the end."""

from __future__ import annotations

import re
from collections.abc import Iterable

FIRST = 0xE000
HIDDEN = "\ue000-\uf8ff"
"""What a covered part looks like, for use inside a character class."""


class Cover:
    """Remembers what it hid. Covers may lie inside covers; `open` lays all of it bare again."""

    def __init__(self, offset: int = 0) -> None:
        self._offset = FIRST + offset
        self._hidden: list[str] = []

    def put(self, part: str) -> str:
        """The character that stands for this part from now on."""
        self._hidden.append(part)
        return chr(self._offset + len(self._hidden) - 1)

    def pattern(self, text: str, pattern: str | re.Pattern[str]) -> str:
        """The text with every match hidden."""
        return re.sub(pattern, lambda match: self.put(match[0]) if match[0] else "", text)

    def words(self, text: str, words: Iterable[str]) -> str:
        """The text with every whole occurrence of these words hidden, the longest first."""
        for word in sorted(set(words), key=len, reverse=True):
            text = self.pattern(text, whole(word))
        return text

    def open(self, text: str) -> str:
        """The text with what was hidden in its place."""
        for at in reversed(range(len(self._hidden))):
            text = text.replace(chr(self._offset + at), self._hidden[at])
        return text


def whole(word: str, flags: int = 0) -> re.Pattern[str]:
    """Matches the word where it is not part of another one; a possessive `'s` may follow."""
    return re.compile(rf"(?<![\w@#]){re.escape(word)}(?![\w])", flags)


def put(text: str, start: int, end: int, new: str) -> str:
    """The text with `new` in place of what stood between two offsets."""
    return text[:start] + new + text[end:]
