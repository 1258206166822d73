"""check: the map of the space, use cases, one family, depth, and what the plan leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers import accepted, cli, make_project, read_rows, seed_rows, write_rows
from server import TeacherServer

OFFLINE = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "Qwen/Qwen3-32B"}


def check(folder: Path) -> Any:
    done = cli("--project", folder, "check", "--json")
    assert done.code in (0, 3), done
    return done.json


def verdict(found: Any, gate: str) -> Any:
    return next((one for one in found["gates"] if one["gate"] == gate), None)


def test_the_map_tells_cells_and_what_the_seeds_cannot(tmp_path: Path) -> None:
    found = check(make_project(tmp_path / "p", teacher=OFFLINE))
    assert {cell["cell"]: cell["seeds"] for cell in found["cells"]} == {
        "complaint": 20, "praise": 20, "question": 20,
    }  # fmt: skip
    assert found["map"]["cut_by"] == ["label"]
    assert found["map"]["asked_in_proportion"] == ["length"]
    # With 60 rows, what is rarer than 4.9 % is missing with a chance of 5 %: 1 - 0.05 ** (1 / 60).
    assert "less than 4.9%" in found["map"]["unknown"][0]
    assert cli("--project", tmp_path / "p", "check").out.count("question") >= 1


def test_a_label_without_seeds_gets_no_quota(tmp_path: Path) -> None:
    task = {"kind": "classification", "output": {"labels": ["complaint", "praise", "question", "threat"]}}
    found = check(make_project(tmp_path / "p", teacher=OFFLINE, task=task))
    [threat] = [cell for cell in found["cells"] if cell["cell"] == "threat"]
    assert (threat["seeds"], threat["target"], threat["state"]) == (0, 0, "refused: no seed shows it")


def test_use_cases_are_held_against_the_seeds(tmp_path: Path) -> None:
    rows = seed_rows(60)
    for i, row in enumerate(rows):
        row["use_case"] = "returns" if i % 2 else "delivery"
    cases = [{"name": name} for name in ("returns", "delivery", "insurance claims of the blind")]
    folder = make_project(tmp_path / "p", teacher=OFFLINE, plan={"target": 30, "use_cases": cases})
    write_rows(folder / "seeds.jsonl", rows)
    found = check(folder)
    told = verdict(found, "suitability.use_cases")
    assert told["status"] == "warn"
    assert told["figure"] == pytest.approx(2 / 3)
    assert "nothing is generated for those without any: insurance" in told["reason"]
    assert found["map"]["use_cases"]["returns"] == 30
    assert found["verdict"] == "warn"


def test_what_no_seed_combines_is_told(tmp_path: Path) -> None:
    rows = seed_rows(60)
    for i, row in enumerate(rows):
        row["channel"] = "phone" if row["output"] == "praise" or i % 2 else "mail"
    attributes = {"channel": ["phone", "mail"]}
    folder = make_project(tmp_path / "p", teacher=OFFLINE, plan={"target": 60, "attributes": attributes})
    write_rows(folder / "seeds.jsonl", rows)
    found = check(folder)
    assert {"label": "praise", "channel": "mail", "expected": 6.7} in found["map"]["empty"]
    assert {cell["cell"] for cell in found["cells"]} >= {"praise · mail", "praise · phone"}


@pytest.mark.parametrize(
    ("student", "target", "family"),
    [
        ("Qwen/Qwen2.5-7B", 140, "Qwen"), ("mistralai/Mistral-7B-v0.3", 200, None),
        ("meta-llama/Llama-3.2-3B", 200, None),
    ],
)  # fmt: skip
def test_a_student_of_the_teachers_family_lowers_the_target(
    tmp_path: Path, student: str, target: int, family: str | None
) -> None:
    folder = make_project(tmp_path / "p", teacher=OFFLINE, target=200, student={"model": student})
    found = check(folder)
    told = verdict(found, "suitability.self_play")
    assert found["plan"]["target"] == target
    assert told["status"] == ("warn" if family else "pass")
    if family:
        assert "at most 70% synthetic, target 140 rows instead of 200" in told["reason"]


def test_one_family_caps_the_mix_at_seventy_percent(tmp_path: Path, server: TeacherServer) -> None:
    student = {"model": "tester-2-small"}
    folder = make_project(tmp_path / "p", server.url, target=160, student=student)
    write_rows(folder / "seeds.jsonl", seed_rows(60))
    config = json.loads((folder / "seedstock.yaml").read_text())
    config["teacher"]["model"], config["student"]["model"] = "gpt-4o", "gpt-oss-20b"
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    assert cli("--project", folder, "run").code == 0
    done = cli("--project", folder, "release", "--json").json
    assert done["rows"] == {"real": 60, "synthetic": 140}
    [share] = [gate for gate in done["gates"] if gate["gate"] == "share.rows"]
    assert (share["threshold"], share["status"]) == (pytest.approx(0.3), "pass")


def test_a_teacher_trained_on_a_release_adds_depth(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, target=12)
    assert cli("--project", folder, "run").code == 0
    assert cli("--project", folder, "release", "--name", "v1").code == 0
    config = json.loads((folder / "seedstock.yaml").read_text())
    config["teacher"] |= {"model": "tuned-on-v1", "trained_on": ["v1"]}
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    assert verdict(check(folder), "depth")["status"] == "warn"
    assert cli("--project", folder, "run").code == 0
    assert {row.source.depth for row in accepted(folder)} == {2}
    assert cli("--project", folder, "release", "--name", "v2").code == 0
    assert {row["source"]["depth"] for row in read_rows(folder / "releases" / "v2" / "provenance.jsonl")} == {
        0,
        2,
    }
    config["teacher"] |= {"model": "tuned-on-v2", "trained_on": ["v2"]}
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    assert verdict(check(folder), "depth")["status"] == "fail"
    done = cli("--project", folder, "run")
    assert (done.code, done.lines) == (3, 1)
    assert "3 generations" in done.err
    config["teacher"] |= {"trained_on": ["v9"]}
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    assert cli("--project", folder, "run").code == 2


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"label": ["a"]}, "'label' is taken"), ({"tone": []}, "needs values"),
        ({"tone": ["a", "a"]}, "each once"),
        ({"tone": {"a": 0}}, "not all 0"), ({"tone": {"a": -1, "b": 2}}, "from 0 on"),
    ],
)  # fmt: skip
def test_attributes_that_make_no_sense(tmp_path: Path, attributes: Any, said: str) -> None:
    folder = make_project(tmp_path / "p", teacher=OFFLINE, plan={"target": 9, "attributes": attributes})
    done = cli("--project", folder, "check")
    assert (done.code, done.lines) == (2, 1)
    assert said in done.err
