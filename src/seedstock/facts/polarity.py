"""What a text negates, and which other words of it say no as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from seedstock.facts.lists import Language, is_ordinary
from seedstock.facts.scan import Token

WINDOW = 5
"""A negation reaches this many tokens far."""

MOST = 200
"""Negations beyond this many are not compared: no person would."""

_SCOPE = 7
_PRONOUNS = frozenset("i you he she it we they u ya".split())
_POINTERS = frozenset("there this that these those".split())
_DETERMINERS = frozenset("the a an my your his her its our their".split())
_ASKING = frozenset("isn't aren't wasn't weren't isnt arent wasnt werent".split())
_NOUNLY = frozenset("no none nobody nothing nowhere".split())
_LABELS = frozenset("none no".split())
_PASSING = {
    "not": frozenset("only just sure certain least".split()),
    "without": frozenset("problem problems doubt question fail".split()),
    "no": frozenset(
        "problem problems worries worry rush hurry matter doubt offense pressure thanks idea clue".split()
    ),
}
"""What follows a negation that is said in passing: no clause of the content is negated."""
_NO_NOUN = frozenset("in on at for to of and or but i we you it is was".split())
_BOUNDS = frozenset("more less fewer later earlier longer".split())
_EXCEPT = frozenset(
    (("all", "but"), ("everything", "but"), ("everyone", "but"), ("anything", "but"), ("other", "than"),
     ("apart", "from"), ("aside", "from"), ("different", "from"), ("rather", "than"), ("instead", "of"))
)  # fmt: skip
_SMALL = frozenset(
    "been being am it's its me him them us so any all at no not own just yet ever even very really too also"
    " quite much many such only about up out then than or but could should may might must shall did get got"
    " let please before after since when while until again".split()
)
_MARKS = frozenset('.,;:!?()"')

Kind = Literal["plain", "noun", "bound", "double", "only", "passing"]
"""`no friends` is `noun`, `no more than` a `bound`, `not unhappy` `double`, `nothing but` is `only`."""


@dataclass(frozen=True, slots=True)
class Negation:
    """A negation: the token, and the stems of the words it says no to, nearest first.

    `back` says that these stand before it: `friends: none`.
    """

    at: int
    kind: Kind
    heads: tuple[str, ...]
    back: bool = False


@dataclass
class Polarity:
    """What a text negates. `soft` are stems of words that say no by themselves: `unable`, `broken`.

    `stems` says where each word of content stands, `lows` are all tokens, folded.
    """

    lows: list[str]
    negations: list[Negation] = field(default_factory=list)
    soft: set[str] = field(default_factory=set)
    soft_at: set[int] = field(default_factory=set)
    stems: dict[str, list[int]] = field(default_factory=dict)

    @cached_property
    def said(self) -> list[Negation]:
        """The negations of the content: those that are not said in passing."""
        return [negation for negation in self.negations if negation.kind != "passing"]

    def free(self, head: str, own: bool = False) -> list[int]:
        """Where a word stands with neither a negation nor a word that says no over it.

        `own`: the word says no itself, and only negations cover it.
        """
        covered = self._negated if own else self._covered
        return [at for at in self.stems.get(head, ()) if at not in covered]

    @cached_property
    def _negated(self) -> set[int]:
        return {place for n in self.negations for place in range(n.at - 1, n.at + WINDOW + 1)}

    @cached_property
    def _covered(self) -> set[int]:
        return self._negated | {place for at in self.soft_at for place in range(at, at + WINDOW + 1)}


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """A word without its inflection, good enough to find it again: `includes`, `including` → `includ`."""
    word = word.replace("'", "")
    for ending in ("ing", "ies", "ied", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def polarity(tokens: Sequence[Token], words: Language) -> Polarity:
    """The negations of a text, without tag questions and what is said in passing."""
    found = Polarity([token.low for token in tokens])
    for at, token in enumerate(tokens):
        if token.kind != "word":
            continue
        if _is_not(token.low, words):
            if _is_aside(tokens, at):
                found.soft.add("aside")
            elif len(found.negations) < MOST:
                found.negations.append(_negation(tokens, at, words))
        elif _is_soft(token.low, words):
            found.soft.add(stem(token.low))
            found.soft_at.add(at)
        elif at and (tokens[at - 1].low, token.low) in _EXCEPT:
            found.soft.add("except")
            found.soft_at.update((at, at - WINDOW))  # it reaches both ways
        if _is_content(token.low, words):
            found.stems.setdefault(stem(token.low), []).append(at)
    return found


@lru_cache(maxsize=1 << 14)
def _is_not(low: str, words: Language) -> bool:
    return low in words.nots or low.endswith("n't") or low.replace("'", "") in words.nots


@lru_cache(maxsize=1 << 14)
def _is_soft(low: str, words: Language) -> bool:
    if low in words.soft or (low.endswith("less") and len(low) > 6):
        return True
    if words.code != "en" or len(low) < 6:
        return False
    rest = low[2:] if low.startswith("un") else low[3:] if low.startswith("non") else ""
    return len(rest) > 3 and is_ordinary(rest)


@lru_cache(maxsize=1 << 14)
def _is_content(low: str, words: Language) -> bool:
    return len(low) > 1 and low not in words.stop and low not in _SMALL and not _is_not(low, words)


def _is_aside(tokens: Sequence[Token], at: int) -> bool:
    """Tag and inverted questions, `or not`, a `no` that answers."""
    low, after = tokens[at].low, tokens[at + 1].low if at + 1 < len(tokens) else ""
    if low.endswith(("n't", "nt")):
        return _asks(tokens, at, after)
    if low in _LABELS and _is_label(tokens, at):
        return True
    before = tokens[at - 1].low if at else ""
    if low == "no" and (after in _NO_NOUN or not after.isalpha()):
        return True
    if low == "not" and (
        before == "why" or (before == "or" and (not after.isalnum() or tokens[at - 2].low == "whether"))
    ):
        return True
    return low == "nor"  # it goes on with another negation


def _asks(tokens: Sequence[Token], at: int, after: str) -> bool:
    """`can't you tell me`, `isn't it`, `isn't the shop open?`: asked politely, or asked for a yes."""
    token, before = tokens[at], tokens[at - 1].low if at else ""
    if after in _PRONOUNS:
        return True
    if after in _POINTERS:
        return token.opens or before in ("", ",", "why", "how", "when")
    if not token.opens or token.low not in _ASKING or after not in _DETERMINERS:
        return False
    return next((near.text for near in tokens[at : at + 40] if near.text in ".!?"), "") == "?"


def _is_label(tokens: Sequence[Token], at: int) -> bool:
    """`output None`, `Doctor No`."""
    token, before = tokens[at], tokens[at - 1]
    if not token.text.istitle() or token.opens:
        return False
    return before.low in ("doctor", "dr") if token.low == "no" else before.text.islower()


def _negation(tokens: Sequence[Token], at: int, words: Language) -> Negation:
    heads = tuple(_contents(tokens[at + 1 : at + 1 + _SCOPE], words))
    kind = _kind(tokens, at, words)
    if heads:
        return Negation(at, kind, heads)
    return Negation(at, kind, tuple(_contents(tokens[max(0, at - 4) : at][::-1], words)), back=True)


def _contents(tokens: Sequence[Token], words: Language) -> list[str]:
    """The stems of the words of content up to the next mark."""
    found = []
    for token in tokens:
        if token.text in _MARKS or token.kind == "line":
            break
        if token.kind == "word" and _is_content(token.low, words):
            found.append(stem(token.low))
    return found


def _kind(tokens: Sequence[Token], at: int, words: Language) -> Kind:
    after = [token.low for token in tokens[at + 1 : at + 4]]
    if after and after[0] in _PASSING.get(tokens[at].low, ()):
        return "passing"
    if "than" in after and any(word in _BOUNDS for word in after):
        return "bound"
    near = [low for low in after[:2] if low.isalpha()]
    skip = len(near) > 1 and not _is_content(near[0], words)
    if near and (_is_soft(near[0], words) or (skip and _is_soft(near[1], words))):
        return "double"
    if after[:1] == ["but"]:
        return "only"
    return "noun" if tokens[at].low in _NOUNLY else "plain"
