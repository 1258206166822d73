"""The ledger as a file: its tables, what marks it as ours, and how an older one becomes a present one."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from seedstock.errors import InputError

APPLICATION_ID = 0x5EED5  # marks the file as ours
VERSION = 3

SERIAL = "serial INTEGER PRIMARY KEY"
TABLES: dict[str, tuple[str, ...]] = {
    "sessions": (SERIAL, "run TEXT", "version TEXT", "config TEXT", "at TEXT", "reviews INTEGER"),
    "requests": (
        "key TEXT PRIMARY KEY", "recipe TEXT", "cell TEXT", "ordinal INTEGER", "fold INTEGER", "parents TEXT",
        "prompt_sha256 TEXT", "body TEXT", "teacher TEXT", "attributes TEXT",
    ),
    "responses": (
        "key TEXT PRIMARY KEY", "text TEXT", "finish_reason TEXT", "model TEXT", "prompt_tokens INTEGER",
        "completion_tokens INTEGER", "cached_tokens INTEGER", "cost REAL", "at TEXT",
        "cache_write_tokens INTEGER", "price TEXT",
    ),
    "logprobs": ("key TEXT PRIMARY KEY", "tokens TEXT"),
    "findings": (SERIAL, "teacher TEXT", "server TEXT", "name TEXT", "value TEXT", "at TEXT"),
    "batches": ("mark TEXT PRIMARY KEY", "teacher TEXT", "server TEXT", "names TEXT", "at TEXT"),
    "batch_events": (SERIAL, "mark TEXT", "event TEXT", "id TEXT", "at TEXT"),
    "faults": (SERIAL, "key TEXT", "attempt INTEGER", "reason TEXT", "problem TEXT", "at TEXT"),
    "candidates": (
        "run TEXT", "rank INTEGER", "id TEXT", "key TEXT", "recipe TEXT", "cell TEXT", "accepted INTEGER",
        "example TEXT", "verdicts TEXT", "wave INTEGER",
    ),
    "reviews": (
        SERIAL, "id TEXT", "verdict TEXT", "criterion TEXT", "reason TEXT", "by_name TEXT", "run TEXT",
        "wave INTEGER", "at TEXT",
    ),
    "uses": ("run TEXT", "key TEXT", "PRIMARY KEY (run, key)"),
    "folds": ("seed TEXT PRIMARY KEY", "fold INTEGER"),
    "frozen": ("name TEXT PRIMARY KEY", "sha256 TEXT", "rows INTEGER", "ids TEXT", "at TEXT"),
    "waivers": (SERIAL, "gate TEXT", "by_name TEXT", "because TEXT", "at TEXT"),
    "releases": ("name TEXT PRIMARY KEY", "run TEXT", "manifest_sha256 TEXT", "at TEXT"),
}  # fmt: skip
_COLUMNS_SINCE = {
    1: ("responses ADD COLUMN cache_write_tokens INTEGER", "responses ADD COLUMN price TEXT"),
    2: (
        "requests ADD COLUMN attributes TEXT", "candidates ADD COLUMN wave INTEGER",
        "sessions ADD COLUMN reviews INTEGER",
    ),
}  # fmt: skip
"""What came after a version. An older ledger gains columns and tables; no row of it changes."""

_INDEXES = (
    "DROP INDEX IF EXISTS candidates_by_rank",
    "CREATE UNIQUE INDEX IF NOT EXISTS candidates_by_fate ON candidates (run, rank, accepted)",
    "CREATE INDEX IF NOT EXISTS candidates_by_id ON candidates (id)",
)


def connect(path: Path) -> sqlite3.Connection:
    """A connection without implicit transactions. InputError where the file cannot be opened."""
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    except sqlite3.Error as problem:
        raise InputError(f"cannot be opened: {problem}", path=path) from problem
    return db


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or add those that an older version lacks. InputError where the file is no ledger."""
    db.execute("BEGIN")  # one look: another process may be making the file
    _version(db, path)
    db.execute("COMMIT")
    _write_ahead(db)
    db.execute("BEGIN IMMEDIATE")
    version = _version(db, path)
    if version < VERSION:
        for statement in _statements(version):
            db.execute(statement)
    db.execute("COMMIT")


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Version of the ledger in this file; 0 for an empty one."""
    mark, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if mark != APPLICATION_ID and not empty:
        raise InputError("not a seedstock ledger: an SQLite file of something else", path=path)
    if version > VERSION:
        raise InputError(f"ledger version {version} is newer than this seedstock ({VERSION})", path=path)
    return 0 if empty else int(version)


def _statements(version: int) -> list[str]:
    """What turns a ledger of this version into one of the present version."""
    statements = [f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {VERSION}"]
    for old, columns in _COLUMNS_SINCE.items():
        statements += [f"ALTER TABLE {column}" for column in columns if 0 < version <= old]
    for name, columns in TABLES.items():
        statements.append(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(columns)})")
        statements += [
            f"CREATE TRIGGER IF NOT EXISTS {name}_{verb} BEFORE {verb} ON {name}"
            " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            for verb in ("UPDATE", "DELETE")
        ]
    return [*statements, *_INDEXES]


def _write_ahead(db: sqlite3.Connection) -> None:
    """Turn the write-ahead log on. SQLite does not wait for a lock here, so this does."""
    until = time.monotonic() + 30
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
