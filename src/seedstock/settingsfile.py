"""A part of a YAML file as typed settings; the first mistake in it is one line at its place in the file."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from seedstock.errors import InputError, near_miss
from seedstock.yamlfile import Place, YamlFile

SECRET_PLACES = ("api_key_env", "api_key_file", "base_url", "extra_body")
"""Keys whose wrong value may be a secret somebody put in the wrong place: errors do not repeat it."""

M = TypeVar("M", bound=BaseModel)


def read_section(file: YamlFile, model: type[M], value: Any, place: Place) -> M:
    """The settings that stand at `place`. InputError where they are missing or not as they should be."""
    if value is None:
        raise file.error((), f"{'.'.join(map(str, place))}: is missing")
    checked: M = validate(file, TypeAdapter(model), value, place)
    return checked


def or_empty(value: Any) -> Any:
    """A section that stands there without anything in it is one with defaults."""
    return {} if value is None else value


def validate(file: YamlFile, adapter: TypeAdapter[Any], value: Any, place: Place) -> Any:
    """The value as its type wants it. InputError with file, line, key and what would be right."""
    try:
        return adapter.validate_python(value)
    except ValidationError as problem:
        raise _explain(file, adapter, problem, place) from problem


def _explain(file: YamlFile, adapter: TypeAdapter[Any], problem: ValidationError, place: Place) -> InputError:
    """The first error, as one line at its place in the file."""
    errors = problem.errors(include_url=False)
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    where = (*place, *first["loc"])
    if first["type"] == "extra_forbidden":
        known = _keys_at(adapter.json_schema(), first["loc"][:-1])
        return file.error(where, f"unknown key; {near_miss(str(first['loc'][-1]), known)}")
    if first["type"] == "missing":
        return file.error(where, "is missing")
    message = first["msg"].removeprefix("Value error, ")
    if any(part in SECRET_PLACES for part in first["loc"]) or isinstance(first["input"], dict | list):
        return file.error(where, message)
    hint = _quotes_hint(first["input"]) if "string" in message else ""
    return file.error(where, f"{message}, got {first['input']!r}{hint}"[:300])


def _keys_at(schema: dict[str, Any], path: tuple[int | str, ...]) -> dict[str, Any]:
    """The keys that a section, or a section inside it, may have."""
    here = schema
    for step in path:
        given = here.get("items", here.get("properties", {}).get(str(step), {}))
        refs = [option["$ref"] for option in given.get("anyOf", [given]) if "$ref" in option]
        here = schema["$defs"][refs[0].rsplit("/", 1)[-1]] if refs else given
    known: dict[str, Any] = here.get("properties", {})
    return known


def _quotes_hint(given: Any) -> str:
    if isinstance(given, bool):
        return "; put it in quotes: YAML reads yes, no, on and off as true and false"
    return "; put it in quotes" if isinstance(given, int | float | date) else ""
