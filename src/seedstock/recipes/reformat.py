"""Recipe `reformat`: the same content as e-mail, chat, ticket, voice; the same data in another form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from seedstock.example import Example
from seedstock.forms import in_form
from seedstock.recipes.base import Ask, RecipeSettings
from seedstock.recipes.restyle import in_turn
from seedstock.recipes.rewriting import Rewriting, Way

FORMATS = {
    "e-mail": "an e-mail: subject, salutation, the matter, closing; no name that the input does not have",
    "chat": "chat messages sent one after the other, in short lines",
    "ticket": "what somebody types into a form: headings with a few words under each",
    "voice transcript": "a transcript of a voice message: spoken language, fillers, no headings; numbers and"
    " codes as in the input",
}  # fmt: skip

FormName = Literal["compact", "indented", "sorted", "yaml", "csv"]


class ReformatSettings(RecipeSettings):
    """Which forms of input are asked for, and which other forms of output are valid."""

    formats: dict[str, str] = Field(
        FORMATS, min_length=1, description="name of a form of input → what is asked for; taken in turn"
    )
    outputs: dict[FormName, str] = Field(
        {},
        description="another form of a JSON output → the sentence that asks for it, which is put behind the"
        " input; every second row takes one. The rules rewrite the output, not the teacher",
    )


class Reformat(Rewriting):
    """One seed per request, one rewrite per form; the forms in turn."""

    name: ClassVar[str] = "reformat"
    uses: ClassVar[tuple[str, ...]] = ("reformat",)
    attribute: ClassVar[str] = "format"
    Settings: ClassVar[type[RecipeSettings]] = ReformatSettings

    def ways(self, ask: Ask) -> Sequence[Way]:
        """The next forms in turn, so that every seed meets others."""
        return in_turn(list(self.settings.formats.items()), ask.ordinal * self.rows, ask.rows)

    def rewritten(self, seed: Example, text: str, way: str) -> Example:
        """The rewritten input; every second row has its output in another form, where any is declared."""
        row = super().rewritten(seed, text, way)
        forms = list(self.settings.outputs.items())
        place = list(self.settings.formats).index(way) if way in self.settings.formats else 0
        if not forms or place % 2 or not isinstance(row.input, str):
            return row
        form, sentence = forms[place // 2 % len(forms)]
        try:
            return in_form(row, form, sentence)
        except ValueError:  # this output has no such form: it stays as it is
            return row
