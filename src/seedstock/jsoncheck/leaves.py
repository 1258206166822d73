"""The texts in a JSON value, each with the path of its field: `entities[].text` for every item of a list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

MOST = 5_000
"""Leaves of one value that are looked at."""


def read_json(output: Any) -> Any:
    """The JSON value of an output, which may be text; ValueError where it is none or is nested too deeply."""
    try:
        return json.loads(output, parse_constant=_refuse) if isinstance(output, str) else output
    except RecursionError:
        raise ValueError("nested too deeply") from None


def structure(output: Any) -> dict[str, Any] | list[Any] | None:
    """The JSON object or list that an output is or holds as text; None where it is neither."""
    try:
        value = read_json(output)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def text_leaves(value: Any) -> Iterator[tuple[str, str]]:
    """Path and text of each text in a value, in order; at most 5,000."""
    yield from islice(((path, leaf) for path, leaf in all_leaves(value) if isinstance(leaf, str)), MOST)


def all_leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Path and value of everything that is no object and no list, in order. No recursion: it may be deep."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, dict):
            inner = [(f"{path}.{key}" if path else str(key), item) for key, item in here.items()]
            waiting += reversed(inner)
        elif isinstance(here, list):
            waiting += [(f"{path}[]", item) for item in reversed(here)]
        else:
            yield path, here
