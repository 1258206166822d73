"""What the ledger holds, as objects: candidates, waivers, frozen sets, costs, questions and batches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from seedstock.example import Example
from seedstock.exchange import Response
from seedstock.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the ledger: one candidate of one run, with every gate's verdict.

    `example` is None where the response could not be parsed; `rank` is its place in gating order, `wave`
    the wave in which it was asked for.
    """

    run: str
    rank: int
    id: str
    key: str
    recipe: str
    cell: str
    accepted: bool
    example: Example | None
    verdicts: tuple[Verdict, ...]
    wave: int = 0

    def row(self) -> tuple[Any, ...]:
        """As the table `candidates` holds it, in the order of its columns."""
        example = None if self.example is None else json.dumps(self.example.to_json())
        verdicts = json.dumps([v.to_json() for v in self.verdicts])
        names = (self.run, self.rank, self.id, self.key, self.recipe, self.cell)
        return (*names, int(self.accepted), example, verdicts, self.wave)

    @classmethod
    def of_row(cls, row: tuple[Any, ...]) -> Candidate:
        """The opposite of `row`."""
        run, rank, id_, key, recipe, cell, accepted, example, verdicts, wave = row
        return cls(
            run, rank, id_, key, recipe, cell, bool(accepted),
            None if example is None else Example.from_json(json.loads(example)),
            tuple(Verdict.from_json(v) for v in json.loads(verdicts)), wave or 0,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frozen:
    """A real set that may not change any more: its content hash and, for a split, its rows' ids."""

    sha256: str
    rows: int
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person's written reason to let a failing gate pass."""

    gate: str
    by: str
    because: str
    at: str

    def to_json(self) -> dict[str, str]:
        """As printed in reports and manifests."""
        return {"gate": self.gate, "by": self.by, "because": self.because, "at": self.at}


@dataclass(frozen=True, slots=True)
class Review:
    """What a person said of a row. `wave` is how far the run was then: later waves may learn from it."""

    id: str
    verdict: str
    criterion: str
    reason: str
    by: str
    run: str
    wave: int
    at: str = ""
    serial: int = 0

    def to_json(self) -> dict[str, str]:
        """As printed by `trace`."""
        return {
            "verdict": self.verdict, "criterion": self.criterion, "reason": self.reason, "by": self.by,
            "at": self.at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spent:
    """What answers cost: how many there are, how many of them have no known price, the sum of the others.

    Tokens are sums of what servers counted; `cached_tokens` is None where no server told.
    """

    answers: int = 0
    unknown: int = 0
    cost: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A recorded request with its response."""

    recipe: str
    cell: str
    fold: int | None
    parents: tuple[str, ...]
    body: dict[str, Any]
    teacher: str
    response: Response
    cost: float | None
    at: str


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch as the ledger knows it: our mark, the server's id ("" if not known), when, whose questions.

    `names` are the `custom_id`s of its requests.
    """

    mark: str
    id: str
    since: str
    names: frozenset[str]
