"""text: one normal form, the values in a text, the template around what varies."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.text import Template, find_template, normalise, values

anything = st.text(st.characters(), max_size=60)


@given(anything)
def test_normal_form_is_its_own(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text("aB.!? -ﬁÅ", max_size=30), st.text(" \t\n.,!?\"'", max_size=5))
def test_case_width_and_edges_do_not_count(text: str, edge: str) -> None:
    if any(c.isalnum() for c in text):
        assert normalise(edge + text.upper() + edge) == normalise(
            edge + unicodedata.normalize("NFD", text.upper())
        )
        assert normalise(f"  {text}{edge}") == normalise(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  The PUMP\n leaks!! ", "the pump leaks"), ("«Straße»", "strasse"), ("ﬁlter Ａ", "filter a"),
        ("", ""), ("?!", "?!"), ("a-b", "a-b"), ("_x_", "_x_"),
    ],
)  # fmt: skip
def test_normal_forms(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Pump P-204 at 1,200 rpm", {"p-204", "1200"}),
        ("two pumps", {"2"}), ("2 pumps", {"2"}), ("Twenty", {"20"}), ("no one is here", set()),
        ("at 06:40 on 2024-05-01", {"06:40", "2024-05-01"}),
        ("3.5 bar, 3,5 bar", {"3.5", "3,5"}), ("1,234,567 and 12,34", {"1234567", "12,34"}),
        ("error E17/4; E17", {"e17/4", "e17"}), ("room B12.", {"b12"}), ("x 5, y 5", {"5"}),
        ("twofold network", set()), ("pre-2000s", {"pre-2000s"}), ("", set()), ("half-done", set()),
    ],
)  # fmt: skip
def test_values(text: str, found: set[str]) -> None:
    assert set(values(text)) == found
    assert list(values(text)) == sorted(found)


@given(st.lists(st.integers(0, 99_999), max_size=6))
def test_every_number_is_found_once(numbers: list[int]) -> None:
    text = " and ".join(f"{n:,}" for n in numbers)
    assert set(values(text)) == {str(n) for n in numbers}


@given(
    st.lists(
        st.sampled_from(["a1", "b-2", "two", "x", "7:30", "-", "_", "9", ".", "1,000", "é5"]), max_size=9
    )
)
def test_values_do_not_depend_on_where_a_scan_could_start(tokens: list[str]) -> None:
    """The pattern without the guard against rescans, which is quadratic, finds the same."""
    slow = re.compile(
        r"(?:[^\W\d_]+-)?[^\W_]*\d[^\W_]*(?:[.,:/-](?=\w*\d)\w+)*|\btwo\b",
    )
    text = "".join(tokens)
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", unicodedata.normalize("NFKC", text).casefold())
    assert set(values(text)) == {"2" if t == "two" else t for t in slow.findall(plain)}


@pytest.mark.parametrize("text", ["a" * 50_000, "a" + "." * 50_000 + "b", "1-" * 25_000, "a-" * 25_000])
def test_hostile_lengths_take_no_time(text: str) -> None:
    start = time.process_time()
    normalise(text)
    values(text)
    assert time.process_time() - start < 30, "not linear: minutes"


HEADER = "You are a careful assistant. Write a message about "
FOOTER = " and answer in one short sentence only."
TOPICS = ["pumps", "cats", "rain", "trains", "bread", "salt", "glass", "moss", "ink", "tea"]


def test_template_of_all_rows() -> None:
    found = find_template([HEADER + topic + FOOTER for topic in TOPICS])
    assert found == Template(HEADER, FOOTER)
    assert [found.slot(HEADER + topic + FOOTER) for topic in TOPICS] == TOPICS


def test_nine_in_ten_rows_make_a_template_and_eight_do_not() -> None:
    nine = [HEADER + topic for topic in TOPICS[:9]] + ["something else entirely"]
    found = find_template(nine)
    assert found.prefix == HEADER
    assert found.slot("something else entirely") == "something else entirely"
    eight = [HEADER + topic for topic in TOPICS[:8]] + ["something else entirely", "zebra"]
    assert find_template(eight) == Template()


def test_what_is_no_template() -> None:
    assert find_template([HEADER + topic for topic in TOPICS[:7]]) == Template()  # too few rows
    assert find_template([HEADER + "pumps"] * 50) == Template()  # one text is no sample
    assert find_template([f"how do I get {topic}" for topic in TOPICS]) == Template()  # ordinary language


def test_a_row_that_is_nothing_but_template_keeps_its_text() -> None:
    template = Template(HEADER, FOOTER)
    for text in (HEADER + FOOTER, HEADER + "  " + FOOTER, HEADER, "x", ""):
        assert template.slot(text) == text


@given(
    st.lists(st.text("ab ", max_size=12), max_size=30),
    st.sampled_from(["", HEADER]),
    st.sampled_from(["", FOOTER]),
)
def test_a_slot_is_a_part_of_its_text(texts: list[str], before: str, after: str) -> None:
    rows = [before + text + after for text in texts]
    template = find_template(rows)
    for row in rows:
        slot = template.slot(row)
        assert slot == row or template.prefix + slot + template.suffix == row
        assert slot.strip() or not row.strip()
