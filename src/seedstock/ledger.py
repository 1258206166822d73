"""The ledger: everything that happened, in one SQLite file that is only ever appended to.

One thread writes, in groups (`groupwriter.py`); reads go through a second connection.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.exchange import Request, Response, Usage, canonical
from seedstock.groupwriter import GroupWriter
from seedstock.verdict import Verdict

APPLICATION_ID = 0x5EED5  # marks the file as ours
VERSION = 1

_SERIAL = "serial INTEGER PRIMARY KEY"
_TABLES: dict[str, tuple[str, ...]] = {
    "sessions": (_SERIAL, "run TEXT", "version TEXT", "config TEXT", "at TEXT"),
    "requests": (
        "key TEXT PRIMARY KEY", "recipe TEXT", "cell TEXT", "ordinal INTEGER", "fold INTEGER", "parents TEXT",
        "prompt_sha256 TEXT", "body TEXT", "teacher TEXT",
    ),
    "responses": (
        "key TEXT PRIMARY KEY", "text TEXT", "finish_reason TEXT", "model TEXT", "prompt_tokens INTEGER",
        "completion_tokens INTEGER", "cached_tokens INTEGER", "cost REAL", "at TEXT",
    ),
    "faults": (_SERIAL, "key TEXT", "attempt INTEGER", "reason TEXT", "problem TEXT", "at TEXT"),
    "candidates": (
        "run TEXT", "rank INTEGER", "id TEXT", "key TEXT", "recipe TEXT", "cell TEXT", "accepted INTEGER",
        "example TEXT", "verdicts TEXT",
    ),
    "folds": ("seed TEXT PRIMARY KEY", "fold INTEGER"),
    "frozen": ("name TEXT PRIMARY KEY", "sha256 TEXT", "rows INTEGER", "ids TEXT", "at TEXT"),
    "waivers": (_SERIAL, "gate TEXT", "by_name TEXT", "because TEXT", "at TEXT"),
    "releases": ("name TEXT PRIMARY KEY", "run TEXT", "manifest_sha256 TEXT", "at TEXT"),
}  # fmt: skip
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS candidates_by_rank ON candidates (run, rank)",
    "CREATE INDEX IF NOT EXISTS candidates_by_id ON candidates (id)",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the ledger: one candidate of one run, with every gate's verdict.

    `example` is None where the response could not be parsed; `rank` is its place in gating order.
    """

    run: str
    rank: int
    id: str
    key: str
    recipe: str
    cell: str
    accepted: bool
    example: Example | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A real set that may not change any more: its content hash and, for a split, its rows' ids."""

    sha256: str
    rows: int
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person's written reason to let a failing gate pass."""

    gate: str
    by: str
    because: str
    at: str

    def to_json(self) -> dict[str, str]:
        """As printed in reports and manifests."""
        return {"gate": self.gate, "by": self.by, "because": self.because, "at": self.at}


@dataclass(frozen=True, slots=True)
class Asked:
    """A recorded request with its response."""

    recipe: str
    cell: str
    fold: int | None
    parents: tuple[str, ...]
    body: dict[str, Any]
    teacher: str
    response: Response
    cost: float | None
    at: str


