"""What a judge is asked about a row: all criteria at once, their order turned from row to row."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seedstock.example import Example
from seedstock.exchange import Request
from seedstock.recipes.prompt import Prompt
from seedstock.rubric import Criterion, Rubric
from seedstock.text import storable

JUDGE = "judge"
"""What stands for a recipe in the requests to a judge."""
MOST_CHARS = 40_000
"""Characters of a row above which no judge is asked: what it cannot keep in view it cannot judge."""

_ESCAPED = re.compile(
    r"<(?=\||/?s>|/?SYS|<SYS|/?(?:start|end)_of_turn|/?(?:system|user|assistant)\b)|\[(?=/?(?:INST|SYSTEM))"
    r"|[\u0080-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
"""Where a token of a chat template would begin, which a server must not read as one; and what nobody sees, or
what turns the direction of writing."""


@dataclass(frozen=True, slots=True)
class Questions:
    """How a row becomes a request: a pure function of the row's content and the real row beside it.

    So it does not matter with which others a row is judged, nor in which run: an answer is paid once.
    """

    rubric: Rubric
    prompt: Prompt
    instruction: str
    form: str

    def order(self, row: Example) -> list[Criterion]:
        """The criteria, beginning with one that the row's hash names: none is always asked first."""
        criteria = list(self.rubric.criteria)
        first = int(row.content_id[:8], 16) % len(criteria)
        return criteria[first:] + criteria[:first]

    def request(self, row: Example, reference: Example | None) -> Request | None:
        """The question about a row; None where the row is too long to be judged."""
        shown = _shown(row)
        if sum(map(len, shown.values())) > MOST_CHARS:
            return None
        order = self.order(row)
        near = None if reference is None else _shown(reference)
        if near is not None and sum(map(len, near.values())) > MOST_CHARS:
            near = None
        messages = self.prompt.messages({
            "instruction": self.instruction, "form": self.form, "criteria": order,
            "disqualifies": self.rubric.disqualifies, "anchors": self._anchors(), "row": shown,
            "reference": near,
        })  # fmt: skip
        return Request(
            JUDGE, "", 0, messages, answer_schema(order, self.rubric.disqualifies), asks="judge",
            parents=() if reference is None or near is None else (reference.id,), fold=row.source.fold,
        )  # fmt: skip

    def _anchors(self) -> list[dict[str, str]]:
        return [
            {"input": inert(one.input), "output": inert(one.output), "verdict": one.verdict, "why": one.why}
            for one in self.rubric.anchors
        ]


def answer_schema(order: Sequence[Criterion], disqualifies: Sequence[str]) -> dict[str, Any]:
    """The JSON Schema of an answer. The quote comes before the verdict that rests on it."""
    item = {
        "criterion": {"type": "string", "enum": [criterion.name for criterion in order]},
        "quote": {"type": "string"}, "why": {"type": "string"},
        "verdict": {"type": "string", "enum": ["pass", "fail"]},
    }  # fmt: skip
    properties: dict[str, Any] = {"criteria": {"type": "array", "items": _closed(item)}}
    if disqualifies:
        properties["disqualified"] = {"type": "array", "items": {"type": "integer"}}
    return _closed(properties)


def inert(value: Any) -> str:
    """A value as JSON that holds no line break, no token of a chat template and nothing invisible."""
    text = storable(json.dumps(value, ensure_ascii=False))
    return _ESCAPED.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    return f"\\u{ord(character):04x}" if character.isascii() else json.dumps(character)[1:-1]


def _shown(row: Example) -> dict[str, str]:
    given: Any = row.input
    if not isinstance(given, str):
        given = [message.to_json() for message in given if message.role != "system"]
    shown = {"input": inert(given), "output": inert(row.output)}
    return shown | ({"reasoning": inert(row.reasoning)} if row.reasoning else {"reasoning": ""})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties),
        "additionalProperties": False,
    }  # fmt: skip
