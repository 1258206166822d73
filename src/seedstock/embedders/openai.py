"""OpenAIEmbeddings: any server that speaks `POST /embeddings` as OpenAI does."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from seedstock.backoff import asked_for, pause
from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors
from seedstock.embedders.utf8 import well_formed
from seedstock.errors import TeacherError

if TYPE_CHECKING:
    from aiohttp import ClientSession

BATCH = 128
CONCURRENCY = 4
TRIES = 8
PASSING = (408, 409, 425, 429)


class OpenAIEmbeddingsSettings(EmbedderSettings):
    """Settings of the embeddings server. The key is read from the environment and nowhere else."""

    kind: Literal["openai"] = "openai"
    base_url: str = Field("https://api.openai.com/v1", description="address, up to and without /embeddings")
    model: str = Field(description="the server's name for the model")
    api_key_env: str = Field("OPENAI_API_KEY", description="environment variable that holds the key")
    dimensions: int | None = Field(
        None, ge=1, description="length of a vector, where the model lets one choose"
    )
    timeout: float = Field(60.0, gt=0, description="seconds one try may take")


class _Passing(Exception):
    """A try failed in a way that may pass."""

    def __init__(self, problem: str, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class OpenAIEmbeddings(Embedder):
    """Vectors from a server, scaled to length 1. 128 texts a request, four requests at once.

    Raises TeacherError where the server refuses, answers nonsense, or has failed eight times in a row.
    """

    Settings = OpenAIEmbeddingsSettings

    def __init__(self, settings: OpenAIEmbeddingsSettings) -> None:
        self._settings = settings
        self._url = settings.base_url.rstrip("/") + "/embeddings"
        self._key = os.environ.get(settings.api_key_env, "").strip()

    @property
    def id(self) -> str:
        """Model, and dimensions where they are chosen; the address does not count."""
        chosen = f":{self._settings.dimensions}" if self._settings.dimensions else ""
        return f"openai:{self._settings.model}{chosen}"

    @cached_property
    def dim(self) -> int:
        """As set, or else as the server answers to one text."""
        return self._settings.dimensions or self.embed(["dimensions"]).shape[1]

    def describe(self) -> str:
        """Model and address."""
        return f"{self.id} at {self._settings.base_url}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, (len(texts), dim), in order. Works inside a running event loop as well."""
        if not texts:
            return np.empty((0, self._settings.dimensions or 0), np.float32)
        found: Vectors = np.concatenate(_run(self._all(texts)))
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return found

    async def _all(self, texts: Sequence[str]) -> list[Vectors]:
        """The answers to all batches, in order. The first refusal stops the others."""
        from aiohttp import ClientSession, ClientTimeout

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = ClientTimeout(total=self._settings.timeout)
        slots = asyncio.Semaphore(CONCURRENCY)
        async with ClientSession(headers=headers, timeout=timeout, trust_env=True) as session:
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(self._batch(session, slots, texts[start : start + BATCH]))
                        for start in range(0, len(texts), BATCH)
                    ]
            except* TeacherError as refusals:
                raise _first(refusals) from None
        answers = [task.result() for task in tasks]
        if len({answer.shape[1] for answer in answers}) > 1:
            raise self._error("the server answered with vectors of different lengths")
        return answers

    async def _batch(self, session: ClientSession, slots: asyncio.Semaphore, texts: Sequence[str]) -> Vectors:
        """One batch, tried until it is answered, refused, or has failed too often."""
        async with slots:
            for failures in range(1, TRIES + 1):
                try:
                    return await self._try(session, texts)
                except _Passing as problem:
                    if failures == TRIES:
                        raise self._error(
                            f"gave up after {TRIES} tries, the last one: {problem}"
                        ) from problem
                    await asyncio.sleep(pause(failures, problem.retry_after))
        raise AssertionError("unreachable")

    async def _try(self, session: ClientSession, texts: Sequence[str]) -> Vectors:
        from aiohttp import ClientError, InvalidURL

        # Servers refuse an empty text; a space means the same to a model.
        body: dict[str, Any] = {
            "model": self._settings.model,
            "input": [well_formed(text) or " " for text in texts],
        }
        if self._settings.dimensions:
            body["dimensions"] = self._settings.dimensions
        try:
            async with session.post(self._url, json=body) as response:
                status, text = response.status, await response.text(errors="replace")
                retry_after = asked_for(response.headers.get("Retry-After"))
        except InvalidURL as problem:
            raise self._error("embedder.base_url is no address") from problem
        except (ClientError, TimeoutError, ConnectionError) as problem:
            raise _Passing(str(problem) or type(problem).__name__) from problem
        if status == 200:
            return self._vectors(text, len(texts))
        said = f"HTTP {status}: {_words(text)}"
        if (status in PASSING or status >= 500) and "insufficient_quota" not in text:
            raise _Passing(said, retry_after)
        raise self._error(said + ("" if self._key else f" (no key: {self._settings.api_key_env} is not set)"))

    def _vectors(self, text: str, count: int) -> Vectors:
        """The vectors of one answer, in the order of the texts, checked."""
        try:
            rows = sorted(json.loads(text)["data"], key=lambda row: row.get("index", 0))
            found = np.array([row["embedding"] for row in rows], np.float32)
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise self._error(f"an answer that cannot be read: {text[:200]}") from problem
        if found.ndim != 2 or len(found) != count or not np.isfinite(found).all():
            raise self._error(f"{count} texts were sent, and an array of shape {found.shape} came back")
        wanted = self._settings.dimensions
        if wanted and found.shape[1] != wanted:
            raise self._error(f"{wanted} dimensions were asked for, and {found.shape[1]} came back")
        return found

    def _error(self, problem: str) -> TeacherError:
        """The error with the address, and without the key, which servers like to quote."""
        shown = f"embeddings from {self._settings.base_url}: {problem}"
        return TeacherError(shown.replace(self._key, "***") if self._key else shown)


def _words(text: str) -> str:
    """What the server says is wrong: the message in its error object, or the body as it is."""
    try:
        return str(json.loads(text)["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return text[:300]


def _first(group: BaseExceptionGroup[TeacherError]) -> TeacherError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _run(work: Coroutine[Any, Any, list[Vectors]]) -> list[Vectors]:
    """The result of `work`, in a thread of its own where this one already runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
