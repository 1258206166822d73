"""Recipe `generate`: new inputs with their outputs, shown a few seeds of a cell and what is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from seedstock.example import Example
from seedstock.exchange import Request, Response, canonical
from seedstock.recipes.base import Ask, Recipe, Unparsed
from seedstock.recipes.pairs import answer_schema, example_of, input_shape, is_pair, output_shape, shown
from seedstock.recipes.texts import read_list


class Generate(Recipe):
    """A few seeds of one fold per request, five new examples per answer."""

    name: ClassVar[str] = "generate"
    uses: ClassVar[tuple[str, ...]] = ("generate",)
    group: ClassVar[Literal["augment", "generate"]] = "generate"
    rows = 5
    most = 10
    shows: ClassVar[bool] = True

    def size(self, seed: Example) -> int:
        """An input with its output, and the steps to it where there are any."""
        return len(seed.input_text) + len(seed.output_text) + len(seed.reasoning or "")

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """One request per question."""
        return [(self._request(ask),) if ask.samples else () for ask in asks]

    def _request(self, ask: Ask) -> Request:
        messages = self.prompts[self.name].messages({
            "brief": ask.brief, "cell": ask.cell, "samples": [shown(sample) for sample in ask.samples],
            "existing": ask.existing, "rejected": ask.rejected, "wishes": ask.wishes, "rows": ask.rows,
            "shape": input_shape(ask.brief), "answer": output_shape(ask.brief),
        })  # fmt: skip
        return Request(
            recipe=self.name, cell=ask.cell.name, ordinal=ask.ordinal, messages=messages,
            schema=answer_schema(ask.brief), params={"seed": ask.turn}, rows=ask.rows,
            parents=ask.parents, fold=ask.fold, attributes=ask.attributes,
            state={"as_text": ask.brief.as_text, "thinks": ask.brief.thinks},
        )  # fmt: skip

    def read(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """Every pair of input and output in the list."""

        def one(item: Any, _: int) -> Example | Unparsed:
            if not is_pair(item):
                return Unparsed("unparsed", "no pair of input and output", canonical(item))
            return example_of(item, **request.state)

        return read_list(request, response, "examples", one, is_pair)
