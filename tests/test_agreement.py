"""Several answers to one input: results are counted over the whole file, and rows judged by them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers import cli, make_config, read_rows, seed_rows, write_rows
from seedstock.agreement import Answers
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_agreement import AgreementGate, AgreementSettings
from seedstock.tasks.answer import Answer
from seedstock.tasks.base import Output
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.tasks.sql import Sql, SqlSettings
from seedstock.tasks.text import Text, TextSettings

HERE = Path()
SHOP = "CREATE TABLE pump (id INTEGER PRIMARY KEY, name TEXT, price REAL);"


def rows(outputs: Sequence[Any], given: str = "How many?", teacher: str | None = None) -> list[Example]:
    return [
        Example(
            f"{given}{i}", given, out, meta={"teacher": teacher or f"t{i}"} if teacher != "" else {},
            source=Source("synthetic"),
        )
        for i, out in enumerate(outputs)
    ]  # fmt: skip


def codes(output: Output, asked: list[Example], **settings: Any) -> list[str]:
    tools = Tools(output, Lexical(LexicalSettings(dims=64)))
    made = AgreementSettings(**settings)
    answers = Answers(made.by)
    for row in asked:
        answers.add(row, tools.result(row), tools.beside(row))
    tools = replace(tools, answers=answers)
    verdicts = AgreementGate(made, tools).check(Batch(asked, tools))
    assert all(verdict.reason for verdict in verdicts)
    return [verdict.code for verdict in verdicts]


NUMBER = Answer("number", HERE)


def test_numbers_agree_however_they_are_reached() -> None:
    asked = rows(["3 * 4 = 12\n#### 12", "so\n#### 12.0", "thus\n#### 12", "hm\n#### 13"])
    assert codes(NUMBER, asked) == ["agreed", "agreed", "agreed", "minority"]


def test_without_a_majority_nobody_is_right() -> None:
    asked = rows([f"x\n#### {n}" for n in (1, 1, 2, 3)])
    assert codes(NUMBER, asked) == ["no_agreement"] * 4
    tools = replace(Tools(NUMBER, Lexical(LexicalSettings(dims=64))), answers=Answers("teacher"))
    for row in asked:
        assert tools.answers is not None
        tools.answers.add(row, tools.result(row))
    gate = AgreementGate(AgreementSettings(undecided="warn"), tools)
    assert {verdict.status for verdict in gate.check(Batch(asked, tools))} == {"warn"}


def test_too_few_answers_are_no_evidence() -> None:
    assert codes(NUMBER, rows(["x\n#### 1", "y\n#### 1"])) == ["too_few"] * 2
    assert codes(NUMBER, rows(["x\n#### 1", "y\n#### 1"]), min_answers=2) == ["agreed"] * 2


def test_copies_count_once() -> None:
    asked = rows(["x\n#### 1"] * 3, teacher="one")
    assert codes(NUMBER, asked) == ["too_few"] * 3
    assert codes(NUMBER, rows(["x\n#### 1"] * 3, teacher="")) == ["too_few"] * 3
    assert codes(NUMBER, rows(["x\n#### 1"] * 3)) == ["agreed"] * 3


def test_inputs_are_apart_and_spelling_is_not() -> None:
    asked = [
        *rows(["x\n#### 1", "y\n#### 1"], "How many?"),
        *rows(["z\n#### 1"], "how  MANY"),
        *rows(["x\n#### 2"], "Why?"),
    ]
    assert codes(NUMBER, asked) == ["agreed"] * 3 + ["too_few"]


def test_labels_and_json_values_agree() -> None:
    assert codes(Labels(["a", "b"], HERE), rows(["a", "a", "a", "b"]))[-1] == "minority"
    asked = rows(['{"a": 1, "b": 2}', {"b": 2, "a": 1}, '{"b":2,"a":1}', {"a": 2}])
    assert codes(JsonSchema({}, HERE), asked) == ["agreed"] * 3 + ["minority"]


def test_free_text_is_not_compared() -> None:
    assert codes(Text(TextSettings(), HERE), rows(["a", "b", "c"])) == ["free_text"] * 3


def test_queries_agree_by_what_they_give(tmp_path: Path) -> None:
    (tmp_path / "shop.sql").write_text(SHOP)
    output = Sql(SqlSettings(schema="shop.sql"), tmp_path)
    asked = rows([
        "SELECT count(*) FROM pump WHERE price > 10", "SELECT count(id) FROM pump WHERE NOT price <= 10",
        "SELECT sum(price > 10) FROM pump", "SELECT count(*) FROM pump WHERE price >= 10",
    ])  # fmt: skip
    assert codes(output, asked) == ["agreed"] * 3 + ["minority"]
    assert codes(Sql(SqlSettings(), tmp_path), asked) == ["no_agreement"] * 4


def test_queries_that_fail_do_not_agree(tmp_path: Path) -> None:
    (tmp_path / "shop.sql").write_text(SHOP)
    output = Sql(SqlSettings(schema="shop.sql"), tmp_path)
    assert codes(output, rows(["SELECT nmae FROM pump"] * 3)) == ["no_agreement"] * 3


def test_one_question_about_two_databases_is_two(tmp_path: Path) -> None:
    write_rows(tmp_path / "s.jsonl", [{"db_id": name, "ddl": SHOP} for name in ("a", "b")])
    output = Sql(SqlSettings(schemas="s.jsonl"), tmp_path)
    asked = [
        replace(row, meta={**row.meta, "db_id": "ab"[i % 2]}) for i, row in enumerate(rows(["SELECT 1"] * 4))
    ]
    assert codes(output, asked) == ["too_few"] * 4


def test_a_row_alone_is_not_judged() -> None:
    tools = Tools(NUMBER, Lexical(LexicalSettings(dims=64)))
    gate = AgreementGate(AgreementSettings(), tools)
    assert gate.check(Batch(rows(["x\n#### 1"]), tools))[0].code == "not_collected"


@pytest.mark.parametrize("reverse", [False, True])
def test_an_audit_sees_the_whole_file_first(tmp_path: Path, reverse: bool) -> None:
    write_rows(tmp_path / "seeds.jsonl", seed_rows(60))
    config = make_config(tmp_path, gates={"relevance.agreement": {"min_share": 0.7}})
    told = ["complaint", "complaint", "complaint", "praise"]
    made = [
        {
            "id": f"r{i}",
            "input": "the samovar whistles a song that nobody here knows",
            "output": label,
            "teacher": f"t{i}",
        }
        for i, label in enumerate(told)
    ]
    synthetic = write_rows(tmp_path / "made.jsonl", made[::-1] if reverse else made)
    done = cli("audit", synthetic, "--config", config, "--out", tmp_path / "out", "--json")
    rejected = {row["id"]: row for row in read_rows(tmp_path / "out" / "rejected.jsonl")}
    assert (rejected["r3"]["gate"], rejected["r3"]["code"]) == ("relevance.agreement", "minority"), done.err
    assert rejected["r3"]["evidence"] == {"agree": 1, "most": 3, "answers": 4}
    assert [row["output"] for row in read_rows(tmp_path / "out" / "kept.jsonl")] == ["complaint"]
    assert json.loads(done.out)["rows"] == 4
