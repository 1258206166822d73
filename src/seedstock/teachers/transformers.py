"""Teacher `transformers`: a local causal language model in this process. Needs the extra `hf`.

Requests that wait together are answered in one batch, each held to its own JSON Schema by llguidance.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field

from seedstock.embedders.fingerprint import named
from seedstock.embedders.utf8 import well_formed
from seedstock.errors import InputError, MissingExtra, TeacherError, one_line
from seedstock.exchange import Request, Response, Token, Usage
from seedstock.teachers.base import OnlineTeacher, TeacherSettings, Transient

_LIBRARIES = ("torch", "transformers", "llguidance")
_GATHERING_SECONDS = 0.01
_PARAMS = {"seed", "temperature", "top_p", "max_tokens"}
_KEPT_SCHEMAS = 256

# One line, spaced as `json.dumps` does: where white space is free, a weak model can write it for ever.
_ON_ONE_LINE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}

_T = TypeVar("_T")
_R = TypeVar("_R")


class TransformersSettings(TeacherSettings):
    """Settings of `teacher: {kind: transformers}`.

    The deadlines are longer than a server's: a model is first loaded, and a batch is answered as one.
    """

    kind: Literal["transformers"] = "transformers"
    model: str = Field(min_length=1, description="a folder, or a name on the Hugging Face hub")
    revision: str | None = Field(None, description="branch, tag or commit on the hub")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="auto: cuda, else mps, else cpu"
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="of the weights; auto: the model's own, on a CPU float32"
    )
    batch_size: int = Field(8, ge=1, le=1024, description="requests answered together, at most")
    temperature: float | None = Field(0.9, ge=0, le=2, description="spread of the answers; 0 or null: none")
    top_p: float = Field(1.0, gt=0, le=1, description="below 1 the tail of the distribution is lost")
    max_tokens: int = Field(512, ge=1, description="longest answer, in tokens")
    structured: Literal["auto", "json_schema", "none"] = Field(
        "auto", description="hold answers to the schema; auto: as far as the library can express it"
    )
    top_logprobs: int = Field(0, ge=0, le=20, description="likeliest tokens kept at each place; 0: nothing")
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
        self._model: _Model | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: list[tuple[Request, asyncio.Future[Response]]] = []
        self._serving: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """MissingExtra without the libraries, InputError where the folder is not there."""
        if not all(find_spec(library) for library in _LIBRARIES):
            raise MissingExtra("teacher 'transformers'", "hf")
        model = self.settings.model
        if _looks_like_a_path(model) and not Path(model).expanduser().is_dir():
            raise InputError("teacher.model: there is no such folder", path=model)

    @property
    def id(self) -> str:
        """The model's name on the hub, or its folder's name: no path of this machine."""
        return f"transformers:{_public_name(self.settings.model)}"

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
        questions = [_Question(request, future.done) for request, future in batch]
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

    def _generate(self, questions: list[_Question]) -> list[Response | TeacherError]:
        """In the thread: load the model if need be, and answer."""
        if self._model is None:
            self._model = _Model(self.settings)
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


def in_parts(
    items: Sequence[_T], size: int, work: Callable[[Sequence[_T]], list[_R]]
) -> tuple[list[_R], int]:
    """What `work` gives for `items`, in parts of at most `size`, halved each time memory runs out.

    Gives the results in order and the size that fitted. TeacherError where not even one item fits.
    """
    done: list[_R] = []
    while len(done) < len(items):
        part = items[len(done) : len(done) + size]
        try:
            done += work(part)
        except (RuntimeError, MemoryError) as problem:
            if not _out_of_memory(problem):
                raise TeacherError(f"the model failed: {problem}") from problem
            if len(part) == 1:
                raise TeacherError(f"one request alone does not fit into memory: {problem}") from problem
            size = len(part) // 2
    return done, size


@dataclass(frozen=True, slots=True)
class _Question:
    """A request, and whether nobody waits for its answer any more."""

    request: Request
    given_up: Callable[[], bool]


@dataclass(slots=True)
class _Row:
    """One row of a batch while it is generated. `ended` is its finish reason, empty until then."""

    question: _Question
    prompt: list[int]
    budget: int
    temperature: float
    top_p: float
    matcher: Any = None
    draws: Any = None
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    tops: list[list[tuple[int, float]]] = field(default_factory=list)
    ended: str = ""

    def take(self, token: int, ends: Sequence[int]) -> None:
        """The token that was chosen."""
        self.ids.append(token)
        if token in ends:
            # A matcher that gave up (a schema too costly to follow) allows nothing but the end.
            self.ended = "error" if self.matcher is not None and self.matcher.is_error() else "stop"
        elif self.matcher is not None and not self.matcher.consume_token(token):
            self.ended = "error"
        elif len(self.ids) >= self.budget:
            self.ended = "length"


class _Model:
    """The loaded model. Lives in the teacher's thread; `found` is what it found out about itself."""

    def __init__(self, settings: TransformersSettings) -> None:
        import torch

        self.settings = settings
        self.found: dict[str, str] = {}
        self._device = _device(settings.device, torch)
        self._tokenizer, self._model = _loaded(settings, self._device)
        self._ends = _ends(self._tokenizer, self._model, settings.model)
        self._constraints = _Constraints(settings, self._tokenizer, self._model, self._ends, self.found)
        self._size = settings.batch_size
        self._plain_generation()

    def answers(self, questions: Sequence[_Question], batches: Counter[int]) -> list[Response | TeacherError]:
        """One outcome per question, in order; `batches` counts what was generated together."""
        outcomes = [self._row_or_problem(question) for question in questions]
        rows = [outcome for outcome in outcomes if isinstance(outcome, _Row)]
        answered, size = in_parts(rows, self._size, lambda part: self._generate(part, batches))
        if size < self._size:
            self._size, self.found["batch_size"] = size, f"{size}: more do not fit into memory"
        responses = iter(answered)
        return [next(responses) if isinstance(outcome, _Row) else outcome for outcome in outcomes]

    def _plain_generation(self) -> None:
        """The settings say how an answer is drawn, not the file beside the weights (penalties, top-k)."""
        from transformers import GenerationConfig

        pad = self._tokenizer.pad_token_id
        self._pad = self._ends[0] if pad is None else pad
        self._model.generation_config = GenerationConfig(
            eos_token_id=self._ends, pad_token_id=self._pad, do_sample=False
        )

    def _row_or_problem(self, question: _Question) -> _Row | TeacherError:
        """What the model cannot answer is no reason to refuse the others."""
        try:
            return self._row(question)
        except TeacherError as problem:
            return problem

    def _row(self, question: _Question) -> _Row:
        request, params = question.request, question.request.params
        if unknown := sorted(set(params) - _PARAMS):
            raise TeacherError(f"teacher 'transformers' knows no sampling setting {unknown[0]!r}")
        asked = {**self.settings.model_dump(include=_PARAMS), **params}
        prompt = self._prompt(request)
        room = self._context() - len(prompt)
        if room < 1:
            raise TeacherError(
                f"the prompt of recipe {request.recipe!r} has {len(prompt)} tokens and leaves no room for an"
                f" answer: the model's context is {self._context()}"
            )
        return _Row(
            question, prompt, min(asked["max_tokens"], room), asked["temperature"] or 0.0, asked["top_p"],
            self._constraints.of(request.schema),
        )  # fmt: skip

    def _context(self) -> int:
        """Tokens the model can see, prompt and answer together."""
        return getattr(self._model.config.get_text_config(), "max_position_embeddings", None) or 2**31

    def _prompt(self, request: Request) -> list[int]:
        """The messages as the model was trained to see them, as token ids."""
        turns = [{"role": m.role, "content": well_formed(m.content)} for m in request.messages]
        if self._tokenizer.chat_template is None:
            self.found["chat_template"] = "none"
            text = "".join(turn["content"] + "\n" for turn in turns)
            return list(self._tokenizer(text)["input_ids"])
        # A chat template writes the special tokens itself.
        return list(self._tokenizer(self._rendered(turns), add_special_tokens=False)["input_ids"])

    def _rendered(self, turns: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            return self._templated(turns)
        except TemplateError as problem:
            if len(turns) < 2 or turns[0]["role"] != "system":
                raise TeacherError(f"the model's chat template refuses the messages: {problem}") from problem
        # Some models know no system role; its words then open the first message.
        self.found["system_role"] = "none: its text opens the first message"
        first = turns[1] | {"content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
        return self._rendered([first, *turns[2:]])

    def _templated(self, turns: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

    def _generate(self, rows: Sequence[_Row], batches: Counter[int]) -> list[Response]:
        """One call of the model's `generate` for all rows."""
        import torch

        width = max(len(row.prompt) for row in rows)
        # On the left, so that every row's answer begins at the same place.
        ids = [[self._pad] * (width - len(row.prompt)) + row.prompt for row in rows]
        seen = [[0] * (width - len(row.prompt)) + [1] * len(row.prompt) for row in rows]
        fresh = [self._started(row, torch) for row in rows]
        steering = _Steering(fresh, width, self._ends, self.settings.top_logprobs)
        out = self._model.generate(
            torch.tensor(ids, device=self._device),
            attention_mask=torch.tensor(seen, device=self._device),
            max_new_tokens=max(row.budget for row in rows),
            logits_processor=[steering],
        )
        steering.take(out)
        batches[len(rows)] += 1
        return [self._response(row) for row in fresh]

    def _started(self, row: _Row, torch: Any) -> _Row:
        """A copy to begin with: should memory run out, the row is begun again.

        Its random numbers depend on its own request alone (the request's seed is part of it), not on
        who else is in the batch. The same answer is not promised all the same: with other neighbours
        the padding differs, sums are rounded otherwise, and a near tie may fall to the other side.
        """
        seed = int(row.question.request.custom_id[:15], 16)
        return replace(
            row, ids=[], logprobs=[], tops=[], draws=torch.Generator(device=self._device).manual_seed(seed),
            matcher=None if row.matcher is None else row.matcher.deep_copy(),
        )  # fmt: skip

    def _response(self, row: _Row) -> Response:
        ids = row.ids[:-1] if row.ids and row.ids[-1] in self._ends else row.ids
        text = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Response(
            text, row.ended, _public_name(self.settings.model),
            Usage(len(row.prompt), len(row.ids)), self._tokens(row, ids),
        )  # fmt: skip

    def _tokens(self, row: _Row, ids: list[int]) -> tuple[Token, ...]:
        """() without `top_logprobs`. A token that is a part of a character reads as U+FFFD."""
        said = self._constraints.text_of
        return tuple(
            Token(said(token), logprob, tuple((said(other), value) for other, value in top))
            for token, logprob, top in zip(ids, row.logprobs, row.tops, strict=False)
        )


class _Steering:
    """A logits processor that notes what the model said, holds each row to its schema, and draws.

    It draws itself and leaves `generate` one token to choose: so each row has its own generator, and
    torch's global one, which others use too, stays as it is.
    """

    def __init__(self, rows: Sequence[_Row], width: int, ends: list[int], top: int) -> None:
        self._rows, self._width, self._ends, self._top = rows, width, ends, top
        self._said: Any = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores (rows, vocabulary) in and out; the tokens chosen so far are `input_ids`."""
        self.take(input_ids)
        if self._top:
            self._said = scores.log_softmax(-1)
        scores = scores.clone()
        for row, line in zip(self._rows, scores, strict=True):
            if row.ended or row.question.given_up():
                _only(line, self._ends[0])
            else:
                _constrain(line, row.matcher)
                _draw(line, row)
        return scores

    def take(self, ids: Any) -> None:
        """Give every row the token that was chosen for it last."""
        if ids.shape[1] <= self._width:
            return
        if self._top:
            self._note(ids[:, -1:])
        for row, token in zip(self._rows, ids[:, -1].tolist(), strict=True):
            if not row.ended:
                row.take(token, self._ends)

    def _note(self, chosen: Any) -> None:
        # Step by step: `generate` would keep the scores of every token of the vocabulary until the end.
        values, tokens = self._said.topk(min(self._top, self._said.shape[-1]))
        own = self._said.gather(-1, chosen)[:, 0].tolist()
        tops = [list(zip(*pair, strict=True)) for pair in zip(tokens.tolist(), values.tolist(), strict=True)]
        for row, logprob, top in zip(self._rows, own, tops, strict=True):
            if not row.ended:
                row.logprobs.append(logprob)
                row.tops.append(top)


def _constrain(line: Any, matcher: Any) -> None:
    """Forbid the tokens that the schema does not allow next; `line` holds one score per token."""
    if matcher is None:
        return
    import numpy as np
    import torch

    bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
    allowed = np.zeros(len(line), np.bool_)
    known = np.unpackbits(bits, bitorder="little", count=min(len(line), 8 * len(bits)))
    allowed[: len(known)] = known
    line.masked_fill_(torch.from_numpy(~allowed).to(line.device), float("-inf"))


def _draw(line: Any, row: _Row) -> None:
    """Leave one token of `line`, drawn at the row's temperature and top-p; at temperature 0 do nothing."""
    if row.temperature <= 0:
        return
    import torch

    line.div_(row.temperature)
    if row.top_p < 1:
        likeliest, order = line.softmax(-1).sort(descending=True)
        # A token stays where those before it do not reach top-p: the likeliest always does.
        line[order[likeliest.cumsum(-1) - likeliest >= row.top_p]] = float("-inf")
    chosen = torch.multinomial(line.softmax(-1), 1, generator=row.draws)
    _only(line, chosen)


def _only(line: Any, token: Any) -> None:
    line.fill_(float("-inf"))
    line[token] = 0.0


class _Constraints:
    """Schemas as llguidance's matchers, each compiled once. `found` gets what could not be held to."""

    def __init__(
        self,
        settings: TransformersSettings,
        tokenizer: Any,
        model: Any,
        ends: list[int],
        found: dict[str, str],
    ) -> None:
        import llguidance.hf

        self._mode, self._tokenizer, self._found = settings.structured, tokenizer, found
        self._compiled: dict[str, Any] = {}
        self._texts: dict[int, str] = {}
        self._wrapped: Any = None
        # The model's output may be wider than the tokenizer's vocabulary, padded to a round number.
        width = max(len(tokenizer), model.config.get_text_config().vocab_size)
        try:
            self._wrapped = llguidance.hf.from_tokenizer(tokenizer, n_vocab=width, eos_token=ends)
        except ValueError as problem:
            if self._mode == "json_schema":
                raise InputError(
                    f"teacher.structured: the tokenizer cannot be held to a schema: {problem}"
                ) from problem
            found["structured"] = one_line(f"none: the tokenizer cannot be held to a schema: {problem}")

    def of(self, schema: dict[str, Any] | None) -> Any:
        """The schema's matcher at its beginning, to be copied; None where the answer is free.

        TeacherError where `structured` insists on what cannot be.
        """
        if schema is None or self._mode == "none" or self._wrapped is None:
            return None
        key = json.dumps(schema)
        if key not in self._compiled:
            if len(self._compiled) >= _KEPT_SCHEMAS:
                self._compiled.clear()
            self._compiled[key] = self._compile(schema)
        return self._compiled[key]

    def _compile(self, schema: dict[str, Any]) -> Any:
        matcher = self._matcher(schema, {})
        if not matcher.is_error():
            self._found.setdefault("structured", "json_schema")
            return matcher
        problem = one_line(matcher.get_error(), 200)
        if self._mode == "json_schema":
            raise TeacherError(f"answers cannot be held to a recipe's schema: {problem}")
        matcher = self._matcher(schema, {"lenient": True})
        enforced = not matcher.is_error()
        self._found["structured"] = f"{'json_schema in part' if enforced else 'none for a schema'}: {problem}"
        return matcher if enforced else None

    def _matcher(self, schema: dict[str, Any], options: dict[str, Any]) -> Any:
        from llguidance import LLMatcher

        grammar = LLMatcher.grammar_from_json_schema(schema, overrides={**_ON_ONE_LINE, **options})
        return LLMatcher(self._wrapped, grammar, log_level=0)

    def text_of(self, token: int) -> str:
        """A token's text with its leading space, which tokenizers drop when they decode one alone."""
        if token not in self._texts:
            whole = self._tokenizer.decode if self._wrapped is None else self._wrapped.decode_str
            self._texts[token] = whole([token])
        return self._texts[token]


def _settle(future: asyncio.Future[Response], outcome: Response | BaseException) -> None:
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _looks_like_a_path(model: str) -> bool:
    """No name on the hub: those are `NAME` or `OWNER/NAME`."""
    return model.startswith((".", "~", "/")) or model.count("/") > 1 or Path(model).is_dir()


def _public_name(model: str) -> str:
    """The name on the hub, or the folder's own without its path."""
    return Path(model).expanduser().resolve().name if _looks_like_a_path(model) else model


def _out_of_memory(problem: BaseException) -> bool:
    said = str(problem).lower()
    return isinstance(problem, MemoryError) or "out of memory" in said or "can't allocate memory" in said


def _device(wanted: str, torch: Any) -> str:
    """InputError where the device that is asked for is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, found in there.items() if found)
    if not there[wanted]:
        raise InputError(f"teacher.device: torch finds no {wanted} here")
    return wanted


@contextmanager
def _quiet() -> Iterator[None]:
    """The libraries' bars and tries would be drawn into the command's own progress."""
    from transformers.utils import logging as bars

    hub = logging.getLogger("huggingface_hub")
    shown, level = bars.is_progress_bar_enabled(), hub.level
    bars.disable_progress_bar()
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hub.setLevel(level)
        if shown:
            bars.enable_progress_bar()


def _loaded(settings: TransformersSettings, device: str) -> tuple[Any, Any]:
    """Tokenizer and model. InputError for what cannot be loaded, TeacherError where it does not fit."""
    from pickle import UnpicklingError

    from safetensors import SafetensorError

    try:
        with _quiet():
            tokenizer, (model, info) = _read(settings, device)
            model = model.to(device)
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, MemoryError,
            SafetensorError, UnpicklingError) as problem:  # fmt: skip
        if _out_of_memory(problem):
            raise TeacherError(
                f"the model {settings.model!r} does not fit into memory: {problem}"
            ) from problem
        raise InputError(f"teacher.model: {settings.model!r} cannot be loaded: {problem}") from problem
    if missing := sorted(info["missing_keys"]):
        # The library would fill them with random numbers and go on.
        raise InputError(f"teacher.model: {settings.model!r} lacks weights: {missing[0]} and others")
    return tokenizer, model


def _read(settings: TransformersSettings, device: str) -> tuple[Any, tuple[Any, dict[str, Any]]]:
    """From the folder, or from the hub's cache, or only then from the hub."""
    from huggingface_hub import hf_hub_download

    try:
        return _pretrained(settings, device, local_files_only=True)
    except OSError:
        if _looks_like_a_path(settings.model):
            raise
    # One small file first: a hub out of reach is found once, and not once for each part of the model.
    hf_hub_download(settings.model, "config.json", revision=settings.revision)
    return _pretrained(settings, device, local_files_only=False)


def _pretrained(
    settings: TransformersSettings, device: str, **where: bool
) -> tuple[Any, tuple[Any, dict[str, Any]]]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    name = str(Path(settings.model).expanduser()) if _looks_like_a_path(settings.model) else settings.model
    dtype = "float32" if settings.dtype == "auto" and device == "cpu" else settings.dtype
    # Code that comes with a model is never run.
    options = {"revision": settings.revision or "main", "trust_remote_code": False, **where}
    tokenizer = AutoTokenizer.from_pretrained(name, **options)
    return tokenizer, AutoModelForCausalLM.from_pretrained(
        name, dtype=dtype, output_loading_info=True, **options
    )


def _ends(tokenizer: Any, model: Any, name: str) -> list[int]:
    """Ids of the tokens that end an answer, as the model and the tokenizer name them."""
    configured = model.generation_config.eos_token_id
    named_by_model = configured if isinstance(configured, list) else [configured]
    ends = [end for end in dict.fromkeys([*named_by_model, tokenizer.eos_token_id]) if end is not None]
    if not ends:
        raise InputError(f"teacher.model: {name!r} names no token that ends an answer")
    return ends
