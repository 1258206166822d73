"""Repairs: named, recorded, only where the seeds write otherwise and the row is valid after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import candidates, cli, make_project, read_rows, seed_rows, write_rows
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.exchange import Message
from seedstock.gates.base import Batch, Tools
from seedstock.gates.format import FormatGate, FormatSettings
from seedstock.seeds.readers import read_rows as read_file
from seedstock.tasks.base import Output
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.tasks.text import Text, TextSettings
from server import Body, TeacherServer, asked, paraphrases

MOODS = Labels(["good", "bad"], Path())
FREE = Text(TextSettings(), Path())
PAIRS = JsonSchema({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, Path())
SEEDS = [Example(f"s{i}", f"what is number {i} worth today", "good", source=Source()) for i in range(30)]

ANSWERS = [
    Example(f"a{i}", f"what is number {i} worth today", f"It is worth {i} in all, and no more.")
    for i in range(30)
]


def gate(output: Output = MOODS, seeds: Sequence[Example] = SEEDS, **settings: Any) -> FormatGate:
    return FormatGate(FormatSettings(**settings), Tools(output, Lexical(LexicalSettings(dims=16)), seeds))


def row(given_input: Any, output: Any = "good", **more: Any) -> Example:
    return Example("r", given_input, output, source=Source("synthetic"), **more)


def code(made: FormatGate, example: Example) -> str:
    return made.check(Batch([made.mend(example)], made.tools))[0].code


@pytest.mark.parametrize(
    ("given_input", "fixed", "repairs"),
    [
        ('"where is it now"', "where is it now", ("strip_quotes",)),
        ("3. where is it now", "where is it now", ("strip_list_number",)),
        (
            'Sure! Here are two:\n2) Query: "where is it"',
            "where is it",
            ("strip_preamble", "strip_list_number", "strip_field_name", "strip_quotes"),
        ),
        ("it\\u2019s a caf\\u00e9", "it’s a café", ("unescape_unicode",)),
        ("bed &amp; breakfast", "bed & breakfast", ("unescape_html",)),
        ("itâ€™s late", "it’s late", ("fix_mojibake",)),
        ("pass\u200bword", "password", ("drop_invisible",)),
        ("where is it now", "where is it now", ()),
    ],
)
def test_inputs_are_put_right_by_name(given_input: str, fixed: str, repairs: tuple[str, ...]) -> None:
    made = gate()
    mended = made.mend(row(given_input))
    assert (mended.input, mended.source.repairs, mended.id) == (fixed, repairs, "r")
    assert made.mend(mended) == mended
    assert code(made, mended) == "ok"


@pytest.mark.parametrize(
    ("given_input", "problem"),
    [
        ('"where is it now"', "stray_quotes"),
        ("3. where is it now", "list_number"),
        ("Sure! Here is one question: where is it", "preamble"),
        ("it\\u2019s late", "escaped_text"),
        ("bed &amp; breakfast", "escaped_text"),
        ("itâ€™s late", "mojibake"),
        ("pass\u200bword", "hidden_characters"),
    ],
)
def test_without_repair_such_rows_are_rejected(given_input: str, problem: str) -> None:
    assert code(gate(repair=False), row(given_input)) == problem
    assert code(gate(repair=False, seeds=[*SEEDS, row(given_input)]), row(given_input)) == "ok", (
        "a seed's too"
    )


@pytest.mark.parametrize(
    ("output", "given", "fixed", "repairs"),
    [
        (MOODS, "Good.", "good", ("spell_label",)),
        (MOODS, '"bad"', "bad", ("strip_quotes",)),
        (MOODS, "```\nBAD\n```", "bad", ("strip_fence", "spell_label")),
        (MOODS, "Label: bad", "Label: bad", ()),
        (MOODS, "good, bad", "good, bad", ()),
        (MOODS, "goodish", "goodish", ()),
        (PAIRS, '```json\n{"a": "x"}\n```', '{"a": "x"}', ("strip_fence",)),
        (PAIRS, 'Sure! Here is the result:\n{"a": "x"}', '{"a": "x"}', ("strip_preamble",)),
        (PAIRS, '```json\n{"b": "x"}\n```', '```json\n{"b": "x"}\n```', ()),
        (PAIRS, '{"a": "caf\\u00e9 &amp; bar"}', '{"a": "caf\\u00e9 &amp; bar"}', ()),
        (FREE, "Here is the answer: forty two", "forty two", ("strip_preamble",)),
        (FREE, '"forty two"', "forty two", ("strip_quotes",)),
        (FREE, "Boil it first. I hope this helps!", "Boil it first.", ("strip_chatter",)),
    ],
)
def test_outputs_are_put_right_where_they_are_valid_then(
    output: Output, given: str, fixed: str, repairs: tuple[str, ...]
) -> None:
    made = gate(output, [])
    mended = made.mend(row("a question", given))
    assert (mended.output, mended.source.repairs) == (fixed, repairs)


def test_what_cannot_be_put_right_stays_as_it_came() -> None:
    made = gate()
    for example in (row('"as an AI language model"'), row('"fine"', "awful"), row("")):
        assert made.mend(example) is example
    assert code(made, row('"as an AI language model"')) == "assistant_boilerplate"


CUT = "It is so. It was so. It will be so, and that is"


def test_a_rewrite_may_keep_what_its_seed_says() -> None:
    made = gate(FREE, [*ANSWERS * 4, Example("odd", "what is it", CUT)])
    assert code(made, row("what might it be", CUT)) == "ok"
    assert code(made, row("what might it be", CUT.replace("that", "this"))) == "truncated"


def test_what_a_seed_says_is_not_put_right_in_its_rewrites() -> None:
    """Else the output of a rewrite would not be its seed's any more."""
    made = gate(FREE, [*ANSWERS, Example("odd", "say it", "A &amp; B")])
    assert made.mend(row("would you say it", "A &amp; B")).output == "A &amp; B"
    assert made.mend(row("would you say it", "A &amp; C")).output == "A & C"


