"""Noise: the same message, written in a hurry. Values, numbers and negations stay as they are."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from seedstock.rules.kept import kept
from seedstock.rules.masks import free_places
from seedstock.rules.sentences import OPENING_WORDS, reordered, starts
from seedstock.rules.tokens import spans
from seedstock.rules.typos import with_typos

__all__ = ["kept", "noisy"]

LEAST_CHANGES = 2
MOST_SHORT_FORMS = 3
LETTERS = re.compile(r"[^\W\d_]+")
SHORT_FORMS = {
    "please": "pls", "because": "bc", "with": "w/", "you": "u", "your": "ur", "thanks": "thx",
    "tomorrow": "tmrw", "approximately": "approx", "about": "abt", "message": "msg", "minutes": "min",
    "hours": "hrs", "information": "info", "people": "ppl", "something": "sth", "someone": "sb",
    "temperature": "temp", "maintenance": "maint", "department": "dept", "really": "rly",
    "probably": "prob", "picture": "pic", "and": "&",
}  # fmt: skip
LONG_FORMS = {
    "pls": "please", "thx": "thanks", "tmrw": "tomorrow", "approx": "approximately", "info": "information",
    "msg": "message", "hrs": "hours", "ppl": "people", "im": "i am", "whats": "what is",
}  # fmt: skip
OPENINGS = ("hi, ", "hello, ", "hey, ", "fyi ", "quick one: ", "ok so ", "hi there, ")
CLOSINGS = (" thanks", " thx", " cheers", " pls", " tia")
QUESTION = re.compile(
    r"(?:who|what|when|where|why|how|which|is|are|was|were|did|do|does|has|have|can|could)\b", re.I
)
PARTING = re.compile(
    r"\b(?:thanks?|thx|cheers|regards|sincerely|wishes|respect|yours|signed|pls|please)\b", re.I
)


def noisy(
    text: str,
    protected: Sequence[str],
    rng: random.Random,
    strength: float = 0.5,
    *,
    additions: bool = True,
    reorder: bool = False,
) -> str:
    """The text with other case, punctuation, short forms and slips of the finger.

    `protected` values stay letter for letter and as often as they were; so do numbers, codes and
    negations (`kept`). `strength` (0 to 1) is the chance of each kind of change; at least two are made
    where two are possible. `additions` allows a greeting or thanks, `reorder` another order of
    sentences that do not lean on each other.
    """
    operations = [_short_forms, with_typos, _case, _ending]
    operations += [rng.choice((_opening, _closing))] if additions else []
    operations = ([_sentences] if reorder else []) + operations
    first = [operation for operation in operations if rng.random() < strength]
    spare = [_opening, _closing] if additions else []
    later = [operation for operation in dict.fromkeys([*operations, *spare]) if operation not in first]
    rng.shuffle(later)
    changes = 0
    for operation in first + later:
        if operation in later and changes >= LEAST_CHANGES:
            break
        new = operation(text, free_places(text, protected), rng)
        if new != text and _harmless(text, new, protected):
            text, changes = new, changes + 1
    return text


def _harmless(old: str, new: str, protected: Sequence[str]) -> bool:
    """True where no value, number or negation was lost and none was made."""
    same = all(len(spans(old, value)) == len(spans(new, value)) for value in protected)
    return same and kept(old) == kept(new)


def _short_forms(text: str, free: list[bool], rng: random.Random) -> str:
    """Up to three common short forms, or the long ones of those that are there."""
    found = [
        (word, new)
        for word in LETTERS.finditer(text)
        if (new := SHORT_FORMS.get(word[0].lower()) or LONG_FORMS.get(word[0].lower()))
        and all(free[word.start() : word.end()])
        and _stands_alone(text, word)
    ]
    chosen = sorted(rng.sample(range(len(found)), min(len(found), rng.randint(1, MOST_SHORT_FORMS))))
    for place in reversed(chosen):
        word, new = found[place]
        text = text[: word.start()] + _cased(new, word[0]) + text[word.end() :]
    return text


def _case(text: str, free: list[bool], rng: random.Random) -> str:  # noqa: ARG001
    """Everything free in lower case; where it is so already, sentences with a capital."""
    lower = "".join(char.lower() if ok else char for char, ok in zip(text, free, strict=True))
    if lower != text:
        return lower
    begin = starts(text)
    return "".join(
        char.upper() if ok and at in begin else char
        for at, (char, ok) in enumerate(zip(text, free, strict=True))
    )


def _ending(text: str, free: list[bool], rng: random.Random) -> str:
    """Another end of the text: without its mark, or with two."""
    if text and free[-1] and text[-1] in ".!?":
        return rng.choice([text.rstrip(".!?"), text + text[-1]])
    if text and text[-1].isalnum():
        return text + rng.choice(["?", "??"] if QUESTION.match(text) else [".", ".."])
    return text


def _opening(text: str, free: list[bool], rng: random.Random) -> str:
    """A greeting or the like in front of a text that has none."""
    word = LETTERS.match(text)
    if word is None or word[0].lower() in OPENING_WORDS:
        return text
    inner = len(word[0]) > 1 and word[0][1:].islower() and free[0]
    return rng.choice(OPENINGS) + (text[0].lower() + text[1:] if inner else text)


def _closing(text: str, free: list[bool], rng: random.Random) -> str:
    """Thanks after a text that parts in no other way; not after a signature."""
    last = LETTERS.findall(re.split(r"[.!?,\n]\s*", text.rstrip(".!? "))[-1])
    if (
        PARTING.search(text)
        or len(last) < 4
        or not free[-1]
        or (text[-1] not in ".!?" and not text[-1].isalpha())
    ):
        return text
    return text + rng.choice(CLOSINGS)


def _sentences(text: str, free: list[bool], rng: random.Random) -> str:  # noqa: ARG001
    return reordered(text, rng)


def _stands_alone(text: str, word: re.Match[str]) -> bool:
    """True between spaces or before punctuation: not in `r-and-d`, not in `you're`."""
    before, after = text[word.start() - 1 : word.start()], text[word.end() : word.end() + 1]
    return before in ("", " ", "(") and after in ("", " ", ",", ".", "!", "?", ")")


def _cased(new: str, like: str) -> str:
    if like.isupper() and len(like) > 1:
        return new.upper()
    return new.capitalize() if like[0].isupper() else new
