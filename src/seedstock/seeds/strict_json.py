"""JSON as this package accepts it: no NaN, no repeated keys, no bottomless nesting."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DEPTH = 200  # far under Python's recursion limit, so whatever was read can also be written


class NotJson(ValueError):
    """The text is not JSON that can be used.

    `at` is the offset of the trouble where it is known, `near` a short quote of that place, and `cut`
    says that more text might help.
    """

    def __init__(self, problem: str, at: int | None = None, near: str = "", *, cut: bool = False) -> None:
        super().__init__(problem)
        self.at = at
        self.near = near
        self.cut = cut

    def describe(self, column: int | None = None) -> str:
        """What is wrong, at which column (from 1; of the text if it is not given), and the quote."""
        column = self.at + 1 if column is None and self.at is not None else column
        place = "" if column is None else f" at column {column}"
        return f"{self}{place}{': ' if self.near else ''}{self.near}"


def parse(text: str) -> Any:
    """The value of a JSON text. Raises NotJson."""
    value, end = parse_at(text, _next(text, 0))
    if (rest := _next(text, end)) < len(text):
        raise NotJson("text after the end of the value", rest, _quote(text, rest))
    return value


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, and where it ends. Raises NotJson."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as problem:
        raise _syntax(problem) from problem
    except RecursionError as problem:
        raise NotJson(f"nested more than {MAX_DEPTH} levels deep") from problem
    except ValueError as problem:  # from a hook below, or a number of thousands of digits
        raise NotJson(str(problem)) from problem
    if text.count("[", start, end) + text.count("{", start, end) > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise NotJson(f"nested more than {MAX_DEPTH} levels deep")
    return value, end


def depth(value: Any) -> int:
    """How many lists and objects lie inside each other; 0 for a plain value."""
    levels, layer = 0, [value]
    while layer := [item for item in layer if isinstance(item, dict | list)]:
        levels += 1
        layer = [item for box in layer for item in (box.values() if isinstance(box, dict) else box)]
    return levels


def has_lone_surrogate(value: Any) -> bool:
    r"""Whether a string in `value` holds half a character (an unpaired `\ud800` to `\udfff`)."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def may_hold_surrogate(text: str) -> bool:
    """A quick look at JSON text: False means that no value in it can hold half a character."""
    return "\\ud" in text or "\\uD" in text


def _syntax(problem: json.JSONDecodeError) -> NotJson:
    text, at = problem.doc, problem.pos
    left = len(text.rstrip()) - at
    # An open string is reported where it starts, every other cut within a few characters of the end.
    cut = problem.msg.startswith("Unterminated string") or left <= 10
    near = _quote(text, at) if left > 0 else "the text ends too early"
    return NotJson(problem.msg.lower().removesuffix(" starting at"), at, near, cut=cut)


def _quote(text: str, at: int) -> str:
    return repr(text[max(0, at - 10) : at + 20])


def _next(text: str, at: int) -> int:
    return json.decoder.WHITESPACE.match(text, at).end()  # type: ignore[attr-defined,no-any-return]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice[:40]!r} appears twice in one object")
    return found


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON value")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"number {digits[:40]} is too large")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
