"""Runs by batches: one per wave, nothing handed over or answered twice, whatever dies in between."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from helpers import Outcome, candidates, cli, make_project, started
from seedstock import Project
from seedstock.ask import Asker, identity_of
from seedstock.generation import upcoming
from seedstock.ledger import Ledger, now
from seedstock.records import BatchRecord
from seedstock.teachers.base import BatchTeacher, Job
from seedstock.teachers.openai import OpenAI, OpenAISettings
from server import Body, TeacherServer, drawn, good

FOREVER = ("in_progress",) * 100_000
DONE = ("validating", "completed")
DEAR: dict[str, Any] = {"price": {"input": 0, "output": 100}, "max_tokens": 1000}
"""Whatever is asked, the worst case of a question is 0.1."""


@pytest.fixture
def server(server: TeacherServer) -> TeacherServer:
    server.batch.statuses = DONE
    return server


def batch_project(folder: Path, server: TeacherServer, *, target: int = 30, **teacher: Any) -> Path:
    asked = {"kind": "batch", "base_url": server.url, "model": "m", "poll_seconds": 0.05, **teacher}
    return make_project(folder, target=target, teacher=asked)


def attempt(folder: Path, *arguments: object) -> Outcome:
    return cli("--project", folder, "run", "--json", *arguments)


def run(folder: Path, *arguments: object) -> Any:
    done = attempt(folder, *arguments)
    assert done.code == 0, done
    return done.json


def sent(server: TeacherServer) -> list[list[str]]:
    """The names of the questions of every batch that was started, oldest first."""
    files = [server.batch.files[batch["input_file_id"]] for batch in server.batch.batches.values()]
    return [[json.loads(line)["custom_id"] for line in raw.splitlines()] for raw in files]


def sizes(server: TeacherServer) -> list[int]:
    return [len(names) for names in sent(server)]


def most_often(server: TeacherServer) -> int:
    """In how many batches the question stands that stands in most."""
    return max(Counter(name for names in sent(server) for name in names).values())


@pytest.fixture
def uninterrupted(tmp_path: Path) -> list[tuple[str, bool]]:
    with TeacherServer() as other:
        other.batch.statuses = DONE
        folder = batch_project(tmp_path / "whole", other)
        run(folder)
        return candidates(folder)


def kill_while_polling(folder: Path, server: TeacherServer, *arguments: object) -> None:
    """Start a run and kill it once it has looked at an open batch a few times."""
    server.batch.statuses = FOREVER
    with started("--project", folder, "run", "--json", *arguments) as child:
        until = time.monotonic() + 240
        while not any(batch["looks"] > 1 for batch in server.batch.batches.values()):
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < until
            time.sleep(0.01)
        child.kill()
        child.communicate()
    server.batch.statuses = DONE


def prepared(folder: Path, server: TeacherServer, mark: str) -> int:
    """A ledger as a process leaves it that died after a batch was started and before it knew its name."""

    async def submit(teacher: BatchTeacher, jobs: list[Job]) -> None:
        await teacher.submit(jobs, mark)
        await teacher.close()

    with Project(folder) as project, project.locked():
        jobs = [Job(request.custom_id, request) for request in upcoming(project)]
        teacher = project.teacher
        assert isinstance(teacher, BatchTeacher)
        record = BatchRecord(mark, "", now(), frozenset(job.name for job in jobs))
        project.ledger.prepare_batch(teacher.id, teacher.server, record)
        asyncio.run(submit(teacher, jobs))
    return len(jobs)


# -- the usual course


def test_a_wave_is_one_batch_and_fills_the_target(tmp_path: Path, server: TeacherServer) -> None:
    result = run(batch_project(tmp_path / "p", server))
    assert result["accepted"] == 30
    assert result["requests"] == {"sent": 9, "answered": 9, "retried": 0, "failed": 0, "hedged": 0}
    assert sizes(server) == [9]
    assert server.seen == [], "nothing is asked one by one"


def test_every_further_wave_is_one_more_batch(tmp_path: Path, server: TeacherServer) -> None:
    server.answer = lambda body: "no" if drawn(body, "poor").random() < 0.4 else good(body)
    result = run(batch_project(tmp_path / "p", server, target=60))
    assert result["accepted"] == 60
    assert sizes(server)[0] == 21
    assert len(sizes(server)) >= 2
    assert result["requests"]["sent"] == sum(sizes(server)) == len(server.batch.seen)
    assert most_often(server) == 1


def test_a_second_run_hands_nothing_over(tmp_path: Path, server: TeacherServer) -> None:
    folder = batch_project(tmp_path / "p", server)
    run(folder)
    assert run(folder)["requests"]["sent"] == 0
    assert sizes(server) == [9]


def test_a_batch_gives_what_questions_one_by_one_would(tmp_path: Path, server: TeacherServer) -> None:
    folder = batch_project(tmp_path / "p", server)
    with Project(folder) as project:
        wave = upcoming(project)
    run(folder)
    with Project(folder) as project:
        keys = [request.key(identity_of(project.teacher)) for request in wave]
        recorded = project.ledger.answers(keys)
    settings = OpenAISettings(base_url=server.url, model="m")
    with Ledger(tmp_path / "single.db") as ledger, Asker(OpenAI(settings), settings, ledger) as door:
        single = [response.text for _, response in door.answers(wave)]
    assert [recorded[key].text for key in keys] == single
    assert len(server.seen) == len(wave) == 9


# -- death in between


def test_a_kill_while_polling_loses_nothing_and_hands_nothing_over_twice(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    folder = batch_project(tmp_path / "p", server)
    kill_while_polling(folder, server)
    result = run(folder)
    assert result["accepted"] == 30
    assert result["requests"]["sent"] == 0
    assert sizes(server) == [9]
    assert len(server.batch.seen) == 9
    assert candidates(folder) == uninterrupted


def test_a_batch_that_was_started_and_not_recorded_is_found_by_its_mark(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    folder = batch_project(tmp_path / "p", server)
    n = prepared(folder, server, "5eed" * 8)
    run(folder)
    assert sizes(server) == [n]
    assert candidates(folder) == uninterrupted


def test_without_a_list_of_batches_the_questions_are_handed_over_again(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    server.batch.listing = False
    folder = batch_project(tmp_path / "p", server)
    n = prepared(folder, server, "5eed" * 8)
    assert run(folder)["requests"]["sent"] == n
    assert sizes(server) == [n, n]
    assert candidates(folder) == uninterrupted
    assert run(folder)["requests"]["sent"] == 0
    assert len(sizes(server)) == 2


def test_a_batch_that_never_reached_the_server_is_handed_over(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    folder = batch_project(tmp_path / "p", server)
    prepared(folder, server, "5eed" * 8)
    server.batch.batches.clear()
    assert run(folder)["requests"]["sent"] == 9
    assert candidates(folder) == uninterrupted


def test_a_smaller_limit_after_a_kill_keeps_the_whole_batch(tmp_path: Path, server: TeacherServer) -> None:
    folder = batch_project(tmp_path / "p", server)
    kill_while_polling(folder, server)
    run(folder, "--limit", 5)
    assert run(folder)["accepted"] == 30
    assert most_often(server) == 1, "what was paid is not paid again"


# -- what goes wrong on the server


def test_what_has_expired_is_a_fault_and_in_the_next_batch(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    slow: set[str] = set()

    def too_late(custom_id: str, body: Body) -> str | None:
        first = custom_id not in slow and drawn(body, "late").random() < 0.5
        slow.update([custom_id] if first else [])
        return "expired" if first else None

    server.batch.lines = too_late
    folder = batch_project(tmp_path / "p", server)
    result = run(folder)
    assert result["faults"] == {"expired": len(slow)}
    assert result["requests"] == {"sent": 9, "answered": 9, "retried": len(slow), "failed": 0, "hedged": 0}
    assert sizes(server) == [9, len(slow)]
    assert set(sent(server)[1]) == slow
    assert candidates(folder) == uninterrupted


@pytest.mark.parametrize(
    ("fate", "reason"), [("500", "500"), ("429", "429"), ("torn", "bad_body"), ("missing", "expired")]
)
def test_a_line_that_failed_is_asked_again(
    fate: str, reason: str, tmp_path: Path, server: TeacherServer
) -> None:
    hit: set[str] = set()

    def once(custom_id: str, body: Body) -> str | None:
        first = custom_id not in hit and drawn(body, fate).random() < 0.5
        hit.update([custom_id] if first else [])
        return fate if first else None

    server.batch.lines = once
    result = run(batch_project(tmp_path / "p", server))
    assert result["accepted"] == 30
    assert result["faults"] == {reason: len(hit)}
    assert sizes(server) == [9, len(hit)]


def test_a_question_that_always_fails_is_in_three_batches_and_costs_its_row(
    tmp_path: Path, server: TeacherServer
) -> None:
    cursed: list[str] = []

    def fate(custom_id: str, body: Body) -> str | None:
        cursed.extend([] if cursed else [custom_id])
        return "500" if custom_id == cursed[0] else None

    server.batch.lines = fate
    result = run(batch_project(tmp_path / "p", server))
    assert result["accepted"] == 30
    assert result["requests"]["failed"] == 1
    assert sum(cursed[0] in names for names in sent(server)) == most_often(server) == 3


def test_a_batch_refused_as_a_whole_ends_the_run_in_the_servers_words(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    server.batch.statuses, server.words = ("validating", "failed"), "line 1 is no poem"
    folder = batch_project(tmp_path / "p", server)
    done = attempt(folder)
    assert (done.code, done.out, done.lines) == (4, "", 1), done
    assert "line 1 is no poem" in done.err
    server.batch.statuses = DONE
    assert run(folder)["accepted"] == 30
    assert sizes(server) == [9, 9]
    assert candidates(folder) == uninterrupted


@pytest.mark.parametrize("status", [400, 401])
def test_lines_that_the_server_refuses_end_the_run_and_keep_the_others(
    status: int, tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    refused = set()

    def fate(custom_id: str, body: Body) -> str | None:
        refused.update([custom_id] if drawn(body, "no").random() < 0.5 else [])
        return str(status) if custom_id in refused else None

    server.batch.lines, server.words = fate, "not of that kind"
    folder = batch_project(tmp_path / "p", server)
    done = attempt(folder)
    assert (done.code, done.lines) == (4, 1), done
    assert "not of that kind" in done.err
    server.batch.lines = lambda *_: None
    assert run(folder)["requests"]["sent"] == len(refused)
    assert set(sent(server)[1]) == refused
    assert candidates(folder) == uninterrupted


@pytest.mark.parametrize("fault", ["cut", "429", "500"])
def test_a_download_that_breaks_off_is_fetched_again(
    fault: str, tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    path = "GET /v1/files/file-1/content"
    server.batch.trouble[path] = [fault]
    folder = batch_project(tmp_path / "p", server)
    result = run(folder)
    assert server.batch.calls[path] == 2
    assert sizes(server) == [9]
    assert sum(result["faults"].values()) == 1
    assert candidates(folder) == uninterrupted


@pytest.mark.parametrize("path", ["POST /v1/files", "POST /v1/batches", "GET /v1/batches/batch_0"])
@pytest.mark.parametrize("fault", ["500", "429", "reset"])
def test_a_wire_that_fails_is_tried_again(
    path: str, fault: str, tmp_path: Path, server: TeacherServer
) -> None:
    server.batch.trouble[path] = [fault]
    result = run(batch_project(tmp_path / "p", server))
    assert result["accepted"] == 30
    assert server.batch.calls[path] >= 2
    assert sizes(server) == [9]


def test_a_service_that_stays_silent_ends_the_run_and_its_batch_is_kept(
    tmp_path: Path, server: TeacherServer, uninterrupted: list[tuple[str, bool]]
) -> None:
    server.batch.trouble["GET /v1/batches/batch_0"] = ["503"] * 1000
    folder = batch_project(tmp_path / "p", server, patience=0.2)
    done = attempt(folder)
    assert (done.code, done.lines) == (4, 1), done
    assert "run again" in done.err
    server.batch.trouble.clear()
    assert run(folder)["requests"]["sent"] == 0
    assert sizes(server) == [9]
    assert candidates(folder) == uninterrupted


def test_answers_that_nobody_asked_for_are_left(tmp_path: Path, server: TeacherServer) -> None:
    server.batch.strangers = ("0" * 32, "..", "")
    assert run(batch_project(tmp_path / "p", server))["requests"]["answered"] == 9


# -- money


def test_the_limit_of_cost_bounds_a_batch(tmp_path: Path, server: TeacherServer) -> None:
    server.usage = {"prompt_tokens": 100, "completion_tokens": 1000}
    result = run(batch_project(tmp_path / "p", server, **DEAR), "--max-cost", 0.55)
    assert sizes(server) == [5]
    assert result["stopped"] == "max_cost"
    assert result["cost"]["paid"] == pytest.approx(0.5)


def test_what_answers_cost_less_than_feared_buys_another_batch(tmp_path: Path, server: TeacherServer) -> None:
    result = run(batch_project(tmp_path / "p", server, **DEAR), "--max-cost", 0.55)
    assert sizes(server) == [5, 4]
    assert result["accepted"] == 30
    assert result["cost"]["paid"] == pytest.approx(0.009)


def test_a_batch_that_is_open_counts_against_the_limit_after_a_kill(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.usage = {"prompt_tokens": 100, "completion_tokens": 1000}
    folder = batch_project(tmp_path / "p", server, **DEAR)
    kill_while_polling(folder, server, "--max-cost", 0.55)
    result = run(folder, "--max-cost", 0.55)
    assert sizes(server) == [5]
    assert result["cost"]["paid"] <= 0.55
