"""JSON outputs beyond their schema: what is copied from the input, and rules between fields."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import read_rows
from seedstock.config import load_config
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.errors import InputError
from seedstock.example import Example, Source
from seedstock.forms import in_form
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_json import JsonGate, JsonSettings
from seedstock.jsoncheck.rules import CannotTell, Rule, compiled
from seedstock.seeds.readers import read_examples
from seedstock.tasks.detect import detect_output, make_output
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.verdict import Verdict

HERE = Path()
DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
CITIES = "Oslo Bergen Lima Quito Kyoto Nara Porto Braga Turin Pisa Lyon Metz Cork Sligo Bonn Kiel".split()


def seeds(n: int = 24) -> list[Example]:
    rows = []
    for i in range(n):
        a, b = CITIES[i % 16], CITIES[(i * 5 + 3) % 16]
        output = {"from": a, "to": [b], "kind": ["train", "bus"][i % 2], "note": f"a trip, number {i}"}
        rows.append(Example(f"s{i}", f"I go from {a} to {b}", output))
    return rows


def verdict(given_input: str, output: Any, **settings: Any) -> Verdict:
    tools = Tools(JsonSchema({}, HERE), Lexical(LexicalSettings(dims=64)), seeds())
    row = Example("r", given_input, output, source=Source("synthetic"))
    return JsonGate(JsonSettings(**settings), tools).check(Batch([row], tools))[0]


@pytest.mark.parametrize(
    ("given_input", "output", "status", "code"),
    [
        ("take me from Rome to Nice", {"from": "Rome", "to": ["Nice"], "kind": "bus"}, "pass", "grounded"),
        ("take me from rome to nice", '{"from": "ROME", "to": ["Nice"]}', "pass", "grounded"),
        ("from “Saint’s Bay” to Nice", {"from": "Saint's  Bay", "to": []}, "pass", "grounded"),
        ("to St. John's, please", {"to": ["St . John 's"]}, "pass", "grounded"),
        ("take me from Rome to Nice", {"from": "Rome", "to": ["Cannes"]}, "fail", "not_in_input"),
        ("take me from Romeo to Nice", {"from": "Rome", "to": ["Nice"]}, "fail", "not_in_input"),
        ("take me there", {"kind": "plane", "note": "some other words"}, "warn", "form_only"),
        ("take me there", {"to": []}, "warn", "form_only"),
        ("take me there", "{", "fail", "not_json"),
        ("take me there", "[" * 100_000, "fail", "not_json"),
    ],
)
def test_copied_fields_must_stand_in_the_input(given_input: str, output: Any, status: str, code: str) -> None:
    found = verdict(given_input, output)
    assert (found.status, found.code) == (status, code)
    json.dumps(found.to_json())


def test_the_evidence_names_field_value_and_what_is_usual() -> None:
    found = verdict("from Rome to Nice", {"from": "Rome", "to": ["Cannes", "Nice", "Pau"]})
    assert found.evidence == {"path": "to[]", "values": ["Cannes", "Pau"]}
    assert "24 of 24 of the seeds' do" in found.reason
    assert (found.figure, found.threshold) == (2.0, 0.0)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a" * 200_000, ["a" * n for n in range(1, 150)]),
        ("a " * 100_000 + "b", ["a a" * n for n in range(1, 150)]),
        (" " * 200_000 + "x", [" " * 200_000] * 5),
        ("." * 200_000, ["...x"] * 500),
    ],
)
def test_nothing_hangs(text: str, values: list[str]) -> None:
    start = time.perf_counter()
    verdict(text, {"to": values})
    assert time.perf_counter() - start < 3


def test_few_seeds_show_nothing() -> None:
    assert verdict("from Rome", {"from": "Lima"}, min_texts=25).code == "form_only"


def test_an_output_in_another_form_is_read_as_it_was() -> None:
    tools = Tools(JsonSchema({}, HERE), Lexical(LexicalSettings(dims=64)), seeds())
    asked = [
        in_form(
            Example("r", "from Rome", {"from": place}, source=Source("synthetic")), "yaml", "As YAML, please."
        )
        for place in ("Rome", "Pau")
    ]
    verdicts = JsonGate(JsonSettings(), tools).check(Batch(asked, tools))
    assert [v.code for v in verdicts] == ["grounded", "not_in_input"]


def test_other_outputs_are_skipped() -> None:
    tools = Tools(Labels(["a", "b"], HERE), Lexical(LexicalSettings(dims=64)))
    row = Example("r", "x", "a", source=Source("synthetic"))
    assert JsonGate(JsonSettings(), tools).check(Batch([row], tools))[0].status == "skipped"


ORDER = {
    "total": 12.3, "items": [{"price": 4.1, "tags": ["a"]}, {"price": 8.2, "tags": ["b", "c"]}],
    "start": "2024-02-01", "end": "2024-03-01", "urgency": "high", "hours": 3, "code": "12", "none": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("check", "when", "holds"),
    [
        ("total == sum(items.price)", None, True),
        ("total > sum(items.price)", None, False),
        ("date(start) <= date(end)", None, True),
        ("date(end) < date(start)", None, False),
        ("hours <= 2", 'urgency == "high"', False),
        ("hours <= 2", 'urgency == "low"', None),
        ("len(items) == 2 and unique(items.tags)", None, True),
        ("number(code) * 2 == 24", None, True),
        ("1 < hours < 4", None, True),
        ('urgency in ["high", "low"]', None, True),
        ("not present(none) and not present(missing) and present(items)", None, True),
        ("missing == 3", None, None),
        ("none == 3", None, None),
        ("items.missing == []", None, True),
        ("-hours == -3", None, True),
        ("hours.deep == 3", None, None),
    ],
)
def test_rules(check: str, when: str | None, holds: bool | None) -> None:
    assert Rule(check, when).holds(ORDER) is holds


@pytest.mark.parametrize(
    "check", ["urgency < 3", "date(urgency) < 1", "urgency * 9", "1 / 0 == 1", "sum(hours) == 1"]
)
def test_what_cannot_be_compared_fails_the_row(check: str) -> None:
    with pytest.raises(CannotTell):
        Rule(check).holds(ORDER)
    found = verdict("x", ORDER, rules=[{"check": check, "reason": "odd"}])
    assert (found.code, found.reason[:5]) == ("rule", "odd (")


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('x')", "open(x)", "[x for x in y]", "lambda: 1", "a ** b", "f'{a}'", "a[0]",
     "a :=", "(" * 5000, "a = 3", "sum(a, b)", "total == = 1", ""],
)  # fmt: skip
def test_a_rule_is_no_program(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rule"):
        compiled(text)
    config = {
        "task": {"kind": "extraction", "output": {"json_schema": {}}}, "seeds": "s.jsonl",
        "gates": {"relevance.json": {"rules": [{"check": text}]}},
    }  # fmt: skip
    (tmp_path / "seedstock.yaml").write_text(json.dumps(config))
    with pytest.raises(InputError, match="rule"):
        load_config(tmp_path / "seedstock.yaml")


def test_a_rule_that_holds_is_evidence() -> None:
    rules = [{"check": "total == sum(items.price)", "reason": "the sum is wrong"}]
    assert verdict("x", ORDER, rules=rules).status == "pass"
    broken = verdict("x", {**ORDER, "total": 12}, rules=rules)
    assert (broken.status, broken.code, broken.reason) == ("fail", "rule", "the sum is wrong")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["to", "items", "price", "a"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(json_values)
def test_any_value_gets_a_verdict(value: Any) -> None:
    rules = [
        {"check": "sum(items.price) > len(to) and unique(a) and max(to.items) < a", "when": "present(items)"}
    ]
    assert verdict("from here", value, rules=rules).status in ("pass", "warn", "fail")


@pytest.mark.skipif(not (DATA / "poisoned").exists(), reason="no poisoned sets")
def test_planted_entities_are_found_and_clean_rows_are_not_touched() -> None:
    real = read_examples(DATA / "ner_movie" / "seeds.jsonl")
    tools = Tools(make_output(*detect_output(real)), Lexical(LexicalSettings(dims=64)), real)
    key = {
        k["id"]: [d["defect"] for d in k["defects"]] for k in read_rows(DATA / "poisoned/ner_movie/key.jsonl")
    }
    rows = [
        Example(r["id"], r["input"], r["output"], source=Source("synthetic"))
        for r in read_rows(DATA / "poisoned/ner_movie/poisoned.jsonl")
        if "hallucinated_entity" in key.get(r["id"], ["hallucinated_entity"]) or r["id"] not in key
    ]
    verdicts = JsonGate(JsonSettings(), tools).check(Batch(rows, tools))
    for row, found in zip(rows, verdicts, strict=True):
        assert (found.code == "not_in_input") == ("hallucinated_entity" in key.get(row.id, [])), row
