"""Cells: the task's space as the seeds show it, cut into slices that each get a quota.

What cuts it first is what the task is about: the label, the variant of a JSON output, a declared use
case, or else a topic. Languages cut it further where the seeds are in several, and declared attributes
always do. Other sides, such as length, are asked for in proportion and do not cut: a teacher that does
not keep to a length would otherwise cost requests for every slice it misses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np

from seedstock.cell import Cell
from seedstock.clusters import find_clusters, keywords
from seedstock.example import Example
from seedstock.language import languages_of
from seedstock.seeds.dimensions import (
    Attribute,
    Dimension,
    Embed,
    Label,
    Language,
    Length,
    Topic,
    Traits,
    UseCase,
    Variant,
)
from seedstock.seeds.split import rotation

JOIN = " · "
THIN_SEEDS = 3
THIN_SHARE = 0.05
"""A cell with fewer seeds is thin, and so is one with less than 5 % and half of what an average cell has."""
RARE_EXPECTED = 2.0
"""A combination is rare where one seed at most has it and chance alone would give at least so many."""
MOST_RARE = 5


@dataclass(frozen=True, slots=True)
class Declared:
    """What the owner says of the space: attributes with the share of each value, use cases, what cuts."""

    attributes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    use_cases: Mapping[str, str] = field(default_factory=dict)
    cross: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the kind of output says of examples."""

    trait_kind: str
    traits: Traits
    labels: Sequence[str] = ()


class Space:
    """The cells, and the sides that do not cut."""

    def __init__(
        self, seeds: Sequence[Example], cutting: Sequence[Dimension], spread: Sequence[Dimension],
        embed: Embed, known: Known,
    ) -> None:  # fmt: skip
        self.seeds = list(seeds)
        self.cutting = list(cutting)
        self.spread = list(spread)
        self._embed = embed
        self.known = known

    @cached_property
    def cells(self) -> dict[str, Cell]:
        """Cells by name, in the order of their names."""
        told = [dimension for dimension in self.cutting if not isinstance(dimension, Attribute)]
        counted = _joint(told, self.seeds)
        made = [self._cell(told, counted, values) for values in product(*(d.shares for d in self.cutting))]
        kept = [cell for cell in made if cell is not None]
        whole = sum(cell.weight for cell in kept)
        average = len(self.seeds) / len(kept)
        found = {cell.name: self._finished(cell, whole, average) for cell in kept}
        return dict(sorted(found.items()))

    def _cell(
        self, told: Sequence[Dimension], counted: Mapping[tuple[str, ...], int], values: tuple[str, ...]
    ) -> Cell | None:
        """A slice; None where no seed is in it, whatever its attributes."""
        facets = {dimension.name: value for dimension, value in zip(self.cutting, values, strict=True)}
        attributes = [d for d in self.cutting if isinstance(d, Attribute)]
        share = float(counted.get(tuple(facets[d.name] for d in told), 0))
        for attribute in attributes:
            share *= attribute.shares[facets[attribute.name]]
        if not share:
            return None
        name = JOIN.join(v for d, v in zip(self.cutting, values, strict=True) if len(d.shares) > 1) or "all"
        said = "\n".join(f"- {d.describe(v)}" for d, v in zip(self.cutting, values, strict=True))
        return Cell(name, facets, said, tuple(self._seeds_of(told, attributes, facets)), weight=share)

    def _seeds_of(
        self, told: Sequence[Dimension], attributes: Sequence[Dimension], facets: Mapping[str, str]
    ) -> list[Example]:
        """The seeds that show what a cell is; those that tell another value of an attribute are left out."""
        inside = [all(facets[d.name] in self._shown[d.name][i] for d in told) for i in range(len(self.seeds))]
        found = [seed for seed, yes in zip(self.seeds, inside, strict=True) if yes]
        for attribute in attributes:
            fitting = attribute.fits(found, [facets[attribute.name]] * len(found))
            found = [seed for seed, yes in zip(found, fitting, strict=True) if yes] or found
        return rotation(found)

    @cached_property
    def _shown(self) -> dict[str, list[frozenset[str]]]:
        return {dimension.name: dimension.shows(self.seeds) for dimension in self.cutting}

    def _finished(self, cell: Cell, whole: float, average: float) -> Cell:
        tells = [d for d in self.cutting if isinstance(d, Attribute)]
        shown = sum(all(seed.meta.get(d.name) == cell.facets[d.name] for d in tells) for seed in cell.seeds)
        few = len(cell.seeds) < average / 2 and len(cell.seeds) < THIN_SHARE * len(self.seeds)
        thin = (few or len(cell.seeds) < THIN_SEEDS) and len(self.seeds) > len(cell.seeds)
        label = cell.facets.get("label", "")
        return Cell(
            cell.name, cell.facets, cell.description, cell.seeds, shown, cell.weight / whole, thin,
            self._near.get(label, ""), tuple(self._rare(cell)),
        )  # fmt: skip

    def _rare(self, cell: Cell) -> list[str]:
        """What seeds of this cell hardly ever are, though chance would have it; the rarest first."""
        ids = {seed.id for seed in cell.seeds}
        share = len(ids) / len(self.seeds)
        found = []
        for dimension in self._sides:
            shown = dimension.shows(self.seeds)
            for value in sorted({value for values in shown for value in values}):
                rows = [
                    seed.id in ids for seed, values in zip(self.seeds, shown, strict=True) if value in values
                ]
                expected = share * len(rows)
                if (
                    sum(rows) <= 1
                    and expected >= RARE_EXPECTED
                    and _possible(cell.facets, dimension.name, value)
                ):
                    found.append((sum(rows) - expected, dimension.describe(value)))
        return [said for _, said in sorted(found)[:MOST_RARE]]

    @property
    def _sides(self) -> list[Dimension]:
        """What a cell's rows may be besides: sides that do not cut, and other traits of its outputs."""
        return [*self.spread, *(d for d in self.cutting if isinstance(d, Variant))]

    @cached_property
    def _near(self) -> dict[str, str]:
        """For each label the one whose seeds are most like its own; empty where outputs are no labels."""
        labels = sorted({str(seed.output) for seed in self.seeds}) if self.known.trait_kind == "label" else []
        if len(labels) < 2:
            return {}
        vectors = self._embed(self.seeds)
        where = np.array([labels.index(str(seed.output)) for seed in self.seeds])
        means = np.stack([vectors[where == i].mean(axis=0) for i in range(len(labels))])
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        cosines = np.round(means @ means.T / np.maximum(lengths @ lengths.T, 1e-9), 5)
        np.fill_diagonal(cosines, -2)
        return {label: labels[int(row.argmax())] for label, row in zip(labels, cosines, strict=True)}

    def home(self, examples: Sequence[Example]) -> list[str]:
        """The cell of each example as far as it can be told; what cannot is taken for the most usual."""
        found: list[list[str]] = [[] for _ in examples]
        for dimension in self.cutting:
            usual = max(dimension.shares, key=lambda value: dimension.shares[value])
            for i, value in enumerate(dimension.of(examples)):
                found[i].append(usual if value is None else value)
        names = {tuple(cell.facets.values()): name for name, cell in self.cells.items()}
        return [names.get(tuple(values), next(iter(names.values()))) for values in found]

    def place(self, examples: Sequence[Example], asked: Sequence[Cell]) -> list[str | None]:
        """The cell that each example belongs to: the one it was asked for unless it clearly is of another.

        None where it is of a slice that has no cell. A cell outside the space keeps what was asked for it.
        """
        found: list[list[str]] = [[] for _ in examples]
        for dimension in self.cutting:
            wanted = [cell.facets.get(dimension.name, "") for cell in asked]
            fitting, own = dimension.fits(examples, wanted), dimension.of(examples)
            for i, (fits, mine) in enumerate(zip(fitting, own, strict=True)):
                found[i].append(wanted[i] if fits or mine is None else mine)
        names = {tuple(cell.facets.values()): name for name, cell in self.cells.items()}
        return [
            names.get(tuple(values)) if cell.name in self.cells else cell.name
            for values, cell in zip(found, asked, strict=True)
        ]


