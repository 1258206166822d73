"""The ledger: everything that happened, in one SQLite file that is only ever appended to.

One thread writes, in groups (`groupwriter.py`); reads go through a second connection.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seedstock.errors import InputError
from seedstock.exchange import Request, Response, Token, Usage, canonical
from seedstock.groupwriter import GroupWriter
from seedstock.ledgerfile import SERIAL, TABLES, connect, prepare
from seedstock.records import Asked, BatchRecord, Candidate, Frozen, Review, Spent, Waiver
from seedstock.text import storable


def _insert_into(table: str, ignore: bool) -> str:
    columns = [c.split()[0] for c in TABLES[table] if c != SERIAL and not c.startswith("PRIMARY KEY")]
    verb = "INSERT OR IGNORE" if ignore else "INSERT"
    return f"{verb} INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})"


_INSERTS = {(table, ignore): _insert_into(table, ignore) for table in TABLES for ignore in (True, False)}


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
        self._reader = connect(path)
        try:
            prepare(self._reader, path)
            self._writer = GroupWriter(connect(path))
        except sqlite3.DatabaseError as problem:
            self._reader.close()
            raise InputError(f"not a seedstock ledger: {problem}", path=path) from problem
        except InputError:
            self._reader.close()
            raise

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
        query, cleaned = _INSERTS[table, ignore], [_cleaned(row) for row in rows]
        return self._writer.submit(lambda db: db.executemany(query, cleaned))

    def record_answer(
        self,
        key: str,
        request: Request,
        teacher: str,
        sampling: dict[str, Any],
        response: Response,
        cost: float | None,
        price: str | None = None,
    ) -> Future[None]:
        """A request with its response; the future is done when both are durable.

        `price` is what a million tokens cost then, as JSON.
        """
        asked = _cleaned((
            key, request.recipe, request.cell, request.ordinal, request.fold, canonical(request.parents),
            request.prompt_sha256, request_text(request, sampling), teacher,
            canonical(dict(request.attributes)),
        ))  # fmt: skip
        use = response.usage
        answered = _cleaned((
            key, _stored(response.text), response.finish_reason, response.model, use.prompt_tokens,
            use.completion_tokens, use.cached_tokens, cost, now(), use.cache_write_tokens, price,
        ))  # fmt: skip
        tokens = _dump([[t.text, t.logprob, t.top] for t in response.tokens]) if response.tokens else None

        def write(db: sqlite3.Connection) -> None:
            db.execute(_INSERTS["requests", True], asked)
            db.execute(_INSERTS["responses", True], answered)
            if tokens is not None:
                db.execute(_INSERTS["logprobs", True], (key, tokens))

        return self._writer.submit(write)

    def flushed(self) -> Future[None]:
        """Done when everything handed over so far is durable."""
        return self._writer.submit(lambda _: None)

    def record_finding(self, teacher: str, server: str, name: str, value: str) -> Future[None]:
        """What was found out about a server; the last word counts."""
        return self._insert("findings", [(teacher, server, name, value, now())])

    def prepare_batch(self, teacher: str, server: str, batch: BatchRecord) -> None:
        """That a batch is about to be handed over; durable on return."""
        row = (batch.mark, teacher, server, canonical(sorted(batch.names)), batch.since)
        self._insert("batches", [row]).result()

    def record_batch(self, mark: str, event: str, id_: str) -> None:
        """What became of a batch: `submitted`, `collected`, `refused`, `lost`; durable on return."""
        self._insert("batch_events", [(mark, event, id_, now())]).result()

    def record_fault(self, key: str, attempt: int, reason: str, problem: str) -> Future[None]:
        """A try that failed: counted, never lost."""
        return self._insert("faults", [(key, attempt, reason, problem, now())])

    def record_candidates(self, rows: Iterable[Candidate]) -> Future[None]:
        """Candidates with their verdicts; those already there stay as they are.

        A candidate that was turned away may be accepted later, when a place has become free: both are kept.
        Nobody has to wait: what is lost of them is made again from the answers.
        """
        return self._insert("candidates", [row.row() for row in rows], ignore=True)

    def record_uses(self, run: str, keys: Iterable[str]) -> Future[None]:
        """That a run is made out of these answers, whatever becomes of them."""
        return self._insert("uses", [(run, key) for key in keys], ignore=True)

    def record_session(self, run: str, version: str, config: str) -> None:
        """That a run was started or resumed, with the config as used, and how many reviews there were."""
        reviews = self._rows("SELECT coalesce(max(serial), 0) FROM reviews")[0][0]
        self._insert("sessions", [(run, version, config, now(), reviews)]).result()

    def record_reviews(self, reviews: Iterable[Review]) -> None:
        """What people said of rows; durable on return."""
        rows = [(r.id, r.verdict, r.criterion, r.reason, r.by, r.run, r.wave, now()) for r in reviews]
        self._insert("reviews", rows).result()

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
        columns = (
            "key, text, finish_reason, model, prompt_tokens, completion_tokens, cached_tokens,"
            " cache_write_tokens"
        )
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
            " completion_tokens, cached_tokens, cache_write_tokens, cost, at"
            " FROM requests JOIN responses USING (key) WHERE key = ?",
            key,
        )  # fmt: skip
        for row in rows:
            recipe, cell, fold, parents, body, teacher, text, finish_reason, model, *rest = row
            response = Response(_answered(text), finish_reason, model, Usage(*rest[:4]))
            made_from = tuple(json.loads(parents))
            return Asked(recipe, cell, fold, made_from, json.loads(body), teacher, response, *rest[4:])
        return None

    def spending(self, run: str) -> dict[tuple[str, str], Spent]:
        """What the answers behind this run cost, by recipe and cell."""
        query = (
            "SELECT recipe, cell, count(*), coalesce(sum(cost IS NULL), 0), coalesce(sum(cost), 0.0),"
            " coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0), sum(cached_tokens)"
            " FROM responses JOIN requests USING (key)"
            " WHERE key IN (SELECT key FROM uses WHERE run = ?) GROUP BY recipe, cell ORDER BY recipe, cell"
        )
        return {(row[0], row[1]): Spent(*row[2:]) for row in self._rows(query, run)}

    def paid(self) -> float:
        """What all answers of this ledger cost together, as far as their prices are known."""
        return float(self._rows("SELECT coalesce(sum(cost), 0.0) FROM responses")[0][0])

    def unpriced(self) -> tuple[int, int]:
        """The answers whose cost nobody knows: how many, and the characters of what was asked."""
        query = (
            "SELECT count(*), coalesce(sum(length(body)), 0) FROM responses JOIN requests USING (key)"
            " WHERE cost IS NULL"
        )
        count, characters = self._rows(query)[0]
        return int(count), int(characters)

    def sizes(self, teacher: str) -> tuple[int, int, int, int]:
        """Of a teacher's counted answers: how many, characters asked, prompt tokens, answer tokens.

        The characters are those of `request_text`.
        """
        query = (
            "SELECT count(*), coalesce(sum(length(body)), 0), coalesce(sum(prompt_tokens), 0),"
            " coalesce(sum(completion_tokens), 0) FROM responses JOIN requests USING (key)"
            " WHERE teacher = ? AND prompt_tokens IS NOT NULL AND completion_tokens IS NOT NULL"
        )
        count, characters, prompt, answer = self._rows(query, teacher)[0]
        return int(count), int(characters), int(prompt), int(answer)

    def findings(self, teacher: str, server: str) -> dict[str, str]:
        """What is known about a server, by name."""
        query = "SELECT name, value FROM findings WHERE teacher = ? AND server = ? ORDER BY serial"
        return dict(self._rows(query, teacher, server))

    def open_batches(self, teacher: str, server: str) -> list[BatchRecord]:
        """The batches that were prepared and neither collected, refused nor lost; oldest first."""
        query = (
            "SELECT mark, coalesce((SELECT id FROM batch_events e WHERE e.mark = b.mark AND"
            " event = 'submitted'), ''), at, names FROM batches b WHERE teacher = ? AND server = ?"
            " AND NOT EXISTS (SELECT 1 FROM batch_events e WHERE e.mark = b.mark AND event != 'submitted')"
            " ORDER BY at, mark"
        )
        return [
            BatchRecord(mark, id_, at, frozenset(json.loads(names)))
            for mark, id_, at, names in self._rows(query, teacher, server)
        ]

    def logprobs(self, key: str) -> tuple[Token, ...]:
        """The tokens of an answer with their log-probabilities; () where none were kept."""
        for (tokens,) in self._rows("SELECT tokens FROM logprobs WHERE key = ?", key):
            return tuple(Token(t, p, tuple((a, b) for a, b in top)) for t, p, top in json.loads(tokens))
        return ()

    def candidates(self, run: str, accepted: bool | None = None) -> Iterator[Candidate]:
        """The candidates of a run in gating order, each with its last fate; all, or those of one fate."""
        query = (
            "SELECT * FROM candidates AS c WHERE run = ? AND (?2 IS NULL OR accepted = ?2)"
            " AND (accepted OR NOT EXISTS (SELECT 1 FROM candidates AS later"
            " WHERE later.run = c.run AND later.rank = c.rank AND later.accepted))"
            " ORDER BY rank"
        )
        for row in self._reader.execute(query, (run, accepted)):
            yield Candidate.of_row(row)

    def keys_with_logprobs(self, run: str) -> dict[str, str]:
        """Id → request key of a run's accepted candidates whose answers were kept token by token."""
        query = (
            "SELECT id, key FROM candidates WHERE run = ? AND accepted"
            " AND EXISTS (SELECT 1 FROM logprobs WHERE logprobs.key = candidates.key)"
        )
        return dict(self._rows(query, run))

    def find_candidates(self, id_: str) -> list[Candidate]:
        """Every run's candidate of this id, the latest run and fate last."""
        order = "(SELECT max(serial) FROM sessions WHERE sessions.run = candidates.run), accepted"
        return [
            Candidate.of_row(r)
            for r in self._rows(f"SELECT * FROM candidates WHERE id = ? ORDER BY {order}", id_)
        ]

    def reviews(self, id_: str | None = None) -> list[Review]:
        """Everything that people said, oldest first; of one row, or of all."""
        query = (
            "SELECT id, verdict, criterion, reason, by_name, run, wave, at, serial FROM reviews"
            " WHERE ?1 IS NULL OR id = ?1 ORDER BY serial"
        )
        return [Review(*row) for row in self._rows(query, id_)]

    def reviews_before(self, run: str) -> int:
        """The last review that there was when a run was first started: its serial number, 0 for none."""
        rows = self._rows("SELECT reviews FROM sessions WHERE run = ? ORDER BY serial LIMIT 1", run)
        return int(rows[0][0] or 0) if rows else 0

    def last_wave(self, run: str) -> int:
        """The last wave of a run that has candidates; 0 before the first."""
        return int(self._rows("SELECT coalesce(max(wave), 0) FROM candidates WHERE run = ?", run)[0][0])

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


def request_text(request: Request, sampling: dict[str, Any]) -> str:
    """A request as it is kept: prompt, schema and settings as JSON."""
    return _dump({**request.body(), "sampling": sampling})


_dump = json.JSONEncoder().encode


def _cleaned(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(storable(value) if isinstance(value, str) else value for value in row)


def _stored(answer: str) -> str | bytes:
    """An answer as it can be stored without loss: read again, it must be gated as it was."""
    whole = storable(answer) == answer
    return answer if whole else answer.encode("utf-8", "surrogatepass")


def _answered(stored: str | bytes) -> str:
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")
