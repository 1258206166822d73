"""Which negations of two texts have no counterpart."""

from __future__ import annotations

from collections.abc import Iterator

from seedstock.facts.change import Change
from seedstock.facts.polarity import Negation, Polarity, stem
from seedstock.facts.reading import Facts

_KNOWING = frozenset(map(stem, "find know figure sure understand recall".split()))
_SEEKING = frozenset(map(stem, "find locate figure understand recall remember".split()))
_HELPING = frozenset("help helping aid assist assisting assistance".split())
_BETWEEN_HELP = frozenset("me us with in to out by on".split())
MOST_PLACES = 50
"""Of a word that stands more often than this only the first places are looked at."""
_NEEDING = frozenset("need needs needed require requires required necessary".split())
_NEEDS = frozenset(map(stem, _NEEDING))
_ASKERS = frozenset("do does did is are will would should if whether".split())
_UNTIL = frozenset("before until till".split())
_AROUND, _CLOSE, _REACH = 3, 3, 4


def negations(old: Facts, new: Facts) -> Iterator[Change]:
    """What is negated in one text only."""
    for gone in _lost(old.polarity, new.polarity):
        yield Change("lost_negation", _said(old, gone.at))
    for came in _added(old.polarity, new.polarity):
        yield Change("added_negation", "", _said(new, came.at))


def _lost(before: Polarity, after: Polarity) -> list[Negation]:
    """Tellable where what was negated stands bare in the other text, or where nothing there says no."""
    fewer = len(before.said) - len(after.said)
    # `not sure` may come in anywhere, and says nothing about the rest.
    fewer += max(0, len(before.negations) - len(before.said) - (len(after.negations) - len(after.said)))
    if fewer <= 0:
        return []
    gone = [negation for negation in before.negations if _stands_bare(negation, before, after)]
    if not gone and not after.negations and not after.soft - before.soft:
        gone = [negation for negation in before.negations if negation.kind in ("plain", "noun", "only")]
    return [negation for negation in gone[:fewer] if not _is_turned(negation, before, after)]


def _added(before: Polarity, after: Polarity) -> list[Negation]:
    """Tellable where the other text says what is negated."""
    those = [negation for negation in after.said if negation.kind != "only"]
    more = len(those) - len(before.negations) - len(before.soft - after.soft)
    if more <= 0:
        return []
    came = [negation for negation in those if _was_bare(negation, before, after)][:more]
    return [negation for negation in came if not _is_asked(negation, after, before)]


def _stands_bare(negation: Negation, before: Polarity, after: Polarity) -> bool:
    """Whether what was negated stands without a negation more often than before."""
    if not negation.heads:
        return False
    here, there = (_free(negation, text) for text in (after, before))
    return len(here) > len(there)


def _free(negation: Negation, text: Polarity) -> list[int]:
    """Where the first word that is negated stands bare."""
    return text.free(negation.heads[0], own=negation.kind == "double")


def _was_bare(negation: Negation, before: Polarity, after: Polarity) -> bool:
    """Whether the other text says what is negated here. `I cannot find …` is another way of asking."""
    if negation.back or len(_free(negation, before)) <= len(_free(negation, after)):
        return False
    head = negation.heads[0]
    here = next((at for at in after.stems[head] if at > negation.at), negation.at)
    if negation.kind in ("double", "bound"):
        return True
    if negation.kind == "plain" and here - negation.at < _CLOSE:
        return head not in _KNOWING
    return _same_clause(negation, here, before, after)


def _same_clause(negation: Negation, here: int, before: Polarity, after: Polarity) -> bool:
    """`who have no friends`, `who have some friends`: a word beside the noun is the same."""
    mine = {*after.lows[max(0, negation.at - 2) : negation.at], *after.lows[here + 1 : here + _AROUND]}
    places = before.free(negation.heads[0])
    mine = {low for low in mine if low.isalnum()}
    return any(
        mine & {*before.lows[max(0, at - _AROUND) : at], *before.lows[at + 1 : at + _AROUND]} for at in places
    )


def _is_turned(negation: Negation, before: Polarity, after: Polarity) -> bool:
    """`I cannot find it` and `help me find it`, `without a stop` and `before I stop` are one."""
    if _is_asked(negation, before, after):
        return True
    head = negation.heads[0] if negation.heads else ""
    if negation.kind == "plain" and head in _SEEKING and not negation.back:
        return _seeks_help(after) and not _seeks_help(before)
    return before.lows[negation.at] == "without" and _is_until(head, after) and not _is_until(head, before)


def _is_until(head: str, text: Polarity) -> bool:
    return any(not _UNTIL.isdisjoint(text.lows[max(0, at - _REACH) : at]) for at in _places(head, text))


def _places(head: str, text: Polarity) -> list[int]:
    return text.stems.get(head, [])[:MOST_PLACES]


def _seeks_help(text: Polarity) -> bool:
    """`help me find`, `aid us in locating`."""
    for at in (at for head in _SEEKING for at in _places(head, text)):
        near = text.lows[max(0, at - _REACH) : at]
        while near and near[-1] in _BETWEEN_HELP:
            near.pop()
        if near and near[-1] in _HELPING:
            return True
    return False


def _is_asked(negation: Negation, own: Polarity, other: Polarity) -> bool:
    """Whether `can I pay without a card` is another way to ask what the other text asks: need I a card."""
    no_need = own.lows[negation.at] == "no" and negation.heads[:1] != () and negation.heads[0] in _NEEDS
    if not no_need and own.lows[negation.at] not in ("without", "w/o"):
        return False
    things = [head for head in negation.heads[:_REACH] if head not in _NEEDS]
    return any(_is_needed(at, other.lows) for head in things for at in _places(head, other))


def _is_needed(at: int, lows: list[str]) -> bool:
    """`do I need a card`, `is a card required`."""
    before, after = lows[max(0, at - _REACH) : at], lows[at + 1 : at + _REACH]
    for step, low in enumerate(reversed(before), 1):
        if low in _NEEDING and "with" not in before:
            return bool(_ASKERS.intersection(lows[max(0, at - step - _REACH) : at - step]))
    return bool(_NEEDING.intersection(after) and _ASKERS.intersection(before))


def _said(facts: Facts, at: int) -> str:
    """The negation with the words after it."""
    last = at
    while last + 1 < len(facts.tokens) and last < at + 3 and facts.tokens[last + 1].kind == "word":
        last += 1
    return facts.text[facts.tokens[at].start : facts.tokens[last].end]
