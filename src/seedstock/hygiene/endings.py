"""Endings: signs that a text was cut off before its end. Each looks at one text and says where."""

from __future__ import annotations

import re
from collections.abc import Callable

Span = tuple[int, int]

_SENTENCE_END = re.compile(r"[.!?][\"'”’)]{0,2}\s{1,3}(?=[A-Z\"“*\d])")
_BRACKET = re.compile(r"(?<!['\"`:;])[()\[\]{}](?!['\"`])")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_ITEM = re.compile(r"\s{0,8}(?:\d{1,3}[.)]|[-*•])\s")
_ENDS = frozenset(".!?…:;)]}\"'”’»`*|>~_。！？」』")
_DANGLING = frozenset(
    "the an and or because my your their its our than whose although"
    " und oder weil dass eine avec pour une pero porque".split()
)
"""Words that no sentence ends with; "from", "die" and the like do end some."""
_LEANING = frozenset("in of to with for is are was were be by at as on from into that which".split())
_CODE_LINE = re.compile(r"[;{}=()<>/\\|]|^\s{2,}|^#|\w_\w")
SCANNED, TAIL = 20_000, 400
"""Characters of a text's end that are looked at: for sentences, for brackets."""


def open_fence(text: str) -> Span | None:
    """A Markdown fence that is never closed."""
    if "```" not in text or text.count("```") % 2 == 0:
        return None
    at = text.rindex("```")
    return at, at + 3


def open_bracket(text: str) -> Span | None:
    """A bracket that the end of a text opens and does not close; quoted ones are words."""
    start = max(0, len(text) - TAIL)
    opened: list[tuple[str, int]] = []
    for match in _BRACKET.finditer(text, start):
        mark = match[0]
        if mark in "([{":
            opened.append((mark, match.start()))
        elif opened and opened[-1][0] + mark in ("()", "[]", "{}"):
            opened.pop()
    more = [at for mark, at in opened if text.count(mark) > text.count(_CLOSES[mark])]
    return (more[-1], more[-1] + 1) if more else None


def open_quote(text: str) -> Span | None:
    """A double quote too many, the last one of which opens words that nothing closes."""
    if text.count('"') % 2 == 0:
        return None
    at = text.rindex('"')
    opens = (at == 0 or text[at - 1] in " \n([") and text[at + 1 : at + 2].isalnum()
    return (at, at + 1) if opens else None


def dangling(text: str) -> Span | None:
    """A last word after which something must come: `the`, `because`, a comma, an opened bracket."""
    bare = text.rstrip()
    last = bare[max(0, len(bare) - 40) :].split()[-1:] or [""]
    comma = bare[-1:] == "," and not _closes_letter(bare)
    if last[0].casefold() in _DANGLING or comma or bare[-1:] in ("(", "[", "{", "="):
        return len(bare) - len(last[0]), len(bare)
    return None


def _closes_letter(text: str) -> bool:
    """Whether the last line is short and stands alone, as `Best regards,` does."""
    before, _, line = text[-200:].rpartition("\n")
    return bool(before) and len(line.split()) <= 6


def open_line(text: str) -> Span | None:
    """An end in the indentation of a line that never came."""
    bare = text.rstrip(" \t")
    return (
        (len(bare), len(text)) if len(bare) < len(text) - 1 and bare[-1:] == "\n" and bare.strip() else None
    )


def open_sentence(text: str) -> Span | None:
    """A last sentence without its end, in a text whose other sentences (two or more) have theirs."""
    part = text.rstrip()[-SCANNED:]
    if not part or part[-1] in _ENDS or not (part[-1].isalnum() or part[-1] in ",-–"):
        return None
    last_line = part[part.rfind("\n") + 1 :]
    ends = list(_SENTENCE_END.finditer(part))
    if len(ends) < 2 or _CODE_LINE.search(last_line):
        return None
    inside = list(_SENTENCE_END.finditer(last_line))
    last = last_line[inside[-1].end() if inside else 0 :]
    named = last_line.lstrip()[:1] in "-–—―" or _closes_letter(part)  # a signature, an author
    if len(last.split()) < 4 or named or _unpunctuated_list(part, last_line):
        return None
    end = len(text.rstrip())
    return end - min(len(last), 60), end


def _unpunctuated_list(part: str, last_line: str) -> bool:
    """Whether the last line is an item of a list whose other items have no full stop either."""
    if not _ITEM.match(last_line):
        return False
    items = [line.rstrip() for line in part.split("\n")[:-1] if _ITEM.match(line)]
    return any(line[-1] not in _ENDS for line in items)


ANYWHERE: tuple[tuple[str, Callable[[str], Span | None]], ...] = (
    ("a fence is opened and never closed", open_fence),
    ("it ends in the middle of a sentence", open_sentence),
    ("it ends with a word or sign after which something must come", dangling),
)


def leaning(text: str) -> Span | None:
    """A last word that leans on what follows: `in`, `to`, `is`. In questions it may stand last."""
    bare = text.rstrip()
    last = bare[max(0, len(bare) - 40) :].split()[-1:] or [""]
    if last[0].casefold() not in _LEANING or len(bare[-400:].split()) < 6:
        return None
    return len(bare) - len(last[0]), len(bare)


def open_single(text: str) -> Span | None:
    """One sentence of six words or more without its end."""
    return None if not _is_sentence(text) or text.rstrip()[-1] in _ENDS else (0, min(len(text), 60))


def whole_single(text: str) -> bool:
    """One sentence of six words or more, with its end."""
    return _is_sentence(text) and text.rstrip()[-1] in ".!?"


def _is_sentence(text: str) -> bool:
    bare = text.strip()
    return (
        len(bare) < TAIL and "\n" not in bare and bare[:1].isupper() and len(bare.split()) >= 6
        and not _CODE_LINE.search(bare)
    )  # fmt: skip


IN_ANSWERS: tuple[tuple[str, Callable[[str], Span | None]], ...] = (
    ("it ends with a word that leans on what follows", leaning),
    ("it ends in the indentation of a line that never came", open_line),
    ("a bracket is opened and never closed", open_bracket),
    ("a quotation is opened and never closed", open_quote),
)
"""What is wrong, and how it is seen. A field whose seeds end so too is not held to it."""

CUT_OFF = frozenset({"length", "max_tokens", "model_context_window_exceeded", "content_filter", "MAX_TOKENS"})
"""Words of servers for an answer that was cut off."""
