"""Which columns of a file are input and output: as named, or as well-known layouts have them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from pathlib import Path

from seedstock.errors import InputError, near_miss


@dataclass(frozen=True)
class Fields:
    """The columns that carry meaning; None where a file has no such column.

    Either `messages` (a conversation that ends with the output), or `output` with `input` or
    `instruction` or both: an instruction comes first, and an input that is there follows it.
    `system` is a system prompt in a column of its own.
    """

    input: str | None = None
    output: str | None = None
    messages: str | None = None
    instruction: str | None = None
    system: str | None = None

    def describe(self) -> str:
        """One line for people: "input ← message, output ← ticket"."""
        asked = " + ".join(name for name in (self.instruction, self.input) if name)
        parts = [
            f"input and output ← {self.messages}"
            if self.messages
            else f"input ← {asked}, output ← {self.output}"
        ]
        return ", ".join([*parts, f"system ← {self.system}"] if self.system else parts)

    def columns(self) -> dict[str, str]:
        """Meaning → column, of those that are set."""
        return {field.name: name for field in fields(self) if (name := getattr(self, field.name))}

    @property
    def complete(self) -> bool:
        """Whether this is enough to read a row."""
        return bool(self.messages or (self.output and (self.input or self.instruction)))


_OWN = Fields(input="input", output="output")
_ALPACA = Fields(instruction="instruction", input="input", output="output")
_LAYOUTS = (
    Fields(messages="messages"),
    Fields(messages="conversations"),
    Fields(input="prompt", output="completion"),
    Fields(input="prompt", output="response"),
    Fields(instruction="instruction", input="context", output="response"),
    Fields(input="question", output="answer"),
    Fields(input="text", output="label"),
)
_INPUTS = ("input", "prompt", "question", "instruction", "text")
_OUTPUTS = ("output", "completion", "response", "answer", "label")
_HELP = (
    "name them in the config: seeds: {path: …, input: COLUMN, output: COLUMN}, or to init: --input, --output"
)


def detect_fields(columns: Collection[str], path: Path | str | None = None) -> Fields:
    """The one well-known layout that these columns fit; case does not matter.

    Raises InputError, listing the columns, where none fits or more than one.
    """
    actual = {name.lower(): name for name in columns} | {name: name for name in columns}
    fitting = _fitting(actual.keys())
    if len(fitting) != 1:
        raise InputError(_undecided(columns, fitting), path=path)
    chosen = fitting[0] if "system" not in actual else replace(fitting[0], system="system")
    return Fields(**{meaning: actual.get(name, name) for meaning, name in chosen.columns().items()})


def complete_fields(named: Fields, columns: Collection[str], path: Path | str | None = None) -> Fields:
    """`named` with what it leaves open filled in. Raises InputError where a named column does not exist."""
    for key, name in named.columns().items():
        if name not in columns:
            problem = f"no column {name!r} (named as seeds.{key}); {near_miss(name, columns)}"
            raise InputError(problem, path=path)
    if named.complete:
        return named
    if named.output:
        return replace(named, input=_only(_INPUTS, "input", named, columns, path))
    if named.input or named.instruction:
        return replace(named, output=_only(_OUTPUTS, "output", named, columns, path))
    found = detect_fields(columns, path)
    return replace(found, system=named.system) if named.system else found


def only_input(columns: Collection[str], path: Path | str | None = None) -> str:
    """The column that looks like an input, of rows that may have no output. InputError: there is none."""
    return _only(_INPUTS, "input", Fields(), columns, path)


def _fitting(names: Collection[str]) -> list[Fields]:
    if {"input", "output"} <= set(names):
        # Beside `instance_input` the input is the whole question already, not alpaca's context to it.
        alpaca = "instruction" in names and "instance_input" not in names
        return [_ALPACA if alpaca else _OWN]
    if {"instruction", "output"} <= set(names):
        return [_ALPACA]
    return [layout for layout in _LAYOUTS if _needed(layout) <= set(names)]


def _needed(layout: Fields) -> set[str]:
    if layout.messages:
        return {layout.messages}
    return {layout.instruction or layout.input or "", layout.output or ""}


def _undecided(columns: Collection[str], fitting: list[Fields]) -> str:
    found = ", ".join(columns) or "none"
    if not fitting:
        return f"no columns that look like input and output; found: {found}; {_HELP}"
    layouts = "; or ".join(layout.describe() for layout in fitting)
    return (
        f"columns can be read in more than one way ({layouts}); found: {found}; {_HELP}, or messages: COLUMN"
    )


def _only(
    usual: Collection[str], key: str, named: Fields, columns: Collection[str], path: Path | str | None
) -> str:
    taken = set(named.columns().values())
    fitting = [name for name in columns if name.lower() in usual and name not in taken]
    if len(fitting) != 1:
        found = ", ".join(columns)
        raise InputError(f"which column is the {key}? found: {found}; name it as seeds.{key}", path=path)
    return fitting[0]
