"""New codes, numbers, dates and times in the shape of the old ones."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from seedstock.rules.formats import converted, near_date, near_quantity, near_time
from seedstock.rules.shapes import CODE, Kind
from seedstock.rules.tokens import words

OPEN_SHARE = 0.7
OPEN_LEAST = 3
CLOSE = 0.1
FAR = 0.5
NUMBERED = re.compile(r"(?P<words>\D*[^\W\d_] )(?P<code>\S*\d\S*)")
CALENDAR = frozenset(
    "week day month year quarter last next past before after since in until for every about at of "
    "january february march april may june july august september october november december".split()
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How the values of one field look in one fold: the formats and units in use, whether codes are open.

    `open` is True where numbered values rarely come back: another number is then as good a value.
    """

    formats: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    open: bool = False
    named: bool = False


def fresh_values(
    value: str, kind: Kind, habits: Habits, judged: bool, most: int, rng: random.Random
) -> list[str]:
    """Up to `most` new values for `value`; none where its kind has no shape to fill.

    Where something was judged from the text, numbers stay within a tenth: the judgement must hold.
    """
    tries = [_fresh(value, kind, habits, judged, rng) for _ in range(2 * most)]
    exact = converted(value, habits.units) if kind == "number" else []
    found = dict.fromkeys(exact + [new for new in tries if new is not None and new != value])
    return list(found)[:most]


def is_open(values: list[str]) -> bool:
    """True where numbered values of a field are mostly different ones: codes, not a fixed scale."""
    numbered = [value for value in values if any(char.isdigit() for char in value)]
    distinct = len(set(numbered))
    return distinct >= OPEN_LEAST and distinct >= OPEN_SHARE * len(numbered)


def _fresh(value: str, kind: Kind, habits: Habits, judged: bool, rng: random.Random) -> str | None:
    if kind == "date":
        return near_date(value, habits.formats, rng)
    if kind == "time":
        return near_time(value, habits.times, rng)
    if kind == "number":
        return near_quantity(value, CLOSE if judged else FAR, rng)
    if not habits.open:
        return None
    return renumbered(value, rng) if kind == "code" else _renumbered_end(value, rng)


def renumbered(code: str, rng: random.Random) -> str:
    """The code with other digits, as many as before; no group of digits starts with 0."""
    return re.sub(r"\d+", lambda group: _digits(len(group[0]), rng), code)


def _renumbered_end(value: str, rng: random.Random) -> str | None:
    """`feed pump P-204` with another number; nothing that counts time."""
    found = NUMBERED.fullmatch(value)
    if found is None or CALENDAR.intersection(words(value.lower())):
        return None
    if not (CODE.fullmatch(found["code"]) or found["code"].isdecimal()):
        return None
    return found["words"] + renumbered(found["code"], rng)


def _digits(count: int, rng: random.Random) -> str:
    return str(rng.randrange(10 ** (count - 1), 10**count))
