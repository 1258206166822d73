"""Brief: what a recipe may know of the task. Recipes never see a task's validator, nor a gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Term:
    """A term to use, and the ones that mean the same and shall not be used; `use` is empty for a mere ban."""

    use: str
    avoid: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Negative:
    """A row that shall not be written, and why. Hand-given, or rejected by a gate or a reviewer."""

    input: str
    reason: str
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """The task in words: instruction, what a right output is, terms, and what not to write.

    `form` says what a valid output is, for people and models; `schema` is its JSON Schema (draft
    2020-12) where there is one, `labels` the allowed ones, `definitions` what they mean. `as_text`: the
    seeds hold JSON outputs as text, and so shall new rows. `chat`: inputs are conversations.
    `thinks`: the seeds hold their reasoning beside the output. `marker` is how they mark the answer at the
    end of their steps (`#### `), where an output holds both.
    """

    kind: str
    instruction: str
    schema: dict[str, Any] | None = None
    labels: tuple[str, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    terms: tuple[Term, ...] = ()
    negatives: tuple[Negative, ...] = ()
    as_text: bool = False
    chat: bool = False
    thinks: bool = False
    marker: str = ""
