"""Rows to JSONL, byte for byte the same for the same rows, and whole files put in place at once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any


def line(row: Any) -> bytes:
    """One row as UTF-8 JSON with its newline; lone surrogates, which UTF-8 has no bytes for, as escapes."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        text = json.dumps(row, ensure_ascii=True, allow_nan=False).encode()
    return text + b"\n"


def pretty(value: Any) -> bytes:
    """A JSON document for people, with its newline."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_in_place(made: Path, final: Path) -> None:
    """Flush a folder to disk and rename it to its final name, replacing what is there."""
    for path in [*(p for p in made.rglob("*") if p.is_file()), made]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    made.rename(final)
    shutil.rmtree(old, ignore_errors=True)
