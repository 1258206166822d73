"""What changed between two texts: facts that are gone, new, or in another place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from seedstock.facts import negation
from seedstock.facts.knowledge import Knowledge
from seedstock.facts.lists import key, units
from seedstock.facts.names import Name
from seedstock.facts.numbers import Number
from seedstock.facts.places import Place, Stage, exchanged
from seedstock.facts.reading import Facts
from seedstock.facts.values import in_order, standing, whole_names

MOST_CHANGES = 50
"""More changes than this are not listed: the texts have nothing to do with each other."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that a rewrite did not keep.

    `code` names the kind, `fact` is how it stands in the first text ("" where it is new), `found` how it
    stands in the second ("" where it is gone).
    """

    code: str
    fact: str
    found: str = ""


def changes(
    before: str | Facts, after: str | Facts, values: Collection[str] = (), knowledge: Knowledge | None = None
) -> list[Change]:
    """What `after` did not keep of the facts of `before`; [] where it kept all, at most 50 changes.

    `values` must stand in `after` however their letters are cased. A text that was read already is
    taken as it is.
    """
    known = knowledge or Knowledge()
    old = Facts(before, known) if isinstance(before, str) else before
    new = Facts(after, known) if isinstance(after, str) else after
    found: dict[Change, None] = {}
    for look in (_numbers, _units, _swapped_numbers, _dates, _codes, _names, _negations):
        found.update(dict.fromkeys(look(old, new)))
    found.update(dict.fromkeys(_swapped_names(old, new, values)))
    gone = (value for value in values if not standing(value, new))
    found.update(dict.fromkeys(Change("lost_value", value) for value in gone))
    return list(found)[:MOST_CHANGES]


# -- numbers


def _numbers(old: Facts, new: Facts) -> Iterator[Change]:
    if len(old.numbers) > 5000 or len(new.numbers) > 5000:
        return
    has_old, has_new = _Values(old), _Values(new)
    for number in old.numbers:
        if number.firm and not has_new.answers(number):
            yield Change(_code("lost", number), old.surface(number))
    listed = _list_marks(new)
    for number in new.numbers:
        if number.firm and not has_old.answers(number) and number.first not in listed:
            yield Change(_code("added", number), "", new.surface(number))
    yield from _loose(old, new, has_old, has_new)
    yield from _blurred(old, new)


_VAGUE = frozenset("some several few many numerous various couple handful lots bunch".split())


def _blurred(old: Facts, new: Facts) -> Iterator[Change]:
    """`20 rows of 20 chairs` became `some rows of 20 chairs`: one of several equal numbers is gone."""
    if _vague(new) <= _vague(old):
        return
    then, now = (Counter(n.value for n in facts.numbers if n.firm) for facts in (old, new))
    gone = next((n for n in old.numbers if n.firm and 0 < now[n.value] < then[n.value]), None)
    if gone:
        yield Change("lost_number", old.surface(gone))


def _vague(facts: Facts) -> int:
    return sum(token.low in _VAGUE for token in facts.tokens)


def _loose(old: Facts, new: Facts, has_old: _Values, has_new: _Values) -> Iterator[Change]:
    """`first` became `second`: words that may be no numbers count where one took the place of another."""
    for kind in ("ordinal", "number"):
        gone = [n for n in old.numbers if not n.firm and n.kind == kind and not has_new.answers(n)]
        came = [n for n in new.numbers if not n.firm and n.kind == kind and not has_old.answers(n)]
        if gone and came and {n.value for n in gone} != {"1"} | {n.value for n in came}:
            yield Change("lost_number", old.surface(gone[0]))
            yield Change("added_number", "", new.surface(came[0]))


class _Values:
    """The values of a text's numbers, and what answers for what."""

    def __init__(self, facts: Facts) -> None:
        self.values = {number.value for number in facts.numbers}
        self.times = {number.value for number in facts.numbers if number.kind == "time"}
        self.months = {when.key.removeprefix("month ") for when in facts.dates if when.key[0] == "m"}
        self.percents = {n.value for n in facts.numbers if n.unit == "%"}
        self.bare = {part for code in facts.codes for part in code.keys or (code.key,)}

    def answers(self, number: Number) -> bool:
        """Whether the number stands in this text in some notation."""
        value = number.value
        if value in self.values or (value in ("1", "0") and number.kind == "number"):
            return True
        if number.kind == "time":
            return self._has_time(value)
        if number.kind == "part" and value in self.months:
            return True
        if number.unit == "%" or self.percents:
            return self._has_share(number)
        return self._has_hour(value) or (len(value) > 3 and any(value in code for code in self.bare))

    def _has_time(self, time: str) -> bool:
        bare = time.rstrip("apm")
        if bare == time:
            return any(other.rstrip("apm") == bare for other in self.times) or self._has_bare_hour(bare)
        return bare in self.times or self._has_bare_hour(bare)

    def _has_bare_hour(self, time: str) -> bool:
        hour, _, minute = time.partition(":")
        return minute == "00" and (hour in self.values or str(int(hour) + 12) in self.values)

    def _has_hour(self, value: str) -> bool:
        """The 8 of `at 8` is said of a time that the other text writes in full."""
        if not value.isdigit() or len(value) > 2 or not self.times:
            return False
        hour = int(value) % 12
        return any(time.rstrip("apm") == f"{hour}:00" for time in self.times)

    def _has_share(self, number: Number) -> bool:
        """50 % and a half are one share."""
        shares = {"50": "0.5", "25": "0.25", "75": "0.75", "10": "0.1", "20": "0.2"}
        if number.unit == "%":
            return shares.get(number.value, "?") in self.values
        return any(shares.get(percent) == number.value for percent in self.percents) or self._has_hour(number.value)


