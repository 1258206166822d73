"""init(): a project folder out of seeds, or an empty one with an example of what to put there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from seedstock.config import FILE_NAME, kinds_of_task
from seedstock.errors import InputError, near_miss
from seedstock.example import Example
from seedstock.jsonl import line, pretty
from seedstock.rubric import RUBRIC_FILE
from seedstock.seeds.fields import Fields
from seedstock.seeds.readers import find_fields, read_examples
from seedstock.starters import starter_rubric
from seedstock.tasks.detect import detect_kind, detect_output

SCHEMA_FILE = "output.schema.json"
SAMPLE_FILE = "seeds.example.jsonl"

_SAMPLES: dict[str, Any] = {
    "classification": ("labels", ["complaint", "question"], "Where is my parcel?", "question"),
    "extraction": (
        "json_schema", {"type": "object", "properties": {"part": {"type": "string"}}, "required": ["part"]},
        "The seal of pump 4 is leaking.", {"part": "seal"},
    ),
    "sql": ("sql", {"dialect": "sqlite"}, "How many pumps are there?", "SELECT count(*) FROM pump"),
    "code": ("python", {}, "Add two numbers.", "def add(a, b):\n    return a + b"),
    "reasoning": ("regex", r"-?\d+", "Two boxes hold 3 jars each. How many jars?", "6"),
}  # fmt: skip
_OTHER = ("text", {"max_words": 120}, "Make this shorter: it is very cold today.", "It is cold today.")


@dataclass(slots=True)
class Started:
    """A new project: its files, and what was detected in the seeds."""

    path: str
    files: list[str] = field(default_factory=list)
    detected: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For `init --json`."""
        return {"path": self.path, "files": self.files, "detected": self.detected}


def init(
    folder: Path, *, task: str | None = None, seeds: Path | None = None, holdout: Path | None = None,
    ood: Path | None = None, fields: Fields | None = None,
) -> Started:  # fmt: skip
    """Make `folder` with a commented seedstock.yaml. InputError where something stands there already.

    `fields` names columns that detection would not find; it holds for seeds, holdout and OOD rows.
    """
    if task is not None and task not in kinds_of_task():
        raise InputError(f"unknown task {task!r}; {near_miss(task, kinds_of_task())}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("exists already; init makes a new folder", path=folder)
    rows = read_examples(seeds, fields) if seeds is not None else []
    for extra in (holdout, ood):
        if extra is not None:
            read_examples(extra, fields)
    started = Started(str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    if seeds is None:
        values = _empty(folder, task or "classification", started)
    else:
        values = _from_seeds(folder, seeds, find_fields(seeds, fields), rows, task, started)
    for name, path in (("holdout", holdout), ("ood", ood)):
        if path is not None:
            values[name] = {"path": _bring(path, folder, name, started), **_named(find_fields(path, fields))}
    (folder / FILE_NAME).write_text(_template().render(**values), encoding="utf-8")
    (folder / RUBRIC_FILE).write_text(starter_rubric(values["kind"]), encoding="utf-8")
    started.files = [FILE_NAME, *started.files, RUBRIC_FILE]
    return started


def _from_seeds(
    folder: Path, path: Path, fields: Fields, rows: Sequence[Example], task: str | None, started: Started
) -> dict[str, Any]:
    name, value = detect_output(rows)
    kind = task or detect_kind(name, rows)
    started.detected = {"rows": len(rows), "kind": kind, "output": name, "fields": fields.describe()}
    if name == "labels":
        started.detected["labels"] = value
    data = {"path": _bring(path, folder, "seeds", started), **_named(fields)}
    return _values(folder, kind, name, value, data, _instruction(rows), started)


def _empty(folder: Path, task: str, started: Started) -> dict[str, Any]:
    name, value, given, output = _SAMPLES.get(task, _OTHER)
    (folder / SAMPLE_FILE).write_bytes(line({"id": "1", "input": given, "output": output}))
    started.files.append(SAMPLE_FILE)
    return _values(folder, task, name, value, {"path": "seeds.jsonl"}, "", started)


def _values(
    folder: Path, kind: str, name: str, value: Any, seeds: dict[str, Any], instruction: str, started: Started
) -> dict[str, Any]:
    """What the template shows; a JSON Schema goes into a file of its own."""
    if name == "json_schema":
        (folder / SCHEMA_FILE).write_bytes(pretty(value))
        started.files.append(SCHEMA_FILE)
        value = SCHEMA_FILE
    return {
        "kind": kind, "kinds": kinds_of_task(), "instruction": instruction, "output": {name: value},
        "seeds": seeds, "holdout": None, "ood": None,
    }  # fmt: skip


def _bring(path: Path, folder: Path, name: str, started: Started) -> str:
    """Copy a file into the project; a dataset folder stays where it is."""
    if path.is_dir():
        return os.path.relpath(path, folder)
    suffixes = path.name[path.name.index(".") :] if "." in path.name else ""
    shutil.copyfile(path, folder / f"{name}{suffixes}")
    started.files.append(f"{name}{suffixes}")
    return f"{name}{suffixes}"


def _named(fields: Fields) -> dict[str, str]:
    """The fields worth writing down: those that a reader of the config would not guess."""
    named = {key: getattr(fields, key) for key in ("input", "output", "messages", "instruction", "system")}
    return {key: column for key, column in named.items() if column and column != key}


def _instruction(rows: Sequence[Example]) -> str:
    """The system prompt that all rows share."""
    prompts = {
        m.content for row in rows if not isinstance(row.input, str) for m in row.input if m.role == "system"
    }
    return prompts.pop() if len(prompts) == 1 else ""


@cache
def _template() -> Any:
    import jinja2

    # YAML is not HTML: every value is written as JSON, which is YAML, and nothing else goes in.
    folder = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=False, keep_trailing_newline=True
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.get_template("starter.yaml")
