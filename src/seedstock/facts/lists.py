"""The word lists beside this file, read once: ordinary words, names, units, words of each language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "words"
LANGUAGES = ("en", "de", "fr", "es")
_ENDINGS = (
    ("ies", ("y", "ie")), ("ied", ("y", "ie")), ("iest", ("y",)), ("ier", ("y",)), ("ily", ("y",)),
    ("iness", ("y",)), ("ing", ("", "e")), ("ings", ("", "e")), ("ed", ("", "e")), ("es", ("", "e")),
    ("s", ("",)), ("er", ("", "e")), ("ers", ("", "e")), ("or", ("", "e")), ("est", ("", "e")),
    ("ly", ("", "le")), ("ally", ("",)), ("ness", ("",)), ("less", ("",)), ("ful", ("",)), ("y", ("", "e")),
    ("ment", ("",)), ("ments", ("",)), ("able", ("", "e")), ("ation", ("e", "")), ("ish", ("", "e")),
)  # fmt: skip
_DERIVED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ization", ("", "e", "y")), ("izations", ("", "e", "y")), ("isation", ("", "e", "y")),
    ("isations", ("", "e", "y")), ("ize", ("", "e", "y")), ("izes", ("", "e", "y")), ("izer", ("", "e", "y")),
    ("ized", ("", "e", "y")), ("izing", ("", "e", "y")), ("ised", ("", "e", "y")), ("ising", ("", "e", "y")),
    ("ations", ("", "e")), ("ion", ("", "e")), ("ions", ("", "e")), ("ability", ("", "e", "able")),
    ("ibility", ("", "e", "ible")), ("ity", ("", "e")), ("ities", ("", "e")), ("ive", ("", "e")),
    ("ance", ("", "e")), ("ence", ("", "e", "ent")), ("ency", ("ent",)), ("ancy", ("ant",)),
    ("ional", ("ion",)), ("mental", ("ment",)), ("ic", ("", "e", "y")), ("ical", ("", "ic", "y")),
    ("ist", ("", "e", "y")), ("ists", ("", "e", "y")), ("ism", ("", "e", "y")), ("ous", ("", "e", "y")),
    ("ship", ("",)), ("ships", ("",)), ("hood", ("",)), ("like", ("",)), ("ably", ("able",)),
    ("ingly", ("", "e")), ("edly", ("", "e")),
)  # fmt: skip
"""Endings that make another word; names end like that too (`Chantal`), so they ask for a longer base."""
_LEAST_BASE = 4
_BEGINNINGS = tuple(
    "un re non over mis dis in im pre out up under anti co sub inter self multi mid micro ultra".split()
)
_LONGEST = 24


def fold(text: str) -> str:
    """Lower case without accents and dots: `São` → `sao`, `U.S.` → `us`, `L’Oréal` → `l'oreal`."""
    if not text.isascii():
        spread = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in spread if not unicodedata.combining(char)).replace("’", "'")
    return text.casefold().replace(".", "")


@lru_cache(maxsize=1 << 16)
def key(word: str) -> str:
    """A folded word without apostrophes, possessive or plural s: `katie's`, `katies` and `katie` are one."""
    bare = word.removesuffix("'s").replace("'", "")
    return bare[:-1] if len(bare) > 3 and bare[-1] == "s" and bare[-2] != "s" else bare


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of a list, without comments and empty ones."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("# "))


@cache
def ordinary() -> frozenset[str]:
    """The ordinary English words, folded."""
    return frozenset(word for line in lines("common") for word in line.split())


@lru_cache(maxsize=1 << 16)
def is_ordinary(word: str) -> bool:
    """Whether a folded word is an ordinary English one: in the list, or an inflection of one in it."""
    word = word.replace("'", "")
    if word in ordinary():
        return True
    if len(word) > _LONGEST:
        return False
    if any(base in ordinary() for base in _bases(word)):
        return True
    rests = (word[len(start) :] for start in _BEGINNINGS if word.startswith(start))
    return any(len(rest) > 2 and (rest in ordinary() or _any_base(rest)) for rest in rests)


def _any_base(word: str) -> bool:
    return any(base in ordinary() for base in _bases(word))


def _bases(word: str) -> Iterator[str]:
    for ending, others in _ENDINGS:
        bare = word.removesuffix(ending)
        if len(bare) > 2 and bare != word:
            yield from (bare + other for other in others)
            if len(bare) > 3 and bare[-1] == bare[-2]:
                yield bare[:-1]
    for ending, bases in _DERIVED:
        bare = word.removesuffix(ending)
        if len(bare) >= _LEAST_BASE and bare != word:
            yield from (bare + base for base in bases)


@dataclass(frozen=True, slots=True)
class Named:
    """A listed name: what it is called, and how it may be written.

    `doubtful` is an ordinary word too; `capitals` counts in capitals only, as `US` does.
    """

    name: str
    doubtful: bool = False
    capitals: bool = False


Phrases = Mapping[str, tuple[tuple[tuple[str, ...], Named], ...]]
"""First word → what begins with it, the longest first: words, and the name they are."""


@cache
def names() -> Phrases:
    """All listed names by their first word, folded, possessive and plural s taken off."""
    found: dict[tuple[str, ...], Named] = {}
    for name, spelling in _spellings():
        words = tuple(key(fold(word)) for word in spelling.replace("-", " ").split())
        found.setdefault(words, _named(name, spelling, words))
    for line in lines("doubtful"):
        for spelling in [line] if len(line.split()) == 2 else line.split():
            words = tuple(key(word) for word in fold(spelling).split())
            found[words] = Named(found[words].name if words in found else fold(spelling), doubtful=True)
    firsts: dict[str, list[tuple[tuple[str, ...], Named]]] = {}
    for words, named in found.items():
        firsts.setdefault(words[0], []).append((words, named))
    return {first: tuple(sorted(those, key=lambda pair: -len(pair[0]))) for first, those in firsts.items()}


def _spellings() -> Iterator[tuple[str, str]]:
    for kind in ("places", "organisations"):
        for line in lines(kind):
            name, _, others = line.partition(" = ")
            yield from ((fold(name), spelling) for spelling in [name, *filter(None, others.split(", "))])
    for line in lines("people"):
        # `Wells` would be `well`, which everybody says.
        those = (name for name in line.split() if not (name.endswith("s") and key(fold(name)) in ordinary()))
        yield from ((key(fold(name)), name) for name in those)


def _named(name: str, spelling: str, words: tuple[str, ...]) -> Named:
    bare = spelling.replace(".", "")
    short = bare.isupper() and len(bare) < 4 and (len(bare) < 3 or is_ordinary(bare.lower())) and bare != "UK"
    plain = fold(spelling) in ordinary() or words[0] in ordinary() or len(words[0]) < 3
    doubtful = len(words) == 1 and not bare.isupper() and plain
    return Named(name, doubtful=doubtful, capitals=short)


@cache
def units() -> dict[str, tuple[str, str]]:
    """Spelling → unit and its dimension."""
    found = {}
    for line in lines("units"):
        unit, dimension, *others = line.split()
        found.update(dict.fromkeys((unit, *others), (unit, dimension)))
    return found


@dataclass(frozen=True, eq=False)
class Language:
    """The words of one language that facts are made of; all folded. There is one of each: see `language`."""

    code: str
    stop: frozenset[str]
    numbers: Mapping[str, int]
    scales: Mapping[str, int]
    ordinals: Mapping[str, int]
    parts: Mapping[str, int]
    times: Mapping[str, int]
    decades: Mapping[str, int]
    join: frozenset[str]
    months: Mapping[str, int]
    short_months: Mapping[str, int]
    days: Mapping[str, int]
    short_days: Mapping[str, int]
    relative: frozenset[str]
    nots: frozenset[str]
    soft: frozenset[str]


@cache
def language(code: str) -> Language:
    """The words of a language by its code: en, de, fr or es."""
    parts = {head: rest for head, _, rest in (line.partition(": ") for line in lines(code))}

    def table(name: str) -> dict[str, int]:
        pairs = (word.partition("=") for word in fold(parts.get(name, "")).split())
        return {word: int(value) for word, _, value in pairs}

    def numbered(name: str, start: int) -> dict[str, int]:
        return {word: value for value, word in enumerate(fold(parts.get(name, "")).split(), start)}

    def plain(name: str) -> frozenset[str]:
        return frozenset(fold(parts.get(name, "")).split())

    return Language(
        code, plain("stop"), numbered("ones", 0) | table("tens") | _joined(code, table("tens")),
        table("scales"), table("ordinals"), table("parts"), table("times"), table("decades"), plain("join"),
        numbered("months", 1), table("short_months"), numbered("days", 1), table("short_days"),
        plain("relative"), plain("not"), plain("soft"),
    )  # fmt: skip


def _joined(code: str, tens: Mapping[str, int]) -> dict[str, int]:
    """German writes 21 to 99 as one word: `einundzwanzig`."""
    if code != "de":
        return {}
    ones = "ein zwei drei vier funf sechs sieben acht neun".split()
    return {f"{one}und{ten}": value + i for ten, value in tens.items() for i, one in enumerate(ones, 1)}
