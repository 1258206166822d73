"""Which other values may stand in the place of a slot's value."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.rules.fakes import SHAPES, provider_of, suits
from seedstock.rules.formats import date_format, measure, time_format
from seedstock.rules.fresh import Habits, fresh_values, is_open
from seedstock.rules.outputs import parsed
from seedstock.rules.schemas import loose, plain, valid
from seedstock.rules.shapes import Kind, Shape, alike, opens_alike, reads_well, shape_of
from seedstock.rules.slots import Derived, Slot, derived, find_slots, telling_parts
from seedstock.rules.surgery import replace_all, with_leaf
from seedstock.rules.tokens import contains, words

Offer = str | dict[str, Any]
"""A value to put in, or `{"faker": provider, "n": number}`: a value to invent."""

MOST_DONORS = 24
MOST_FRESH = 8
MOST_TRIES = 24
NAMED_SHARE = 0.6
WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Study:
    """A seed with its parsed output, its slots, their shapes, and what its output derives from the input."""

    example: Example
    output: Any
    slots: tuple[Slot, ...]
    shapes: tuple[Shape, ...]
    derived: Derived

    @property
    def fold(self) -> int | None:
        """The seed's fold: nothing from another one may enter it."""
        return self.example.source.fold

    @cached_property
    def text(self) -> str:
        """The input and the output as one text: no new value may stand in it already."""
        return f"{self.example.input_text}\n{self.example.output_text}"


def study(example: Example, schema: dict[str, Any] | None) -> Study | None:
    """The study of a seed; None where its output is no JSON object or array, or breaks the schema."""
    output = parsed(example.output)
    if output is None or not valid(output, schema):
        return None
    text = example.input_text
    slots = tuple(slot for slot in find_slots(text, output, schema) if not _said_aside(example, slot.value))
    shapes = tuple(shape_of(slot.value) for slot in slots)
    return Study(example, output, slots, shapes, derived(text, output, schema))


@dataclass(frozen=True, slots=True)
class Donor:
    """A value of another seed, with its shape."""

    value: str
    shape: Shape
    study: Study


