"""The contract of a recipe: seeds in, requests out; a response in, candidates out. Both pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from seedstock.brief import Brief
from seedstock.example import Example
from seedstock.exchange import Request, Response


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A piece of a response that is no candidate, with the reason; the raw text stays in the ledger."""

    code: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a recipe is asked for: requests of these ordinals, for a cell whose seeds are `seeds`.

    Seeds come in rotation order, folds mixed. The last request asks for `last_rows` candidates where
    that is given, so that a quota is not overfilled.
    """

    brief: Brief
    cell: str
    seeds: Sequence[Example]
    ordinals: Sequence[int]
    last_rows: int | None = None


class Recipe(ABC):
    """A way of asking for candidates.

    `asks` is `rules` where the embedded rules answer (no model needed) and `model` where the configured
    teacher does.
    `rows` is how many candidates one request asks for.
    """

    name: ClassVar[str]
    asks: ClassVar[Literal["model", "rules"]]
    rows: ClassVar[int] = 1

    @abstractmethod
    def requests(self, wanted: Wanted) -> list[Request]:
        """One request per ordinal, each for `rows` candidates; [] where these seeds give nothing to ask.

        A pure function: the same ordinal gives the same request, whatever else is asked for.
        Everything in one request comes from seeds of one fold (policy 2).
        """

    @abstractmethod
    def parse(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """The candidates in a response, in its order; what cannot be read is an `Unparsed`.

        The caller sets ids and sources: here only input, output and reasoning matter.
        """
