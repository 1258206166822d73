"""kill -9 at any moment: the ledger opens, nothing answered is asked again, and the end is the same."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import candidates, cli, make_project, started
from server import Body, TeacherServer, drawn

WINDOW = 0.05
"""Seconds before a kill in which an answer may have reached the socket and not yet the ledger."""
TARGET = 150


def some_fail_once(body: Body, attempt: int) -> str | None:
    return "500" if attempt == 0 and drawn(body).random() < 0.1 else None


@pytest.fixture
def server() -> Iterator[TeacherServer]:
    with TeacherServer(latency=0.05, fault=some_fail_once) as made:
        yield made


@pytest.fixture
def uninterrupted(tmp_path: Path) -> list[tuple[str, bool]]:
    with TeacherServer() as other:
        folder = make_project(tmp_path / "whole", other.url, target=TARGET)
        assert cli("--project", folder, "run").code == 0
        return candidates(folder)


def kill_after(folder: Path, server: TeacherServer, answers: int) -> float:
    """Start a run and kill it when that many more answers were given; gives the moment of the kill."""
    goal = len(server.answered()) + answers
    with started("--project", folder, "run", "--json") as child:
        while len(server.answered()) < goal and child.poll() is None:
            time.sleep(0.002)
        assert child.poll() is None, child.communicate()
        moment = time.monotonic()
        child.kill()
        child.communicate()
    return moment


def assert_nothing_paid_twice(server: TeacherServer, kills: list[float]) -> None:
    """An answer that was given twice was given shortly before a kill the first time."""
    first: dict[str, float] = {}
    for one in server.answered():
        assert one.answered is not None
        if one.name in first:
            given = first[one.name]
            assert any(kill - WINDOW <= given <= kill + WINDOW for kill in kills), (given, kills)
        first.setdefault(one.name, one.answered)


def test_three_kills_change_nothing_and_cost_nothing(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    folder = make_project(tmp_path / "p", server.url, target=TARGET, teacher={"concurrency": 4})
    chance = random.Random(5)
    kills = [kill_after(folder, server, chance.randint(3, 12)) for _ in range(3)]
    server.latency = 0
    done = cli("--project", folder, "run", "--json")
    assert done.code == 0, done
    assert done.json["accepted"] == TARGET
    assert_nothing_paid_twice(server, kills)
    assert candidates(folder) == uninterrupted


def test_what_was_answered_before_a_kill_is_in_the_ledger(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, target=TARGET, teacher={"concurrency": 4})
    kill = kill_after(folder, server, 10)
    sure = [one for one in server.answered() if one.answered is not None and one.answered < kill - WINDOW]
    db = sqlite3.connect(folder / ".seedstock" / "ledger.db")
    try:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM responses").fetchone()[0] >= len(sure) > 0
    finally:
        db.close()


def test_a_kill_while_a_release_is_written_leaves_none_behind(tmp_path: Path, server: TeacherServer) -> None:
    server.latency = 0
    folder = make_project(tmp_path / "p", server.url)
    assert cli("--project", folder, "run").code == 0
    partial = folder / "releases" / ".v1.partial"
    partial.mkdir(parents=True)
    (partial / "train.messages.jsonl").write_text("half a ro")
    (partial / "stray.txt").write_text("left over")
    assert cli("--project", folder, "verify", ".v1.partial").code == 2
    done = cli("--project", folder, "release", "--name", "v1", "--json")
    assert done.code == 0, done
    assert sorted(path.name for path in (folder / "releases").iterdir()) == ["v1"]
    assert "stray.txt" not in done.json["files"]
    assert cli("--project", folder, "verify", "v1").code == 0
