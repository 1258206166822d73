"""Tally: what the row gates' work comes to, and what it says of relevance (policy 6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import cli, make_project
from seedstock.example import Example
from seedstock.tally import Tally
from seedstock.verdict import Status, Verdict
from server import TeacherServer

ROW = Example("r", "where is my parcel", "delivery")


def tally_of(*rows: tuple[Status, ...]) -> Tally:
    """A tally of rows, each with a verdict of the gate `format` and these of the family `relevance`."""
    tally = Tally()
    for i, statuses in enumerate(rows):
        said = [
            Verdict(f"relevance.part{n}", status, "ok" if status == "pass" else "code", "why")
            for n, status in enumerate(statuses)
        ]
        tally.add(str(i), ROW, [Verdict("format", "pass"), *said])
    return tally


@pytest.mark.parametrize(
    ("rows", "status", "figure"),
    [
        ([("pass",), ("pass", "warn")], "pass", 1.0),
        ([("pass",), ("warn",)], "warn", 0.5),
        ([("pass",), ("skipped",)], "warn", 0.5),
        ([("warn", "skipped")], "warn", 0.0),
        ([("skipped", "skipped")], "not_enough_data", 0.0),
        ([()], "not_enough_data", 0.0),
        ([("fail",), ("pass",)], "pass", 1.0),
    ],
)
def test_relevance_is_what_is_known_of_the_kept_rows(
    rows: list[tuple[Status, ...]], status: Status, figure: float
) -> None:
    result = tally_of(*rows).results({})[-1]
    assert (result.gate, result.status, result.figure) == ("relevance", status, figure)


def test_a_row_counts_once_in_a_family_and_can_be_taken_back() -> None:
    tally = tally_of(("pass", "pass"), ("fail", "warn"))
    assert tally.seen["relevance"] == 2
    said = Verdict("review", "fail", "rejected", "a person said so")
    tally.take_back("0", ROW, said, [Verdict("relevance.part0", "pass")])
    assert (tally.kept, tally.right) == (0, 0)
    assert tally.results({})[-1].status == "pass"  # nothing is left that could be wrong


def test_turned_off_is_said_and_is_no_pass() -> None:
    result = tally_of(("pass",)).results({"relevance": None})[-1]
    assert (result.status, result.code) == ("skipped", "turned_off")


def run_with(folder: Path, server: TeacherServer, relevance: bool) -> Path:
    """A project of labels, run, with the family `relevance` on or off."""
    make_project(folder, server.url, gates={"relevance": relevance})
    assert cli("--project", folder, "run").code == 0
    return folder


def test_a_release_that_nobody_judged_is_refused_until_somebody_answers_for_it(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = run_with(tmp_path / "p", server, relevance=True)
    refused = cli("--project", folder, "release", "--json")
    assert refused.code == 3
    [refusal] = refused.json["refused"]
    assert (refusal["gate"], refusal["status"]) == ("relevance", "not_enough_data")
    because = ("--by", "N. N.", "--because", "labels were read by hand")
    done = cli("--project", folder, "release", "--json", "--waive", "relevance", *because)
    assert done.code == 0
    card = (folder / "releases" / "v1" / "README.md").read_text()
    assert "relevance not judged" in card.split("## ")[0]
    assert "labels were read by hand" in card


def test_turning_relevance_off_turns_its_parts_off_and_the_card_says_so(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = run_with(tmp_path / "p", server, relevance=False)
    done = cli("--project", folder, "release", "--json")
    assert done.code == 0
    [result] = [gate for gate in done.json["gates"] if gate["gate"] == "relevance"]
    assert (result["status"], result["code"]) == ("skipped", "turned_off")
    assert "relevance not judged" in (folder / "releases" / "v1" / "README.md").read_text().split("## ")[0]
