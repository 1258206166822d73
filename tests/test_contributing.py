"""CONTRIBUTING.md tells the truth: a gate is one file and one line. This test adds one as written there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import seedstock

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BEFORE = '    "duplicate":'

CALM = "the coolant pump in hall 2 leaks since monday"
LOUD = "COME AT ONCE, THE FREIGHT LIFT IN HALL 4 IS STUCK BETWEEN FLOORS"
SEEDS = [
    {"input": f"{thing} makes a strange noise", "output": label}
    for thing in ("fan", "pump", "mixer", "crane")
    for label in ("machine",)
] + [
    {"input": f"{thing} is wrong on my payslip", "output": "office"}
    for thing in ("bonus", "tax", "address", "name")
]


def blocks(language: str) -> list[str]:
    """The fenced blocks of the guide in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with exactly that one file and that one line."""
    home = tmp_path_factory.mktemp("package")
    package = home / "seedstock"
    shutil.copytree(Path(seedstock.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    module, line = blocks("python")
    (package / "gates" / "shouting.py").write_text(module, encoding="utf-8")
    table = package / "gates" / "__init__.py"
    text = table.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    assert line.count("\n") == 1
    table.write_text(text.replace(BEFORE, line + BEFORE), encoding="utf-8")
    return home


def run(package: Path, folder: Path, *arguments: str) -> Any:
    """The command line of the changed package, in a process of its own; its JSON."""
    environment = os.environ | {"PYTHONPATH": str(package), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "seedstock.cli.main", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(folder: Path, gates: str) -> None:
    """Seeds, two synthetic rows and a config with these gates."""
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SEEDS))
    rows = [
        {"id": "calm", "input": CALM, "output": "machine"},
        {"id": "loud", "input": LOUD, "output": "machine"},
    ]
    (folder / "made.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = "task: {kind: classification, output: {labels: [machine, office]}}"
    (folder / "seedstock.yaml").write_text(f"{task}\nseeds: seeds.jsonl\nembedder: lexical\n{gates}\n")


def test_the_new_gate_rejects_and_says_why(changed: Path, tmp_path: Path) -> None:
    write(tmp_path, "")
    found = run(changed, tmp_path, "audit", "made.jsonl", "--config", "seedstock.yaml", "--out", "out")
    assert found["rejected"] == {"shouting": 1}
    assert found["kept"] == 1
    assert [gate["gate"] for gate in found["gates"]].index("shouting") < 3
    row = json.loads((tmp_path / "out" / "rejected.jsonl").read_text())
    assert (row["id"], row["gate"], row["code"], row["threshold"]) == ("loud", "shouting", "capitals", 0.7)
    assert row["figure"] == 1.0
    assert row["evidence"] == {"quote": LOUD}


@pytest.mark.parametrize("given", ["{max_share: 1}", "false"])
def test_the_new_gate_can_be_set_and_turned_off(changed: Path, tmp_path: Path, given: str) -> None:
    write(tmp_path, f"gates: {{shouting: {given}}}")
    found = run(changed, tmp_path, "audit", "made.jsonl", "--config", "seedstock.yaml")
    assert found["rejected"] == {}
    assert ("shouting" in [gate["gate"] for gate in found["gates"]]) == (given != "false")


def test_the_new_gate_is_in_the_schema(changed: Path, tmp_path: Path) -> None:
    gates = run(changed, tmp_path, "schema")["properties"]["gates"]["properties"]
    settings = gates["shouting"]["anyOf"][1]["properties"]
    assert settings["max_share"]["default"] == 0.7


def test_the_example_is_as_clean_as_the_package(changed: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    file = changed / "seedstock" / "gates" / "shouting.py"
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    for verb in (["check"], ["format", "--check"]):
        done = subprocess.run([ruff, *verb, *config, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_guide_names_files_that_exist() -> None:
    named = re.findall(r"`((?:src|tests|tools|docs|recipes|teachers|exporters|gates)/[\w/.-]+\.\w+)`", GUIDE)
    there = [name for name in named if "NAME" not in name and not name.endswith("shouting.py")]
    assert len(there) > 10
    homes = (ROOT, ROOT / "src" / "seedstock")
    assert [name for name in there if not any((home / name).exists() for home in homes)] == []
