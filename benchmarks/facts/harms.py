"""Harms: every way in which one fact of a row is changed, left out or turned into its opposite."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from facts import measures, names, negations, numbers
from facts.cover import Cover, put, whole
from facts.seeds import LABELLED, Seed


@dataclass(frozen=True, slots=True)
class Harm:
    """One harmed fact: the text, what was done, and the words that no rewording may touch afterwards."""

    text: str
    form: str
    note: str
    guard: tuple[str, ...] = ()
    output: str | None = None


# -- numbers, units, codes


def number_changed(seed: Seed, rng: Random) -> Iterator[Harm]:
    """Up to three numbers changed, one at a time, and sometimes two exchanged."""
    found = _numbers(seed)
    pairs = numbers.exchangeable(seed.input) if found else []
    if pairs and rng.random() < 0.4:
        a, b = rng.choice(pairs)
        guard = (a.text, b.text, a.text.lower(), b.text.lower(), a.text.capitalize(), b.text.capitalize())
        yield Harm(numbers.exchanged(seed.input, (a, b)), "exchanged", f"{a.text} ↔ {b.text}", guard)
    for number in rng.sample(found, min(len(found), 3)):
        new = numbers.another(number, rng)
        text = put(seed.input, number.start, number.end, new)
        yield Harm(text, number.form, f"{number.text} → {new}", (new, number.text))


def _numbers(seed: Seed) -> list[numbers.Number]:
    return [] if seed.is_code else numbers.in_text(seed.input)


def number_dropped(seed: Seed, rng: Random) -> Iterator[Harm]:
    """One number left out."""
    found = _numbers(seed)
    rng.shuffle(found)
    made = ((n, numbers.dropped(seed.input, n, rng)) for n in found)
    for number, text in [(n, t) for n, t in made if t][:1]:
        yield Harm(text, number.form, f"{number.text} → nothing", ("some", "several", "few"))


def unit_changed(seed: Seed, rng: Random) -> Iterator[Harm]:
    """One unit changed."""
    ways = [] if seed.is_code else measures.units_changed(seed.input)
    for text, note in rng.sample(ways, min(len(ways), 1)):
        yield Harm(text, "unit", note, tuple(re.split(" → ", note)))


def multiplier_changed(seed: Seed, rng: Random) -> Iterator[Harm]:
    """One multiplier changed."""
    ways = measures.multipliers_changed(seed.input, rng)
    for text, note in rng.sample(ways, min(len(ways), 1)):
        yield Harm(text, "multiplier", note, (note.split(" → ")[1],))


def code_changed(seed: Seed, rng: Random) -> Iterator[Harm]:
    """One digit of a code changed."""
    found = [] if seed.is_code else measures.codes(seed.input)
    for code in rng.sample(found, min(len(found), 1)):
        new = measures.another_code(code.text, rng)
        yield Harm(put(seed.input, code.start, code.end, new), "code", f"{code.text} → {new}", (new,))


# -- names


def name_swapped(seed: Seed, rng: Random) -> Iterator[Harm]:
    """Up to three names, one at a time, exchanged for others of their type."""
    found = names.in_text(seed.input, seed.cased, seed.spans, story=seed.folder == "gsm8k")
    fit = [name for name in found if not seed.inside_another(name.text)]
    for name in rng.sample(fit, min(len(fit), 3)):
        new = names.another(name, seed.input, rng)
        if new:
            yield _swap(seed.input, name, new, rng)


def _swap(text: str, name: names.Name, new: str, rng: Random) -> Harm:
    """Everywhere; one time in three only at one of several places."""
    places = list(whole(name.text).finditer(text))
    note = f"{name.text} → {new}"
    if len(places) > 1 and rng.random() < 0.33:
        at = rng.choice(places)
        return Harm(put(text, *at.span(), new), f"{name.type}, one of several", note, (new, name.text))
    return Harm(whole(name.text).sub(lambda _: new, text), name.type, note, (new,))


# -- negations


def negation_dropped(seed: Seed, _rng: Random) -> Iterator[Harm]:
    """Each negation dropped, one at a time."""
    cover, text = _titles_covered(seed)
    for change in negations.removed(text):
        guard = tuple(change.note.split(" → ")[1].split())
        yield Harm(cover.open(change.text), change.form, change.note, guard)


def negation_added(seed: Seed, rng: Random) -> Iterator[Harm]:
    """One negation put where there was none."""
    cover, text = _titles_covered(seed)
    ways = negations.added(text, stated=seed.folder != "spider_sql")
    for change in rng.sample(ways, min(len(ways), 1)):
        yield Harm(cover.open(change.text), change.form, cover.open(change.note))


def _titles_covered(seed: Seed) -> tuple[Cover, str]:
    """Titles and songs say `not` and `will` and mean nothing by it; negations of code are no statements."""
    cover = Cover()
    if seed.is_code:
        return cover, cover.put(seed.input)
    titles = [
        span for span, kind in seed.spans if kind in ("Title", "Song", "Actor", "Character", "Director")
    ]
    return cover, cover.words(seed.input, titles)


# -- values and outputs

_VAGUE = {
    "Actor": "somebody", "Director": "somebody", "Title": "that movie", "Character": "some character",
    "person": "somebody", "location": "that place", "organization": "the organization", "Song": "that song",
}  # fmt: skip
_LEAD = r"(?: (?:starring|featuring|with actor|with|by|directed by|about|from|in|of|for|named|called))? "
_END = r"(?=$|[.?!]|,? (?:in|from|with|that|and|starring)\b)"


def value_lost(seed: Seed, rng: Random) -> Iterator[Harm]:
    """Up to two output values, one at a time, that the input no longer has."""
    values = [v for v in dict.fromkeys(seed.spans) if _once(v[0], seed) and not seed.inside_another(v[0])]
    for value, kind in rng.sample(values, min(len(values), 2)):
        ways = [_misspelt(seed.input, value, rng), _left_out(seed.input, value)]
        ways += [_vague(seed.input, value, kind)] if kind in _VAGUE and (" " in value or seed.cased) else []
        fit = [way for way in ways if way]
        if fit:
            yield rng.choice(fit)


def _once(value: str, seed: Seed) -> bool:
    return len(value) > 2 and len(re.findall(re.escape(value), seed.input, re.I)) == 1


def _misspelt(text: str, value: str, rng: Random) -> Harm | None:
    at = [i for i in range(1, len(value) - 2) if value[i : i + 2].isalpha() and value[i] != value[i + 1]]
    if len(value) < 5 or not at:
        return None
    i = rng.choice(at)
    ways = [value[:i] + value[i + 1] + value[i] + value[i + 2 :], value[:i] + value[i + 1 :]]
    new = rng.choice(ways)
    return Harm(whole(value).sub(lambda _: new, text), "misspelt", f"{value} → {new}", (new,))


def _left_out(text: str, value: str) -> Harm | None:
    """The value and the preposition before it, at the end or before one."""
    found = re.search(rf"{_LEAD}(?:the |an? )?{re.escape(value)}{_END}", text)
    if not found or found.start() < 8:
        return None
    return Harm(text[: found.start()] + text[found.end() :], "left out", f"{found[0].strip()} → nothing")


def _vague(text: str, value: str, kind: str) -> Harm:
    return Harm(whole(value).sub(_VAGUE[kind], text), "made vague", f"{value} → {_VAGUE[kind]}")


def output_changed(seed: Seed, labels: list[str], types: list[str], rng: Random) -> Iterator[Harm]:
    """Another label, or another type for one entity; the input as it is."""
    if seed.folder in LABELLED:
        output = rng.choice([label for label in labels if label != seed.output])
        yield Harm(seed.input, "label", f"{seed.output} → {output}", (), output)
    elif seed.spans:
        value = json.loads(seed.output)
        entity = rng.choice(value["entities"])
        other = rng.choice([kind for kind in types if kind != entity["type"]])
        note = f"{entity['text']}: {entity['type']} → {other}"
        entity["type"] = other
        yield Harm(seed.input, "entity type", note, (), json.dumps(value, ensure_ascii=False))


MAKERS: dict[str, Callable[[Seed, Random], Iterator[Harm]]] = {
    "number_changed": number_changed, "name_swapped": name_swapped, "negation_dropped": negation_dropped,
    "number_dropped": number_dropped, "unit_changed": unit_changed, "multiplier_changed": multiplier_changed,
    "code_changed": code_changed, "negation_added": negation_added, "value_lost": value_lost,
}  # fmt: skip
