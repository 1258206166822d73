"""Dimensions of a task's space: what an example is, seen from one side, and how to ask for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from seedstock.clusters import nearest
from seedstock.example import Example
from seedstock.language import NAMES, identify

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[Example]], Vectors]
Traits = Callable[[Example], Sequence[str]]

LEAST_SIMILAR = 0.3
"""Cosine under which a seed shows none of the declared use cases: descriptions and rows are worded apart."""
OTHER = "other"
PLAIN = "plain"


class Dimension(ABC):
    """One side of the space. `shares` is how much of the space each value takes."""

    name: str
    shares: Mapping[str, float]

    @abstractmethod
    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The value of each example; None where it cannot be told."""

    @abstractmethod
    def describe(self, value: str) -> str:
        """What a new example of this value is, as a line of a prompt."""

    def fits(self, examples: Sequence[Example], values: Sequence[str]) -> list[bool]:
        """Whether each example is of the value it was asked to have, or may be."""
        return [found in (None, value) for found, value in zip(self.of(examples), values, strict=True)]

    def shows(self, examples: Sequence[Example]) -> list[frozenset[str]]:
        """The values that each example shows: one, several traits, or any where it cannot be told."""
        return [frozenset(self.shares) if v is None else frozenset([v]) for v in self.of(examples)]


class Label(Dimension):
    """The output's label."""

    name = "label"

    def __init__(self, seeds: Sequence[Example]) -> None:
        self.shares = _shares([str(seed.output) for seed in seeds])

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The output."""
        return [str(example.output) for example in examples]

    def describe(self, value: str) -> str:
        """The label. What it means stands where the prompt says what a right output is."""
        return f'the right output is "{value}"'


class Variant(Dimension):
    """The rarest trait of a JSON output: which optional fields, which values of an enumeration.

    An example has several traits; it counts where it is rarest, and fits wherever it has the trait.
    """

    name = "variant"

    def __init__(self, seeds: Sequence[Example], traits: Traits) -> None:
        self._traits = traits
        self.counts = Counter(trait for seed in seeds for trait in traits(seed))
        self.shares = _shares([self._rarest(self._known(seed)) or PLAIN for seed in seeds])

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The trait with the fewest seeds, of those that are the rarest of some seed; None without any."""
        cutting = [[t for t in self._known(example) if t in self.shares] for example in examples]
        return [self._rarest(traits) or (PLAIN if PLAIN in self.shares else None) for traits in cutting]

    def fits(self, examples: Sequence[Example], values: Sequence[str]) -> list[bool]:
        """Whether the example has the trait."""
        return [value in shown for shown, value in zip(self.shows(examples), values, strict=True)]

    def shows(self, examples: Sequence[Example]) -> list[frozenset[str]]:
        """All traits of each example."""
        return [frozenset(self._known(example)) or frozenset([PLAIN]) for example in examples]

    def describe(self, value: str) -> str:
        """The trait in words."""
        if value == PLAIN:
            return "the output has no optional field"
        if value.startswith("with "):
            return f'the output has a value for "{value.removeprefix("with ")}", which stands in the input'
        if value.startswith("no "):
            return f'"{value.removeprefix("no ")}" is empty in the output: the input holds none of it'
        path, _, wanted = value.partition("=")
        if "[]" in path:
            of, _, part = path.rpartition("[]")
            whose = f' whose "{part.lstrip(".")}" is' if part else ""
            return f'"{of}" of the output holds at least one{whose} "{wanted}"'
        return f'"{path}" is "{wanted}" in the output'

    def _known(self, example: Example) -> list[str]:
        return [trait for trait in self._traits(example) if trait in self.counts]

    def _rarest(self, traits: Sequence[str]) -> str | None:
        return min(traits, key=lambda trait: (self.counts[trait], trait), default=None)


