"""Slots: the values that stand exactly once in the input and exactly once in the output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seedstock.rules.formats import measure
from seedstock.rules.outputs import at, leaf_text, leaves
from seedstock.rules.schemas import Path, fixed
from seedstock.rules.tokens import bare, contains, has_digit, spans, words

TYPE_NAMES = frozenset({"type", "label", "category", "kind", "class", "tag", "role", "entity_type"})
LONGEST_TYPE = 40
LONGEST_VALUE = 12
"""Words. A longer value is a passage rather than a value: it is not exchanged."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that can be exchanged: its path in the output and its place in the input text.

    `field` says what kind of value it is: the path without indices, and the types beside it, as in
    `entities[].text|type=Actor`. Values of one field may stand for each other.
    """

    path: Path
    field: str
    value: str
    start: int
    end: int


def find_slots(input_text: str, output: Any, schema: dict[str, Any] | None) -> list[Slot]:
    """The slots of a seed, in the order of its output (a parsed JSON value).

    No slot is a truth value, null, fixed by the schema, named again (in part or in another case) or
    overlapping another one.
    """
    texts = [
        (path, text)
        for path, leaf in leaves(output)
        if (text := leaf_text(leaf)) is not None and not _is_type(output, path, schema)
    ]
    small = input_text.lower()
    found = [
        Slot(path, field_of(output, path, schema), text, *place)
        for path, text in texts
        if (place := _place(input_text, small, text)) is not None
        and not (schema is not None and fixed(schema, path))
        and not _touches(path, text, texts)
    ]
    return [slot for slot in found if not any(_overlap(slot, other) for other in found)]


def field_of(output: Any, path: Path, schema: dict[str, Any] | None) -> str:
    """The name of the kind of value at `path`: see `Slot.field`."""
    types = "".join(f"|{name}={value}" for name, value in sorted(_types_beside(output, path, schema)))
    return flat(path) + types


def flat(path: Path) -> str:
    """`("entities", 3, "text")` as `entities[].text`."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


@dataclass(frozen=True, slots=True)
class Derived:
    """What an output says beyond copying: `judged` by a person (one of a few values), `computed` otherwise.

    Both are pairs of field and text. Exchanging a value must leave them true.
    """

    judged: tuple[tuple[str, str], ...] = ()
    computed: tuple[tuple[str, str], ...] = ()


def derived(input_text: str, output: Any, schema: dict[str, Any] | None) -> Derived:
    """The leaves of an output that are neither null, nor copied from the input, nor the type of a value."""
    judged, computed = [], []
    copied = bare(input_text)
    for path, leaf in leaves(output):
        if leaf is None or _is_type(output, path, schema):
            continue
        if isinstance(leaf, bool) or (schema is not None and fixed(schema, path)):
            judged.append((flat(path), str(leaf)))
        elif bare(str(leaf)) not in copied:
            computed.append((flat(path), str(leaf)))
    return Derived(tuple(judged), tuple(computed))


def _place(text: str, small: str, value: str) -> tuple[int, int] | None:
    """Where `value` stands, if it is named once and no part of it is named elsewhere."""
    if value != value.strip() or not bare(value) or len(words(value)) > LONGEST_VALUE:
        return None
    places = spans(text, value)
    if len(places) != 1 or len(spans(small, value.lower())) > 1:
        return None
    start, end = places[0]
    return None if _named(value, f"{small[:start]} \0 {small[end:]}") else (start, end)


def telling_parts(value: str) -> list[str]:
    """The words that would name a value again: names, codes and the last ordinary word.

    Where `fan CT-2` is called `the fan` further on, exchanging the one would leave the other behind.
    A quantity has none: its unit may come again.
    """
    if measure(value) is not None:
        return []
    parts = words(value)
    plain = [word for word in parts if not has_digit(word) and len(word) > 2]
    named = [word for word in parts if len(word) > 2 and (has_digit(word) or not word.islower())]
    return list(dict.fromkeys(named + plain[-1:]))


def _named(value: str, text: str) -> bool:
    """True where a telling part of the value is a word of `text`, be it in an address: `lee@x.org`."""
    there = set(words(text.lower()))
    return any(part.lower() in there for part in telling_parts(value))


def _touches(path: Path, text: str, texts: list[tuple[Path, str]]) -> bool:
    """True where another leaf equals the text, contains it or stands in it, or shares a telling part."""
    others = [other for place, other in texts if place != path]
    if any(contains(other, text) or contains(text, other) for other in others):
        return True
    return _named(text, "\n".join(others))


def _overlap(slot: Slot, other: Slot) -> bool:
    return slot.path != other.path and slot.start < other.end and other.start < slot.end


def _is_type(output: Any, path: Path, schema: dict[str, Any] | None) -> bool:
    """True where the leaf says what its sibling is, rather than something about the input."""
    if not path or not isinstance(path[-1], str):
        return False
    known_name = path[-1].lower() in TYPE_NAMES
    if schema is None:
        leaf = at(output, path)
        return known_name and isinstance(leaf, str) and len(leaf) <= LONGEST_TYPE
    listed = any(isinstance(step, int) for step in path)
    return (known_name or listed) and fixed(schema, path)


def _types_beside(output: Any, path: Path, schema: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if not path or not isinstance(path[-1], str):
        return
    for key, value in at(output, path[:-1]).items():
        if (
            key != path[-1]
            and not isinstance(value, dict | list)
            and _is_type(output, (*path[:-1], key), schema)
        ):
            yield key, str(value)
