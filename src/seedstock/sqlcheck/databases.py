"""The databases that a task's queries are asked of, and what queries give on small random ones of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from seedstock.sqlcheck.filling import Hints, fill, hints_of
from seedstock.sqlcheck.guard import STEPS
from seedstock.sqlcheck.query import Query, parse_query
from seedstock.sqlcheck.running import Failed, Rows, run_query
from seedstock.sqlcheck.schema import Schema, open_database

FILLS = 5
"""Random databases that queries are compared on. With 3, three wrong queries in a hundred look right."""

_REAL_STEPS = 50_000_000

Results = list[Rows] | Failed
"""What a query gives on each database, or why it fails on one."""


@dataclass(frozen=True)
class Databases:
    """Schemas by name. With `by`, a row's field of that name names its schema; else there is one, or none."""

    dialect: str = "sqlite"
    schemas: Mapping[str, Schema] | None = None
    by: str | None = None

    def named(self, name: str) -> Schema | None:
        """The schema of this name; of one without a name that is any."""
        if self.schemas is None:
            return None
        return self.schemas.get(name) if self.by else next(iter(self.schemas.values()), None)

    def parse(self, text: str) -> Query:
        """The query in a text. Raises BadQuery."""
        return parse_query(text, self.dialect)

    def results(self, queries: Sequence[Query], schema: Schema, fills: int = FILLS) -> list[Results]:
        """What each query gives on the same random databases, and on the real one where there is one.

        The databases hold what any of the queries looks for.
        """
        hints = hints_of(queries)
        found: list[Results] = [[] for _ in queries]
        for seed in [*range(fills), *([None] if schema.file is not None else [])]:
            self._add(found, queries, schema, hints, seed)
        return found

    def _add(
        self, found: list[Results], queries: Sequence[Query], schema: Schema, hints: Hints, seed: int | None
    ) -> None:
        with closing(_made(schema, hints, seed)) as connection:
            for place, query in enumerate(queries):
                so_far = found[place]
                if isinstance(so_far, Failed):
                    continue
                rows = run_query(connection, self._spoken(query), STEPS if seed is not None else _REAL_STEPS)
                if isinstance(rows, Failed):
                    # A query that takes long on the real rows may be right; on twenty rows it is not.
                    if seed is not None or rows.code != "limit":
                        found[place] = rows
                else:
                    so_far.append(rows)

    def _spoken(self, query: Query) -> str:
        """The query as SQLite takes it."""
        if self.dialect == "sqlite":
            return query.text
        spoken: str = query.tree.sql(dialect="sqlite")
        return spoken


def _made(schema: Schema, hints: Hints, seed: int | None) -> sqlite3.Connection:
    """A random database of this seed; without one, the real one."""
    if seed is None and schema.file is not None:
        return open_database(schema.file)
    return fill(schema, hints, seed or 0)
