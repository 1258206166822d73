"""Wrapping: what stands around a text: quotes, a list number, a preamble, a fence, closing words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedstock.hygiene.marks import START

Span = tuple[int, int]

END = 400
"""Characters of an end in which closing words are looked for."""

_CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»", "'": "'", "‘": "’", "`": "`"}
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[ijy]|jun|jul|aug|sep|o[ck]t|nov|de[czs])"
_NUMBER = re.compile(
    rf"\s{{0,8}}(?:\d{{1,3}}[.)]|[-*•–])\s{{1,4}}(?=\S)(?![A-Z]{{2,4}}\b|(?i:{_MONTH})\w{{0,7}}\b)"
)
"""Not a club (`1. FC Köln`), nor a date in a language that writes ordinals with a dot (`3. Oktober`)."""
_INNER_ITEM = re.compile(r"\s\d{1,2}[.)]\s")
_ITEM = re.compile(r"^\s{0,8}(?:\d{1,3}[.)]|[-*•])\s", re.MULTILINE)
_FIELD_NAME = re.compile(
    r"\s{0,4}\*{0,2}(?:[a-z]{2,12}[ _]){0,2}"
    r"(?:query|question|sentence|text|utterance|input|message|example|tweet|prompt|paraphrase)"
    r"(?:[ _]{0,2}\d{1,3})?\*{0,2}\s{0,2}:\*{0,2}\s{1,4}(?=[\"“'‘])"
    r"|\s{0,4}(?:query|utterance|prompt|paraphrase)(?:[ _]{0,2}\d{1,3})?:\s{1,4}(?=\S)",
    re.IGNORECASE,
)
_THINGS = (
    r"(?:examples?|variations?|variants?|versions?|paraphrases?|rephras\w+|rewrit\w+|rewrites?|alternatives?"
    r"|questions?|quer(?:y|ies)|sentences?|utterances?|messages?|tweets?|rows?|entries|samples?|results?"
    r"|outputs?|json|responses?|answers?|translations?|entities|labels?|instructions?)"
)
_YES = (
    r"(?:sure|certainly|of course|absolutely|okay|ok|great|no problem|got it|understood)"
    r"(?: thing)?[!.,:]{1,2}"
)
_HERE = r"(?:here(?:'s|’s| is| are)|below (?:is|are))"
_HAPPY = r"i(?:'m|’m| am|'d be|’d be| would be) (?:happy|glad) to (?:help|assist)"
_HAS = rf"(?:i've got|i’ve got|i have)[^\n.!:]{{1,40}}\b{_THINGS}\b"
_END = r"[^\n.!:]{0,60}[.!:](?:\s{1,4}|\Z)"
_EAGER = re.compile(
    rf"\W{{0,4}}(?:{_YES}\s{{1,3}}(?:{_HERE}|the following)[^\n:]{{0,120}}:\s{{0,4}}"
    rf"|(?:{_YES}\s{{1,3}})?here you go[.!:](?:\s{{1,4}}|\Z)"
    rf"|{_YES}\s{{1,3}}(?:{_HAPPY}|{_HAS}){_END}|{_HAPPY}{_END})",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"\W{{0,4}}{_HERE}[^\n:]{{0,80}}?\b{_THINGS}\b[^\n:]{{0,60}}:\s{{0,4}}", re.IGNORECASE)
_CLOSINGS = (
    r"i hope (?:this|that|these|it) (?:helps?|clarif\w+|answers?|is helpful|meets?)",
    r"(?:please )?let me know if (?:you|there|this|that|anything)",
    r"(?:please )?feel free to (?:ask|reach out|let me know)",
    r"if you (?:have|need) any (?:other|more|further|additional)"
    r" (?:questions?|help|assistance|information|requests?)",
    r"is there (?:anything|something) else i can",
    r"(?:don't|do not) hesitate to (?:ask|reach)",
    r"would you like me to|do you have any other questions",
)
_CLOSING_WORDS = (
    "i hope", "let me know", "feel free", "if you", "else i can", "hesitate to", "would you like",
    "do you have any",
)  # fmt: skip
"""Of these one stands in each of the closings: most texts need no more looking at."""
_CHATTER = re.compile(rf"(?:{'|'.join(_CLOSINGS)})[^\n]{{0,250}}\Z", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:however|but|that said|though)\b", re.IGNORECASE)
_LETTER = re.compile(
    r"^\W{0,3}(?:dear|hi|hello|hey|subject|good (?:morning|afternoon|evening))\b"
    r"|^(?:best|kind|warm)? ?(?:regards|wishes|sincerely|thanks|thank you|cheers|yours)\b",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"\s{0,8}```[\w+-]{0,20}[ \t]{0,4}\n")


def strip_quotes(text: str) -> str:
    """A text without the quotes around all of it; quotes that are part of it stay."""
    bare = text.strip()
    if len(bare) < 3 or bare[0] not in _CLOSING or bare[-1] not in _CLOSING[bare[0]]:
        return text
    inner = bare[1:-1].strip()
    # Quotes inside mean that the outer ones may belong to two quotations; an apostrophe is none.
    torn = bare[0] in inner or bare[-1] in inner
    if bare[0] in "'‘":
        torn = re.search(r"(?:^|\s)['‘]|['’](?:\s|$)", inner) is not None
    return text if torn or not inner or inner[-1] in "\\" else inner


def strip_list_number(text: str) -> str:
    """`3. What is due?` → `What is due?`, where it is the only item."""
    found = _NUMBER.match(text, 0, START)
    if found is None or "\n" in text.strip() or _INNER_ITEM.search(text, found.end(), 2000):
        return text
    return text[found.end() :]


def strip_field_name(text: str) -> str:
    """`Query: "What is due?"` → `"What is due?"`: the name of a field in front of what stands in it."""
    found = _FIELD_NAME.match(text, 0, START)
    return text[found.end() :] if found and text[found.end() :].strip() else text


def announced(text: str) -> Span | None:
    """An announcement in front of what was asked for: `Sure! Here are five examples:`."""
    return eager(text) or _span(_PLAIN.match(text, 0, START))


def eager(text: str) -> Span | None:
    """An announcement that only an assistant would make: `Sure! Here are …:`, `Here you go:`."""
    return _span(_EAGER.match(text, 0, START))


def strip_preamble(text: str) -> str:
    """An input without the announcement. Where a list was announced and follows, nothing is taken off."""
    found = announced(text)
    return text if found is None or _lists(text[found[1] :]) else _rest(text, found)


def strip_answer_preamble(text: str) -> str:
    """An answer without the announcement. `Here are five questions:` before a list is part of the answer."""
    found = eager(text)
    if found is None:
        return strip_preamble(text)
    return _rest(text, found)


def _lists(rest: str) -> bool:
    return len(_ITEM.findall(rest[:2000])) > 1


def _rest(text: str, found: Span) -> str:
    """What is left, if it can stand alone."""
    rest = text[found[1] :].strip()
    return text if not rest or _GOES_ON.match(rest) else rest


def _span(found: re.Match[str] | None) -> Span | None:
    return None if found is None else found.span()


def chatter(text: str) -> Span | None:
    """Where the closing words of an assistant begin and end: `I hope this helps!`. A letter may end so."""
    whole = len(text.rstrip())
    small = text[max(0, whole - END) : whole].casefold()
    if not any(words in small for words in _CLOSING_WORDS):
        return None
    found = next(
        (m for m in _CHATTER.finditer(text, max(0, whole - END), whole) if _opens(text, m.start())), None
    )
    if found is None or _LETTER.search(text[:2000]) or _LETTER.search(text[-END:]):
        return None
    return found.span()


def strip_chatter(text: str) -> str:
    """Without the closing words, where whole sentences are left."""
    found = chatter(text)
    left = text if found is None else text[: found[0]].rstrip()
    return left if left and left[-1] in ".!?)`" else text


def _opens(text: str, at: int) -> bool:
    """Whether a sentence begins here."""
    before = text[max(0, at - 4) : at].rstrip(" ")
    return not before or before[-1] in ".!?\n"


def strip_fence(text: str) -> str:
    """The inside of a Markdown fence that is all of the text."""
    bare = text.strip()
    opened = _FENCE.match(bare) if bare.startswith("```") else None
    if opened is None or not bare.endswith("```") or bare.count("```") != 2:
        return text
    return bare[opened.end() : -3].strip("\n")


def spell_label(text: str, labels: Sequence[str]) -> str:
    """The label that a text is but for case, spaces, bold type and a period at its end, if it is one only."""
    bare = _bare(text)
    fitting = [label for label in labels if _bare(label) == bare]
    return fitting[0] if len(fitting) == 1 and text not in labels else text


def _bare(label: str) -> str:
    return label.strip().strip("*_`").strip().rstrip(".").casefold()
