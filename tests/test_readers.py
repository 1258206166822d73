"""Readers of rows: every format, every layout, and what they say about files that cannot be used."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from seedstock.errors import InputError
from seedstock.example import Example, Source
from seedstock.exchange import Message
from seedstock.seeds.fields import Fields, complete_fields, detect_fields
from seedstock.seeds.readers import (
    Row,
    content_sha256,
    file_sha256,
    find_fields,
    read_examples,
    read_rows,
)
from seedstock.seeds.text_files import MAX_ROW_BYTES

PAIR = {"input": "pump P7 leaks", "output": "leak"}
SHARED = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file: bytes and text as they are, lists as JSON Lines."""

    def writer(name: str, content: bytes | str | list[Any]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return writer


def problem_of(path: Path, fields: Fields | None = None, **options: Any) -> str:
    """The one line that reading this ends with."""
    with pytest.raises(InputError) as caught:
        read_examples(path, fields, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rows_or_problem(path: Path, **options: Any) -> list[Row] | str:
    """The rows, or the line that reading ends with; anything else is raised."""
    try:
        return list(read_rows(path, **options))
    except InputError as problem:
        return str(problem)


# --- what rows become


def test_own_rows_come_back_as_they_were_written(write):
    before = Example(
        id="a", input=(Message("system", "Be brief."), Message("user", "Hi")), output={"n": [1, 2.5, None]},
        reasoning="because", meta={"team": "north"},
        source=Source(kind="synthetic", recipe="restyle", parents=("s1",), teacher="t", fold=2, depth=1),
    )  # fmt: skip
    (row,) = read_rows(write("own.jsonl", [before.to_json()]))
    assert row.example == before
    assert row.raw == before.to_json()


def test_line_numbers_are_physical_over_blank_lines_and_crlf(write):
    path = write("a.jsonl", f"\r\n{json.dumps(PAIR)}\r\n  \r\n\r\n{json.dumps(PAIR)}")
    assert [row.line for row in read_rows(path)] == [2, 5]


def test_ids_are_kept_as_text_and_empty_ones_derived(write):
    rows = [{"id": 7, **PAIR}, {"id": "", **PAIR}, {"id": None, **PAIR}, PAIR, {"id": 0, **PAIR}]
    ids = [example.id for example in read_examples(write("a.jsonl", rows))]
    assert (ids[0], ids[4]) == ("7", "0")
    assert len(set(ids)) == 5, "equal content on other lines has other ids"
    assert all(len(name) == 17 and name[0] == "r" for name in ids[1:4])
    again = [example.id for example in read_examples(write("other/a.jsonl", rows))]
    assert again == ids, "the folder does not matter"
    assert [e.id for e in read_examples(write("b.jsonl", rows))][1] != ids[1], "the file's name does"


def test_a_repeated_id_names_both_lines(write):
    path = write("a.jsonl", [{"id": "1", **PAIR}, PAIR, {"id": 1, **PAIR}])
    for strict in (True, False):
        found = problem_of(path, strict=strict)
        assert "a.jsonl:3:" in found
        assert "'1'" in found
        assert "line 1" in found


def test_other_columns_go_to_meta_and_raw_holds_everything(write):
    raw = {**PAIR, "source": "web", "team": {"x": 1}, "reasoning": "why", "meta": {"old": 1}}
    (row,) = read_rows(write("a.jsonl", [raw]), kind="synthetic")
    assert row.raw == raw
    assert row.example.reasoning == "why"
    assert row.example.meta == {"source": "web", "team": {"x": 1}, "old": 1}
    assert row.example.source == Source(kind="synthetic")


def test_a_source_of_the_wrong_types_is_refused_or_left_in_meta(write):
    source = {"kind": "synthetic", "depth": "deep", "parents": "abc"}
    path = write("a.jsonl", [{**PAIR, "source": source}])
    assert "a.jsonl:1: " in problem_of(path)
    (example,) = read_examples(path, strict=False)
    assert example.source == Source(kind="real")
    assert example.meta == {"source": source}


@pytest.mark.parametrize(
    ("given", "text"),
    [(3, "3"), (2.5, "2.5"), (True, "true"), (["a", 1], '["a", 1]'), ({"k": "ä"}, '{"k": "ä"}')],
)
def test_inputs_that_are_no_text_become_text_and_outputs_keep_their_type(write, given, text):
    (example,) = read_examples(write("a.jsonl", [{"input": given, "output": given}]))
    assert (example.input, example.output) == (text, given)


def test_empty_text_is_not_missing(write):
    (example,) = read_examples(write("a.jsonl", [{"input": "", "output": ""}]))
    assert (example.input, example.output) == ("", "")


# --- layouts


def test_alpaca_joins_instruction_and_optional_input(write):
    rows = [
        {"instruction": "Sort.", "input": "3 1", "output": "1 3"},
        {"instruction": "Sing.", "input": "", "output": "la"},
        {"instruction": "Sing.", "output": "la"},
        {"instruction": "Add 1.", "input": "Add 1.\n\n5", "output": "6"},
        {"instruction": "A", "input": "Abe", "output": "x"},
    ]
    inputs = [example.input for example in read_examples(write("a.jsonl", rows))]
    assert inputs == ["Sort.\n\n3 1", "Sing.", "Sing.", "Add 1.\n\n5", "A\n\nAbe"]


def test_beside_instance_input_the_input_is_complete(write):
    row = {"instruction": "Sort.", "instance_input": "3 1", "input": "Please sort 3 1", "output": "1 3"}
    (example,) = read_examples(write("a.jsonl", [row]))
    assert example.input == "Please sort 3 1"


@pytest.mark.parametrize(
    ("columns", "described"),
    [
        (["id", "input", "output", "answer", "question"], "input ← input, output ← output"),
        (["instruction", "output"], "input ← instruction + input, output ← output"),
        (["prompt", "completion", "label"], "input ← prompt, output ← completion"),
        (["messages", "id"], "input and output ← messages"),
        (["conversations", "system"], "input and output ← conversations, system ← system"),
        (["question", "answer", "text"], "input ← question, output ← answer"),
        (["Text", "LABEL"], "input ← Text, output ← LABEL"),
    ],
)
def test_layouts_are_detected(columns, described):
    assert detect_fields(columns).describe() == described


def test_no_layout_and_two_layouts_list_the_columns_and_the_config_keys():
    with pytest.raises(
        InputError, match=r"f\.csv: .*found: message, ticket; .*seeds: {path: …, input: COLUMN"
    ):
        detect_fields(["message", "ticket"], "f.csv")
    with pytest.raises(InputError, match=r"more than one way .*found: prompt, completion, text, label"):
        detect_fields(["prompt", "completion", "text", "label"])


def test_named_fields_win_and_gaps_are_filled(write):
    path = write("a.jsonl", [{**PAIR, "message": "m", "ticket": {"a": 1}}])
    (example,) = read_examples(path, Fields(input="message", output="ticket"))
    assert (example.input, example.output) == ("m", {"a": 1})
    assert example.meta == PAIR
    assert find_fields(path, Fields(output="ticket")).describe() == "input ← input, output ← ticket"
    assert find_fields(path, Fields(input="message")).describe() == "input ← message, output ← output"
    assert "no column 'mesage' (named as seeds.input); did you mean 'message'?" in problem_of(
        path, Fields(input="mesage", output="ticket")
    )
    with pytest.raises(InputError, match=r"which column is the input\? found: prompt, text, x"):
        complete_fields(Fields(output="x"), ["prompt", "text", "x"])


def test_columns_that_the_first_row_lacks_are_still_found(write):
    path = write("a.jsonl", [{"input": "x"}, PAIR])
    assert [example.output for example in read_examples(path, strict=False)] == ["", "leak"]
    assert "a.jsonl:1: " in problem_of(path)


# --- conversations

TURNS = [
    ("system", "Be kind."),
    ("user", "Hi"),
    ("assistant", "Hello"),
    ("user", "Bye"),
    ("assistant", "Ciao"),
]
OPENAI = [{"role": role, "content": text} for role, text in TURNS]
NAMES = {"system": "system", "user": "human", "assistant": "gpt"}
PARTS = [{"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}]
SHAREGPT = [{"from": NAMES[role], "value": text} for role, text in TURNS]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": OPENAI},
        {"messages": json.dumps(OPENAI)},
        {"conversations": SHAREGPT},
        {"prompt": OPENAI[:-1], "completion": OPENAI[-1:]},
        {"input": OPENAI[:-1], "output": "Ciao"},
        {"system": "Be kind.", "messages": OPENAI[1:]},
        {"messages": [{**OPENAI[0], "content": PARTS}, *OPENAI[1:]]},
    ],
)  # fmt: skip
def test_conversations_end_with_the_output(write, row):
    (example,) = read_examples(write("a.jsonl", [row]))
    assert example.input == tuple(Message(role, text) for role, text in TURNS[:-1])
    assert example.output == "Ciao"
    assert example.meta == {}


def test_one_user_message_is_a_plain_input_unless_there_is_a_system_prompt(write):
    rows = [
        {"messages": OPENAI[1:3]}, {"messages": OPENAI[:3]}, {"messages": OPENAI[1:3], "system": ""},
    ]  # fmt: skip
    inputs = [example.input for example in read_examples(write("a.jsonl", rows))]
    assert inputs == ["Hi", (Message("system", "Be kind."), Message("user", "Hi")), "Hi"]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (OPENAI[:-1], "last message is from 'user'"),
        (OPENAI[2:3], "no user message"),
        ([], "no messages"),
        (None, "no messages"),
        (5, "not a list"),
        ("[{", "not JSON"),
        ('[{"role": "user", "content": "\\ud800"}]', "lone surrogate"),
        ([{"role": "user"}], "message 1 needs"),
        ([*OPENAI[:1], {"role": "wizard", "content": "x"}], "message 2 has role 'wizard'"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "type 'image_url'"),
        ([{"role": "assistant", "content": None, "tool_calls": []}], "no text"),
        ([7], "message 1 needs"),
    ],
)
def test_unusable_conversations_are_refused_or_left_to_the_gate(write, messages, said):
    path = write("a.jsonl", [{"messages": OPENAI}, {"messages": messages}])
    found = problem_of(path)
    assert "a.jsonl:2: " in found
    assert said in found
    row = list(read_rows(path, strict=False))[1]
    assert row.raw == {"messages": messages}
    assert row.example.output in ("", "Hello")


