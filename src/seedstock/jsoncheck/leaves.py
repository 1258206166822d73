"""The texts in a JSON value, each with the path of its field: `entities[].text` for every item of a list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MOST = 5_000
"""Leaves of one value that are looked at."""


def read_json(output: Any) -> Any:
    """The JSON value of an output, which may be text; ValueError where it is none or is nested too deeply."""
    try:
        return json.loads(output) if isinstance(output, str) else output
    except RecursionError:
        raise ValueError("nested too deeply") from None


def text_leaves(value: Any) -> Iterator[tuple[str, str]]:
    """Path and text of each text in a value, in order; at most 5,000. No recursion: values may be deep."""
    waiting: list[tuple[str, Any]] = [("", value)]
    found = 0
    while waiting and found < MOST:
        path, here = waiting.pop()
        if isinstance(here, str):
            found += 1
            yield path, here
        elif isinstance(here, dict):
            inner = [(f"{path}.{key}" if path else str(key), item) for key, item in here.items()]
            waiting += reversed(inner)
        elif isinstance(here, list):
            waiting += [(f"{path}[]", item) for item in reversed(here)]
