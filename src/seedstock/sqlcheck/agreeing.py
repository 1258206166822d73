"""Queries grouped by what they give on the same databases: two texts, one result."""

from __future__ import annotations

from functools import lru_cache

from seedstock.exchange import digest
from seedstock.sqlcheck.databases import Databases, Results
from seedstock.sqlcheck.query import BadQuery, Query
from seedstock.sqlcheck.running import Failed, same_rows


class Grouped:
    """Which of several queries agree. Without a schema the text decides; one that fails agrees with none."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self.by_result = lru_cache(maxsize=256)(self._by_result)

    def _by_result(self, texts: tuple[str, ...], name: str) -> dict[str, str]:
        """Text → a key of its result, equal for queries that give the same; "" for one that gives none."""
        schema = self._databases.named(name)
        if schema is None:
            return {text: digest(text)[:16] for text in texts}
        queries = {text: query for text in texts if (query := self._parsed(text)) is not None}
        found = self._databases.results(list(queries.values()), schema)
        keys = dict.fromkeys(texts, "")
        seen: list[tuple[str, Results, bool]] = []
        for (text, query), results in zip(queries.items(), found, strict=True):
            if isinstance(results, Failed):
                continue
            equal = (key for key, other, ordered in seen if _same(results, other, ordered or query.ordered))
            keys[text] = next(equal, "") or digest(text)[:16]
            seen.append((keys[text], results, query.ordered))
        return keys

    def _parsed(self, text: str) -> Query | None:
        try:
            return self._databases.parse(text)
        except BadQuery:
            return None


def _same(one: Results, other: Results, ordered: bool) -> bool:
    if isinstance(one, Failed) or isinstance(other, Failed):
        return False
    return same_rows(list(zip(one, other, strict=False)), ordered)
