"""Reading what models return where JSON was asked for: every known slip, every place to be cut."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedstock.example import Example
from seedstock.exchange import Request, Response
from seedstock.reading import CutOff, Read, read_json
from seedstock.reading.strict import MAX_DEPTH
from seedstock.recipes.base import Unparsed
from seedstock.recipes.paraphrase import Paraphrase

TEXTS = '{"paraphrases": ["It\'s [1] late", "Where is \\"it\\"?"]}'
VALUE = {"paraphrases": ["It's [1] late", 'Where is "it"?']}

hostile = st.text(st.sampled_from("\"'`[]{}:,\\ \n\t~“”‘’abé😀\ud800</think>#0-"), max_size=12)
texts = hostile | st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts, scalars | st.lists(texts, max_size=2), max_size=3)
chatter = st.sampled_from(
    [
        "",
        "Sure!",
        "Here are [3] of them:\n",
        'Here is the (draft) you\'re after, as "JSON":\n\n',
        "1. {name}: x\n",
    ]
)


@pytest.mark.parametrize(
    ("text", "value", "repairs"),
    [
        (TEXTS, VALUE, ()),
        (f"  \n{TEXTS}\n", VALUE, ()),
        ('"a"', "a", ()),
        ("12", 12, ()),
        ('{"a": 1, "a": 2}', {"a": 2}, ()),
        ("\ufeff" + TEXTS, VALUE, ("bom",)),
        (f"Sure! Here you go:\n{TEXTS}\nHope this helps.", VALUE, ("chatter",)),
        (f"```json\n{TEXTS}\n```", VALUE, ("fence",)),
        (f"```JSON\n{TEXTS}```", VALUE, ("fence",)),
        (f"~~~\n{TEXTS}\n~~~\n", VALUE, ("fence",)),
        (f"```{TEXTS}```", VALUE, ("fence",)),
        (f"```json\n{TEXTS}", VALUE, ("fence",)),
        ("```json\n12\n```", 12, ("fence",)),
        (f"So:\n```\nx = [1]\n```\nand\n```json\n{TEXTS}\n```\nDone", VALUE, ("fence", "chatter")),
        (f'{TEXTS[:-1]}, "code": "```json\\n[1]\\n```"}}', {**VALUE, "code": "```json\n[1]\n```"}, ()),
        (f"<think>\nmaybe [1, 2]?\n</think>\n{TEXTS}", VALUE, ("thinking",)),
        (f"maybe [1, 2]?\n</think>\n\n{TEXTS}", VALUE, ("thinking",)),
        ('{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}], ("lines",)),
        ('```\n{"a": 1},\n{"a": 2}\n```', [{"a": 1}, {"a": 2}], ("fence", "lines")),
        ('{"a": 1}\n{"a": 2,}', [{"a": 1}, {"a": 2}], ("lines", "repaired")),
        (f"Like [1], not {{name}} or [so]. {TEXTS}", VALUE, ("chatter",)),
        (f"The [3 texts: {TEXTS}", VALUE, ("chatter",)),
    ],
)
def test_where_the_json_is(text: str, value: Any, repairs: tuple[str, ...]) -> None:
    assert read_json(text) == Read(value, repairs)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('["a", "b",]', ["a", "b"]),
        ('{"a": ["b",], }', {"a": ["b"]}),
        ('["a",, "b"]', ["a", "b"]),
        ('["a" "b"]', ["a", "b"]),
        ('["a"\n"b"]', ["a", "b"]),
        ('[{"a": 1} {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"a": "x" "b": "y"}', {"a": "x", "b": "y"}),
        ("{'a': ['b', 'c']}", {"a": ["b", "c"]}),
        ('["he said "and left", ""so did I", "b ""]', ['he said "and left', '"so did I', 'b "']),
        ("['it's late', 'isn't it?']", ["it's late", "isn't it?"]),
        ("['it\\'s late', \"it's\"]", ["it's late", "it's"]),
        ("{a: 'b', c_d: 1}", {"a": "b", "c_d": 1}),
        ('{"a": True, "b": None, "c": False}', {"a": True, "b": None, "c": False}),
        ('["he said "hi" to me", "b"]', ['he said "hi" to me', "b"]),
        ('["he said "yes", then left", "b"]', ['he said "yes", then left', "b"]),
        ('{"a": "two\nlines\tand a tab", "b": 1}', {"a": "two\nlines\tand a tab", "b": 1}),
        ('{"a": "in raw lines:\n```\nx\n```\n"}', {"a": "in raw lines:\n```\nx\n```\n"}),
        ('```\n{"a": "in raw lines:\n```\nx\n```\n"}\n```', {"a": "in raw lines:\n```\nx\n```\n"}),
        ("{“a”: [“b c”, “it’s”]}", {"a": ["b c", "it’s"]}),
        ("[‘a’, ‘b’]", ["a", "b"]),
        ('["he said “hi” to me",]', ["he said “hi” to me"]),
        ('["ends in a line\\n", " stays  ",]', ["ends in a line\n", " stays  "]),
        ('["1\\/2 \\alpha \\q",]', ["1/2 \\alpha \\q"]),
        ('{"a": ["b", "c"}', {"a": ["b", "c"]}),
        ('["a", "b", ...]', ["a", "b"]),
    ],
)
def test_slips_are_put_right(text: str, value: Any) -> None:
    read = read_json(text)
    assert read.value == value
    assert not read.cut
    assert "repaired" in read.repairs


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ('{"paraphrases": ["a", "b", "c', {"paraphrases": ["a", "b"]}, '"c'),
        ('[{"x":1},{"x":', [{"x": 1}], '{"x":'),
        ('["a", "b"', ["a", "b"], ""),
        ('["a", "b",', ["a", "b"], ""),
        ('["a", "b"]'[:-1] + "\n\n", ["a", "b"], ""),
        ("[1, 2", [1], "2"),
        ("[1, 2 ", [1, 2], ""),
        ('["a", "b\\', ["a"], '"b\\'),
        ('["a", "b\\u00', ["a"], '"b\\u00'),
        ('{"r": {"n": 2, "l": [[1], [2], [3', {"r": {"n": 2, "l": [[1], [2]]}}, "[3"),
        ('{"l": ["a"], "note": "so', {"l": ["a"]}, '"note": "so'),
        ('{"l": ["a"], "m": ["so', {"l": ["a"]}, '"m": ["so'),
        ('{"text": "hi", "l": [{"a": 1}, {"b"', {"text": "hi", "l": [{"a": 1}]}, '{"b"'),
        ('Sure:\n```json\n["a", "b\n```', ["a"], '"b\n'),
        ('{"a": 1}\n{"a": 2}\n{"a', [{"a": 1}, {"a": 2}], '{"a'),
        ("{'l': ['a', 'b', 'c", {"l": ["a", "b"]}, "'c"),
        ("['a', 'b'", ["a"], "'b'"),
        ('["a", "so "b", "c"', ["a"], '"so "b", "c"'),
    ],
)
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_of_a_cut_answer_whole_items_stay(text: str, value: Any, rest: str, finish_reason: str) -> None:
    read = read_json(text, finish_reason)
    assert (read.value, read.cut, read.rest) == (value, True, rest)
    assert "cut" in read.repairs


@pytest.mark.parametrize(
    ("text", "finish_reason"),
    [
        ('{"paraphrases": ["a', "stop"),
        ("[", "stop"),
        ("[1", "stop"),
        ('{"a": "b", "c": 1', "stop"),
        ('{"a"', "stop"),
        ("['a'", "stop"),
        ('[["a", "b"', "stop"),
        ('[{"l": ["a", "b"]', "stop"),
        ("<think>\n[1, 2]", "stop"),
        ("Here are", "length"),
        ("", "length"),
        ("12", "length"),
        ("12 ", "max_tokens"),
    ],
)
def test_cut_before_anything_is_whole(text: str, finish_reason: str) -> None:
    with pytest.raises(CutOff):
        read_json(text, finish_reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON"),
        ("I cannot do that.", "no JSON"),
        ("Use {name} or [so].", "no JSON"),
        ("[NaN]", "NaN"),
        ("{'a': -Infinity}", "Infinity"),
        ("[1e999]", "large"),
        ("[1" + "0" * 5000 + "]", "large"),
        ("[" * 100_000, "brackets in each other"),
        ("[" * 100_000 + "]" * 100_000, "brackets in each other"),
        ('{"a":' * 100_000, "brackets in each other"),
        ("[" * 200 + "]" * 200, "brackets in each other"),
        ("x" * 1_000_001, "longer than"),
        ('["a, "b"]', "where a text ends"),
        ('["a 5" pipe", "b"]', "where a text ends"),
        ('["so "it", is" "', "cut off"),
        ('["a", ' + "007, " * 3000 + "]", "broken JSON of more than"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_json(text)


def test_json_that_closed_is_whole_though_the_answer_was_cut_later() -> None:
    assert read_json(TEXTS + "\n" * 500, "length") == Read(VALUE)
    assert read_json(TEXTS + " I hope that", "length") == Read(VALUE, ("chatter",))


def test_depth_is_bounded_where_it_is_said() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read_json(deepest).value == read_json(f"So: {deepest}").value == json.loads(deepest)
    for text in (f"[{deepest}]", f"So: [{deepest}]", f"[{deepest},]"):
        with pytest.raises(ValueError, match="brackets in each other"):
            read_json(text)
    assert len(read_json("[" + "[]," * 5000 + "[]]").value) == 5001


@given(values)
def test_plain_json_is_read_as_it_is(value: Any) -> None:
    assert read_json(json.dumps(value)) == read_json(json.dumps(value, ensure_ascii=False)) == Read(value)


@given(
    st.lists(values, max_size=4) | st.dictionaries(texts, values, max_size=4), chatter, chatter, st.booleans()
)
def test_json_in_chatter_is_found(value: Any, before: str, after: str, ascii_only: bool) -> None:
    written = json.dumps({"largest": value, "more": "x" * 20}, ensure_ascii=ascii_only)
    assert read_json(f"{before}{written}\n{after}").value == {"largest": value, "more": "x" * 20}


@given(
    values,
    st.sampled_from(["```json\n{}\n```", "```JSON\n{}\n```\n", "~~~\n{}\n~~~", "```\n{}"]),
    st.booleans(),
)
def test_json_in_a_fence_is_found(value: Any, fence: str, ascii_only: bool) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only)
    read = read_json(fence.replace("{}", written))
    assert (read.value, read.cut) == (value, False)
    assert "fence" in read.repairs


@given(st.lists(objects.filter(bool), min_size=2, max_size=4), st.sampled_from(["\n", ",\n", "\n\n", " "]))
def test_json_lines_are_a_list(rows: list[Any], between: str) -> None:
    assert read_json(between.join(json.dumps(row) for row in rows)) == Read(rows, ("lines",))


def whole_part(text: str, items: list[Any], finish_reason: str) -> int:
    """Reads a cut answer, checks that it gives some of the items from the first on, unchanged; how many."""
    try:
        read = read_json(text, finish_reason)
    except CutOff:
        return 0
    assert read.cut
    found = read.value["paraphrases"] if isinstance(read.value, dict) else read.value
    assert found == items[: len(found)]
    assert [type(one) for one in found] == [type(one) for one in items[: len(found)]]
    return len(found)


@given(
    st.lists(texts, min_size=1, max_size=4)
    | st.lists(objects, min_size=1, max_size=4)
    | st.lists(values, min_size=1),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 1]),
    st.sampled_from(["stop", "length"]),
    st.sampled_from(["", "Sure!\n", "```json\n", "Here you go:\n~~~\n"]),
)
@settings(max_examples=150, deadline=None)
def test_cut_anywhere_gives_the_first_items_or_nothing(
    items: list[Any], ascii_only: bool, wrapped: bool, indent: int | None, finish_reason: str, before: str
) -> None:
    """What all depends on: no cut changes an item, none but the last is lost."""
    written = json.dumps({"paraphrases": items} if wrapped else items, ensure_ascii=ascii_only, indent=indent)
    counts = [
        whole_part(before + written[:end], items, finish_reason)
        for end in range(written.index("[") + 1, len(written))
    ]
    assert counts == sorted(counts)
    assert counts[-1] >= len(items) - 1
    assert counts[-1] == len(items) or not wrapped


words = st.text(st.sampled_from("ab ,.'-[]{}:“”é"), max_size=10)


@given(st.lists(words, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_pythons_lists_cut_anywhere(items: list[str]) -> None:
    written = repr(items)
    assert read_json(written).value == items
    for end in range(1, len(written)):
        whole_part(written[:end], items, "stop")


@given(st.lists(texts, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_slips_around_any_texts_change_none(items: list[str]) -> None:
    written = [json.dumps(item, ensure_ascii=False) for item in items]
    raw = [one.replace("\\n", "\n").replace("\\t", "\t") if "\\\\" not in one else one for one in written]
    for text in (
        f"[{', '.join(written)},]", f"[{' , '.join(raw)} ,\n]", f"{{paraphrases: [{', '.join(written)}]}}",
        f"{{'paraphrases': [{', '.join(written)}], }}", f'{{"n": True, "paraphrases": [{",".join(written)}}}',
    ):  # fmt: skip
        value = read_json(text).value
        assert (value["paraphrases"] if isinstance(value, dict) else value) == items


@given(st.text(st.sampled_from("[]{}\"'`~:,\\ \n0a“”.-"), max_size=60), st.sampled_from(["stop", "length"]))
@settings(max_examples=500, deadline=None)
def test_junk_raises_nothing_but_value_errors(text: str, finish_reason: str) -> None:
    try:
        json.dumps(read_json(text, finish_reason).value, allow_nan=False)
    except ValueError as problem:
        length = len(str(problem))
        if not 0 < length < 100:
            raise


@pytest.mark.parametrize(
    "piece",
    [
        '["',
        "[1 ",
        "{a",
        "\"',",
        '",w',
        "{'a':1}\n",
        "```{'a':1}\n",
        "```\n",
        '["a" b "',
        '"  ',
        "[1:",
        "` ",
        "`",
        "\\",
        "</think>\n",
        "~~~ ",
        ",",
        '["a",]',
        "[1],",
        '{"a":1}',
        "['a' ",
        "\n",
        " \t",
        "it's '",
    ],
)
def test_long_junk_is_over_soon(piece: str) -> None:
    for text in (
        (piece * 200_000)[:200_000],
        ('["' + piece * 200_000)[:200_000],
        ("{'a': " + piece * 200_000)[:200_000],
    ):
        start = time.process_time()
        with suppress(ValueError):
            read_json(text)
        assert time.process_time() - start < 60, "quadratic: minutes"


# ---- the recipe that reads texts

SEED = Example(input="It is late.", output="en", id="s1")


def parsed(text: str, finish_reason: str = "stop", rows: int = 2) -> list[str | tuple[str, str]]:
    """What the recipe makes of an answer: inputs, or code and text of what is no candidate."""
    request = Request("paraphrase", "all", 0, rows=rows, parents=("s1",), state={"ways": ()})
    found = Paraphrase().read(request, Response(text, finish_reason), {"s1": SEED})
    assert all(isinstance(one, Unparsed) or one.output == "en" for one in found)
    return [(one.code, one.text) if isinstance(one, Unparsed) else str(one.input) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        '{"rewrites": [" a ", "b"]}',
        '{"paraphrases": [" a ", "b"]}',
        '[" a ", "b"]',
        '{"texts": [" a ", "b"], "n": 2}',
        "{'rewrites': [' a ', 'b']}",
        '{"notes": ["x"], "rewrites": [" a ", "b"]}',
        '{"rewrites": [{"text": " a "}, {"id": 1, "input": "b"}]}',
        '[{"paraphrase": " a "}, {"paraphrase": "b"}]',
        '{"text": " a "}\n{"text": "b"}',
        '{"rewrites": [" a "]}\n{"rewrites": ["b"]}',
        '```json\n{"rewrites": [" a ", "b"]}\n```',
    ],
)
def test_texts_are_found_and_kept_as_written(text: str) -> None:
    assert parsed(text) == [" a ", "b"]


def test_one_text_without_a_list() -> None:
    assert parsed('{"rewrites": "a"}') == parsed('{"text": "a"}') == ["a"]


def test_what_is_no_candidate_says_so() -> None:
    assert parsed('{"rewrites": ["a", "b", "c"]}') == ["a", "b", ("not_asked_for", "c")]
    assert parsed('{"rewrites": ["a", 3]}') == ["a", ("unparsed", "3")]
    assert parsed('["a", {"x": "b", "y": "c"}]') == ["a", ("unparsed", '{"x":"b","y":"c"}')]
    for text in ("I cannot.", '{"a": ["x"], "b": ["y"]}', '{"a": 1}', '{"rewrites": []}', "12", ""):
        assert parsed(text) == [("unparsed", text)]


def test_a_cut_answer_gives_its_whole_texts_and_one_that_was_cut() -> None:
    assert parsed('{"rewrites": ["a", "b', "length") == ["a", ("truncated", '"b')]
    assert parsed('{"rewrites": ["a", "b', "stop") == ["a", ("truncated", '"b')]
    assert parsed('{"rewrites": ["a', "length") == [("truncated", '{"rewrites": ["a')]
    assert parsed("Here are", "length") == [("truncated", "Here are")]
    assert parsed('{"rewrites": ["a"]}', "length") == ["a"]
