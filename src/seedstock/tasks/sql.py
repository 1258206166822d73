"""Output: one SQL query in a dialect."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from seedstock.errors import InputError
from seedstock.sqlcheck.databases import Databases
from seedstock.sqlcheck.query import BadQuery, canonical_query, parse_query
from seedstock.sqlcheck.schema import Schema, read_database, read_schema
from seedstock.tasks.base import Output, Problem
from seedstock.tasks.fences import unfenced

_STARTS = ("select", "with")


class SqlSettings(BaseModel):
    """The dialect, and the databases that queries are asked of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dialect: str = Field("sqlite", description="the SQL dialect, by sqlglot's name")
    ddl: str | None = Field(None, alias="schema", description="file of CREATE TABLE statements")
    schemas: str | None = Field(
        None, description="instead of schema: JSON Lines of `{db_id, ddl}`, one line to each database"
    )
    by: str = Field("db_id", description="the field of schemas, and of rows, that names the database")
    database: str | None = Field(
        None,
        description="SQLite file with real rows: queries are run on it too, and it is only read; its"
        " tables are the schema where none is named",
    )
    writes: bool = Field(False, description="whether statements other than SELECT and WITH are valid")

    @field_validator("dialect")
    @classmethod
    def _known(cls, name: str) -> str:
        from sqlglot import Dialect

        if name not in Dialect.classes:
            raise ValueError(
                f"no SQL dialect of that name; known: {', '.join(sorted(filter(None, Dialect.classes)))}"
            )
        return name

    @model_validator(mode="after")
    def _one_source(self) -> SqlSettings:
        if self.schemas is not None and (self.ddl is not None or self.database is not None):
            raise ValueError(
                "schemas has the tables of all databases: name neither schema nor database beside it"
            )
        return self


class Sql(Output):
    """`sql: {schema: shop.sql, dialect: sqlite}`: exactly one query, which parses and only reads.

    Whether its names exist, and what it gives, is the gate `relevance.sql`'s to say: it knows the row.
    """

    Value = SqlSettings
    trait_kind: ClassVar[str] = ""

    def __init__(self, value: SqlSettings, folder: Path) -> None:
        self._settings = value
        self._databases = Databases(
            value.dialect, _schemas(value, folder), value.by if value.schemas is not None else None
        )

    def check(self, output: Any) -> Problem | None:
        """One statement that parses; the place where it does not."""
        if not isinstance(output, str):
            return Problem("not_text", f"the output is {type(output).__name__}, not a query as text")
        if unfenced(output) is not None:
            return Problem("fenced", "the query stands in a ``` fence: only the query itself is wanted")
        try:
            parse_query(output, self._settings.dialect, self._settings.writes)
        except BadQuery as problem:
            return Problem(problem.code, problem.reason, problem.evidence)
        return None

    def same(self, output: Any) -> str:
        """The query without its spelling: case, spaces, comments."""
        return canonical_query(str(output), self._settings.dialect)

    def spans(self, output: Any, text: str) -> frozenset[str]:
        """The literals of the query that stand in the input."""
        try:
            query = parse_query(str(output), self._settings.dialect, self._settings.writes)
        except BadQuery:
            return frozenset()
        return frozenset(literal for literal in query.literals if literal and literal in text)

    def describe(self) -> str:
        """The dialect, and the tables where all rows have the same."""
        said = f"One {self._settings.dialect} query, without a code fence or explanation."
        schema = None if self._databases.by else self._databases.named("")
        return said if schema is None else f"{said} The tables:\n{schema.ddl}"

    @property
    def databases(self) -> Databases:
        """Dialect and schemas."""
        return self._databases

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> dict[str, str] | None:
        """Queries that all parse; in SQLite's dialect, as nothing tells which."""
        if not outputs or not all(isinstance(o, str) and _starts(o) for o in outputs):
            return None
        output = cls(SqlSettings(), Path())
        return {"dialect": "sqlite"} if all(output.check(o) is None for o in outputs) else None


def _starts(text: str) -> bool:
    words = text[:200].lower().split(maxsplit=1)
    return bool(words) and words[0].lstrip("(") in _STARTS


def _schemas(value: SqlSettings, folder: Path) -> Mapping[str, Schema] | None:
    real = None if value.database is None else _database(folder / value.database)
    if value.ddl is not None:
        path = folder / value.ddl
        declared = _schema(_read(path), value.dialect, path)
        return {"": declared if real is None else replace(declared, file=real.file)}
    if real is not None:
        return {"": real}
    if value.schemas is not None:
        return _by_name(folder / value.schemas, value)
    return None


def _database(path: Path) -> Schema:
    if not path.is_file():
        raise InputError("database: no such file", path=path)
    try:
        return read_database(path)
    except ValueError as problem:
        raise InputError(f"this is no SQLite database: {problem}", path=path) from problem


def _by_name(path: Path, value: SqlSettings) -> dict[str, Schema]:
    found = {}
    for number, text in enumerate(_read(path).splitlines(), 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            name, ddl = row[value.by], row["ddl"]
        except (ValueError, RecursionError, KeyError, TypeError) as problem:
            raise InputError(
                f'a line must be {{"{value.by}": …, "ddl": …}}', path=path, line=number
            ) from problem
        found[str(name)] = _schema(str(ddl), value.dialect, path, number)
    if not found:
        raise InputError("there is no schema in it", path=path)
    return found


def _schema(ddl: str, dialect: str, path: Path, line: int | None = None) -> Schema:
    try:
        return read_schema(ddl, dialect)
    except ValueError as problem:
        raise InputError(f"the schema cannot be made: {problem}", path=path, line=line) from problem


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror}", path=path) from problem
    except UnicodeDecodeError as problem:
        raise InputError("is not UTF-8 text", path=path) from problem
