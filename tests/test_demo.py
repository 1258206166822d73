"""demo: the whole way on the bundled project, without keys or network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers import Outcome, cli, process, read_rows
from seedstock.demo import BUNDLED

OFFLINE = {
    "OPENAI_API_KEY": "", "HF_HUB_OFFLINE": "1", "no_proxy": "", "NO_PROXY": "",
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "shown"


@pytest.fixture(scope="module")
def first(folder: Path) -> Outcome:
    return process("demo", folder, "--json", env=OFFLINE)


def test_the_demo_goes_the_whole_way_offline(first: Outcome, folder: Path) -> None:
    assert (first.code, first.err) == (0, "")
    found = first.json
    assert set(found) == {"path", "check", "run", "release"}
    assert found["check"]["verdict"] == "pass"
    assert found["run"]["accepted"] == 400
    assert {cell["state"] for cell in found["run"]["cells"]} == {"filled"}
    assert found["run"]["rejected"]
    assert found["run"]["cost"]["total"] == 0
    assert found["release"]["rows"] == {"real": 174, "synthetic": 400}
    assert set(found["release"]["files"]) >= {"train.messages.jsonl", "train.prompt_completion.jsonl"}
    assert cli("--project", folder, "verify", "v1").code == 0


def test_every_row_of_the_demo_keeps_what_its_ticket_says(first: Outcome, folder: Path) -> None:
    """Independent of the recipes: what the seed's ticket has out of its message, the row's ticket has too."""
    seeds = {row["id"]: row for row in read_rows(folder / "seeds.jsonl")}
    entries = read_rows(Path(first.json["release"]["path"]) / "provenance.jsonl")
    parents = {e["id"]: e["source"]["parents"] for e in entries if e["source"]["kind"] == "synthetic"}
    wrong = []
    for row in read_rows(Path(first.json["release"]["path"]) / "train.messages.jsonl"):
        if row["origin"] != "synthetic":
            continue
        given, ticket = row["messages"][1]["content"], json.loads(row["messages"][2]["content"])
        seed = seeds[parents[row["id"]][0]]
        there = {key for key, value in leaves(as_json(seed["output"])) if value in seed["input"]} - {
            "/urgency"
        }
        wrong += [
            (row["id"], key, value) for key, value in leaves(ticket) if key in there and value not in given
        ]
    assert wrong == []


def as_json(output: Any) -> Any:
    return json.loads(output) if isinstance(output, str) else output


def leaves(value: Any, place: str = "") -> list[tuple[str, str]]:
    """The texts in a JSON value, by their place."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{place}/{key}")]
    if isinstance(value, list):
        return [leaf for i, inner in enumerate(value) for leaf in leaves(inner, f"{place}/{i}")]
    return [(place, value)] if isinstance(value, str) else []


def test_a_second_demo_resumes_and_tells_it_to_people(first: Outcome, folder: Path) -> None:
    again = cli("demo", folder)
    assert (again.code, again.err) == (0, "")
    for word in ("check", "accepted", "rejected", "release", "→", "next", "trace", "verify v2"):
        assert word in again.out, word
    third = cli("demo", folder, "--json").json
    assert third["run"]["requests"]["sent"] == 0
    same = ("run", "candidates", "accepted", "rejected")
    assert [third["run"][key] for key in same] == [first.json["run"][key] for key in same]
    assert third["release"]["release"] == "v3"


def test_the_bundled_project_is_what_the_readme_promises() -> None:
    counts = {name: len(read_rows(BUNDLED / f"{name}.jsonl")) for name in ("seeds", "holdout", "ood")}
    assert counts["seeds"] >= 150
    assert counts["holdout"] >= 60
    assert counts["ood"] >= 30
    ids = [row["id"] for name in counts for row in read_rows(BUNDLED / f"{name}.jsonl")]
    assert len(ids) == len(set(ids))
