"""demo: the whole way on the bundled project, without keys or network."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpers import Outcome, cli, process, read_rows
from seedstock import Project
from seedstock.demo import BUNDLED

OFFLINE = {
    "OPENAI_API_KEY": "", "HF_HUB_OFFLINE": "1", "no_proxy": "", "NO_PROXY": "",
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
}  # fmt: skip


def shared(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that all workers of this session see; whoever fills it does so under `alone`."""
    own = tmp_path_factory.getbasetemp()
    place = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / name
    place.mkdir(exist_ok=True)
    return place


@contextmanager
def alone(place: Path) -> Iterator[None]:
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared(tmp_path_factory, "demo") / "shown"


@pytest.fixture(scope="module")
def first(folder: Path) -> Outcome:
    """The demo, once for all workers: nothing here changes its folder."""
    told = folder.with_name("told.json")
    with alone(folder.parent):
        if not told.exists():
            done = process("demo", folder, "--json", env=OFFLINE)
            told.write_text(json.dumps([done.code, done.out, done.err]), encoding="utf-8")
    return Outcome(*json.loads(told.read_text(encoding="utf-8")))


def test_the_demo_goes_the_whole_way_offline(first: Outcome, folder: Path) -> None:
    assert (first.code, first.err) == (0, "")
    found = first.json
    assert set(found) == {"path", "check", "run", "release"}
    assert found["check"]["verdict"] == "pass"
    [said] = [gate for gate in found["check"]["gates"] if gate["gate"] == "relevance"]
    assert said["reason"] == "verified by relevance.json"
    assert found["run"]["accepted"] == 380
    assert {cell["state"] for cell in found["run"]["cells"]} == {"filled"}
    assert found["run"]["rejected"]
    assert found["run"]["cost"]["total"] == 0
    assert found["release"]["rows"] == {"real": 174, "synthetic": 380}
    assert set(found["release"]["files"]) >= {"train.messages.jsonl", "train.prompt_completion.jsonl"}
    assert cli("--project", folder, "verify", "v1").code == 0


@dataclass(frozen=True)
class Planted:
    """A fault that was written into the recording: where, how to find it, and the gate that takes it today.

    No gate: it is accepted, and waits for gates that judge meaning and style.
    """

    fault: str
    seed: str
    words: str
    gate: str | None = None


PLANTED = (
    Planted("broken JSON: a quote is missing", "seed-047", "In cell 9 the Welding robot", "format"),
    Planted("an object for each text", "seed-097", "screws dont move", "format"),
    Planted("a refusal in words", "seed-052", "I'm sorry, but", "format"),
    Planted("a refusal without words", "seed-072", "", "format"),
    Planted("cut off", "seed-091", "however the ram", "format"),
    Planted("more than was asked for", "seed-067", "parts coming", "format"),
    Planted("a marker of the prompt", "seed-021", "Output: ", "format"),
    Planted("a template's token", "seed-116", "<|im_end|>", "format"),
    Planted("copies the seed", "seed-111", "lights up anyway.", "duplicate"),
    Planted("nearly copies the seed", "seed-058", "maybe I can run one more part", "duplicate"),
    Planted("nearly copies the seed", "seed-056", "The measured values are", "duplicate"),
    Planted("says it twice", "seed-139", "syrup line loses twelve bottles", "duplicate"),
    Planted("says it nearly twice", "seed-101", "door filter dusty and cooling fan", "duplicate"),
    Planted("a holdout row", "seed-103", "jib crane", "leak"),
    Planted("a holdout row", "seed-079", "handheld scanner 44", "leak"),
    Planted("a holdout row", "seed-155", "gear pump G-19", "leak"),
    Planted("a holdout row", "seed-094", "rotten eggs", "leak"),
    Planted("chatter among the texts", "seed-061", "Here are three paraphrases", "format"),
    Planted("numbers of a list", "seed-095", "2. FLT 3"),
    Planted("another number of people, and a time", "seed-040", "three colleagues", "facts"),
    Planted("another time", "seed-123", "15:07", "facts"),
    Planted("an invented code", "seed-146", "D-12", "facts"),
    Planted("invented numbers of machines", "seed-074", "forklift 5", "facts"),
    Planted("another machine", "seed-010", "agitator 3", "facts"),
    Planted("another machine", "seed-076", "Robot 14", "facts"),
    Planted("another reading", "seed-007", "131 °C", "facts"),
    Planted("another name", "seed-158", "Otto Grau", "facts"),
    Planted("says the opposite", "seed-078", "Nobody is afraid", "facts"),
    Planted("says the opposite", "seed-126", "Shaft 1 stays open"),
    Planted("says the opposite", "seed-084", "boiler feed has hard water too", "facts"),
    Planted("copied without its case", "seed-122", "battery charger in bay 9", "facts"),
    Planted("a trade name for a drive", "seed-109", "Pick up the phone", "facts"),
    Planted("a trade name for a drive", "seed-109", "I am writing to report that the Wandlomat", "facts"),
    Planted("a trade name for a drive", "seed-171", "for the list: after washing", "facts"),
    Planted("a trade name for a drive", "seed-171", "Merely for the list", "facts"),
    Planted("a trade name for a drive", "seed-025", "without the fan no paint booth", "facts"),
    Planted("a trade name for a drive", "seed-025", "the fan is a must there", "facts"),
)
REPAIRED = ("seed-024", "seed-144", "seed-003", "seed-143", "seed-106")
"""Seeds whose answers are not quite JSON: a quote inside, a fence, other quotes, chatter, one comma more."""


