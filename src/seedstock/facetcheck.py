"""Are rows what they were asked to be? Declared facets against their own, computed or asked on a sample.

A facet is written down when a row is asked for. A test on declared facets sees a lost topic that no test on
embeddings sees at 150 seeds, but only if the declaration is true: this says how often it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seedstock.example import Example
from seedstock.exchange import Request, Response, digest
from seedstock.intervals import interval
from seedstock.reading import read_json
from seedstock.recipes.prompt import own_prompt
from seedstock.seeds.cells import Space
from seedstock.seeds.dimensions import Attribute

SAMPLE_SHARE, LEAST, MOST = 0.05, 30, 100
"""Rows per attribute that a model is asked about."""
TEXTS_AT_ONCE = 10
SHOWN_CHARS = 1500
UNCLEAR = "unclear"

Answers = Callable[[list[Request]], Iterator[tuple[Request, Response]]]


@dataclass(frozen=True, slots=True)
class FacetCheck:
    """Of `n` rows, `agree` are what they were asked to be. `how` says who looked: `computed` or a teacher."""

    facet: str
    how: str
    n: int
    agree: int

    def to_json(self) -> dict[str, Any]:
        """With the share and its two-sided 95 % Clopper-Pearson interval."""
        share = round(self.agree / self.n, 4) if self.n else None
        low, high = interval(self.agree, self.n) if self.n else (0.0, 1.0)
        return {
            "facet": self.facet, "how": self.how, "n": self.n, "agree": self.agree, "share": share,
            "interval": [round(low, 4), round(high, 4)],
        }  # fmt: skip


def computed(space: Space, rows: Sequence[Example]) -> list[FacetCheck]:
    """The facets that can be read off a row: what cuts the space, and what is asked for in proportion."""
    inside = [row for row in rows if row.source.cell in space.cells]
    found = []
    for dimension in space.cutting:
        if not isinstance(dimension, Attribute) and inside:
            asked = [space.cells[str(row.source.cell)].facets[dimension.name] for row in inside]
            fits = dimension.fits(inside, asked)
            found.append(FacetCheck(dimension.name, "computed", len(inside), sum(fits)))
    for dimension in space.spread:
        told = [row for row in inside if dimension.name in row.source.attributes]
        if told:
            fits = dimension.fits(told, [row.source.attributes[dimension.name] for row in told])
            found.append(FacetCheck(dimension.name, "computed", len(told), sum(fits)))
    return found


def asked(space: Space, rows: Sequence[Example], answers: Answers, teacher: str) -> list[FacetCheck]:
    """The declared attributes of a sample, as a model names them without knowing what was asked for."""
    found = []
    for dimension in space.cutting:
        if isinstance(dimension, Attribute):
            told = [row for row in rows if dimension.name in row.source.attributes]
            requests, samples = _questions(dimension, sample(told, dimension.name))
            agree = n = 0
            for (_, response), part in zip(answers(requests), samples, strict=True):
                for row, value in zip(part, _values(response), strict=False):
                    n += 1
                    agree += value == row.source.attributes[dimension.name]
            found.append(FacetCheck(dimension.name, teacher, n, agree))
    return found


def sample(rows: Sequence[Example], name: str) -> list[Example]:
    """5 % of the rows, at least 30 and at most 100: those whose hash comes first."""
    n = min(len(rows), max(LEAST, min(MOST, round(SAMPLE_SHARE * len(rows)))))
    return sorted(rows, key=lambda row: digest("facets", name, row.id))[:n]


def _questions(
    dimension: Attribute, rows: Sequence[Example]
) -> tuple[list[Request], list[Sequence[Example]]]:
    values, parts = (
        list(dimension.shares),
        [rows[i : i + TEXTS_AT_ONCE] for i in range(0, len(rows), TEXTS_AT_ONCE)],
    )
    schema = {
        "type": "object", "required": ["values"], "additionalProperties": False,
        "properties": {"values": {"type": "array", "items": {"enum": [*values, UNCLEAR]}}},
    }  # fmt: skip
    requests = []
    for ordinal, part in enumerate(parts):
        texts = [row.input_text[:SHOWN_CHARS] for row in part]
        messages = own_prompt("facets").messages({"texts": texts, "name": dimension.name, "values": values})
        requests.append(Request("facets", dimension.name, ordinal, messages, schema))
    return requests, parts


def _values(response: Response) -> list[Any]:
    """The values in an answer; none where it cannot be read."""
    try:
        value = read_json(response.text, response.finish_reason).value
    except ValueError:
        return []
    listed = value.get("values") if isinstance(value, dict) else value
    return listed if isinstance(listed, list) else []
