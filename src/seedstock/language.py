"""Which language a text is in, among the few that a set of texts is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

LEAST_SHARE = 0.05
LEAST_ROWS = 3
"""A language counts where so many texts are in it: short texts are taken for all sorts of languages."""
LEAST_WORDS = 3

NAMES = {
    "en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
    "nl": "Dutch", "pl": "Polish", "cs": "Czech", "sk": "Slovak", "sv": "Swedish", "da": "Danish",
    "no": "Norwegian", "fi": "Finnish", "hu": "Hungarian", "ro": "Romanian", "el": "Greek", "tr": "Turkish",
    "ru": "Russian", "uk": "Ukrainian", "bg": "Bulgarian", "hr": "Croatian", "sl": "Slovenian",
    "lt": "Lithuanian", "lv": "Latvian", "et": "Estonian", "ar": "Arabic", "he": "Hebrew", "fa": "Persian",
    "hi": "Hindi", "bn": "Bengali", "ta": "Tamil", "th": "Thai", "vi": "Vietnamese", "id": "Indonesian",
    "ja": "Japanese", "ko": "Korean", "zh": "Chinese",
}  # fmt: skip
"""Languages that are told apart, by ISO 639-1 code."""


def languages_of(texts: Sequence[str]) -> dict[str, int]:
    """Language → how many of `texts` are in it, the most frequent first; only those that count."""
    found = Counter(filter(None, (identify(text, tuple(NAMES)) for text in texts)))
    least = max(LEAST_ROWS, LEAST_SHARE * len(texts))
    return {name: n for name, n in found.most_common() if n >= least}


def identify(text: str, among: Sequence[str]) -> str | None:
    """The likeliest of these languages; None for a text of less than three words, which could be any."""
    if len(text.split()) < LEAST_WORDS and text.isascii():
        return None
    if len(among) == 1:
        return among[0]
    return str(_identifier(tuple(among)).classify(text)[0])


def scores(text: str) -> dict[str, float]:
    """How likely a text is in each of the languages of `NAMES`: logarithms, to be compared within a text."""
    return {str(name): float(score) for name, score in _identifier(tuple(NAMES)).rank(text)}


@cache
def _identifier(among: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    made = LanguageIdentifier.from_model_file(MODEL_FILE)
    made.set_languages(list(among))
    return made
