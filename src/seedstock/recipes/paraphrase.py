"""Recipe `paraphrase`: a teacher rewrites a seed's input; the output stays the seed's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, ClassVar, Literal

from seedstock.example import Example
from seedstock.exchange import Message, Request, Response
from seedstock.recipes.base import Recipe, Unparsed, Wanted

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"paraphrases": {"type": "array", "items": {"type": "string"}}},
    "required": ["paraphrases"],
    "additionalProperties": False,
}
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


class Paraphrase(Recipe):
    """One seed per request, three rewrites per answer."""

    name: ClassVar[str] = "paraphrase"
    asks: ClassVar[Literal["model", "rules"]] = "model"
    rows: ClassVar[int] = 3

    def requests(self, wanted: Wanted) -> list[Request]:
        """Seeds in rotation. What all requests share comes first, so that servers can cache it."""
        last = len(wanted.ordinals) - 1
        return [
            self._request(wanted, ordinal, (wanted.last_rows or self.rows) if place == last else self.rows)
            for place, ordinal in enumerate(wanted.ordinals)
        ]

    def _request(self, wanted: Wanted, ordinal: int, rows: int) -> Request:
        turn, place = divmod(ordinal, len(wanted.seeds))
        seed = wanted.seeds[place]
        system = Template(_prompt()).safe_substitute(
            instruction=wanted.brief.instruction or "(no instruction given)"
        )
        some = "1 paraphrase" if rows == 1 else f"{rows} paraphrases"
        task = f"Write {some} of this input:\n{_varying(seed)}"
        asked = f"The right output:\n{seed.output_text}\n\n{task}"
        return Request(
            recipe=self.name, cell=wanted.cell, ordinal=ordinal,
            messages=(Message("system", system), Message("user", asked)),
            # The sampling seed makes the second round over the seeds a new question.
            schema=SCHEMA, params={"seed": turn}, rows=rows, parents=(seed.id,), fold=seed.source.fold,
        )  # fmt: skip

    def parse(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """Each text of the list with the seed's output, as many as were asked for.

        A cut answer loses its last, unfinished text.
        """
        seed = seeds[request.parents[0]]
        try:
            texts = _texts(response.text)
        except ValueError as problem:
            return [Unparsed("unparsed", f"no list of texts in the answer: {problem}", response.text)]
        whole = texts[:-1] if response.finish_reason == "length" else texts
        found: list[Example | Unparsed] = [_rewritten(seed, text) for text in whole[: request.rows]]
        found += [
            Unparsed("not_asked_for", "more than was asked for", text) for text in whole[request.rows :]
        ]
        if len(whole) < len(texts):
            found.append(Unparsed("truncated", "the answer was cut off in this text", texts[-1]))
        return found or [Unparsed("unparsed", "the answer holds no text", response.text)]


def _texts(text: str) -> list[str]:
    """The strings of the answer's list: plain JSON, JSON in a fence or in chatter, JSON cut short."""
    from json_repair import repair_json

    fenced = _FENCE.search(text)
    inner = fenced[1] if fenced else text[text.find("{") :] if "{" in text else text
    if "{" not in inner and "[" not in inner:
        raise ValueError("no JSON")
    try:
        value, _ = json.JSONDecoder().raw_decode(inner.strip())
    except (ValueError, RecursionError):
        value = repair_json(inner, return_objects=True)
    items = value.get("paraphrases") if isinstance(value, dict) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("not a list of texts under 'paraphrases'")
    return items


def _varying(seed: Example) -> str:
    """What is to be rewritten: the input, or the last message of a conversation."""
    return seed.input if isinstance(seed.input, str) else seed.input[-1].content


def _rewritten(seed: Example, text: str) -> Example:
    given = text if isinstance(seed.input, str) else (*seed.input[:-1], replace(seed.input[-1], content=text))
    return replace(seed, input=given, meta={})


@cache
def _prompt() -> str:
    return (Path(__file__).parent / "prompts" / "paraphrase.txt").read_text(encoding="utf-8")
