"""Reading JSON the way models write it: fenced, in chatter, with slips, or cut off in the middle.

What is plain JSON is read by `json` alone. Otherwise the largest run of JSON values is looked for, and
slips whose meaning is clear are put right (other quotes, commas, raw line breaks, Python's literals);
what has to be guessed is left to `json_repair`. Of an answer that ends before its brackets close, only
whole items are kept: a text that was being written never comes back as if it were all of it.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

MAX_CHARS = 1_000_000
"""Longer answers are read only if they are plain JSON."""
MAX_GUESSED = 10_000
"""Characters of one value above which nothing is guessed: `json_repair` takes quadratic time on some."""
MAX_DEPTH = 100
"""Brackets in brackets above which a value is refused, so that nothing after us runs out of stack."""

_CUT_OFF = frozenset({"length", "max_tokens", "model_context_window_exceeded", "content_filter"})
_CLOSER = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_BRACKET = {"[": "]", "{": "}"}
_LITERAL = {
    "true": "true",
    "false": "false",
    "null": "null",
    "True": "true",
    "False": "false",
    "None": "null",
}
_WORD = "true|false|null|True|False|None"

_TOKEN = re.compile(r"""\s*+(?:([\[{\]},:"'“‘])|([^\s\[\]{},:"]++)|\Z)""")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"[^\W\d][\w-]*")
_START = re.compile(
    rf"\[\s*+(?:[\"'“‘\[{{\]]|-?\d|(?:{_WORD})\b|[tfn][a-z]{{0,3}}\Z|-?\Z)|\{{\s*+(?:[\"'“‘}}]|[^\W\d][\w-]*+\s*+:|\Z)"
)
_AFTER = {
    "key": re.compile(r"\s*+(?::|\Z)"),
    "[": re.compile(
        rf"\s*+(?:[\]}}]|\Z|,[\s,]*+(?:[\"'“‘\[{{\]}}-]|\d|\.\.\.|…|(?:{_WORD}|NaN|Infinity)\b|\w*+\Z))|\s++[\"\[{{]"
    ),
    "{": re.compile(r"\s*+(?:[\]}]|\Z|,[\s,]*+(?:[\"'“‘}\]]|[^\W\d][\w-]*+\s*+:|\w*+\Z))|\s++\""),
}
"""What follows a quote that ends a key, an item of an array, a member of an object."""
_STOPS = {closer: re.compile(rf"[\\{closer}]") for closer in _CLOSER.values()}
_ODD = re.compile(r"""\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\x[0-9a-fA-F]{2}|\\'|["\\\x00-\x1f]""")
_OPENS = re.compile(r"[^\s,;:.!?)\]}]")
"""What follows a quote that opens words inside a text."""
_APOSTROPHE = re.compile(r"[^\W_].[^\W_]")
_FENCE = re.compile(r"(?:`{3,}|~{3,})[ \t]*\w*\s*\Z")
_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"(?<![`~])(`{3,}+|~{3,}+)[ \t]*+\w*+\s(.*)", re.DOTALL)
_FENCE_MARK = re.compile(r"(?:`{3,}|~{3,})[ \t]*(?:json[lc5]?\b)?", re.IGNORECASE)
_THINKING = re.compile(r"\s*<(think|thinking|reasoning)>")
_THOUGHT = re.compile(r"^[ \t]*</(?:think|thinking|reasoning)>", re.MULTILINE)


class CutOff(ValueError):
    """The answer ended before anything in it was whole."""


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
        value = _DECODER.decode(text)
    except json.JSONDecodeError:
        return _read_leniently(text, finish_reason)
    except RecursionError:
        _too_deep()
    if finish_reason in _CUT_OFF and isinstance(value, (int, float)):
        raise CutOff("cut off in a number")
    return Read(_shallow(value, text))


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
        value = _DECODER.decode(inner)
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
    scan: _Scan | None = None

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
        value, end = _DECODER.raw_decode(body, start)
        return _Piece(start, end, fenced, _shallow(value, body[start:end])), end - start
    except json.JSONDecodeError as problem:
        cost = problem.pos - start + 1000
    except RecursionError:
        _too_deep()
    scan = _scan(body, start, fences if fenced else [])
    cost += 2 * (scan.pos - start)
    return None if scan.no_json else _Piece(start, scan.pos, fenced, scan=scan), cost


