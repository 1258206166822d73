"""A JSON Schema out of examples: types, required keys, enums where few values repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

MAX_ENUM = 24
"""More distinct values than this are a vocabulary, not an enumeration."""

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array"}


def infer_schema(values: Sequence[Any]) -> dict[str, Any]:
    """The narrowest plain schema under which all of `values` are valid.

    Keys that every object has are required, others are refused; a text field whose values repeat
    (four times each on average, one word or two) becomes an enum.
    """
    kinds = {"null" if v is None else _TYPES[type(v)] for v in values}
    if {"integer", "number"} <= kinds:
        kinds.discard("integer")
    schema: dict[str, Any] = {"type": kinds.pop() if len(kinds) == 1 else sorted(kinds)}
    objects = [v for v in values if isinstance(v, dict)]
    arrays = [v for v in values if isinstance(v, list)]
    if objects:
        schema |= _object(objects)
    if arrays and any(arrays):
        schema["items"] = infer_schema([item for array in arrays for item in array])
    enum = _enum(values) if schema["type"] == "string" else None
    return {"enum": enum} if enum else schema


def _object(objects: list[dict[str, Any]]) -> dict[str, Any]:
    keys = dict.fromkeys(key for o in objects for key in o)
    properties = {key: infer_schema([o[key] for o in objects if key in o]) for key in keys}
    required = [key for key in keys if all(key in o for o in objects)]
    return {"properties": properties, "required": required, "additionalProperties": False}


def _enum(texts: Sequence[str]) -> list[str] | None:
    counts = Counter(texts)
    few = 2 <= len(counts) <= MAX_ENUM and len(texts) >= 4 * len(counts)
    short = all(len(text.split()) <= 3 and len(text) <= 40 for text in counts)
    # Many values seen once mean that the sample has not shown them all; an enum would refuse the next.
    settled = sum(n >= 2 for n in counts.values()) >= 0.8 * len(counts)
    return sorted(counts) if few and short and settled else None
