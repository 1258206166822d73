"""Making plants: real rows in which exactly one fact was harmed, and reworded ones in which none was.

Nothing here knows how a gate decides. Half of the harmed rows are reworded as well, with the same
rewordings as the harmless ones, so that comparing texts for equality finds nothing out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random

from facts.disguise import reword
from facts.harms import MAKERS, Harm, output_changed
from facts.rewording import REWORDINGS
from facts.seeds import Seed

HEADLINE = ("number_changed", "name_swapped", "negation_dropped")
APART = (
    "number_dropped", "unit_changed", "multiplier_changed", "code_changed", "negation_added", "value_lost",
    "output_changed",
)  # fmt: skip
HARMLESS, UNTOUCHED = "harmless", "untouched"
SHORTEST = 12
"""Characters a seed needs: shorter ones say too little for anything to be harmed."""
MOST = 150
"""Harmed rows of one kind from one folder, at most; drawn."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A row for the gate: what was done to which seed. `form` is the kind's subdivision."""

    id: str
    folder: str
    kind: str
    form: str
    parent: str
    original: str
    text: str
    output: str
    note: str
    reworded: tuple[str, ...] = ()

    @property
    def harmed(self) -> bool:
        """Whether a gate should reject it."""
        return self.kind not in (HARMLESS, UNTOUCHED)

    def row(self) -> dict[str, object]:
        """The row as an audit reads it."""
        source = {"kind": "synthetic", "recipe": "paraphrase", "parents": [self.parent]}
        return {"id": self.id, "input": self.text, "output": self.output, "source": source}


def make(seeds: list[Seed], rng: Random) -> list[Plant]:
    """The plants of one folder: the untouched seeds, the harmed rows kind by kind, the harmless ones."""
    labels = sorted({seed.output for seed in seeds})
    types = sorted({kind for seed in seeds for _, kind in seed.spans})
    usable = [seed for seed in seeds if len(seed.input) >= SHORTEST]
    plants = [_plant(seed, UNTOUCHED, Harm(seed.input, "as it is", "")) for seed in usable]
    for kind, maker in MAKERS.items():
        plants += _draw((p for seed in usable for p in _harmed(seed, kind, maker(seed, rng), rng)), rng)
    changed = ((seed, output_changed(seed, labels, types, rng)) for seed in usable)
    plants += _draw((p for seed, harms in changed for p in _harmed(seed, "output_changed", harms, rng)), rng)
    plants += _distinct(p for seed in usable for p in _harmless(seed, rng))
    return [replace(plant, id=f"{plant.folder}-{at}") for at, plant in enumerate(plants)]


def _draw(plants: Iterable[Plant], rng: Random) -> list[Plant]:
    found = _distinct(plants)
    return found if len(found) <= MOST else rng.sample(found, MOST)


def _distinct(plants: Iterable[Plant]) -> list[Plant]:
    """Without repetitions, and without rows that came out as their seed."""
    new = (plant for plant in plants if plant.text != plant.original or plant.kind == "output_changed")
    return list({(plant.text, plant.output): plant for plant in new}.values())


def _plant(seed: Seed, kind: str, harm: Harm, how: tuple[str, ...] = ()) -> Plant:
    output = seed.output if harm.output is None else harm.output
    return Plant("", seed.folder, kind, harm.form, seed.id, seed.input, harm.text, output, harm.note, how)


def _harmed(seed: Seed, kind: str, harms: Iterable[Harm], rng: Random) -> Iterator[Plant]:
    """Each harm once, as it is or reworded, by chance; dropped negations, which are few, both ways."""
    for harm in harms:
        both = kind == "negation_dropped"
        plain = both or rng.random() < 0.5
        if plain:
            yield _plant(seed, kind, harm)
        if both or not plain:
            text, how = reword(seed, harm.text, harm.guard, rng, rng.choice([1, 1, 2]))
            yield _plant(seed, kind, replace(harm, text=text), how)


# -- harmless rows

TELLING = (
    "notation", "contractions", "polarity", "shell", "fronting", "reorder", "polite", "fillers", "synonyms",
)  # fmt: skip
"""Rewordings that say the same otherwise; the others touch the surface."""
SURFACE = tuple(name for name in REWORDINGS if name not in TELLING)


def _harmless(seed: Seed, rng: Random) -> Iterator[Plant]:
    """Every telling rewording (notation twice), two of the surface, and two combinations."""
    for name in (*TELLING, "notation", *rng.sample(SURFACE, 2)):
        text, how = reword(seed, seed.input, (), rng, 1, only=name)
        if how:
            yield _plant(seed, HARMLESS, Harm(text, name, ""), how)
    for count in (2, 3):
        text, how = reword(seed, seed.input, (), rng, count)
        if len(how) > 1:
            yield _plant(seed, HARMLESS, Harm(text, "combination", ", ".join(how)), how)


def opportunities(plants: Iterable[Plant], kind: str) -> dict[str, int]:
    """From how many different changes the plants of a kind come, folder by folder."""
    seen: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for plant in plants:
        if plant.kind == kind:
            seen[plant.folder].add((plant.parent, plant.note))
    return {folder: len(changes) for folder, changes in seen.items()}
