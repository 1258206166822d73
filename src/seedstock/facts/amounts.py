"""What changed in the numbers of two texts: values that are gone or new, and units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from seedstock.facts.change import Change
from seedstock.facts.lists import units
from seedstock.facts.numbers import Number
from seedstock.facts.reading import Facts

MOST_CODES = 200

_SHARES = {"50": "0.5", "25": "0.25", "75": "0.75", "10": "0.1", "20": "0.2"}
_SLASHED = re.compile(r"([0-3]?\d)/([0-3]?\d)")
_VAGUE = frozenset("some several few many numerous various couple handful lots bunch".split())
_BEFORE_UNIT = frozenset("many in per each every of".split())


def numbers(old: Facts, new: Facts) -> Iterator[Change]:
    """Values without an equal in the other text, whatever the notation."""
    if not old.numbers and not new.numbers:
        return
    was, has = _Values(old), _Values(new)
    for number in old.numbers:
        if not number.firm or has.answers(number) or has.is_date(_slashed(old, number)):
            continue
        if not old.is_in_code(number.first, new):
            yield Change(_code("lost", number), old.surface(number))
    marks = _list_marks(new)
    for number in new.numbers:
        if not number.firm or number.first in marks or was.answers(number):
            continue
        if was.is_date(_slashed(new, number)):
            continue
        if not new.is_in_code(number.first, old):
            yield Change(_code("added", number), "", new.surface(number))
    yield from _loose(old, new, was, has)
    yield from _blurred(old, new)


class _Values:
    """The values of a text's numbers, and what answers for what."""

    def __init__(self, facts: Facts) -> None:
        self.values = {number.value for number in facts.numbers}
        self.multiples = {n.value for n in facts.numbers if n.unit in ("times", "")}
        self.bare = {n.value for n in facts.numbers if not n.unit and n.kind == "number"}
        self.times = {number.value for number in facts.numbers if number.kind == "time"}
        self.hours = {time.rstrip("apm") for time in self.times}
        self.months = {when.key.removeprefix("month ") for when in facts.dates if when.key[0] == "m"}
        self.percents = {n.value for n in facts.numbers if n.unit == "%"}
        self.slashed = {part for n in facts.numbers for part in _slashed(facts, n)}
        self.codes = "\n".join(code.key for code in facts.codes[:MOST_CODES])

    def answers(self, number: Number) -> bool:
        """Whether the number stands in this text in some notation."""
        value = number.value
        if number.unit == "times" and number.firm:
            return value in self.multiples
        if value in self.values or (value in ("1", "0") and number.kind == "number"):
            return True
        if number.kind == "time":
            return self._has_time(value)
        if (number.kind == "part" and value in self.months) or value in self.slashed:
            return True
        if self._has_share(number) or self._has_hour(value):
            return True
        return len(value) > 3 and value.isdecimal() and value in self.codes

    def is_date(self, parts: tuple[str, ...]) -> bool:
        """Whether the month and the day of `9/19`, in either order, stand in this text."""
        if len(parts) != 2:
            return False
        one, two = parts
        return (one in self.months and two in self.values) or (two in self.months and one in self.values)

    def _has_time(self, time: str) -> bool:
        bare = time.rstrip("apm")
        hour, _, minute = bare.partition(":")
        if minute == "00" and (hour in self.bare or str(int(hour) + 12) in self.bare):
            return True
        return bare in (self.hours if bare == time else self.times)

    def _has_hour(self, value: str) -> bool:
        """The 8 of `at 8` is said of a time that the other text writes in full."""
        return len(value) < 3 and value.isdecimal() and f"{int(value) % 12}:00" in self.hours

    def _has_share(self, number: Number) -> bool:
        """50 % and a half are one share."""
        if number.unit == "%":
            return _SHARES.get(number.value, "?") in self.values
        return any(_SHARES.get(percent) == number.value for percent in self.percents & _SHARES.keys())


def date_parts(facts: Facts, number: Number) -> tuple[str, ...]:
    """What may be the month of a date in digits: `06/03/2024`, `9/19`."""
    return (number.value,) if number.kind == "part" else _slashed(facts, number)