def test_a_question_without_its_mark_is_no_cut_text() -> None:
    made = gate(
        seeds=[
            Example(f"q{i}", f"I have {i} pears. I ate two. How many are left?", "good") for i in range(30)
        ]
    )
    assert code(made, row("I have 7 pears. I gave two away. How many pears are there now")) == "ok"
    assert code(made, row("I have 7 pears. I gave two away. How many pears are there in the")) == "truncated"


@pytest.mark.parametrize("name", ["finish_reason", "stop_reason"])
def test_what_the_server_said_of_the_end(name: str) -> None:
    assert code(gate(), row("where is it", meta={name: "stop"})) == "ok"
    assert code(gate(), row("where is it", meta={name: ["length"]})) == "ok"
    assert code(gate(), row("where is it", meta={name: "max_tokens"})) == "truncated"


def test_a_piece_of_the_prompt() -> None:
    said = "Say in one word how the writer of a message feels about it."
    tools = Tools(FREE, Lexical(LexicalSettings(dims=16)), SEEDS, instruction=said)
    made = FormatGate(FormatSettings(), tools)
    assert code(made, row("it leaks", f"bad. {said}")) == "prompt_echo"
    assert code(made, row(f"it leaks. {said}", "bad")) == "prompt_echo"
    assert code(made, row(f"{said}\n\nit leaks", "bad")) == "ok", "made for training"
    assert code(made, row((Message("system", said), Message("user", "it leaks")), "bad")) == "ok"


def test_a_label_is_no_placeholder() -> None:
    answers = Labels(["yes", "n/a"], Path())
    assert code(gate(answers, [Example("s", "is it", "yes")]), row("was it", "n/a")) == "ok"


def test_two_labels_are_said() -> None:
    assert code(gate(), row("x", "good, bad")) == code(gate(), row("x", "bad and good")) == "two_labels"
    assert code(gate(), row("x", "good, fine")) == code(gate(), row("x", "good good")) == "unknown_label"


