"""Format `messages`: OpenAI chat rows, which TRL, Axolotl, Unsloth and LLaMA-Factory read."""

from __future__ import annotations

from typing import Any, ClassVar

from seedstock.example import Example
from seedstock.exporters.base import Exporter, answer_turn, chat_problem, conversation, declared


class Messages(Exporter):
    """`{"messages": [{"role", "content"}, …], "tools"?}`, the last one the assistant's."""

    name: ClassVar[str] = "messages"
    reads: ClassVar[str] = (
        "TRL SFT, Axolotl, Unsloth, LLaMA-Factory (sharegpt with role tags), OpenAI-style services"
    )

    def row(self, example: Example, instruction: str) -> dict[str, Any]:
        """System prompt, turns, answer."""
        turns = [m.to_json() for m in conversation(example, instruction)]
        return {"messages": [*turns, answer_turn(example)], **declared(example)}

    def problem(self, row: dict[str, Any]) -> str | None:
        """Alternating roles, no empty turn, the assistant last."""
        return chat_problem(row.get("messages"), "assistant")
