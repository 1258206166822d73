"""Names in a query against a schema: tables and columns that are not there, and what SQLite lets pass.

SQLite takes `"nmae"` for a text where no column has that name, and a bare column beside an aggregate for
any row's value. Both run, and neither is what was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from seedstock.sqlcheck.query import BadQuery, Query
from seedstock.sqlcheck.schema import Schema


def unbound(query: Query, schema: Schema) -> BadQuery | None:
    """The first name of a query that the schema does not have; None where all are bound."""
    from sqlglot import exp

    own = {cte.alias.lower() for cte in query.tree.find_all(exp.CTE)}
    for table in query.tree.find_all(exp.Table):
        name = table.name.lower()
        if name and name not in schema.columns_of and name not in own and name != "sqlite_master":
            known = [t.name for t in schema.tables]
            return BadQuery(
                "unknown_table", f"no table {table.name!r}; {_nearest(name, known)}", name=table.name
            )
    return next(_bad_columns(query, schema), None)


def _bad_columns(query: Query, schema: Schema) -> Iterator[BadQuery]:
    from sqlglot import exp

    tables = list(query.tree.find_all(exp.Table))
    used = [schema.columns_of.get(table.name.lower(), {}) for table in tables]
    known = {name for columns in used for name in columns} | _made(query.tree)
    made = {inner.alias.lower() for inner in query.tree.find_all(exp.Subquery)}
    by_alias = _columns_by_alias(tables, schema, made)
    for column in query.tree.find_all(exp.Column):
        name, quoted = column.name.lower(), bool(column.this.args.get("quoted"))
        mine = by_alias.get(column.table.lower(), known) if column.table else known
        if name in mine or isinstance(column.this, exp.Star) or name in ("rowid", "oid", "_rowid_"):
            continue
        if not quoted or column.table:
            where = f"{column.table!r} has no column" if column.table else "no table here has a column"
            yield BadQuery(
                "unknown_column", f"{where} {column.name!r}; {_nearest(name, mine)}", name=column.name
            )
        elif _meant_as_column(column, name, known):
            reason = f'"{column.name}" is no column, so SQLite reads it as a text; {_nearest(name, known)}'
            yield BadQuery("text_for_column", reason, name=column.name)


def _columns_by_alias(tables: list[Any], schema: Schema, made: set[str]) -> dict[str, set[str]]:
    """Alias → columns of all tables that bear it; without those that also stand for something made."""
    found: dict[str, set[str]] = {}
    unclear = set(made)
    for table in tables:
        alias, columns = table.alias_or_name.lower(), schema.columns_of.get(table.name.lower())
        if columns is None:
            unclear.add(alias)
        else:
            found.setdefault(alias, set()).update(columns)
    return {alias: columns for alias, columns in found.items() if alias not in unclear}


def _made(tree: Any) -> set[str]:
    """Names that the query itself makes: aliases of its columns, and of what it selects from."""
    from sqlglot import exp

    made = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
    for alias in tree.find_all(exp.TableAlias):
        made |= {column.name.lower() for column in alias.columns}
    return made


def _meant_as_column(column: Any, name: str, known: set[str]) -> bool:
    """A name in double quotes that is no column: a text where one is compared, else a slip."""
    from sqlglot import exp

    if get_close_matches(name, known, n=1, cutoff=0.75):
        return True
    return isinstance(column.parent, exp.Select | exp.Group | exp.Ordered)


def bare_column(query: Query) -> BadQuery | None:
    """A column beside an aggregate in a SELECT that groups by nothing: any row's value.

    Beside one min() or max() alone SQLite takes the row that has it, which is documented.
    """
    from sqlglot import exp

    for select in query.tree.find_all(exp.Select):
        if select.args.get("group"):
            continue
        made = [
            a
            for e in select.expressions
            for a in e.find_all(exp.AggFunc)
            if a.find_ancestor(exp.Select) is select
        ]
        aggregates = [a for a in made if not a.find_ancestor(exp.Window)]
        bare = [
            c
            for e in select.expressions
            for c in e.find_all(exp.Column)
            if c.find_ancestor(exp.Select) is select and not c.find_ancestor(exp.AggFunc, exp.Window)
        ]
        if (
            aggregates
            and bare
            and not (len(aggregates) == 1 and isinstance(aggregates[0], exp.Min | exp.Max))
        ):
            name = bare[0].name
            return BadQuery(
                "bare_column",
                f"{name!r} stands beside an aggregate and is not grouped by: any row's value",
                name=name,
            )
    return None


def _nearest(name: str, known: Any) -> str:
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known)[:12])}"