def test_the_seeds_form_stays() -> None:
    quoted = [Example(f"s{i}", f'"what is {i} worth"', "good") for i in range(20)]
    assert gate(seeds=quoted).mend(row('"where"')).input == '"where"'
    some = [*quoted[:6], *SEEDS[:14]]
    assert gate(seeds=some).mend(row('"where"')).input == "where", "less than half of the seeds"
    assert code(gate(seeds=some, repair=False), row('"where"')) == "ok"
    numbered = [*SEEDS, Example("n", "1. what is it", "good")]
    assert gate(seeds=numbered).mend(row("2. where")).input == "2. where", "one seed is enough for a number"


def test_values_that_the_output_took_from_the_input_stay_there() -> None:
    made = gate(PAIRS, [Example("s", "plain words", {"a": "words"})])
    held = row("caf\\u00e9 is open", {"a": "caf\\u00e9"})
    assert made.mend(held) is held
    assert made.mend(row("caf\\u00e9 is open", {"a": "open"})).input == "café is open"


def test_turns_are_put_right_but_not_the_systems() -> None:
    turns = (
        Message("system", '"Be brief."'),
        Message("user", '"hi there"'),
        Message("assistant", "hello"),
        Message("user", "it\\u2019s me"),
    )
    mended = gate(FREE, []).mend(row(turns, "fine"))
    assert [m.content for m in mended.input] == ['"Be brief."', "hi there", "hello", "it’s me"]  # type: ignore[union-attr]


@given(st.text(max_size=50), st.sampled_from(["good", "Good.", '"bad"', "x", ""]))
def test_mending_a_mended_row_changes_nothing(given_input: str, output: str) -> None:
    once = GATE.mend(row(given_input, output))
    assert GATE.mend(once) == once
    if once.source.repairs:
        assert code(GATE, once) == "ok"


GATE = gate()
PROSE = gate(FREE, ANSWERS)
PIECES = st.sampled_from(
    ['"', "“", "”", "'", "1. ", "- ", "```\n", "&amp;", "amp;", "\\u2019", "â€™", "Sure! Here is it: ", "(",
     "<ul>", "Query: ", "the ", "It is so. ", "I hope this helps!", "\n", " ", "a", "Here are two questions:",
     "2."]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES, max_size=12).map("".join))
def test_mending_pieces_of_everything(given_input: str, output: str) -> None:
    once = PROSE.mend(row(given_input, output))
    assert PROSE.mend(once) == once
    assert code(PROSE, once) == "ok" or once.source.repairs == ()


# -- audit


def dressed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**r, "id": f"x{i}", "input": f'"{r["input"]}"'} for i, r in enumerate(rows)]


