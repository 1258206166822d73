"""Teacher `batch`: the providers' batch protocols, at half the price and within a day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from importlib import import_module
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from seedstock.teachers.base import BatchProtocol, BatchResult, BatchState, BatchTeacher, Job, TeacherSettings
from seedstock.teachers.chat import ChatSettings
from seedstock.teachers.keys import Address

PROVIDERS = {
    "openai": "seedstock.teachers.openai_batch:OpenAIBatches",
    "anthropic": "seedstock.teachers.anthropic_batch:AnthropicBatches",
}
_USUAL: dict[str, dict[str, Any]] = {
    "openai": {"api_key_env": "OPENAI_API_KEY"},
    # Newer models refuse temperature and top_p.
    "anthropic": {"api_key_env": "ANTHROPIC_API_KEY", "temperature": None, "top_p": None},
}
"""What a provider's settings are where nothing is given, if not as the fields say."""

_ADDRESSES = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}


class BatchSettings(ChatSettings):
    """Settings of `teacher: {kind: batch}`."""

    kind: Literal["batch"] = "batch"
    provider: Literal["openai", "anthropic"] = Field("openai", description="whose batch protocol is spoken")
    base_url: Address | None = Field(
        None, description="address up to and with the version; absent: the provider's own"
    )
    poll_seconds: float = Field(30.0, gt=0, description="seconds between two looks at a batch")

    @model_validator(mode="before")
    @classmethod
    def _as_the_provider_has_it(cls, given: Any) -> Any:
        provider = given.get("provider") if isinstance(given, dict) else None
        return {**_USUAL[provider], **given} if provider in tuple(_USUAL) else given

    @model_validator(mode="after")
    def _served(self) -> BatchSettings:
        if self.provider == "anthropic" and self.structured == "json_object":
            raise ValueError("structured: anthropic has no json_object; use auto, json_schema or none")
        return self

    @property
    def address(self) -> str:
        """Where the provider is, without a slash at the end."""
        return (self.base_url or _ADDRESSES[self.provider]).rstrip("/")


class Batch(BatchTeacher):
    """Hands everything on to the provider's protocol."""

    Settings: ClassVar[type[TeacherSettings]] = BatchSettings
    max_jobs: ClassVar[int] = 50_000
    """The least that a provider takes, as `max_bytes`."""
    max_bytes: ClassVar[int] = 190 * 2**20

    def __init__(self, settings: BatchSettings) -> None:
        module, _, name = PROVIDERS[settings.provider].partition(":")
        self.settings = settings
        self._protocol: BatchProtocol = getattr(import_module(module), name)(settings)
        self.findings = self._protocol.findings
        self.poll_seconds = settings.poll_seconds

    @property
    def id(self) -> str:
        """Provider and model."""
        return f"batch:{self.settings.provider}:{self.settings.model}"

    @property
    def server(self) -> str:
        """The provider's address."""
        return self._protocol.server

    @property
    def sampling(self) -> dict[str, Any]:
        """As the protocol samples."""
        return self._protocol.sampling

    def prepare(self) -> None:
        """As the protocol prepares."""
        self._protocol.prepare()

    def size(self, job: Job) -> int:
        """Bytes of one job as it is sent."""
        return self._protocol.size(job)

    async def submit(self, jobs: Sequence[Job], mark: str) -> str:
        """Hand the jobs over; the server's name of the batch."""
        return await self._protocol.submit(jobs, mark)

    async def find(self, mark: str, jobs: Sequence[Job], since: str) -> str | None:
        """The batch that was submitted under `mark`, where the server can tell."""
        return await self._protocol.find(mark, jobs, since)

    async def state(self, batch: str) -> BatchState:
        """How far it is."""
        return await self._protocol.state(batch)

    def results(self, batch: str) -> AsyncIterator[BatchResult]:
        """What came of every job."""
        return self._protocol.results(batch)

    async def close(self) -> None:
        """Give connections back."""
        await self._protocol.close()
