"""Gate `relevance.sql`: does a query bind to its schema, run, and give what a reference query gives?

It is run on small random databases, under guard: see `seedstock.sqlcheck`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.known import RealRows
from seedstock.sqlcheck.binding import bare_column, unbound
from seedstock.sqlcheck.databases import FILLS, Databases
from seedstock.sqlcheck.query import BadQuery, Query
from seedstock.sqlcheck.running import Failed, Rows, same_rows
from seedstock.sqlcheck.schema import Schema
from seedstock.verdict import Verdict

_SHOWN = 3


class SqlSettings(GateSettings):
    """Settings of `relevance.sql`."""

    reference: str | None = Field(
        None,
        description="field of a row with a right query for its input; a seed of the same input is one too",
    )
    databases: int = Field(FILLS, ge=3, le=20, description="random databases that each query is run on")


class SqlGate(RowGate):
    """Names first, then execution, then equality of results where there is something to be equal to."""

    name: ClassVar[str] = "relevance.sql"
    Settings: ClassVar[type[GateSettings]] = SqlSettings

    def __init__(self, settings: SqlSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._known = RealRows(tools.seeds)

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` where the output is no SQL, or its schema is not known."""
        databases = self.tools.output.databases
        if databases is None:
            return [Verdict(self.name, "skipped", "other_output", "the output is no SQL")] * len(batch)
        return [self._verdict(example, databases) for example in batch.examples]

    def _verdict(self, example: Example, databases: Databases) -> Verdict:
        name = self._known.field(example, databases.by) if databases.by else ""
        schema = databases.named(str(name))
        try:
            query = databases.parse(str(example.output))
            if schema is None:
                return self._without_schema(databases, name)
            problem = unbound(query, schema) or bare_column(query)
        except BadQuery as found:
            problem = found
        if problem is not None:
            return self._fail(problem.code, problem.reason, problem.evidence)
        assert schema is not None
        return self._run(query, schema, next(self._references(example, databases), None), databases)

    def _without_schema(self, databases: Databases, name: Any) -> Verdict:
        reason = "no schema is known to hold it against: name task.output.sql.schema"
        if databases.by:
            named = f"there is no schema for {databases.by} {str(name)[:80]!r}"
            reason = f"neither it nor its parent has a field {databases.by}" if name is None else named
        return Verdict(self.name, "skipped", "no_schema", reason)

    def _references(self, example: Example, databases: Databases) -> Iterator[tuple[str, Query]]:
        """Queries that are right for this input, as far as anybody said."""
        field = self.settings.reference
        given = [("reference", example.meta[field])] if field in example.meta else []
        given += [(f"seed {seed.id}", seed.output) for seed in self._known.with_input(example)]
        for name, text in given:
            try:
                yield name, databases.parse(str(text))
            except BadQuery:
                continue

    def _run(
        self, query: Query, schema: Schema, reference: tuple[str, Query] | None, databases: Databases
    ) -> Verdict:
        asked = [query] if reference is None else [query, reference[1]]
        mine, *others = databases.results(asked, schema, self.settings.databases)
        if isinstance(mine, Failed):
            if databases.dialect != "sqlite" and mine.code == "not_executable":
                return self._unjudged("not_translated", f"it could not be run as SQLite: {mine.reason}", 0)
            return self._fail(mine.code, mine.reason, {"query": query.text[:400]})
        if reference is None:
            return self._unjudged(
                "runs", "it binds and runs; there is no reference to compare with", len(mine)
            )
        if not (query.repeatable and reference[1].repeatable):
            said = "it runs; what it gives depends on the clock or on chance, so it is compared with nothing"
            return self._unjudged("not_repeatable", said, len(mine))
        if isinstance(others[0], Failed):
            said = f"it runs, but its reference ({reference[0]}) does not: {others[0].reason}"
            return self._unjudged("bad_reference", said, len(mine))
        return self._compared(mine, others[0], reference)

    def _compared(self, mine: list[Rows], right: list[Rows], reference: tuple[str, Query]) -> Verdict:
        name, query = reference
        pairs = list(zip(mine, right, strict=False))  # a slow query may have no result on the real rows
        n = len(pairs)
        evidence: dict[str, Any] = {"reference": name, "reference_query": query.text[:400]}
        if same_rows(pairs, query.ordered):
            if not any(mine):
                said = f"like {name} it gives no rows on any of {n} databases, which shows little"
                return Verdict(self.name, "warn", "always_empty", said, float(n), float(n), evidence)
            said = f"the same result as {name} on {n} databases"
            return Verdict(self.name, "pass", "same_result", said, float(n), float(n), evidence)
        equal = [same_rows([pair], query.ordered) for pair in pairs]
        place = equal.index(False) if False in equal else 0
        rows, others = mine[place], right[place]
        evidence |= {"database": place, "rows": _only(rows, others), "right": _only(others, rows)}
        said = (
            f"another result than {name} on {n - sum(equal)} of {n} databases:"
            f" {len(rows)} rows where {len(others)} are right"
        )
        return Verdict(self.name, "fail", "other_result", said, float(sum(equal)), float(n), evidence)

    def _fail(self, code: str, reason: str, evidence: dict[str, Any]) -> Verdict:
        return Verdict(self.name, "fail", code, reason, 0.0, float(self.settings.databases), evidence)

    def _unjudged(self, code: str, reason: str, ran: int) -> Verdict:
        return Verdict(self.name, "warn", code, reason, float(ran), float(self.settings.databases))


def _only(rows: Rows, other: Rows) -> list[list[Any]]:
    """A few rows that the other result lacks, else its first, as JSON can hold them."""
    left = Counter(rows) - Counter(other)
    return [[_plain(value) for value in row] for row in list(left.elements() if left else rows)[:_SHOWN]]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)[:80]
