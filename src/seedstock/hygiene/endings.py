"""Endings: signs that a text was cut off before its end. Each looks at one text and says where."""

from __future__ import annotations

import re
from collections.abc import Callable

Span = tuple[int, int]

_SENTENCE_END = re.compile(r"[.!?][\"'”’)]{0,2}\s{1,3}(?=[A-Z\"“*\d])")
_BRACKET = re.compile(r"(?<!['\"`:;])[()\[\]{}](?!['\"`])")
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_OPENING = re.compile(r"(?:^|[\s(])['‘]")
_ELEMENTS = ("html", "head", "body", "table", "ul", "ol", "script", "style")
_MARK = re.compile(r"\d{1,3}[.)]|[-*•]")
_FIRST = re.compile(r"1[.)]\s")
_ITEM = re.compile(r"\s{0,8}(?:\d{1,3}[.):]|[-*•])\s")
_ENDS = frozenset(".!?…:;)]}\"'”’»`*|>~_。！？」』")
_DANGLING = frozenset(
    "the an and or because my your their its our than whose although"
    " und oder weil dass eine avec pour une pero porque".split()
)
"""Words that no sentence ends with; "from", "die" and the like do end some."""
_LEANING = frozenset("in of to with for is are was were be by at as on from into that which".split())
_CODE_LINE = re.compile(r"[{}=<>\\|]|;$|\w\(|^\s{2,}(?![-*\d])|^#|\w_\w")
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
    missing = {mark for mark, close in _CLOSES.items() if text.count(mark) > text.count(close)}
    more = [at for mark, at in opened if mark in missing]
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
    comma = bare[-1:] == "," and not _closes_letter(bare)
    if comma or bare[-1:] in ("(", "[", "{", "="):
        return len(bare) - 1, len(bare)
    return _last_word_of(bare, _DANGLING)


def leaning(text: str) -> Span | None:
    """A last word that leans on what follows: `in`, `to`, `is`. In questions it may stand last."""
    return _last_word_of(text.rstrip(), _LEANING)


def _last_word_of(bare: str, words: frozenset[str]) -> Span | None:
    """The last word, if it is one of these and goes on from words before it."""
    *before, last = bare[-TAIL:].split() or [""]
    if len(before) < 5 or last.casefold() not in words or not before[-1][-1].isalnum():
        return None
    return len(bare) - len(last), len(bare)


def _closes_letter(text: str) -> bool:
    """Whether the last line is short and stands alone, as `Best regards,` does."""
    before, _, line = text[-200:].rpartition("\n")
    return bool(before) and len(line.split()) <= 6


def open_item(text: str) -> Span | None:
    """A list that ends with the mark of an item, or after its first item."""
    bare = text.strip()
    last = bare[bare.rfind("\n") + 1 :].strip()
    if _MARK.fullmatch(last) and last != bare:
        return len(text.rstrip()) - len(last), len(text.rstrip())
    return (0, min(len(text), 60)) if _FIRST.match(bare) and "\n" not in bare else None


def open_line(text: str) -> Span | None:
    """An end in the indentation of a line that never came."""
    bare = text.rstrip(" \t")
    return (len(bare), len(text)) if len(bare) < len(text) and bare[-1:] == "\n" and bare.strip() else None


def open_tag(text: str) -> Span | None:
    """An HTML element that is opened and not closed."""
    small = text.casefold() if "<" in text and len(text) <= SCANNED else ""
    for tag in _ELEMENTS if small else ():
        opened = small.count(f"<{tag}>") + small.count(f"<{tag} ")
        if opened > small.count(f"</{tag}"):
            at = small.rindex(f"<{tag}")
            return at, at + len(tag) + 1
    return None


def open_sentence(text: str) -> Span | None:
    """A last sentence without its end, in a text whose other sentences (two or more) have theirs."""
    part = text.rstrip()[-SCANNED:]
    if not part or not (part[-1].isalnum() or part[-1] in ",-–" or _apostrophe(part)):
        return None
    last_line = part[part.rfind("\n") + 1 :].rstrip("'’")
    ends = list(_SENTENCE_END.finditer(part))
    if len(ends) < 2 or _CODE_LINE.search(last_line):
        return None
    inside = list(_SENTENCE_END.finditer(last_line))
    last = last_line[inside[-1].end() if inside else 0 :]
    if {last.lstrip()[:1], last_line.lstrip()[:1]} & {"–", "—", "―"} or (
        part[-1] == "," and _closes_letter(part)
    ):
        return None  # an author, the end of a letter
    sure = part[-1] in "'’" or _steady(part, last_line, len(ends))
    least = 1 if sure else 4
    if len(last.split()) < least or _unpunctuated_list(part, last_line):
        return None
    end = len(text.rstrip())
    return end - min(len(last), 60), end


def _steady(part: str, last_line: str, sentences: int) -> bool:
    """Whether all other lines end properly: then one word after a sentence, or in a list, is cut too."""
    long = [line.rstrip() for line in part.split("\n")[:-1] if len(line.rstrip()) > 40]
    item = _ITEM.match(last_line)
    inside = _SENTENCE_END.search(last_line, item.end() if item else 0)
    return sentences >= 4 and all(line[-1] in _ENDS for line in long) and bool(item or inside)


def _unpunctuated_list(part: str, last_line: str) -> bool:
    """Whether the last line is an item of a list whose other items have no full stop either."""
    if not _ITEM.match(last_line):
        return False
    items = [line.rstrip() for line in part.split("\n")[:-1] if _ITEM.match(line)]
    return any(line[-1] not in _ENDS for line in items)


def _apostrophe(part: str) -> bool:
    """Whether the last sign is an apostrophe with nothing after it, not the end of a quotation."""
    return part[-1] in "'’" and _OPENING.search(part, max(0, len(part) - TAIL)) is None


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


ANYWHERE: tuple[tuple[str, Callable[[str], Span | None]], ...] = (
    ("a fence is opened and never closed", open_fence),
    ("it ends with a word or sign after which something must come", dangling),
)
IN_ANSWERS: tuple[tuple[str, Callable[[str], Span | None]], ...] = (
    ("it ends in the middle of a sentence", open_sentence),
    ("it ends with a word that leans on what follows", leaning),
    ("a list ends before its next item", open_item),
    ("an HTML element is opened and never closed", open_tag),
    ("it ends in the indentation of a line that never came", open_line),
    ("a bracket is opened and never closed", open_bracket),
    ("a quotation is opened and never closed", open_quote),
)
"""What is wrong, and how it is seen. People leave the last full stop away; who answers does not."""

CUT_OFF = frozenset({"length", "max_tokens", "model_context_window_exceeded", "content_filter", "MAX_TOKENS"})
"""Words of servers for an answer that was cut off."""
