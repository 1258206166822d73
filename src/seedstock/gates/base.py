"""The contract of a gate: rows (or a mixture) in, verdicts out. Gates know nothing of teachers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from seedstock.agreement import Answers
from seedstock.brief import Term
from seedstock.embedders.base import Embedder, Vectors
from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.intervals import upper_bound
from seedstock.judgement import Judge
from seedstock.tasks.base import Output
from seedstock.text import Template
from seedstock.verdict import Verdict


class GateSettings(BaseModel):
    """Base of every gate's own settings: the section `gates.NAME` of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Tools:
    """What gates are handed: the task's output kind, an embedder, and the real rows.

    `templates` are taken off an input before it is embedded: a header that all rows share would make
    distinct rows look alike. `terms` are those of the field, with the ones to avoid; `instruction` is what
    prompts say of the task. `judge` is who says whether rows are right; None where nobody does. `answers`
    are those that the whole file gives to each input, where the whole is there before its rows are judged.
    """

    output: Output
    embedder: Embedder
    seeds: Sequence[Example] = ()
    holdout: Sequence[Example] = ()
    ood: Sequence[Example] = ()
    templates: tuple[Template, ...] = ()
    terms: tuple[Term, ...] = ()
    instruction: str = ""
    judge: Judge | None = None
    answers: Answers | None = None

    def beside(self, example: Example) -> str:
        """What a question consists of beside its input: the name of the database that it is about."""
        databases = self.output.databases
        return str(example.meta.get(databases.by, "")) if databases is not None and databases.by else ""

    def result(self, example: Example) -> str:
        """Equal for answers that are the same: a hash, but of a query the query, as only running it tells."""
        same = self.output.same(example.output)
        return same if self.output.databases is not None else digest(same)[:16]

    def slots(self, examples: Sequence[Example]) -> list[str]:
        """The text of each example that varies: what gets embedded and compared."""
        return [self._slot(example.input_text) for example in examples]

    def vectors(self, examples: Sequence[Example]) -> Vectors:
        """Unit vectors of the slots, shape (n, dim)."""
        return self.embedder.embed(self.slots(examples))

    def _slot(self, text: str) -> str:
        for template in self.templates:
            slot = template.slot(text)
            if slot is not text:
                return slot
        return text


class Batch:
    """Rows on their way through the row gates; vectors are made once, when a gate first asks."""

    def __init__(self, examples: Sequence[Example], tools: Tools) -> None:
        self.examples = list(examples)
        self.tools = tools

    def __len__(self) -> int:
        return len(self.examples)

    @cached_property
    def vectors(self) -> Vectors:
        """Unit vectors of the inputs, shape (n, dim)."""
        return self.tools.vectors(self.examples)

    def take(self, places: Sequence[int]) -> Batch:
        """The rows at `places`, with the vectors already made."""
        part = Batch([self.examples[i] for i in places], self.tools)
        if "vectors" in self.__dict__:
            part.vectors = self.vectors[list(places)]
        return part


class Gate(ABC):
    """What both kinds of gate share. `optional` is False where the config cannot turn it off."""

    name: ClassVar[str]
    Settings: ClassVar[type[GateSettings]] = GateSettings
    optional: ClassVar[bool] = True
    waivable: ClassVar[bool] = True

    def __init__(self, settings: Any, tools: Tools) -> None:
        self.settings = settings
        self.tools = tools


class RowGate(Gate):
    """A check of single rows. One that `remembers` compares with the rows that all gates accepted.

    A `costly` one is paid for each row it looks at, so it is asked last, and only about rows that all
    others accept.
    """

    remembers: ClassVar[bool] = False
    costly: ClassVar[bool] = False

    def mend(self, example: Example) -> Example:
        """The row with what this gate can put right without a person, by name in `source.repairs`.

        Called before any gate is asked. Mending a mended row changes nothing.
        """
        return example

    @abstractmethod
    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row, in order. Earlier rows of the batch that pass count as accepted."""

    def keep(self, batch: Batch) -> None:
        """Rows that every gate has accepted, in order; called after `check`."""
        return


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What people have said of a set's synthetic rows, and how much they would have to say.

    `defects` of the `done` rows were rejected, those included that are out of the set for it: the rest is
    no better for that. `whole` says that all rows of the set were looked at. `concentrated` names the
    recipe or cell in which defects gather. `possible` is False where the owner says that nobody can
    review; `regulated` names a domain in which every row needs a review.
    """

    accepted: int
    generated: int
    required: int
    done: int
    done_generated: int
    defects: int
    whole: bool = False
    concentrated: str = ""
    possible: bool = True
    regulated: str = ""

    @property
    def defect_bound(self) -> float:
        """Upper end of the one-sided 95 % interval of the share of defects; exact where all were seen."""
        if self.whole and self.accepted:
            return self.defects / self.accepted
        return upper_bound(self.defects, self.done)


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a set gate sees: how many distinct real and synthetic rows, and how often a real one repeats.

    `purpose` is `release` for a mix that will be trained on, and `audit` for somebody's file, which
    is not a mix yet. `one_family` is True where teacher and student are of one family of models. `review`
    is None where there is nothing that people could have reviewed.
    """

    real: int
    synthetic: int
    repeat_real: int = 1
    purpose: Literal["release", "audit"] = "release"
    one_family: bool = False
    review: Reviewed | None = None


class SetGate(Gate):
    """A check of a whole set."""

    @abstractmethod
    def check(self, mixture: Mixture) -> list[Verdict]:
        """One verdict or more; each names the part it is about (`family.part`) where there are several."""
