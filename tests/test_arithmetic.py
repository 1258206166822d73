"""Worked answers: what an expression is worth, which steps a text states, and what does not follow."""

from __future__ import annotations

import json
import os
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import read_rows
from seedstock.arithmetic.equality import same_answer
from seedstock.arithmetic.expressions import evaluate
from seedstock.arithmetic.solution import read_steps, slip
from seedstock.arithmetic.statements import steps
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_answer import AnswerGate, AnswerSettings
from seedstock.tasks.answer import Answer
from seedstock.tasks.regex import Regex
from seedstock.tasks.text import Text, TextSettings
from seedstock.verdict import Verdict

HERE = Path()
DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("48/2", 24), ("$1,200 x 3/4", 900), ("2(40+9)", 98), ("12.5% * 80", 10), ("2^3 - -1", 9),
        ("1 1/2 + .5", 2), ("(1 + 2", None), ("1 +", None), ("1/0", None), ("9^9^9", None), ("2^65", None),
        ("__import__('os')", None), ("", None), ("9" * 40, None), ("x + 1", None), ("-" * 300 + "1", None),
        ("(" * 100 + "1" + ")" * 100, None),
    ],
)  # fmt: skip
def test_expressions(text: str, value: int | None) -> None:
    assert evaluate(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "<<48/2=24>>24", "$48 / 2 = $24", "3 hours * 8 miles/hour = 24 miles", "7 / 3 = 2.33", "100/3 = 33",
        "250 calories / 1250 calories * 100% = 20%", "45 + 49 = 94%", "2 cups / 1/4 cup = 8 cups",
        "- 5 * 3 = 15", "3*4 + 2 = 12 + 2 = 14", "60 / 15 = 4 (15 minutes)", "<<1800-2000=-200>>200 less",
        "<<1500*12=18000>>18,000/year", "1,000 − 1 = 999", "4 × 2.5 = 10.0", "30 % of 50 = 99",
        "half of 8 + 1 = 5",
        "x + 2 = 5", "8m + m = 27", "Week 1 + Week 2 = 35 + 35", "3 >= 2 + 7", "48 quarts = 12 gallons",
        "5 packs of 8 * $4 = $160", "2-hour break so 5-2 = 3", "11:30 + 2 = 13:30", "3 / 2 = 1 1/2 hours",
    ],
)  # fmt: skip
def test_steps_that_hold_or_cannot_be_read(text: str) -> None:
    assert [step.quote for step in steps(text) if not step.holds] == []


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("<<48/2=26>>26", 24), ("$48 / 2 = $26", 24), ("he has 3 hours * 8 miles/hour = 26 miles left", 24),
        ("<<48/2=24>>26", 24), ("2(40+9) = 96", 98), ("3*4 + 2 = 12 + 2 = 15", 14), ("7 * 8 = 57 apples", 56),
        ("1,200 + 300 = 1,400", 1500), ("10% * 50 = 6", 5), ("7 / 2 = 5", Fraction(7, 2)),
        ("0.5 * 3 = 1.2", 1.5),
    ],
)  # fmt: skip
def test_steps_that_do_not_hold(text: str, right: Any) -> None:
    assert [step.left for step in steps(text) if not step.holds] == [right]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("So 3 * 4 = <<3*4=12>>12.\n#### 12", None),
        ("So 3 * 4 = <<3*4=12>>12.\n#### 13", "answer_not_reached"),
        ("So 3 * 4 = <<3*4=12>>12, which fills 2 boxes.\n#### 2", None),
        ("So 3 * 4 = <<3*4=12>>12, which fills two boxes.\n#### 2", None),
        ("There are 2 boxes.\nSo 3 * 4 = <<3*4=12>>12.\n#### 2", "answer_not_reached"),
        ("So 27 / 4 = 6.75.\nHe buys seven.\n#### 7", None),
        ("So 27 / 4 = 6.75.\n#### 7", None),
        ("So 3 * 4 = 13.\n#### 13", "wrong_step"),
        ("It is so.\n#### 13", None),
        ("no mark 3 * 4 = 12", None),
    ],
)
def test_the_answer_follows_from_the_steps(text: str, code: str | None) -> None:
    found = slip(text, read_steps(text))
    assert (found and found.code) == code


def verdict(output: str, seeds: list[Example] | None = None, kind: Any = None, **meta: Any) -> Verdict:
    tools = Tools(kind or Answer("number", HERE), Lexical(LexicalSettings(dims=64)), seeds or [])
    row = Example("r", "How many?", output, meta=meta, source=Source("synthetic"))
    return AnswerGate(AnswerSettings(reference="right"), tools).check(Batch([row], tools))[0]


