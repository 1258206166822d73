"""Habits: what the seeds themselves write. It belongs to the task, and no row is blamed for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from seedstock.hygiene.endings import ENDINGS
from seedstock.hygiene.marks import MARKS, Field, word
from seedstock.hygiene.slips import SLIPS, Slip
from seedstock.hygiene.tongue import Tongues
from seedstock.hygiene.wrapping import announced, chatter, eager

Span = tuple[int, int]
Finder = Callable[[str], Span | None]

LEAST_SEEDS = 20
"""Texts of seeds from which it can be said that they always end properly."""
LISTENED = 500
"""Texts of seeds that are enough to tell their languages."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something wrong with one text that cannot be put right, unless seeds have it too."""

    code: str
    reason: str
    find: Finder
    fields: frozenset[Field]
    least_seeds: int = 0


_BOTH: frozenset[Field] = frozenset({"input", "output"})
SIGNS = (
    Sign("preamble", "an announcement instead of a text", announced, frozenset({"input"})),
    Sign("preamble", "an announcement instead of an answer", eager, frozenset({"output"})),
    Sign("trailing_chatter", "an assistant's closing words stand at the end", chatter, frozenset({"output"})),
    *(Sign("truncated", f"the text looks cut off: {how}", find, _BOTH, LEAST_SEEDS) for how, find in ENDINGS),
)


@dataclass(slots=True)
class Habits:
    """What was seen in seeds: words of marks, kinds of marks, signs and slips, by field where it matters."""

    words: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    kinds: set[str] = field(default_factory=set)
    texts: Counter[Field] = field(default_factory=Counter)
    signs: Counter[tuple[int, Field]] = field(default_factory=Counter)
    slips: Counter[tuple[int, Field]] = field(default_factory=Counter)
    tongues: dict[Field, Tongues] = field(default_factory=dict)

    @classmethod
    def of(cls, parts: Iterable[tuple[Field, str]]) -> Habits:
        """The habits of these texts; each is a field of a seed."""
        habits, heard = cls(), defaultdict[Field, list[str]](list)
        for name, text in parts:
            habits._note(name, text)
            heard[name].append(text)
        habits.tongues = {name: Tongues.of(list(islice(texts, LISTENED))) for name, texts in heard.items()}
        return habits

    def _note(self, name: Field, text: str) -> None:
        small = text.casefold()
        self.texts[name] += 1
        for mark in MARKS:
            found = {word(match) for match in mark.find(text, small)}
            self.words[mark.code] |= found
            if found and mark.kind:
                self.kinds.add(mark.code)
        for place, sign in enumerate(SIGNS):
            self.signs[place, name] += name in sign.fields and sign.find(text) is not None
        for place, slip in enumerate(SLIPS):
            self.slips[place, name] += name in slip.fields and slip.fix(text) != text

    def watched(self, name: Field) -> list[Sign]:
        """The signs that a text of this field is held to."""
        n = self.texts[name]
        return [
            sign
            for place, sign in enumerate(SIGNS)
            if name in sign.fields and n >= sign.least_seeds and not self.signs[place, name]
        ]

    def repaired(self, name: Field) -> list[Slip]:
        """The slips that are put right in this field."""
        return [
            slip
            for place, slip in enumerate(SLIPS)
            if name in slip.fields and self._share(place, name) <= max(slip.own_from - 1e-9, 0.0)
        ]

    def blamed(self, name: Field) -> list[Slip]:
        """The slips for which a text of this field is rejected where they stay: those of no seed."""
        return [
            slip for place, slip in enumerate(SLIPS) if name in slip.fields and not self.slips[place, name]
        ]

    def _share(self, place: int, name: Field) -> float:
        return self.slips[place, name] / self.texts[name] if self.texts[name] else 0.0
