"""Slips of the finger in longer words."""

from __future__ import annotations

import random
import re

SHARE = 0.08
LEAST_LETTERS = 5
LEAST_WORDS = 5
LONG = 7
TRIES = 6
WORD = re.compile(r"(?<![\w'’-])[A-Za-z]+(?![\w'’-])")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BESIDE = {
    char: row[max(0, at - 1) : at] + row[at + 1 : at + 2] for row in ROWS for at, char in enumerate(row)
}
# One slip away from a word of five letters or more, with another meaning.
OTHER_WORDS = frozenset(
    (
        "angel angle board bored breath breathe casual causal clothes cloths coast cost country county dairy "
        "desert dessert diary diner dinner except expect fiend form four friend fright from later latter "
        "limes lines medal metal moral mortal petal pubic public quiet quite right sacred scared signal "
        "signed silver singed single sliver sorted staring starring started stated statue status statute "
        "staying sting stored string strong there thorough though three through tired trail trial tried "
        "trough united unites untied unties were where"
    ).split()
)


def with_typos(text: str, free: list[bool], rng: random.Random) -> str:
    """The text with a slip in about one word of twelve (at least one), never in capitalised or short words.

    `free` says for each character whether it may be touched.
    """
    every = list(WORD.finditer(text))
    taken = {word[0].lower() for word in every} | OTHER_WORDS
    fit = [word for word in every if len(word[0]) >= LEAST_LETTERS and all(free[word.start() : word.end()])]
    fit = [word for word in fit if word[0].islower() or text.isupper()]
    if len(every) < LEAST_WORDS:
        return text
    chosen = sorted(rng.sample(range(len(fit)), min(len(fit), max(1, round(SHARE * len(every))))))
    for place in reversed(chosen):
        word = fit[place]
        text = text[: word.start()] + _slip(word[0], taken, rng) + text[word.end() :]
    return text


def _slip(word: str, taken: set[str], rng: random.Random) -> str:
    """The word with one slip inside; as it is where only other words come out."""
    for _ in range(TRIES):
        at = rng.randrange(1, len(word) - 2)
        # Without one of its letters a short word is often another word.
        slips = (_turned, _doubled, _missed, _dropped)[: 4 if len(word) >= LONG else 3]
        new = rng.choice(slips)(word.lower(), at, rng)
        if new not in taken:
            return new.upper() if word.isupper() else new
    return word


def _turned(word: str, at: int, rng: random.Random) -> str:  # noqa: ARG001
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _dropped(word: str, at: int, rng: random.Random) -> str:  # noqa: ARG001
    return word[:at] + word[at + 1 :]


def _doubled(word: str, at: int, rng: random.Random) -> str:  # noqa: ARG001
    return word[:at] + word[at] + word[at:]


def _missed(word: str, at: int, rng: random.Random) -> str:
    return word[:at] + rng.choice(BESIDE[word[at]]) + word[at + 1 :]
