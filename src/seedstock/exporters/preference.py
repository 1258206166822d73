"""Format `preference`: TRL's DPO rows, a better and a worse answer to one prompt."""

from __future__ import annotations

from typing import Any, ClassVar

from seedstock.example import Example, is_call
from seedstock.exporters.base import Exporter, answer, chat_problem, conversation, spoken


class Preference(Exporter):
    """`{"prompt": [turns], "chosen": [the answer], "rejected": [a worse one]}`; of several the first."""

    name: ClassVar[str] = "preference"
    reads: ClassVar[str] = "TRL DPO; rows that have no rejected answer are left out"

    def takes(self, example: Example) -> bool:
        """Whether there is a worse answer that is not the answer itself."""
        return bool(example.rejected) and not is_call(example.output) and worse(example) != answer(example)

    def row(self, example: Example, instruction: str) -> dict[str, Any]:
        """Everything before the answer, the answer, and a worse one."""
        prompt = [m.to_json() for m in conversation(example, instruction)]
        return {
            "prompt": prompt,
            "chosen": [{"role": "assistant", "content": answer(example)}],
            "rejected": [{"role": "assistant", "content": worse(example)}],
        }

    def problem(self, row: dict[str, Any]) -> str | None:
        """A prompt that ends with the user, and two answers that differ."""
        sides = [row.get("chosen"), row.get("rejected")]
        for name, side in zip(("chosen", "rejected"), sides, strict=True):
            if not isinstance(side, list) or [m.get("role") for m in side] != ["assistant"]:
                return f"{name} is not one assistant message"
            if not str(side[0].get("content", "")).strip():
                return f"{name} is empty"
        return (
            "chosen and rejected are the same"
            if sides[0] == sides[1]
            else chat_problem(row.get("prompt"), "user")
        )


def worse(example: Example) -> str:
    """The first answer that is known to be worse."""
    first = example.rejected[0]
    return spoken(first["output"], first.get("reasoning"))
