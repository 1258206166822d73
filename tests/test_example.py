"""The records that every part speaks: to JSON and back without loss."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seedstock.errors import InputError, near_miss, one_line
from seedstock.example import Example, Source
from seedstock.exchange import Message, Request, canonical, digest
from seedstock.verdict import Verdict

text = st.text(st.characters(), max_size=20)
maybe = st.none() | text
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
sources = st.builds(
    Source, kind=st.sampled_from(["real", "synthetic"]), recipe=maybe, parents=st.lists(text).map(tuple),
    teacher=maybe, prompt_sha256=maybe, fold=st.none() | st.integers(0, 4), depth=st.integers(0, 3),
    run=maybe, cross_fold=st.lists(text).map(tuple),
)  # fmt: skip
messages = st.lists(st.builds(Message, text, text), min_size=1, max_size=4).map(tuple)
examples = st.builds(
    Example, id=text, input=text | messages, output=json_values, reasoning=maybe,
    meta=st.dictionaries(text, json_values, max_size=3), source=sources,
)  # fmt: skip
figures = st.none() | st.floats(allow_nan=False, allow_infinity=False)
verdicts = st.builds(
    Verdict, gate=text, status=st.sampled_from(["pass", "warn", "fail", "not_enough_data", "skipped"]),
    code=text, reason=text, figure=figures, threshold=figures,
    evidence=st.dictionaries(text, json_values, max_size=3), n=st.none() | st.integers(),
    interval=st.none() | st.tuples(st.floats(-9, 9), st.floats(-9, 9)), p_value=figures,
)  # fmt: skip


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(examples)
def test_example_round_trip(example: Example) -> None:
    back = Example.from_json(through_json(example.to_json()))
    assert back == example
    assert back.content_id == example.content_id


@given(verdicts)
def test_verdict_round_trip(verdict: Verdict) -> None:
    assert Verdict.from_json(through_json(verdict.to_json())) == verdict
    assert {"gate", "status", "figure", "threshold", "n", "reason"} <= verdict.to_json().keys()


@given(messages, st.none() | st.dictionaries(text, json_values, max_size=3), st.integers(0, 99))
def test_a_request_keeps_its_name_through_json(
    turns: tuple[Message, ...], schema: dict[str, Any] | None, ordinal: int
) -> None:
    request = Request(
        "paraphrase", "all", ordinal, turns, schema, {"temperature": 0.7}, parents=("a",), fold=1
    )
    body = through_json(request.body())
    again = Request(
        "paraphrase", "all", ordinal, tuple(Message(**m) for m in body["messages"]), body["schema"],
        body["params"], body["rules"],
    )  # fmt: skip
    assert again.prompt_sha256 == request.prompt_sha256
    assert again.key("t") == request.key("t")
    others = [request.key("other"), Request("swap", "all", ordinal, turns, schema).key("t")]
    others.append(Request("paraphrase", "all", ordinal + 1, turns, schema, {"temperature": 0.7}).key("t"))
    assert request.key("t") not in others
    assert len(set(others)) == 3


@given(json_values)
def test_canonical_is_one_text_per_value(value: Any) -> None:
    shuffled = dict(reversed(value.items())) if isinstance(value, dict) else value
    assert canonical(shuffled) == canonical(value)
    assert json.loads(canonical(value)) == value
    assert digest(value) == digest(shuffled)


def test_content_id_sees_content_and_nothing_else() -> None:
    row = Example("a", "in", "out")
    assert row.content_id == Example("b", "in", "out", meta={"x": 1}, source=Source(fold=3)).content_id
    others = [Example("a", "in", "out", "because"), Example("a", "in", ["out"]), Example("a", "inout", "")]
    assert len({row.content_id, *(other.content_id for other in others)}) == 4


def test_texts_of_a_conversation() -> None:
    turns = (
        Message("system", "be kind"),
        Message("user", "hi"),
        Message("assistant", "yes?"),
        Message("user", "bye"),
    )
    row = Example("a", turns, {"b": "ü", "a": 1})
    assert row.input_text == "hi\nyes?\nbye"
    assert row.output_text == '{"b": "ü", "a": 1}'


@given(st.text(st.characters(), max_size=900))
def test_an_error_is_one_printable_line(given_text: str) -> None:
    line = str(InputError(given_text, path=given_text[:20], line=3))
    assert line.isprintable()
    assert len(line) <= 600
    line.encode()


def test_near_miss() -> None:
    assert near_miss("treshold", ["threshold", "other"]) == "did you mean 'threshold'?"
    assert near_miss("zzz", ["b", "a"]) == "known: a, b"
    assert one_line("a\x00\u202e\n b") == "a b"
