"""Tables as rows: CSV and TSV through the standard library, Parquet and Arrow through pyarrow."""

from __future__ import annotations

import base64
import csv
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from seedstock.errors import InputError
from seedstock.seeds.text_files import MAX_ROW_BYTES, Record, open_bytes, reading, text_lines, too_large

_BATCH = 256


def csv_records(path: Path) -> Iterator[Record]:
    """Rows of a CSV file: every cell is text, `line` is where the row starts.

    A .tsv file is divided by tabs, a .csv file by whichever of `,` `;` and tab its header has most of.
    Raises InputError with the line for bad quoting and for rows with more or fewer cells than the header.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))  # the library knows no other way
    with reading(path), open_bytes(path) as handle:
        lines = _Lines(text_lines(handle, path), path)
        first = next((line for line in lines if not line.isspace()), "")
        skipped = lines.count - 1
        reader = csv.reader(chain([first], lines), delimiter=_delimiter(path, first), strict=True)
        rows = _cells(reader, lines, skipped, path)
        start, names = next(rows, (1, []))
        header = _header(names, path, start)
        for start, cells in rows:
            if len(cells) == 1 < len(header) and not cells[0].strip():
                continue
            if len(cells) != len(header):
                problem = f"{len(cells)} cells where the header has {len(header)}"
                raise InputError(problem, path=path, line=start)
            yield Record(start, dict(zip(header, cells, strict=True)), lines.size)


class _Lines(Iterator[str]):
    """Physical lines, counted; a row that runs over too many of them is stopped."""

    def __init__(self, lines: Iterable[tuple[int, str]], path: Path) -> None:
        self.count, self.size = 0, 0
        self._pieces = (piece for _, line in lines for piece in _old_mac_lines(line))
        self._path = path

    def __next__(self) -> str:
        line = next(self._pieces)
        self.count += 1
        self.size += len(line)
        if self.size > MAX_ROW_BYTES:
            raise too_large(self._path, self.count)
        return line


def _old_mac_lines(line: str) -> Iterable[str]:
    return (piece for piece in re.split(r"(?<=\r)(?!\n)", line) if piece) if "\r" in line else (line,)


def _cells(reader: Any, lines: _Lines, skipped: int, path: Path) -> Iterator[tuple[int, list[str]]]:
    while True:
        start = skipped + reader.line_num + 1
        lines.size = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise InputError(f"not CSV: {problem}", path=path, line=start) from problem
        if cells:
            yield start, cells


def _delimiter(path: Path, header: str) -> str:
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    bare = re.sub(r'"[^"]*"', "", header)
    return max(",;\t", key=bare.count)


def _header(names: Sequence[str], path: Path, line: int) -> list[str]:
    if names and not any(name.strip() for name in names):
        raise InputError("the header line names no column", path=path, line=line)
    # pandas writes its index without a name and reads it back under this one
    header = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(names)]
    if twice := [name for name, times in Counter(header).items() if times > 1]:
        raise InputError(f"the header names column {twice[0]!r} twice", path=path, line=line)
    return header


def parquet_records(path: Path) -> Iterator[Record]:
    """Rows of a Parquet file, one record batch in memory at a time."""
    from pyarrow import parquet

    with _arrow_problems(path, "Parquet"), parquet.ParquetFile(str(path)) as file:
        yield from _table_records(file.schema_arrow, file.iter_batches(batch_size=_BATCH), path)


def arrow_records(path: Path) -> Iterator[Record]:
    """Rows of an Arrow file, in the stream format (what `datasets` writes) or the file format."""
    import pyarrow as pa

    with _arrow_problems(path, "Arrow"), pa.memory_map(str(path)) as data:
        if data.read(6) == b"ARROW1":
            file = pa.ipc.open_file(data)
            batches: Iterable[Any] = (file.get_batch(n) for n in range(file.num_record_batches))
        else:
            data.seek(0)
            file = batches = pa.ipc.open_stream(data)
        yield from _table_records(file.schema, _checked(batches), path)


def _checked(batches: Iterable[Any]) -> Iterator[Any]:
    for batch in batches:
        batch.validate(full=True)  # Arrow files are mapped as they are: broken offsets would crash
        for start in range(0, batch.num_rows, _BATCH):
            yield batch.slice(start, _BATCH)


@contextmanager
def _arrow_problems(path: Path, kind: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as problem:
        raise InputError(f"not a readable {kind} file: {problem}", path=path) from problem


def _table_records(schema: Any, batches: Iterable[Any], path: Path) -> Iterator[Record]:
    if twice := [name for name, times in Counter(schema.names).items() if times > 1]:
        raise InputError(f"two columns are named {twice[0]!r}", path=path)
    labels = _label_names(schema)
    odd = [field.name for field in schema if not _is_plain(field.type)]
    number = 0
    for batch in batches:
        if batch.nbytes > MAX_ROW_BYTES:
            _check_sizes(batch, number, path)
        for row in batch.to_pylist():
            number += 1
            row.update((name, _plain(row[name])) for name in odd)
            row.update((name, _label(row[name], names)) for name, names in labels.items())
            yield Record(number, row)


def _check_sizes(batch: Any, before: int, path: Path) -> None:
    for place in range(batch.num_rows):
        if batch.slice(place, 1).nbytes > MAX_ROW_BYTES:
            raise too_large(path, before + place + 1)


def _label_names(schema: Any) -> dict[str, list[str]]:
    """Column → class names, as `datasets` keeps them in the schema's metadata."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        named = {name: feature["names"] for name, feature in features.items() if "names" in feature}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return {name: names for name, names in named.items() if name in schema.names and isinstance(names, list)}


def _label(value: Any, names: list[str]) -> Any:
    if type(value) is not int or value >= len(names):
        return value
    return names[value] if value >= 0 else None  # -1 is how `datasets` marks a row without a label


def _is_plain(kind: Any) -> bool:
    """Whether values of this Arrow type come out as JSON values."""
    from pyarrow import types

    if types.is_struct(kind):
        return all(_is_plain(field.type) for field in kind)
    if types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type)
    return any(
        test(kind) for test in (types.is_string, types.is_large_string, types.is_integer, types.is_boolean)
    )


def _plain(value: Any) -> Any:
    """`value` as a JSON value: NaN is nothing, bytes are text or base64, dates and the like are text."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return _bytes_text(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
