"""Putting plants before the gate through `seedstock audit`, and reading what it decided."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facts.plants import Plant
from facts.seeds import LABELLED, Seed

COMMAND = (sys.executable, "-c", "import sys; from seedstock.cli.main import main; sys.exit(main())")
"""What the installed script does."""
GATE = "facts"
KINDS = {"gsm8k": "reasoning", "spider_sql": "sql", "self_instruct_qwen": "instruction"}
_ENTITY = {
    "type": "object", "required": ["text", "type"], "additionalProperties": False,
    "properties": {"text": {"type": "string"}, "type": {"type": "string"}},
}  # fmt: skip
ENTITIES = {
    "type": "object", "required": ["entities"], "additionalProperties": False,
    "properties": {"entities": {"type": "array", "items": _ENTITY}},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a row was turned away."""

    gate: str
    code: str
    reason: str


Decisions = dict[str, Rejection]
"""The rejected plants by id; every other one was kept."""


def config(folder: str, seeds: list[Seed], gates: dict[str, Any]) -> dict[str, Any]:
    """A project for this folder in which nothing but the facts gate (and the rest of `gates`) judges rows."""
    if folder in LABELLED:
        kind, output = "classification", {"labels": sorted({seed.output for seed in seeds})}
    elif folder in KINDS:
        kind, output = KINDS[folder], {"text": {"min_words": 1}}
    else:
        kind, output = "extraction", {"json_schema": ENTITIES}
    return {
        "task": {"kind": kind, "output": output}, "seeds": "seeds.jsonl", "embedder": "lexical",
        "gates": {"duplicate": False, "format": False, **gates},
    }  # fmt: skip


def write(place: Path, folder: str, seeds: list[Seed], plants: list[Plant], gates: dict[str, Any]) -> None:
    """The files of an audit: the config, the seeds, the plants."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "seedstock.yaml").write_text(
        json.dumps(config(folder, seeds, gates), indent=1), encoding="utf-8"
    )
    rows = [{"id": seed.id, "input": seed.input, "output": seed.output} for seed in seeds]
    _lines(place / "seeds.jsonl", rows)
    _lines(place / "plants.jsonl", [plant.row() for plant in plants])


def _lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def audit(place: Path) -> Decisions:
    """Run the audit of a folder made by `write` and read its decisions."""
    arguments = [
        "audit",
        "plants.jsonl",
        "--seeds",
        "seeds.jsonl",
        "--config",
        "seedstock.yaml",
        "--out",
        "out",
    ]
    done = subprocess.run([*COMMAND, *arguments], cwd=place, capture_output=True, text=True, check=False)
    if not (place / "out" / "rejected.jsonl").exists():
        raise SystemExit(f"seedstock audit ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return read(place / "out" / "rejected.jsonl")


def read(path: Path) -> Decisions:
    """The decisions in a `rejected.jsonl`."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["id"]: Rejection(row["gate"], row.get("code") or "", row.get("reason") or "") for row in rows}
