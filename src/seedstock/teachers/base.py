"""The contract of teachers: they answer. Limits, retries, cost and recording are `ask.py`'s."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from seedstock.errors import SeedstockError, TeacherError
from seedstock.exchange import Request, Response, Usage


class Price(BaseModel):
    """Price per million tokens, in `currency`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    input: float = Field(ge=0, description="per million prompt tokens")
    output: float = Field(ge=0, description="per million completion tokens")
    cached_input: float | None = Field(
        None, ge=0, description="per million prompt tokens read from the cache; as `input` if absent"
    )
    cache_write: float | None = Field(
        None, ge=0, description="per million prompt tokens written to the cache; as `input` if absent"
    )
    currency: str = Field("USD", description="what the price is in")

    def of(self, usage: Usage) -> float | None:
        """Price of one answer; None where the server did not count its tokens."""
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
        written = min(usage.cache_write_tokens or 0, usage.prompt_tokens - cached)
        cached_input = self.input if self.cached_input is None else self.cached_input
        cache_write = self.input if self.cache_write is None else self.cache_write
        plain = usage.prompt_tokens - cached - written
        prompt = plain * self.input + cached * cached_input + written * cache_write
        return (prompt + usage.completion_tokens * self.output) / 1e6


class TeacherSettings(BaseModel):
    """Settings every teacher shares; subclasses add a `kind` literal and their own."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    price: Price | None = Field(
        None, description="price per million tokens; absent: as the price list knows it, else unknown"
    )
    trained_on: list[str] = Field(
        [], description="releases of this project that it was fine-tuned on: its rows are that much deeper"
    )
    concurrency: int = Field(
        64, ge=1, le=1024, description="requests under way at once, at most; the level below is found"
    )
    max_attempts: int = Field(8, ge=1, le=50, description="tries per request before it counts as failed")
    timeout: float = Field(120.0, gt=0, description="seconds one try may take")
    request_deadline: float = Field(
        900.0, gt=0, description="seconds one request may take over all its tries before it counts as failed"
    )
    total_deadline: float | None = Field(
        None, gt=0, description="seconds one `run` may ask; then it ends with exit code 4, to be resumed"
    )
    patience: float = Field(
        120.0, gt=0, description="seconds without any answer after which nobody is there: exit code 4"
    )
    requests_per_minute: float | None = Field(None, gt=0, description="budget of tries a minute")
    tokens_per_minute: float | None = Field(None, gt=0, description="budget of tokens a minute, in and out")
    hedge_after: float | None = Field(
        None, gt=0, description="seconds after which the same question is asked a second time; paid twice"
    )


class Transient(SeedstockError):
    """A try failed in a way that is worth another: busy, broken, cut off. Never leaves `ask.py`.

    `reason` is a short word for the counters (`429`, `500`, `reset`, `timeout`, `connection`, `expired`);
    `retry_after` is what the server asked for, in seconds.
    """

    def __init__(self, reason: str, problem: str, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.reason = reason
        self.retry_after = retry_after


class Server(ABC):
    """Something that can be asked, and what is known of it. One instance is used from one event loop.

    `findings` is what was found out about the server, by name (`structured`: `json_object`): `ask.py`
    fills it from the ledger before the first question, and records and says what a teacher adds.
    """

    findings: dict[str, str]

    @abstractmethod
    def __init__(self, settings: Any) -> None:
        """Read what is needed from the environment; open nothing yet. Set `findings` to {}."""

    @property
    def server(self) -> str:
        """Where it answers, for findings: an address without credentials; empty in this process."""
        return ""

    @property
    def sampling(self) -> dict[str, Any]:
        """The settings an answer depends on, apart from the request: part of the request's key."""
        return {}

    def prepare(self) -> None:
        """Raise InputError where it could not answer: an extra, a file or a folder is missing.

        Called by `check` and before the first question; whoever only reads what was answered before
        needs none of them.
        """
        return

    async def close(self) -> None:
        """Give connections back."""
        return


class Teacher(Server):
    """What produces candidates."""

    Settings: ClassVar[type[TeacherSettings]]
    free: ClassVar[bool] = False
    """No answer costs anything."""
    pilots: ClassVar[bool] = True
    """A small first wave is worth its while: not where a wave takes a day, or was answered beforehand."""

    @property
    @abstractmethod
    def id(self) -> str:
        """Who answers, without the address: part of the request's key and of provenance."""


class OnlineTeacher(Teacher):
    """A teacher that answers while one waits."""

    @abstractmethod
    async def ask(self, request: Request) -> Response:
        """One answer. Raises `Transient` for what may pass, `TeacherError` for what will not."""


@dataclass(frozen=True, slots=True)
class Job:
    """One request of a batch. `name` is its `custom_id`: unique in the batch, 32 hex digits."""

    name: str
    request: Request


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is. `status` is the server's word; `ended` means that results can be collected.

    `failure` is set where the whole batch was refused: the server's words.
    """

    status: str
    ended: bool
    done: int = 0
    failed: int = 0
    total: int = 0
    failure: str = ""


BatchResult = tuple[str, Response | Transient | TeacherError]
"""A job's name and what came of it: `Transient` is worth another batch, `TeacherError` ends the run."""


class BatchProtocol(Server):
    """How many questions are handed over at once, to be answered within hours.

    Every method raises `Transient` for what may pass (the wire, 429, 5xx) and `TeacherError` for what
    will not.
    """

    max_jobs: ClassVar[int]
    max_bytes: ClassVar[int]

    @abstractmethod
    def size(self, job: Job) -> int:
        """Bytes of one job as it is sent."""

    @abstractmethod
    async def submit(self, jobs: Sequence[Job], mark: str) -> str:
        """Hand the jobs over; gives the server's name of the batch. `mark` is ours, for `find`."""

    @abstractmethod
    async def find(self, mark: str, jobs: Sequence[Job], since: str) -> str | None:
        """The batch that was submitted under `mark` after `since` (ISO 8601, UTC), where the server can tell.

        Asked when a process died between submitting and recording the answer: what was paid is not
        paid again.
        """

    @abstractmethod
    async def state(self, batch: str) -> BatchState:
        """How far it is. A status nobody knows means wait."""

    @abstractmethod
    def results(self, batch: str) -> AsyncIterator[BatchResult]:
        """What came of every job, in any order; jobs that are not named have expired."""


class BatchTeacher(Teacher, BatchProtocol):
    """A teacher that answers in batches."""

    pilots: ClassVar[bool] = False

    poll_seconds: float
    """Seconds between two looks at a batch."""