def now() -> str:
    """UTC, to the second, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """An open ledger. Use as a context manager; only one process may write at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create. InputError where the file is not a ledger, or one of a newer version."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise InputError(f"no folder for the ledger: {problem.strerror}", path=path.parent) from problem
        self._reader = _connect(path)
        try:
            _prepare(self._reader, path)
        except sqlite3.DatabaseError as problem:
            self._reader.close()
            raise InputError(f"not a seedstock ledger: {problem}", path=path) from problem
        except InputError:
            self._reader.close()
            raise
        self._writer = GroupWriter(lambda: _connect(path))

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what is waiting, then close."""
        self._writer.close()
        self._reader.close()

    # -- writing

    def _insert(self, table: str, rows: Iterable[Sequence[Any]], *, ignore: bool = False) -> Future[None]:
        rows = [tuple(_clean(v) if isinstance(v, str) else v for v in row) for row in rows]
        columns = [column.split()[0] for column in _TABLES[table] if column != _SERIAL]
        verb = "INSERT OR IGNORE" if ignore else "INSERT"
        query = f"{verb} INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"
        return self._writer.submit(lambda db: db.executemany(query, rows))

    def record_answer(
        self,
        key: str,
        request: Request,
        teacher: str,
        sampling: dict[str, Any],
        response: Response,
        cost: float | None,
    ) -> Future[None]:
        """A request with its response; the future is done when both are durable."""
        asked = (
            key, request.recipe, request.cell, request.ordinal, request.fold, canonical(request.parents),
            request.prompt_sha256, _dump({**request.body(), "sampling": sampling}), teacher,
        )  # fmt: skip
        use = response.usage
        answered = (
            key, _stored(response.text), response.finish_reason, response.model, use.prompt_tokens,
            use.completion_tokens, use.cached_tokens, cost, now(),
        )  # fmt: skip
        self._insert("requests", [asked], ignore=True)
        return self._insert("responses", [answered], ignore=True)

    def record_fault(self, key: str, attempt: int, reason: str, problem: str) -> Future[None]:
        """A try that failed: counted, never lost."""
        return self._insert("faults", [(key, attempt, reason, problem, now())])

    def record_candidates(self, rows: Iterable[Candidate]) -> None:
        """Candidates with their verdicts, durable on return; those already there stay as they are."""
        self._insert("candidates", [_candidate_row(row) for row in rows], ignore=True).result()

    def record_session(self, run: str, version: str, config: str) -> None:
        """That a run was started or resumed, with the config as used."""
        self._insert("sessions", [(run, version, config, now())]).result()

    def record_folds(self, folds: dict[str, int]) -> None:
        """Fold of each seed, once and for all."""
        self._insert("folds", list(folds.items()), ignore=True).result()

    def freeze(self, name: str, frozen: Frozen) -> None:
        """Remember a real set; the first word stands."""
        row = (name, frozen.sha256, frozen.rows, canonical(frozen.ids), now())
        self._insert("frozen", [row], ignore=True).result()

    def record_waiver(self, gate: str, by: str, because: str) -> None:
        """A waiver, once: the same words again add nothing."""
        if (gate, by, because) not in {(w.gate, w.by, w.because) for w in self.waivers()}:
            self._insert("waivers", [(gate, by, because, now())]).result()

    def record_release(self, name: str, run: str, manifest_sha256: str) -> None:
        """That a release was written."""
        self._insert("releases", [(name, run, manifest_sha256, now())], ignore=True).result()

    # -- reading

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._reader.execute(query, values).fetchall()

    def answers(self, keys: Sequence[str]) -> dict[str, Response]:
        """The recorded responses among these request keys."""
        found: dict[str, Response] = {}
        columns = "key, text, finish_reason, model, prompt_tokens, completion_tokens, cached_tokens"
        for start in range(0, len(keys), 500):
            part = keys[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self._rows(f"SELECT {columns} FROM responses WHERE key IN ({marks})", *part):
                found[row[0]] = Response(_answered(row[1]), row[2], row[3], Usage(*row[4:]))
        return found

    def asked(self, key: str) -> Asked | None:
        """The request of this key and its response."""
        rows = self._rows(
            "SELECT recipe, cell, fold, parents, body, teacher, text, finish_reason, model, prompt_tokens,"
            " completion_tokens, cached_tokens, cost, at FROM requests JOIN responses USING (key)"
            " WHERE key = ?",
            key,
        )  # fmt: skip
        for row in rows:
            recipe, cell, fold, parents, body, teacher, text, finish_reason, model, *rest = row
            response = Response(_answered(text), finish_reason, model, Usage(*rest[:3]))
            made_from = tuple(json.loads(parents))
            return Asked(recipe, cell, fold, made_from, json.loads(body), teacher, response, *rest[3:])
        return None

    def cost(self, run: str) -> tuple[int, int, float]:
        """Of the requests whose candidates are in `run`: how many, how many without a price, the sum."""
        query = (
            "SELECT count(*), coalesce(sum(cost IS NULL), 0), coalesce(sum(cost), 0.0) FROM responses"
            " WHERE key IN (SELECT key FROM candidates WHERE run = ?)"
        )
        count, unknown, total = self._rows(query, run)[0]
        return int(count), int(unknown), float(total)

    def candidates(self, run: str, accepted: bool | None = None) -> Iterator[Candidate]:
        """The candidates of a run in gating order; all, or the accepted or rejected ones."""
        query = "SELECT * FROM candidates WHERE run = ? AND (?2 IS NULL OR accepted = ?2) ORDER BY rank"
        for row in self._reader.execute(query, (run, accepted)):
            yield _candidate(row)

    def find_candidates(self, id_: str) -> list[Candidate]:
        """Every run's candidate of this id, the latest run last."""
        order = "(SELECT max(serial) FROM sessions WHERE sessions.run = candidates.run)"
        return [
            _candidate(r) for r in self._rows(f"SELECT * FROM candidates WHERE id = ? ORDER BY {order}", id_)
        ]

    def folds(self) -> dict[str, int]:
        """Fold of each seed that has one."""
        return dict(self._rows("SELECT seed, fold FROM folds"))

    def frozen(self, name: str) -> Frozen | None:
        """The set frozen under this name."""
        for sha256, rows, ids in self._rows("SELECT sha256, rows, ids FROM frozen WHERE name = ?", name):
            return Frozen(sha256, rows, tuple(json.loads(ids)))
        return None

    def waivers(self) -> list[Waiver]:
        """All waivers, oldest first."""
        return [
            Waiver(*row)
            for row in self._rows("SELECT gate, by_name, because, at FROM waivers ORDER BY serial")
        ]

    def faults(self) -> dict[str, int]:
        """How often a try failed, by reason, over the ledger's life."""
        query = "SELECT reason, count(*) FROM faults GROUP BY reason ORDER BY reason"
        return dict(self._rows(query))

    def last_session(self, run: str) -> str | None:
        """When this run was last started or resumed."""
        at = self._rows("SELECT max(at) FROM sessions WHERE run = ?", run)[0][0]
        return None if at is None else str(at)

    def releases(self) -> dict[str, str]:
        """Name → manifest hash of every release written."""
        return dict(self._rows("SELECT name, manifest_sha256 FROM releases"))


