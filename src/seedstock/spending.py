"""What may be spent: a bound that is never crossed, because the worst case is set aside before asking."""

from __future__ import annotations

import threading

from seedstock.exchange import Request, Response, Usage, canonical
from seedstock.teachers.base import Price

UNKNOWN_YET = 1.0
"""Prompt tokens per byte until answers tell: no tokenizer makes more of them than there are bytes."""

MARGIN = 1.25
"""How far above the most tokens per byte seen so far the next prompt may lie."""

ANSWERS_THAT_TELL = 8
A_FEW = 64
PER_MESSAGE = 8
"""Tokens that a chat template adds to a prompt, and to each of its messages, at most."""


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
        # Several teachers and judges share one bound, each asked from a thread of its own.
        self._lock = threading.Lock()
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
        plain, other = _ascii_and_other(request)
        # What was learnt on one script says nothing about another: only ASCII is held to be as it was.
        prompt = (
            A_FEW
            + PER_MESSAGE * len(request.messages)
            + per_byte * plain
            + max(per_byte, UNKNOWN_YET) * other
        )
        return (prompt * dearest + self._longest_answer * self._price.output) / 1e6

    def reserve(self, key: str, request: Request) -> bool:
        """Set the worst case aside; False where that could cross the limit."""
        if self.limit is None:
            return True
        worst = self.worst_case(request)
        with self._lock:
            if self._crosses(worst):
                return False
            self._set_aside[key] = worst
        return True

    def commit(self, key: str, request: Request) -> None:
        """Set the worst case aside, whatever the limit: somebody has asked already."""
        worst = self.worst_case(request)
        with self._lock:
            self._set_aside[key] = worst

    def charge_unknown(self, answers: int, characters: int) -> None:
        """Count earlier answers of unknown cost at their worst: so many, to prompts of so many characters."""
        if self.limit is not None and self._price is not None:
            prompt = (A_FEW * answers + UNKNOWN_YET * characters) * self._price.input
            self.spent += (prompt + answers * self._longest_answer * self._price.output) / 1e6

    def spend_worst_case(self, request: Request) -> bool:
        """Count a question whose price nobody will learn; False where that could cross the limit."""
        worst = self.worst_case(request)
        with self._lock:
            if self._crosses(worst):
                return False
            self.spent += worst
        return True

    def settle(self, key: str, request: Request, response: Response, cost: float | None) -> None:
        """An answer came: what was set aside is replaced by its cost, where that is known."""
        with self._lock:
            worst = self._set_aside.pop(key, 0.0)
            self.spent += worst if cost is None else cost
        if self.limit is not None:
            self._learn(request, response.usage)

    def give_back(self, key: str) -> None:
        """A try failed: nothing was answered, nothing is paid."""
        with self._lock:
            self._set_aside.pop(key, None)

    def _crosses(self, more: float) -> bool:
        return self.limit is not None and self.spent + sum(self._set_aside.values()) + more > self.limit

    def _learn(self, request: Request, usage: Usage) -> None:
        if usage.prompt_tokens is not None and (size := prompt_bytes(request)):
            self._answers += 1
            self._most_per_byte = max(self._most_per_byte, usage.prompt_tokens / size)


def prompt_bytes(request: Request) -> int:
    """Size of a prompt in UTF-8, with the schema that structured output sends along."""
    return sum(_ascii_and_other(request))


def _ascii_and_other(request: Request) -> tuple[int, int]:
    """Bytes of a prompt that are ASCII, and those that are not."""
    texts = [message.content for message in request.messages]
    if request.schema:
        texts.append(canonical(request.schema))
    size = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts)
    plain = sum(len(text) if text.isascii() else sum(c < "\x80" for c in text) for text in texts)
    return plain, size - plain
