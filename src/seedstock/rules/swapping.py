"""The operation `swap`: takes the offers of a request, keeps those that prove sound, exchanges."""

from __future__ import annotations

import random
from typing import Any

from seedstock.example import Example
from seedstock.rules.donors import Offer, study
from seedstock.rules.fakes import invented
from seedstock.rules.plans import seed_number
from seedstock.rules.slots import Slot
from seedstock.rules.surgery import exchange, sound


def swapped(rules: dict[str, Any]) -> tuple[Example, dict[str, str]] | None:
    """The example of a request after the exchange, with the mapping of old to new values.

    None where no offer can be taken.
    """
    example = Example.from_json(rules["example"])
    schema = rules.get("schema")
    one = study(example, schema)
    if one is None:
        return None
    slots = list(one.slots)
    mapping = _mapping(example, slots, rules, schema)
    mapping = _reordered(example, slots, mapping, rules, schema)
    return (exchange(example, mapping, schema), mapping) if mapping else None


def _mapping(
    example: Example, slots: list[Slot], rules: dict[str, Any], schema: dict[str, Any] | None
) -> dict[str, str]:
    """The first sound offer for each slot, slot after slot."""
    mapping: dict[str, str] = {}
    for index in sorted(map(int, rules.get("donors", {}))):
        old = slots[index].value
        for offer in rules["donors"][str(index)]:
            trial = mapping | {old: _value(offer, old, rules["seed"])}
            if _distinct(trial) and sound(example, slots, trial, schema):
                mapping = trial
                break
    return mapping


def _reordered(
    example: Example,
    slots: list[Slot],
    mapping: dict[str, str],
    rules: dict[str, Any],
    schema: dict[str, Any] | None,
) -> dict[str, str]:
    """`mapping` with the lists of the request in another order, where that is sound."""
    rng = random.Random(rules["seed"])
    for places in rules.get("lists", ()):
        old = [slots[place].value for place in places]
        new = rng.sample(old, len(old))
        if new == old:
            new = old[1:] + old[:1]
        trial = mapping | {left: right for left, right in zip(old, new, strict=True) if left != right}
        if sound(example, slots, trial, schema):
            mapping = trial
    return mapping


def _value(offer: Offer, old: str, seed: int) -> str:
    if isinstance(offer, str):
        return offer
    return invented(offer["faker"], old, seed_number("invented", seed, old, offer["n"]))


def _distinct(mapping: dict[str, str]) -> bool:
    """True where no value is given twice and none stays as it was."""
    small = [new.lower() for new in mapping.values()]
    return len(set(small)) == len(small) and all(old.lower() != new.lower() for old, new in mapping.items())