class Topic(Dimension):
    """The nearest of the seeds' topic clusters."""

    name = "topic"

    def __init__(self, named: Sequence[str], centroids: Vectors, labels: Sequence[int], embed: Embed) -> None:
        self._names, self._centroids, self._embed = list(named), centroids, embed
        self.shares = _shares([self._names[label] for label in labels])

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The nearest cluster."""
        return [self._names[row[0]] for row in self._ranked(examples)]

    def fits(self, examples: Sequence[Example], values: Sequence[str]) -> list[bool]:
        """Whether the topic asked for is one of the two nearest: borders between clusters are not sharp."""
        ranked = self._ranked(examples)
        return [value in (self._names[i] for i in row[:2]) for row, value in zip(ranked, values, strict=True)]

    def describe(self, value: str) -> str:
        """The words that name the cluster; the examples say the rest."""
        return f"it is about the same topic as the real examples ({value})"

    def _ranked(self, examples: Sequence[Example]) -> npt.NDArray[np.int64]:
        if not examples:
            return np.zeros((0, len(self._names)), np.int64)
        return nearest(self._embed(examples), self._centroids)


class UseCase(Dimension):
    """Which of the declared use cases an example shows: its own field `use_case`, or the most similar one."""

    name = "use case"

    def __init__(self, declared: Mapping[str, str], seeds: Sequence[Example], embed: Embed) -> None:
        self._declared, self._embed = declared, embed
        self._vectors = embed([Example(name, f"{name}: {text}", None) for name, text in declared.items()])
        self.shares = _shares([value or OTHER for value in self.of(seeds)])

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The use case; `other` where none is similar."""
        if not examples:
            return []
        names, cosines = list(self._declared), self._embed(examples) @ self._vectors.T
        found: list[str | None] = []
        for example, row in zip(examples, np.round(cosines, 5), strict=True):
            told = example.meta.get("use_case")
            best = int(row.argmax())
            found.append(told if told in names else names[best] if row[best] >= LEAST_SIMILAR else OTHER)
        return found

    def fits(self, examples: Sequence[Example], values: Sequence[str]) -> list[bool]:
        """Anything that shows no other use case."""
        return [found in (OTHER, value) for found, value in zip(self.of(examples), values, strict=True)]

    def describe(self, value: str) -> str:
        """The use case as the owner describes it."""
        return f"it is a case of {value}: {self._declared.get(value, 'as in the real examples')}"


class Language(Dimension):
    """The language of the input, among those that the seeds are in."""

    name = "language"

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._known = tuple(counts)
        self.shares = {name: n / sum(counts.values()) for name, n in counts.items()}

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The language; None for texts too short to tell."""
        return [identify(example.input_text, self._known) for example in examples]

    def describe(self, value: str) -> str:
        """The language's name."""
        return f"the input is written in {NAMES.get(value, value)}"


class Length(Dimension):
    """How long the input is, in words: the thirds of the seeds."""

    name = "length"

    def __init__(self, seeds: Sequence[Example]) -> None:
        words = [_words(seed) for seed in seeds]
        self._low, self._high = (int(q) for q in np.quantile(words, [1 / 3, 2 / 3], method="lower"))
        self._least, self._most = min(words), max(words)
        self.shares = _shares([self._band(n) for n in words])

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """`short`, `medium` or `long`."""
        return [self._band(_words(example)) for example in examples]

    def describe(self, value: str) -> str:
        """The band in words."""
        first = {"short": self._least, "medium": self._low + 1, "long": self._high + 1}[value]
        last = {"short": self._low, "medium": self._high, "long": self._most}[value]
        return (
            f"the input has about {first} to {last} words"
            if last > first
            else f"the input has about {first} words"
        )

    def _band(self, words: int) -> str:
        return "short" if words <= self._low else "medium" if words <= self._high else "long"


class Attribute(Dimension):
    """An attribute that the owner declared. Seeds tell it where they have a field of its name."""

    def __init__(self, name: str, shares: Mapping[str, float]) -> None:
        self.name = name
        self.shares = shares

    def of(self, examples: Sequence[Example]) -> list[str | None]:
        """The value in the example's own field; None where there is none."""
        told = [example.meta.get(self.name) for example in examples]
        return [str(value) if str(value) in self.shares else None for value in told]

    def describe(self, value: str) -> str:
        """Name and value, as declared."""
        return f"{self.name}: {value}"


def _shares(values: Sequence[str]) -> dict[str, float]:
    counts = Counter(values)
    return {value: counts[value] / len(values) for value in sorted(counts)}


def _words(example: Example) -> int:
    return len(example.input_text.split())
