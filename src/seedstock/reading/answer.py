"""Reading JSON the way models write it: fenced, in chatter, with slips, or cut off in the middle.

What is plain JSON is read by `json` alone. Otherwise the largest run of JSON values is looked for, and
slips whose meaning is clear are put right (other quotes, commas, raw line breaks, Python's literals);
what has to be guessed is left to `json_repair`. Of an answer that ends before its brackets close, only
whole items are kept: a text that was being written never comes back as if it were all of it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from seedstock.reading.broken import WORD, CutOff, Scan
from seedstock.reading.strict import DECODER, shallow, too_deep

MAX_CHARS = 1_000_000
"""Longer answers are read only if they are plain JSON."""
MAX_GUESSED = 10_000
"""Characters of one value above which nothing is guessed: `json_repair` takes quadratic time on some."""

_CUT_OFF = frozenset({"length", "max_tokens", "model_context_window_exceeded", "content_filter"})
_START = re.compile(
    rf"\[\s*+(?:[\"'“‘\[{{\]]|-?\d|(?:{WORD})\b|[tfn][a-z]{{0,3}}\Z|-?\Z)|\{{\s*+(?:[\"'“‘}}]|[^\W\d][\w-]*+\s*+:|\Z)"
)
_FENCE = re.compile(r"(?:`{3,}|~{3,})[ \t]*\w*\s*\Z")
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"(?<![`~])(`{3,}+|~{3,}+)[ \t]*+\w*+\s(.*)", re.DOTALL)
_FENCE_MARK = re.compile(r"(?:`{3,}|~{3,})[ \t]*(?:json[lc5]?\b)?", re.IGNORECASE)
_THINKING = re.compile(r"\s*<(think|thinking|reasoning)>")
_THOUGHT = re.compile(r"^[ \t]*</(?:think|thinking|reasoning)>", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Read:
    """What an answer says.

    `repairs` names what had to be done, each once: `bom`, `thinking`, `fence`, `chatter`, `lines` (several
    values one after the other, now a list), `repaired`, `cut`. `cut` is true where the answer ended
    inside its JSON; `rest` is then what was left out, as it was written.
    """

    value: Any
    repairs: tuple[str, ...] = ()
    cut: bool = False
    rest: str = ""


def read_json(text: str, finish_reason: str = "stop") -> Read:
    """The JSON value in a model's answer. Raises `ValueError` with a short reason, `CutOff` among them.

    Of several values the largest counts, one in a fence before one outside. Values that follow each
    other with nothing but white space and commas between them are JSON lines: a list of them. Of equal keys
    the last counts, as in `json`. NaN and Infinity are refused, also as numbers too large.

    An answer is cut where it ends before its brackets close. Then the whole items of its outermost
    arrays are kept, with the whole members around them. A text with its closing quote is whole, a
    number is only with something after it. JSON that did close is whole, also where `finish_reason`
    says that the answer went on and was cut after it; a number on its own is not.
    """
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError:
        return _read_leniently(text, finish_reason)
    except RecursionError:
        too_deep()
    if finish_reason in _CUT_OFF and isinstance(value, (int, float)):
        raise CutOff("cut off in a number")
    return Read(shallow(value, text))


def _read_leniently(text: str, finish_reason: str) -> Read:
    if len(text) > MAX_CHARS:
        raise ValueError(f"no plain JSON, and longer than {MAX_CHARS:,} characters")
    body, repairs = _unwrapped(text)
    lone = _lone_value(body, finish_reason)
    if lone is not None:
        return Read(lone[0], (*repairs, *lone[1]))
    run = max(_runs(body), key=lambda run: (run[0].fenced, run[-1].end - run[0].start), default=None)
    if run is None:
        if finish_reason in _CUT_OFF:
            raise CutOff("cut off before any JSON")
        raise ValueError("no JSON in the answer")
    return _read_run(body, run, repairs)


def _unwrapped(text: str) -> tuple[str, list[str]]:
    """The answer without a byte order mark and without the thinking before it."""
    repairs = []
    body = text.lstrip("\ufeff")
    if body != text:
        repairs.append("bom")
    thought = _THOUGHT.search(body)
    opened = _THINKING.match(body)
    if opened:
        end = body.find(f"</{opened[1]}>")
        if end < 0:
            raise CutOff("the answer ends while thinking")
        body = body[end + len(opened[1]) + 3 :]
    elif thought:
        body = body[thought.end() :]
    if opened or thought:
        repairs.append("thinking")
    return body, repairs


def _lone_value(body: str, finish_reason: str) -> tuple[Any, tuple[str, ...]] | None:
    """A text, number or literal that is all of the answer, or all of its fence."""
    fenced = _FENCED.search(body)
    inner = body if not fenced else fenced[2].rpartition(fenced[1])[0] or fenced[2]
    inner = inner.strip()
    if not inner or inner[0] in "[{" or body.lstrip()[0] in "[{":
        return None
    try:
        value = DECODER.decode(inner)
    except json.JSONDecodeError:
        return None
    if not fenced and finish_reason in _CUT_OFF and isinstance(value, (int, float)):
        raise CutOff("cut off in a number")
    around = body[: fenced.start()].strip() if fenced else ""
    return value, (("fence",) if fenced else ()) + (("chatter",) if around else ())


# ---- where JSON is


@dataclass(slots=True)
class _Piece:
    """One value as it stands in the answer; `scan` where `json` alone could not read it."""

    start: int
    end: int
    fenced: bool
    value: Any = None
    scan: Scan | None = None

    @property
    def closed(self) -> bool:
        return self.scan is None or self.scan.closed


def _runs(body: str) -> list[list[_Piece]]:
    """The values in the answer, together where nothing but white space and commas is between them."""
    runs: list[list[_Piece]] = []
    for piece in _pieces(body):
        together = runs and runs[-1][-1].closed and not body[runs[-1][-1].end : piece.start].strip(" \t\r\n,")
        if together:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _pieces(body: str) -> Iterator[_Piece]:
    """Every object and array that stands in no other. Reads no more than a few times the text."""
    at, budget = 0, 8 * len(body) + 1_000_000
    fences = [line.start() for line in _FENCE_LINE.finditer(body)]
    while found := _START.search(body, at):
        start = found.start()
        piece, cost = _piece(body, start, fences)
        budget -= cost
        if budget < 0:
            raise ValueError("too many brackets that are no JSON")
        if piece:
            yield piece
        at = piece.end if piece else start + 1


def _piece(body: str, start: int, fences: list[int]) -> tuple[_Piece | None, int]:
    """What starts here, if it is JSON at all, and what it cost to look, in characters."""
    fenced = _FENCE.search(body, max(0, start - 40), start) is not None
    try:
        value, end = DECODER.raw_decode(body, start)
        return _Piece(start, end, fenced, shallow(value, body[start:end])), end - start
    except json.JSONDecodeError as problem:
        cost = problem.pos - start + 1000
    except RecursionError:
        too_deep()
    scan = _scan(body, start, fences if fenced else [])
    cost += 2 * (scan.pos - start)
    return None if scan.no_json else _Piece(start, scan.pos, fenced, scan=scan), cost


def _scan(body: str, start: int, fences: list[int]) -> Scan:
    """The walk from `start` to the line that closes its fence, or beyond if that line is part of a text."""
    at = bisect_right(fences, start)
    scan = Scan(body, start, fences[at] if at < len(fences) else len(body)).run()
    if scan.in_text and scan.end < len(body):
        beyond = Scan(body, start, len(body)).run()
        return beyond if beyond.closed else scan
    return scan


def _read_run(body: str, run: list[_Piece], repairs: list[str]) -> Read:
    outside = body[: run[0].start] + ("" if not run[-1].closed else body[run[-1].end :])
    if run[0].fenced:
        repairs.append("fence")
    if _FENCE_MARK.sub("", outside).strip():
        repairs.append("chatter")
    values = [_value(piece) for piece in run if piece.closed]
    last, rest = run[-1], ""
    if last.scan and not last.closed:
        if len(run) > 1:
            rest = body[last.start : last.end]
        else:
            value, rest = last.scan.whole_items()
            values = [value]
    steps = {
        "lines": len(run) > 1,
        "repaired": any(piece.scan and (piece.closed or not piece.scan.plain) for piece in run),
        "cut": not last.closed,
    }
    repairs += [step for step, taken in steps.items() if taken]
    return Read(values if len(run) > 1 else values[0], tuple(repairs), not last.closed, rest)


def _value(piece: _Piece) -> Any:
    """The value of a closed piece."""
    if piece.scan is None:
        return piece.value
    if piece.scan.torn:
        raise ValueError("broken JSON: where a text ends cannot be told")
    return piece.scan.value() if piece.scan.clear else _guessed("".join(piece.scan.out))


def _guessed(written: str) -> Any:
    """What `json_repair` makes of one value, if it is of the kind that its first bracket says."""
    from json_repair import repair_json

    if len(written) > MAX_GUESSED:
        raise ValueError(f"broken JSON of more than {MAX_GUESSED:,} characters")
    try:
        value = repair_json(written, return_objects=True, skip_json_loads=True)
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, RecursionError) as problem:
        raise ValueError("broken JSON that cannot be repaired") from problem
    if not isinstance(value, list if written[0] == "[" else dict):
        raise ValueError("broken JSON that cannot be repaired")
    return shallow(value, written)
