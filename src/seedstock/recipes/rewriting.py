"""What the rewriting recipes share: one seed per question, its input rewritten, its output kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from seedstock.example import Example, Source, written
from seedstock.exchange import Message, Request, Response, canonical
from seedstock.recipes.base import Ask, Recipe, Unparsed
from seedstock.recipes.texts import as_text, read_list

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"rewrites": {"type": "array", "items": {"type": "string"}}},
    "required": ["rewrites"],
    "additionalProperties": False,
}

Way = tuple[str, str]
"""A way to rewrite: its name, and what is asked for."""


class Rewriting(Recipe):
    """A seed's input in other words; the output stays the seed's. `prompts/NAME.txt` is the prompt.

    `attribute` is under which name a row keeps the way in which it was rewritten.
    """

    group: ClassVar[Literal["augment", "generate"]] = "augment"
    rows = 3
    most = 4
    attribute: ClassVar[str] = ""

    def ways(self, ask: Ask) -> Sequence[Way]:
        """A way for each of the rows that are asked for; () where they are all asked for alike."""
        return ()

    def size(self, seed: Example) -> int:
        """An input."""
        return len(varying(seed))

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """One request per question."""
        return [(self._request(ask, ask.seed),) if ask.seed else () for ask in asks]

    def _request(self, ask: Ask, seed: Example) -> Request:
        ways = self.ways(ask)
        messages = self.prompts[self.name].messages({
            "brief": ask.brief, "facts": ask.facts, "existing": ask.existing, "rejected": ask.rejected,
            "wishes": ask.wishes, "rows": ask.rows, "ways": [said for _, said in ways],
            "input": varying(seed), "output": written(seed.output),
        })  # fmt: skip
        return Request(
            recipe=self.name, cell=ask.cell.name, ordinal=ask.ordinal, messages=messages, schema=SCHEMA,
            # The sampling seed makes another round over the same seed a new question.
            params={"seed": ask.turn}, rows=ask.rows, parents=(seed.id,), fold=ask.fold,
            attributes=ask.attributes, state={"ways": [name for name, _ in ways]},
        )  # fmt: skip

    def read(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """Each text of the list with the seed's output, as many as were asked for."""
        seed, ways = seeds[request.parents[0]], request.state["ways"]

        def one(item: Any, place: int) -> Example | Unparsed:
            text = as_text(item)
            if text is None:
                return Unparsed("unparsed", "not a text", canonical(item))
            way = ways[place] if place < len(ways) else ""
            row = self.rewritten(replace(seed, source=Source()), text, way)
            told = {**row.source.attributes, **({self.attribute: way} if way else {})}
            return row.with_source(attributes=told)

        return read_list(request, response, "rewrites", one, lambda item: as_text(item) is not None)

    def rewritten(self, seed: Example, text: str, way: str) -> Example:
        """The seed with its input, or the last message of it, replaced."""
        if isinstance(seed.input, str):
            return replace(seed, input=text, meta={})
        last = _last_user(seed.input)
        turns = [replace(m, content=text) if i == last else m for i, m in enumerate(seed.input)]
        return replace(seed, input=tuple(turns), meta={})


def varying(seed: Example) -> str:
    """What is to be rewritten: the input, or what the user said last in a conversation."""
    return seed.input if isinstance(seed.input, str) else seed.input[_last_user(seed.input)].content


def _last_user(turns: Sequence[Message]) -> int:
    """Where the user spoke last: after that there may be calls of tools and their answers."""
    return max((i for i, turn in enumerate(turns) if turn.role == "user"), default=len(turns) - 1)
