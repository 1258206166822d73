"""What is known about words: from the real rows of a task, and from the lists beside this file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seedstock.facts.lists import is_ordinary, key
from seedstock.facts.scan import Token, language_of, plain, scan

SHARE_OF_NOUNS = 0.25
"""Above this share of capitals within sentences a capital says nothing: German nouns have one, and titles."""
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Words by how real rows write them; keys as of `lists.key`.

    `lower` are words that begin small somewhere, `names` those seen within sentences with a capital only.
    `capitals` says whether a capital within a sentence tells a name in these rows, `language` which one
    most rows are in.
    """

    lower: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    capitals: bool = True
    language: str = "en"

    @classmethod
    def of(cls, texts: Iterable[str]) -> Knowledge:
        """What these texts tell. Those without any capital tell nothing about names."""
        small, large, languages = Counter[str](), Counter[str](), Counter[str]()
        for text, _ in zip(texts, range(MOST_ROWS), strict=False):
            tokens = scan(plain(text))
            languages[language_of(tokens)] += 1
            if not tells(tokens):
                continue
            for token in inside(tokens):
                (large if token.text[0].isupper() else small)[key(token.low)] += 1
        share = large.total() / max(1, large.total() + small.total())
        names = frozenset(word for word, n in large.items() if not small[word] and len(word) > 1 and n > 1)
        most = max(languages, key=languages.__getitem__, default="en")
        return cls(frozenset(small), names, share <= SHARE_OF_NOUNS, most)

    def ordinary(self, low: str) -> bool:
        """Whether a folded word is an ordinary one: a real row writes it small, or the list has it."""
        return is_ordinary(low) or key(low) in self.lower


def inside(tokens: Sequence[Token]) -> list[Token]:
    """The words that begin no sentence."""
    return [token for token in tokens if token.kind == "word" and not token.opens and token.low != "i"]


def tells(tokens: Sequence[Token]) -> bool:
    """Whether capitals in this text mean something: there are some, and not on most words."""
    words = [token for token in tokens if token.kind == "word" and len(token.text) > 1]
    capitals = sum(token.text[0].isupper() for token in words)
    return capitals > 0 and (len(words) < 4 or capitals <= 0.6 * len(words))
