"""Other forms of a JSON value: what is written can be read back, or it is not written."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.exchange import canonical
from seedstock.forms import FORMS, restored, rewritten

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.sampled_from(["yes", "null", "~", "1e3", "1_000", "2024-01-31", "12:30:45", "- a", "a: b", "#x",
                       " padded ", "", "=", "<<", "0x1f", "!!int", "\u2028", "\x85", "\ufeff", "a\r\nb", "%"])
)  # fmt: skip
keys = st.text(max_size=8) | st.sampled_from(["name", "in hall", "yes", "1", "a,b", 'say "it"', "two\nlines"])
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
tables = st.lists(keys, min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, values)), min_size=1, max_size=4)
)
words = st.sampled_from(
    ["a", ": ", "\n", "  ", "- ", "{", "}", "[", "]", ",", '"', "'", "!!int", "!!timestamp", "!!binary",
     "!!python/object:os.system", "&a ", "*a", "2024-13-45", "0001-01-01T00:00:00+23:00", "1:60", "\t", "%",
     "---", "...", "? ", "| ", "\x00", "\ud800"]
)  # fmt: skip


def held(value: Any) -> Any:
    """As a seed holds it: a text is JSON."""
    return json.dumps(value) if isinstance(value, str) else value


@pytest.mark.parametrize("form", FORMS)
@given(value=values)
def test_a_value_comes_back_as_it_was_or_is_not_written(form: str, value: Any) -> None:
    with suppress(ValueError):
        text = rewritten(held(value), form)
        again = restored(text, form)
        assert canonical(again) == canonical(value)
        assert rewritten(held(again), form) == text


@pytest.mark.parametrize("form", ["compact", "indented", "sorted"])
@given(value=values)
def test_json_has_every_json_form(form: str, value: Any) -> None:
    text = rewritten(held(value), form)
    assert canonical(json.loads(text)) == canonical(value)


@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=8), values, max_size=4))
def test_objects_held_as_text_give_the_same(value: dict[str, Any]) -> None:
    for form in ("compact", "yaml"):
        with suppress(ValueError):
            assert rewritten(json.dumps(value), form) == rewritten(value, form)


@given(tables)
def test_rows_with_the_same_keys_make_a_table(rows: list[dict[str, Any]]) -> None:
    if any("\r" in key or "\x00" in key for key in rows[0]) or len(rows) == 1:
        return
    text = rewritten(rows, "csv")
    assert canonical(restored(text, "csv")) == canonical(rows)


@pytest.mark.parametrize("value", [[], {}, 7, "text", [1, 2], [{"a": 1}, {"b": 1}], [{"a": 1}], [{}], None])
def test_what_is_no_table(value: Any) -> None:
    with pytest.raises(ValueError, match=r"same keys|lose something|no csv"):
        rewritten(json.dumps(value), "csv")


def test_how_the_forms_look() -> None:
    ticket = {"asset": "Pump P-204", "hall": 3, "open": None, "parts": ["seal", "bolt"]}
    assert rewritten(ticket, "compact") == (
        '{"asset":"Pump P-204","hall":3,"open":null,"parts":["seal","bolt"]}'
    )
    assert rewritten({"b": 1, "a": "ü"}, "sorted") == '{"a": "ü", "b": 1}'
    assert rewritten(ticket, "yaml") == ("asset: Pump P-204\nhall: 3\nopen: null\nparts:\n- seal\n- bolt"), (
        "keys keep their order"
    )
    assert rewritten({"asset": "Pump, big", "hall": 3}, "csv") == 'asset,hall\n"""Pump, big""",3'
    assert rewritten({"a": [1]}, "indented") == '{\n  "a": [\n    1\n  ]\n}'


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(max_size=40) | st.lists(words, max_size=10).map("".join))
def test_a_text_is_of_a_form_or_said_not_to_be(form: str, text: str) -> None:
    with suppress(ValueError):
        restored(text, form)


@pytest.mark.parametrize("form", FORMS)
def test_bottomless_values_are_said_not_to_have_the_form(form: str) -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"."):
        rewritten(deep, form)
    with suppress(ValueError):
        restored("[" * 5000 + "]" * 5000, form)


def test_output_that_is_no_json_has_no_form() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        rewritten("a plain text", "yaml")