def _slashed(facts: Facts, number: Number) -> tuple[str, ...]:
    """The two parts of what may be a day of a month: `9/19`."""
    match = _SLASHED.fullmatch(facts.tokens[number.first].text) if number.kind == "number" else None
    return (str(int(match[1])), str(int(match[2]))) if match else ()


def _code(what: str, number: Number) -> str:
    year = not number.unit and len(number.value) == 4 and "1500" <= number.value <= "2100"
    dated = number.kind in ("time", "part", "decade") or (year and number.value.isdecimal())
    return f"{what}_{'date' if dated else 'number'}"


def _list_marks(facts: Facts) -> set[int]:
    """Tokens that number the items of a list, `1.`, `2)`, or the lines of a record, `[00:12]`."""
    found = set()
    for at, (token, after) in enumerate(pairwise(facts.tokens)):
        begins = at == 0 or facts.tokens[at - 1].kind == "line"
        if begins and token.text in "[(" and after.kind == "number":
            found.add(at + 1)
        if begins and token.kind == "number" and len(token.text) < 3 and after.glued and after.text in ".)":
            found.add(at)
    return found


def _loose(old: Facts, new: Facts, was: _Values, has: _Values) -> Iterator[Change]:
    """`first` became `second`: words that may be no numbers count where one took the place of another."""
    for kind in ("ordinal", "number"):
        gone = [n for n in old.numbers if not n.firm and n.kind == kind and not has.answers(n)]
        came = [n for n in new.numbers if not n.firm and n.kind == kind and not was.answers(n)]
        if gone and came:
            yield Change("lost_number", old.surface(gone[0]))
            yield Change("added_number", "", new.surface(came[0]))


def _blurred(old: Facts, new: Facts) -> Iterator[Change]:
    """`20 rows of 20 chairs` became `some rows of 20 chairs`: one of several equal numbers is gone."""
    if _vague(new) <= _vague(old):
        return
    then, now = (Counter(n.value for n in facts.numbers if n.firm) for facts in (old, new))
    for number in old.numbers:
        # That a 1 or a 0 is gone altogether is asked nowhere else: `a` and `no` answer for them.
        if (
            number.firm
            and now[number.value] < then[number.value]
            and (now[number.value] or number.value in ("0", "1"))
        ):
            yield Change("lost_number", old.surface(number))
            return


def _vague(facts: Facts) -> int:
    return sum(token.low in _VAGUE for token in facts.tokens)


def changed_units(old: Facts, new: Facts) -> Iterator[Change]:
    """A number that kept its value and lost its unit to another one."""
    then, now = _by_value(old), _by_value(new)
    for value, those in then.items():
        here = now.get(value, [])
        was, has = Counter(n.unit for n in those), Counter(n.unit for n in here)
        came = next((n for n in here if n.unit and has[n.unit] > was[n.unit]), None)
        gone = next((n for n in those if n.unit and has[n.unit] < was[n.unit]), None)
        if came and gone:
            yield Change("changed_unit", old.surface(gone), new.surface(came))
        elif came and not {"", came.unit} & was.keys():
            yield Change("added_number", "", new.surface(came))
    yield from _bare_units(old, new)


def _by_value(facts: Facts) -> dict[str, list[Number]]:
    found: dict[str, list[Number]] = {}
    for number in facts.numbers:
        if number.kind == "number":
            found.setdefault(number.value, []).append(number)
    return found


def _bare_units(old: Facts, new: Facts) -> Iterator[Change]:
    """`how many hours` became `how many minutes`."""
    then, now = _unit_words(old), _unit_words(new)
    gone = {unit: text for unit, text in then.items() if unit not in now and _has_no(unit, new)}
    came = {unit: text for unit, text in now.items() if unit not in then and _has_no(unit, old)}
    for (_, dimension), text in gone.items():
        found = next((other for (_, kind), other in came.items() if kind == dimension), "")
        if found:
            yield Change("changed_unit", text, found)


def _unit_words(facts: Facts) -> dict[tuple[str, str], str]:
    found = {}
    for before, token in pairwise(facts.tokens):
        if (
            before.low in _BEFORE_UNIT
            and token.kind == "word"
            and len(token.low) > 2
            and token.low in units()
        ):
            found[units()[token.low]] = token.text
    return found


def _has_no(unit: tuple[str, str], facts: Facts) -> bool:
    return not any(units().get(token.low) == unit for token in facts.tokens if token.kind == "word")
