"""init: what the seeds are is read off them, and what is written can be used at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from helpers import cli, read_rows, seed_rows, write_rows
from seedstock.cli.main import exit_code
from seedstock.config import kinds_of_task, load_config

N = 60


def words(i: int) -> str:
    return seed_rows(1, first=i)[0]["input"]


def chat(i: int) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": "You sort messages for a shop."},
        {"role": "user", "content": words(i)},
        {"role": "assistant", "content": ("complaint", "praise", "question")[i % 3]},
    ]


def ticket(i: int) -> dict[str, Any]:
    return {"order": str(1000 + i), "urgent": i % 2 == 0, "items": [words(i).split()[1]]}


KINDS: dict[str, tuple[str, str, Any]] = {
    "labels": ("classification", "labels", lambda i: ("complaint", "praise", "question")[i % 3]),
    "json": ("extraction", "json_schema", ticket),
    "json as text": ("extraction", "json_schema", lambda i: json.dumps(ticket(i))),
    "numbers": ("transformation", "regex", lambda i: str(1000 + 7 * i)),
    "text": ("instruction", "text", lambda i: f"In short: {words(i + 300)}"),
}


def begun(folder: Path, *arguments: object) -> Any:
    done = cli("init", folder, "--json", *arguments)
    assert done.code == 0, done
    return done.json


def checked(folder: Path) -> Any:
    """`check` with the light embedder appended to the config: what the other gates say is of interest."""
    path = folder / "seedstock.yaml"
    path.write_text(path.read_text() + "\nembedder: lexical\n")
    done = cli("--project", folder, "check", "--json")
    assert done.code == 0, done
    return done.json


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_output_is_detected_and_its_project_passes_check(name: str, tmp_path: Path) -> None:
    kind, output, make = KINDS[name]
    rows = [{"id": f"r{i}", "input": words(i), "output": make(i)} for i in range(N)]
    result = begun(tmp_path / "p", "--seeds", write_rows(tmp_path / "mine.jsonl", rows))
    assert result["detected"]["kind"] == kind
    assert result["detected"]["output"] == output
    assert read_rows(tmp_path / "p" / "seeds.jsonl") == rows
    config = load_config(tmp_path / "p" / "seedstock.yaml")
    assert all(config.output.check(make(i)) is None for i in range(N))
    found = checked(tmp_path / "p")
    assert found["verdict"] in ("pass", "warn")
    assert found["seeds"] == {"rows": N, "usable": N, "duplicates": 0}


COLUMNS: dict[str, tuple[Any, str | None]] = {
    "openai": (lambda i: {"messages": chat(i)}, None),
    "prompt and completion": (lambda i: {"prompt": words(i), "completion": str(i % 3)}, "prompt"),
    "chat prompt and completion": (lambda i: {"prompt": chat(i)[:2], "completion": chat(i)[2:]}, "prompt"),
    "alpaca": (
        lambda i: {"instruction": "Sort this message.", "input": words(i), "output": chat(i)[2]["content"]},
        None,
    ),
    "sharegpt": (
        lambda i: {
            "conversations": [
                {"from": "human", "value": words(i)}, {"from": "gpt", "value": chat(i)[2]["content"]},
            ]
        },
        "conversations",
    ),
    "text and label": (lambda i: {"text": words(i), "label": chat(i)[2]["content"]}, "text"),
    "question and answer": (lambda i: {"question": words(i), "answer": str(i * 3)}, "question"),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_the_usual_columns_are_found(name: str, tmp_path: Path) -> None:
    make, _ = COLUMNS[name]
    rows = [make(i) for i in range(N)]
    begun(tmp_path / "p", "--seeds", write_rows(tmp_path / "mine.jsonl", rows))
    found = checked(tmp_path / "p")
    assert found["seeds"]["usable"] == N, found


def test_a_system_prompt_that_all_rows_share_becomes_the_instruction(tmp_path: Path) -> None:
    rows = [{"messages": chat(i)} for i in range(N)]
    begun(tmp_path / "p", "--seeds", write_rows(tmp_path / "mine.jsonl", rows))
    assert load_config(tmp_path / "p" / "seedstock.yaml").task.instruction == "You sort messages for a shop."


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_seeds_of_other_formats_are_copied_and_read(ending: str, tmp_path: Path) -> None:
    rows = [{"text": words(i), "label": chat(i)[2]["content"]} for i in range(N)]
    path = tmp_path / f"my.data.{ending}"
    if ending == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif ending == "json":
        path.write_text(json.dumps(rows))
    else:
        lines = ["text,label", *(f'"{row["text"]}",{row["label"]}' for row in rows)]
        path.write_text("\n".join(lines))
    begun(tmp_path / "p", "--seeds", path)
    assert checked(tmp_path / "p")["seeds"]["usable"] == N


def test_holdout_and_ood_come_along(tmp_path: Path) -> None:
    files = {
        "seeds": write_rows(tmp_path / "a.jsonl", seed_rows(N)),
        "holdout": write_rows(tmp_path / "b.jsonl", seed_rows(20, 500)),
        "ood": write_rows(tmp_path / "c.jsonl", seed_rows(10, 900)),
    }
    arguments = [word for name, path in files.items() for word in (f"--{name}", path)]
    result = begun(tmp_path / "p", *arguments)
    assert sorted(result["files"]) == [
            "holdout.jsonl", "ood.jsonl", "rubric.yaml", "seeds.jsonl", "seedstock.yaml",
        ]  # fmt: skip
    config = load_config(tmp_path / "p" / "seedstock.yaml")
    assert config.holdout is not None
    assert config.ood is not None
    assert "20 holdout rows" in checked(tmp_path / "p")["holdout"]


@pytest.mark.parametrize("task", [None, *kinds_of_task()])
def test_a_project_without_seeds_has_a_starter_that_loads(task: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    result = begun(folder, *(["--task", task] if task else []))
    assert result["detected"] == {}
    config = load_config(folder / "seedstock.yaml")
    assert config.task.kind == (task or "classification")
    (sample,) = read_rows(folder / "seeds.example.jsonl")
    assert config.output.check(sample["output"]) is None
    done = cli("--project", folder, "check")
    assert (done.code, done.lines) == (2, 1)
    assert "seeds.jsonl" in done.err


def test_the_config_is_commented_and_names_what_can_be_changed(tmp_path: Path) -> None:
    begun(tmp_path / "p")
    text = (tmp_path / "p" / "seedstock.yaml").read_text()
    assert text.count("#") > 8
    for word in ("task:", "seeds:", "teacher:", "plan:", "gates:", "api_key_env"):
        assert word in text


def test_hostile_words_in_seeds_are_values_in_the_config(tmp_path: Path) -> None:
    evil = 'x"}\nteacher: {kind: openai} # {{ 7 * 7 }} \u2028'
    labels = [evil, "no", "null", "3"]
    rows = [{"id": str(i), "input": words(i), "output": labels[i % 4]} for i in range(N)]
    begun(tmp_path / "p", "--seeds", write_rows(tmp_path / "mine.jsonl", rows))
    config = load_config(tmp_path / "p" / "seedstock.yaml")
    assert config.teacher_kind == "rules"
    assert all(config.output.check(label) is None for label in labels)


def test_a_failed_init_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("no json\n")
    good = write_rows(tmp_path / "good.jsonl", seed_rows(N))
    for arguments in (
        ["--seeds", tmp_path / "bad.jsonl"],
        ["--seeds", good, "--ood", tmp_path / "bad.jsonl"],
    ):
        done = cli("init", tmp_path / "p", *arguments)
        assert (done.code, done.lines) == (2, 1)
    begun(tmp_path / "p", "--seeds", good)


def test_an_empty_folder_may_be_used_and_the_projects_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "all" / "p").mkdir(parents=True)
    done = cli("--project", tmp_path / "all", "init", "p")
    assert done.code == 0, done
    assert (tmp_path / "all" / "p" / "seedstock.yaml").exists()
    assert "next:" in done.out


def test_columns_that_nobody_could_guess_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = tmp_path / "odd.csv"
    rows = [
        f"{'where' if i % 2 else 'how much'} is it {i},{'place' if i % 2 else 'price'}\n" for i in range(60)
    ]
    seeds.write_text("message,intent\n" + "".join(rows))
    folder = tmp_path / "task"
    assert exit_code(["init", str(folder), "--seeds", str(seeds)]) == 2
    assert "--input" in capsys.readouterr().err
    named = ["--input", "message", "--output", "intent"]
    assert exit_code(["init", str(folder), "--seeds", str(seeds), "--holdout", str(seeds), *named]) == 0
    config = load_config(folder / "seedstock.yaml")
    assert config.holdout is not None
    assert (config.seeds.input, config.holdout.output) == ("message", "intent")
