"""Lone surrogates: text that Python holds and UTF-8 cannot."""

from __future__ import annotations


def well_formed(text: str) -> str:
    """`text` as UTF-8 can hold it: surrogate pairs are joined, lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
