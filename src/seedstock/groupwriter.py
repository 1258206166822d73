"""One thread that writes to SQLite in groups: durable, and yet fast.

It commits what has gathered every 20 ms or 64 entries with `synchronous=FULL`, and an entry's future
is resolved only after its commit: who waits for it knows that a power cut cannot take it back.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

from seedstock.errors import InputError

GROUP_SECONDS = 0.02
GROUP_ENTRIES = 64

Work = Callable[[sqlite3.Connection], object]
_Entry = tuple[Work, "Future[None]"]


class GroupWriter:
    """Runs work group by group, in one thread, on a connection that any thread may use; closes it at last."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> Future[None]:
        """Queue work; its future is done when it is durable, or holds what went wrong."""
        future: Future[None] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Commit what is waiting, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _write(self) -> None:
        try:
            open_ = True
            while open_:
                group, open_ = self._gather()
                if group:
                    _commit(self._db, group)
        finally:
            self._db.close()

    def _gather(self) -> tuple[list[_Entry], bool]:
        """Wait for an entry, then for more until the group is full or 20 ms have passed."""
        first = self._queue.get()
        if first is None:
            return [], False
        group, deadline = [first], time.monotonic() + GROUP_SECONDS
        while len(group) < GROUP_ENTRIES and (left := deadline - time.monotonic()) > 0:
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if item is None:
                return group, False
            group.append(item)
        return group, True


def _commit(db: sqlite3.Connection, group: list[_Entry]) -> None:
    """One transaction for the group; on failure every waiting caller hears of it.

    An entry that cannot be stored must not take others with it: then each is tried alone.
    """
    problem = _transact(db, [work for work, _ in group])
    if problem is None:
        for _, future in group:
            future.set_result(None)
    elif len(group) == 1 or isinstance(problem, sqlite3.OperationalError):  # the file's fault
        for _, future in group:
            future.set_exception(InputError(f"the ledger cannot be written: {problem}"))
    else:
        for entry in group:
            _commit(db, [entry])


def _transact(db: sqlite3.Connection, works: list[Work]) -> Exception | None:
    """Do all or nothing; gives what went wrong."""
    try:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        for work in works:
            work(db)
        db.execute("COMMIT")
    except Exception as problem:  # noqa: BLE001  # were this thread to die, whoever waits would wait for ever
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        return problem
    return None
