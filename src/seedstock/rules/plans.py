"""Which exchange to ask for: round after round other values for the same seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice, pairwise
from math import factorial, prod
from typing import Any

from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.rules.donors import Offer, Pool, Study, study

MOST_OFFERS = 8
INVENTED_WORTH = 20
"""How many values an invented one counts for in `Plan.distinct`: it is another one in every request."""

LIST_GAP = re.compile(r"(?:,|;|/|&|,? and|,? or)? ?", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """A seed with the offers for each of its slots (by index) and the lists that may be reordered."""

    study: Study
    options: dict[int, list[tuple[Offer, str | None]]]
    lists: tuple[tuple[int, ...], ...]

    @property
    def possible(self) -> bool:
        """True where there is anything to exchange."""
        return bool(self.options or self.lists)

    @property
    def distinct(self) -> int:
        """About how many different rows the seed can become."""
        worth = [sum(_worth(offer) for offer, _ in offers) for offers in self.options.values()]
        return prod(worth) * prod(factorial(len(one)) for one in self.lists) - (not self.options)

    @cached_property
    def total(self) -> int:
        """How many combinations of offers there are."""
        return prod(len(offers) for offers in self.options.values())

    def rules(self, operation: str, turn: int, seed: int, schema: dict[str, Any] | None) -> dict[str, Any]:
        """What to ask the rules for in round `turn`: JSON values only, at most 8 offers for a slot."""
        lead = self._lead(turn % self.total) if self.options else ()
        donors: dict[str, list[Offer]] = {}
        ids: set[str] = set()
        for (index, offers), first in zip(self.options.items(), lead, strict=True):
            turned = (offers[first:] + offers[:first])[:MOST_OFFERS]
            donors[str(index)] = [offer for offer, _ in turned]
            ids.update(donor for _, donor in turned if donor is not None)
        return {
            "operation": operation, "example": replace(self.study.example, meta={}).to_json(),
            "donors": donors, "donor_ids": sorted(ids), "lists": [list(one) for one in self.lists],
            "schema": schema, "seed": seed,
        }  # fmt: skip

    def _lead(self, turn: int) -> tuple[int, ...]:
        """The combination of round `turn`: every round of the first `total` has its own."""
        return next(islice(_combinations(list(self.options.values())), turn, None))


def plans(seeds: Sequence[Example], schema: dict[str, Any] | None) -> list[Plan]:
    """A plan for every seed that has something to exchange, in the order of the seeds."""
    pool = Pool((one for seed in seeds if (one := study(seed, schema)) is not None), schema)
    every = (_plan(pool, one) for one in pool.studies)
    return [plan for plan in every if plan.possible]


def seed_number(*parts: Any) -> int:
    """A random seed made from anything JSON can say: the same in every process."""
    return int(digest(*parts)[:12], 16)


def _plan(pool: Pool, one: Study) -> Plan:
    options = {index: found for index in range(len(one.slots)) if (found := pool.options(one, index))}
    return Plan(one, options, tuple(_lists(one, [i for i in range(len(one.slots)) if i not in options])))


def _lists(one: Study, free: list[int]) -> Iterator[tuple[int, ...]]:
    """Runs of slots that are neighbours in one array of the output and in one list of the input."""
    run: list[int] = free[:1]
    for before, index in pairwise(free):
        if not _listed(one, before, index):
            yield from [tuple(run)] if len(run) > 1 else []
            run = []
        run.append(index)
    yield from [tuple(run)] if len(run) > 1 else []


def _listed(one: Study, before: int, index: int) -> bool:
    left, right = one.slots[before], one.slots[index]
    *left_parent, left_place = left.path
    *right_parent, right_place = right.path
    between = one.example.input_text[left.end : right.start]
    return (
        left_parent == right_parent
        and isinstance(left_place, int)
        and right_place == left_place + 1
        and between != " "
        and left.end < right.start
        and bool(LIST_GAP.fullmatch(between))
    )


def _combinations(options: list[list[tuple[Offer, str | None]]]) -> Iterator[tuple[int, ...]]:
    """Every choice of one offer per slot, once: first those that come from one donor seed together."""
    seen: set[tuple[int, ...]] = set()
    for choice in chain(_coherent(options), _spread([len(offers) for offers in options])):
        if choice not in seen:
            seen.add(choice)
            yield choice


def _coherent(options: list[list[tuple[Offer, str | None]]]) -> Iterator[tuple[int, ...]]:
    donors = list(dict.fromkeys(donor for offers in options for _, donor in offers if donor is not None))
    for turn, donor in enumerate(donors):
        places = [[at for at, (_, one) in enumerate(offers) if one == donor] for offers in options]
        if sum(map(bool, places)) > 1:
            yield tuple(
                found[0] if found else turn % len(offers)
                for found, offers in zip(places, options, strict=True)
            )


def _spread(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """All index tuples; from one to the next as many places change as can."""
    for number in range(prod(sizes)):
        places, shift = [], 0
        for size in sizes:
            number, digit = divmod(number, size)
            places.append((digit + shift) % size)
            shift += digit
        yield tuple(places)


def _worth(offer: Offer) -> int:
    return 1 if isinstance(offer, str) else INVENTED_WORTH
