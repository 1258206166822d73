"""Store: bytes under 32-byte keys in one SQLite file that may be lost at any time."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

log = logging.getLogger(__name__)

KEYS_AT_ONCE = 500
BUSY_SECONDS = 10.0
# A vector of 384 floats takes 1.5 kB: with 8 kB pages five share one, with the usual 4 kB only two.
SETUP = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL);
"""


class Store:
    """Get and put. Trouble with the file is logged: a broken one is replaced, a locked one waited for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._db: sqlite3.Connection | None = None
        with self._trouble():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = self._open()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Key → bytes, of those keys that are there."""
        found: dict[bytes, bytes] = {}
        with self._lock, self._trouble():
            for start in range(0, len(keys), KEYS_AT_ONCE):
                found.update(self._rows(keys[start : start + KEYS_AT_ONCE]))
        return found

    def put(self, items: Mapping[bytes, bytes]) -> None:
        """Keep these, in one transaction. Those already there stay as they are."""
        with self._lock, self._trouble():
            if self._db is not None:
                with self._db:
                    self._db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", items.items())

    def close(self) -> None:
        """Close the file; afterwards nothing is found and nothing is kept."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _rows(self, keys: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        if self._db is None:
            return []
        marks = ",".join("?" * len(keys))
        return self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", keys).fetchall()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, check_same_thread=False)
        try:
            db.executescript(SETUP)
        except sqlite3.DatabaseError:
            db.close()
            raise
        return db

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.OperationalError) as problem:
            log.warning("vector cache %s cannot be used now: %s", self._path, problem)
        except sqlite3.DatabaseError as problem:
            log.warning("vector cache %s is broken (%s) and is made anew", self._path, problem)
            self._renew()

    def _renew(self) -> None:
        self.close()
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._db = self._open()
        except (OSError, sqlite3.DatabaseError) as problem:
            log.warning("vector cache %s cannot be made anew: %s", self._path, problem)