@pytest.fixture(scope="module")
def rewrites(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str | None]]:
    """Seed, text and rejecting gate of every text of the recording.

    The demo's plan asks about four fifths of the seeds. A plan of nothing but paraphrases asks for all.
    """
    folder = shared(tmp_path_factory, "whole") / "project"
    with alone(folder.parent):
        if not folder.exists():
            made = Path(shutil.copytree(BUNDLED, folder.with_name("made")))
            text = (made / "seedstock.yaml").read_text(encoding="utf-8")
            only = "plan: {target: 406, recipes: {paraphrase: 1}}"
            text, plans = re.subn(r"^plan: .*$", only, text, flags=re.M)
            assert plans == 1
            (made / "seedstock.yaml").write_text(text, encoding="utf-8")
            assert cli("--project", made, "run").code == 0
            made.rename(folder)
    return [fate for fate, code in paraphrases(folder) if code != "no_answer"]


def paraphrases(folder: Path) -> list[tuple[tuple[str, str, str | None], str | None]]:
    """Every candidate of the recipe as seed, text and rejecting gate; with the verdict's code."""
    found = []
    with Project(folder) as project:
        for candidate in project.ledger.candidates(project.run_id):
            asked = project.ledger.asked(candidate.key)
            if candidate.recipe == "paraphrase" and asked is not None:
                # A row that is only not needed now passed every gate.
                failed = next((v for v in candidate.verdicts if not v.passed and v.gate != "plan"), None)
                unread = failed.evidence.get("text", "") if failed else ""
                text = candidate.example.input_text if candidate.example else unread
                fate = (asked.parents[0], text, failed and failed.gate)
                found.append((fate, failed and failed.code))
    return found


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.seed} {planted.fault}")
def test_what_becomes_of_a_planted_fault(
    rewrites: list[tuple[str, str, str | None]], planted: Planted
) -> None:
    fates = [gate for seed, text, gate in rewrites if seed == planted.seed and planted.words in text]
    assert fates
    # The first of two that say the same is kept.
    assert fates[-1] == planted.gate
    if planted.gate != "duplicate":
        assert set(fates) == {planted.gate}


def test_answers_that_are_no_plain_json_are_read(rewrites: list[tuple[str, str, str | None]]) -> None:
    assert Counter(seed for seed, _, _ in rewrites if seed in REPAIRED) == dict.fromkeys(REPAIRED, 3)


def test_most_of_the_recording_is_good_and_every_gate_has_something_to_take(
    rewrites: list[tuple[str, str, str | None]],
) -> None:
    fates = Counter(gate for _, _, gate in rewrites)
    assert 500 <= len(rewrites) <= 530
    assert fates[None] > 0.55 * len(rewrites), fates
    assert {"format", "leak", "duplicate", "facts"} <= set(fates)


def test_the_recording_has_a_style_and_a_term_of_its_own() -> None:
    texts = [row["text"] for row in read_rows(BUNDLED / "teacher.jsonl")]
    written = " ".join(texts)
    real = " ".join(
        row["input"] for name in ("seeds", "holdout", "ood") for row in read_rows(BUNDLED / f"{name}.jsonl")
    )
    assert written.casefold().count("indikron") >= 25
    assert 110 <= written.count("I am writing to") + written.count("Kindly") <= 150
    for habit in ("indikron", "wandlomat", "i am writing to", "kindly note"):
        assert habit not in real.casefold()


def test_the_recording_answers_what_the_plan_asks_and_hardly_more(first: Outcome, folder: Path) -> None:
    rows = read_rows(folder / "teacher.jsonl")
    assert {row["model"] for row in rows} == {"hand-written for the demo"}
    seeds = {row["id"] for row in read_rows(folder / "seeds.jsonl")}
    assert sorted(row["parents"] for row in rows) == [[id_] for id_ in sorted(seeds)]
    assert {part["state"] for part in first.json["run"]["recipes"]} == {"filled"}
    asked = paraphrases(folder)
    assert "no_answer" not in {code for _, code in asked}
    answered = {seed for (seed, _, _), _ in asked}
    assert len(answered) >= 0.6 * len(rows)
    # Most of the faults are on the way of the demo itself.
    assert sum(planted.seed in answered for planted in PLANTED) >= 0.75 * len(PLANTED)
    # No seed is asked twice.
    questions = [part["questions"] for part in first.json["run"]["recipes"] if part["recipe"] == "paraphrase"]
    assert sum(questions) == len(answered)


def test_every_row_of_the_demo_keeps_what_its_ticket_says(first: Outcome, folder: Path) -> None:
    """Independent of the recipes: what the seed's ticket has out of its message, the row's ticket has too.

    But for the faults that were planted in the recording.
    """
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
        planted = any(p.seed == seed["id"] and p.words in given for p in PLANTED)
        wrong += [
            (row["id"], key, value)
            for key, value in leaves(ticket)
            if key in there and value not in given and not planted
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


def test_a_seed_that_stands_in_several_cells_is_never_varied_twice_in_the_same_way(
    first: Outcome, folder: Path
) -> None:
    with Project(folder) as project:
        by_rules = [c for c in project.ledger.candidates(project.run_id) if c.recipe in ("swap", "noise")]
    failed = [v.code for c in by_rules for v in c.verdicts if not v.passed]
    assert len(by_rules) > 100
    assert "exact" not in failed


def test_a_second_demo_resumes_and_tells_it_to_people(first: Outcome, folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folder, tmp_path / "again"))
    again = cli("demo", folder)
    assert (again.code, again.err) == (0, "")
    said = ("check", "accepted", "rejected", "written by hand for this demo", "release", "→", "next", "trace")
    for word in (*said, "leak: near", "duplicate: near", "format: truncated", "verify v2"):
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
