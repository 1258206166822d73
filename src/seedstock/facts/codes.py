"""Codes, addresses, mentions, tags, placeholders and quoted strings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seedstock.facts.lists import key, language
from seedstock.facts.scan import Token, scan

MOST_QUOTED = 5
"""A quotation of more words is speech, which a rewrite may put in other words."""

_QUOTE = re.compile(
    r"""(?<![\w"'])(?:"(?=[^\s"])([^"\n]{1,60})(?<!\s)"|"""
    r"""'(?=[^\s'])((?:[^'\n]|(?<=\w)'(?=\w)){1,60})(?<!\s)')(?![\w"'])"""
)
_BLANKS = frozenset(
    "name names date time your my number company address id email insert city product order place amount"
    " phone title recipient sender signature person link location mask blank".split()
)
_MARKUP = frozenset("b i u p br em strong ul ol li div span".split())


@dataclass(frozen=True, slots=True)
class Code:
    """A code or quoted string: how it stands, and its letters and digits.

    `keys` are the words of a quoted string; the others have none.
    """

    key: str
    text: str
    keys: tuple[str, ...] = ()


def codes_of(tokens: Sequence[Token]) -> list[Code]:
    """Addresses, mentions, tags and placeholders, but neither `[user]` and `[pause]` nor bold print."""
    return [
        Code(bare(token.text), token.text) for token in tokens if token.kind == "code" and _tells(token.text)
    ]


def _tells(code: str) -> bool:
    if code[0] == "[":
        return not _BLANKS.isdisjoint(re.split(r"[ _\]\[]", code.lower()))
    return code[0] != "<" or code.strip("</> ").lower() not in _MARKUP


def quotes_of(text: str) -> list[Code]:
    """The quoted strings of up to five words."""
    found = []
    for match in _QUOTE.finditer(text):
        quoted = [token for token in scan(match[1] or match[2]) if token.kind != "mark"]
        if 0 < len(quoted) <= MOST_QUOTED and quoted[0].low != "and":
            keys = tuple(word for word in keys_of(quoted) if word != "and")
            found.append(Code(" ".join(keys), match[0], keys))
    return found


def keys_of(tokens: Sequence[Token]) -> list[str]:
    """The tokens as they are looked up: words by their key, numbers in digits, no marks, no case."""
    digits = language("en").numbers
    return [
        str(digits[t.low]) if t.low in digits else key(t.low) if t.kind == "word" else t.low.lower()
        for t in tokens if t.kind not in ("mark", "line")
    ]  # fmt: skip


def bare(text: str) -> str:
    """Letters and digits only: `P-204`, `p204` and `#p_204` are one."""
    return "".join(char for char in text.casefold() if char.isalnum())
