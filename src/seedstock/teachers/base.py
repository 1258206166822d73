"""The contract of a teacher: it answers. Limits, retries, cost and recording are `ask.py`'s."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from seedstock.errors import SeedstockError
from seedstock.exchange import Request, Response


class Price(BaseModel):
    """Price per million tokens, in `currency`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: float = Field(ge=0, description="per million prompt tokens")
    output: float = Field(ge=0, description="per million completion tokens")
    currency: str = Field("USD", description="what the price is in")


class TeacherSettings(BaseModel):
    """Settings every teacher shares; subclasses add a `kind` literal and their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    price: Price | None = Field(None, description="price per million tokens; without it cost is unknown")
    concurrency: int = Field(16, ge=1, le=1024, description="requests under way at once")
    max_attempts: int = Field(8, ge=1, le=50, description="tries per request before it counts as failed")
    timeout: float = Field(120.0, gt=0, description="seconds one try may take")


class Transient(SeedstockError):
    """A try failed in a way that is worth another: busy, broken, cut off. Never leaves `ask.py`.

    `reason` is a short word for the counters (`429`, `500`, `reset`, `timeout`); `retry_after` is what
    the server asked for, in seconds.
    """

    def __init__(self, reason: str, problem: str, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.reason = reason
        self.retry_after = retry_after


class Teacher(ABC):
    """What produces candidates. One instance is used from one event loop."""

    Settings: ClassVar[type[TeacherSettings]]
    free: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, settings: Any) -> None: ...

    @property
    @abstractmethod
    def id(self) -> str:
        """Who answers, without the address: part of the request's key and of provenance."""

    @property
    def sampling(self) -> dict[str, Any]:
        """The settings an answer depends on, apart from the request: part of the request's key."""
        return {}

    @abstractmethod
    async def ask(self, request: Request) -> Response:
        """One answer. Raises `Transient` for what may pass, `TeacherError` for what will not."""

    async def close(self) -> None:
        """Give connections back."""
        return
