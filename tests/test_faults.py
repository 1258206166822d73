"""faults: seeds with one planted fault each, that the gates before a judge would not see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import OUTPUTS, ticket
from seedstock.example import Example, Source
from seedstock.judging.faults import plant
from seedstock.tasks.base import Output
from seedstock.tasks.detect import make_output
from seedstock.tasks.text import Text, TextSettings

TICKETS = make_output("json_schema", OUTPUTS["extraction"]["json_schema"])


def seeds(as_text: bool = False) -> list[Example]:
    rows = [ticket(i) for i in range(30)]
    return [
        Example(
            f"s{i}", row["input"], json.dumps(row["output"]) if as_text else row["output"],
            source=Source(fold=i % 5),
        )
        for i, row in enumerate(rows)
    ]  # fmt: skip


@pytest.mark.parametrize("as_text", [False, True])
def test_structured_outputs_get_another_value_or_another_output(as_text: bool) -> None:
    rows = seeds(as_text)
    by_id = {row.id: row for row in rows}
    found = plant(rows, TICKETS, 10)
    assert [one.kind for one in found] == ["wrong_output"] * 10 + ["swapped_value"] * 10
    assert found == plant(list(reversed(rows)), TICKETS, 10)
    for one in found:
        [parent] = one.row.source.parents
        seed = by_id[parent]
        assert (one.row.id, one.row.input) == (f"{parent}:{one.kind}", seed.input)
        assert TICKETS.check(one.row.output) is None
        assert TICKETS.same(one.row.output) != TICKETS.same(seed.output)
        assert isinstance(one.row.output, str) == as_text
    was, now = (
        {**value} if isinstance(value := row.output, dict) else json.loads(value)
        for row in (by_id[found[-1].row.source.parents[0]], found[-1].row)
    )
    assert sum(was[key] != now[key] for key in was) == 1


def text_rows(*outputs: str) -> tuple[list[Example], Output]:
    rows = [Example(f"s{i}", f"question {i}", text) for i, text in enumerate(outputs)]
    return rows, Text(TextSettings(), Path())


def test_texts_are_cut_short_and_their_numbers_changed() -> None:
    rows, output = text_rows(
        "He pays 3 for each and so he pays 12 dollars for all of them together.", "It is blue."
    )
    found = {one.kind: one.row.output for one in plant(rows, output, 5) if one.row.id.startswith("s0")}
    assert found["truncated"] == "He pays 3 for each and so he"
    assert found["wrong_output"] == "It is blue."
    assert found["swapped_value"].startswith("He pays 3 for each and so he pays ")
    assert found["swapped_value"] != rows[0].output


def test_where_nothing_can_be_spoilt_nothing_is_planted() -> None:
    assert plant([], TICKETS, 5) == []
    assert plant(*text_rows("yes", "yes"), 5) == []
