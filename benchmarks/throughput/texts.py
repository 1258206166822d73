"""Seeds that look real, and the texts that the server answers with: all different, all made up."""

from __future__ import annotations

import random
from typing import Any

LABELS = ("complaint", "praise", "question")
INSTRUCTION = "Say what the customer wants: complaint, praise or question."

_THINGS = (
    "parcel invoice refund courier voucher receipt account password bicycle toaster mattress curtain"
    " printer camera helmet blender heater keyboard suitcase projector lamp carpet guitar telescope"
).split()
_PLACES = (
    "Leeds Porto Graz Turku Lille Ghent Bari Malmö Basel Cork Brno Split Gdynia Bergen Tartu Vigo".split()
)
_EVENTS = (
    "arrived broken at the back door", "was never sent by the warehouse", "works better than the old one",
    "cannot be opened without a tool", "smells of burnt plastic every evening", "makes my mornings easier",
    "costs twice what the shop window said", "came three weeks too early", "fits under the kitchen table",
    "needs a manual in Portuguese", "lost its left wheel on the stairs", "was praised by my grandmother",
    "shows an error nobody can explain", "should be collected before Sunday", "glows in the dark",
)  # fmt: skip
_WORDS = (
    "amber basket cedar dolphin engine feather garden harbour island jacket kettle lantern meadow needle"
    " orchard pepper quarry ribbon saddle thunder umbrella velvet window yellow zipper anchor bridge candle"
    " desert ember falcon glacier hammer ivory jungle kingdom ladder marble novel ocean pillow quiver rocket"
    " shadow timber urchin valley whisper yonder zenith"
).split()


def seed_rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """`count` rows of a label task, numbered from `first`: about 30 words each, no two alike."""
    return [_row(number) for number in range(first, first + count)]


def _row(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    thing, other = chance.sample(_THINGS, 2)
    one, two = chance.sample(_EVENTS, 2)
    place, words = chance.choice(_PLACES), " and the ".join(chance.sample(_WORDS, 3))
    text = (
        f"The {thing} from order {10_000 + number} {one}, and my neighbour in {place} says the {other} {two}."
        f" I wrote to you about the {words} last week."
    )
    return {"id": f"s{number}", "input": text, "output": LABELS[number % 3]}


def rewrites(given: str, count: int, chance: random.Random) -> list[str]:
    """`count` texts of about 20 words, from an input's last words and chance: near to nothing else."""
    kept = " ".join(given[-60:].split()[1:5])
    return [f"About {kept} I can say: {' '.join(chance.sample(_WORDS, 14))}" for _ in range(count)]
