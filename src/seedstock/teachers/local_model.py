"""A causal language model in this process: prompts in, answers out, a batch at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

from pydantic import Field

from seedstock.embedders.utf8 import well_formed
from seedstock.errors import TeacherError
from seedstock.exchange import Request, Response, Token, Usage
from seedstock.teachers.base import TeacherSettings
from seedstock.teachers.steering import Constraints, Question, Row, Steering
from seedstock.teachers.weights import Weights, device_here, end_tokens, loaded, out_of_memory, public_name

_PARAMS = {"seed", "temperature", "top_p", "max_tokens"}

_T = TypeVar("_T")
_R = TypeVar("_R")


class LocalModelSettings(TeacherSettings):
    """Which model, where it runs, and how its answers are drawn."""

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


class LocalModel:
    """The loaded model. Lives in the teacher's thread; `found` is what it found out about itself."""

    def __init__(self, settings: LocalModelSettings) -> None:
        """Load it. InputError for what cannot be loaded, TeacherError where it does not fit into memory."""
        self.settings = settings
        self.found: dict[str, str] = {}
        self._device = device_here(settings.device)
        weights = Weights(settings.model, settings.revision, settings.dtype, self._device)
        self._tokenizer, self._model = loaded(weights)
        self._ends = end_tokens(self._tokenizer, self._model, settings.model)
        self._constraints = Constraints(
            settings.structured, self._tokenizer, self._model, self._ends, self.found
        )
        self._size = settings.batch_size
        self._plain_generation()

    def answers(self, questions: Sequence[Question], batches: Counter[int]) -> list[Response | TeacherError]:
        """One outcome per question, in order; `batches` counts what was generated together."""
        outcomes = [self._row_or_problem(question) for question in questions]
        rows = [outcome for outcome in outcomes if isinstance(outcome, Row)]
        answered, size = in_parts(rows, self._size, lambda part: self._generate(part, batches))
        if size < self._size:
            self._size, self.found["batch_size"] = size, f"{size}: more do not fit into memory"
        responses = iter(answered)
        return [next(responses) if isinstance(outcome, Row) else outcome for outcome in outcomes]

    def _plain_generation(self) -> None:
        """The settings say how an answer is drawn, not the file beside the weights (penalties, top-k)."""
        from transformers import GenerationConfig

        pad = self._tokenizer.pad_token_id
        self._pad = self._ends[0] if pad is None else pad
        self._model.generation_config = GenerationConfig(
            eos_token_id=self._ends, pad_token_id=self._pad, do_sample=False
        )

    def _row_or_problem(self, question: Question) -> Row | TeacherError:
        """What the model cannot answer is no reason to refuse the others."""
        try:
            return self._row(question)
        except TeacherError as problem:
            return problem

    def _row(self, question: Question) -> Row:
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
        return Row(
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

    def _generate(self, rows: Sequence[Row], batches: Counter[int]) -> list[Response]:
        """One call of the model's `generate` for all rows."""
        import torch

        width = max(len(row.prompt) for row in rows)
        # On the left, so that every row's answer begins at the same place.
        ids = [[self._pad] * (width - len(row.prompt)) + row.prompt for row in rows]
        seen = [[0] * (width - len(row.prompt)) + [1] * len(row.prompt) for row in rows]
        fresh = [self._started(row, torch) for row in rows]
        steering = Steering(fresh, width, self._ends, self.settings.top_logprobs)
        out = self._model.generate(
            torch.tensor(ids, device=self._device),
            attention_mask=torch.tensor(seen, device=self._device),
            max_new_tokens=max(row.budget for row in rows),
            logits_processor=[steering],
        )
        steering.take(out)
        batches[len(rows)] += 1
        return [self._response(row) for row in fresh]

    def _started(self, row: Row, torch: Any) -> Row:
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

    def _response(self, row: Row) -> Response:
        ids = row.ids[:-1] if row.ids and row.ids[-1] in self._ends else row.ids
        text = self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return Response(
            text, row.ended, public_name(self.settings.model),
            Usage(len(row.prompt), len(row.ids)), self._tokens(row, ids),
        )  # fmt: skip

    def _tokens(self, row: Row, ids: list[int]) -> tuple[Token, ...]:
        """() without `top_logprobs`. A token that is a part of a character reads as U+FFFD."""
        said = self._constraints.text_of
        return tuple(
            Token(said(token), logprob, tuple((said(other), value) for other, value in top))
            for token, logprob, top in zip(ids, row.logprobs, row.tops, strict=False)
        )


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
            if not out_of_memory(problem):
                raise TeacherError(f"the model failed: {problem}") from problem
            if len(part) == 1:
                raise TeacherError(f"one request alone does not fit into memory: {problem}") from problem
            size = len(part) // 2
    return done, size
