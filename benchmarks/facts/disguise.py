"""Rewording a row while whatever carries a fact lies under cover."""

from __future__ import annotations

import re
from itertools import islice
from random import Random

from facts import names
from facts.cover import Cover
from facts.rewording import QUERY, REWORDINGS, Place
from facts.seeds import Seed

SLIGHT = ("spacing", "stops")
"""Rewordings that change no letter: the last to be chosen."""
_QUOTED = re.compile(r"\"[^\"\n]+\"|“[^”\n]+”|(?<![\w])'[^'\n]{2,40}'(?!\w)")
_CAPITALS = re.compile(r"(?<![\w'’])(?:[A-Z][A-Z0-9&.]+|[B-HJ-Z])(?![\w])")
_ADDRESS = re.compile(r"https?://\S+|#\w+|[\w.]+@[\w.]+|\b\w+_\w+\b")


def reword(
    seed: Seed, text: str, guard: tuple[str, ...], rng: Random, count: int, only: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """The text with `count` rewordings, or the one named; and which they were.

    `guard` are the words of a harm: no rewording may touch them. They, and names, may lose their capitals.
    """
    strict, loose, place = Cover(), Cover(3000), Place(seed.folder, rng)
    hidden = _hide(seed, text, guard, strict, loose)
    fit = (name for name in ([only] if only else _order(rng)) if _fits(name, hidden, place))
    chosen = list(islice(fit, count))
    done = []
    for name in (name for name in REWORDINGS if name in chosen):
        hidden = loose.open(hidden) if name == "lower_case" else hidden
        made = REWORDINGS[name](hidden, place)
        if made is not None:
            hidden = made
            done.append(name)
    return strict.open(loose.open(hidden)), tuple(done)


def _fits(name: str, hidden: str, place: Place) -> bool:
    """Whether a rewording finds something to do; capitals may all be under cover, to be uncovered first."""
    if name == "lower_case":
        return place.folder not in QUERY
    return REWORDINGS[name](hidden, place) is not None


def _order(rng: Random) -> list[str]:
    """Rewordings by chance, the slight ones last; one frame at most."""
    frame = rng.choice(["greeting", "wrapper"])
    telling = [name for name in REWORDINGS if name not in ("greeting", "wrapper", *SLIGHT)]
    return [*rng.sample([*telling, frame], len(telling) + 1), *rng.sample(SLIGHT, len(SLIGHT))]


def _hide(seed: Seed, text: str, guard: tuple[str, ...], strict: Cover, loose: Cover) -> str:
    """Output values, quotations, codes and addresses under `strict`; names and the harm under `loose`."""
    text = strict.words(text, [span for span, _ in seed.spans])
    if seed.folder == "self_instruct_qwen":
        text = strict.pattern(text, re.compile(r"\n\n.*", re.S))
    if seed.folder != "tweet_sentiment":
        text = strict.pattern(text, _QUOTED)
    if seed.folder == "spider_sql":
        values = [v for v in re.findall(r"['\"]\s*([^'\"]+?)\s*['\"]", seed.output) if len(v) > 1]
        text = strict.pattern(text, re.compile("|".join(map(re.escape, values)) or r"(?!)", re.I))
    if seed.folder == "ner_movie":
        text = strict.pattern(text, r"(?<=\bquote ).+|(?<=\bsays ).+")
    text = strict.pattern(strict.pattern(text, _ADDRESS), _CAPITALS)
    known = [name.text for name in names.in_text(text, seed.cased, story=seed.folder == "gsm8k")]
    return loose.words(text, [*guard, *known])
