"""Habits: what the seeds themselves write. It belongs to the task, and no row is blamed for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from seedstock.hygiene.endings import ANYWHERE, IN_ANSWERS, open_single, whole_single
from seedstock.hygiene.marks import MARKS, Field, word
from seedstock.hygiene.slips import SLIPS, Slip
from seedstock.hygiene.tongue import Tongues
from seedstock.hygiene.wrapping import announced, chatter, eager

Span = tuple[int, int]
Finder = Callable[[str], Span | None]

LEAST_SEEDS = 20
"""Texts of seeds from which it can be said that they always end properly."""
OWN_FROM = 0.01
"""Share of the seeds' outputs with a sign above which it is the task's own: these were checked, and one slip
in a hundred is no custom. Inputs come as people write them: there one is enough."""
LISTENED = 500
"""Texts of seeds that are enough to tell their languages."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Something wrong with one text that cannot be put right, unless seeds have it too.

    A text is held to it where at least so many seeds have the field in `proper` form.
    """

    code: str
    reason: str
    find: Finder
    fields: frozenset[Field]
    least_seeds: int = 0
    proper: Callable[[str], bool] = bool


_OUTPUT: frozenset[Field] = frozenset({"output"})
_BOTH: frozenset[Field] = frozenset({"input", "output"})
_CUT = "the text looks cut off: {}"
SIGNS = (
    *(Sign("truncated", _CUT.format(how), find, _BOTH, LEAST_SEEDS) for how, find in ANYWHERE),
    *(Sign("truncated", _CUT.format(how), find, _OUTPUT, LEAST_SEEDS) for how, find in IN_ANSWERS),
    Sign(
        "truncated", _CUT.format("a sentence without its end"), open_single, _OUTPUT, LEAST_SEEDS,
        whole_single,
    ),
    Sign("preamble", "an announcement instead of a text", announced, _BOTH - _OUTPUT),
    Sign("preamble", "an announcement instead of an answer", eager, _OUTPUT),
    Sign("trailing_chatter", "an assistant's closing words stand at the end", chatter, _OUTPUT),
)  # fmt: skip


@dataclass(slots=True)
class Habits:
    """What was seen in seeds: words of marks, kinds of marks, signs and slips, by field where it matters.

    `odd` are the texts with a sign or a slip: a rewrite keeps its seed's output, and is not blamed for it.
    """

    words: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    kinds: set[str] = field(default_factory=set)
    texts: Counter[Field] = field(default_factory=Counter)
    signs: Counter[tuple[int, Field]] = field(default_factory=Counter)
    proper: Counter[tuple[int, Field]] = field(default_factory=Counter)
    slips: Counter[tuple[int, Field]] = field(default_factory=Counter)
    odd: set[tuple[Field, str]] = field(default_factory=set)
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
            if name in sign.fields:
                self.proper[place, name] += sign.proper(text)
                if sign.find(text) is not None:
                    self.signs[place, name] += 1
                    self.odd.add((name, text))
        for place, slip in enumerate(SLIPS):
            if name in slip.fields and slip.fix(text) != text:
                self.slips[place, name] += 1
                self.odd.add((name, text))

    def watched(self, name: Field) -> list[Sign]:
        """The signs that a text of this field is held to."""
        return [
            sign
            for place, sign in enumerate(SIGNS)
            if name in sign.fields
            and self.proper[place, name] >= sign.least_seeds
            and self.signs[place, name] <= (OWN_FROM * self.texts[name] if name == "output" else 0)
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
