"""A connection on which a query can read what is there, and nothing else, and cannot run on.

No query is trusted: it may have been written by a model that read somebody's text. Every action but
reading is refused by SQLite's authorizer when the query is prepared, every function that reaches out of
the database or makes data out of nothing as well; lengths are bounded, and the virtual machine is
stopped after a number of steps, which does not depend on how fast the machine is.
"""

from __future__ import annotations

import re
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STEPS = 500_000
"""Steps of SQLite's virtual machine, some hundredths of a second: joins of four small tables take a tenth."""
_EVERY = 1_000
LONGEST_VALUE = 5_000
"""Bytes of a text or row that a query may make."""
_GROWTH = 128 << 20 if sys.platform == "darwin" else 128 << 10
"""What the process may grow by while one query runs: 128 MB, in the system's own unit."""

_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_MAKING = _READING | {
    sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_CREATE_VIEW,
    sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_REINDEX,
}  # fmt: skip
_REFUSED = frozenset(
    "load_extension readfile writefile edit fts3_tokenizer randomblob zeroblob sqlite_log".split()
)
_FORMATS = re.compile(r"\b(?:printf|format)\b", re.IGNORECASE)
_HARMLESS_FORMAT = re.compile(
    r"\b(?:printf|format)\s*\(\s*'(?:[^'%]|%[-+ 0,#!]*\d{0,2}(?:\.\d{0,2})?[a-zA-Z%])*'", re.IGNORECASE
)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def harmless(sql: str) -> bool:
    """Whether every format in a query is written out and narrow: one step may not take seconds.

    `printf('%.*c', 1000000000, 'a')` is one step of the virtual machine.
    """
    return len(_FORMATS.findall(sql)) == len(_HARMLESS_FORMAT.findall(sql))


@contextmanager
def guarded(connection: sqlite3.Connection, steps: int, *, make: bool = False) -> Iterator[None]:
    """Bind a connection while the block runs; `make` also lets it create and fill tables.

    What goes over a limit raises sqlite3.Error: `interrupted` for the steps, `not authorized` for an
    action, `string or blob too big` for a length.
    """
    allowed = _MAKING if make else _READING
    left = steps // _EVERY
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def authorise(action: int, _: str | None, second: str | None, *__: str | None) -> int:
        fine = action in allowed and not (action == sqlite3.SQLITE_FUNCTION and second in _REFUSED)
        return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY

    def stop() -> int:
        nonlocal left
        left -= 1
        return int(left < 0 or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start > _GROWTH)

    for limit, most in _LIMITS.items():
        if not (make and limit == sqlite3.SQLITE_LIMIT_LENGTH):
            connection.setlimit(limit, most)
    connection.set_progress_handler(stop, _EVERY)
    connection.set_authorizer(authorise)
    try:
        yield
    finally:
        connection.set_authorizer(None)
        connection.set_progress_handler(None, 0)
