"""Brief: what a recipe may know of the task. Recipes never see a task's validator, nor a gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Brief:
    """The task in words and, for JSON outputs, as a JSON Schema (draft 2020-12)."""

    kind: str
    instruction: str
    schema: dict[str, Any] | None = None
    labels: tuple[str, ...] = ()
