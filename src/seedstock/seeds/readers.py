"""Files of rows as examples: JSON Lines, JSON, CSV, TSV, Parquet, Arrow, Hugging Face folders."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.exchange import canonical, digest
from seedstock.jsonl import file_digest
from seedstock.seeds.fields import Fields, complete_fields, only_input
from seedstock.seeds.files import file_records
from seedstock.seeds.folders import dataset_files
from seedstock.seeds.rows import Kind, build_example, own_id, read_content, rewritten, row_problem
from seedstock.seeds.text_files import MAX_ROW_BYTES, Record, reading

_LOOK_AHEAD = 100  # rows to look at for columns that the first rows may lack
_Placed = tuple[Path, Record]


@dataclass(frozen=True)
class Row:
    """One row of a file: `raw` with all its fields as they were read, `example` as what they mean.

    `fields` says which columns it was read from. `line` counts from 1: the line where the row starts in
    text files, the row's number in the others and in folders of several files.
    """

    line: int
    raw: dict[str, Any]
    example: Example
    fields: Fields = field(default_factory=Fields)

    def rewritten(self, example: Example) -> dict[str, Any]:
        """The row as its file holds it, with the texts of `example` in their own columns."""
        return rewritten(self.raw, self.fields, self.example, example)


def read_rows(
    path: Path,
    fields: Fields | None = None,
    *,
    strict: bool = True,
    kind: Kind = "real",
    split: str | None = None,
) -> Iterator[Row]:
    """The rows of a file or dataset folder, one at a time.

    `fields` names columns; what it leaves open is detected. `kind` is for rows that carry no
    provenance. `split` picks a folder's split, "train" if it has several and none is named.

    Raises InputError, with file and line, for a file that cannot be read, holds no rows or repeats an
    id, and, when `strict`, for rows without input or output. Otherwise such rows come with "" in
    their example, and JSON values that are no objects as `{"value": …}`.
    """
    files = dataset_files(path, split)
    records = ((file, record) for file in files for record in file_records(file))
    ahead, known = _settle(records, fields or Fields(), path)
    lines_of: dict[str, int] = {}
    name = path.absolute().name
    for number, (file, record) in enumerate(chain(ahead, records), 1):
        line = record.line if len(files) == 1 else number
        if strict and record.lone_surrogate:
            raise InputError("holds half a character (a lone surrogate)", path=file, line=record.line)
        row = _row(record, known, (name, line), kind, file if strict else None)
        _note_id(row, lines_of, file, record.line)
        yield row


def read_examples(
    path: Path,
    fields: Fields | None = None,
    *,
    strict: bool = True,
    kind: Kind = "real",
    split: str | None = None,
) -> list[Example]:
    """All examples of a file or folder; arguments and errors as for `read_rows`."""
    return [row.example for row in read_rows(path, fields, strict=strict, kind=kind, split=split)]


def read_inputs(path: Path) -> list[Example]:
    """Rows of which only the input is needed; the output is None where the file has none.

    Arguments and errors as for `read_rows`.
    """
    files = dataset_files(path, None)
    columns = {name for file in files for record in islice(file_records(file), 1) for name in _names(record)}
    try:
        complete_fields(Fields(), columns, path)
        fields = None
    except InputError:
        fields = Fields(input=only_input(columns, path), output=only_input(columns, path))
    rows = read_examples(path, fields, strict=fields is not None)
    empty = next((row.id for row in rows if not row.input_text.strip()), None)
    if empty is not None:
        raise InputError(f"row {empty} has no input", path=path)
    return [replace(row, output=None) if fields or row.output == "" else row for row in rows]


def _names(record: Record) -> Iterable[str]:
    return record.value if isinstance(record.value, dict) else ()


def find_fields(path: Path, fields: Fields | None = None, *, split: str | None = None) -> Fields:
    """Which columns `read_rows` would take for what. Looks at the first rows only; errors as there."""
    files = dataset_files(path, split)
    records = ((file, record) for file in files for record in file_records(file))
    return _settle(records, fields or Fields(), path)[1]


def _settle(records: Iterator[_Placed], named: Fields, path: Path) -> tuple[list[_Placed], Fields]:
    """Reads ahead until the columns say what they mean; returns what was read, and the meaning."""
    ahead: list[_Placed] = []
    columns: dict[str, None] = {}
    problem: InputError | None = None
    for file, record in records:
        ahead.append((file, record))
        columns.update(dict.fromkeys(record.value if isinstance(record.value, dict) else ()))
        try:
            return ahead, complete_fields(named, columns, path)
        except InputError as found:
            problem = found
        if len(ahead) >= _LOOK_AHEAD or sum(seen.size for _, seen in ahead) > MAX_ROW_BYTES:
            break
    raise problem or InputError("no rows", path=path)


def _row(
    record: Record, fields: Fields, origin: tuple[str, int], kind: Kind, strict_file: Path | None
) -> Row:
    is_object = isinstance(record.value, dict)
    raw = record.value if is_object else {"value": record.value}
    content = read_content(raw, fields)
    if strict_file is not None:
        problem = row_problem(raw, content, kind) if is_object else "a row must be a JSON object"
        if problem is not None:
            raise InputError(f"this row cannot be used: {problem}", path=strict_file, line=record.line)
    return Row(origin[1], raw, build_example(raw, content, fields, kind, origin), fields)


def _note_id(row: Row, lines_of: dict[str, int], file: Path, line: int) -> None:
    name = own_id(row.raw)
    if name is None:
        return
    first = lines_of.setdefault(name, row.line)
    if first != row.line:
        place = f"line {first}" if line == row.line else f"row {first} of the folder"
        raise InputError(f"id {name[:80]!r} is also that of {place}; ids must differ", path=file, line=line)


def file_sha256(path: Path) -> str:
    """SHA-256, in hex, of a file, or of a folder: its relative names, sorted, each with its content."""
    with reading(path):
        if not path.is_dir():
            return file_digest(path)
        files = sorted(
            (os.fsencode(f.relative_to(path).as_posix()), f) for f in path.rglob("*") if f.is_file()
        )
        whole = hashlib.sha256()
        for name, file in files:
            whole.update(name + b"\0" + file_digest(file).encode() + b"\n")
        return whole.hexdigest()


def content_sha256(examples: Iterable[Example]) -> str:
    """SHA-256, in hex, of what the examples say: equal for any order and for any format of the file.

    Own ids count; derived ones do not, since they change with a row's place.
    """
    return digest(sorted(_content_key(example) for example in examples))


def _content_key(example: Example) -> str:
    name = "" if re.fullmatch(r"r[0-9a-f]{16}", example.id) else example.id
    given = example.input if isinstance(example.input, str) else [m.to_json() for m in example.input]
    return canonical([name, given, _plain_output(example.output)])


def _plain_output(output: Any) -> str:
    """One text for a JSON value and for the same value as JSON text, which is all that CSV can hold."""
    if not isinstance(output, str):
        return canonical(output)
    if output[:1] not in ("{", "["):
        return output
    try:
        return canonical(json.loads(output))
    except (ValueError, RecursionError):
        return output
