"""Slips of writing: text that was escaped, decoded wrongly, or carries characters that nobody sees."""

from __future__ import annotations

import html
import re

_ESCAPE = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\u([0-9a-f]{4})", re.IGNORECASE)
_CODE = re.compile(
    r"```|\w\([\"']|\\\\u|[;{}]\s{0,3}\n|\b(?:def|function|import|print|return|var|const|let)\b\s?[\w.(]{1,40}[(=:]"
)
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|hellip|[lr][sd]quo|[mn]dash|#\d{2,6}|#x[0-9a-f]{2,5});", re.IGNORECASE
)
_TAG = re.compile(r"</?[A-Za-z!]")
_MISREAD = re.compile(
    "[\u00c2-\u00c5\u00ce\u00cf\u00d0\u00d1\u00d7-\u00d9\u00e2-\u00ef\u00f0]"
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
)
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u2060\ufeff]|(?<=[!-~\\s])[\u200c\u200d](?=[!-~\\s])|[\U000e0000-\U000e007f]"
)
_FLAG = "\U0001f3f4"
MAX_MISREAD = 20_000
"""Longest text, in characters, in which wrong decoding is put right."""


def unescape_unicode(text: str) -> str:
    """`it\\u2019s` → `it’s`. What is not printable, and code, is left alone."""
    if "\\u" not in text or _CODE.search(text):
        return text
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    high, low, single = match.groups()
    if single is None:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    code = int(single, 16)
    return chr(code) if chr(code).isprintable() and chr(code) != "\\" else match[0]


def unescape_html(text: str) -> str:
    """`Q&amp;A` → `Q&A`; a text that is or would become markup is left alone."""
    if "&" not in text or not _ENTITY.search(text):
        return text
    plain = _ENTITY.sub(lambda match: html.unescape(match[0]), text).replace("\xa0", " ")
    return text if _TAG.search(plain) else plain


def fix_mojibake(text: str) -> str:
    """`itâ€™s` → `it’s`: UTF-8 that was read as something else."""
    if text.isascii() or len(text) > MAX_MISREAD or not _MISREAD.search(text):
        return text
    import ftfy

    return ftfy.fix_encoding(text)


def drop_invisible(text: str) -> str:
    """Without zero-width spaces, soft hyphens, byte order marks and hidden tags.

    Joiners stay where scripts and emoji need them, tags where they end a flag.
    """
    if text.isascii() or not _INVISIBLE.search(text) or _FLAG in text:
        return text
    return _INVISIBLE.sub("", text)
