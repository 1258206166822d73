"""The contract of a task: is this output valid, and when are two outputs the same answer?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from seedstock.example import Example
from seedstock.sqlcheck.databases import Databases


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an output is invalid: a code for machines, a reason a person can act on, evidence."""

    code: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checks:
    """Where rows hold the checks that are run on their output, and how many seconds a row may take."""

    field: str
    timeout: float


class Output(ABC):
    """A kind of valid output (`task.output` in the config names one of them).

    `Value` is the type of its value in the config. `free_text` says that two right answers to one
    input may be worded differently, so that equality of text means little. `chains` says that an output
    holds the steps to its answer: one input may have several rows, one for each way to get there.
    `trait_kind` is what its traits are called.
    """

    Value: ClassVar[Any]
    free_text: ClassVar[bool] = False
    chains: ClassVar[bool] = False
    trait_kind: ClassVar[str] = ""

    @abstractmethod
    def __init__(self, value: Any, folder: Path) -> None:
        """`value` as in the config; paths in it are relative to `folder`. InputError if unusable."""

    @abstractmethod
    def check(self, output: Any) -> Problem | None:
        """None where `output` is valid."""

    @abstractmethod
    def same(self, output: Any) -> str:
        """A key that is equal for outputs that are the same answer."""

    def spans(self, output: Any, text: str) -> frozenset[str]:
        """The values of an output that stand in the input: with another value, it is another row."""
        return frozenset()

    def cell(self, example: Example) -> str:
        """The slice of the task's space a row belongs to; one for all unless a subclass knows better."""
        return "all"

    def traits(self, output: Any) -> tuple[str, ...]:
        """What a valid output shows of the task's space: its label, which optional fields it has, …"""
        return ()

    @abstractmethod
    def describe(self) -> str:
        """What a valid output is, in words that a model can follow."""

    @property
    def definitions(self) -> Mapping[str, str]:
        """What the labels mean, where the config says it."""
        return {}

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON Schema of the output where there is one."""
        return None

    @property
    def labels(self) -> tuple[str, ...]:
        """The allowed labels where the output is one of a few."""
        return ()

    @property
    def databases(self) -> Databases | None:
        """What queries are asked of, where the output is one."""
        return None

    @property
    def checks(self) -> Checks | None:
        """What is run on an output, where it is code and the config asks for it."""
        return None

    @classmethod
    @abstractmethod
    def detect(cls, outputs: Sequence[Any]) -> Any | None:
        """The config value under which these outputs are valid, or None if they are of another kind."""
