"""The negations of a text: what is negated, and which other words say no as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from seedstock.facts.lists import Language, is_ordinary
from seedstock.facts.scan import Token

_PRONOUNS = frozenset("i you he she it we they u ya".split())
_POINTERS = frozenset("there this that these those".split())
_ASIDE = {
    "not": frozenset("only just sure certain least".split()),
    "no": frozenset(
        "problem problems worries worry rush hurry matter doubt offense pressure thanks idea clue".split()
    ),
}
"""Said in passing: no clause of the content is negated."""
_BOUNDS = frozenset("more less fewer later earlier longer".split())
_KNOWING = "find know figure sure understand recall"
_WISHING = (
    "seem decide think believe aware clear have want need get wait remember see tell able worry hesitate"
    " forget mind"
)
_LABELS = frozenset("none no".split())
_ASKING = frozenset("isn't aren't wasn't weren't isnt arent wasnt werent".split())
_DETERMINERS = frozenset("the a an my your his her its our their".split())
_EXCEPT = frozenset(
    (("all", "but"), ("everything", "but"), ("everyone", "but"), ("anything", "but"), ("other", "than"),
     ("apart", "from"), ("aside", "from"), ("different", "from"), ("rather", "than"), ("instead", "of"))
)  # fmt: skip
_NO_NOUN = frozenset("in on at for to of and or but i we you it is was".split())
_MORE_STOP = frozenset(
    "been being am it's its me him them us so any all at no not own just yet ever even very really too also"
    " quite much many such only own about up out then than or but could should may might must shall did get"
    " got going go let make made please".split()
)
_MARKS = frozenset('.,;:!?()"')
_SCOPE, _WINDOW = 7, 5


@dataclass(frozen=True, slots=True)
class Negation:
    """A negation: its word, the token, and the stems of the words it says no to, nearest first.

    `strict` is False where other words say the same without one: a bound (`no more than`), and what is
    `double`, the negation of a word that says no by itself (`not unhappy`).
    """

    text: str
    at: int
    heads: tuple[str, ...]
    strict: bool
    double: bool = False


@dataclass(slots=True)
class Polarity:
    """What a text negates. `soft` are stems of words that say no by themselves: `unable`, `broken`.

    `stems` are the words of content with their tokens.
    """

    negations: list[Negation] = field(default_factory=list)
    soft: dict[str, str] = field(default_factory=dict)
    soft_at: set[int] = field(default_factory=set)
    stems: list[tuple[str, int]] = field(default_factory=list)


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
    found = Polarity()
    for at, token in enumerate(tokens):
        if token.kind != "word":
            continue
        if _is_not(token.low, words):
            if _aside(tokens, at):
                found.soft["aside"] = token.low
            else:
                found.negations.append(_negation(tokens, at, words))
        elif _is_soft(token.low, words):
            found.soft[stem(token.low)] = token.low
            found.soft_at.add(at)
        elif at and (tokens[at - 1].low, token.low) in _EXCEPT:
            found.soft["except"] = token.low
            found.soft_at.update((at, at - _WINDOW))  # it reaches both ways
        if _is_content(token.low, words):
            found.stems.append((stem(token.low), at))
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
    return len(low) > 1 and low not in words.stop and low not in _MORE_STOP and not _is_not(low, words)


def _aside(tokens: Sequence[Token], at: int) -> bool:
    """Tag and inverted questions, `or not`, a `no` that answers, `no problem`, `not only`."""
    token, after = tokens[at], tokens[at + 1].low if at + 1 < len(tokens) else ""
    before = tokens[at - 1].low if at else ""
    if token.low.endswith(("n't", "nt")):
        if (
            token.low in _ASKING
            and after in _DETERMINERS
            and any(t.text == "?" for t in tokens[at : at + 40])
        ):
            return True
        asked = token.opens or before in ("", ",", "why", "how", "when")
        return after in _PRONOUNS or (asked and after in _POINTERS)
    if token.low in ("no", "not") and (at + 1 == len(tokens) or tokens[at + 1].kind != "word"):
        return token.low == "no" or before == "or"
    if token.low == "no" and after in _NO_NOUN:
        return True
    if token.low == "not" and (
        before == "why" or (before == "or" and at > 1 and tokens[at - 2].low == "whether")
    ):
        return True
    # A `nor` goes on with another negation; `None` is a label, and `Doctor No` a name.
    if token.low == "nor" or (token.low in _LABELS and _is_label(tokens, at)):
        return True
    return after in _ASIDE.get(token.low, ())


def _is_label(tokens: Sequence[Token], at: int) -> bool:
    token = tokens[at]
    return token.text.istitle() and not token.opens and tokens[at - 1].kind == "word"


def _negation(tokens: Sequence[Token], at: int, words: Language) -> Negation:
    after = [token.low for token in tokens[at + 1 : at + 4]]
    bound = "than" in after and any(word in _BOUNDS for word in after)
    double = _negates_a_no(tokens, at, words)
    return Negation(tokens[at].text, at, tuple(_heads(tokens, at, words)), not (bound or double), double)


def _negates_a_no(tokens: Sequence[Token], at: int, words: Language) -> bool:
    after = [token for token in tokens[at + 1 : at + 3] if token.kind == "word"]
    if after and _is_soft(after[0].low, words):
        return True
    return len(after) > 1 and not _is_content(after[0].low, words) and _is_soft(after[1].low, words)


def _heads(tokens: Sequence[Token], at: int, words: Language) -> Iterator[str]:
    """The stems of the next words of content in the clause; of those before where none follow."""
    yielded = False
    for token in tokens[at + 1 : at + 1 + _SCOPE]:
        if token.text in _MARKS or token.kind == "line":
            break
        if token.kind == "word" and _is_content(token.low, words):
            yielded = True
            yield stem(token.low)
    for token in () if yielded else reversed(tokens[max(0, at - 4) : at]):
        if token.kind == "word" and _is_content(token.low, words):
            yield stem(token.low)


def lost(before: Polarity, after: Polarity) -> list[Negation]:
    """The negations of a text that another one does not have.

    Tellable where what was negated stands in the other text without a negation, or where nothing there
    says no at all.
    """
    fewer = len(before.negations) - len(after.negations)
    if fewer <= 0:
        return []
    gone = [negation for negation in before.negations if _stands_bare(negation, after)]
    if not gone and not after.negations and not after.soft.keys() - before.soft.keys():
        gone = [negation for negation in before.negations if negation.strict]
    return gone[:fewer]


def added(before: Polarity, after: Polarity) -> list[Negation]:
    """The negations of a text that another one does not have, where the other says what is negated."""
    spare = len(before.negations) + len(before.soft.keys() - after.soft.keys())
    more = len(after.negations) - spare
    if more <= 0:
        return []
    return [negation for negation in after.negations if _was_free(negation, before)][:more]


def _stands_bare(negation: Negation, after: Polarity) -> bool:
    if not negation.heads:
        return False
    own = {at for word, at in after.stems if word == negation.heads[0]} if negation.double else set[int]()
    return _is_free(negation.heads[0], after, after.soft_at - own)


def _was_free(negation: Negation, before: Polarity) -> bool:
    """Whether the other text says what is negated here. `I cannot find …` is another way of asking."""
    if negation.double:
        return bool(negation.heads) and _is_free(negation.heads[0], before, ())
    if not negation.strict:
        return bool(negation.heads) and _is_free(negation.heads[0], before, before.soft_at)
    for head in negation.heads[:3]:
        if head in _KNOWN:
            return False
        if _is_free(head, before, before.soft_at):
            return True
        if head in _WISHED:
            return False
    return False


def _is_free(head: str, text: Polarity, soft: Collection[int]) -> bool:
    """Whether a word stands somewhere with neither a negation nor a word of `soft` over it."""
    negated = {place for n in text.negations for place in range(n.at - 1, n.at + _WINDOW + 1)}
    covered = negated | {place for at in soft for place in range(at, at + _WINDOW + 1)}
    return any(word == head and at not in covered for word, at in text.stems)


_KNOWN = frozenset(map(stem, _KNOWING.split()))
_WISHED = frozenset(map(stem, _WISHING.split()))
