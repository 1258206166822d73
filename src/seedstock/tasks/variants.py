"""Variants: which of the shapes that a JSON Schema allows a value has, as a set of traits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 6


def variants(value: Any, schema: Any) -> Iterator[str]:
    """Traits of a value that is valid under `schema`: what could have been otherwise.

    `with error_code` where an optional or nullable field is there, `urgency=high` for the value of an
    enumeration, `entities[].type=Year` for each one in a list, `no entities` for an empty list. The same
    trait may come several times.
    """
    return _of(value, schema, schema, "", 0)


def _of(value: Any, schema: Any, root: Any, path: str, depth: int) -> Iterator[str]:
    schema = _followed(schema, root)
    if depth > MAX_DEPTH or not isinstance(schema, dict):
        return
    choices = schema.get("enum", ())
    if path and len(choices) > 1 and isinstance(value, str | int | float):
        yield f"{path}={value}"
    elif isinstance(value, dict):
        yield from _of_object(value, schema, root, path, depth)
    elif isinstance(value, list):
        if not value and path:
            yield f"no {path}"
        for item in value:
            yield from _of(item, schema.get("items"), root, f"{path}[]", depth + 1)


def _of_object(
    value: dict[str, Any], schema: dict[str, Any], root: Any, path: str, depth: int
) -> Iterator[str]:
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        place, here = f"{path}.{name}" if path else name, value.get(name)
        if here is None:
            continue
        if name not in required or _nullable(inner):
            yield f"with {place}"
        yield from _of(here, inner, root, place, depth + 1)


def _nullable(schema: Any) -> bool:
    """Whether null is one of the allowed values."""
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type", ())
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return "null" in ([kinds] if isinstance(kinds, str) else kinds) or any(
        isinstance(option, dict) and option.get("type") == "null" for option in options
    )


def _followed(schema: Any, root: Any) -> Any:
    """The schema itself: a reference to `$defs` followed, of several options the one that is not null."""
    for _ in range(MAX_DEPTH):
        if not isinstance(schema, dict):
            return schema
        options = [o for o in (*schema.get("anyOf", ()), *schema.get("oneOf", ())) if o != {"type": "null"}]
        where = schema.get("$ref")
        if isinstance(where, str) and where.startswith("#/$defs/"):
            schema = root.get("$defs", {}).get(where.removeprefix("#/$defs/"), {})
        elif len(options) == 1:
            schema = options[0]
        else:
            return schema
    return schema
