"""Claims: what an output says that can be doubted: a label, fields of a few values, spans of the input."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seedstock.example import Example
from seedstock.jsoncheck.leaves import structure
from seedstock.tasks.base import Output
from seedstock.tasks.labels import Labels

_DEPTH = 20
"""Levels of JSON that are looked at."""
_MOST = 200
"""Leaves of one output that are looked at."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a row says. Claims of one `group` have the same alternatives; `stated` is one of them.

    A group is of whole inputs (`input`) or of spans of them (`span`), and of one field or, with an empty
    name, of all. `span` is the text that it is said of, empty where that is the whole input.
    """

    row: int
    group: tuple[str, str]
    stated: str
    span: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """A value that does not stand in the row's input; of `seen` such values of real rows `held` do."""

    row: int
    stated: str
    value: str
    held: int
    seen: int


class Reader:
    """Reads claims, as the outputs of real rows show what there is to read."""

    def __init__(self, seeds: Sequence[Example], output: Output) -> None:
        outputs = [seed.output for seed in seeds]
        parsed = [structure(value) for value in outputs]
        few = bool(output.labels) or (not output.chains and Labels.detect(outputs) is not None)
        self._fields = None
        self._whole = few
        if not few and parsed and all(value is not None for value in parsed):
            self._fields = _Fields(
                [(value, seed.input_text) for value, seed in zip(parsed, seeds, strict=True)]
            )

    @property
    def reads(self) -> bool:
        """Whether there is anything to doubt in outputs of this kind."""
        return self._whole or self._fields is not None

    @property
    def marks(self) -> bool:
        """Whether outputs hold spans of the input."""
        return self._fields is not None and bool(self._fields.spans)

    def claims(self, row: int, example: Example) -> list[Claim | Stray]:
        """What this row says."""
        if self._whole:
            return [Claim(row, ("input", ""), str(example.output))]
        value = structure(example.output)
        if self._fields is None or value is None:
            return []
        return list(self._fields.claims(row, value, example.input_text))


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value in JSON. `path` is without places in lists, `item` tells the objects of lists apart."""

    path: str
    value: str
    item: int
    in_text: bool

    @property
    def home(self) -> str:
        """The path of the object that holds it."""
        return self.path.rpartition(".")[0]


class _Fields:
    """Which fields hold spans of the input, and which one of a few values."""

    def __init__(self, rows: Sequence[tuple[Any, str]]) -> None:
        values: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._held: Counter[str] = Counter()
        for value, text in rows:
            for leaf in _leaves(value, text):
                values[leaf.path][leaf.value] += 1
                self._held[leaf.path] += leaf.in_text
        self._seen = {path: found.total() for path, found in values.items()}
        self.spans = {path for path, n in self._seen.items() if 2 * self._held[path] >= n}
        self._choices = {
            path for path, found in values.items()
            if path not in self.spans and len(found) >= 2 and 2 * len(found) <= self._seen[path]
        }  # fmt: skip

    def claims(self, row: int, value: Any, text: str) -> Iterator[Claim | Stray]:
        """Of a list of objects with a span each, what stands beside the span is said of it (`type=Actor`);
        of other spans, which field they stand in; of fields with a few values, which of them."""
        beside: defaultdict[int, list[_Leaf]] = defaultdict(list)
        leaves = _leaves(value, text)
        for leaf in leaves:
            if leaf.path in self._choices and "[]" in leaf.path:
                beside[leaf.item].append(leaf)
        for leaf in leaves:
            if leaf.path in self._choices and "[]" not in leaf.path:
                yield Claim(row, ("input", leaf.path), leaf.value)
            elif leaf.path in self.spans and leaf.value:
                near = [other for other in beside[leaf.item] if other.home == leaf.home]
                said = ", ".join(f"{other.path.rpartition('.')[2]}={other.value}" for other in near)
                if leaf.in_text:
                    group = ("span", leaf.path if said else "")
                    yield Claim(row, group, said or leaf.path, leaf.value)
                else:
                    held, seen = self._held[leaf.path], self._seen[leaf.path]
                    yield Stray(row, said or leaf.path, leaf.value, held, seen)


def _leaves(value: Any, text: str) -> list[_Leaf]:
    """The first leaves of a JSON value, in order."""
    lowered = text.casefold()
    found: list[_Leaf] = []
    stack: list[tuple[Any, str, int]] = [(value, "", 0)]
    items = 0
    while stack and len(found) < _MOST:
        inner, path, item = stack.pop()
        if path.count(".") + path.count("[") > _DEPTH:
            continue
        if isinstance(inner, dict):
            items += path.endswith("[]")
            mine = items if "[]" in path else 0
            stack += [(v, f"{path}.{k}" if path else str(k), mine) for k, v in reversed(inner.items())]
        elif isinstance(inner, list):
            stack += [(v, f"{path}[]", item) for v in reversed(inner)]
        else:
            word = str(inner)
            in_text = not isinstance(inner, bool | None) and word.casefold() in lowered
            found.append(_Leaf(path, word, item, in_text))
    return found
