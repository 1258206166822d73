"""One SQL query out of a text: parsed in its dialect, refused where it is not exactly one that only reads."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

LONGEST = 10_000
"""Characters of a query; a parser in Python would take minutes over what a hostile text can hold."""
DEEPEST = 40
"""Parentheses within each other."""
_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
_CHANGING = re.compile(
    r"\brandom\s*\(|\bcurrent_(?:date|time|timestamp)\b|'now'|\bnow\s*\("
    r"|\b(?:julianday|date|time|datetime)\s*\(\s*\)",
    re.IGNORECASE,
)


class BadQuery(ValueError):
    """A text is no query that may be asked: a code for machines, a reason for people, where it is."""

    def __init__(self, code: str, reason: str, **evidence: Any) -> None:
        super().__init__(reason)
        self.code, self.reason, self.evidence = code, reason, evidence


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: the text as it was given, sqlglot's tree of it, and one form for all spellings."""

    text: str
    dialect: str
    tree: Any = field(compare=False)
    canonical: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether it gives the same rows tomorrow: nothing random, and nothing of the clock."""
        return _CHANGING.search(self.text) is None

    @property
    def literals(self) -> frozenset[str]:
        """The texts and numbers that are written out in it."""
        from sqlglot import exp

        return frozenset(str(literal.this) for literal in self.tree.find_all(exp.Literal))

    @property
    def ordered(self) -> bool:
        """Whether the order of its rows is asked for."""
        return self.tree.args.get("order") is not None


@lru_cache(maxsize=256)
def parse_query(text: str, dialect: str, writes: bool = False) -> Query:
    """The one statement in `text`. Raises BadQuery: not SQL, several statements, or one that writes.

    `writes` lets INSERT, UPDATE and other statements pass. Comments and a semicolon at the end are fine.
    """
    _measure(text)
    trees = _parsed(text, dialect)
    if len(trees) != 1:
        said = f"{len(trees)} statements, exactly one wanted" if trees else "there is no statement"
        raise BadQuery("not_one_statement", said, statements=len(trees))
    tree = trees[0]
    if not writes and not _reads(tree):
        kind = "SELECT INTO" if tree.key == "select" else str(tree.this or tree.key)[:20].upper()
        kind = kind if tree.key in ("select", "command") else tree.key.upper()
        raise BadQuery("not_a_query", f"it is {kind}; only SELECT and WITH are allowed", statement=kind)
    _refuse_dangling(tree)
    try:
        return Query(text, dialect, tree, tree.sql(dialect=dialect, normalize=True, comments=False))
    except RecursionError:
        raise BadQuery("too_deep", "the query is nested too deeply to be read") from None


def canonical_query(text: str, dialect: str) -> str:
    """Equal for queries that differ in case, spaces, comments and quoting only; the text if it is none."""
    try:
        return parse_query(text, dialect, True).canonical
    except BadQuery:
        return " ".join(text.split())


def _measure(text: str) -> None:
    if len(text) > LONGEST:
        raise BadQuery("too_long", f"a query of {len(text)} characters; at most {LONGEST} are read")
    if _UNSTORABLE.search(text):
        raise BadQuery("not_sql", "there is a NUL or half a character in it")
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth > DEEPEST:
            raise BadQuery("too_deep", f"parentheses {DEEPEST} deep at character {place + 1}")


def _parsed(text: str, dialect: str) -> list[Any]:
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot read is a verdict, not a log line
    try:
        trees = sqlglot.parse(text, dialect=dialect)
        # A comment behind the last semicolon is a node of its own, and no statement.
        return [tree for tree in trees if tree is not None and tree.key != "semicolon"]
    except ParseError as problem:
        raise _located(problem, dialect) from None
    except SqlglotError as problem:  # the tokenizer: a quote that does not end
        said = " ".join(str(problem).split())[:160]
        raise BadQuery("not_sql", f"no {dialect} SQL: {said}") from None
    except RecursionError:
        raise BadQuery("too_deep", "the query is nested too deeply to be read") from None


def _located(problem: Any, dialect: str) -> BadQuery:
    """What the parser stumbled over, with line, column and the text itself."""
    found = problem.errors[0] if problem.errors else {}
    what = str(found.get("description") or "cannot be read").rstrip(". ")
    quote = str(found.get("highlight") or "")[:60]
    line, column = found.get("line"), found.get("col")
    where = f" at line {line}, column {column}, {quote!r}" if line is not None else ""
    return BadQuery(
        "not_sql", f"no {dialect} SQL{where}: {what}"[:240], line=line, column=column, quote=quote
    )


def _refuse_dangling(tree: Any) -> None:
    """The parser takes `GROUP BY` with nothing behind it; no database does."""
    from sqlglot import exp

    for clause in tree.find_all(exp.Group, exp.Order):
        if not any(clause.args.values()):
            said = f"{clause.key.upper()} BY has nothing behind it"
            raise BadQuery("not_sql", said, quote=f"{clause.key.upper()} BY")


def _reads(tree: Any) -> bool:
    """SELECT, WITH … SELECT, set operations and VALUES, with nothing in them that writes."""
    from sqlglot import exp

    if not isinstance(tree, exp.Select | exp.SetOperation | exp.Subquery | exp.Values):
        return False
    return not any(
        isinstance(n, exp.DML | exp.DDL | exp.Into | exp.Command | exp.Pragma) for n in tree.walk()
    )
