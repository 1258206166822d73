"""What may be spent: a bound that is never crossed, because the worst case is set aside before asking."""

from __future__ import annotations

from seedstock.exchange import Request, Response, Usage
from seedstock.teachers.base import Price

UNKNOWN_YET = 1.0
"""Prompt tokens per byte until answers tell: no tokenizer makes more of them than there are bytes."""

MARGIN = 1.25
"""How far above the most tokens per byte seen so far the next prompt may lie."""

ANSWERS_THAT_TELL = 8
A_FEW = 64
"""Tokens that a chat template adds to a prompt, at most."""


class Budget:
    """Money left for questions. Without a limit everything is allowed.

    The worst case of a question is its prompt at the most tokens per byte seen, and the longest answer
    that the teacher's settings allow.
    """

    def __init__(
        self, limit: float | None = None, spent: float = 0.0, price: Price | None = None,
        longest_answer: int = 0,
    ) -> None:  # fmt: skip
        """`limit` and `spent` in the price's currency; a limit needs a price."""
        assert limit is None or price is not None
        self.limit = limit
        self.spent = spent
        self._price = price
        self._longest_answer = longest_answer
        self._set_aside: dict[str, float] = {}
        self._answers = 0
        self._most_per_byte = 0.0

    @property
    def waiting(self) -> bool:
        """Whether something is set aside that may come back."""
        return bool(self._set_aside)

    def worst_case(self, request: Request) -> float:
        """The most this question can cost."""
        if self._price is None:
            return 0.0
        enough = self._answers >= ANSWERS_THAT_TELL
        per_byte = MARGIN * self._most_per_byte if enough else max(UNKNOWN_YET, self._most_per_byte)
        dearest = max(self._price.input, self._price.cache_write or 0.0)
        prompt = A_FEW + per_byte * prompt_bytes(request)
        return (prompt * dearest + self._longest_answer * self._price.output) / 1e6

    def reserve(self, key: str, request: Request) -> bool:
        """Set the worst case aside; False where that could cross the limit."""
        if self.limit is None:
            return True
        worst = self.worst_case(request)
        if self.spent + sum(self._set_aside.values()) + worst > self.limit:
            return False
        self._set_aside[key] = worst
        return True

    def settle(self, key: str, request: Request, response: Response, cost: float | None) -> None:
        """An answer came: what was set aside is replaced by its cost, where that is known."""
        worst = self._set_aside.pop(key, 0.0)
        self.spent += worst if cost is None else cost
        if self.limit is not None:
            self._learn(request, response.usage)

    def give_back(self, key: str) -> None:
        """A try failed: nothing was answered, nothing is paid."""
        self._set_aside.pop(key, None)

    def _learn(self, request: Request, usage: Usage) -> None:
        if usage.prompt_tokens is not None and (size := prompt_bytes(request)):
            self._answers += 1
            self._most_per_byte = max(self._most_per_byte, usage.prompt_tokens / size)


def prompt_bytes(request: Request) -> int:
    """Size of a prompt in UTF-8, with the schema that structured output sends along."""
    schema = len(str(request.schema)) if request.schema else 0
    return schema + sum(len(m.content.encode("utf-8", "replace")) for m in request.messages)