def test_a_chat_without_answer_keeps_its_turns_for_the_gate(write):
    (example,) = read_examples(write("a.jsonl", [{"messages": OPENAI[1:4]}]), strict=False)
    assert example.input == tuple(Message(role, text) for role, text in TURNS[1:4])
    assert example.output == ""


# --- rows that are not usable


@pytest.mark.parametrize(
    "row", [{"input": "x"}, {"output": "y"}, {"input": None, "output": "y"}, 5, None, ["x"], {}]
)
def test_every_row_is_counted_when_not_strict(write, row):
    path = write("a.jsonl", [PAIR, row, PAIR])
    assert "a.jsonl:2: " in problem_of(path)
    rows = list(read_rows(path, strict=False))
    assert len(rows) == 3
    assert rows[1].raw == (row if isinstance(row, dict) else {"value": row})
    assert rows[1].example.input == (row.get("input") or "" if isinstance(row, dict) else "")
    assert rows[1].example.id


def test_an_id_of_another_type_is_refused_or_replaced(write):
    path = write("a.jsonl", [{"id": ["x"], **PAIR}])
    assert "id must be text or a number" in problem_of(path)
    assert read_examples(path, strict=False)[0].id.startswith("r")


def test_a_lone_surrogate_is_refused_or_left_to_the_gate(write):
    path = write(
        "a.jsonl", '{"input": "ok \\ud83d\\ude00", "output": "x"}\n{"input": "\\uD83d", "output": "x"}'
    )
    assert "a.jsonl:2: holds half a character" in problem_of(path)
    assert [e.input for e in read_examples(path, strict=False)] == ["ok 😀", "\ud83d"]
    array = write("a.json", '[{"input": "\\udfff", "output": "x"}]')
    assert "a.json:1: holds half a character" in problem_of(array)