def _code(what: str, number: Number) -> str:
    dated = number.kind in ("time", "part", "decade") or (
        not number.unit and len(number.value) == 4 and number.value.isdigit() and "1500" <= number.value <= "2100"
    )
    return f"{what}_{'date' if dated else 'number'}"


def _list_marks(facts: Facts) -> set[int]:
    """Tokens that number the items of a list: `1.`, `2)` at the beginning of lines."""
    found = set()
    for at, token in enumerate(facts.tokens):
        begins = at == 0 or facts.tokens[at - 1].kind == "line"
        if begins and token.kind == "number" and len(token.text) < 3 and at + 1 < len(facts.tokens):
            after = facts.tokens[at + 1]
            if after.text in ".)" and after.glued:
                found.add(at)
    return found


# -- units


def _units(old: Facts, new: Facts) -> Iterator[Change]:
    """A number that kept its value and lost its unit to another one."""
    then, now = _by_value(old), _by_value(new)
    for value, numbers in then.items():
        here = now.get(value, [])
        was, has = Counter(n.unit for n in numbers), Counter(n.unit for n in here)
        came = next((n for n in here if n.unit and n.unit not in was), None)
        gone = next((n for n in numbers if n.unit and has[n.unit] < was[n.unit]), None)
        if came and gone:
            yield Change("changed_unit", old.surface(gone), new.surface(came))
        elif came and "" not in was:
            yield Change("added_number", "", new.surface(came))
    yield from _bare_units(old, new)


def _by_value(facts: Facts) -> dict[str, list[Number]]:
    found: dict[str, list[Number]] = {}
    for number in facts.numbers:
        if number.kind == "number":
            found.setdefault(number.value, []).append(number)
    return found


_BEFORE_UNIT = frozenset("many in per each every of".split())


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
    for before, token in zip(facts.tokens, facts.tokens[1:], strict=False):
        if token.kind == "word" and before.low in _BEFORE_UNIT and len(token.low) > 2 and token.low in units():
            found[units()[token.low]] = token.text
    return found


def _has_no(unit: tuple[str, str], facts: Facts) -> bool:
    return not any(units().get(token.low) == unit for token in facts.tokens if token.kind == "word")


# -- what changed places


def _swapped_numbers(old: Facts, new: Facts) -> Iterator[Change]:
    values = {n.value for n in old.numbers} | {n.value for n in new.numbers}
    if len(values) > 1:
        yield from _swapped("swapped_numbers", old, new, lambda facts: [
            Place(n.value, n.first, n.last, firm=False) for n in facts.numbers
        ])  # fmt: skip


def _swapped_names(old: Facts, new: Facts, values: Collection[str]) -> Iterator[Change]:
    if len({n.key for n in old.names} | {*values}) > 1:
        yield from _swapped("swapped_names", old, new, lambda facts: whole_names(facts, values))


def _swapped(code: str, old: Facts, new: Facts, places: Callable[[Facts], Sequence[Place]]) -> Iterator[Change]:
    before = Stage(old.tokens, places(old), old.words)
    after = Stage(new.tokens, places(new), new.words)
    for stood, stands in exchanged(before, after):
        yield Change(code, _cut(old, stood), _cut(new, stands))


def _cut(facts: Facts, place: Place) -> str:
    """A fact with the word after it: `3 apples`."""
    last = min(place.last + 1, len(facts.tokens) - 1)
    end = last if facts.tokens[last].kind == "word" else place.last
    return facts.text[facts.tokens[place.first].start : facts.tokens[end].end]


