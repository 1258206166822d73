"""One walk along a value that is no plain JSON: slips whose meaning is clear are put right, doubts are kept.

Nothing is guessed here. Of a value that ends before its brackets close, it is known what is whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from seedstock.reading.strict import DECODER, MAX_DEPTH, not_finite, shallow, too_deep

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
WORD = "true|false|null|True|False|None"

_TOKEN = re.compile(r"""\s*+(?:([\[{\]},:"'“‘])|([^\s\[\]{},:"]++)|\Z)""")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"[^\W\d][\w-]*")
_AFTER = {
    "key": re.compile(r"\s*+(?::|\Z)"),
    "[": re.compile(
        rf"\s*+(?:[\]}}]|\Z|,[\s,]*+(?:[\"'“‘\[{{\]}}-]|\d|\.\.\.|…|(?:{WORD}|NaN|Infinity)\b|\w*+\Z))|\s++[\"\[{{]"
    ),
    "{": re.compile(r"\s*+(?:[\]}]|\Z|,[\s,]*+(?:[\"'“‘}\]]|[^\W\d][\w-]*+\s*+:|\w*+\Z))|\s++\""),
}
"""What follows a quote that ends a key, an item of an array, a member of an object."""
_STOPS = {closer: re.compile(rf"[\\{closer}]") for closer in _CLOSER.values()}
_ODD = re.compile(r"""\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])|\\x[0-9a-fA-F]{2}|\\'|["\\\x00-\x1f]""")
_OPENS = re.compile(r"[^\s,;:.!?)\]}]")
"""What follows a quote that opens words inside a text."""
_APOSTROPHE = re.compile(r"[^\W_].[^\W_]")


class CutOff(ValueError):
    """The answer ended before anything in it was whole."""


@dataclass(slots=True)
class Scan:
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

    def run(self) -> Scan:
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
        return shallow(DECODER.decode(written), written)

    def whole_items(self) -> tuple[Any, str]:
        """What is whole of a value that was cut off, and what was left out."""
        if not self.whole:
            raise CutOff("cut off before the first whole item")
        at, pieces, closers = self.safe
        written = "".join(self.out[:pieces]) + closers
        rest = self.text[at : self.end].lstrip(" \t\r\n,")
        return shallow(DECODER.decode(written), written), rest

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
            too_deep()
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
            not_finite(word)
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
