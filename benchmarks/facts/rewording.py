"""Harmless rewordings: each leaves every number, unit, name, negation and output value as it is.

A rewording takes a text in which whatever must stay letter for letter is covered (`cover.py`) and gives
another text, or `None` where it finds nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from facts import rules
from facts.cover import put
from facts.notation import notations
from facts.rules import APOS, Rule

QUERY = ("clinc_intents", "ner_movie")
"""Folders of short requests, all in lower case."""
_AUX = r"(?:is|are|was|were|will|can|could|would|should|do|does|did|has|have|am)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text comes from, and the chance that chooses among rewordings."""

    folder: str
    rng: Random


def _try(text: str, place: Place, table: list[Rule]) -> str | None:
    """One of the rules that match, at one place."""
    fit = [(rule, new) for rule, new in table if re.search(rule, text)]
    if not fit:
        return None
    rule, new = place.rng.choice(fit)
    changed = re.sub(rule, new, text, count=1)
    return changed if changed != text else None


# -- letters, stops and white space


def lower_case(text: str, place: Place) -> str | None:
    """All in lower case."""
    return text.lower() if place.folder not in QUERY and text.lower() != text else None


def sentence_case(text: str, place: Place) -> str | None:
    """A capital at the beginning and for `I`; a stop at the end."""
    if place.folder not in QUERY or not text[:1].isalpha() or not text[:1].islower():
        return None
    text = re.sub(r"\bi(?=$|[ '])", "I", text[0].upper() + text[1:])
    asks = re.match(rf"(?!do not)(?:what|who|when|where|why|how|which|{_AUX}|any)\b", text, re.I)
    thanked = re.search(r"(?:thank|cheers)[^.?!]*$", text)
    return text if text[-1] in ".?!" else text + ("?" if asks and not thanked else ".")


def stops(text: str, place: Place) -> str | None:
    """The stop at the end taken away, put there or doubled."""
    if text[-1:] in ".?!" and not text.endswith("..."):
        return place.rng.choice([text[:-1].rstrip(), text[:-1].rstrip() + " " + text[-1], text + text[-1]])
    return text + place.rng.choice([".", "!", " .", "..."]) if text[-1:].isalpha() else None


def spacing(text: str, place: Place) -> str | None:
    """White space doubled, at the ends, or before a comma."""
    gaps = [match.start() for match in re.finditer(r"(?<=\w) (?=\w)", text)]
    ways = [f" {text}", f"{text}  ", f"{text}\n"]
    if gaps:
        at = place.rng.choice(gaps)
        ways.append(f"{text[:at]} {text[at:]}")
    ways += [re.sub(r"(?<=[.?!])  +", " ", text)] * 2 if re.search(r"[.?!]  +", text) else []
    ways += [re.sub(r"(?<=[.?!])  ?(?=[A-Z])", "\n", text)] if place.folder == "gsm8k" else []
    return place.rng.choice(ways)


# -- contractions


def contractions(text: str, place: Place) -> str | None:
    """`do not` and `don't`, both ways; not in questions that are turned round by it."""
    turned = re.match(rf"(?:{_AUX})n{APOS}?t\b", text, re.I)
    return None if turned else _try(text, place, [*rules.EXPAND, *rules.CONTRACT])


# -- the same number otherwise


def notation(text: str, place: Place) -> str | None:
    """One number or unit written otherwise."""
    ways = notations(text)
    return place.rng.choice(ways) if ways else None


# -- around the text


def _as_written(part: str, place: Place) -> str:
    """A wrapper begins with a capital where texts do."""
    if place.folder in QUERY:
        return part
    return re.sub(r"(^|\n\n)([a-z])", lambda m: m[1] + m[2].upper(), part)


def _after(text: str) -> str:
    """The text as it stands behind a comma: a common first word loses its capital."""
    word = re.match(r"[A-Z][a-z]*\b", text)
    common = word and word[0].lower() in rules.FIRST
    return text[0].lower() + text[1:] if common else text


def greeting(text: str, place: Place) -> str | None:
    """A greeting before the text, or one before and thanks behind it."""
    if place.folder in ("ner_wikigold",):
        return None
    hello = _as_written(place.rng.choice(rules.GREETINGS), place)
    text = hello + (_after(text) if hello.endswith(", ") else text)
    return thanks(text, place) or text if place.rng.random() < 0.3 else text


def thanks(text: str, place: Place) -> str | None:
    """Thanks behind the text."""
    if place.folder not in (*QUERY, "spider_sql") or "thank" in text:
        return None
    said = place.rng.choice(rules.THANKS)
    if text[-1:] not in ".?!":
        return text + said
    return f"{text} {_as_written(said.lstrip(', '), place)}."


def wrapper(text: str, place: Place) -> str | None:
    """The text as spoken, or in a mail, a chat or a ticket."""
    if place.folder == "ner_wikigold":
        frames = rules.PROSE
    elif place.folder == "tweet_sentiment":
        frames = rules.TWEET
    elif place.folder == "self_instruct_qwen":
        frames = rules.INSTRUCT
    elif place.rng.random() < 0.5:
        return _as_written(place.rng.choice(rules.SPOKEN), place) + _after(text)
    else:
        frames = rules.TICKET
    return _as_written(place.rng.choice(frames), place).replace("{}", text)


# -- words


