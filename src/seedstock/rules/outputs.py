"""Outputs as JSON values: read, walked, changed at their leaves and written back in their own form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from seedstock.rules.schemas import Path


def parsed(output: Any) -> Any:
    """The JSON value of an output: objects and arrays as they are, or read from their text.

    None where it is another text, or one that would not come back letter for letter when written.
    """
    if isinstance(output, dict | list):
        return output
    if not isinstance(output, str) or output[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(output)
    except ValueError:
        return None
    return value if json.dumps(value, ensure_ascii=False) == output else None


def written(value: Any, like: Any) -> Any:
    """`value` in the form of `like`: as JSON text where that one is a text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(like, str) else value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf (text, number, truth value or null) with its path, in the order of the output."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path, value


def leaf_text(leaf: Any) -> str | None:
    """The text of a leaf that can stand in an input: a text, or a number as JSON writes it."""
    if isinstance(leaf, str):
        return leaf
    return None if leaf is None or isinstance(leaf, bool) else json.dumps(leaf)


def changed(value: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """A copy of `value` with `change(path, leaf)` in the place of every leaf."""
    if isinstance(value, dict):
        return {key: changed(below, change, (*path, key)) for key, below in value.items()}
    if isinstance(value, list):
        return [changed(below, change, (*path, index)) for index, below in enumerate(value)]
    return change(path, value)


def at(value: Any, path: Path) -> Any:
    """What stands at `path`."""
    for step in path:
        value = value[step]
    return value
