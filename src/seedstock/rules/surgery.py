"""Exchanging values on both sides at once, and proving that nothing else has changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from seedstock.example import Example
from seedstock.exchange import Message
from seedstock.rules.outputs import changed, leaf_text, parsed, written
from seedstock.rules.schemas import Path, fixed, valid
from seedstock.rules.slots import Slot, find_slots
from seedstock.rules.tokens import spans


def exchange(example: Example, mapping: Mapping[str, str], schema: dict[str, Any] | None = None) -> Example:
    """The example with every key of `mapping` replaced by its value, all at once.

    In the input (and the reasoning) whole tokens are replaced, in the output whole leaves that the
    schema does not fix; numbers stay numbers. System prompts stay as they are.
    """
    output = example.output
    value = parsed(output)
    if value is not None:
        output = written(changed(value, _leaf_change(mapping, schema)), output)
    reasoning = None if example.reasoning is None else replace_all(example.reasoning, mapping)
    changed_input = with_turns(example.input, lambda text: replace_all(text, mapping))
    return replace(example, input=changed_input, output=output, reasoning=reasoning)


def inverse(mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping that undoes `mapping`, which must not give one value twice."""
    return {new: old for old, new in mapping.items()}


def sound(
    example: Example, slots: list[Slot], mapping: Mapping[str, str], schema: dict[str, Any] | None
) -> bool:
    """True where the exchange leaves a valid output, the new values are slots again, and it can be undone."""
    new = exchange(example, mapping, schema)
    value = parsed(new.output)
    if value is None or not valid(value, schema):
        return False
    after = {slot.path: (slot.field, slot.value) for slot in find_slots(new.input_text, value, schema)}
    wanted = {slot.path: (slot.field, mapping[slot.value]) for slot in slots if slot.value in mapping}
    if any(after.get(path) != pair for path, pair in wanted.items()):
        return False
    back = exchange(new, inverse(mapping), schema)
    return (back.input, back.output, back.reasoning) == (example.input, example.output, example.reasoning)


def with_leaf(output: Any, path: Path, text: str) -> Any:
    """The parsed output with `text` at `path`, as a number where one stood there."""

    def change(place: Path, leaf: Any) -> Any:
        if place != path:
            return leaf
        return text if isinstance(leaf, str) else _number(text)

    return changed(output, change)


def replace_all(text: str, mapping: Mapping[str, str]) -> str:
    """The text with all whole tokens of `mapping` replaced at once; where keys overlap, the first wins."""
    places = sorted((start, end, new) for old, new in mapping.items() for start, end in spans(text, old))
    out, done = [], 0
    for start, end, new in places:
        if start >= done:
            out += [text[done:start], new]
            done = end
    return "".join([*out, text[done:]])


def with_turns(given: str | tuple[Message, ...], change: Callable[[str], str]) -> str | tuple[Message, ...]:
    """An input with `change` made to its text, or to every turn but the system's."""
    if isinstance(given, str):
        return change(given)
    return tuple(
        turn if turn.role == "system" else replace(turn, content=change(turn.content)) for turn in given
    )


def with_last_turn(
    given: str | tuple[Message, ...], change: Callable[[str], str]
) -> str | tuple[Message, ...]:
    """An input with `change` made to its text, or to the last turn of the user."""
    if isinstance(given, str):
        return change(given)
    last = max((place for place, turn in enumerate(given) if turn.role == "user"), default=-1)
    return tuple(
        replace(turn, content=change(turn.content)) if place == last else turn
        for place, turn in enumerate(given)
    )


def _leaf_change(mapping: Mapping[str, str], schema: dict[str, Any] | None) -> Callable[[Path, Any], Any]:
    def change(path: Path, leaf: Any) -> Any:
        text = leaf_text(leaf)
        if text is None or text not in mapping or (schema is not None and fixed(schema, path)):
            return leaf
        return mapping[text] if isinstance(leaf, str) else _number(mapping[text])

    return change


def _number(text: str) -> Any:
    """The number a text writes; the text itself where it is none, for the schema to refuse."""
    return json.loads(text) if re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", text) else text
