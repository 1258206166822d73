"""What several test files share: real data, a cheap embedder, small projects, a cache of their own."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.ledger import Ledger
from server import TeacherServer

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SEEDSTOCK_DATA", ROOT.parent / "shared" / "data"))

# Two cores, and examples that touch files: time says nothing about right and wrong.
settings.register_profile("seedstock", deadline=None, max_examples=35)
settings.load_profile("seedstock")

MACHINES = (
    "feed pump", "belt conveyor", "paint robot", "air compressor", "packing line", "wire saw",
    "cooling tower", "fork lift", "bottle filler", "drum mixer", "band sealer", "gas burner",
    "crane hoist", "labeller",
)  # fmt: skip
FAULTS = (
    "leaks oil on the floor", "stops after a minute", "smells of burnt rubber", "shows a blank display",
    "vibrates so that bolts come off", "trips the main fuse", "makes a grinding noise", "will not heat up",
    "has a torn hose", "lost all pressure",
)  # fmt: skip


@pytest.fixture(autouse=True)
def cache_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the cache of whoever runs it."""
    home = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def same_jitter() -> None:
    """Pauses are drawn at random: every test draws the same ones each time."""
    random.seed(0)


@pytest.fixture
def server() -> Iterator[TeacherServer]:
    """A teacher on loopback; a file with wishes of its own has a fixture of this name that adds them."""
    with TeacherServer() as made:
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An open ledger with nothing in it."""
    with Ledger(tmp_path / "ledger.db") as made:
        yield made


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """A file or folder of the shared data by name; the test is skipped, by that name, where it is not."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"shared data {name} is not here")
        return path

    return find


@pytest.fixture(scope="session")
def lexical() -> Lexical:
    """An embedder without weights: fast, and near where spelling is."""
    return Lexical(LexicalSettings(dims=256))


def ticket(i: int) -> dict[str, Any]:
    """The i-th of 140 distinct maintenance messages with its ticket."""
    machine, fault = (
        MACHINES[i % len(MACHINES)],
        FAULTS[(i // len(MACHINES) + i % len(MACHINES)) % len(FAULTS)],
    )
    asset = f"{machine} {'ABCDEFG'[i % 7]}{i + 11}"
    line = f"{asset} in hall {i % 5 + 1} {fault}, please send someone"
    return {"input": line, "output": {"asset": asset, "fault": fault, "hall": i % 5 + 1}}


def mood(i: int) -> dict[str, Any]:
    """The i-th of 140 distinct remarks with one of two labels."""
    good = i % 2 == 0
    machine, fault = (
        MACHINES[i % len(MACHINES)],
        FAULTS[(i // len(MACHINES) + i % len(MACHINES)) % len(FAULTS)],
    )
    said = "works well again after it" if good else "is broken for days and"
    return {"input": f"our {machine} {said} {fault}", "output": "happy" if good else "angry"}


ROWS = {"extraction": ticket, "classification": mood}
OUTPUTS: dict[str, Any] = {
    "extraction": {
        "json_schema": {
            "type": "object",
            "properties": {
                "asset": {"type": "string"}, "fault": {"type": "string"}, "hall": {"type": "integer"},
            },
            "required": ["asset", "fault", "hall"],
            "additionalProperties": False,
        }
    },
    "classification": {"labels": ["angry", "happy"]},
}  # fmt: skip


@pytest.fixture
def project_factory(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project folder: `seeds` rows, then `holdout` further ones, and any section of the config.

    `kind` is `extraction` or `classification`; the embedder is `lexical` and the teacher `rules`
    unless a section says otherwise.
    """

    def make(
        seeds: int = 60, *, holdout: int = 0, kind: str = "extraction", name: str = "project", **sections: Any
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        config = {
            "task": {"kind": kind, "output": OUTPUTS[kind]},
            "seeds": "seeds.jsonl", "embedder": "lexical", "teacher": "rules",
        }  # fmt: skip
        (folder / "seedstock.yaml").write_text(json.dumps(config | sections, indent=1))
        rows = [{"id": f"s{i}"} | ROWS[kind](i) for i in range(seeds + holdout)]
        write_rows(folder / "seeds.jsonl", rows[:seeds])
        if holdout:
            write_rows(folder / "holdout.jsonl", rows[seeds:])
        return folder

    return make


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
