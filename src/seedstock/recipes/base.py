"""The contract of a recipe: what is wanted in, requests out; answers in, candidates out. Both pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from seedstock.brief import Brief, Negative
from seedstock.cell import Cell
from seedstock.example import Example
from seedstock.exchange import Request, Response
from seedstock.recipes.prompt import Prompt, own_prompt

CHARS_PER_TOKEN = 3
"""English has about four characters a token; other languages and JSON have fewer."""
WRAPPING = 40
"""Characters around a candidate in an answer: quotes, keys, brackets."""


class RecipeSettings(BaseModel):
    """Base of every recipe's own settings: `plan.recipes.NAME`, beside its weight."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A piece of a response that is no candidate, with the reason; the raw text stays in the ledger."""

    code: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """More to ask before there is a candidate: the next turn of a conversation, answers to a new problem.

    `requests` are asked in the next wave, and `rows` are to come of them. `turn` is what there is so far,
    as a row: it goes through the gates that look at a row alone, and nothing more is asked where one
    rejects it.
    """

    requests: tuple[Request, ...]
    turn: Example | None = None
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Note:
    """Something an answer says about the teacher, for later questions of the recipe (`Ask.settled`)."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer holds. `of` says which of the requests that were answered together it comes from."""

    what: Example | Unparsed | FollowUp | Note
    of: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """What one question is about: everything a recipe may put into a prompt.

    All rows in it come from one fold. `seed` is the seed that it starts from, `samples` are real rows to
    show, the seed last. `existing` are inputs that are there already, `rejected` rows that gates or
    reviewers turned down, `facts` the spans of the seed that must stay. `rows` candidates are wanted,
    like `attributes`; `wishes` say them in words. `turn` counts how often this recipe has started from this
    seed before. `settled` holds what answers of earlier waves have noted, by name. `pool` are all seeds,
    for recipes that exchange values; `inputs` the owner's further inputs of this cell, whose output may be
    unknown.
    """

    brief: Brief
    cell: Cell
    ordinal: int
    rows: int = 1
    seed: Example | None = None
    samples: tuple[Example, ...] = ()
    existing: tuple[str, ...] = ()
    rejected: tuple[Negative, ...] = ()
    facts: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    wishes: tuple[str, ...] = ()
    turn: int = 0
    settled: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    pool: Sequence[Example] = ()
    inputs: Sequence[Example] = ()

    @property
    def fold(self) -> int | None:
        """The fold that everything comes from."""
        return None if self.seed is None else self.seed.source.fold

    @property
    def parents(self) -> tuple[str, ...]:
        """Ids of the real rows that are shown."""
        shown = self.samples or ((self.seed,) if self.seed else ())
        return tuple(example.id for example in shown)


class Recipe(ABC):
    """A way of asking for candidates.

    `asks` is `rules` where the embedded rules answer (no model needed) and `model` where the configured
    teacher does. `group` says whether it rewrites seeds, facts kept, or writes new rows, which need review.
    `rows` is how many candidates one request asks for as a rule, `most` how many at the most. `shows`
    says whether it needs samples, `own_cell` that its rows lie outside the task's space and get a cell of
    their own, `uses_partner` that a second teacher plays the user. `uses` are the names of its prompts.
    """

    name: ClassVar[str]
    asks: ClassVar[Literal["model", "rules"]] = "model"
    group: ClassVar[Literal["augment", "generate"]]
    rows: int = 1
    most: int = 1
    shows: ClassVar[bool] = False
    own_cell: ClassVar[bool] = False
    uses_partner: ClassVar[bool] = False
    uses: ClassVar[tuple[str, ...]] = ()
    Settings: ClassVar[type[RecipeSettings]] = RecipeSettings

    def __init__(
        self, settings: RecipeSettings | None = None, prompts: Mapping[str, Prompt] | None = None
    ) -> None:
        """`prompts` stand in the place of the recipe's own of these names."""
        self.settings: Any = settings or self.Settings()
        self.prompts = {name: (prompts or {}).get(name) or own_prompt(name) for name in self.uses}

    @property
    def identity(self) -> Any:
        """What its rows depend on besides the prompt, as JSON: part of the run's name."""
        return self.settings.model_dump(mode="json")

    @property
    def inputs_file(self) -> Path | None:
        """A file of further inputs that it wants, where the owner named one."""
        return None

    @property
    def calls(self) -> float:
        """Requests that one question takes on the whole, for the estimate of cost."""
        return 1.0

    def size(self, seed: Example) -> int:
        """Characters that one candidate takes in an answer, as a seed shows it; 0 where that is no bound."""
        return 0

    def fit(self, seeds: Sequence[Example], max_tokens: int | None) -> None:
        """Ask for no more at once than an answer of so many tokens can hold: the rest would be cut off."""
        sizes = sorted(self.size(seed) for seed in seeds)
        if max_tokens is None or not any(sizes):
            return
        usual_long = sizes[int(0.9 * (len(sizes) - 1))] + WRAPPING
        self.most = max(1, min(self.most, max_tokens * CHARS_PER_TOKEN // usual_long))
        self.rows = min(self.rows, self.most)

    def suits(self, cell: Cell) -> bool:
        """Whether it can do anything for a cell."""
        return True

    def notes(self, seeds: int) -> Sequence[str]:
        """What the owner should know before anything is asked about so many seeds."""
        return ()

    def usable(self, brief: Brief, cell: Cell, pool: Sequence[Example]) -> Sequence[Example]:
        """The seeds of a cell that a question may start from; `pool` are all seeds."""
        return cell.seeds

    def waits(self, asks: Sequence[Ask]) -> bool:
        """Whether it has nothing to ask only until answers to others of its questions are in."""
        return False

    def obstacle(self, asks: Sequence[Ask]) -> str:
        """Why it has nothing to ask for these questions."""
        return f"{self.name} finds nothing to work on in these seeds"

    @abstractmethod
    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """What to send for each question of one cell, together; () where there is nothing to ask.

        A pure function of the questions.
        """

    def parse(
        self, requests: Sequence[Request], responses: Sequence[Response], seeds: Mapping[str, Example]
    ) -> list[Found]:
        """The candidates in what was answered together, in its order; what cannot be read is an `Unparsed`.

        The caller sets ids and sources: here only input, output, reasoning and rejected matter.
        """
        pairs = zip(requests, responses, strict=True)
        return [Found(what, i) for i, pair in enumerate(pairs) for what in self.read(*pair, seeds)]

    def read(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """The candidates of one answer, for recipes that ask once."""
        raise NotImplementedError
