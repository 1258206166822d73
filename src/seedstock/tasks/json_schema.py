"""Output: JSON that a JSON Schema (draft 2020-12) accepts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from seedstock.errors import InputError
from seedstock.exchange import canonical
from seedstock.jsoncheck.leaves import read_json
from seedstock.tasks.base import Output, Problem
from seedstock.tasks.infer import infer_schema
from seedstock.tasks.variants import variants


class JsonSchema(Output):
    """`json_schema: ticket.schema.json` (or the schema itself): the output is valid under it.

    JSON text counts as JSON: a trainer sees text in the end, and seeds often hold it.
    """

    Value = str | dict[str, Any]
    trait_kind: ClassVar[str] = "variant"

    def __init__(self, value: str | dict[str, Any], folder: Path) -> None:
        self._schema = value if isinstance(value, dict) else _read_schema(folder / value)
        try:
            _ = self._validator
        except ValueError as problem:
            raise InputError(f"task.output.json_schema is not a JSON Schema: {problem}") from problem

    @cached_property
    def _validator(self) -> Any:
        import jsonschema_rs

        return jsonschema_rs.validator_for(self._schema)

    def check(self, output: Any) -> Problem | None:
        """Parse if it is text, then validate; the first error with its path."""
        try:
            value = read_json(output)
        except (ValueError, RecursionError) as problem:
            return Problem("not_json", f"the output is not JSON: {problem}"[:200])
        error = next(iter(self._validator.iter_errors(value)), None)
        if error is None:
            return None
        path = "/".join(map(str, error.instance_path)) or "(root)"
        return Problem("schema", f"at {path}: {error.message}"[:300], {"path": path})

    def same(self, output: Any) -> str:
        """Canonical JSON: key order and spaces do not count."""
        try:
            return canonical(read_json(output))
        except (ValueError, RecursionError):
            return str(output)

    def spans(self, output: Any, text: str) -> frozenset[str]:
        """Text and number leaves that stand in the input."""
        try:
            return frozenset(leaf for leaf in leaves(read_json(output)) if leaf in text)
        except (ValueError, RecursionError):
            return frozenset()

    def traits(self, output: Any) -> tuple[str, ...]:
        """Which optional fields are there, and which value each enumerated field has: `urgency=high`."""
        try:
            return tuple(dict.fromkeys(variants(read_json(output), self._schema)))
        except (ValueError, RecursionError):
            return ()

    def describe(self) -> str:
        """The schema itself."""
        schema = json.dumps(self._schema, ensure_ascii=False)
        return f"JSON that is valid under this JSON Schema:\n{schema}"

    @property
    def schema(self) -> dict[str, Any]:
        """The schema as given."""
        return self._schema

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> dict[str, Any] | None:
        """A schema inferred from the outputs, where all of them are JSON objects or arrays."""
        try:
            parsed = [read_json(o) for o in outputs]
            return infer_schema(parsed) if all(isinstance(v, dict | list) for v in parsed) else None
        except (ValueError, RecursionError):
            return None


def leaves(value: Any) -> Iterator[str]:
    """The texts and numbers in a JSON value, as text."""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield str(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from leaves(inner)


def _read_schema(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise InputError(f"schema cannot be read: {problem.strerror}", path=path) from problem
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", None)
        raise InputError(f"schema is not JSON: {problem}", path=path, line=line) from problem
    if not isinstance(schema, dict):
        raise InputError("a JSON Schema is an object", path=path)
    return schema
