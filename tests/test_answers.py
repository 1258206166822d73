"""Answers: where a text marks one, what number it is, and which answers are the same."""

from __future__ import annotations

import re
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.answers import LONGEST, as_number, canonical_answer, final_answer, marker_of

MARKED = [
    ("2 + 3 = 5\n#### 5", "2 + 3 = 5", "5"),
    ("first\n\nthen\n#### 1,200", "first\n\nthen", "1,200"),
    ("so it is five.\nAnswer: 5", "so it is five.", "5"),
    ("so it is five.\n**Final Answer:** 5", "so it is five.", "5"),
    ("so it is five.\nThe answer is: 5 apples", "so it is five.", "5 apples"),
    ("so it is five.\nthe answer is 5", "so it is five.", "5"),
    ("steps\nA: Paris", "steps", "Paris"),
    ("steps\n#### **5**", "steps", "**5**"),
    ("#### 1\nno, wrong\n#### 2", "#### 1\nno, wrong", "2"),
    ("steps\n  #### 7  \n\n", "steps", "7"),
    ("#### 7", "", "7"),
    ("42", "", "42"),
    (" $1,200.50 ", "", "$1,200.50"),
]


@pytest.mark.parametrize(("text", "steps", "answer"), MARKED)
def test_a_marked_answer_is_found_with_its_steps(text: str, steps: str, answer: str) -> None:
    assert final_answer(text) == (steps, answer)


@pytest.mark.parametrize(
    "text", ["", "five", "it is 5", "steps\n5", "#### 5\nand something after it", "Answer:", "A 5"]
)
def test_where_nothing_is_marked_there_is_no_answer(text: str) -> None:
    assert final_answer(text) is None


def test_a_box_is_a_mark_too() -> None:
    text = "So we get \\boxed{12}, no: \\boxed{ 13 }. Done"
    assert final_answer(text) == (text, "13")
    assert final_answer("\\boxed{1}\n#### 2") == ("\\boxed{1}", "2"), "a line of its own comes first"


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30), max_size=5),
    st.integers(),
)
def test_steps_and_mark_are_what_was_put_together(lines: list[str], number: int) -> None:
    steps = "\n".join(lines)
    assert final_answer(f"{steps}\n#### {number}") == (steps.rstrip(), str(number))


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    found = final_answer(text)
    if found is not None:
        assert text.startswith(found[0]) or not found[0]
        assert len(found[1]) <= max(LONGEST, len(text.strip()))
    number = as_number(text)
    assert number is None or isinstance(number, Fraction)
    assert canonical_answer(text) == canonical_answer(text.upper()) or not text.isascii()


@pytest.mark.parametrize(
    "piece", ["#", "#### ", "1,", "-", "1/", "\n", " \n", "A: ", "$", "answer ", "**", "9."]
)
def test_long_junk_is_over_soon(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    start = time.process_time()
    final_answer(text)
    as_number(text)
    marker_of([text])
    assert time.process_time() - start < 5, "quadratic: minutes"


NUMBERS = [
    ("5", Fraction(5)), ("-7", Fraction(-7)), ("+7", Fraction(7)), ("1,200", Fraction(1200)),
    ("1,234,567.5", Fraction(2469135, 2)), (".5", Fraction(1, 2)), ("0.10", Fraction(1, 10)),
    ("$1,200.50", Fraction(2401, 2)), ("1200.5 dollars", Fraction(2401, 2)), ("2401/2", Fraction(2401, 2)),
    ("3 / 4", Fraction(3, 4)), ("45%", Fraction(45)), ("45 %", Fraction(45)), ("5.", Fraction(5)),
    ("€ 5", Fraction(5)), ("5 €", Fraction(5)), ("12 apples", Fraction(12)), ("7 km/h", Fraction(7)),
    ("**42**", Fraction(42)), ("= 42", Fraction(42)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_numbers_with_currency_unit_and_separators(text: str, number: Fraction) -> None:
    assert as_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "five", "5 or 6", "1/0", "P-204", "12:30", "v2", "x = 5", "5 apples and 3 pears, all of"
             " which are eaten by whoever comes first to the door", "--5", "1.2.3"]
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert as_number(text) is None


@given(st.integers(), st.sampled_from(["{}", "{:,}", " {} ", "{}.0", "{} units", "{}%", "{}.", "{}/1"]))
def test_a_whole_number_is_read_however_it_is_written(number: int, form: str) -> None:
    assert as_number(form.format(number)) == number


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_equal_numbers_are_one_answer_and_others_are_not(one: Fraction, other: Fraction) -> None:
    written = f"{one.numerator}/{one.denominator}"
    assert canonical_answer(written) == canonical_answer(f"{3 * one.numerator}/{3 * one.denominator}")
    assert (canonical_answer(written) == canonical_answer(f"{other.numerator}/{other.denominator}")) == (
        one == other
    )


def test_texts_are_compared_folded() -> None:
    assert canonical_answer("  New   York. ") == canonical_answer("new york") == "new york"
    assert canonical_answer("Yes") != canonical_answer("No")
    assert canonical_answer("0.50") == canonical_answer("1/2") == "1/2"


def test_the_usual_mark_is_the_most_frequent_with_its_space() -> None:
    assert marker_of(["steps\n#### 5", "steps\n#### 6", "Answer: 7"]) == "#### "
    assert marker_of(["steps\nAnswer: 5"]) == "Answer: "
    assert marker_of(["steps", ""]) == ""
    mark = marker_of(["one\n#### 5"])
    assert final_answer(f"one\n{mark}5") == ("one", "5")
    assert re.match(r"#+ $", mark)