def synonyms(text: str, place: Place) -> str | None:
    """One to three common words exchanged for others that mean the same."""
    fit = [rule for rule in rules.WORDS if rule[2] in ("", place.folder) and _word(rule[0]).search(text)]
    made = text
    for old, new, _ in place.rng.sample(fit, min(len(fit), place.rng.choice([1, 1, 2, 3]))):
        made = _word(old).sub(new, made, count=1)
    return made if made != text else None


def _word(pattern: str) -> re.Pattern[str]:
    before = "" if pattern[0] in "&@(" else r"(?<![\w'’@#/&-])"
    after = "" if pattern[-1] in " ;)" else r"(?![\w'’-])"
    return re.compile(before + pattern + after)


# -- order

_LEANING = re.compile(
    r"\b(?:he|she|it|they|his|her|hers|its|their|them|him|that|this|these|those|rest|left|other|then|both|each|one"
    r"|such|now)\b|^If\b",
    re.I,
)
"""Words of a question that lean on what was said before it."""
_CUT = re.compile(r"(?<=[.?!])(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bvs\.)\s+(?=[A-Z])")


def reorder(text: str, place: Place) -> str | None:
    """The question first, where it needs nothing of what stands before it."""
    if place.folder != "gsm8k":
        return None
    *facts, question = _CUT.split(text)
    if not facts or not question.endswith("?") or _LEANING.search(question):
        return None
    return f"{question} {' '.join(facts)}"


def _if_last(text: str) -> str | None:
    """`If A, how B?` as `How B if A?`, in the last sentence."""
    parts = _CUT.split(text)
    match = re.fullmatch(r"If ([^,]+), (how|what|calculate|when) ([^,]+)([.?])", parts[-1])
    if match and " if " not in match[3] and " so " not in match[1]:
        last = f"{match[2].capitalize()} {match[3]} if {match[1]}{match[4]}"
        return text[: len(text) - len(parts[-1])] + last
    match = re.fullmatch(r"(How|What|When) ([^,]+) if ([^,]+)(\?)", parts[-1])
    if match and not re.search(r"\bthat\b|\bto see\b", match[2]):
        last = f"If {match[3]}, {match[1].lower()} {match[2]}?"
        return text[: len(text) - len(parts[-1])] + last
    return None


def fronting(text: str, place: Place) -> str | None:
    """A clause or an adverbial moved to the beginning or to the end."""
    moved = _if_last(text)
    if moved:
        return moved
    moved = _try(text, place, rules.FRONT)
    return None if moved is None else re.sub(r"^in ", "In ", moved) if text[0].isupper() else moved


# -- politeness and the shells of questions


def polite(text: str, place: Place) -> str | None:
    """A request put more or less politely."""
    if place.folder in ("self_instruct_qwen", "spider_sql"):
        verbs = rules.TASKS if place.folder == "self_instruct_qwen" else rules.REQUEST
        match = re.match(rf"(?:{verbs})\b", text, re.I)
        if not match or not text[0].isupper() or re.match(r"Given|Answer:", text):
            return None
        asked = place.rng.choice(["Please ", "Kindly ", "I would like you to "])
        return asked + text[0].lower() + text[1:]
    return _try(text, place, rules.POLITE) if place.folder in QUERY else None


def shell(text: str, place: Place) -> str | None:
    """The frame of a question or request exchanged: `what is the X` and `tell me the X`."""
    if place.folder == "gsm8k":
        return _try(text, place, rules.SUMS)
    known = place.folder in (*QUERY, "spider_sql")
    if not known or rules.NO_SHELL.search(text) or re.search(r"[.?!] [A-Z]", text):
        return None
    upper, bare = text[0].isupper(), text[0].lower() + text[1:]
    table = [r for r in rules.SHELLS if place.folder != "spider_sql" or not str(r[1]).startswith("what are")]
    made = _try(bare, place, table)
    if made is None or not upper:
        return made and made.rstrip("?")
    asks = re.match(r"(?:what|who|which|how|can|do|is)\b", made)
    return made[0].upper() + re.sub(r"[.?]$", "", made[1:]).rstrip() + ("?" if asks else ".")


# -- the same polarity otherwise


def polarity(text: str, place: Place) -> str | None:
    """A negation said otherwise, and no less negative."""
    return _try(text, place, rules.POLARITY)


# -- slips and fillers


def slips(text: str, place: Place) -> str | None:
    """One common word misspelt: two inner letters exchanged, one doubled or one left out."""
    found = [m for m in re.finditer(r"(?<![\w'’@#_/-])[a-z]{4,}(?![\w'’_/-])", text) if m[0] in rules.SLIPS]
    if not found:
        return None
    match = place.rng.choice(found)
    word = match[0]
    at = place.rng.randrange(1, len(word) - 2)
    ways = [
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[: at + 1] + word[at:],
        word[:at] + word[at + 1 :],
    ]
    new = place.rng.choice([way for way in ways if way != word and way not in rules.REAL] or [word])
    return put(text, *match.span(), new) if new != word else None


def fillers(text: str, place: Place) -> str | None:
    """`please`, `just` or `really` left out."""
    return _try(text, place, rules.FILLERS)


Rewording = Callable[[str, Place], str | None]
_ALL = (
    notation, contractions, polarity, shell, fronting, reorder, synonyms, polite, fillers, slips, greeting,
    thanks, wrapper, stops, spacing, sentence_case, lower_case,
)  # fmt: skip
REWORDINGS: dict[str, Rewording] = {rewording.__name__: rewording for rewording in _ALL}
"""In the order in which they are applied: letters and stops last."""
