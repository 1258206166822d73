"""How the tokens of an answer are chosen: held to a schema by llguidance, and drawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from seedstock.errors import InputError, TeacherError, one_line
from seedstock.exchange import Request

_KEPT_SCHEMAS = 256

# One line, spaced as `json.dumps` does: where white space is free, a weak model can write it for ever.
_ON_ONE_LINE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and whether nobody waits for its answer any more."""

    request: Request
    given_up: Callable[[], bool]


@dataclass(slots=True)
class Row:
    """One row of a batch while it is generated. `ended` is its finish reason, empty until then."""

    question: Question
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


class Steering:
    """A logits processor that notes what the model said, holds each row to its schema, and draws.

    It draws itself and leaves `generate` one token to choose: so each row has its own generator, and
    torch's global one, which others use too, stays as it is.
    """

    def __init__(self, rows: Sequence[Row], width: int, ends: list[int], top: int) -> None:
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


def _draw(line: Any, row: Row) -> None:
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


class Constraints:
    """Schemas as llguidance's matchers, each compiled once. `found` gets what could not be held to."""

    def __init__(
        self,
        structured: str,
        tokenizer: Any,
        model: Any,
        ends: list[int],
        found: dict[str, str],
    ) -> None:
        import llguidance.hf

        self._mode, self._tokenizer, self._found = structured, tokenizer, found
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
