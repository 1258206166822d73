"""Recipe `restyle`: a seed's input as other people would have written it, in other registers and haste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from seedstock.recipes.base import Ask, RecipeSettings
from seedstock.recipes.rewriting import Rewriting, Way

STYLES = {
    "formal": "formal: complete sentences, courteous, nothing left out",
    "colloquial": "colloquial: as one speaks to a colleague",
    "hurried": "typed in haste on a phone: lower case, slips of the finger, missing punctuation; no slips in"
    " names, numbers or codes",
    "brief": "as brief as it can be said: fragments, no courtesies",
    "long-winded": "long-winded: the same told in a roundabout way, without a single fact added",
    "annoyed": "annoyed: somebody who has asked before, without a single fact added",
    "second language": "by somebody who writes this language as a second one: simple words, small mistakes",
}  # fmt: skip


class RestyleSettings(RecipeSettings):
    """Which styles are asked for."""

    styles: dict[str, str] = Field(
        STYLES, min_length=1, description="name of a style → what is asked for; taken in turn"
    )


class Restyle(Rewriting):
    """One seed per request, one rewrite per style; the styles in turn."""

    name: ClassVar[str] = "restyle"
    uses: ClassVar[tuple[str, ...]] = ("restyle",)
    attribute: ClassVar[str] = "style"
    Settings: ClassVar[type[RecipeSettings]] = RestyleSettings

    def ways(self, ask: Ask) -> Sequence[Way]:
        """The next styles in turn, so that every seed meets others."""
        return in_turn(list(self.settings.styles.items()), ask.ordinal * self.rows, ask.rows)


def in_turn(ways: Sequence[Way], first: int, n: int) -> list[Way]:
    """`n` ways from the place `first` on, round and round."""
    return [ways[(first + i) % len(ways)] for i in range(n)]
