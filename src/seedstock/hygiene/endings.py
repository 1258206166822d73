"""Endings: signs that a text was cut off before its end. Each looks at one text and says where."""

from __future__ import annotations

import re
from collections.abc import Callable

Span = tuple[int, int]

_SENTENCE_END = re.compile(r"[.!?][\"'”’)]{0,2}\s{1,3}(?=[A-Z\"“*\d])")
_ENDS = frozenset(".!?…:;)]}\"'”’»`*|>~_。！？」』")
_DANGLING = frozenset(
    "the an and or of because my your their its our than if whose although while"
    " und oder weil dass eine avec pour une pero porque".split()
)
"""Words that no sentence ends with; "from", "die" and the like do end some."""
_CODE_LINE = re.compile(r"[;{}=()<>/\\|]|^\s{2,}|^#|\w_\w")
SCANNED = 20_000
"""Characters of a text's end that are looked at."""


def open_fence(text: str) -> Span | None:
    """A Markdown fence that is never closed."""
    if "```" not in text or text.count("```") % 2 == 0:
        return None
    at = text.rindex("```")
    return at, at + 3


def open_bracket(text: str) -> Span | None:
    """A bracket of which more are opened than closed: the last one of them."""
    for opening, closing in ("()", "[]", "{}"):
        if opening in text and text.count(opening) > text.count(closing):
            at = text.rindex(opening)
            return at, at + 1
    return None


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
    if last[0].casefold() in _DANGLING or bare[-1:] in (",", "(", "[", "{", "="):
        return len(bare) - len(last[0]), len(bare)
    return None


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
    if len(last.split()) < 4:
        return None
    end = len(text.rstrip())
    return end - min(len(last), 60), end


ENDINGS: tuple[tuple[str, Callable[[str], Span | None]], ...] = (
    ("a fence is opened and never closed", open_fence),
    ("it ends in the middle of a sentence", open_sentence),
    ("it ends with a word or sign after which something must come", dangling),
    ("it ends in the indentation of a line that never came", open_line),
    ("a bracket is opened and never closed", open_bracket),
    ("a quotation is opened and never closed", open_quote),
)
"""What is wrong, and how it is seen. A field whose seeds end so too is not held to it."""

CUT_OFF = frozenset({"length", "max_tokens", "model_context_window_exceeded", "content_filter", "MAX_TOKENS"})
"""Words of servers for an answer that was cut off."""
