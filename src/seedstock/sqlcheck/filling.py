"""Small random databases for a schema, on which queries that mean different things give different rows.

Filled by a fixed seed. Foreign keys are honoured, some parents have no children, values repeat, and what
queries compare a column with stands in that column: on a database in which no filter matches anything,
all queries would agree. No value is NULL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from random import Random
from typing import Any

from seedstock.sqlcheck.query import Query
from seedstock.sqlcheck.schema import Column, Schema, Table

Hints = Mapping[str, tuple[Any, ...]]
"""Column name in lower case → what queries compare it with."""

_WORDS = (
    "amber birch cedar delta ember fjord grove haven iris jade koala lemon maple noble onyx pearl".split()
)
_ROWS = (6, 24)
_SPANS = (3, 12, 60)
"""How many values a column draws from: few make ties at the top, many tell sums apart."""
_HINTED = 0.45
"""How often a value is one of the hints, where there are any."""


def hints_of(queries: Iterable[Query]) -> Hints:
    """The literals of queries by the column they are compared with, and numbers beside them."""
    found: dict[str, dict[Any, None]] = {}
    for query in queries:
        for column, value in _compared(query.tree):
            found.setdefault(column, {}).update(dict.fromkeys(_around(value)))
    return {column: tuple(values) for column, values in sorted(found.items())}


def _compared(tree: Any) -> Iterable[tuple[str, str | float]]:
    from sqlglot import exp

    predicates = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.In, exp.Between, exp.Glob)
    for node in tree.walk():
        if isinstance(node, predicates):
            # SQLite takes "text" for text where no column has that name, so names in quotes are hints too.
            columns = list(node.find_all(exp.Column))
            named = {c.name.lower() for c in columns}
            literals = [_value(literal) for literal in node.find_all(exp.Literal)]
            literals += [c.name for c in columns if c.this.args.get("quoted") and not c.table]
            yield from ((name, value) for name in named for value in literals)


def _value(literal: Any) -> str | float:
    if literal.is_string:
        return str(literal.this)
    try:
        number = float(literal.this)
    except ValueError:
        return str(literal.this)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _around(value: str | float) -> tuple[Any, ...]:
    """A bound is told from its neighbour only where both stand in the column."""
    if isinstance(value, str):
        bare = value.replace("%", "").replace("_", " ") if "%" in value else value
        return (bare, f"{bare} {_WORDS[0]}", f"{_WORDS[1]} {bare}") if bare != value else (value,)
    return (value - 1, value, value + 1)


def fill(schema: Schema, hints: Hints, seed: int) -> sqlite3.Connection:
    """An in-memory database of this schema with 6 to 24 rows in each table."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(schema.ddl)
    random = Random(f"seedstock {seed}")
    filled: dict[tuple[str, str], list[Any]] = {}
    hints = _with_targets(schema, hints)
    targets = {(link.table.lower(), link.target.lower()) for table in schema.tables for link in table.links}
    connection.execute("BEGIN")
    for table in _parents_first([table for table in schema.tables if not table.is_view]):
        _fill_table(connection, table, hints, filled, targets, random)
    connection.execute("COMMIT")
    return connection


def _fill_table(
    connection: sqlite3.Connection,
    table: Table,
    hints: Hints,
    filled: dict[tuple[str, str], list[Any]],
    targets: Set[tuple[str, str]],
    random: Random,
) -> None:
    n = random.randint(*_ROWS)
    stored = [column for column in table.columns if not column.computed]
    columns = [_values(table, column, n, hints, filled, random) for column in stored]
    names = ", ".join(_quoted(column.name) for column in stored)
    marks = ", ".join("?" for _ in stored)
    sql = f"INSERT OR IGNORE INTO {_quoted(table.name)} ({names}) VALUES ({marks})"  # names are the owner's
    for row in zip(*columns, strict=True):
        # A literal may be of another type than the column takes: that row is left out.
        with suppress(sqlite3.Error, OverflowError):
            connection.execute(sql, row)
    # Only what was taken can be pointed at.
    for column in stored:
        if (place := (table.name.lower(), column.name.lower())) in targets:
            sql = f"SELECT {_quoted(column.name)} FROM {_quoted(table.name)}"
            filled[place] = [value for (value,) in connection.execute(sql)]


def _values(
    table: Table, column: Column, n: int, hints: Hints, filled: Mapping[tuple[str, str], list[Any]],
    random: Random,
) -> list[Any]:  # fmt: skip
    own = _fitting(column, hints.get(column.name.lower(), ()))
    link = next((link for link in table.links if link.column == column.name), None)
    parents = filled.get((link.table.lower(), link.target.lower())) if link is not None else None
    if parents:
        some = random.sample(parents, max(1, len(parents) * 3 // 4))
        return random.sample(some, n) if column.unique and len(some) >= n else random.choices(some, k=n)
    if column.unique:
        return _distinct(column, n, own, random)
    span = random.choice(_SPANS)
    return [
        random.choice(own) if own and random.random() < _HINTED else _any(column, span, random)
        for _ in range(n)
    ]


def _distinct(column: Column, n: int, own: tuple[Any, ...], random: Random) -> list[Any]:
    plain = [i + 1 if column.holds == "number" else f"{_WORDS[i % 16]} {i + 1}" for i in range(n)]
    values = list(dict.fromkeys([*own[: n // 2], *plain]))[:n]
    random.shuffle(values)
    return values


def _any(column: Column, span: int, random: Random) -> Any:
    if column.holds == "date":
        return f"{2022 - random.randrange(span) // 3}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    if column.holds == "text":
        return random.choice(_WORDS[:span])
    return (1960 if "year" in column.name.lower() else 1) + random.randrange(span)


def _fitting(column: Column, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Hints of the column's own kind: a number in a text column stands there as text."""
    if column.holds == "number":
        return tuple(v for v in values if not isinstance(v, str)) or values
    return tuple(v if isinstance(v, str) else str(v) for v in values)


def _with_targets(schema: Schema, hints: Hints) -> Hints:
    """A literal that a foreign key is compared with must stand in the column that the key points at."""
    more = dict(hints)
    for table in schema.tables:
        for link in table.links:
            mine, theirs = link.column.lower(), link.target.lower()
            more[theirs] = tuple(dict.fromkeys([*more.get(theirs, ()), *hints.get(mine, ())]))
    return more


def _parents_first(tables: Sequence[Table]) -> list[Table]:
    """Tables after those that they point at; in a circle, in declared order."""
    done: list[Table] = []
    waiting = list(tables)
    while waiting:
        names = {table.name.lower() for table in waiting}
        free = [
            t for t in waiting if not {link.table.lower() for link in t.links} & (names - {t.name.lower()})
        ]
        chosen = free or waiting[:1]
        done += chosen
        waiting = [table for table in waiting if table not in chosen]
    return done


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