# --- broken text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"input": "x", "output": nope}', "column 26"),
        ('{"input": "x", "output": "y"', "too early"),
        ('{"input": "x", "output": "y"} {"again": 1}', "after the end of the value at column 31"),
        ('{"input": "x", "output": NaN}', "NaN is not a JSON value"),
        ('{"input": "x", "output": -Infinity}', "-Infinity is not"),
        ('{"input": "x", "output": 1e999}', "1e999 is too large"),
        ('{"input": "x", "output": ' + "9" * 5000 + "}", "digits"),
        ('{"input": "x", "input": "y", "output": "z"}', "'input' appears twice"),
        ('{"input": "x", "output": {"a": {"b": 1, "b": 2}}}', "'b' appears twice"),
        ("[" * 100_000, "levels deep"),
        ('{"input": "x", "output": ' + "[" * 250 + "]" * 250 + "}", "levels deep"),
        ('{"input": "a\0b", "output": "z"}', "control character"),
        ("[", "belongs in a .json file"),
    ],
)
def test_broken_json_names_line_and_reason(write, line, said):
    for strict in (True, False):
        found = problem_of(write("a.jsonl", f"{json.dumps(PAIR)}\n\n{line}\n"), strict=strict)
        assert "a.jsonl:3: not JSON: " in found
        assert said in found


