"""Which reader reads a file: by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from seedstock.errors import InputError
from seedstock.seeds.tables import arrow_records, csv_records, parquet_records
from seedstock.seeds.text_files import Record, json_records

_READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".jsonl": json_records,
    ".ndjson": json_records,
    ".json": json_records,
    ".csv": csv_records,
    ".tsv": csv_records,
    ".parquet": parquet_records,
    ".arrow": arrow_records,
}
_TEXT = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


def file_records(path: Path) -> Iterator[Record]:
    """The rows of one file, lazily. Raises InputError for an unknown ending or unusable content."""
    if not is_readable_name(path):
        known = ", ".join(_READERS)
        raise InputError(f"unknown kind of file {path.suffix!r}; known: {known}; text also as .gz", path=path)
    return _READERS[_ending(path)](path)


def is_readable_name(path: Path) -> bool:
    """Whether the name's ending is one of a known format."""
    ending = _ending(path)
    return ending in (_TEXT if path.suffix.lower() == ".gz" else _READERS)


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix
