"""Which fields are copied from the input: learned from real rows, then asked of synthetic ones.

A field whose texts stand in the input in (nearly) all real rows is copied by the task's own rule; a value
of it that does not stand in a row's input was made up. Fields that name a kind, or sum up, are not copied
in the real rows either, and nothing is asked of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from seedstock.jsoncheck.leaves import text_leaves

_QUOTES = str.maketrans("’‘‚‛“”„‟‐‑–—−", "''''\"\"\"\"-----")

_AROUND = re.compile(r" ?([^\w\s]) ?")


@dataclass(frozen=True, slots=True)
class Copied:
    """A field of which `stood` of `n` texts stand in the input of their real row."""

    path: str
    stood: int
    n: int

    @property
    def share(self) -> float:
        """See the class."""
        return self.stood / self.n


def copied_fields(rows: Iterable[tuple[Any, str]], min_share: float, min_texts: int) -> dict[str, Copied]:
    """Fields that real rows, (JSON value, input) each, copy from their input, by path."""
    n: Counter[str] = Counter()
    stood: Counter[str] = Counter()
    for value, given in rows:
        text = plain(given)
        for path, leaf in text_leaves(value):
            n[path] += 1
            stood[path] += stands_in(plain(leaf), text)
    fields = (Copied(path, stood[path], n[path]) for path in n if n[path] >= min_texts)
    return {field.path: field for field in fields if field.share >= min_share}


def plain(text: str) -> str:
    """A text without what makes no other value: Unicode form, kinds of quotes, spaces around punctuation."""
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()
    return _AROUND.sub(r"\1", " ".join(folded.split()))


def stands_in(value: str, text: str) -> bool:
    """Whether a plain value stands in a plain text as words of its own. In linear time, whatever they are."""
    at = text.find(value)
    if at < 0 or not value or _apart(text, at, at + len(value)):
        return at >= 0
    before = r"(?<![^\W_])" if value[0].isalnum() else ""
    after = r"(?![^\W_])" if value[-1].isalnum() else ""
    return re.search(f"{before}{re.escape(value)}{after}", text) is not None


def _apart(text: str, start: int, end: int) -> bool:
    """Whether a place neither begins nor ends within a word."""
    return not any(
        0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum() for at in (start, end)
    )
