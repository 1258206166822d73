"""What a JSON Schema says about one place of a value: is it fixed, is its text free?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from seedstock.exchange import canonical

Path = tuple[str | int, ...]
DEEPEST = 32
FIXING = ("enum", "const")
SILENT = frozenset(
    "type title description examples default $ref $comment anyOf oneOf allOf minLength".split()
)
SHAPING = ("pattern", "format", "enum", "const")


def nodes(schema: dict[str, Any], path: Sequence[str | int]) -> list[dict[str, Any]]:
    """The subschemas that may describe `path`: several where anyOf, oneOf or allOf leave a choice."""
    found = list(_choices(schema, schema, 0))
    for step in path:
        found = [
            leaf for node in found for below in _below(node, step) for leaf in _choices(schema, below, 0)
        ]
    return found


def fixed(schema: dict[str, Any], path: Sequence[str | int]) -> bool:
    """True where the schema names the values allowed at `path`, or allows only truth values."""
    return any(
        any(word in node for word in FIXING) or node.get("type") == "boolean" for node in nodes(schema, path)
    )


def plain(schema: dict[str, Any] | None, path: Sequence[str | int]) -> bool:
    """True where nothing in the schema shapes the text at `path`: no pattern, format, enum or const."""
    if schema is None:
        return True
    return not any(word in node for node in nodes(schema, path) for word in SHAPING)


def loose(schema: dict[str, Any] | None, path: Sequence[str | int]) -> bool:
    """True where the schema asks nothing of the value at `path` but its type."""
    return schema is None or not any(set(node) - SILENT for node in nodes(schema, path))


def valid(output: Any, schema: dict[str, Any] | None) -> bool:
    """True where `output` (a parsed JSON value) fits `schema`, formats included, or there is no schema."""
    return schema is None or bool(_validator(canonical(schema)).is_valid(output))


def _choices(root: dict[str, Any], node: Any, depth: int) -> Iterator[dict[str, Any]]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    yield node
    if isinstance(node.get("$ref"), str):
        yield from _choices(root, _pointed(root, node["$ref"]), depth + 1)
    for word in ("anyOf", "oneOf", "allOf"):
        for below in node.get(word) or ():
            yield from _choices(root, below, depth + 1)


def _pointed(root: dict[str, Any], ref: str) -> Any:
    """The part of `root` that a local `#/…` points at; None where it points elsewhere or nowhere."""
    if not ref.startswith("#"):
        return None
    at: Any = root
    for step in ref[1:].split("/")[1:]:
        at = at.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(at, dict) else None
    return at


def _below(node: dict[str, Any], step: str | int) -> Iterator[Any]:
    if isinstance(step, str):
        properties = node.get("properties") or {}
        yield properties[step] if step in properties else node.get("additionalProperties")
        return
    given = node.get("prefixItems") or []
    yield given[step] if step < len(given) else node.get("items")


@lru_cache(maxsize=32)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(json.loads(schema), validate_formats=True)
