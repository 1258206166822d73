"""What noise must not touch: numbers, codes and negations, counted so that two texts can be compared."""

from __future__ import annotations

import re
from collections import Counter

NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand "
    "million billion dozen half twice double triple first second third fourth fifth sixth seventh eighth "
    "ninth tenth"
).split()
NEGATION_WORDS = (
    "no not never none nobody nothing nowhere without cannot cant neither nor hardly barely scarcely nope "
    "dont doesnt didnt wont isnt arent wasnt werent couldnt shouldnt wouldnt hasnt havent hadnt aint "
    "except unless"
).split()
NEGATION = re.compile(rf"(?<!\w)(?:{'|'.join(NEGATION_WORDS)}|\w+n['’]t|w/o)(?!\w)", re.IGNORECASE)
NUMBER_WORD = re.compile(rf"(?<!\w)(?:{'|'.join(NUMBER_WORDS)})(?!\w)", re.IGNORECASE)
NUMBER = re.compile(r"\S*\d\S*")
EDGES = ".,;:!?()[]{}<>\"'“”‘’…"


def kept(text: str) -> Counter[str]:
    """How often each number, code, number word and negation stands in a text.

    Numbers and codes keep their letters as they are; negations and number words count without case
    and apostrophe, so that `Don't` and `dont` are one.
    """
    found = Counter(word.strip(EDGES) for word in NUMBER.findall(text))
    found.update(_folded(word) for word in NUMBER_WORD.findall(text))
    found.update(negations(text))
    return found


def negations(text: str) -> Counter[str]:
    """How often each negation stands in a text."""
    return Counter(_folded(word) for word in NEGATION.findall(text))


def _folded(word: str) -> str:
    return word.lower().replace("'", "").replace("’", "")
