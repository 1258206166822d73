"""All facts of one text, read once: what `changes` compares."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise

from seedstock.facts.codes import Code, bare, codes_of, keys_of, quotes_of
from seedstock.facts.dates import When, loose_dates, when
from seedstock.facts.knowledge import Knowledge
from seedstock.facts.lists import Language, is_ordinary, key, language
from seedstock.facts.names import Name, find_names
from seedstock.facts.numbers import Number, count
from seedstock.facts.polarity import Polarity, polarity
from seedstock.facts.scan import language_of, plain, scan

_WORDS_INSIDE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")
_LEAST_ENGLISH = 0.45


class Facts:
    """What a text says that a rewrite must keep.

    `numbers` are numbers, times, and the days and years of dates; `dates` are months and days of the week.
    """

    def __init__(self, text: str, knowledge: Knowledge) -> None:
        self.text = plain(text)
        self.tokens = scan(self.text)
        self.knowledge = knowledge
        self.words: Language = language(language_of(self.tokens, knowledge.language))
        counted = count(self.tokens, self.words)
        self.numbers = [number for number in counted.numbers if number.kind not in ("code", "month")]
        self.dates = [When(f"month {n.value}", self.surface(n)) for n in counted.numbers if n.kind == "month"]
        self.codes = [Code(n.value, self.surface(n)) for n in counted.numbers if n.kind == "code"]
        self.codes += codes_of(self.tokens)
        self._taken = counted.taken
        self._read_dates()

    def _read_dates(self) -> None:
        for at, token in enumerate(self.tokens):
            if (
                token.kind == "word"
                and at not in self._taken
                and (found := when(self.tokens, at, self.words))
            ):
                self.dates.append(found)
                self._taken.add(at)

    def surface(self, piece: Number | Name) -> str:
        """The text of a number or name, as it stands."""
        return self.text[self.tokens[piece.first].start : self.tokens[piece.last].end]

    @cached_property
    def names(self) -> list[Name]:
        """The names, and the words that may be names."""
        return find_names(self.tokens, self._taken, self.knowledge, self.english)

    @cached_property
    def quotes(self) -> list[Code]:
        """The quoted strings."""
        return quotes_of(self.text) if '"' in self.text or "'" in self.text else []

    @cached_property
    def polarity(self) -> Polarity:
        """The negations."""
        return polarity(self.tokens, self.words)

    @cached_property
    def english(self) -> bool:
        """Whether most words are ordinary English ones: only then is a rare word a name."""
        words = [token.low for token in self.tokens if token.kind == "word"]
        return self.words.code == "en" and sum(map(is_ordinary, words)) >= _LEAST_ENGLISH * len(words)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of all words, those within hashtags and mentions among them."""
        found = {key(token.low) for token in self.tokens if token.kind == "word"}
        for token in self.tokens:
            if token.kind == "code":
                found.update(key(part.lower()) for part in _WORDS_INSIDE.findall(token.text))
                found.add(key(bare(token.text)))
        return frozenset(found | self.code_keys)

    @cached_property
    def code_keys(self) -> frozenset[str]:
        """The keys of the codes."""
        return frozenset(code.key for code in self.codes)

    def is_in_code(self, at: int, other: Facts) -> bool:
        """Whether this token and one beside it are a code that the other text writes as one: `AB 123`."""
        near = [bare(token.text) for token in self.tokens[max(0, at - 1) : at + 2]]
        return any(one + two in other.code_keys for one, two in pairwise(near))

    @cached_property
    def canonical(self) -> frozenset[str]:
        """The names by their listed name: `America` is in here as `united states`."""
        return frozenset(name.key for name in self.names)

    @cached_property
    def line(self) -> list[str]:
        """The keys of the tokens in order, without marks."""
        return keys_of(self.tokens)

    @cached_property
    def joins(self) -> frozenset[str]:
        """Two or three neighbours as one word: for what one text writes together and the other does not."""
        pairs = [one + two for one, two in pairwise(self.line)]
        return frozenset(pairs + [pair + word for pair, word in zip(pairs, self.line[2:], strict=False)])

    @cached_property
    def loose_dates(self) -> frozenset[str]:
        """The keys of months and days that words of this text may mean."""
        return loose_dates(self.tokens, self.words)