# -- dates, codes


def _dates(old: Facts, new: Facts) -> Iterator[Change]:
    here, there = {when.key for when in new.dates}, {when.key for when in old.dates}
    parts = {f"month {n.value}" for n in new.numbers if n.kind == "part"}
    old_parts = {f"month {n.value}" for n in old.numbers if n.kind == "part"}
    gone = [when for when in old.dates if when.key not in here | parts | new.loose_dates]
    came = [when for when in new.dates if when.key not in there | old_parts | old.loose_dates]
    # `tomorrow` may be said in other words; `yesterday` in its place is another day.
    both = any(not when.firm for when in gone) and any(not when.firm for when in came)
    yield from (Change("lost_date", when.text) for when in gone if when.firm or both)
    yield from (Change("added_date", "", when.text) for when in came if when.firm or both)


def _codes(old: Facts, new: Facts) -> Iterator[Change]:
    for code in old.codes:
        if not _has_code(code.key, code.keys, new):
            yield Change("lost_code", code.text)
    for code in new.codes:
        if not code.keys and not _has_code(code.key, (), old):
            yield Change("added_code", "", code.text)


def _has_code(bare: str, keys: Sequence[str], facts: Facts) -> bool:
    if keys:
        return in_order(keys, facts.line) or "".join(keys) in facts.joins
    return bare in facts.keys or key(bare) in facts.keys or bare in facts.joins


# -- names


def _names(old: Facts, new: Facts) -> Iterator[Change]:
    gone = [name for name in old.names if not _has_name(name, new)]
    came = [name for name in new.names if not name.made_up_of_words and not _has_name(name, old)]
    # In a text without capitals a rare word is most likely a name; a new one may be a slip.
    small = old.text.islower()
    lost = [n for n in gone if n.firm or (small and n.rare and not _misspelt(n.keys[0], new))]
    added = [n for n in came if n.firm]
    rare_gone, rare_came = _replaced(gone, came, old, new)
    yield from (Change("lost_name", name.text) for name in gone if name in lost or name in rare_gone)
    yield from (Change("added_name", "", name.text) for name in came if name in added or name in rare_came)


def _replaced(gone: Sequence[Name], came: Sequence[Name], old: Facts, new: Facts) -> tuple[list[Name], list[Name]]:
    """Words that may be names, where one took the place of another."""
    gone = [n for n in gone[:200] if n.firm or not _misspelt(n.keys[0], new)]
    came = [n for n in came[:200] if n.firm or not _misspelt(n.keys[0], old)]
    if not gone or not came:
        return [], []
    if any(n.firm for n in gone) or any(n.firm for n in came):
        return [n for n in gone if not n.firm], [n for n in came if not n.firm]
    pairs = [(one, other) for one in gone for other in came if _beside(old, one) & _beside(new, other)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _beside(facts: Facts, name: Name) -> set[tuple[int, str]]:
    """The words right before and after a name."""
    found = set()
    for step, at in ((-1, name.first - 1), (1, name.last + 1)):
        if 0 <= at < len(facts.tokens) and facts.tokens[at].kind == "word":
            found.add((step, facts.tokens[at].low))
    return found


def _has_name(name: Name, facts: Facts) -> bool:
    if name.key in facts.keys or name.key in facts.canonical or all(part in facts.keys for part in name.keys):
        return True
    return "".join(name.keys) in facts.joins


def _misspelt(word: str, facts: Facts) -> bool:
    """Whether the other text has nearly this word: a slip, or one put right."""
    return len(word) > 3 and any(_near(word, other) for other in facts.keys)


def _near(one: str, other: str) -> bool:
    """At most two letters apart (one in short words), or the beginning of each other."""
    most = 1 if len(one) < 6 else 2
    if abs(len(one) - len(other)) > most or not 3 < len(other) < 30:
        return False
    if sorted(one) == sorted(other):
        return True
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return max(len(one), len(other)) - start - end <= most


# -- negations


def _negations(old: Facts, new: Facts) -> Iterator[Change]:
    for gone in negation.lost(old.polarity, new.polarity):
        yield Change("lost_negation", _said(old, gone.at))
    for came in negation.added(old.polarity, new.polarity):
        yield Change("added_negation", "", _said(new, came.at))


def _said(facts: Facts, at: int) -> str:
    """The negation with the words after it."""
    last = at
    while last + 1 < len(facts.tokens) and last < at + 3 and facts.tokens[last + 1].kind == "word":
        last += 1
    return facts.text[facts.tokens[at].start : facts.tokens[last].end]
