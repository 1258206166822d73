"""What a rewrite must keep, as it stands in a text: recipes put it into their prompt."""

from __future__ import annotations

from collections.abc import Collection

from seedstock.facts.knowledge import Knowledge
from seedstock.facts.reading import Facts
from seedstock.facts.scan import plain
from seedstock.facts.values import stands


def protected(text: str, values: Collection[str] = (), knowledge: Knowledge | None = None) -> list[str]:
    """The spans of a text that a rewrite must keep, in the order in which they stand, each once."""
    facts = Facts(text, knowledge or Knowledge())
    spans = [facts.surface(number) for number in facts.numbers if number.firm]
    spans += [when.text for when in facts.dates] + [code.text for code in facts.codes + facts.quotes]
    spans += [facts.surface(name).removesuffix("'s") for name in facts.names if name.firm]
    spans += [facts.tokens[negation.at].text for negation in facts.polarity.negations]
    spans += [value for value in values if stands(value, facts.text)]
    places = {span: facts.text.casefold().find(span.casefold()) for span in spans}
    ordered = sorted(places, key=lambda span: (places[span], -len(span)))
    return list(dict.fromkeys(_as_written(span, text, places[span]) for span in ordered))


def _as_written(span: str, text: str, place: int) -> str:
    """A span in the text's own quotes and dashes; as it was read where escapes moved it."""
    own = text[place:][: len(span)]
    return own if plain(own) == span else span