def test_what_the_gate_says() -> None:
    good = "3 * 4 = 12\n#### 12"
    assert (verdict(good).status, verdict(good).code) == ("warn", "recomputed")
    assert (verdict(good, right="12.0").status, verdict(good, right="12.0").code) == ("pass", "right_answer")
    assert verdict(good, right="so 5 + 8\n#### 13").code == "wrong_answer"
    seed = Example("s", "how many", "2 * 7 = 14\n#### 14")
    assert verdict(good, [seed]).evidence == {"reference": "seed s", "right": "14", "given": "12"}
    assert verdict("It is.\n#### 12").status == "skipped"
    assert verdict(good, kind=Text(TextSettings(), HERE)).status == "skipped"
    wrong = verdict("3 * 4 = 13\n#### 13", right="13")
    assert (wrong.code, wrong.evidence["right"], wrong.evidence["stated"]) == ("wrong_step", "12", "13")
    assert "3 * 4 = 13" in wrong.reason
    json.dumps(wrong.to_json())


def test_steps_may_stand_in_the_reasoning() -> None:
    tools = Tools(Regex(r"\d+", HERE), Lexical(LexicalSettings(dims=64)))
    rows = [
        Example("r", "How many?", output, reasoning="So 3 * 4 = 12.", source=Source("synthetic"))
        for output in ("12", "13", "twelve")
    ]
    codes = [v.code for v in AnswerGate(AnswerSettings(), tools).check(Batch(rows, tools))]
    assert codes == ["recomputed", "answer_not_reached", "other_output"]


def test_equal_answers_in_any_notation() -> None:
    assert same_answer("1,200", "$1200.00")
    assert same_answer("1/2", "0.5")
    assert not same_answer("12", "13")
    assert not same_answer("a cat", "a dog")


def test_formulas_are_compared_by_a_library_also_outside_of_the_main_thread() -> None:
    pytest.importorskip("math_verify")
    found: list[bool] = []

    def compare() -> None:
        found.extend([same_answer(r"\frac{1}{2}", "0.5"), same_answer(r"\frac{1}{3}", r"\frac{2}{5}")])

    compare()
    thread = threading.Thread(target=compare)
    thread.start()
    thread.join()
    assert found == [True, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "1+" * 5_000_000 + "1=2", "=" * 1_000_000, "1 = " * 300_000, "<<" * 1_000_000, "<<1=" * 300_000,
        "9" * 1_000_000 + " = 1", "(" * 1_000_000, "1 " * 300_000 + "= 1", "1 1/" * 100_000,
        "a " * 500_000 + "= 1",
        "1,111" * 100_000 + "= 3", "9^" * 1000 + "9 = 1", "١ + ١ = ٣", "1\0 + 1 = 3",
    ],
)  # fmt: skip
def test_nothing_hangs(text: str) -> None:
    start = time.perf_counter()
    slip(text, read_steps(text))
    assert time.perf_counter() - start < 3


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="0123456789+-*/=()<>%$,. x\nab#", max_size=120))
def test_any_text_can_be_read(text: str) -> None:
    slip(text, read_steps(text))


@settings(max_examples=40, deadline=None)
@given(st.integers(-999, 999), st.integers(1, 99), st.sampled_from("+-*/"))
def test_a_right_equation_holds_and_a_wrong_one_does_not(a: int, b: int, op: str) -> None:
    value = {"+": Fraction(a + b), "-": Fraction(a - b), "*": Fraction(a * b), "/": Fraction(a, b)}[op]
    if value.denominator == 1 and a >= 0:
        assert all(step.holds for step in steps(f"{a} {op} {b} = {value}"))
        assert [step.holds for step in steps(f"<<{a}{op}{b}={abs(value) + 1}>>")] == [False]


@pytest.mark.skipif(not (DATA / "poisoned").exists(), reason="no poisoned sets")
def test_planted_slips_are_found_and_clean_rows_are_not_touched() -> None:
    folder = DATA / "poisoned" / "gsm8k"
    key = {k["id"]: k["defects"] for k in read_rows(folder / "key.jsonl")}
    planted, clean = [], []
    for number, row in enumerate(read_rows(folder / "poisoned.jsonl")):
        defects = [d["defect"] for d in key.get(row["id"], [])]
        if isinstance(row.get("output"), str) and ("wrong_arithmetic" in defects or number % 4 == 0):
            found = slip(row["output"], read_steps(row["output"])) is not None
            (planted if "wrong_arithmetic" in defects else clean if not defects else []).append(found)
    assert sum(planted) / len(planted) >= 0.95
    assert sum(clean) / len(clean) <= 0.01
