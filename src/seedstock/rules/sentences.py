"""Sentences of a message: where they start, and another order of those that do not lean on each other."""

from __future__ import annotations

import random
import re

BREAK = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_])")
ABBREVIATED = re.compile(
    r"(?:\b(?:no|mr|mrs|ms|dr|st|approx|ref|hydr|incl|temp|e\.g|i\.e|etc|vs|lt|gen)|\b\w)\.$", re.I
)
OPENING_WORDS = frozenset(
    "hi hello hey dear good morning evening greetings fyi please excuse thanks thank".split()
)
PARTING_WORDS = frozenset(
    "regards thanks thank best cheers signed sincerely kind yours with respectfully".split()
)
# A sentence with one of these may speak of the one before it.
LEANING = re.compile(
    r"\b(?:it|its|it's|this|that|these|those|they|them|their|theirs|he|him|his|she|her|hers|one|ones|there|here|"
    r"but|so|then|also|because|and|which|who|or|yet|still|too|again|however|therefore|otherwise|instead|same|other|"
    r"others|another|second|third|former|latter|first|last|next|finally|later|earlier|before|after|afterwards|"
    r"meanwhile|now|already|since|until|above|below|following|previous|such|both|each|neither|none|nobody|yes|no|"
    r"if|when|while|as|product|thing|things)\b",
    re.IGNORECASE,
)
LEAST_WORDS = 4


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the spaces between them."""
    out: list[str] = []
    for part in BREAK.split(text):
        if out and ABBREVIATED.search(out[-1]):
            out[-1] += f" {part}"
        else:
            out.append(part)
    return out


def starts(text: str) -> set[int]:
    """The places where a sentence starts."""
    found: set[int] = set()
    at = 0
    for sentence in sentences(text):
        at = max(text.find(sentence, at), at)
        found.add(at)
        at += len(sentence)
    return found


def reordered(text: str, rng: random.Random) -> str:
    """The text with its sentences in another order; as it is where one leans on another or asks.

    Greetings stay in front, signatures at the end.
    """
    parts = sentences(text)
    moving = [at for at, part in enumerate(parts) if not _stays(part, at, len(parts))]
    leaning = any(LEANING.search(parts[at]) or parts[at].endswith("?") for at in moving)
    whole = " ".join(parts) == text and all(parts[at][-1] in ".!" for at in moving)
    if len(moving) < 2 or leaning or not whole:
        return text
    order = moving[:]
    while order == moving:
        rng.shuffle(order)
    placed = dict(zip(moving, order, strict=True))
    return " ".join(parts[placed.get(at, at)] for at in range(len(parts)))


def _stays(part: str, at: int, count: int) -> bool:
    """True for a greeting at the start and for what may be a signature at the end."""
    inner = [word.strip(".,!?:").lower() for word in part.split()] or [""]
    greets = at == 0 and inner[0] in OPENING_WORDS
    signs = at == count - 1 and (
        len(inner) < LEAST_WORDS or inner[0] in PARTING_WORDS or part[-1] not in ".!?"
    )
    return greets or signs
