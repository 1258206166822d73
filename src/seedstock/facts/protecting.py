"""What a rewrite must keep, as it stands in a text: recipes put it into their prompt."""

from __future__ import annotations

from collections.abc import Collection

from seedstock.facts.knowledge import Knowledge
from seedstock.facts.reading import Facts
from seedstock.facts.values import stands


def protected(text: str, values: Collection[str] = (), knowledge: Knowledge | None = None) -> list[str]:
    """The spans of a text that a rewrite must keep, in the order in which they stand, each once."""
    facts = Facts(text, knowledge or Knowledge())
    spans = [facts.surface(number) for number in facts.numbers if number.firm]
    spans += [when.text for when in facts.dates] + [code.text for code in facts.codes + facts.quotes]
    spans += [facts.surface(name) for name in facts.names if name.firm]
    spans += [facts.tokens[negation.at].text for negation in facts.polarity.negations]
    spans += [value for value in values if stands(value, facts.text)]
    return sorted(
        dict.fromkeys(spans), key=lambda span: (facts.text.casefold().find(span.casefold()), -len(span))
    )
