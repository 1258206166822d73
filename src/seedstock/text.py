"""What two texts have in common, cheaply: one normal form, the values in them, a shared template."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_UNITS = "two three four five six seven eight nine ten eleven twelve".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_NUMBER_WORDS = (
    {"zero": "0", "hundred": "100", "thousand": "1000"}
    | {word: str(value) for value, word in enumerate(_UNITS, 2)}
    | {word: str(10 * value) for value, word in enumerate(_TENS, 2)}
)
# "one" is left out: it is more often a pronoun than a number.
_VALUE = re.compile(
    r"(?<![^\W_])(?:[^\W\d_]+-)?[^\W_]*\d[^\W_]*(?:[.,:/-](?=\w*\d)\w+)*|"
    + "|".join(rf"\b{w}\b" for w in _NUMBER_WORDS)
)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_INSIDE = re.compile(r"\w(?:.*\w)?", re.DOTALL)


def storable(text: str) -> str:
    """`text` as UTF-8 can hold it: lone surrogates become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def normalise(text: str) -> str:
    """NFKC, case folded, white space collapsed, punctuation at both ends dropped."""
    # Once is not enough: folding can make a new ligature. ASCII has none, nor another Unicode form.
    folded = " ".join((text.lower() if text.isascii() else _fold(_fold(text))).split())
    inside = _INSIDE.search(folded)
    return inside[0] if inside else folded


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def values(text: str) -> tuple[str, ...]:
    """The numbers and codes in a text, sorted, each once: `Pump P-204 at 1,200 rpm` → `("1200", "p-204")`.

    Number words up to ninety count as numbers, so that `2` and `two` agree.
    """
    plain = text.lower() if text.isascii() else _fold(text)
    found = _VALUE.findall(_THOUSANDS.sub("", plain))
    return tuple(sorted({_NUMBER_WORDS.get(token, token) for token in found}))


@dataclass(frozen=True, slots=True)
class Template:
    """Words that (nearly) all rows of a set begin and end with: a prompt header around what varies.

    Embedding the header with the row makes distinct rows look alike, so `slot` takes it away.
    """

    prefix: str = ""
    suffix: str = ""

    def slot(self, text: str) -> str:
        """What varies in `text`: the text without the template, or all of it where it does not fit."""
        if not (self.prefix or self.suffix):
            return text
        fits = text.startswith(self.prefix) and text.endswith(self.suffix)
        inner = text[len(self.prefix) : len(text) - len(self.suffix)] if fits else ""
        return inner if inner.strip() else text


def find_template(
    texts: Sequence[str], share: float = 0.9, min_rows: int = 8, min_words: int = 5
) -> Template:
    """The longest beginning and end, in whole words, that at least `share` of `texts` have in common.

    Ends shorter than `min_words` words are no template but ordinary language ("how do I …"), and
    fewer than `min_rows` distinct texts cannot show one.
    """
    distinct = sorted(set(texts))
    if len(distinct) < min_rows:
        return Template()
    prefix = _whole_words(_shared_beginning(distinct, share), min_words)
    rest = [text[len(prefix) :][::-1] for text in distinct if text.startswith(prefix)]
    suffix = _whole_words(_shared_beginning(sorted(rest), share), min_words)[::-1]
    return Template(prefix, suffix)


def _shared_beginning(ordered: Sequence[str], share: float) -> str:
    """Of sorted texts, those that share a beginning stand together: the best window of this size."""
    width = max(1, -int(-share * len(ordered) // 1))
    windows = zip(ordered, ordered[width - 1 :], strict=False)
    return max((_common_prefix(first, last) for first, last in windows), key=len)


def _common_prefix(one: str, other: str) -> str:
    pairs = enumerate(zip(one, other, strict=False))
    return one[: next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))]


def _whole_words(text: str, min_words: int) -> str:
    end = max((i + 1 for i, c in enumerate(text) if c.isspace()), default=0)
    return text[:end] if len(text[:end].split()) >= min_words else ""
