"""Format `prompt_completion`: TRL's conversational prompt and completion; loss on the answer only."""

from __future__ import annotations

from typing import Any, ClassVar

from seedstock.example import Example
from seedstock.exporters.base import Exporter, answer_turn, chat_problem, conversation, declared


class PromptCompletion(Exporter):
    """`{"prompt": [turns], "completion": [the answer]}`."""

    name: ClassVar[str] = "prompt_completion"
    reads: ClassVar[str] = "TRL SFT with loss on the completion only"

    def row(self, example: Example, instruction: str) -> dict[str, Any]:
        """Everything before the answer, and the answer."""
        prompt = [m.to_json() for m in conversation(example, instruction)]
        return {"prompt": prompt, "completion": [answer_turn(example)], **declared(example)}

    def problem(self, row: dict[str, Any]) -> str | None:
        """A prompt that ends with the user, and one answer."""
        answers = row.get("completion")
        if not isinstance(answers, list) or [m.get("role") for m in answers] != ["assistant"]:
            return "the completion is not one assistant message"
        if not answers[0].get("tool_calls") and not (answers[0].get("content") or "").strip():
            return "an empty completion"
        return chat_problem([*(row.get("prompt") or ()), *answers], "assistant")
