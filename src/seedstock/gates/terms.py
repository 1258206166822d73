"""Gate `quirks.terms`: does a row use a term that the owner wants avoided? 100 % of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from seedstock.brief import Term
from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.format import texts
from seedstock.hygiene.marks import quote
from seedstock.verdict import Verdict


class TermsSettings(GateSettings):
    """The terms stand in `task.domain`: there is nothing to set here."""


class TermsGate(RowGate):
    """Whole words, in any case, plural and possessive included; not where the term to use contains them.

    What the seeds' own inputs call something is how people write: there only outputs are held to the term.
    """

    name: ClassVar[str] = "quirks.terms"
    Settings: ClassVar[type[GateSettings]] = TermsSettings

    def __init__(self, settings: TermsSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        asked = [seed.input_text for seed in tools.seeds]
        self._rules = [
            (term, word, pattern, any(_hits(pattern, term, text) for text in asked))
            for term in tools.terms
            for word in term.avoid
            for pattern in [_pattern(word)]
        ]

    def check(self, batch: Batch) -> list[Verdict]:
        """The first avoided term of each row."""
        if not self._rules:
            skipped = Verdict(self.name, "skipped", "no_terms", "the config names no terms to avoid")
            return [skipped] * len(batch)
        return [self._verdict(example) for example in batch.examples]

    def _verdict(self, example: Example) -> Verdict:
        for term, word, match, text in self._found(example):
            instead = f", write {term.use!r}" if term.use else ""
            evidence = {"term": word, "quote": quote(text, *match.span())}
            reason = f"it says {match[0]!r}{instead}"
            return Verdict(self.name, "fail", "avoided_term", reason, 1.0, 0.0, evidence)
        return Verdict(self.name, "pass", figure=0.0, threshold=0.0)

    def _found(self, example: Example) -> Iterator[tuple[Term, str, re.Match[str], str]]:
        asked = (
            [] if isinstance(example.input, str) else [m.content for m in example.input if m.role == "user"]
        )
        asked = [example.input] if isinstance(example.input, str) else asked
        answered = [text for text in texts(example) if text not in asked]
        for term, word, pattern, usual in self._rules:
            for text in answered if usual else [*asked, *answered]:
                if match := _hits(pattern, term, text):
                    yield term, word, match, text


def _pattern(word: str) -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, word.split()))
    return re.compile(rf"(?<!\w){words}(?:e?s|['’]s?)?(?!\w)", re.IGNORECASE)


def _hits(pattern: re.Pattern[str], term: Term, text: str) -> re.Match[str] | None:
    """The first place where the avoided term stands and the one to use does not stand around it."""
    right = [m.span() for m in _pattern(term.use).finditer(text)] if term.use else []
    for match in pattern.finditer(text):
        if not any(start <= match.start() and match.end() <= end for start, end in right):
            return match
    return None