def find_space(seeds: Sequence[Example], known: Known, declared: Declared, embed: Embed) -> Space:
    """The space of a task out of its seeds and what its owner declares.

    `embed` gives unit vectors of examples, shape (n, dim); it is asked only where topics, use cases or
    neighbouring labels have to be found.
    """
    languages = languages_of([seed.input_text for seed in seeds])
    sides: list[Dimension] = [Language(languages)] if len(languages) > 1 else []
    length = [Length(seeds)] if len({len(seed.input_text.split()) for seed in seeds}) > 3 else []
    cut = [*_first_cut(seeds, known, declared, embed), *sides]
    cut += [side for side in length if side.name in declared.cross]
    cut += [Attribute(name, shares) for name, shares in declared.attributes.items()]
    return Space(seeds, cut, [side for side in length if side.name not in declared.cross], embed, known)


def _first_cut(seeds: Sequence[Example], known: Known, declared: Declared, embed: Embed) -> list[Dimension]:
    if known.trait_kind == "label":
        return [Label(seeds)]
    if known.trait_kind == "variant":
        variant = Variant(seeds, known.traits)
        if len(variant.shares) > 1:
            return [variant]
    if declared.use_cases:
        return [UseCase(declared.use_cases, seeds, embed)]
    centroids, labels = find_clusters(embed(seeds))
    if len(centroids) < 2:
        return []
    words = keywords([seed.input_text for seed in seeds], labels.tolist())
    named = [f"{i + 1}: {said}" if said else f"{i + 1}" for i, said in enumerate(words)]
    return [Topic(named, centroids, labels.tolist(), embed)]


def _joint(dimensions: Sequence[Dimension], seeds: Sequence[Example]) -> dict[tuple[str, ...], int]:
    """How many seeds have each combination of values; what cannot be told is taken for the most usual."""
    columns: list[Callable[[int], str]] = []
    for dimension in dimensions:
        usual = max(dimension.shares, key=lambda value: dimension.shares[value])
        values = [value or usual for value in dimension.of(seeds)]
        columns.append(values.__getitem__)
    counted: dict[tuple[str, ...], int] = {}
    for i in range(len(seeds)):
        key = tuple(column(i) for column in columns)
        counted[key] = counted.get(key, 0) + 1
    return counted


def _possible(facets: Mapping[str, str], name: str, value: str) -> bool:
    """Whether a value may stand beside a cell's facets: not where both say something of one field."""
    if name not in facets:
        return True
    mine, other = (_field(trait) for trait in (facets[name], value))
    return mine != other or ("[]" in facets[name] and "[]" in value and facets[name] != value)


def _field(trait: str) -> str:
    """The outermost field that a trait is about."""
    return (
        trait.removeprefix("with ").removeprefix("no ").partition("=")[0].partition("[")[0].partition(".")[0]
    )
