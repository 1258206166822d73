"""Kinds of output: what is valid, what is the same answer, and how a kind is found in examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock import registry
from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.exchange import Message
from seedstock.seeds.readers import read_examples
from seedstock.tasks.answer import Answer
from seedstock.tasks.detect import detect_kind, detect_output, make_output
from seedstock.tasks.infer import infer_schema
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.tasks.python import Python, PythonSettings
from seedstock.tasks.regex import Regex
from seedstock.tasks.sql import Sql, SqlSettings
from seedstock.tasks.text import Text, TextSettings

HERE = Path()


def rows(outputs: list[Any], inputs: list[Any] | None = None) -> list[Example]:
    given_inputs = inputs or [f"input {i}" for i in range(len(outputs))]
    return [
        Example(f"r{i}", text, out) for i, (text, out) in enumerate(zip(given_inputs, outputs, strict=True))
    ]


# -- detection

SAMPLES: list[tuple[list[Any], str, Any]] = [
    (["good", "bad", "good", "bad", "good"], "labels", ["bad", "good"]),
    (["12", "-7", "0"], "regex", r"-?\d+"),
    (["1,200", "7.5", "12"], "regex", r"-?\d{1,3}(?:,\d{3})*(?:\.\d+)?"),
    (["2024-01-31", "1999-12-01"], "regex", r"\d{4}-\d{2}-\d{2}"),
    (["06:40", "23:59:01"], "regex", r"\d{1,2}:\d{2}(?::\d{2})?"),
    (["AB-12", "X7"], "regex", r"[A-Z]{1,4}-?\d{1,6}"),
    (["2 + 3 = 5\n#### 5", "ten of them\n#### 1,000"], "answer", "number"),
    (["2 + 3 = 5\n#### 5", "none"], "text", {"max_words": 20}),  # one that marks no answer
    (["a pump leaks", "the valve is stuck today", "sun"], "text", {"max_words": 10}),
    (["two words"] * 3, "text", {"max_words": 10}),  # one label is none
    ([["a"], ["b", "c"]], "json_schema", {"type": "array", "items": {"type": "string"}}),
]


@pytest.mark.parametrize(("outputs", "name", "value"), SAMPLES)
def test_detection_by_hand(outputs: list[Any], name: str, value: Any) -> None:
    assert detect_output(rows(outputs)) == (name, value)
    kind = make_output(name, value)
    assert [kind.check(output) for output in outputs] == [None] * len(outputs)


def test_objects_become_a_schema_whether_text_or_not() -> None:
    outputs = [{"asset": f"pump {i}", "urgent": i % 2 == 0, "n": i} for i in range(9)]
    as_text = [json.dumps(output) for output in outputs]
    name, schema = detect_output(rows(outputs))
    assert (name, schema) == detect_output(rows(as_text))
    assert name == "json_schema"
    assert schema["required"] == ["asset", "urgent", "n"]
    assert schema["additionalProperties"] is False
    kind = make_output(name, schema)
    assert kind.check({**outputs[0], "more": 1}) is not None
    assert kind.check(as_text[0]) is None


def test_many_labels_seen_once_are_no_labels() -> None:
    outputs = [f"word{i}" for i in range(30)] + ["same"] * 40
    assert detect_output(rows(outputs))[0] == "text"


def test_mixed_kinds_are_refused() -> None:
    with pytest.raises(InputError, match=r"mixed kinds \(dict, str\)"):
        detect_output(rows([{"a": 1}, "some words"]))


@pytest.mark.parametrize("depth", [150, 400, 900, 3000])
def test_detection_of_bottomless_json_ends(depth: int) -> None:
    samples = rows(["[" * depth + "]" * depth] * 3)
    name, value = detect_output(samples)
    assert detect_kind(name, samples)
    try:
        make_output(name, value)
    except InputError as problem:
        assert "JSON Schema" in str(problem)  # noqa: PT017  # deeper than a validator goes, said in one line


def test_kinds_of_task() -> None:
    assert detect_kind("labels", rows(["a", "b"])) == "classification"
    grounded = rows([{"asset": "pump"}], ["the pump leaks"])
    assert detect_kind("json_schema", grounded) == "extraction"
    assert detect_kind("json_schema", rows([{"asset": "valve"}], ["the pump leaks"])) == "transformation"
    assert detect_kind("text", rows(["fine"])) == "instruction"
    assert detect_kind("regex", rows(["12"])) == "transformation"
    assert detect_kind("answer", rows(["1 + 1\n#### 2"])) == "reasoning"
    chat = [Example("a", (Message("user", "x"), Message("assistant", "y"), Message("user", "z")), "fine")]
    assert detect_kind("text", chat) == "conversation"


@pytest.mark.parametrize(
    ("folder", "output", "kind"),
    [
        ("clinc_intents", "labels", "classification"), ("tweet_sentiment", "labels", "classification"),
        ("ner_movie", "json_schema", "extraction"), ("ner_wikigold", "json_schema", "extraction"),
        ("gsm8k", "answer", "reasoning"), ("spider_sql", "sql", "sql"),
        ("self_instruct_qwen", "text", "instruction"),
    ],
)  # fmt: skip
def test_detection_on_real_seeds(shared: Callable[[str], Path], folder: str, output: str, kind: str) -> None:
    seeds = read_examples(shared(f"{folder}/seeds.jsonl"))
    name, value = detect_output(seeds)
    assert (name, detect_kind(name, seeds)) == (output, kind)
    made = make_output(name, value)
    assert [s.id for s in seeds if made.check(s.output) is not None] == []


def test_labels_of_the_sentiment_seeds_hold_for_the_holdout(shared: Callable[[str], Path]) -> None:
    kind = make_output(*detect_output(read_examples(shared("tweet_sentiment/seeds.jsonl"))))
    assert kind.labels == ("negative", "neutral", "positive")
    holdout = read_examples(shared("tweet_sentiment/holdout.jsonl"))
    assert all(kind.check(row.output) is None for row in holdout)
    assert {kind.cell(row) for row in holdout} == set(kind.labels)


# -- a schema out of examples

text = st.text(max_size=5) | st.sampled_from(["low", "high", "mid"])
numbers = st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9)
leaf = st.none() | st.booleans() | numbers | text
json_values: st.SearchStrategy[Any] = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(json_values, min_size=1, max_size=10))
def test_every_sample_is_valid_under_its_schema(values: list[Any]) -> None:
    validator = jsonschema_rs.validator_for(infer_schema(values))
    for value in values:
        assert validator.is_valid(value), (value, infer_schema(values))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), leaf, max_size=3), min_size=1, max_size=30))
def test_what_is_detected_accepts_what_it_was_detected_in(outputs: list[Any]) -> None:
    kind = make_output(*detect_output(rows(outputs)))
    assert [kind.check(output) for output in outputs] == [None] * len(outputs)
    assert [kind.check(json.dumps(output)) for output in outputs] == [None] * len(outputs)


def test_schema_details() -> None:
    assert infer_schema(["low", "high"] * 4) == {"enum": ["high", "low"]}
    assert infer_schema(["low", "high"] * 3) == {"type": "string"}  # too few to know them all
    assert infer_schema([f"v{i % 25}" for i in range(200)]) == {"type": "string"}
    assert infer_schema([1, 2.5]) == {"type": "number"}
    assert infer_schema([1, True, None]) == {"type": ["boolean", "integer", "null"]}
    assert infer_schema([[], []]) == {"type": "array"}
    some = infer_schema([{"a": 1, "b": None}, {"a": 2}])
    assert some["required"] == ["a"]
    assert list(some["properties"]) == ["a", "b"]


# -- labels


def test_labels() -> None:
    kind = Labels(["good", "bad"], HERE)
    assert kind.check("good") is None
    for wrong in ("Good", "good ", "", None, 1, ["good"]):
        problem = kind.check(wrong)
        assert problem is not None
        assert problem.code == "unknown_label"
    near = kind.check("godo")
    assert near is not None
    assert "did you mean 'good'?" in near.reason
    assert kind.cell(Example("a", "x", "bad")) == "bad"
    assert not kind.free_text


@pytest.mark.parametrize("labels", [[], ["one"], ["one", "one"]])
def test_one_label_is_no_task(labels: list[str]) -> None:
    with pytest.raises(InputError, match="at least two"):
        Labels(labels, HERE)


# -- json_schema


def test_json_schema_says_where_and_what() -> None:
    schema = {"properties": {"n": {"type": "integer"}, "in": {"items": {"type": "string"}}}}
    kind = JsonSchema(schema, HERE)
    problem = kind.check({"in": ["a", 2]})
    assert problem is not None
    assert (problem.code, problem.evidence) == ("schema", {"path": "in/1"})
    assert problem.reason.startswith("at in/1: ")
    root = JsonSchema({"type": "object"}, HERE).check("[]")
    assert root is not None
    assert root.evidence["path"] == "(root)"


@pytest.mark.parametrize(
    "broken", ["{", "", "not json", "[1,]", "NaN", '{"a": Infinity}', "{} {}", "[" * 9_000]
)
def test_what_is_not_json(broken: str) -> None:
    problem = JsonSchema({}, HERE).check(broken)
    assert problem is not None
    assert problem.code == "not_json"


def test_same_and_spans_of_json() -> None:
    kind = JsonSchema({}, HERE)
    assert kind.same({"a": 1, "b": [2]}) == kind.same('{"b":[2],"a":1}')
    assert kind.same({"a": 1}) != kind.same({"a": "1"})
    output = {"asset": "pump 7", "n": 7, "ok": True, "deep": [{"x": "hall"}], "gone": "valve"}
    assert kind.spans(output, "pump 7 in the hall, True") == {"pump 7", "7", "hall"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "schema is not JSON"), ("[]", "a JSON Schema is an object"),
        ('{"type": "objct"}', "not a JSON Schema"),
        ('{"$ref": "#/$defs/none"}', "not a JSON Schema"),
        ('{"$ref": "http://127.0.0.1:1/s"}', "not a JSON Schema"),
        ("[" * 5000, "schema is not JSON"), ('{"pattern": "("}', "not a JSON Schema"),
    ],
)  # fmt: skip
def test_schema_files_that_are_none(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "s.json").write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        JsonSchema("s.json", tmp_path)
    assert "\n" not in str(caught.value)


def test_schema_files(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(b'\xef\xbb\xbf{"type": "object"}')
    assert JsonSchema("s.json", tmp_path).schema == {"type": "object"}
    for missing in ("none.json", "."):
        with pytest.raises(InputError, match="schema cannot be read"):
            JsonSchema(missing, tmp_path)


# -- regex


def test_regex_matches_as_a_whole() -> None:
    kind = Regex(r"\d{2}|x", HERE)
    assert [kind.check(output) is None for output in ("12", "x", "123", "x1", " 12", "12\n", "")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert kind.check(12) is not None
    assert kind.check(None) is not None
    with pytest.raises(InputError, match="not a regular expression"):
        Regex("(", HERE)


# -- text


def test_text_bounds() -> None:
    kind = Text(TextSettings(max_words=3, min_words=2), HERE)
    codes = [
        (p := kind.check(output)) and p.code for output in ("a b", "a b c", "a", "a b c d", {"a": 1}, None)
    ]
    assert codes == [None, None, "too_short", "too_long", "not_text", "not_text"]
    assert kind.same("The Pump!") == kind.same("the  pump")
    assert kind.free_text


@given(json_values)
def test_every_kind_answers_for_any_value(value: Any) -> None:
    kinds = [
        Labels(["a", "b"], HERE),
        Regex("a+", HERE),
        Answer("number", HERE),
        Text(TextSettings(), HERE),
        JsonSchema({"type": "object"}, HERE),
        Sql(SqlSettings(), HERE),
        Python(PythonSettings(), HERE),
    ]
    assert {type(kind) for kind in kinds} == {registry.load("task", name) for name in registry.names("task")}
    for kind in kinds:
        problem = kind.check(value)
        assert problem is None or (problem.code and problem.reason)
        assert isinstance(kind.same(value), str)
        assert all(isinstance(trait, str) for trait in kind.traits(value))
        assert all(span in "a low text" for span in kind.spans(value, "a low text"))


# -- Python source


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("def f(x):\n    return x", None, ""),
        ("x = '\\d'  # an escape that will be an error one day", None, ""),
        ("def f(x)\n    return x", "not_python", "line 1, 'def f(x)'"),
        ("if x:\npass", "not_python", "line 2"),
        ("x = 1\0", "not_python", ""),
        ("(" * 5000, "not_python", ""),
        ("-" * 90_000 + "1", "not_python", ""),
        ("x = " + "1" * 200_000, "too_long", "200004 characters"),
        ("```python\nx = 1\n```", "fenced", "fence"),
        (None, "not_text", "NoneType"),
    ],
)
def test_python_source_parses(source: Any, code: str | None, said: str) -> None:
    problem = Python(PythonSettings(), HERE).check(source)
    assert (problem and problem.code) == code
    assert said in (problem.reason if problem else "")


def test_python_without_its_spelling() -> None:
    kind = Python(PythonSettings(), HERE)
    assert kind.same("x = 'a'  # so") == kind.same('x   =   "a"')
    assert kind.same("x = 1") != kind.same("x = 2")


def test_python_is_detected_where_all_of_it_parses() -> None:
    code = [f"def f{i}(x):\n    return x + {i}" for i in range(8)]
    assert detect_output(rows(code)) == ("python", {})
    assert detect_kind("python", rows(code)) == "code"
    assert detect_output(rows([*code, "function f() { return 1 }"]))[0] == "text"
    assert detect_output(rows([f"word{i}" for i in range(8)]))[0] == "text"
    assert detect_output(rows([f"{i} * (x + {i})" for i in range(8)]))[0] == "text"
