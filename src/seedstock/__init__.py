"""Seedstock: from a small set of real examples to a fine-tuning dataset its owner can trust.

The public names, resolved on first use, so that `import seedstock` loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedstock.version import __version__

if TYPE_CHECKING:
    from seedstock.auditing import audit
    from seedstock.errors import SeedstockError
    from seedstock.example import Example
    from seedstock.exporters.base import Exporter
    from seedstock.gates.base import RowGate, SetGate
    from seedstock.generation import run
    from seedstock.preflight import check
    from seedstock.project import Project
    from seedstock.recipes.base import Recipe
    from seedstock.releasing import release
    from seedstock.teachers.base import Teacher
    from seedstock.tracing import trace
    from seedstock.verdict import Verdict
    from seedstock.verifying import verify

_HOMES = {
    "Example": "example", "Verdict": "verdict", "Project": "project", "SeedstockError": "errors",
    "check": "preflight", "run": "generation", "audit": "auditing", "release": "releasing",
    "trace": "tracing", "verify": "verifying",
    "Teacher": "teachers.base", "Recipe": "recipes.base", "RowGate": "gates.base", "SetGate": "gates.base",
    "Exporter": "exporters.base",
}  # fmt: skip

__all__ = [
    "Example", "Exporter", "Project", "Recipe", "RowGate", "SeedstockError", "SetGate", "Teacher", "Verdict",
    "__version__", "audit", "check", "release", "run", "trace", "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'seedstock' has no attribute {name!r}")
    value = getattr(import_module(f"seedstock.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
