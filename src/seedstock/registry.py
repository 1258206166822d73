"""Parts by name. A table of strings per kind, then entry points, then "module:Class".

A built-in part is one file and one line in its kind's `BUILTIN`; a stranger's package registers
the same way through the entry-point group `seedstock.KIND`. Strings, not decorators: nothing is
imported before it is used.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from seedstock.errors import InputError, near_miss

TABLES = {
    "task": "seedstock.tasks",
    "embedder": "seedstock.embedders",
    "recipe": "seedstock.recipes",
    "teacher": "seedstock.teachers",
    "gate": "seedstock.gates",
    "exporter": "seedstock.exporters",
}


@cache
def table(kind: str) -> dict[str, str]:
    """Name → "module:Class" of every part of this kind, built-ins first and in their own order."""
    built_in: dict[str, str] = import_module(TABLES[kind]).BUILTIN
    found = {point.name: point.value for point in entry_points(group=f"seedstock.{kind}")}
    return {**built_in, **{name: where for name, where in found.items() if name not in built_in}}


def names(kind: str) -> list[str]:
    """The registered names of a kind, in table order."""
    return list(table(kind))


def load(kind: str, name: str) -> Any:
    """The class registered under `name`, or the one that "module:Class" points at.

    Raises InputError with the near miss where there is none.
    """
    where = table(kind).get(name, name)
    if ":" not in where:
        raise InputError(f"unknown {kind} {name!r}; {near_miss(name, table(kind))}")
    module, _, attribute = where.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, TypeError, ValueError) as problem:
        raise InputError(f"{kind} {name!r} cannot be loaded: {problem}") from problem
    if not isinstance(found, type):
        raise InputError(f"{kind} {name!r} is not a class")
    return found