def _connect(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    except sqlite3.Error as problem:
        raise InputError(f"cannot be opened: {problem}", path=path) from problem
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    mark, version = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if mark != APPLICATION_ID and not empty:
        raise InputError("not a seedstock ledger: an SQLite file of something else", path=path)
    if version > VERSION:
        raise InputError(f"ledger version {version} is newer than this seedstock ({VERSION})", path=path)
    db.execute("PRAGMA journal_mode = WAL")
    if empty:
        statements = [f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {VERSION}"]
        for name, columns in _TABLES.items():
            statements.append(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(columns)})")
            statements += [
                f"CREATE TRIGGER IF NOT EXISTS {name}_{verb} BEFORE {verb} ON {name}"
                " BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
                for verb in ("UPDATE", "DELETE")
            ]
        db.executescript("BEGIN IMMEDIATE;" + ";".join([*statements, *_INDEXES]) + ";COMMIT;")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True)


def _clean(text: str) -> str:
    """SQLite stores UTF-8: lone surrogates become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _stored(answer: str) -> str | bytes:
    """An answer as it can be stored without loss: read again, it must be gated as it was."""
    whole = _clean(answer) == answer
    return answer if whole else answer.encode("utf-8", "surrogatepass")


def _answered(stored: str | bytes) -> str:
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")


def _candidate_row(row: Candidate) -> tuple[Any, ...]:
    example = None if row.example is None else _dump(row.example.to_json())
    verdicts = _dump([v.to_json() for v in row.verdicts])
    return (row.run, row.rank, row.id, row.key, row.recipe, row.cell, int(row.accepted), example, verdicts)


def _candidate(row: tuple[Any, ...]) -> Candidate:
    example = None if row[7] is None else Example.from_json(json.loads(row[7]))
    verdicts = tuple(Verdict.from_json(v) for v in json.loads(row[8]))
    run, rank, id_, key, recipe, cell = row[:6]
    return Candidate(run, rank, id_, key, recipe, cell, bool(row[6]), example, verdicts)
