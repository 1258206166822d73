"""Exit codes and the one line on standard error; what `--json` promises; help."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import (
    Outcome,
    cli,
    make_config,
    make_project,
    process,
    read_rows,
    seed_rows,
    started,
    write_rows,
)
from server import TeacherServer

PROMISED = {
    "check": {"verdict", "seeds", "cells", "gates", "plan", "map"},
    "run": {
        "run",
        "requests",
        "candidates",
        "accepted",
        "rejected",
        "cells",
        "cost",
        "recipes",
        "efficiency",
        "parents",
        "tokens",
    },
    "audit": {"rows", "kept", "rejected", "repaired", "gates", "verdict", "out"},
    "release": {"release", "path", "rows", "real_share", "gates", "waivers", "files"},
    "trace": {"id", "source", "parents", "prompt", "teacher", "gates", "reviews"},
}
GATE = {"gate", "status", "figure", "threshold", "n", "reason"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def assert_one_line(done: Outcome, code: int, *words: str) -> None:
    """The exit code, one line without a traceback, and nothing or one document on standard output."""
    assert done.code == code, done
    assert done.lines == 1, done.err
    assert done.err.splitlines()[-1].startswith("seedstock: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err
    assert done.out == "" or isinstance(done.json, dict)


# -- bad input: exit 2

Prepare = Callable[[Path], list[object]]


def case(name: str, prepare: Prepare, *words: str) -> Any:
    return pytest.param(prepare, words, id=name)


def project(*arguments: object, **sections: Any) -> Prepare:
    """A sound project with these sections changed, and arguments for it."""

    def prepare(folder: Path) -> list[object]:
        make_project(folder, **sections)
        return ["--project", folder, *arguments]

    return prepare


def seeds(content: bytes) -> Prepare:
    """A project whose seeds are these bytes."""

    def prepare(folder: Path) -> list[object]:
        make_project(folder)
        (folder / "seeds.jsonl").write_bytes(content)
        return ["--project", folder, "check"]

    return prepare


def config(text: str) -> Prepare:
    """A project whose config is this text."""

    def prepare(folder: Path) -> list[object]:
        make_project(folder)
        (folder / "seedstock.yaml").write_text(text)
        return ["--project", folder, "check"]

    return prepare


def no_project(folder: Path) -> list[object]:
    return ["--project", folder / "none", "check"]


def no_config(folder: Path) -> list[object]:
    folder.mkdir()
    return ["--project", folder, "check"]


def no_seeds_file(folder: Path) -> list[object]:
    make_config(folder)
    return ["--project", folder, "check"]


def init_exists(folder: Path) -> list[object]:
    make_project(folder)
    return ["init", folder]


def init_under_a_file(folder: Path) -> list[object]:
    make_project(folder)
    return ["init", folder / "seeds.jsonl" / "new"]


def demo_elsewhere(folder: Path) -> list[object]:
    make_project(folder)
    return ["demo", folder]


def foreign_ledger(folder: Path) -> list[object]:
    make_project(folder)
    (folder / ".seedstock").mkdir()
    (folder / ".seedstock" / "ledger.db").write_bytes(b"this is no database " * 100)
    return ["--project", folder, "run"]


def other_database(folder: Path) -> list[object]:
    make_project(folder)
    (folder / ".seedstock").mkdir()
    db = sqlite3.connect(folder / ".seedstock" / "ledger.db")
    db.execute("CREATE TABLE shoes (size INTEGER)")
    db.close()
    return ["--project", folder, "run"]


def audit_without_seeds(folder: Path) -> list[object]:
    return ["audit", write_rows(folder / "rows.jsonl", seed_rows(3))]


def audit_of_nothing(folder: Path) -> list[object]:
    real = write_rows(folder / "real.jsonl", seed_rows(60))
    return ["audit", folder / "none.jsonl", "--seeds", real]


def audit_over_foreign_folder(folder: Path) -> list[object]:
    real = write_rows(folder / "real.jsonl", seed_rows(60))
    (folder / "precious").mkdir()
    (folder / "precious" / "thesis.txt").write_text("years of work")
    return ["audit", real, "--seeds", real, "--out", folder / "precious"]


def audit_out_is_a_file(folder: Path) -> list[object]:
    real = write_rows(folder / "real.jsonl", seed_rows(60))
    return ["audit", real, "--seeds", real, "--out", real]


def audit_out_under_a_file(folder: Path) -> list[object]:
    real = write_rows(folder / "real.jsonl", seed_rows(60))
    return ["audit", real, "--seeds", real, "--out", real / "below"]


def audit_ending(folder: Path) -> list[object]:
    real = write_rows(folder / "real.jsonl", seed_rows(60))
    return ["audit", write_rows(folder / "rows.docx", seed_rows(3)), "--seeds", real]


TASK = "task: {kind: classification, output: {labels: [complaint, praise, question]}}\n"
ROWS = b"".join(json.dumps(row).encode() + b"\n" for row in seed_rows(60))
LATE_BREAK = ROWS + b'{"id": "x", "input": "cut of'

BAD_INPUT = [
    case("missing project", no_project, "no such folder"),
    case("no config", no_config, "no seedstock.yaml", "seedstock init"),
    case("unknown command", lambda _: ["rum"], "did you mean 'run'"),
    case("no command", lambda folder: ["--project", folder], "Missing command"),
    case("unknown option", project("run", "--fast"), "--fast"),
    case("limit is no number", project("run", "--limit", "many"), "--limit"),
    case("limit 0", project("run", "--limit", "0"), "--limit"),
    case("missing argument", project("trace"), "ID"),
    case("unknown config key", config(TASK + "sedes: seeds.jsonl\n"), "seedstock.yaml:2:", "seeds"),
    case("unknown key in a section", project("check", plan={"targt": 3}), "plan.targt", "'target'"),
    case("bad yaml", config("task: {kind: classification\nseeds: ["), "not YAML"),
    case("empty config", config(""), "empty"),
    case("config is a list", config("- task\n"), "mapping"),
    case("no task", config("seeds: seeds.jsonl\n"), "task"),
    case("no seeds key", config(TASK), "seeds"),
    case("a figure out of range", project("check", plan={"target": 0}), "plan.target"),
    case("unknown teacher", project("check", teacher={"kind": "opnai"}), "did you mean 'openai'"),
    case(
        "teacher without model", project("check", teacher={"kind": "openai", "base_url": "http://x"}), "model"
    ),
    case("unknown recipe", project("check", plan={"recipes": {"parafrase": 1}}), "'paraphrase'"),
    case("a model's recipe for rules", project("run", plan={"recipes": {"paraphrase": 1}}), "openai"),
    case("unknown gate", project("check", gates={"duplicat": False}), "did you mean 'duplicate'"),
    case("leak turned off", project("check", gates={"leak": False}), "cannot be turned off"),
    case("leak loosened", project("check", gates={"leak": {"threshold": 0.99}}), "leak.threshold"),
    case("unknown embedder", project("check", embedder="minillm"), "did you mean 'minilm'"),
    case(
        "unknown kind of output", project("check", task={"kind": "code", "output": {"label": []}}), "labels"
    ),
    case("unknown task", project("check", task={"kind": "poetry", "output": {"text": {}}}), "task.kind"),
    case("unknown format", project("release", "--format", "message"), "did you mean 'messages'"),
    case("no format at all", project("release", "--format", ","), "messages"),
    case("bad release name", project("release", "--name", "../up"), "release name"),
    case("unknown release", project("verify", "v9"), "v9"),
    case("unknown trace id", project("trace", "nobody"), "nobody"),
    case("a trace id that is no text", project("trace", "\udcff"), "no row has the id"),
    case("waiver without a name", project("check", "--waive", "share"), "--by"),
    case(
        "unknown waiver",
        project("check", "--waive", "shares", "--by", "Ada", "--because", "x"),
        "did you mean 'share'",
    ),
    case("seeds missing", no_seeds_file, "seeds.jsonl"),
    case("seeds empty", seeds(b""), "seeds.jsonl"),
    case("seeds broken on a line", seeds(LATE_BREAK), "seeds.jsonl:61"),
    case("seeds with a duplicated id", seeds(ROWS + ROWS[: ROWS.index(b"\n") + 1]), "s0", "61"),
    case("seeds in UTF-16 without BOM", seeds(ROWS.decode().encode("utf-16-le")), "seeds.jsonl"),
    case("seeds are no rows", seeds(b"[1, 2]\n3\n"), "seeds.jsonl"),
    case("init target exists", init_exists, "exists already"),
    case("init under a file", init_under_a_file, "seeds.jsonl"),
    case("init of an unknown task", lambda folder: ["init", folder, "--task", "poem"], "unknown task"),
    case("init from nothing", lambda folder: ["init", folder, "--seeds", folder / "none.csv"], "none.csv"),
    case("demo over something else", demo_elsewhere, "not the demo"),
    case("ledger is garbage", foreign_ledger, "not a seedstock ledger"),
    case("ledger is another database", other_database, "not a seedstock ledger"),
    case("audit without seeds", audit_without_seeds, "--seeds"),
    case("audit of a missing file", audit_of_nothing, "none.jsonl"),
    case("audit over a foreign folder", audit_over_foreign_folder, "something else"),
    case("audit into a file", audit_out_is_a_file, "names a file"),
    case("audit below a file", audit_out_under_a_file, "real.jsonl"),
    case("audit of an unknown ending", audit_ending, ".docx"),
]


@pytest.mark.parametrize(("prepare", "words"), BAD_INPUT)
def test_unusable_input_ends_with_one_line_and_exit_code_2(
    prepare: Prepare, words: tuple[str, ...], tmp_path: Path
) -> None:
    arguments = prepare(tmp_path / "work")
    done = cli(*arguments)
    assert_one_line(done, 2, *words)
    assert done.out == ""


def test_nothing_is_lost_by_an_audit_that_refuses_its_folder(tmp_path: Path) -> None:
    cli(*audit_over_foreign_folder(tmp_path))
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["thesis.txt"]


def test_errors_are_the_same_in_a_real_process(tmp_path: Path) -> None:
    assert_one_line(process("--project", tmp_path / "none", "check", "--json"), 2, "no such folder")
    make_project(tmp_path / "p", n=20)
    few = process("--project", tmp_path / "p", "run", "--json")
    assert_one_line(few, 3, "20 usable seeds")
    assert few.json["refused"][0]["gate"] == "suitability.seeds"


def test_words_that_the_terminal_cannot_show_are_escaped(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    write_rows(
        folder / "seeds.jsonl", [{**row, "input": f"Ünïcödé → {row['input']}"} for row in seed_rows(60)]
    )
    done = process("--project", folder, "trace", "s1", env={"PYTHONIOENCODING": "ascii"})
    assert (done.code, done.err) == (0, "")
    assert "\\xdcn\\xefc" in done.out


# -- refusals: exit 3


def test_too_few_seeds_are_refused_and_can_be_waived(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", n=49)
    refused = cli("--project", folder, "check", "--json")
    assert refused.code == 3
    assert refused.json["verdict"] == "refused"
    assert_one_line(cli("--project", folder, "run"), 3, "--waive suitability.seeds")
    waiver = ("--waive", "suitability.seeds", "--by", "Ada", "--because", "a pilot")
    waived = cli("--project", folder, "check", "--json", *waiver)
    assert waived.code == 0, waived
    assert cli("--project", folder, "check").code == 0, "a waiver is kept"


def test_a_project_without_a_usable_seed_is_refused_and_no_waiver_helps(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", task={"kind": "classification", "output": {"labels": ["a", "b"]}})
    waiver = ("--waive", "suitability.seeds", "--by", "Ada", "--because", "pilot")
    for command in ("check", "run", "release"):
        done = cli("--project", folder, command, "--json", *waiver)
        assert done.code == 3, done
        assert "no_seeds" in done.out


def test_leak_cannot_be_waived(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    for gate in ("leak", "leak.seeds"):
        done = cli("--project", folder, "release", "--waive", gate, "--by", "Ada", "--because", "hurry")
        assert_one_line(done, 3, "leak cannot be waived")


def test_a_changed_holdout_is_refused_by_every_command(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    assert cli("--project", folder, "run").code == 0
    rows = read_rows(folder / "holdout.jsonl")
    write_rows(folder / "holdout.jsonl", rows[:-1])
    sent = len(server.seen)
    for command in ("check", "run", "release"):
        done = cli("--project", folder, command, "--json")
        assert_one_line(done, 3, "the holdout has changed")
        assert done.json["refused"][0]["code"] == "holdout_changed"
    assert len(server.seen) == sent
    write_rows(folder / "holdout.jsonl", rows)
    assert cli("--project", folder, "release").code == 0


def test_nothing_of_a_regulated_domain_is_released_unless_experts_have_seen_it(
    tmp_path: Path, server: TeacherServer
) -> None:
    output = {"labels": ["complaint", "praise", "question"]}
    task = {"kind": "classification", "output": output, "domain": {"regulated": "medical"}}
    folder = make_project(tmp_path / "p", server.url, task=task)
    for command in ("check", "run"):
        assert cli("--project", folder, command).code == 0
    done = cli("--project", folder, "release", "--json")
    assert_one_line(done, 3, "review")
    assert {gate["gate"] for gate in done.json["refused"]} == {"review"}
    assert not (folder / "releases" / "v1").exists()


# -- the teacher: exit 4


@pytest.mark.parametrize("status", ["400", "401", "403", "404"])
def test_a_teacher_that_says_no_is_quoted_and_the_key_is_not_shown(
    status: str, tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    server.fault, server.words = lambda *_: status, "no entry with sk-very-secret today"
    folder = make_project(tmp_path / "p", server.url)
    done = process("--project", folder, "run", "--json")
    assert_one_line(done, 4, status, "no entry with", "today")
    assert "sk-very-secret" not in done.err
    assert server.seen[0].headers["Authorization"] == "Bearer sk-very-secret"
    server.fault = lambda *_: None
    assert cli("--project", folder, "run", "--json").json["accepted"] == 30


def test_a_dead_endpoint_is_found_dead(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        folder = make_project(tmp_path / "p", f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        done = cli("--project", folder, "run")
    assert_one_line(done, 4, "does not answer", "run again to resume")


@pytest.mark.parametrize("url", ["localhost:1/v1", "nonsense", "ftp://127.0.0.1/v1", "http://"])
def test_an_address_that_is_none_is_bad_input(url: str, tmp_path: Path) -> None:
    assert_one_line(cli("--project", make_project(tmp_path / "p", url), "run"), 2, "teacher.base_url", url)


def test_an_address_with_an_impossible_port_is_said_in_one_line(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", "http://127.0.0.1:99999/v1")
    assert_one_line(cli("--project", folder, "run"), 4, "99999")


# -- interrupted: exit 130


def test_an_interrupted_run_keeps_what_was_answered(tmp_path: Path, server: TeacherServer) -> None:
    server.latency = 0.3
    folder = make_project(tmp_path / "p", server.url, target=90)
    with started("--project", folder, "run", "--json") as child:
        while len(server.answered()) < 8:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=240)
    assert_one_line(Outcome(child.returncode, out, err.lstrip()), 130, "interrupted")
    server.latency = 0
    done = cli("--project", folder, "run", "--json")
    assert done.json["accepted"] == 90
    assert server.repeated() == 0


# -- what --json promises


def test_every_command_prints_one_document_with_the_promised_keys(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url)
    found = {name: cli("--project", folder, name, "--json").json for name in ("check", "run", "release")}
    row = read_rows(folder / "releases" / "v1" / "provenance.jsonl")[-1]["id"]
    found["trace"] = cli("--project", folder, "trace", row, "--json").json
    seeds_file, config_file = folder / "seeds.jsonl", folder / "seedstock.yaml"
    found["audit"] = cli("audit", seeds_file, "--config", config_file, "--json").json
    for name, keys in PROMISED.items():
        assert keys <= set(found[name]), name
        for gate in found[name].get("gates", ()):
            assert set(gate) >= GATE, gate
    assert set(found["check"]["seeds"]) >= {"rows", "usable", "duplicates"}
    assert set(found["check"]["plan"]) >= {"requests", "tokens_in", "tokens_out", "cost"}
    assert set(found["run"]["requests"]) == {"sent", "answered", "retried", "failed", "hedged"}
    assert all(set(cell) >= {"cell", "target", "accepted", "state"} for cell in found["run"]["cells"])
    part = {"recipe", "cell", "target", "accepted", "candidates", "yield", "cost_per_accepted", "state"}
    assert all(set(recipe) >= part for recipe in found["run"]["recipes"])
    assert set(found["run"]["efficiency"]) >= {"questions", "needed", "ratio"}
    assert set(found["run"]["parents"]) >= {"bound", "most", "unused", "seeds"}
    assert set(found["run"]["cost"]) >= {"total", "per_accepted", "currency"}
    assert set(found["release"]["rows"]) == {"real", "synthetic"}
    assert set(found["release"]["real_share"]) == {"rows", "exposure"}
    assert cli("--project", folder, "verify", "v1", "--json").json["verdict"] == "pass"
    assert cli("schema", "--json").json["title"] == "seedstock.yaml"
    assert cli("init", tmp_path / "new", "--json").json["files"]


def test_commands_for_people_print_text(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    said = {name: cli("--project", folder, name) for name in ("check", "run", "release")}
    row = read_rows(folder / "releases" / "v1" / "provenance.jsonl")[-1]["id"]
    said |= {
        "trace": cli("--project", folder, "trace", row),
        "verify": cli("--project", folder, "verify", "v1"),
    }
    words = {
        "check": "9 to 36",
        "run": "accepted",
        "release": "not evaluated",
        "trace": "s",
        "verify": "as released",
    }
    for name, word in words.items():
        assert said[name].code == 0, said[name]
        assert word in said[name].out
        assert said[name].err == ""


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], [], ["run", "--help"], ["--version"]])
def test_help_goes_to_standard_output(arguments: list[str]) -> None:
    done = cli(*arguments)
    assert "seedstock" in done.out
    assert (done.code, done.err) == (0, "")


def test_a_project_may_be_named_by_its_config_file(tmp_path: Path, server: TeacherServer) -> None:
    path = make_project(tmp_path / "p", server.url) / "seedstock.yaml"
    for arguments in (["check"], ["run"], ["release"], ["verify", "v1"]):
        done = cli("--project", path, *arguments)
        assert done.code == 0, done


def test_seeds_with_a_bom_are_read(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p")
    (folder / "seeds.jsonl").write_bytes(b"\xef\xbb\xbf" + ROWS)
    assert cli("--project", folder, "check", "--json").json["seeds"]["usable"] == 60
