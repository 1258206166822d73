"""Text files as rows: bytes to lines, JSON Lines, and JSON arrays, none of them held as a whole."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from seedstock.errors import InputError
from seedstock.seeds.strict_json import NotJson, has_lone_surrogate, may_hold_surrogate, parse, parse_at

MAX_ROW_BYTES = 50_000_000
_CHUNK = 1 << 20
_SPACE = " \t\r\n"
_MARKS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


class Record(NamedTuple):
    """One row as a file holds it.

    `line` is a line number in text files, a row number elsewhere, both from 1. `value` is usually a
    dict, but JSON can hold anything. `size` is in characters, 0 where nobody counted.
    """

    line: int
    value: Any
    size: int = 0
    lone_surrogate: bool = False


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what the system says about a file that cannot be read into InputError."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise InputError(f"cannot be read: {reason}", path=path) from problem


def open_bytes(path: Path) -> io.BufferedReader:
    """The file's bytes, unpacked where its name ends in .gz."""
    if path.suffix.lower() == ".gz":
        return io.BufferedReader(gzip.open(path, "rb"), _CHUNK)
    return path.open("rb")


def json_records(path: Path) -> Iterator[Record]:
    """Rows of JSON Lines, or of one array where a .json file begins with `[`.

    Raises InputError with the line for text that is not UTF-8, not JSON, or a row over MAX_ROW_BYTES.
    """
    with reading(path), open_bytes(path) as handle:
        head = handle.peek(64)
        encoding = encoding_of(head, path)
        first = head.decode(encoding, "ignore").lstrip(_SPACE)[:1]
        if first == "[" and path.name.lower().removesuffix(".gz").endswith(".json"):
            yield from _array_records(_Window(handle, encoding, path))
        else:
            yield from _line_records(text_lines(handle, path), path)


def _line_records(lines: Iterator[tuple[int, str]], path: Path) -> Iterator[Record]:
    for number, line in lines:
        if line.isspace():
            continue
        try:
            value = parse(line)
        except NotJson as problem:
            hint = "; an array of rows belongs in a .json file" if line.strip() == "[" else ""
            raise InputError(f"not JSON: {problem.describe()}{hint}", path=path, line=number) from problem
        yield Record(number, value, len(line), may_hold_surrogate(line) and has_lone_surrogate(value))


def encoding_of(head: bytes, path: Path) -> str:
    """The encoding that the first bytes tell: by a byte order mark, else UTF-8."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head[:4]:  # UTF-16 and UTF-32 write the first characters of any row so
        raise _not_utf8(path, 1, "byte 0x00, as UTF-16 without a byte order mark has")
    return "utf-8"


def text_lines(handle: io.BufferedReader, path: Path) -> Iterator[tuple[int, str]]:
    """Line numbers from 1 and lines with their ends, cut at newlines only."""
    encoding = encoding_of(handle.peek(4), path)
    if encoding.startswith("utf-8"):
        handle.read(3 if encoding == "utf-8-sig" else 0)
        return _utf8_lines(handle, path)
    return _wide_lines(io.TextIOWrapper(handle, encoding, newline="\n"), path)


def _utf8_lines(handle: io.BufferedReader, path: Path) -> Iterator[tuple[int, str]]:
    for number in count(1):
        data = handle.readline(MAX_ROW_BYTES + 1)
        if not data:
            return
        if len(data) > MAX_ROW_BYTES:
            raise too_large(path, number)
        try:
            yield number, data.decode()
        except UnicodeDecodeError as problem:
            byte = f"byte 0x{data[problem.start]:02x} at position {problem.start + 1} of the line"
            raise _not_utf8(path, number, byte) from problem


def _wide_lines(text: io.TextIOWrapper, path: Path) -> Iterator[tuple[int, str]]:
    limit = MAX_ROW_BYTES // 2  # characters
    with text:
        for number in count(1):
            try:
                line = text.readline(limit + 1)
            except UnicodeError as problem:
                raise _not_utf8(path, number, f"bytes that are not {text.encoding} either") from problem
            if not line:
                return
            if len(line) > limit:
                raise too_large(path, number)
            yield number, line


def too_large(path: Path, line: int) -> InputError:
    """The error for a row over the limit."""
    return InputError(f"this row is larger than {MAX_ROW_BYTES:,} bytes", path=path, line=line)


def _not_utf8(path: Path, line: int, found: str) -> InputError:
    return InputError(f"not UTF-8: {found}; save the file as UTF-8", path=path, line=line)


class _Window:
    """The part of a long JSON text that is being looked at: `text` from `at` on is not used yet."""

    def __init__(self, handle: io.BufferedReader, encoding: str, path: Path) -> None:
        self.path = path
        self.text, self.at, self.line, self.ended = "", 0, 1, False
        self._column = 0  # characters of the line in hand that are dropped already
        self._handle = handle
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def more(self) -> None:
        """Drops what is used and doubles the rest, so that a long row is not parsed again and again."""
        self.line, self._column = self._place(self.at)
        self.text, self.at = self.text[self.at :], 0
        data = self._handle.read(max(_CHUNK, len(self.text)))
        self.ended = not data
        try:
            self.text += self._decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as problem:
            line = self.line + self.text.count("\n") + problem.object.count(b"\n", 0, problem.start)
            raise _not_utf8(self.path, line, f"byte 0x{problem.object[problem.start]:02x}") from problem

    def next(self) -> str:
        """The next character that is no space, without using it; "" at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.more()

    def value(self) -> Record:
        """The value that begins here, as a record without its row number."""
        while True:
            start = self.at
            try:
                value, end = parse_at(self.text, start)
                if end - start > MAX_ROW_BYTES:
                    raise too_large(self.path, self.line)
                if end < len(self.text) or self.ended:  # else a number may go on
                    self.at = end
                    lone = "\\u" in self.text[start:end] and has_lone_surrogate(value)
                    return Record(0, value, end - start, lone)
            except NotJson as problem:
                if self.ended or not problem.cut:
                    raise self._not_json(problem) from problem
            if len(self.text) - start > MAX_ROW_BYTES:
                raise too_large(self.path, self.line)
            self.more()

    def problem(self, what: str) -> InputError:
        """An error that names the line in hand."""
        return InputError(what, path=self.path, line=self._place(self.at)[0])

    def _not_json(self, problem: NotJson) -> InputError:
        line, column = self._place(self.at if problem.at is None else problem.at)
        what = problem.describe(None if problem.at is None else column + 1)
        return InputError(f"not JSON: {what}", path=self.path, line=line)

    def _place(self, at: int) -> tuple[int, int]:
        """Line (from 1) and column (from 0) of an offset in `text`."""
        newline = self.text.rfind("\n", 0, at)
        column = self._column + at if newline < 0 else at - newline - 1
        return self.line + self.text.count("\n", 0, at), column


def _array_records(window: _Window) -> Iterator[Record]:
    window.next()
    window.at += 1
    closed = window.next() == "]"
    number = 0
    while not closed:
        number += 1
        window.next()
        yield window.value()._replace(line=number)
        mark = window.next()
        if mark not in (",", "]"):
            raise window.problem(
                f"not JSON: expecting ',' or ']' after row {number}, found {mark or 'the end'!r}"
            )
        closed = mark == "]"
        window.at += 0 if closed else 1
    window.at += 1
    if window.next():
        raise window.problem("text after the end of the array")
