"""release and verify: files that trainers read, the same bytes every time, and any harm found."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import LABELS, Outcome, cli, make_config, make_project, read_rows, write_rows
from server import TeacherServer

FORMATS = ("messages", "prompt_completion")


@pytest.fixture(scope="module")
def server() -> Iterator[TeacherServer]:
    with TeacherServer() as made:
        yield made


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, server: TeacherServer) -> Path:
    """A project that has run; copied by `folder`, never written to."""
    folder = make_project(tmp_path_factory.mktemp("ran") / "p", server.url, target=40)
    assert cli("--project", folder, "run").code == 0
    return folder


@pytest.fixture
def folder(ran: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ran, tmp_path / "p"))


def release(folder: Path, *arguments: object) -> Any:
    done = cli("--project", folder, "release", "--json", *arguments)
    assert done.code == 0, done
    return done.json


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# -- what is written


def test_every_format_is_written_and_every_line_has_its_provenance(folder: Path) -> None:
    result = release(folder, "--name", "first", "--format", ",".join(FORMATS))
    made = Path(result["path"])
    assert made == folder / "releases" / "first"
    provenance = read_rows(made / "provenance.jsonl")
    for name in FORMATS:
        lines = (made / f"train.{name}.jsonl").read_bytes().splitlines()
        entries = [entry for entry in provenance if entry["file"] == f"train.{name}.jsonl"]
        assert len(lines) == len(entries) == 100
        assert [entry["line"] for entry in entries] == list(range(1, 101))
        for line, entry in zip(lines, entries, strict=True):
            assert hashlib.sha256(line).hexdigest() == entry["row_sha256"]
            assert json.loads(line)["id"] == entry["id"]
    assert result["rows"] == {"real": 60, "synthetic": 40}
    assert result["real_share"] == {"rows": 0.6, "exposure": 0.6}


def test_training_rows_are_chats_that_a_trainer_accepts(folder: Path) -> None:
    made = Path(release(folder, "--format", ",".join(FORMATS))["path"])
    for row in read_rows(made / "train.messages.jsonl"):
        assert [m["role"] for m in row["messages"]] == ["system", "user", "assistant"]
        assert row["messages"][0]["content"] == "Say what the customer wants."
        assert row["messages"][2]["content"] in ("complaint", "praise", "question")
        assert all(isinstance(m["content"], str) and m["content"] for m in row["messages"])
        assert json.loads(row["provenance"])["kind"] == row["origin"]
    for row in read_rows(made / "train.prompt_completion.jsonl"):
        assert [m["role"] for m in row["prompt"]] == ["system", "user"]
        assert [m["role"] for m in row["completion"]] == ["assistant"]


def test_parents_name_seeds_and_seeds_have_none(folder: Path) -> None:
    made = Path(release(folder)["path"])
    seeds = {row["id"] for row in read_rows(folder / "seeds.jsonl")}
    held = {row["input"] for row in read_rows(folder / "holdout.jsonl")}
    for entry in read_rows(made / "provenance.jsonl"):
        if entry["id"] in seeds:
            assert (entry["source"]["depth"], entry["source"]["parents"]) == (0, [])
            assert entry["source"]["kind"] == "real"
        else:
            assert set(entry["source"]["parents"]) <= seeds
            assert (entry["source"]["depth"], entry["source"]["kind"]) == (1, "synthetic")
    text = (made / "train.messages.jsonl").read_text()
    assert not [given for given in held if json.dumps(given)[1:-1] in text]


def test_the_manifest_hashes_every_file_and_input(folder: Path) -> None:
    result = release(folder)
    made = Path(result["path"])
    manifest = json.loads((made / "manifest.json").read_bytes())
    there = contents(made)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in there.items()}
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == {
        name: sha for name, sha in hashes.items() if name != "manifest.json"
    }
    assert result["files"] == hashes
    inputs = {"config": "seedstock.yaml", "seeds": "seeds.jsonl", "holdout": "holdout.jsonl"}
    for key, name in inputs.items():
        assert manifest["inputs"][key]["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    synthetic = [e for e in read_rows(made / "provenance.jsonl") if e["source"]["kind"] == "synthetic"]
    assert set(manifest["prompts"]) == {entry["source"]["prompt_sha256"] for entry in synthetic}


def test_the_card_says_first_what_was_not_done(folder: Path) -> None:
    card = (Path(release(folder)["path"]) / "README.md").read_text()
    _, head, body = card.split("---\n", 2)
    files = [entry["data_files"][0]["path"] for entry in yaml.safe_load(head)["configs"]]
    assert files == ["train.messages.jsonl"]
    first = [line for line in body.splitlines() if line][1:4]
    assert [line.split(":")[0].strip("-* ") for line in first] == [
        "not evaluated", "relevance not judged", "not reviewed",
    ]  # fmt: skip


def test_hostile_text_is_no_markup_on_page_and_card(tmp_path: Path, server: TeacherServer) -> None:
    evil = "<script>alert(1)</script> | [x](javascript:1)"
    task = {"kind": "classification", "instruction": evil, "output": {"labels": list(LABELS)}}
    folder = make_project(tmp_path / "p", server.url, task=task)
    assert cli("--project", folder, "run").code == 0
    made = Path(release(folder)["path"])
    assert "<script>alert" not in (made / "report.html").read_text()
    card = (made / "README.md").read_text()
    assert "<script>" not in card.replace("\\<", "")
    assert "\\[x\\](javascript:1)" in card
    assert "://" not in (made / "report.html").read_text().replace("http://www.w3.org", "")


# -- the same bytes


def test_the_same_ledger_and_name_give_the_same_bytes(folder: Path) -> None:
    first = Path(release(folder, "--name", "one", "--format", ",".join(FORMATS))["path"])
    before = contents(first)
    shutil.rmtree(first)
    release(folder, "--name", "one", "--format", ",".join(FORMATS))
    assert contents(first) == before


def test_a_name_never_stands_for_two_contents(folder: Path) -> None:
    first = Path(release(folder, "--name", "one")["path"])
    shutil.rmtree(first)
    done = cli("--project", folder, "release", "--name", "one", "--format", "prompt_completion", "--json")
    assert (done.code, done.lines) == (2, 1), done
    assert "other content" in done.err
    assert list((folder / "releases").iterdir()) == []
    assert release(folder)["release"] == "v1"


def test_an_existing_release_is_never_written_again(folder: Path) -> None:
    before = contents(Path(release(folder, "--name", "one")["path"]))
    done = cli("--project", folder, "release", "--name", "one")
    assert (done.code, done.lines) == (2, 1)
    assert contents(folder / "releases" / "one") == before
    assert [release(folder)["release"] for _ in range(2)] == ["v1", "v2"]


def test_a_release_needs_a_run_of_this_very_config(folder: Path, server: TeacherServer) -> None:
    make_project(folder, server.url, target=40, gates={"duplicate": {"threshold": 0.8}})
    done = cli("--project", folder, "release", "--json")
    assert done.code == 3
    assert done.json["refused"][0]["code"] == "nothing_accepted"


# -- share and waivers


def lopsided(folder: Path, server: TeacherServer) -> Path:
    """Sixty seeds and 300 accepted rows, of which the owner wants nearly all."""
    make_project(folder, server.url, target=300, mix={"min_real": 0.05, "repeat_real": 1})
    assert cli("--project", folder, "run").code == 0
    return folder


def test_too_few_real_rows_are_refused_until_somebody_answers_for_it(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = lopsided(tmp_path / "p", server)
    done = cli("--project", folder, "release", "--json")
    assert done.code == 3
    assert {gate["gate"] for gate in done.json["refused"]} == {"share.rows", "share.exposure"}
    assert not (folder / "releases").exists()
    because = "the <b>pilot</b> needs it"
    waiver = ("--waive", "share", "--by", "Ada *Byron*", "--because", because)
    result = release(folder, *waiver)
    assert result["rows"] == {"real": 60, "synthetic": 300}
    assert [(w["gate"], w["by"], w["because"]) for w in result["waivers"]] == [
        ("share", "Ada *Byron*", because)
    ]
    card = (Path(result["path"]) / "README.md").read_text()
    assert "- **share** waived by Ada \\*Byron\\* on " in card
    assert "the \\<b\\>pilot" in card
    assert cli("--project", folder, "verify", result["release"]).code == 0
    assert release(folder)["waivers"], "a waiver is kept and honoured later"


def test_a_mix_within_the_policy_leaves_rows_out_instead(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, target=300)
    assert cli("--project", folder, "run").code == 0
    result = release(folder)
    assert result["rows"] == {"real": 60, "synthetic": 240}
    assert result["left_out"] == 60
    assert result["real_share"]["rows"] == 0.2


def test_repeated_seeds_are_repeated_in_the_file_and_known_to_verify(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url, target=60, mix={"min_real": 0.7})
    assert cli("--project", folder, "run").code == 0
    result = release(folder)
    assert result["repeat_real"] == 3
    assert result["real_share"] == {"rows": 0.5, "exposure": 0.75}
    assert len(read_rows(Path(result["path"]) / "train.messages.jsonl")) == 3 * 60 + 60
    assert cli("--project", folder, "verify", "v1", "--json").json["rows"] == {"real": 60, "synthetic": 60}


# -- verify


def change_a_byte(made: Path) -> str:
    path = made / "train.messages.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    return path.name


def remove_a_line(made: Path) -> str:
    path = made / "provenance.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    return path.name


def add_a_file(made: Path) -> str:
    (made / "train.extra.jsonl").write_text("{}\n")
    return "train.extra.jsonl"


def hide_a_file(made: Path) -> str:
    (made / "below").mkdir()
    (made / "below" / "more.jsonl").write_text("{}\n")
    return "more.jsonl"


def remove_a_file(made: Path) -> str:
    (made / "README.md").unlink()
    return "README.md"


def change_the_manifest(made: Path) -> str:
    path = made / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"real": 60', b'"real": 61'))
    return path.name


def rewrite_it_all(made: Path) -> str:
    """Change a row and make provenance and manifest agree: only the ledger knows better."""
    train, provenance = made / "train.messages.jsonl", made / "provenance.jsonl"
    rows = train.read_bytes().splitlines()
    rows[0] = rows[0].replace(b"order", b"ORDER")
    train.write_bytes(b"\n".join(rows) + b"\n")
    entries = read_rows(provenance)
    entries[0]["row_sha256"] = hashlib.sha256(rows[0]).hexdigest()
    write_rows(provenance, entries)
    manifest = json.loads((made / "manifest.json").read_text())
    for path in (train, provenance):
        manifest["files"][path.name]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (made / "manifest.json").write_text(json.dumps(manifest))
    return "manifest.json"


HARM = [
    change_a_byte,
    remove_a_line,
    add_a_file,
    hide_a_file,
    remove_a_file,
    change_the_manifest,
    rewrite_it_all,
]


@pytest.mark.parametrize("harm", HARM)
def test_verify_finds_harm_and_names_the_file(harm: Callable[[Path], str], folder: Path) -> None:
    made = Path(release(folder)["path"])
    assert cli("--project", folder, "verify", "v1", "--json").json["manifest"] == "as released"
    name = harm(made)
    for given in ("v1", made):
        done = cli("--project", folder, "verify", given, "--json")
        assert (done.code, done.lines) == (3, 1), done
        assert name in done.err
        assert done.json["refused"][0]["status"] == "fail"


def verified_elsewhere(folder: Path, change: Callable[[dict[str, Any], Path], None]) -> Outcome:
    """Verify a copy of a release away from its ledger, its manifest changed by somebody who can hash."""
    made = Path(shutil.copytree(release(folder)["path"], folder.parent / "taken" / "along"))
    manifest = json.loads((made / "manifest.json").read_text())
    change(manifest, made)
    (made / "manifest.json").write_text(json.dumps(manifest))
    return cli("--project", folder.parent, "verify", made)


def test_a_release_is_verified_away_from_its_project(folder: Path) -> None:
    done = verified_elsewhere(folder, lambda manifest, made: None)
    assert done.code == 0, done
    assert "not in a ledger here" in done.out


def without_provenance(manifest: dict[str, Any], made: Path) -> None:
    (made / "provenance.jsonl").unlink()
    del manifest["files"]["provenance.jsonl"]


def other_provenance(text: str) -> Callable[[dict[str, Any], Path], None]:
    def change(manifest: dict[str, Any], made: Path) -> None:
        (made / "provenance.jsonl").write_text(text)
        manifest["files"]["provenance.jsonl"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()

    return change


def other_share(manifest: dict[str, Any], made: Path) -> None:
    manifest["real_share"]["rows"] = 0.9


def upward_name(manifest: dict[str, Any], made: Path) -> None:
    manifest["files"]["../../seeds.jsonl"] = {"sha256": "0" * 64}


@pytest.mark.parametrize(
    "change",
    [
        without_provenance, other_share, upward_name, other_provenance(""), other_provenance("{}\n"),
        other_provenance("[]\n"), other_provenance("no json\n"), other_provenance('{"file": "../x"}\n'),
        other_provenance('{"file": 3, "line": 1, "row_sha256": "", "source": {}, "id": 1}\n'),
        lambda manifest, made: manifest.clear(),
        lambda manifest, made: manifest.update(files=[]),
    ],
)  # fmt: skip
def test_a_forged_release_is_refused_in_one_line(
    change: Callable[[dict[str, Any], Path], None], folder: Path
) -> None:
    done = verified_elsewhere(folder, change)
    assert (done.code, done.lines) == (3, 1), done


def test_a_folder_that_is_no_release_is_bad_input(folder: Path) -> None:
    for given in (folder, folder / "releases", "nothing"):
        assert cli("--project", folder, "verify", given).code == 2


# -- trace


def test_a_rows_story_is_told_from_either_end(folder: Path) -> None:
    entry = read_rows(Path(release(folder)["path"]) / "provenance.jsonl")[-1]
    story = cli("--project", folder, "trace", entry["id"], "--json").json
    assert story["outcome"] == "accepted"
    assert story["source"] == entry["source"]
    assert story["teacher"]["id"] == "openai:tester-1"
    assert story["teacher"]["sampling"]["temperature"] == 0.9
    asked = {gate["gate"]: gate["figure"] for gate in story["gates"] if gate["status"] != "skipped"}
    assert {"format", "leak", "duplicate"} <= asked.keys()
    assert None not in asked.values()
    (parent,) = story["parents"]
    seed = cli("--project", folder, "trace", parent, "--json").json
    assert (seed["outcome"], seed["source"]["kind"]) == ("seed", "real")
    assert seed["children"] >= 1
    held = cli("--project", folder, "trace", "h3", "--json").json
    assert "holdout" in held["outcome"]


def test_a_row_of_an_earlier_config_is_still_traceable(folder: Path, server: TeacherServer) -> None:
    entry = read_rows(Path(release(folder)["path"]) / "provenance.jsonl")[-1]
    make_config(folder, teacher={"kind": "rules"}, plan={"target": 3})
    story = cli("--project", folder, "trace", entry["id"], "--json").json
    assert "earlier run" in story["outcome"]
