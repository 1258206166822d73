"""Lists in answers: under the name that was asked for, whatever stands beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seedstock.example import Example
from seedstock.exchange import Message, Request, Response, Usage
from seedstock.recipes.base import Unparsed
from seedstock.recipes.texts import as_text, read_list


def read(answer: Any, rows: int = 2) -> list[str]:
    """The texts of the list `rewrites` in an answer, or the codes of what cannot be read."""
    request = Request("paraphrase", "all", 0, (Message("user", "?"),), rows=rows)
    response = Response(json.dumps(answer), "stop", "m", Usage())

    def one(item: Any, _: int) -> Example | Unparsed:
        text = as_text(item)
        return Unparsed("unparsed", "not a text", "") if text is None else Example("", text, "")

    found = read_list(request, response, "rewrites", one, lambda item: as_text(item) is not None)
    return [what.input_text if isinstance(what, Example) else f"({what.code})" for what in found]


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ({"rewrites": ["a", "b"]}, ["a", "b"]),
        ({"note": "as you wished", "rewrites": ["a", "b"]}, ["a", "b"]),
        ({"sure": ["no"], "rewrites": ["a", "b"]}, ["a", "b"]),
        ({"texts": ["a", "b"]}, ["a", "b"]),
        (["a", "b"], ["a", "b"]),
        ([{"text": "a"}, {"id": 2, "text": "b"}], ["a", "b"]),
        ([{"rewrites": ["a"]}, {"rewrites": ["b"]}], ["a", "b"]),
        ({"text": "a"}, ["a"]),
        ({"one": ["a"], "two": ["b"]}, ["(unparsed)"]),
        ({"rewrites": []}, ["(unparsed)"]),
        (["a", "b", "c"], ["a", "b", "(not_asked_for)"]),
        (["a", {"x": "y", "z": "w"}], ["a", "(unparsed)"]),
    ],
)
def test_the_list_is_found_where_a_teacher_puts_it(answer: Any, texts: list[str]) -> None:
    assert read(answer) == texts
