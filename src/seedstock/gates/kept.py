"""What `duplicate` remembers of rows, and when two of them hold the same values and say the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.facts import Facts, Knowledge, value_changes
from seedstock.gates.base import Tools
from seedstock.neighbours import cosines
from seedstock.text import normalise, values

Places = npt.NDArray[np.int64]

MOST_READ = 100
"""Near rows whose facts are compared with a row's: beyond them, a set differs in nothing but numbers."""
MOST_REWRITTEN = 10
"""Of near rows with other numbers, those looked at for another notation of the same ones."""

_FOR_LANGUAGE = 200
_FIRST, _SECOND = np.array([0]), np.array([1])


class Row:
    """What is remembered of a row: enough to compare it and to show it, not the row."""

    __slots__ = ("id", "normal", "output", "quick", "real", "same", "slot", "spans", "steps", "text")

    def __init__(self, example: Example, tools: Tools) -> None:
        self.id = example.id
        self.real = example.source.kind == "real"
        self.text = example.input_text
        self.normal = normalise(self.text)
        self.slot = normalise(tools.slots([example])[0]) if tools.templates else self.normal
        self.quick = values(self.text)
        self.spans = frozenset(tools.output.spans(example.output, self.text))
        self.same = tools.output.same(example.output)
        self.output = example.output_text
        # Several ways to one answer are wanted: of a row with steps they are part of what it says.
        own = f"{example.reasoning or ''} {example.output_text if tools.output.chains else ''}"
        self.steps = digest(normalise(own)) if own.strip() else ""

    @property
    def name(self) -> str:
        """How a reason calls it."""
        return f"{'seed' if self.real else 'row'} {self.id}"


class Memory:
    """Rows in order, with numbers for their outputs and values, so that many are compared at once."""

    def __init__(self, tools: Tools, threshold: float) -> None:
        self._tools = tools
        self._threshold = threshold
        self._rows: list[Row] = []
        self._keys: dict[object, int] = {}
        self._outputs, self._quick, self._real = _Column(), _Column(), _Column()
        texts = [seed.input_text for seed in tools.seeds[:_FOR_LANGUAGE]]
        knowledge = Knowledge(language=Knowledge.of(texts).language)
        self._facts = lru_cache(maxsize=4096)(lambda text: Facts(text, knowledge))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> Row:
        return self._rows[place]

    def add(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        self._rows += rows
        self._outputs.add([self._key(row.same) for row in rows])
        self._quick.add(self.groups(rows))
        self._real.add([row.real for row in rows])

    def cut(self, size: int) -> None:
        """Forget the rows behind the first `size`."""
        del self._rows[size:]
        self._outputs.size = self._quick.size = self._real.size = size

    def groups(self, rows: Sequence[Row]) -> list[int]:
        """A number for the values of each row, as they are written: equal values, equal number."""
        return [self._key((row.quick, row.spans)) for row in rows]

    def _key(self, value: object) -> int:
        return self._keys.setdefault(value, len(self._keys))

    def comparable(self, row: Row, places: Places) -> Places:
        """Of these places, in order, those that may hold the values of `row`: all with equal numbers and
        codes, and the first few with others, which may be another notation of them."""
        chosen: npt.NDArray[np.bool_] = self._quick[places] == self._key((row.quick, row.spans))
        chosen[np.flatnonzero(~chosen)[:MOST_REWRITTEN]] = True
        return places[chosen]

    def real(self, places: Places) -> Places:
        """Those that are real rows."""
        chosen: npt.NDArray[np.bool_] = self._real[places] == 1
        return places[chosen]

    def first(self, row: Row, places: Places, same_output: bool) -> int | None:
        """The first of these rows that holds the values of `row`, and its answer or another one."""
        if not self._tools.output.free_text:
            places = places[(self._outputs[places] == self._key(row.same)) == same_output]
        for place in places[:MOST_READ].tolist():
            other = self._rows[place]
            if self.same_values(row, other) and self.same_output(row, other) == same_output:
                return int(place)
        return None

    def same_values(self, row: Row, other: Row) -> bool:
        """Whether numbers, units, dates, codes and the output's spans agree, in any notation."""
        if row.spans != other.spans:
            return False
        if row.normal == other.normal:
            return True
        if _plainly_other(row, other):
            return False
        mine, theirs = self._facts(row.text), self._facts(other.text)
        if value_changes(theirs, mine):
            return False
        # A rewrite may write `a` for 1 and `no` for 0; `pump 1` and `pump` are two.
        for value in ("0", "1"):
            if value in row.quick and value not in other.quick and not _counts(theirs, value):
                return False
            if value in other.quick and value not in row.quick and not _counts(mine, value):
                return False
        return True

    def same_output(self, row: Row, other: Row) -> bool:
        """Equal answers; for free text, near ones with the same values."""
        if row.same == other.same or not self._tools.output.free_text:
            return row.same == other.same
        if values(row.output) != values(other.output):
            return False
        vectors = self._tools.embedder.embed([row.output, other.output])
        return bool(cosines(vectors, _FIRST, vectors, _SECOND)[0] > self._threshold)


def _plainly_other(row: Row, other: Row) -> bool:
    """Whether each text has whole numbers in digits that the other has not: no two notations of one."""
    gone, came = set(other.quick).difference(row.quick), set(row.quick).difference(other.quick)
    if not (gone and came):
        return False
    return all(
        value.isdecimal() and value in text for those, text in ((gone, other.text), (came, row.text))
        for value in those
    )  # fmt: skip


def _counts(facts: Facts, value: str) -> bool:
    return any(number.value == value for number in facts.numbers)


class _Column:
    """A growing array of numbers."""

    def __init__(self) -> None:
        self._data: Places = np.empty(256, np.int64)
        self.size = 0

    def __getitem__(self, places: Places) -> Places:
        return self._data[places]

    def add(self, numbers: Sequence[int]) -> None:
        end = self.size + len(numbers)
        if end > len(self._data):
            self._data = np.concatenate([self._data, np.empty(max(end, len(self._data)), np.int64)])
        self._data[self.size : end] = numbers
        self.size = end
