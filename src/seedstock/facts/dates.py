"""Months, days of the week, and `tomorrow`. Days and years are numbers, hours are times: see `numbers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedstock.facts.lists import Language
from seedstock.facts.scan import Token

_DOUBTFUL = frozenset("may march august mars avril".split())
_BEFORE_MONTH = frozenset(
    "in of since until till by during last next this from through early late mid every before after"
    " between and".split()
)
_SURE_SHORT = frozenset("sept nov feb".split())


@dataclass(frozen=True, slots=True)
class When:
    """A part of a date; `key` is `month 6`, `day 1` or `on tomorrow`.

    `tomorrow` is not `firm`: it can be said in other words, and counts where another such word replaced it.
    """

    key: str
    text: str
    firm: bool = True


def when(tokens: Sequence[Token], at: int, words: Language) -> When | None:
    """The part of a date that this word is; None where it is none."""
    token = tokens[at]
    low = token.low.removesuffix("'s")
    if low in words.months:
        return When(f"month {words.months[low]}", token.text) if _is_month(tokens, at, low) else None
    day = words.days.get(low) or words.days.get(low.removesuffix("s"))
    if day:
        return When(f"day {day}", token.text)
    if low in words.short_months:
        sure = (token.text[0].isupper() or low in _SURE_SHORT) and _by_number(tokens, at)
        return When(f"month {words.short_months[low]}", token.text) if sure else None
    if low in words.short_days and _is_short_day(token, low):
        return When(f"day {words.short_days[low]}", token.text)
    return When(f"on {low}", token.text, firm=False) if low in words.relative else None


def loose_dates(tokens: Sequence[Token], words: Language) -> frozenset[str]:
    """Months and days that words of this text may mean: `march`, `sat` and `may` among them."""
    lows = {token.low.removesuffix("'s") for token in tokens if token.kind == "word"}
    tables = {"month": {**words.months, **words.short_months}, "day": {**words.days, **words.short_days}}
    return frozenset(f"{kind} {table[low]}" for kind, table in tables.items() for low in lows & table.keys())


def _is_short_day(token: Token, low: str) -> bool:
    if token.text[:2].isupper() or (token.opens and low in ("sat", "sun")):
        return False
    return token.text[0].isupper() or len(low) > 3


def _is_month(tokens: Sequence[Token], at: int, low: str) -> bool:
    """`May` and `March` are months beside a number, or with a capital after `in`, `of`, `last` …"""
    if low not in _DOUBTFUL or _by_number(tokens, at):
        return True
    before = tokens[at - 1].low if at else ""
    return tokens[at].text[0].isupper() and not tokens[at].opens and before in _BEFORE_MONTH


def _by_number(tokens: Sequence[Token], at: int) -> bool:
    """Whether a number stands beside this word, with at most a dot, a comma or `of` between."""
    for near, between in ((at - 1, None), (at + 1, None), (at - 2, at - 1), (at + 2, at + 1)):
        if (
            0 <= near < len(tokens)
            and tokens[near].kind == "number"
            and (between is None or tokens[between].text in (".", "of", ","))
        ):
            return True
    return False
