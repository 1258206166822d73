"""The key goes to the teacher and nowhere else, whatever a server repeats and whoever misspells a config."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from helpers import Outcome, candidates, cli, make_project, process
from server import Body, TeacherServer, paraphrases

KEY = "sk-planted-4242-do-not-show"
BATCH = {"kind": "batch", "poll_seconds": 0.02}


@pytest.fixture
def server(server: TeacherServer) -> TeacherServer:
    """A server that repeats the key wherever it can."""
    server.words = f"bad key {KEY}"
    server.extra = {"model": f"m-{KEY}", "system_fingerprint": KEY}
    server.headers = {"X-Key": KEY}
    server.answer = blabbing
    server.batch.statuses = ("completed",)
    return server


def blabbing(body: Body) -> str:
    """Rewrites with the key among their words, and more of them in a key of the object."""
    return json.dumps({"rewrites": [f"{text} {KEY}" for text in paraphrases(body)], KEY: KEY})


def refused_with(server: TeacherServer, status: str) -> None:
    server.fault = lambda body, attempt: status
    server.batch.trouble = {"POST /v1/files": [status] * 1000}


def keyed_project(folder: Path, server: TeacherServer, teacher: dict[str, Any]) -> Path:
    quick = {"api_key_env": "SHOP_KEY", "patience": 0.3}
    if teacher.get("kind") != "batch":
        return make_project(folder, server.url, teacher={**quick, "max_attempts": 2, **teacher})
    base = {"base_url": server.url, "model": "m"}
    return make_project(folder, teacher={**base, **quick, **teacher})


def authorizations(server: TeacherServer) -> set[str]:
    headers = [*(one.headers for one in server.seen), *server.batch.headers]
    return {each.get("Authorization", "none") for each in headers}


def assert_hidden(folder: Path, said: list[Outcome]) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"ledger.db", "seedstock.yaml"} <= {path.name for path in files}
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []
    assert [done for done in said if KEY in done.out + done.err] == []


def whole_way(folder: Path, server: TeacherServer) -> list[Outcome]:
    """Every command that could show the key; the write-ahead log is kept by an open connection."""

    def say(*arguments: object) -> Outcome:
        return cli("--project", folder, *arguments)

    said = [say("check"), say("run", "--dry-run", "--json"), say("run", "--limit", 4, "--json")]
    with closing(sqlite3.connect(folder / ".seedstock" / "ledger.db")) as held:
        assert held.execute("SELECT count(*) FROM responses").fetchone() == (4,)
        said += [say("run"), say("check", "--json"), say("run", "--dry-run")]
        said += [say("release", "--name", "v1", "--json"), say("verify", "v1")]
        for id_, _ in (candidates(folder)[0], candidates(folder)[-1]):
            said += [say("trace", id_), say("trace", id_, "--json")]
        assert (folder / ".seedstock" / "ledger.db-wal").stat().st_size > 0
        assert_hidden(folder, said)
    assert [done for done in said if done.code] == []
    return said


# -- a server that repeats it


@pytest.mark.parametrize("teacher", [{}, BATCH, {"top_logprobs": 2}], ids=["openai", "batch", "logprobs"])
def test_a_key_of_the_environment_is_sent_and_stands_nowhere(
    teacher: dict[str, Any], tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY + "\n")
    server.logprobs = True
    server.fault = lambda body, attempt: None if attempt else ("500", "not_json", "503")[len(str(body)) % 3]
    server.batch.trouble = {"POST /v1/files": ["503"], "GET /v1/batches/batch_0": ["500"]}
    folder = keyed_project(tmp_path / "p", server, {**teacher, "patience": 20, "max_attempts": 8})
    said = whole_way(folder, server)
    assert authorizations(server) == {f"Bearer {KEY}"}
    assert_hidden(folder, said)
    assert "…" in said[-1].json["answer"], "the server did repeat it"


@pytest.mark.parametrize("teacher", [{}, BATCH], ids=["openai", "batch"])
def test_a_key_of_a_file_is_sent_and_stands_nowhere(
    teacher: dict[str, Any], tmp_path: Path, server: TeacherServer
) -> None:
    (tmp_path / "key.txt").write_text(KEY + "\n")
    folder = keyed_project(
        tmp_path / "p", server, {**teacher, "api_key_file": str(tmp_path / "key.txt"), "patience": 20}
    )
    said = whole_way(folder, server)
    assert authorizations(server) == {f"Bearer {KEY}"}
    assert_hidden(folder, said)


@pytest.mark.parametrize("status", ["401", "400", "429", "not_json", "redirect"])
def test_a_run_that_fails_says_why_without_the_key(
    status: str, tmp_path: Path, server: TeacherServer
) -> None:
    refused_with(server, status)
    folder = keyed_project(tmp_path / "p", server, {})
    done = process("--project", folder, "run", "--json", env={"SHOP_KEY": KEY})
    assert (done.code, done.out, done.lines) == (4, "", 1), done
    assert authorizations(server) == {f"Bearer {KEY}"}
    if status != "redirect":
        assert "bad key …" in done.err or "gateway bad key" in done.err, "the server's words, without the key"
    assert_hidden(folder, [done])


@pytest.mark.parametrize("status", ["401", "400", "429"])
def test_a_batch_that_is_refused_says_why_without_the_key(
    status: str, tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY)
    refused_with(server, status)
    folder = keyed_project(tmp_path / "p", server, BATCH)
    done = cli("--project", folder, "run", "--json")
    assert (done.code, done.lines) == (4, 1), done
    assert "bad key …" in done.err
    assert authorizations(server) == {f"Bearer {KEY}"}
    assert_hidden(folder, [done])


@pytest.mark.parametrize("fate", ["401", "400", "500", "torn"])
def test_a_line_of_a_batch_that_fails_shows_no_key(
    fate: str, tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY)
    server.batch.lines = lambda *_: fate
    folder = keyed_project(tmp_path / "p", server, BATCH)
    done = cli("--project", folder, "run", "--json")
    assert_hidden(folder, [done, cli("--project", folder, "check", "--json")])


def test_a_batch_refused_as_a_whole_shows_no_key(
    tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", KEY)
    server.batch.statuses = ("failed",)
    folder = keyed_project(tmp_path / "p", server, BATCH)
    done = cli("--project", folder, "run")
    assert (done.code, done.lines) == (4, 1), done
    assert "bad key …" in done.err
    assert_hidden(folder, [done])


def test_without_a_key_none_is_sent(
    tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    folder = keyed_project(tmp_path / "p", server, {})
    assert cli("--project", folder, "run").code == 0
    assert authorizations(server) == {"none"}


# -- a config with the key in the wrong place

SECRET = "sk-misplaced-9999"


@pytest.mark.parametrize("kind", ["openai", "batch"])
@pytest.mark.parametrize("command", [["check"], ["run", "--dry-run", "--json"]])
@pytest.mark.parametrize(
    "mistake",
    [
        {"api_key": SECRET},
        {"api-key": SECRET},
        {"api_key_env": SECRET},
        {"base_url": f"http://user:{SECRET}@127.0.0.1:9/v1"},
        {"base_url": f"http://{SECRET}@127.0.0.1:9/v1"},
        {"base_url": f"http://127.0.0.1:9/v1?key={SECRET}"},
        {"base_url": SECRET},
        {"base_url": f"http://127.0.0.1:9/v1#{SECRET}"},
        {"extra_body": {"api_key": SECRET}},
        {"extra_body": {"deep": [{"Authorization": f"Bearer {SECRET}"}]}},
    ],
    ids=lambda mistake: next(iter(mistake)),
)
def test_a_key_in_a_config_is_refused_and_not_repeated(
    mistake: dict[str, Any], command: list[str], kind: str, tmp_path: Path
) -> None:
    teacher = {"kind": kind, "base_url": "http://127.0.0.1:9/v1", "model": "m", **mistake}
    folder = make_project(tmp_path / "p", teacher=teacher)
    done = cli("--project", folder, *command)
    assert (done.code, done.out, done.lines) == (2, "", 1), done
    assert SECRET not in done.err
    assert "teacher" in done.err
    assert not (folder / ".seedstock" / "ledger.db").exists()


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path, server: TeacherServer) -> None:
    folder = keyed_project(tmp_path / "p", server, {"api_key_file": str(tmp_path / "none.txt")})
    done = cli("--project", folder, "run")
    assert (done.code, done.lines) == (2, 1), done
    assert "none.txt" in done.err
