"""Names by type: where they stand in a text, and another one of the same type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from facts.cover import whole
from facts.namelists import (
    ALIASES,
    AMBIGUOUS,
    FOUND_ONLY,
    LISTS,
    MEN,
    MIDDLE,
    RARE,
    SPAN_LISTS,
    SURNAMES,
    WOMEN,
)

SPOKEN = {"Delta": r"(?=(?: flight)? (?:air|fl|have|has|have any|ab\d)| have|$)", "April": r"(?= \d)"}
DATED = (
    r"(?:(?<=in )|(?<=of )|(?<=since )|(?<=last )|(?<=next )|(?<=\d )|(?<=th )|(?<=st )|(?<=nd )|(?<=rd ))"
)
NO_SURNAME = {*LISTS["weekday"], *LISTS["month"]}
NO_SURNAME |= set("The And Is In On At Of To For But If Hollywood Day You He She".split())
AFTER = {
    "nationality": r"(?![ -](?:[A-Z]\w+|express|air\w+|eagle|idol|fries|dollars?|pie|beauty|horror)\b)",
    "country": r"(?! (?:Airways|Airlines|Open|Today|First|Red)\b)",
    "state": r"(?! (?:City|Chainsaw|Open)\b)",
    "city": r"(?! (?:Symphony|Victorias|Stars|Lakers|Giants)\b)",
    "weekday": r"(?! Night)",
    "surname": r"(?! [A-Z])",
}
"""What may not follow a name of a type: then it is part of another one."""
BEFORE = {
    "weekday": r"(?<!Black )(?<!Mothering )",
    "surname": r"(?<![A-Z][a-z] )",
    "country": r"(?<!New )",
    "nationality": r"(?<!Arab )",
    "club": r"(?<!Port )",
    "first name": r"(?<!GI )(?<!Magic )(?<!St\. )",
}
NO_PERSON = set(
    "English Math Table If How What The She He They In On At After During Each Every When While There For "
    "Her His It Today Tomorrow Meanwhile Due And But Sunday Aunt Mr Mrs Ms Dr You".split()
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it stands in a text."""

    text: str
    type: str


def in_text(text: str, cased: bool, spans: Iterable[tuple[str, str]] = (), story: bool = False) -> list[Name]:
    """The names of a text: output spans that are names, then what our lists know, none twice.

    In a `story`, a word problem, capitals inside sentences mean persons.
    """
    named = [Name(part, kind) for part, kind in spans if _is_name(part, kind, text)]
    taken = [part.lower() for part, _ in spans]
    people = _people(text) if cased else []
    taken += [name.text.lower() for name in people]
    listed = [name for name in _listed(text, cased) if not any(name.text.lower() in part for part in taken)]
    people = [name for name in people if not any(name.text.lower() in part.lower() for part, _ in spans)]
    unlisted = _of_a_story(text, {name.text for name in listed}) if story else []
    return list(dict.fromkeys([*named, *people, *listed, *unlisted]))


def _is_name(part: str, kind: str, text: str) -> bool:
    """Spans of one word that are no names of persons, and lists of names, are left out."""
    if kind in ("Actor", "Director", "Character") and " " not in part:
        return False
    known = kind in SPAN_LISTS or kind == "person"
    return known and " and " not in part and bool(whole(part).search(text))


@cache
def _pattern(kind: str, cased: bool) -> re.Pattern[str]:
    names = [n for n in LISTS[kind] if cased or n not in AMBIGUOUS or n in SPOKEN]
    parts = [_one(n, kind, cased) for n in sorted(names, key=len, reverse=True)]
    before, after = BEFORE.get(kind, ""), AFTER.get(kind, "")
    return re.compile(rf"(?<![\w@#&'’.-]){before}(?:{'|'.join(parts)})(?![\w-]|['’][a-rt-z]){after}")


def _one(name: str, kind: str, cased: bool) -> str:
    """One name as a pattern; months that are words as well need a day or a preposition beside them."""
    written = re.escape(name if cased else name.lower())
    if not cased and name in SPOKEN:
        return written + SPOKEN[name]
    if kind == "short month" or (kind == "month" and name in ("May", "March", "April", "August")):
        return rf"(?:{DATED}{written}|{written}(?= \d))"
    return written


def _listed(text: str, cased: bool) -> Iterator[Name]:
    taken: list[tuple[int, int]] = []
    for kind in LISTS:
        for match in _pattern(kind, cased).finditer(text):
            if not any(match.start() < end and start < match.end() for start, end in taken):
                taken.append(match.span())
                yield Name(match[0], kind)
    if cased:
        for match in re.finditer(rf"(?<=[a-z,] )(?:{'|'.join(MIDDLE)})(?![\w-]| [A-Z])", text):
            yield Name(match[0], "first name")


def _of_a_story(text: str, known: set[str]) -> list[Name]:
    """Words with a capital inside a sentence that come again, stand alone and follow no article."""
    inside = re.findall(r"(?<=[a-z,;] )([A-Z][a-z]+)(?![\w-]| [A-Z])", text)
    once = [word for word in dict.fromkeys(inside) if word not in known and word not in NO_PERSON]
    alone = [w for w in once if not re.search(rf"\b[Tt]he {w}\b|\b{w} [A-Z]|[A-Z][a-z]+ {w}\b", text)]
    listed = {name for names in LISTS.values() for name in names}
    return [Name(w, "first name") for w in alone if len(whole(w).findall(text)) > 1 and w not in listed]


def _people(text: str) -> list[Name]:
    """First name and surname together."""
    first = "|".join(map(re.escape, [*MEN, *WOMEN, *RARE, *MIDDLE]))
    found = re.finditer(rf"(?<![\w@#-])(?:{first}) (?:[A-Z]\. )?((?:Mc|O')?[A-Z][a-z]{{2,}})(?![\w-])", text)
    return [Name(match[0], "person") for match in found if match[1] not in NO_SURNAME]


def another(name: Name, text: str, rng: Random) -> str | None:
    """Another name of the same type, written as the old one is; `None` if all of them stand in the text."""
    lower, old = text.lower(), name.text.lower()
    near = [
        n for n in _alike(name, rng) if n.lower() not in lower and old not in n.lower() and not _same(n, old)
    ]
    if not near:
        return None
    chosen = rng.choice(near)
    if name.text.islower():
        return chosen.lower()
    return chosen.upper() if name.text.isupper() and len(name.text) > 3 else chosen


def _same(new: str, old: str) -> bool:
    """Whether both name one thing."""
    return any(new.lower() in names and old in names for names in ALIASES)


def _alike(name: Name, rng: Random) -> list[str]:
    if name.type == "first name":
        women = name.text in WOMEN
        return [n for n in (WOMEN if women else MEN) if n not in FOUND_ONLY]
    if name.type == "person":
        return [_person(name.text, rng) for _ in range(8)]
    if name.type == "location":
        apart = {"United Kingdom", "United States"}  # in which many a place lies that they would stand for
        return [n for n in (*SPAN_LISTS["location"], *LISTS["city"], *LISTS["country"]) if n not in apart]
    names = SPAN_LISTS.get(name.type) or LISTS[name.type]
    return [n for n in names if n not in FOUND_ONLY]


def _person(old: str, rng: Random) -> str:
    """A surname for a surname, a full name for a full name; every third time the old first name stays."""
    surname = rng.choice(SURNAMES)
    if " " not in old:
        return surname
    first = old.split()[0] if rng.random() < 0.33 else rng.choice([*MEN, *WOMEN])
    return f"{first} {surname}"
