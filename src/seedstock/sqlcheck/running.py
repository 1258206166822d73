"""Running a query on a database under guard, and telling whether two results are the same."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from seedstock.sqlcheck.guard import STEPS, guarded, harmless

MOST_ROWS = 5_000
_DIGITS = 9
_MOST_ORDERS, _WIDEST = 50, 30

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a query gave no result: `limit` where it was stopped, `refused` for what it may not do."""

    code: str
    reason: str


def run_query(connection: sqlite3.Connection, sql: str, steps: int = STEPS) -> Rows | Failed:
    """The rows that a query gives, or why it gives none. Nothing of the database is changed."""
    if not harmless(sql):
        return Failed("refused", "its printf() could make a text of any length")
    try:
        connection.execute("PRAGMA query_only = ON")
        with guarded(connection, steps):
            cursor = connection.execute(sql)
            rows: Rows = cursor.fetchmany(MOST_ROWS + 1)
            cursor.close()
    except sqlite3.Error as problem:
        return _failed(str(problem))
    except (sqlite3.Warning, ValueError, OverflowError) as problem:
        return Failed("not_executable", str(problem))
    if len(rows) > MOST_ROWS:
        return Failed("limit", f"it gives more than {MOST_ROWS} rows from a small database")
    return rows


def _failed(said: str) -> Failed:
    if said in ("interrupted", "string or blob too big") or "out of memory" in said:
        return Failed("limit", f"it was stopped at its limits on a small database ({said})")
    if "not authorized" in said or "prohibited" in said:
        return Failed("refused", f"it may only read ({said})")
    return Failed("not_executable", said)


def same_rows(pairs: Sequence[tuple[Rows, Rows]], ordered: bool) -> bool:
    """Whether two queries gave the same on every database, in some one order of their columns.

    The same rows as often, in the same order where one was asked for. A query that gives the columns in
    another order answers the same question, but it must be the same order on all databases.
    """
    plain = [([_plain(row) for row in one], [_plain(row) for row in other]) for one, other in pairs]
    if any(len(one) != len(other) for one, other in plain):
        return False
    widths = {len(row) for both in plain for rows in both for row in rows}
    if len(widths) > 1:
        return False
    width = widths.pop() if widths else 0
    orders = _column_orders(plain, width) if width <= _WIDEST else [tuple(range(width))]
    return any(all(_equal(one, other, order, ordered) for one, other in plain) for order in orders)


def _column_orders(plain: Sequence[tuple[Rows, Rows]], width: int) -> Iterator[tuple[int, ...]]:
    """Orders of the second query's columns in which each column holds what the first one's does."""
    mine = [[Counter(row[i] for row in one) for one, _ in plain] for i in range(width)]
    theirs = [[Counter(row[i] for row in other) for _, other in plain] for i in range(width)]
    fitting = [[j for j in range(width) if theirs[j] == mine[i]] for i in range(width)]
    alike = [sum(column == other for other in mine) for column in mine]
    if alike == [len(columns) for columns in fitting]:  # else some column has nothing left to stand for it
        yield from islice(_choices(fitting, ()), _MOST_ORDERS)


def _choices(fitting: list[list[int]], chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if len(chosen) == len(fitting):
        yield chosen
        return
    for column in fitting[len(chosen)]:
        if column not in chosen:
            yield from _choices(fitting, (*chosen, column))


def _equal(one: Rows, other: Rows, order: tuple[int, ...], ordered: bool) -> bool:
    turned = [tuple(row[i] for i in order) for row in other]
    return one == turned if ordered else Counter(one) == Counter(turned)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """1 and 1.0 are equal, and so are sums that differ in the last bits."""
    return tuple(float(f"{v:.{_DIGITS}g}") if isinstance(v, int | float) else v for v in row)