def test_audit_counts_repairs_and_keeps_the_rows_own_fields(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    fresh = [{**r, "score": 3} for r in seed_rows(4, first=9000)]
    rows = [*dressed(fresh[:2]), {**fresh[2], "id": "x2", "output": "Question."}, {**fresh[3], "id": "x3"}]
    rows.append({**rows[0], "id": "twin"})
    given = write_rows(tmp_path / "rows.jsonl", rows)
    result = cli(
        "audit", given, "--config", folder / "seedstock.yaml", "--out", tmp_path / "out", "--json"
    ).json
    assert (result["repaired"], result["repairs"]) == (4, {"strip_quotes": 3, "spell_label": 1})
    kept = {r["id"]: r for r in read_rows(tmp_path / "out" / "kept.jsonl")}
    assert kept["x0"] == {**rows[0], "input": fresh[0]["input"], "repairs": ["strip_quotes"]}
    assert kept["x2"] == {**rows[2], "output": "question", "repairs": ["spell_label"]}
    assert kept["x3"] == rows[3]
    (lost,) = read_rows(tmp_path / "out" / "rejected.jsonl")
    assert (lost["id"], lost["gate"], lost["repairs"]) == ("twin", "duplicate", ["strip_quotes"])
    assert lost["example"] == rows[4]
    assert "4 rows repaired (strip_quotes 3, spell_label 1)" in (tmp_path / "out" / "report.html").read_text()
    again = cli(
        "audit", tmp_path / "out" / "kept.jsonl", "--config", folder / "seedstock.yaml", "--json"
    ).json
    assert (again["kept"], again["repaired"]) == (result["kept"], 0)


def test_audit_without_repair(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", gates={"format": {"repair": False}})
    given = write_rows(tmp_path / "rows.jsonl", dressed(seed_rows(2, first=9000)))
    result = cli("audit", given, "--config", folder / "seedstock.yaml", "--json").json
    assert (result["kept"], result["repaired"], result["repairs"]) == (0, 0, {})
    assert result["reasons"] == {"format: stray_quotes": 2}


TEXT = "where has the parcel of order 4711 gone to"
OWN = {"recipe": None, "kind": "synthetic"}


@pytest.mark.parametrize(
    "raw",
    [
        {"prompt": f'"{TEXT}"', "completion": "Good."},
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": f'"{TEXT}"'},
                {"role": "assistant", "content": "good"},
            ]
        },
        {"conversations": [{"from": "human", "value": f'"{TEXT}"'}, {"from": "gpt", "value": "Good."}]},
        {
            "messages": json.dumps(
                [
                    {"role": "user", "content": [{"type": "text", "text": f'"{TEXT}"'}]},
                    {"role": "assistant", "content": "good"},
                ]
            )
        },
        {
            "prompt": [{"role": "user", "content": f'"{TEXT}"'}],
            "completion": [{"role": "assistant", "content": "Good."}],
        },
        {"instruction": f'"{TEXT}"', "input": "", "output": "good"},
        {"instruction": "Say how it\\u2019s meant.", "input": TEXT, "output": "good"},
        {"instruction": "Say how it sounds.", "input": "it\\u2019s late", "output": "good"},
        {"system": "Be brief.", "prompt": f'"{TEXT}"', "completion": "good"},
        {
            "system": "Be brief.",
            "messages": [{"role": "user", "content": f'"{TEXT}"'}, {"role": "assistant", "content": "Good."}],
        },
        {
            "prompt": [{"role": "user", "content": f'"{TEXT}"'}],
            "completion": [
                {"role": "assistant", "content": "hm"},
                {"role": "user", "content": "it\\u2019s late"},
                {"role": "assistant", "content": "Good."},
            ],
        },
        {"input": f'"{TEXT}"', "output": "good", "source": {**OWN, "repairs": ["spell_label"]}},
    ],
)
def test_a_repaired_row_is_written_in_its_files_own_columns(raw: dict[str, Any], tmp_path: Path) -> None:
    """What is written, read again, is the repaired row; every column that has nothing to do with it stays."""
    made = gate()
    given = {"id": "a", "note": "kept", **raw}
    [read] = read_file(write_rows(tmp_path / "rows.jsonl", [given]), strict=False, kind="synthetic")
    mended = made.mend(read.example)
    assert mended.source.repairs
    written = read.rewritten(mended)
    assert (written["id"], written["note"]) == ("a", "kept")
    [again] = read_file(write_rows(tmp_path / "again.jsonl", [written]), strict=False, kind="synthetic")
    assert (again.example.input, again.example.output) == (mended.input, mended.output)
    assert written.keys() - given.keys() <= {"repairs"}


# -- run


def test_a_run_keeps_repaired_rows_and_says_so(tmp_path: Path, server: TeacherServer) -> None:
    def quoting(body: Body) -> str:
        return json.dumps({"rewrites": [f'"{text}"' for text in paraphrases(body)[: asked(body)[0]]]})

    server.answer = quoting
    folder = make_project(tmp_path / "p", server.url, target=6)
    assert cli("--project", folder, "run", "--json").code == 0
    kept = [name for name, accepted in candidates(folder) if accepted]
    assert kept
    told = cli("--project", folder, "trace", kept[0], "--json").json
    assert told["source"]["repairs"] == ["strip_quotes"]
    assert not told["example"]["input"].startswith('"')
    assert '\\"' in told["answer"]
    done = cli(
        "--project",
        folder,
        "release",
        "--name",
        "v1",
        "--waive",
        "share",
        "--by",
        "me",
        "--because",
        "test",
        "--json",
    )
    assert done.code == 0, done
    provenance = read_rows(folder / "releases" / "v1" / "provenance.jsonl")
    assert {tuple(r["source"].get("repairs", ())) for r in provenance} == {(), ("strip_quotes",)}
