"""A part of a YAML file as typed settings; the first mistake in it is one line at its place in the file."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from seedstock import registry
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


def read_part(
    file: YamlFile, section: str | tuple[str, ...], value: Any, default: str, of: str = ""
) -> tuple[Any, str]:
    """Settings of a teacher or embedder, which names its `kind`, and that kind; `of` is the part, if not the
    section. Paths in them are relative to the file."""
    at: Place = (section,) if isinstance(section, str) else section
    part = of or str(section)
    given = {"kind": default} if value is None else {"kind": value} if isinstance(value, str) else value
    if not isinstance(given, dict):
        raise file.error(at, "a mapping with a kind")
    name = given.get("kind", default)
    if not isinstance(name, str) or (name not in registry.names(part) and ":" not in name):
        place: Place = (*at, "kind") if isinstance(value, dict) else at
        raise file.error(place, f"unknown {part} {name!r}; {near_miss(str(name), registry.names(part))}")
    try:
        settings = registry.load(part, name).Settings
    except (AttributeError, InputError) as problem:  # "module:Class" of something else
        raise file.error(at, f"{name!r} is no {part}: {problem}") from problem
    return rooted(read_section(file, settings, {**given, "kind": name}, at), file.path.parent), name


def rooted(settings: M, folder: Path) -> M:
    """Settings with every path in them relative to the project folder."""
    paths = {
        name: value
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), Path)
    }
    return settings.model_copy(update={name: folder / path.expanduser() for name, path in paths.items()})


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
