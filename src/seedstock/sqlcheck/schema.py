"""What a database consists of, read from its DDL by SQLite itself: tables, columns, keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from seedstock.sqlcheck.guard import STEPS, guarded

Holds = Literal["number", "text", "date"]
_OWN = "type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what it holds, as its declared type and name tell."""

    name: str
    holds: Holds
    unique: bool = False
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key of one column: this column holds values of that one."""

    column: str
    table: str
    target: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table or a view. Names are as declared; SQLite compares them without case."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    links: tuple[Link, ...]
    is_view: bool = False


@dataclass(frozen=True)
class Schema:
    """A database without its rows. `ddl` makes it anew; `file` is a database with real rows, or None."""

    ddl: str
    tables: tuple[Table, ...]
    file: Path | None = None

    @cached_property
    def columns_of(self) -> dict[str, dict[str, str]]:
        """Table → column → type, in lower case, as sqlglot wants a schema."""
        return {t.name.lower(): {c.name.lower(): c.holds for c in t.columns} for t in self.tables}


def read_schema(ddl: str, dialect: str = "sqlite") -> Schema:
    """The schema that DDL declares; of another dialect than SQLite's it is translated first.

    Raises ValueError with the database's own words where it cannot be made.
    """
    script = ddl if dialect == "sqlite" else _translated(ddl, dialect)
    connection = sqlite3.connect(":memory:")
    try:
        with guarded(connection, STEPS, make=True):
            connection.executescript(script)
        return _of(connection, script)
    except sqlite3.Error as problem:
        raise ValueError(str(problem)) from problem
    finally:
        connection.close()


def read_database(path: Path) -> Schema:
    """The schema of a SQLite file, which is only read. Raises ValueError where it is none."""
    try:
        connection = open_database(path)
    except sqlite3.Error as problem:
        raise ValueError(str(problem)) from problem
    try:
        made = connection.execute(f"SELECT sql FROM sqlite_master WHERE {_OWN} ORDER BY rowid")
        ddl = ";\n".join(sql for (sql,) in made)
        return Schema(ddl, _of(connection, ddl).tables, path)
    except sqlite3.Error as problem:
        raise ValueError(str(problem)) from problem
    finally:
        connection.close()


def open_database(path: Path) -> sqlite3.Connection:
    """A connection to a file that it can neither make nor change."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


def _translated(ddl: str, dialect: str) -> str:
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        return ";\n".join(sqlglot.transpile(ddl, read=dialect, write="sqlite"))
    except (SqlglotError, RecursionError) as problem:
        raise ValueError(str(problem)) from problem


def _of(connection: sqlite3.Connection, ddl: str) -> Schema:
    names = connection.execute(
        f"SELECT name, type = 'view' FROM sqlite_master WHERE {_OWN} ORDER BY rowid"
    ).fetchall()
    tables = [_table(connection, name, bool(is_view)) for name, is_view in names]
    if all(table.is_view for table in tables):
        raise ValueError("there is no CREATE TABLE in it")
    keys = {table.name.lower(): table.key for table in tables if len(table.key) == 1}
    return Schema(ddl, tuple(_with_targets(table, keys) for table in tables))


def _with_targets(table: Table, keys: Mapping[str, tuple[str, ...]]) -> Table:
    """`REFERENCES maker` without a column means its primary key."""
    links = [
        replace(link, target=link.target or keys.get(link.table.lower(), ("",))[0]) for link in table.links
    ]
    return replace(table, links=tuple(links))


def _table(connection: sqlite3.Connection, name: str, is_view: bool) -> Table:
    told = connection.execute("SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key = tuple(column for column, _, place, _ in sorted(told, key=lambda row: row[2]) if place)
    columns = tuple(
        Column(column, _holds(column, type_), key == (column,), bool(hidden))
        for column, type_, _, hidden in told
    )
    linked = connection.execute(
        'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', (name,)
    )
    links = tuple(Link(column, table, target or "") for column, table, target in linked)
    return Table(name, columns, key, links, is_view)


def _holds(name: str, type_: str) -> Holds:
    declared = type_.upper()
    if "DATE" in declared or "TIME" in declared:
        return "date"
    if any(word in declared for word in ("CHAR", "TEXT", "CLOB", "STRING")):
        return "date" if "date" in name.lower() else "text"
    return "number"
