"""Tongue: is a text in a language that the seeds are not in? Sure of it, or silent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from seedstock.language import NAMES, languages_of, scores

_SCRIPTS = {
    "Chinese or Japanese": "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff", "Korean": "\uac00-\ud7af\u1100-\u11ff",
    "Cyrillic": "\u0400-\u052f", "Arabic": "\u0600-\u06ff\u0750-\u077f", "Hebrew": "\u0590-\u05ff",
    "Devanagari": "\u0900-\u097f", "Bengali": "\u0980-\u09ff", "Tamil": "\u0b80-\u0bff",
    "Thai": "\u0e00-\u0e7f", "Greek": "\u0370-\u03ff",
}  # fmt: skip
_OF_SCRIPT = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{2,}")

SCANNED = 2_000
SCRIPT_SHARE = 0.2
"""Share of a text's letters in a script of no seed from which it is in another language."""
LEAST_WORDS = 4
MARGIN, MARGIN_PER_WORD = 40.0, 2.5
"""How much likelier another language must be than those of the seeds, in natural logarithms: in all, and
for each word. Names alone reach 38 in the holdouts of the shared sets, five words of German 37."""
KNOWN_SHARE = 0.3
"""Share of a text's words that are seeds' words from which nobody needs to be asked."""


@dataclass(slots=True)
class Tongues:
    """What the seeds' texts of one field are in: languages, scripts, words."""

    languages: tuple[str, ...] = ()
    scripts: frozenset[str] = frozenset()
    words: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, texts: Sequence[str]) -> Tongues:
        """Of the seeds' texts. No language where none can be told: then none is wrong."""
        parts = [text[:SCANNED] for text in texts]
        main = tuple(languages_of(parts))
        scripts = frozenset(name for name, letters in _OF_SCRIPT.items() if any(map(letters.search, parts)))
        words = frozenset(word for part in parts for word in _WORD.findall(part.casefold()))
        tongues = cls(main, scripts, words)
        others = {found for part in parts if main and (found := tongues._other_language(part))}
        return cls((*main, *sorted(others)), scripts, words)

    def stranger(self, text: str) -> str | None:
        """The language or script that a text is in and no seed is; None where that is not certain."""
        if not self.languages:
            return None
        part = text[:SCANNED]
        if not part.isascii() and (script := self._other_script(part)):
            return script
        words = _WORD.findall(part.casefold())
        if len(words) < LEAST_WORDS or sum(word in self.words for word in words) >= KNOWN_SHARE * len(words):
            return None
        found = self._other_language(part)
        return None if found is None else NAMES[found]

    def _other_script(self, part: str) -> str | None:
        letters = len(_LETTER.findall(part))
        for name, of_script in _OF_SCRIPT.items():
            if name not in self.scripts and len(of_script.findall(part)) > max(2, SCRIPT_SHARE * letters):
                return name
        return None

    def _other_language(self, part: str) -> str | None:
        words = len(_WORD.findall(part))
        if words < LEAST_WORDS:
            return None
        found = scores(part)
        best = max(found, key=lambda name: found[name])
        margin = found[best] - max(found[name] for name in self.languages)
        return best if margin >= max(MARGIN, MARGIN_PER_WORD * words) else None


def asked_for(given: str, language: str) -> bool:
    """Whether an input asks for an output in another language: it names the language, or a translation."""
    small = given[:SCANNED].casefold()
    return "translat" in small or any(part in small for part in language.casefold().split(" or "))
