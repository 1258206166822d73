"""A teacher's log-probabilities beside the rows they belong to, for trainers that distil from them."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from seedstock.example import Example
from seedstock.exchange import Token

Span = tuple[int, int]


def logprob_row(example: Example, answer: str, tokens: Sequence[Token]) -> dict[str, Any]:
    """The part of an answer that a row was read from, token by token.

    `tokens`, `logprobs` (natural) and `top` (the likeliest tokens at each place with theirs) are parallel.
    `fields` names which of them, as [from, to), make up the row's input, output and reasoning; a field
    that does not stand in the answer word for word (a seed's own output, a repaired text) is not in it.
    Where none does, all of the answer's tokens are given.
    """
    spans = _spans(example, answer, tokens)
    first = min((start for start, _ in spans.values()), default=0)
    last = max((end for _, end in spans.values()), default=len(tokens))
    part = tokens[first:last]
    return {
        "id": example.id, "teacher": example.source.teacher,
        "fields": {name: [start - first, end - first] for name, (start, end) in spans.items()},
        "tokens": [token.text for token in part], "logprobs": [token.logprob for token in part],
        "top": [[list(pair) for pair in token.top] for token in part],
    }  # fmt: skip


def _spans(example: Example, answer: str, tokens: Sequence[Token]) -> dict[str, Span]:
    """Token range of each field; none where the tokens do not spell the answer: split characters."""
    if "".join(token.text for token in tokens) != answer:
        return {}
    ends = list(accumulate(len(token.text) for token in tokens))
    found = {}
    for name, text in _fields(example).items():
        place = _find(text, answer)
        if place is not None:
            start, end = place
            found[name] = (bisect_right(ends, start), bisect_left(ends, end) + 1)
    return found


def _fields(example: Example) -> dict[str, str]:
    given = example.input if isinstance(example.input, str) else example.input[-1].content
    texts = {"input": given, "output": example.output_text, "reasoning": example.reasoning or ""}
    return {name: text for name, text in texts.items() if text.strip()}


def _find(text: str, answer: str) -> Span | None:
    """Where a text stands in an answer as JSON writes it, or as it is where the answer is no JSON.

    With its quotes: the same words may be part of another text.
    """
    for form in (json.dumps(text, ensure_ascii=False), json.dumps(text)):
        start = answer.find(form)
        if start >= 0:
            return start + 1, start + len(form) - 1
    start = -1 if '"' in answer else answer.find(text)
    return None if start < 0 else (start, start + len(text))