def test_encodings_with_a_mark_are_read(write):
    text = "".join(
        json.dumps({"input": f"é漢😀\u2028 {n}", "output": "ü"}, ensure_ascii=False) + "\n" for n in range(3)
    )
    wanted = [f"é漢😀\u2028 {n}" for n in range(3)]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        lines = write(f"{encoding}.jsonl", text.encode(encoding))
        assert [e.input for e in read_examples(lines)] == wanted
        array = write(f"{encoding}.json", f"[{text.strip().replace(chr(10), ',')}]".encode(encoding))
        assert [e.input for e in read_examples(array)] == wanted
        table = write(f"{encoding}.csv", "input,output\né漢,ü\n".encode(encoding))
        assert [e.input for e in read_examples(table)] == ["é漢"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_encodings_without_a_mark_are_refused(write, encoding):
    for name in ("a.jsonl", "a.csv", "a.json"):
        assert f"{name}:1: not UTF-8" in problem_of(write(name, json.dumps(PAIR).encode(encoding)))


def test_other_bytes_name_line_and_byte(write):
    pair = json.dumps(PAIR)
    found = problem_of(write("a.jsonl", f"{pair}\n".encode() + b'{"input": "caf\xe9", "output": "x"}\n'))
    assert "a.jsonl:2: not UTF-8: byte 0xe9 at position 15 of the line; save the file as UTF-8" in found
    assert "a.csv:3: not UTF-8: byte 0x80" in problem_of(write("a.csv", b"input,output\nx,y\n\x80,z\n"))
    assert "a.json:2: not UTF-8: byte 0xe9" in problem_of(
        write("a.json", f"[{pair},\n".encode() + b'{"input": "\xe9')
    )
    assert "not UTF-8" in problem_of(write("w.jsonl", pair.encode("utf-16") + b"\x00"))


def test_a_row_over_the_limit_is_not_read_whole(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as handle:
        handle.write(json.dumps(PAIR).encode() + b'\n{"input": "')
        handle.truncate(4 << 30)  # a hole: takes no disk
    tracemalloc.start()
    try:
        found = problem_of(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert f"a.jsonl:2: this row is larger than {MAX_ROW_BYTES:,} bytes" in found
    assert peak < 4 * MAX_ROW_BYTES


def test_too_large_rows_in_tables_and_arrays(write):
    long = "x" * (MAX_ROW_BYTES // 2)
    found = problem_of(write("a.csv", f'input,output\na,b\n"{long}\n{long}",c\n'))
    assert "a.csv:4: this row is larger than" in found
    assert "this row is larger" in problem_of(
        write("a.json", f'[{{"input": "{long}{long}", "output": "x"}}]')
    )
    assert len(read_examples(write("b.json", f'[{{"input": "{long[:5_000_000]}", "output": "x"}}]'))) == 1
    table = pa.table({"input": ["a", long + long], "output": ["x", "y"]})
    assert "a.parquet:2: this row is larger" in problem_of(table_at(write, table))


def table_at(write: Callable[..., Path], table: pa.Table) -> Path:
    path = write("a.parquet", b"")
    parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv"])
def test_files_without_rows(write, name):
    for content in (b"", b"\n\n", b"\xef\xbb\xbf"):
        assert "no rows" in problem_of(write(name, content))
    assert "no rows" in problem_of(write("b.csv", "input,output\n"))
    assert "no rows" in problem_of(write("b.json", "[ ]"))
    assert "no rows" in problem_of(table_at(write, pa.table({"input": pa.array([], pa.string())})))


# --- JSON arrays


def test_arrays_longer_than_any_buffer_are_streamed(write):
    rng = random.Random(1)
    rows = [{"input": "é" * rng.randrange(60_000), "output": n} for n in range(150)]
    path = write("a.json", json.dumps(rows, indent=1, ensure_ascii=False))
    found = list(read_rows(path))
    assert [row.raw for row in found] == rows
    assert [row.line for row in found] == list(range(1, 151))


def test_a_json_file_may_hold_one_row_per_line(write):
    assert len(read_examples(write("a.json", [PAIR, PAIR]))) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[\n{"input": "x", "output": "y"}\n{"input"',
            "a.json:3: not JSON: expecting ',' or ']' after row 1",
        ),
        ('[\n{"input": "x",\n "output": y}]', "a.json:3: not JSON: expecting value at column 12"),
        ('[\n{"input": "x", "output": "y"},\n]', "a.json:3: not JSON: expecting value"),
        ('[{"input": "x", "output": "y"}]\n[]', "a.json:2: text after the end"),
        ('[{"input": "x", "output": "y"}', "a.json:1: not JSON: expecting ',' or ']'"),
        ('[{"input": "x", "output": "y', "a.json:1: not JSON: unterminated string"),
        ('[{"input": "x", "output": NaN}]', "a.json:1: not JSON: NaN"),
    ],
)
def test_broken_arrays_name_the_line(write, text, said):
    assert said in problem_of(write("a.json", text))


def test_columns_in_long_one_line_arrays_are_right(write):
    before = json.dumps([{"input": "x" * 1000, "output": "y"}] * 3000)[:-1] + ', {"input": '
    assert f"a.json:1: not JSON: expecting value at column {len(before) + 1}:" in problem_of(
        write("a.json", before + "oops" + " " * 100 + "}]")
    )


# --- CSV


def test_csv_with_quoted_newlines_and_blank_lines(write):
    path = write("a.csv", 'input,output\r\n"two\r\nlines",x\r\n\r\n"say ""hi""",y\r\n')
    rows = list(read_rows(path))
    assert [(row.line, row.example.input, row.example.output) for row in rows] == [
        (2, "two\r\nlines", "x"), (5, 'say "hi"', "y"),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_delimiters(write, name, mark):
    text = f'"in,;put"{mark}output{mark}id\na{mark}b{mark}1\n'
    (row,) = read_rows(write(name, text), Fields(input="in,;put", output="output"))
    assert row.raw == {"in,;put": "a", "output": "b", "id": "1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input,output\na,b\nc\n", "a.csv:3: 1 cells where the header has 2"),
        ("input,output\na,b,c\n", "a.csv:2: 3 cells where the header has 2"),
        ('input,output\na,b\n"c,d\n', "a.csv:3: not CSV"),
        ('input,output\n"a"x,b\n', "a.csv:2: not CSV"),
        ("input,input\na,b\n", "a.csv:1: the header names column 'input' twice"),
        (",\na,b\n", "a.csv:1: the header line names no column"),
        ("the pump leaks,urgent\nit is hot,normal\n", "found: the pump leaks, urgent"),
    ],
)
def test_broken_csv_names_the_line(write, text, said):
    assert said in problem_of(write("a.csv", text))


def test_csv_of_old_macs_of_pandas_and_with_nul(write):
    assert len(read_examples(write("a.csv", "input,output\ra,b\rc,d\r"))) == 2
    (row,) = read_rows(write("b.csv", ",input,output\n0,a\0z,b\n"))
    assert row.raw == {"Unnamed: 0": "0", "input": "a\0z", "output": "b"}


def test_chat_in_csv_is_json_text(write, tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([["messages"], [json.dumps(OPENAI)]])
    (example,) = read_examples(path)
    assert example.output == "Ciao"


# --- Parquet, Arrow, folders


def test_parquet_with_messages_as_structs(write):
    turns = [{"role": role, "content": text, "name": None} for role, text in TURNS]
    table = pa.table({"id": [1, 2], "messages": [turns, turns[1:3]]})
    rows = list(read_rows(table_at(write, table)))
    assert [row.line for row in rows] == [1, 2]
    assert rows[0].example.input == tuple(Message(role, text) for role, text in TURNS[:-1])
    assert (rows[1].example.id, rows[1].example.input) == ("2", "Hi")


def test_what_parquet_holds_comes_out_as_json(write):
    day = pa.array([None, 0], pa.date32())
    table = pa.table({
        "input": ["a", "b"], "output": [1.5, 2.0], "score": [float("nan"), float("inf")], "day": day,
        "blob": [b"text", b"\xff"], "deep": [[{"x": float("nan")}], []],
    })  # fmt: skip
    rows = list(read_rows(table_at(write, table)))
    assert [row.example.meta for row in rows] == [
        {"score": None, "day": None, "blob": "text", "deep": [{"x": None}]},
        {"score": "inf", "day": "1970-01-01", "blob": "/w==", "deep": []},
    ]
    assert json.loads(json.dumps([row.raw for row in rows], allow_nan=False))


def labelled() -> pa.Table:
    table = pa.table({"text": ["good", "bad", "odd"], "label": [1, 0, -1]})
    feature = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": feature}})})


def test_class_labels_are_given_by_name(write):
    path = table_at(write, labelled())
    assert [example.output for example in read_examples(path, strict=False)] == ["pos", "neg", ""]
    assert "a.parquet:3: " in problem_of(path), "-1 is how an unlabelled row is marked"
    plain = table_at(write, labelled().replace_schema_metadata(None))
    assert [example.output for example in read_examples(plain)] == [1, 0, -1]


def save_to_disk(folder: Path, *tables: pa.Table) -> None:
    """The layout of `Dataset.save_to_disk`: Arrow streams and state.json."""
    folder.mkdir(parents=True)
    names = [f"data-{n:05}-of-{len(tables):05}.arrow" for n in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")


def test_a_saved_dataset_is_read_shard_after_shard(tmp_path):
    save_to_disk(
        tmp_path / "ds",
        pa.table({"input": ["a", "b"], "output": ["x", "y"]}),
        pa.table({"input": ["c"], "output": ["z"]}),
    )
    rows = list(read_rows(tmp_path / "ds"))
    assert [(row.line, row.example.input) for row in rows] == [(1, "a"), (2, "b"), (3, "c")]


def test_ids_are_compared_over_all_shards(tmp_path):
    save_to_disk(
        tmp_path / "ds", *(pa.table({"id": ["same"], "input": ["a"], "output": ["x"]}) for _ in range(2))
    )
    found = problem_of(tmp_path / "ds")
    assert "data-00001-of-00002.arrow:1: id 'same' is also that of row 1 of the folder" in found


def test_a_saved_dict_takes_train_or_the_named_split(tmp_path):
    for split, text in (("test", "held out"), ("train", "seen")):
        save_to_disk(tmp_path / "ds" / split, pa.table({"input": [text], "output": ["x"]}))
    (tmp_path / "ds" / "dataset_dict.json").write_text('{"splits": ["test", "train"]}')
    assert [e.input for e in read_examples(tmp_path / "ds")] == ["seen"]
    assert [e.input for e in read_examples(tmp_path / "ds", split="test")] == ["held out"]
    assert "no split 'tset'; did you mean 'test'?" in problem_of(tmp_path / "ds", split="tset")
    (tmp_path / "ds" / "dataset_dict.json").write_text('{"splits": ["a", "b"]}')
    assert "which split is meant? found: a, b" in problem_of(tmp_path / "ds")


def test_arrow_file_format_and_labels(tmp_path):
    path = tmp_path / "a.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, labelled().schema) as file:
        file.write_table(labelled())
    assert [e.output for e in read_examples(path, strict=False)] == ["pos", "neg", ""]


def test_a_hub_folder_follows_its_card(write, tmp_path):
    write("ds/data/one.jsonl", [{"input": "a", "output": "x"}])
    write("ds/data/two.csv", "input,output\nb,x\n")
    parquet.write_table(pa.table({"input": ["c"], "output": ["x"]}), tmp_path / "ds" / "data" / "t.parquet")
    card = """---
license: mit
configs:
- config_name: other
  data_files: data/none.csv
- config_name: default
  data_files:
  - split: train
    path: [data/*.jsonl, "data/two.csv"]
  - split: test
    path: data/t.parquet
---
# Card
"""
    write("ds/README.md", card)
    assert [(r.line, r.example.input) for r in read_rows(tmp_path / "ds")] == [(1, "a"), (2, "b")]
    assert [e.input for e in read_examples(tmp_path / "ds", split="test")] == ["c"]


def test_a_hub_folder_without_a_card_goes_by_names(write, tmp_path):
    for name in ("train-00000-of-00002", "train-00001-of-00002", "validation-00000-of-00001"):
        write(f"ds/data/{name}.jsonl", [{"input": name, "output": "x"}])
    assert [e.input for e in read_examples(tmp_path / "ds")] == [
        "train-00000-of-00002",
        "train-00001-of-00002",
    ]
    assert len(read_examples(tmp_path / "ds", split="validation")) == 1
    write("one/anything.jsonl", [PAIR])
    assert len(read_examples(tmp_path / "one")) == 1


def test_a_project_folder_is_no_dataset(write, tmp_path):
    """Reading it whole would put the holdout among the seeds."""
    write("p/seeds.jsonl", [PAIR])
    write("p/holdout.jsonl", [PAIR])
    assert "(holdout.jsonl, seeds.jsonl) that tells no splits: name one file" in problem_of(tmp_path / "p")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("state.json", "{}", "lists no data files"),
        ("state.json", '{"_data_files": [{"filename": "gone.arrow"}]}', "no such file"),
        ("state.json", '{"_data_files": [{"filename": "../x.arrow"}]}', "not a file of this folder"),
        ("state.json", '{"_data_files": 3}', "lists no data files"),
        ("state.json", "[]", "not a JSON object"),
        ("state.json", "{", "not JSON"),
        ("state.json", '{"_indices_data_files": [1]}', "load and save it again"),
        ("dataset_dict.json", '{"splits": [1]}', "which split is meant? found: none"),
        ("dataset_dict.json", '{"splits": ["/etc"]}', "not a file of this folder"),
        ("README.md", "---\nconfigs:\n- data_files: ../*.jsonl\n---\n", "not a file of this folder"),
        ("README.md", "---\nconfigs:\n- data_files: no*.jsonl\n---\n", "no file matches"),
        ("README.md", "---\nconfigs:\n- data_files: [{split: 3}]\n---\n", "needs a path"),
        ("README.md", "---\nconfigs: [\n---\n", "cannot be read"),
        ("README.md", "# nothing\n", "without data files"),
    ],
)
def test_folders_that_are_no_dataset(write, tmp_path, name, content, said):
    write(f"ds/{name}", content)
    assert said in problem_of(tmp_path / "ds")


# --- files


def test_gzip_is_unpacked_and_broken_gzip_refused(write):
    data = gzip.compress(json.dumps(PAIR).encode())
    assert len(read_examples(write("a.jsonl.gz", data))) == 1
    assert len(read_examples(write("a.json.gz", gzip.compress(json.dumps([PAIR]).encode())))) == 1
    assert len(read_examples(write("a.csv.gz", gzip.compress(b"input,output\na,b\n")))) == 1
    for broken in (data[:-9], b"plain", data[:20] + b"\0" * 30):
        assert "b.jsonl.gz: cannot be read" in problem_of(write("b.jsonl.gz", broken))


def test_unusable_paths(write, tmp_path):
    write("seeds.jsonl", [PAIR])
    assert "no such file; did you mean 'seeds.jsonl'?" in problem_of(tmp_path / "sedes.jsonl")
    assert "no such file" in problem_of(tmp_path / "none" / "x.jsonl")
    assert "unknown kind of file '.xlsx'; known: .jsonl" in problem_of(write("a.xlsx", b"x"))
    assert "unknown kind of file" in problem_of(write("a.parquet.gz", b"x"))
    assert "only a folder has splits" in problem_of(tmp_path / "seeds.jsonl", split="train")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "not a file" in problem_of(tmp_path / "pipe.jsonl")
    assert "cannot be read" in problem_of(tmp_path / ("x" * 400 + ".jsonl"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(write):
    path = write("a.jsonl", [PAIR])
    path.chmod(0)
    assert "cannot be read: Permission denied" in problem_of(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_damaged_tables(write, tmp_path, name):
    path = tmp_path / name
    table = pa.table({"input": ["some text"] * 500, "output": ["x"] * 500})
    if name == "a.parquet":
        parquet.write_table(table, path, compression="none")
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    whole = path.read_bytes()
    for broken in (
        b"",
        b"PAR1",
        b"ARROW1",
        whole[: len(whole) // 2],
        whole[:200] + b"\xff" * 64 + whole[264:],
    ):
        path.write_bytes(broken)
        found = rows_or_problem(path, strict=False)
        if isinstance(found, str):
            assert name in found
        else:
            assert len(broken) == len(whole), "only changed values may still be read"


def test_rows_are_read_only_when_asked_for(write):
    rows = read_rows(write("a.jsonl", json.dumps(PAIR) + "\n" + json.dumps(PAIR) + "\nbroken"))
    assert next(rows).example.output == "leak"
    assert next(rows).line == 2
    with pytest.raises(InputError, match=r"a\.jsonl:3"):
        next(rows)


# --- hashes


def test_file_hash_sees_names_and_contents(write, tmp_path):
    path = write("d/a.jsonl", [PAIR])
    one, whole = file_sha256(path), file_sha256(tmp_path / "d")
    assert len(one) == len(whole) == 64
    path.rename(tmp_path / "d" / "b.jsonl")
    assert file_sha256(tmp_path / "d" / "b.jsonl") == one
    assert file_sha256(tmp_path / "d") != whole
    with pytest.raises(InputError, match="cannot be read"):
        file_sha256(path)


def test_content_hash_ignores_order_and_format_but_no_change(write):
    rows = [{"id": str(n), "input": f"i{n}", "output": json.dumps({"b": n, "a": 1})} for n in range(5)]
    first = content_sha256(read_examples(write("a.jsonl", rows)))
    assert content_sha256(read_examples(write("b.jsonl", rows[::-1]))) == first
    parsed = [{**row, "output": json.loads(row["output"])} for row in rows]
    assert content_sha256(read_examples(write("c.json", json.dumps(parsed)))) == first
    assert content_sha256(read_examples(table_at(write, pa.Table.from_pylist(rows)))) == first
    assert content_sha256(read_examples(write("d.jsonl", rows[1:]))) != first
    changed = [{**rows[0], "output": '{"b": 0, "a": 2}'}, *rows[1:]]
    assert content_sha256(read_examples(write("e.jsonl", changed))) != first
    renamed = [{**rows[0], "id": "new"}, *rows[1:]]
    assert content_sha256(read_examples(write("f.jsonl", renamed))) != first


def test_content_hash_of_rows_without_ids_ignores_order(write):
    rows = [{"input": f"i{n}", "output": "x"} for n in range(4)]
    first = content_sha256(read_examples(write("a.jsonl", rows)))
    assert content_sha256(read_examples(write("b.jsonl", rows[::-1]))) == first
    assert content_sha256(read_examples(write("c.jsonl", rows[1:]))) != first


# --- properties

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FAST
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5))
def test_the_format_does_not_matter(tmp_path, cells):
    rows = [{"id": f"n{n}", "input": a, "output": b, "note": c} for n, (a, b, c) in enumerate(cells)]
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
    )
    (tmp_path / "a.json").write_text(json.dumps(rows))
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, ["id", "input", "output", "note"], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    wanted = [Example(row["id"], row["input"], row["output"], meta={"note": row["note"]}) for row in rows]
    for name in ("a.jsonl", "a.json", "a.csv", "a.parquet"):
        assert read_examples(tmp_path / name) == wanted, name


JSONISH = st.lists(
    st.sampled_from([*'[]{}",:\\ntrue10.eE-+ \n\r\t\0é;', '"input"', '"output"', "NaN", "\\ud800"])
)
BYTES = st.binary(max_size=200) | JSONISH.map(lambda parts: "".join(parts).encode())
STARTS = st.sampled_from(
    [b"", b'{"input": "x", "output": "y"}\n', b"input,output\n", b"PAR1", b"ARROW1\0\0", b"\xff\xfe", b"["]
)


@settings(FAST, max_examples=250)
@given(
    st.sampled_from(["jsonl", "json", "csv", "tsv", "parquet", "arrow", "jsonl.gz", "json.gz"]),
    STARTS,
    BYTES,
    st.booleans(),
)
def test_any_bytes_are_rows_or_one_clear_error(tmp_path, ending, start, data, strict):
    path = tmp_path / f"fuzz.{ending}"
    content = start + data
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") and len(data) % 3 else content)
    found = rows_or_problem(path, strict=strict)
    if isinstance(found, str):
        assert "\n" not in found
        assert path.name in found
    else:
        assert found
        assert all(row.example.id for row in found)


COLUMNS = st.sampled_from(
    "id input output instruction messages source meta kind depth parents role content reasoning".split()
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(COLUMNS, inner, max_size=4),
    max_leaves=8,
)


@settings(FAST, max_examples=150)
@given(st.lists(ANYTHING, max_size=4))
def test_any_json_is_a_row_when_not_strict(tmp_path, values):
    path = tmp_path / "fuzz.jsonl"
    values = [PAIR, *values]
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    rows = rows_or_problem(path, strict=False)
    if isinstance(rows, str):
        assert "is also that of" in rows
        return
    raw = [value if isinstance(value, dict) else {"value": value} for value in values]
    assert [row.raw for row in rows] == raw
    assert all(Example.from_json(json.loads(json.dumps(row.example.to_json()))) for row in rows)


# --- real files


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"real data not at {SHARED.name}")
def test_real_seed_files_keep_their_ids_and_texts():
    files = sorted(SHARED.glob("*/seeds.jsonl"))
    assert files
    for file in files:
        raw = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]
        examples = read_examples(file)
        assert [(e.id, e.input, e.output) for e in examples] == [
            (r["id"], r["input"], r["output"]) for r in raw
        ], file
