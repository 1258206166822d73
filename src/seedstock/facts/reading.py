"""All facts of one text, read once: what `changes` compares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from seedstock.facts.knowledge import Knowledge
from seedstock.facts.lists import Language, is_ordinary, key, language
from seedstock.facts.names import Name, find_names
from seedstock.facts.negation import Polarity, polarity
from seedstock.facts.numbers import Number, count
from seedstock.facts.scan import Token, language_of, plain, scan

_QUOTE = re.compile(
    r"""(?<![\w"'])(?:"(?=[^\s"])([^"\n]{1,60})(?<!\s)"|'(?=[^\s'])((?:[^'\n]|(?<=\w)'(?=\w)){1,60})(?<!\s)')(?![\w"'])"""
)
_CASE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")
_MOST_QUOTED = 5
_LEAST_ENGLISH = 0.45


@dataclass(frozen=True, slots=True)
class Code:
    """A code, address, mention, tag, placeholder or quoted string: how it stands, its letters and digits.

    `keys` are the words of a quoted string; the others have none.
    """

    key: str
    text: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """A month, a day of the week or `tomorrow`; `key` is `month 6`, `day 1` or `on tomorrow`."""

    key: str
    text: str
    firm: bool = True


class Facts:
    """What a text says that a rewrite must keep."""

    def __init__(self, text: str, knowledge: Knowledge) -> None:
        self.text = plain(text)
        self.tokens = scan(self.text)
        self.knowledge = knowledge
        self.words: Language = language(language_of(self.tokens, knowledge.language))
        counted = count(self.tokens, self.words)
        self.numbers = [number for number in counted.numbers if number.kind not in ("code", "month")]
        self.dates = [When(f"month {n.value}", self.surface(n)) for n in counted.numbers if n.kind == "month"]
        self.codes = [Code(n.value, self.surface(n)) for n in counted.numbers if n.kind == "code"]
        taken = set(counted.taken)
        self._read_dates(taken)
        self._read_codes()
        self.taken = taken

    def surface(self, piece: Number | Name) -> str:
        """The text of tokens, as it stands."""
        return self.text[self.tokens[piece.first].start : self.tokens[piece.last].end]

    @cached_property
    def names(self) -> list[Name]:
        """The names, and the words that may be names."""
        return find_names(self.tokens, self.taken, self.knowledge, self.english)

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
                found.update(key(part.lower()) for part in _CASE.findall(token.text[:200]))
                found.add(key(_bare(token.text)))
        return frozenset(found | {code.key for code in self.codes})

    @cached_property
    def canonical(self) -> frozenset[str]:
        """The names by their listed name: `America` is in here as `united states`."""
        return frozenset(name.key for name in self.names)

    @cached_property
    def joins(self) -> frozenset[str]:
        """Two or three neighbours as one word: for what one text writes together and the other does not."""
        line = self.line
        pairs = ["".join(pair) for pair in zip(line, line[1:], strict=False)]
        return frozenset(pairs + [a + b for a, b in zip(pairs, line[2:], strict=False)])

    @cached_property
    def line(self) -> list[str]:
        """The keys of the tokens in order, without marks: quoted strings are looked up in it."""
        return keys_of(self.tokens)

    @cached_property
    def loose_dates(self) -> frozenset[str]:
        """Months and days that words of this text may mean: `march`, `sat` and `may` among them."""
        words = self.words
        found = {f"month {words.months[low]}" for low in self._lows if low in words.months}
        found |= {f"month {words.short_months[low]}" for low in self._lows if low in words.short_months}
        found |= {f"day {words.days[low]}" for low in self._lows if low in words.days}
        return frozenset(found | {f"day {words.short_days[low]}" for low in self._lows if low in words.short_days})

    @cached_property
    def _lows(self) -> frozenset[str]:
        return frozenset(token.low.removesuffix("'s") for token in self.tokens if token.kind == "word")

    def _read_dates(self, taken: set[int]) -> None:
        for at, token in enumerate(self.tokens):
            if token.kind == "word" and at not in taken and (when := _when(self.tokens, at, self.words)):
                self.dates.append(when)
                taken.add(at)

    def _read_codes(self) -> None:
        self.codes += [Code(_bare(t.text), t.text) for t in self.tokens if t.kind == "code" and not _is_role(t.text)]
        for match in _QUOTE.finditer(self.text):
            quoted = [t for t in scan(match[1] or match[2]) if t.kind != "mark"]
            if 0 < len(quoted) <= _MOST_QUOTED:
                keys = tuple(keys_of(quoted))
                self.codes.append(Code(" ".join(keys), match[0], keys))


def keys_of(tokens: Sequence[Token]) -> list[str]:
    """The tokens as they are looked up: words by their key, all without case; marks are left out."""
    return [key(t.low) if t.kind == "word" else t.low.lower() for t in tokens if t.kind not in ("mark", "line")]


def _bare(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _is_role(code: str) -> bool:
    """`[user]` and the like say who speaks."""
    return code[0] == "[" and code[1:-1].lower() in _ROLES


_ROLES = frozenset("user agent customer caller operator assistant bot system client support me you".split())
_BEFORE_MONTH = frozenset("in of since until till by during last next this from through early late mid every before after between and".split())


def _when(tokens: Sequence[Token], at: int, words: Language) -> When | None:
    token = tokens[at]
    low = token.low.removesuffix("'s")
    if low in words.months:
        return When(f"month {words.months[low]}", token.text) if _is_month(tokens, at, low) else None
    if low in words.days or (low.endswith("s") and low[:-1] in words.days):
        return When(f"day {words.days.get(low) or words.days[low[:-1]]}", token.text)
    if low in words.short_months and (token.text[0].isupper() or low in ("sept", "nov", "feb")) and _by_number(tokens, at):
        return When(f"month {words.short_months[low]}", token.text)
    if low in words.short_days and (token.text[0].isupper() or len(low) > 3) and not token.text[:2].isupper():
        sure = low not in ("sat", "sun") or not token.opens
        return When(f"day {words.short_days[low]}", token.text) if sure else None
    return When(f"on {low}", token.text, firm=False) if low in words.relative else None


def _is_month(tokens: Sequence[Token], at: int, low: str) -> bool:
    """`May` and `March` are months beside a number, or with a capital after `in`, `of`, `last` …"""
    if low not in ("may", "march", "august", "mars", "avril"):
        return True
    if _by_number(tokens, at):
        return True
    before = tokens[at - 1].low if at else ""
    return tokens[at].text[0].isupper() and not tokens[at].opens and before in _BEFORE_MONTH


def _by_number(tokens: Sequence[Token], at: int) -> bool:
    near = [i for i in (at - 1, at + 1, at + 2, at - 2) if 0 <= i < len(tokens)]
    return any(tokens[i].kind == "number" and (abs(i - at) == 1 or tokens[(i + at) // 2].text in (".", "of", ",")) for i in near)
