"""kill -9 at any moment: the ledger opens, nothing answered is asked again, and the end is the same."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from helpers import candidates, cli, make_project, started
from server import Body, TeacherServer, drawn

AT_ONCE = 4
LOST_AT_A_KILL = 2 * AT_ONCE
"""Answers that may be on their way from the server to the ledger: those not yet read, and as many in the
group being written. A count and not a time: a machine may be as slow as it likes."""
TARGET = 150


def some_fail_once(body: Body, attempt: int) -> str | None:
    return "500" if attempt == 0 and drawn(body).random() < 0.1 else None


@pytest.fixture
def server(server: TeacherServer) -> TeacherServer:
    server.latency, server.fault = 0.05, some_fail_once
    return server


@pytest.fixture
def uninterrupted(tmp_path: Path) -> list[tuple[str, bool]]:
    with TeacherServer() as other:
        folder = make_project(tmp_path / "whole", other.url, target=TARGET)
        assert cli("--project", folder, "run").code == 0
        return candidates(folder)


def kill_after(folder: Path, server: TeacherServer, answers: int) -> None:
    """Start a run and kill it when that many more answers were given."""
    goal = len(server.answered()) + answers
    with started("--project", folder, "run", "--json") as child:
        while len(server.answered()) < goal and child.poll() is None:
            time.sleep(0.002)
        assert child.poll() is None, child.communicate()
        child.kill()
        child.communicate()


def recorded(folder: Path) -> int:
    """Answers in the ledger, as somebody beside the run reads it."""
    with closing(sqlite3.connect(folder / ".seedstock" / "ledger.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(db.execute("SELECT count(*) FROM responses").fetchone()[0])


def test_three_kills_change_nothing_and_cost_nothing(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    folder = make_project(tmp_path / "p", server.url, target=TARGET, teacher={"concurrency": AT_ONCE})
    chance = random.Random(5)
    for _ in range(3):
        kill_after(folder, server, chance.randint(3, 12))
    server.latency = 0
    done = cli("--project", folder, "run", "--json")
    assert done.code == 0, done
    assert done.json["accepted"] == TARGET
    again = Counter(one.name for one in server.answered())
    assert again.total() - len(again) <= 3 * LOST_AT_A_KILL
    assert candidates(folder) == uninterrupted


def test_what_was_answered_is_in_the_ledger_before_anything_else_happens(
    tmp_path: Path, server: TeacherServer
) -> None:
    """While the next answers are still awaited, those that came are safe: a kill then costs none of them."""
    folder = make_project(tmp_path / "p", server.url, target=TARGET, teacher={"concurrency": AT_ONCE})
    with started("--project", folder, "run", "--json") as child:
        while len(server.answered()) < 10 and child.poll() is None:
            time.sleep(0.002)
        server.latency = 3600.0
        until, looks = time.monotonic() + 120, 0
        before: set[str] = set()
        while looks < 5:  # the last of the quick answers are out, and nothing moves any more
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < until, "answered, and not in the ledger"
            time.sleep(0.1)
            last, before = before, {one.name for one in server.answered()}
            looks = looks + 1 if before == last and recorded(folder) == len(before) >= 10 else 0
        child.kill()
        child.communicate()
    server.latency = 0
    assert cli("--project", folder, "run", "--json").code == 0
    again = Counter(one.name for one in server.answered())
    assert before <= set(again)
    assert {name for name, times in again.items() if times > 1} & before == set()


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
