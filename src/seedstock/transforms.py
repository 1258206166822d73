"""What a rewriting must keep, and transformations whose inverse or fixed form is known."""

from __future__ import annotations

import base64
import codecs
import html
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal
from urllib.parse import unquote

Kind = Literal["numbers", "codes", "urls", "emails", "placeholders", "tags", "quoted"]

_PATTERNS: dict[str, re.Pattern[str]] = {
    # Each is matched in linear time, whatever the text: no repetition within a repetition can match twice.
    "numbers": re.compile(r"(?<![\w.])(?<!\d,)\d[\d,]*+(?:\.\d+)?+(?!\w)"),
    "codes": re.compile(
        r"\b(?=\w{0,40}\d)(?=\w{0,40}[A-Za-z])\w{2,40}(?:-\w{1,20}){0,4}\b|\b[A-Z]{1,8}-\d{1,12}\b"
    ),
    "urls": re.compile(r"\bhttps?://[^\s<>\"')\]]{1,2000}"),
    "emails": re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}\b"),
    "placeholders": re.compile(r"\{\{?\s?[\w.]{0,60}\s?\}?\}|%\(\w{1,60}\)[sd]|%[sd]\b|\$\{\w{1,60}\}"),
    "tags": re.compile(r"</?[A-Za-z][^<>]{0,200}>"),
    "quoted": re.compile(r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\""),
}


def protected(text: str, kinds: Iterable[str], words: Sequence[str]) -> Counter[str]:
    """The tokens of a text that a transformation must keep, each as often as it stands there."""
    found: Counter[str] = Counter()
    for kind in kinds:
        found.update(_plain(kind, token) for token in _PATTERNS[kind].findall(text))
    for word in words:
        n = len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text))
        found.update({word: n} if n else {})
    return found


def _plain(kind: str, token: str) -> str:
    """One form for one token: `1,200.0` is `1200`, a URL does not end in the full stop behind it."""
    if kind == "numbers":
        digits = token.replace(",", "")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return token.rstrip(".,;:!?") if kind == "urls" else token


def _decoded(text: str) -> str:
    return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")


INVERSES: dict[str, Callable[[str], str]] = {
    "base64": _decoded,
    "hex": lambda text: bytes.fromhex(text).decode("utf-8"),
    "rot13": lambda text: codecs.decode(text, "rot13"),
    "url": lambda text: unquote(text, errors="strict"),
    "html": html.unescape,
    "reverse": lambda text: text[::-1],
    "reverse_words": lambda text: " ".join(reversed(text.split())),
    "json_text": lambda text: str(json.loads(text)),
}
"""Name → what takes an output back to its input. They raise ValueError on what is no such output."""

FIXED: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "stripped": str.strip,
    "single_spaces": lambda text: " ".join(text.split()),
    "sorted_lines": lambda text: "\n".join(sorted(text.splitlines())),
    "unique_lines": lambda text: "\n".join(dict.fromkeys(text.splitlines())),
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "ascii": lambda text: text.encode("ascii", "ignore").decode("ascii"),
}
"""Name → a transformation that leaves alone what has been through it already."""
