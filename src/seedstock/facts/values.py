"""Whether a value of the output stands in a text."""

from __future__ import annotations

from seedstock.facts.lists import key
from seedstock.facts.numerals import pieces
from seedstock.facts.reading import Facts
from seedstock.facts.scan import plain, scan


def standing(value: str, facts: Facts) -> bool:
    """Whether a value stands in the text as words of its own, or in another notation (`eight` and `8`)."""
    return stands(value, facts.text) or _reworded(value, facts)


def stands(value: str, text: str, case: bool = False) -> bool:
    """Whether a value stands in a text as words of its own; white space is one space, case counts if `case`."""
    value, text = (" ".join(part.split()) for part in (value, text))
    if not case:
        value, text = value.casefold(), text.casefold()
    if not value:
        return True
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        if not (_inside(text, at) or _inside(text, end)):
            return True
        at = text.find(value, at + 1)
    return False


def _inside(text: str, at: int) -> bool:
    """Whether a place is within a word."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _reworded(value: str, facts: Facts) -> bool:
    tokens = [token for token in scan(plain(value)) if token.kind != "mark"]
    if not tokens:
        return True
    if len(tokens) == 1 and tokens[0].kind == "number":
        wanted = {piece.value for piece in pieces(tokens[0].text)}
        return wanted <= {number.value for number in facts.numbers}
    line = " ".join(key(token.low) if token.kind == "word" else token.low.lower() for token in tokens)
    return f" {line} " in facts.flat