def _scan(body: str, start: int, fences: list[int]) -> _Scan:
    """The walk from `start` to the line that closes its fence, or beyond if that line is part of a text."""
    at = bisect_right(fences, start)
    scan = _Scan(body, start, fences[at] if at < len(fences) else len(body)).run()
    if scan.in_text and scan.end < len(body):
        beyond = _Scan(body, start, len(body)).run()
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
    return _shallow(value, written)


# ---- reading one value that `json` refuses


@dataclass(slots=True)
class _Scan:
    """One walk along a value that is no plain JSON, writing down as plain JSON what it means.

    `clear`: nothing had to be guessed so far. `doubtful`: from here on no item is known to be whole.
    `torn`: somewhere a quote inside a text cannot be told from its end.
    """

    text: str
    pos: int
    end: int
    out: list[str] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)
    expect: str = "value"
    array: int = -1
    clear: bool = True
    plain: bool = True
    doubtful: bool = False
    torn: bool = False
    closed: bool = False
    in_text: bool = False
    no_json: bool = False
    whole: int = 0
    safe: tuple[int, int, str] = (0, 0, "")

    def run(self) -> _Scan:
        """Go on to the end of the value, or of the text; then `closed` says which."""
        while not self.closed and not self.no_json:
            token = _TOKEN.match(self.text, self.pos, self.end)
            if not token or not token.lastindex or not self._take(token):
                self.pos = self.end
                break
        return self

    def value(self) -> Any:
        """What was written down."""
        written = "".join(self.out)
        return _shallow(_DECODER.decode(written), written)

    def whole_items(self) -> tuple[Any, str]:
        """What is whole of a value that was cut off, and what was left out."""
        if not self.whole:
            raise CutOff("cut off before the first whole item")
        at, pieces, closers = self.safe
        written = "".join(self.out[:pieces]) + closers
        rest = self.text[at : self.end].lstrip(" \t\r\n,")
        return _shallow(_DECODER.decode(written), written), rest

    def _take(self, token: re.Match[str]) -> bool:
        """One token; false where the text ends in it."""
        mark = token[1]
        if mark is None:
            return self._bare(token)
        if mark in _CLOSER:
            return self._quoted(token.end() - 1, mark)
        self.pos = token.end()
        if mark in "[{":
            self._open(mark)
        elif mark in "]}":
            self._close(mark)
        elif mark == ",":
            self._comma()
        else:
            self._colon()
        return True

    def _open(self, mark: str) -> None:
        if len(self.stack) >= MAX_DEPTH:
            _too_deep()
        self._write(mark)
        self.stack.append(mark)
        if mark == "[" and self.array < 0:
            self.array = len(self.stack) - 1
        self.expect = "key" if mark == "{" else "value"

    def _close(self, mark: str) -> None:
        if mark not in (_BRACKET[opened] for opened in self.stack):
            self._unclear()
            return
        if self.out[-1] == ":" or self.expect == "colon":
            self._unclear()
        while True:
            opened = self.stack.pop()
            self.out.append(_BRACKET[opened])
            self.array = -1 if len(self.stack) == self.array else self.array
            if _BRACKET[opened] == mark:
                break
            self.plain, self.doubtful = False, True
        self._done()

    def _comma(self) -> None:
        if self.expect != "after":
            self.plain = False
            if self.stack[-1] == "{":
                self._unclear()
        self.expect = "key" if self.stack[-1] == "{" else "value"

    def _colon(self) -> None:
        if self.expect == "colon":
            self.out.append(":")
            self.expect = "value"
        elif self.stack[-1] == "[":
            self.no_json = True
        else:
            self._unclear()

    def _quoted(self, at: int, quote: str) -> bool:
        is_key = self._at_key()
        self.plain &= quote == '"'
        end, inner = self._end_of_text(at, quote, "key" if is_key else self.stack[-1])
        if end < 0:
            self.in_text = True
            return False
        self.doubtful |= inner > 0
        self.pos = end + 1
        written = self.text[at + 1 : end]
        mended = _ODD.sub(_mended, written)
        self.plain &= mended == written
        self._write(f'"{mended}"')
        self._name_or_value(is_key)
        return True

    def _end_of_text(self, at: int, quote: str, where: str) -> tuple[int, int]:
        """Where the closing quote stands (-1: nowhere), and how many quotes before it belong to the text."""
        closer, after, inner = _CLOSER[quote], _AFTER[where], 0
        torn = after_comma = False
        stops = _STOPS[closer]
        stop = stops.search(self.text, at + 1, self.end)
        while stop:
            end = stop.start()
            if stop[0] == "\\":
                stop = stops.search(self.text, end + 2, self.end)
                continue
            follows = after.match(self.text, end + 1, self.end)
            if follows and (follows.end() < self.end or self._last_is_whole(follows, inner)):
                self.torn |= torn or (after_comma and inner % 2 == 1)
                return end, inner
            if not (closer in "'’" and _APOSTROPHE.match(self.text, end - 1)):
                if inner % 2 == 0:
                    opens = _OPENS.match(self.text, end + 1)
                    torn |= not opens
                    after_comma |= self.text[max(at + 1, end - 3) : end].rstrip().endswith(",")
                inner += 1
            stop = stops.search(self.text, end + 1, self.end)
        return -1, inner

    def _last_is_whole(self, follows: re.Match[str], inner: int) -> bool:
        """Whether a quote near the end of the text ends a text: where brackets follow, or all is plain."""
        return follows[0].strip()[-1:] in ("]", "}") or (self.plain and not inner)

    def _bare(self, token: re.Match[str]) -> bool:
        """A number, a literal, a key without quotes, or something that has to be guessed."""
        word = token[2]
        self.pos = token.end()
        if self.pos == self.end:
            return False
        if word.strip("+-") in ("NaN", "Infinity", "nan", "inf") and not self._at_key():
            _not_finite(word)
        if self._at_key():
            self.plain = False
            known = json.dumps(word) if _NAME.fullmatch(word) else None
        else:
            known = word if _NUMBER.fullmatch(word) else _LITERAL.get(word)
            self.plain &= known == word
        if known is None:
            self._unclear()
        self._write(known or word)
        self._name_or_value(self._at_key())
        return True

    def _at_key(self) -> bool:
        return bool(self.stack) and self.stack[-1] == "{" and self.expect in ("key", "after")

    def _name_or_value(self, is_key: bool) -> None:
        if is_key:
            self.expect = "colon"
        else:
            self._done()

    def _write(self, piece: str) -> None:
        """Write a value or a key, with the comma before it."""
        if self.expect == "colon" or (piece in "[{" and self._at_key()):
            self._unclear()
        if self.expect == "after":  # no comma
            self.plain, self.doubtful = False, True
        if self.out and self.out[-1] not in ("[", "{", ":"):
            self.out.append(",")
        self.out.append(piece)

    def _done(self) -> None:
        """A value ended here: whole, if it is an item of an outermost array or a member around one."""
        self.expect = "after"
        self.closed = not self.stack
        if self.doubtful or self.closed:
            return
        if self.array in (-1, len(self.stack) - 1):
            self.whole += self.array >= 0
            closers = "".join(_BRACKET[opened] for opened in reversed(self.stack))
            self.safe = self.pos, len(self.out), closers

    def _unclear(self) -> None:
        self.clear = self.plain = False
        self.doubtful = True


def _mended(found: re.Match[str]) -> str:
    """One character of a text as JSON writes it: raw quotes, line breaks, and escapes that JSON has not."""
    mark = found[0]
    if mark == "\\'":
        return "'"
    if mark.startswith("\\x"):
        return "\\u00" + mark[2:]
    return mark if len(mark) > 1 else json.dumps(mark)[1:-1]


# ---- numbers and depth


def _not_finite(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        _not_finite("a number as large as that")
    return number


def _integer(digits: str) -> int:
    if len(digits) > 600:  # Python itself draws a line at 4,300, or where it was told to, not below 640
        _not_finite("a number as large as that")
    return int(digits)


def _too_deep() -> NoReturn:
    raise ValueError(f"more than {MAX_DEPTH} brackets in each other")


def _shallow(value: Any, text: str) -> Any:
    """The value, if it is not nested too deeply. Few texts have brackets enough for a closer look."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return value
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner for outer in level if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]  # fmt: skip
        if not level:
            return value
    if any(isinstance(inner, (list, dict)) for inner in level):
        _too_deep()
    return value


_DECODER = json.JSONDecoder(parse_constant=_not_finite, parse_float=_number, parse_int=_integer)
