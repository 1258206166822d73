"""The contract of an exporter: an example in, a trainer's row out; and a check of rows read back."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from seedstock.example import Example, is_call, written
from seedstock.exchange import Message


class Exporter(ABC):
    """A training format. One file per format, with the trainer's own keys and scalar strings only."""

    name: ClassVar[str]
    reads: ClassVar[str]
    """Who reads this format: for the card."""

    def takes(self, example: Example) -> bool:
        """Whether an example has what the format needs; others are left out of its file."""
        return True

    @abstractmethod
    def row(self, example: Example, instruction: str) -> dict[str, Any]:
        """The trainer's own keys for one example; `instruction` becomes the system prompt."""

    @abstractmethod
    def problem(self, row: dict[str, Any]) -> str | None:
        """What a trainer would stumble over in a row read back, or None."""

    def full_row(self, example: Example, instruction: str) -> dict[str, Any]:
        """The row with id, origin and provenance. Provenance is one JSON text: objects that differ from
        row to row break loaders."""
        provenance = json.dumps(example.source.to_json(), ensure_ascii=False)
        mine = {"id": example.id, "origin": example.source.kind, "provenance": provenance}
        return {**self.row(example, instruction), **mine}


def conversation(example: Example, instruction: str) -> list[Message]:
    """The turns before the answer, with the task's instruction as system prompt unless the row has one."""
    turns = [Message("user", example.input)] if isinstance(example.input, str) else list(example.input)
    if instruction and turns[0].role != "system":
        return [Message("system", instruction), *turns]
    return turns


def answer_turn(example: Example) -> dict[str, Any]:
    """The assistant's last turn: what `answer` says, or the tools that it calls."""
    if is_call(example.output):
        return {
            "role": "assistant",
            "content": example.output.get("content"),
            "tool_calls": example.output["tool_calls"],
        }
    return {"role": "assistant", "content": answer(example)}


def declared(example: Example) -> dict[str, Any]:
    """The column of the tools that a conversation may call, where there are any."""
    return {"tools": list(example.tools)} if example.tools else {}


def answer(example: Example) -> str:
    """What the student shall say: the reasoning, where there is one, in the tags most students use."""
    return spoken(example.output, example.reasoning)


def spoken(output: Any, reasoning: str | None) -> str:
    """An output with its reasoning as one text."""
    return (f"<think>\n{reasoning}\n</think>\n\n" if reasoning else "") + written(output)


def chat_problem(messages: Any, last: str) -> str | None:
    """Roles after an optional system message alternate from user and end with `last`; no empty content.

    A call of tools and the answers to it stand for one turn with what the assistant says next; a
    conversation may end with a call where it ends with the assistant.
    """
    if not isinstance(messages, list) or not messages:
        return "no messages"
    roles = [m.get("role") for m in _spoken_turns(messages)]
    turns = roles[1:] if roles[0] == "system" else roles
    if not turns or turns[-1] != last or any(r != ("user", "assistant")[i % 2] for i, r in enumerate(turns)):
        return f"roles {roles} do not alternate up to {last}"
    return "an empty message" if any(map(_empty, messages)) else None


def _spoken_turns(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what an assistant and its tools say to each other before it speaks to the user."""
    following = [*messages[1:], {}]
    return [
        m for m, after in zip(messages, following, strict=True)
        if m.get("role") != "tool" and not (m.get("tool_calls") and after.get("role") == "tool")
    ]  # fmt: skip


def _empty(message: dict[str, Any]) -> bool:
    if message.get("tool_calls") or message.get("role") == "tool":
        return False
    return not isinstance(message.get("content"), str) or not message["content"].strip()
