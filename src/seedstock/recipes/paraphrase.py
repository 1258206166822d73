"""Recipe `paraphrase`: a teacher rewrites a seed's input; the output stays the seed's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, ClassVar, Literal

from seedstock.example import Example
from seedstock.exchange import Message, Request, Response, canonical
from seedstock.reading import CutOff, read_json
from seedstock.recipes.base import Recipe, Unparsed, Wanted

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"paraphrases": {"type": "array", "items": {"type": "string"}}},
    "required": ["paraphrases"],
    "additionalProperties": False,
}


class Paraphrase(Recipe):
    """One seed per request, three rewrites per answer."""

    name: ClassVar[str] = "paraphrase"
    asks: ClassVar[Literal["model", "rules"]] = "model"
    rows: ClassVar[int] = 3

    def requests(self, wanted: Wanted) -> list[Request]:
        """Seeds in rotation. What all requests share comes first, so that servers can cache it."""
        instruction = wanted.brief.instruction or "(no instruction given)"
        system = Message("system", Template(_prompt()).safe_substitute(instruction=instruction))
        rows = [self.rows] * len(wanted.ordinals)
        if rows and wanted.last_rows:
            rows[-1] = wanted.last_rows
        return [
            self._request(system, wanted, ordinal, n)
            for ordinal, n in zip(wanted.ordinals, rows, strict=True)
        ]

    def _request(self, system: Message, wanted: Wanted, ordinal: int, rows: int) -> Request:
        turn, place = divmod(ordinal, len(wanted.seeds))
        seed = wanted.seeds[place]
        some = "1 paraphrase" if rows == 1 else f"{rows} paraphrases"
        task = f"Write {some} of this input:\n{_varying(seed)}"
        asked = f"The right output:\n{seed.output_text}\n\n{task}"
        return Request(
            recipe=self.name, cell=wanted.cell, ordinal=ordinal,
            messages=(system, Message("user", asked)),
            # The sampling seed makes the second round over the seeds a new question.
            schema=SCHEMA, params={"seed": turn}, rows=rows, parents=(seed.id,), fold=seed.source.fold,
        )  # fmt: skip

    def parse(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """Each text of the list with the seed's output, as many as were asked for.

        A cut answer loses its unfinished text.
        """
        seed = seeds[request.parents[0]]
        try:
            read = read_json(response.text, response.finish_reason)
            items = _items(read.value)
        except CutOff as problem:
            return [Unparsed("truncated", str(problem), response.text)]
        except ValueError as problem:
            return [Unparsed("unparsed", f"no list of texts in the answer: {problem}", response.text)]
        found: list[Example | Unparsed] = [_candidate(seed, item) for item in items[: request.rows]]
        found += [
            Unparsed("not_asked_for", "more than was asked for", _as_text(item) or canonical(item))
            for item in items[request.rows :]
        ]
        if read.cut:
            found.append(Unparsed("truncated", "the answer was cut off in this text", read.rest))
        return found or [Unparsed("unparsed", "the answer holds no text", response.text)]


def _items(value: Any) -> list[Any]:
    """The list in an answer: the answer itself, under `paraphrases`, or under its only other key with a list.

    JSON lines and lists of such answers are one list. An object that is itself a text is a list of one.
    """
    if isinstance(value, list):
        return [item for one in value for item in (_items(one) if _holds_list(one) else [one])]
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        asked = value.get("paraphrases")
        if isinstance(asked, list) or len(lists) == 1:
            return _items(asked if isinstance(asked, list) else lists[0])
        if _as_text(value) is not None:
            return [value]
    raise ValueError("not a list of texts under 'paraphrases'")


def _holds_list(value: Any) -> bool:
    """Whether an item is no text but an answer of its own."""
    if isinstance(value, dict) and _as_text(value) is None:
        return sum(isinstance(inner, list) for inner in value.values()) == 1
    return isinstance(value, list)


def _as_text(item: Any) -> str | None:
    """The text that an item is, or the only text in an object: `{"text": …}`, `{"id": 1, "input": …}`."""
    if isinstance(item, dict):
        texts = [inner for inner in item.values() if isinstance(inner, str)]
        return texts[0] if len(texts) == 1 else None
    return item if isinstance(item, str) else None


def _candidate(seed: Example, item: Any) -> Example | Unparsed:
    text = _as_text(item)
    return Unparsed("unparsed", "not a text", canonical(item)) if text is None else _rewritten(seed, text)


def _varying(seed: Example) -> str:
    """What is to be rewritten: the input, or the last message of a conversation."""
    return seed.input if isinstance(seed.input, str) else seed.input[-1].content


def _rewritten(seed: Example, text: str) -> Example:
    given = text if isinstance(seed.input, str) else (*seed.input[:-1], replace(seed.input[-1], content=text))
    return replace(seed, input=given, meta={})


@cache
def _prompt() -> str:
    return (Path(__file__).parent / "prompts" / "paraphrase.txt").read_text(encoding="utf-8")
