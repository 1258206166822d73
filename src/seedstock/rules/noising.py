"""The operation `noise`: a swap where one is possible, then noise on what the user wrote last."""

from __future__ import annotations

import random
from typing import Any

from seedstock.example import Example
from seedstock.rules.noise import noisy
from seedstock.rules.outputs import leaf_text, leaves, parsed
from seedstock.rules.surgery import with_last_turn
from seedstock.rules.swapping import swapped
from seedstock.rules.tokens import spans, words

STRENGTH = 0.5


def noised(rules: dict[str, Any]) -> Example | None:
    """The example of a request after exchange and noise; None where neither changed anything."""
    found = swapped(rules) if rules.get("donors") or rules.get("lists") else None
    seed = Example.from_json(rules["example"])
    base = seed if found is None else found[0]
    protected = protected_values(base)
    rng = random.Random(rules["seed"])
    reorder = bool(rules.get("reorder")) and not _ordered(base)

    def change(text: str) -> str:
        additions = bool(rules.get("additions"))
        return noisy(
            text, protected, rng, rules.get("strength", STRENGTH), additions=additions, reorder=reorder
        )

    new = Example("", with_last_turn(base.input, change), base.output, base.reasoning)
    return None if new.input == seed.input else new


def protected_values(example: Example) -> list[str]:
    """What noise must leave: the output's values, and the words of a value that is not verbatim."""
    value = parsed(example.output)
    texts = [example.output_text]
    if value is not None:
        texts = [text for _, leaf in leaves(value) if (text := leaf_text(leaf)) is not None]
    given = example.input_text
    written = list(dict.fromkeys(words(given)))
    found: dict[str, None] = {}
    for text in texts:
        if spans(given, text):
            found[text] = None
        else:
            own = {word.lower() for word in words(text)}
            found.update(dict.fromkeys(word for word in written if word.lower() in own))
    return list(found)


def _ordered(example: Example) -> bool:
    """True where the output lists several things, perhaps in the order in which the input names them."""
    paths = [path for path, _ in leaves(parsed(example.output))]
    return any(step == 1 for path in paths for step in path if isinstance(step, int))
