"""Reading lists out of answers: of texts, or of examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from seedstock.example import Example
from seedstock.exchange import Request, Response, canonical
from seedstock.reading import CutOff, read_json
from seedstock.recipes.base import Unparsed

T = TypeVar("T")


def read_list(
    request: Request, response: Response, name: str, one: Callable[[Any, int], Example | Unparsed],
    is_one: Callable[[Any], bool],
) -> list[Example | Unparsed]:  # fmt: skip
    """The items of a list under `name`, each read by `one(item, place)`, as many as were asked for.

    `is_one` says whether a value is itself an item. A cut answer loses its unfinished item.
    """
    try:
        read = read_json(response.text, response.finish_reason)
        items = _items(read.value, name, is_one)
    except CutOff as problem:
        return [Unparsed("truncated", str(problem), response.text)]
    except ValueError as problem:
        return [Unparsed("unparsed", f"no list of {name} in the answer: {problem}", response.text)]
    found = [one(item, place) for place, item in enumerate(items[: request.rows])]
    found += [
        Unparsed("not_asked_for", "more than was asked for", as_text(item) or canonical(item))
        for item in items[request.rows :]
    ]
    if read.cut:
        found.append(Unparsed("truncated", "the answer was cut off in this place", read.rest))
    return found or [Unparsed("unparsed", f"the answer holds no {name}", response.text)]


def as_text(item: Any) -> str | None:
    """The text that an item is, or the only text in an object: `{"text": …}`, `{"id": 1, "input": …}`."""
    if isinstance(item, dict):
        texts = [inner for inner in item.values() if isinstance(inner, str)]
        return texts[0] if len(texts) == 1 else None
    return item if isinstance(item, str) else None


def _items(value: Any, name: str, is_one: Callable[[Any], bool]) -> list[Any]:
    """The list in an answer: the answer itself, under `name`, or under its only other key with a list.

    JSON lines and lists of such answers are one list. An object that is itself an item is a list of one.
    """
    if isinstance(value, list):
        inner = (_items(one, name, is_one) if _holds_list(one, is_one) else [one] for one in value)
        return [item for part in inner for item in part]
    if isinstance(value, dict):
        asked = value.get(name)
        if isinstance(asked, list):
            return _items(asked, name, is_one)
        if is_one(value):
            return [value]
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if len(lists) == 1:
            return _items(lists[0], name, is_one)
    raise ValueError(f"not a list under {name!r}")


def _holds_list(value: Any, is_one: Callable[[Any], bool]) -> bool:
    """Whether an item is no item but an answer of its own."""
    if isinstance(value, dict) and not is_one(value):
        return sum(isinstance(inner, list) for inner in value.values()) == 1
    return isinstance(value, list) and not is_one(value)
