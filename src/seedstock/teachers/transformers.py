"""Teacher `transformers`: a local causal language model in this process. Needs the extra `hf`.

Requests that wait together are answered in one batch, each held to its own JSON Schema by llguidance.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from seedstock.embedders.fingerprint import named
from seedstock.errors import InputError, MissingExtra, TeacherError
from seedstock.exchange import Request, Response
from seedstock.teachers.base import OnlineTeacher, TeacherSettings, Transient
from seedstock.teachers.local_model import LocalModel, LocalModelSettings
from seedstock.teachers.steering import Question
from seedstock.teachers.weights import looks_like_a_path, public_name

_LIBRARIES = ("torch", "transformers", "llguidance")
_GATHERING_SECONDS = 0.01


class TransformersSettings(LocalModelSettings):
    """Settings of `teacher: {kind: transformers}`.

    The deadlines are longer than a server's: a model is first loaded, and a batch is answered as one.
    """

    kind: Literal["transformers"] = "transformers"
    licence: str | None = Field(None, description="licence of the model's weights, for the card")
    concurrency: int = Field(
        32, ge=1, le=1024, description="requests under way at once, at most; some batches' worth"
    )
    timeout: float = Field(1800.0, gt=0, description="seconds one try may take, waiting and loading included")
    request_deadline: float = Field(
        3600.0, gt=0, description="seconds one request may take over all its tries before it counts as failed"
    )
    patience: float = Field(
        1800.0, gt=0, description="seconds without any answer after which nobody is there: exit code 4"
    )


class Transformers(OnlineTeacher):
    """Answers in batches, from one thread of its own; the model is loaded at the first question.

    With `top_logprobs`, an answer's tokens carry the model's own log-probabilities: natural logarithms
    of what it said at temperature 1 and before any constraint, which is what a distillation trainer
    wants and not what was drawn from. The token that ended the answer is not among them.
    """

    Settings: ClassVar[type[TeacherSettings]] = TransformersSettings
    free: ClassVar[bool] = True

    def __init__(self, settings: TransformersSettings) -> None:
        """Loads nothing."""
        self.settings = settings
        self.findings: dict[str, str] = {}
        self.batches: Counter[int] = Counter()
        """How many batches were generated, by the number of requests in them."""
        self._model: LocalModel | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: list[tuple[Request, asyncio.Future[Response]]] = []
        self._serving: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """MissingExtra without the libraries, InputError where the folder is not there."""
        if not all(find_spec(library) for library in _LIBRARIES):
            raise MissingExtra("teacher 'transformers'", "hf")
        model = self.settings.model
        if looks_like_a_path(model) and not Path(model).expanduser().is_dir():
            raise InputError("teacher.model: there is no such folder", path=model)

    @property
    def id(self) -> str:
        """The model's name on the hub, or its folder's name: no path of this machine."""
        return f"transformers:{public_name(self.settings.model)}"

    @cached_property
    def sampling(self) -> dict[str, Any]:
        """Sampling settings, and which weights: the revision, or the folder's files (sizes and times)."""
        wanted = {"revision", "temperature", "top_p", "max_tokens", "structured", "top_logprobs"}
        return {**self.settings.model_dump(include=wanted), "weights": named(self.settings.model)}

    async def ask(self, request: Request) -> Response:
        """One answer, generated together with others that wait.

        Raises InputError where the model cannot be loaded, TeacherError where it cannot answer this
        (prompt longer than its context, out of memory), Transient after `timeout` seconds.
        """
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        try:
            async with asyncio.timeout(self.settings.timeout):
                return await future
        except TimeoutError as problem:
            raise Transient("timeout", f"no answer within {self.settings.timeout:g} s") from problem

    async def close(self) -> None:
        """Stop what is under way, end the thread and let go of the model."""
        left, self._waiting = self._waiting, []
        self._refuse([future for _, future in left])
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])
        if self._thread is not None:
            self._thread.submit(self._let_go)
            await asyncio.to_thread(self._thread.shutdown)
        self._serving = self._thread = None

    async def _serve(self) -> None:
        """Batch after batch, until nobody waits."""
        while self._waiting:
            if len(self._waiting) < self.settings.batch_size:
                await asyncio.sleep(_GATHERING_SECONDS)
            size = self.settings.batch_size
            wanted = [pair for pair in self._waiting if not pair[1].done()]
            batch, self._waiting = wanted[:size], wanted[size:]
            if batch:
                await self._answer(batch)

    async def _answer(self, batch: list[tuple[Request, asyncio.Future[Response]]]) -> None:
        """Generate in the thread, and hand out what came of it, errors of any kind too."""
        futures = [future for _, future in batch]
        # Whoever gave up waiting ends their row early: `done` is safe to read from another thread.
        questions = [Question(request, future.done) for request, future in batch]
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="transformers")
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._generate, questions)
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            self._refuse(futures)
            await asyncio.wait([work])
            raise
        problem = work.exception()
        outcomes = [problem] * len(batch) if problem is not None else work.result()
        if self._model is not None:
            self.findings.update(self._model.found)
        for future, outcome in zip(futures, outcomes, strict=True):
            if not future.done():
                _settle(future, outcome)

    def _generate(self, questions: list[Question]) -> list[Response | TeacherError]:
        """In the thread: load the model if need be, and answer."""
        if self._model is None:
            self._model = LocalModel(self.settings)
        return self._model.answers(questions, self.batches)

    def _let_go(self) -> None:
        import torch

        self._model = None
        # Without this the memory stays torch's own, and another program on the device goes short.
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()

    def _refuse(self, futures: Sequence[asyncio.Future[Response]]) -> None:
        for future in futures:
            if not future.done():
                future.set_exception(TeacherError("the teacher was closed before it answered"))


def _settle(future: asyncio.Future[Response], outcome: Response | BaseException) -> None:
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
