"""What changed between two texts: facts that are gone, new, or in another place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from seedstock.facts.amounts import changed_units, date_parts, numbers
from seedstock.facts.bindings import rebound
from seedstock.facts.change import Change
from seedstock.facts.knowledge import Knowledge
from seedstock.facts.lists import key
from seedstock.facts.naming import names
from seedstock.facts.negations import negations
from seedstock.facts.places import Place, Stage, exchanged
from seedstock.facts.reading import Facts
from seedstock.facts.values import in_order, standing, whole_names

MOST_CHANGES = 50
"""More changes than this are not listed: the texts have nothing to do with each other."""
MOST_QUOTES = 50


def changes(
    before: str | Facts, after: str | Facts, values: Collection[str] = (), knowledge: Knowledge | None = None
) -> list[Change]:
    """What `after` did not keep of the facts of `before`; [] where it kept all, at most 50 changes.

    `values` must stand in `after`, in any case and notation. A text that was read already is taken as it
    is, with the knowledge it was read with.
    """
    known = knowledge or Knowledge()
    old = Facts(before, known) if isinstance(before, str) else before
    new = Facts(after, known) if isinstance(after, str) else after
    found: dict[Change, None] = {}
    found.update(dict.fromkeys(value_changes(old, new)))
    for look in (names, negations):
        found.update(dict.fromkeys(look(old, new)))
    found.update(dict.fromkeys(_swapped_names(old, new, values)))
    gone = (value for value in values if not standing(value, new))
    found.update(dict.fromkeys(Change("lost_value", value) for value in gone))
    return list(found)[:MOST_CHANGES]


def value_changes(old: Facts, new: Facts) -> list[Change]:
    """Of all changes those of numbers, units, dates and codes: neither names nor negations."""
    looks = (numbers, changed_units, _swapped_numbers, _dates, _codes)
    return list(dict.fromkeys(change for look in looks for change in look(old, new)))


def _swapped_numbers(old: Facts, new: Facts) -> Iterator[Change]:
    if len({n.value for facts in (old, new) for n in facts.numbers}) > 1:
        yield from _swapped("swapped_numbers", old, new, lambda facts: [
            # A new number is found without its place, but for those that `a` and `no` answer for.
            Place(n.value, n.first, n.last, firm=n.value in ("0", "1")) for n in facts.numbers
        ])  # fmt: skip
        for was, now in rebound(old, new):
            one, other = (Place(n.value, n.first, n.last) for n in (was, now))
            yield Change("swapped_numbers", _with_next(old, one), _with_next(new, other))


def _swapped_names(old: Facts, new: Facts, values: Collection[str]) -> Iterator[Change]:
    if len({n.key for n in old.names} | {*values}) > 1:
        yield from _swapped("swapped_names", old, new, lambda facts: whole_names(facts, values))


def _swapped(
    code: str, old: Facts, new: Facts, places: Callable[[Facts], Sequence[Place]]
) -> Iterator[Change]:
    before = Stage(old.tokens, places(old), old.words)
    after = Stage(new.tokens, places(new), new.words)
    for stood, stands in exchanged(before, after):
        yield Change(code, _with_next(old, stood), _with_next(new, stands))


def _with_next(facts: Facts, place: Place) -> str:
    """A fact with the word after it: `3 apples`."""
    last = min(place.last + 1, len(facts.tokens) - 1)
    end = last if facts.tokens[last].kind == "word" else place.last
    return facts.text[facts.tokens[place.first].start : facts.tokens[end].end]


def _dates(old: Facts, new: Facts) -> Iterator[Change]:
    there, here = _date_keys(old), _date_keys(new)
    gone = [when for when in old.dates if when.key not in here]
    came = [when for when in new.dates if when.key not in there]
    # `tomorrow` may be said in other words; `yesterday` in its place is another day.
    both = any(not when.firm for when in came) and _fewer(old, new)
    yield from (Change("lost_date", when.text) for when in gone if when.firm or both)
    yield from (Change("added_date", "", when.text) for when in came if when.firm or both)


def _fewer(old: Facts, new: Facts) -> bool:
    """Whether one of `today`, `tomorrow` … stands less often than it did."""
    then, now = (Counter(when.key for when in facts.dates if not when.firm) for facts in (old, new))
    return any(now[key] < n for key, n in then.items())


def _date_keys(facts: Facts) -> set[str]:
    parts = {f"month {part}" for n in facts.numbers for part in date_parts(facts, n)}
    return {when.key for when in facts.dates} | parts | facts.loose_dates


def _codes(old: Facts, new: Facts) -> Iterator[Change]:
    for code in old.codes:
        if not _has_code(code.key, new):
            yield Change("lost_code", code.text)
    for code in new.codes:
        if not _has_code(code.key, old):
            yield Change("added_code", "", code.text)
    folded = new.text.casefold() if old.quotes else ""
    for quote in old.quotes[:MOST_QUOTES]:
        words = quote.keys
        if (
            quote.text.casefold() not in folded
            and not in_order(words, new.line)
            and "".join(words) not in new.joins
        ):
            yield Change("lost_code", quote.text)


def _has_code(bare: str, facts: Facts) -> bool:
    return bare in facts.keys or key(bare) in facts.keys or bare in facts.joins