class Pool:
    """The slot values of all studied seeds by fold and field, and what fits where."""

    def __init__(self, studies: Iterable[Study], schema: dict[str, Any] | None) -> None:
        self.studies = tuple(studies)
        self.schema = schema
        self._donors: dict[tuple[int | None, str], list[Donor]] = defaultdict(list)
        for one in self.studies:
            for slot, shape in zip(one.slots, one.shapes, strict=True):
                self._donors[one.fold, slot.field].append(Donor(slot.value, shape, one))
        self._habits = {key: _habits(donors) for key, donors in self._donors.items()}
        self._providers = _own_providers({field for _, field in self._donors})

    def options(self, one: Study, index: int) -> list[tuple[Offer, str | None]]:
        """The offers for a slot, each with the id of the seed it comes from (None: made up).

        At most 24 from seeds and 8 made up, in an order that depends on the seed and the slot only.
        """
        slot = one.slots[index]
        rng = random.Random(int(digest("options", one.example.id, slot.path)[:15], 16))
        fitting: dict[str, tuple[Offer, str | None]] = {}
        for donor in self._donors.get((one.fold, slot.field), ()):
            if donor.value.lower() not in fitting and self._fits(one, index, donor):
                fitting[donor.value.lower()] = (donor.value, donor.study.example.id)
        donors = list(fitting.values())
        rng.shuffle(donors)
        return donors[:MOST_DONORS] + [(offer, None) for offer in self._made_up(one, index, len(donors), rng)]

    def kind(self, one: Study, index: int) -> Kind:
        """The kind of a slot's value: a lone capitalised word is a name only in a field of names."""
        slot, shape = one.slots[index], one.shapes[index]
        if shape.kind in ("name", "phrase"):
            is_person = self._providers.get(slot.field) == "person" and not shape.digits
            named = is_person or (shape.kind == "name" and self._habits[one.fold, slot.field].named)
            return "name" if named else "phrase"
        return shape.kind

    def _fits(self, one: Study, index: int, donor: Donor) -> bool:
        slot, shape = one.slots[index], one.shapes[index]
        return (
            donor.study is not one
            and donor.study.example.id != one.example.id
            and donor.value.lower() != slot.value.lower()
            and alike(shape, donor.shape)
            and ("|" in slot.field or opens_alike(slot.value, donor.value))
            and _stays_true(self.kind(one, index), one.derived, donor.study.derived)
            and not contains(one.text, donor.value)
            and donor.study.example.input_text != donor.value
            and _reads(one, slot, donor.value)
        )

    def _made_up(self, one: Study, index: int, donors: int, rng: random.Random) -> list[Offer]:
        slot, kind = one.slots[index], self.kind(one, index)
        if one.derived.computed or (kind == "date" and WEEKDAY.search(one.example.input_text[: slot.start])):
            return []
        provider = self._providers.get(slot.field)
        if provider is not None and suits(provider, slot.value) and (kind != "phrase" or provider in SHAPES):
            most = max(2, min(MOST_FRESH, donors // 2 + 1))
            return [{"faker": provider, "n": n} for n in range(most)]
        if kind == "phrase" and "|" in slot.field:
            return []  # `route 66` is a song, `route 41` is none
        return list(islice(self._fresh(one, slot, kind, rng), MOST_FRESH))

    def _fresh(self, one: Study, slot: Slot, kind: Kind, rng: random.Random) -> Iterator[Offer]:
        """New values in the slot's own shape that the schema allows."""
        habits = self._habits[one.fold, slot.field]
        if not plain(self.schema, slot.path):
            habits = Habits(open=habits.open, named=habits.named)
        loosely = loose(self.schema, slot.path)
        for value in fresh_values(slot.value, kind, habits, bool(one.derived.judged), MOST_TRIES, rng):
            fits = loosely or valid(with_leaf(one.output, slot.path, value), self.schema)
            if fits and not contains(one.text, value) and _reads(one, slot, value):
                yield value


def _habits(donors: Sequence[Donor]) -> Habits:
    values = [donor.value for donor in donors]
    formats = {name for value in values if (name := date_format(value)) is not None}
    times = {name for value in values if (name := time_format(value)) is not None}
    units = {quantity.unit for value in values if (quantity := measure(value)) is not None and quantity.unit}
    names = sum(donor.shape.kind == "name" for donor in donors)
    return Habits(
        frozenset(formats),
        frozenset(times),
        frozenset(units),
        is_open(values),
        names >= NAMED_SHARE * len(donors),
    )


def _own_providers(fields: set[str]) -> dict[str, str]:
    """The provider of each field that shares it with no other field.

    Where actors and directors stand side by side, an invented name could be either: its type would
    be a claim that nothing supports.
    """
    wanted = {field: name for field in sorted(fields) if (name := provider_of(field)) is not None}
    known = list(wanted.values())
    return {field: name for field, name in wanted.items() if known.count(name) == 1}


def _stays_true(kind: Kind, old: Derived, new: Derived) -> bool:
    """True where a value of this kind from a seed with `new` leaves what `old` says true.

    A phrase may carry the reason of a judgement, a number may be what was reckoned with; a name, a
    code or a date does not decide how urgent something is, but may have been computed from.
    """
    if kind == "number":
        return not old.judged and not old.computed
    if old.computed:
        return kind not in ("date", "time") and old == new
    return kind != "phrase" or old.judged == new.judged


def _reads(one: Study, slot: Slot, value: str) -> bool:
    text = one.example.input_text
    before, after = words(text[max(0, slot.start - 24) : slot.start]), words(text[slot.end : slot.end + 24])
    # A word on the far side of a full stop or comma is no neighbour.
    left = before[-1].lower() if before and text[: slot.start].endswith(f"{before[-1]} ") else ""
    right = after[0].lower() if after and text[slot.end :].startswith(f" {after[0]}") else ""
    return reads_well(left, value, right)


def _said_aside(example: Example, value: str) -> bool:
    """True where the system prompt names the value, or the reasoning names it otherwise than in full."""
    if not isinstance(example.input, str) and any(
        contains(turn.content, value) for turn in example.input if turn.role == "system"
    ):
        return True
    if example.reasoning is None:
        return False
    rest = replace_all(example.reasoning, {value: "\0"})
    return any(contains(rest, part) for part in [value, *telling_parts(value)])
