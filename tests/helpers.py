"""Projects, rows and commands for the end-to-end tests."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedstock.cli.main import exit_code

LABELS = ("complaint", "praise", "question")
NOUNS = (
    "parcel invoice refund courier voucher receipt account password bicycle toaster mattress curtain"
    " printer camera helmet blender heater keyboard suitcase projector lamp carpet guitar telescope"
).split()
TURNS = (
    "arrived broken at the back door", "was never sent by the warehouse", "works better than the old one",
    "cannot be opened without a tool", "smells of burnt plastic every evening", "makes my mornings easier",
    "costs twice what the shop window said", "came three weeks too early", "fits under the kitchen table",
    "needs a manual in Portuguese", "lost its left wheel on the stairs", "was praised by my grandmother",
    "shows an error nobody can explain", "should be collected before Sunday", "glows in the dark",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> int:
        """Lines on standard error, but for those of a slow machine: `n of m rows, k requests sent; …`."""
        return len(re.findall(r"^(?!\d+ of \d+ rows, \d+ requests sent; ).*\n", self.err, re.MULTILINE))

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON document."""
        return json.loads(self.out)


def cli(*arguments: object) -> Outcome:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = exit_code([str(a) for a in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


COMMAND = (sys.executable, "-c", "from seedstock.cli.main import main; main()")


def started(*arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(env or {})},
    )  # fmt: skip


def process(*arguments: object, env: dict[str, str] | None = None) -> Outcome:
    """Run a command as a process of its own, to its end."""
    with started(*arguments, env=env) as child:
        out, err = child.communicate(timeout=240)
    return Outcome(child.returncode, out, err)


def seed_rows(n: int, first: int = 0) -> list[dict[str, Any]]:
    """`n` rows of a label task: distinct texts, labels in turn."""
    rows = []
    for i in range(first, first + n):
        noun, turn = NOUNS[i % len(NOUNS)], TURNS[(i * 7 + i // len(NOUNS)) % len(TURNS)]
        extra = random.Random(i).sample(NOUNS, 4)
        text = f"The {noun} from order {1000 + i} {turn}, {' and '.join(extra)} too"
        rows.append({"id": f"s{i}", "input": text, "output": LABELS[i % 3]})
    return rows


def write_rows(path: Path, rows: Sequence[Any]) -> Path:
    """Rows as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    """JSON Lines as rows."""
    return [json.loads(text) for text in path.read_bytes().split(b"\n") if text]


def make_config(folder: Path, **sections: Any) -> Path:
    """A config of the label task with the light embedder; `sections` replace or add, None removes."""
    config: dict[str, Any] = {
        "task": {
            "kind": "classification", "instruction": "Say what the customer wants.",
            "output": {"labels": list(LABELS)},
        },
        "seeds": "seeds.jsonl", "teacher": {"kind": "rules"}, "embedder": "lexical",
    }  # fmt: skip
    # Nothing can verify a label: tests that are about something else do not want to be refused for that.
    if "judge" not in sections:
        config["gates"] = {"relevance": False, **(sections.pop("gates", None) or {})}
    config = {key: value for key, value in {**config, **sections}.items() if value is not None}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "seedstock.yaml"
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path


def make_project(
    folder: Path, url: str | None = None, *, n: int = 60, holdout: int = 20, target: int = 30,
    teacher: dict[str, Any] | None = None, **sections: Any,
) -> Path:  # fmt: skip
    """A project with `n` seeds and `holdout` other real rows, asking the server at `url`."""
    write_rows(folder / "seeds.jsonl", seed_rows(n))
    if holdout:
        rows = [{**row, "id": f"h{i}"} for i, row in enumerate(seed_rows(holdout, first=5000))]
        write_rows(folder / "holdout.jsonl", rows)
    if url is not None:
        asked = {"kind": "openai", "base_url": url, "model": "tester-1", "concurrency": 8}
        teacher = {**asked, **(teacher or {})}
    if teacher is not None:
        sections = {"teacher": teacher, **sections}
    # One recipe unless a test wants others, so that what a server is asked can be told in a line.
    only = {} if (teacher or {}).get("kind", "rules") == "rules" else {"recipes": {"paraphrase": 1}}
    make_config(folder, **{**sections, "plan": {"target": target, **only, **sections.get("plan", {})}})
    return folder


def candidates(folder: Path) -> list[tuple[str, bool]]:
    """Id and fate of every candidate of the project's run, in gating order."""
    from seedstock import Project

    with Project(folder) as project:
        return [(c.id, c.accepted) for c in project.ledger.candidates(project.run_id)]


def accepted(folder: Path) -> list[Any]:
    """The accepted examples of the project's run, in gating order."""
    from seedstock import Project

    with Project(folder) as project:
        rows = project.ledger.candidates(project.run_id, accepted=True)
        return [row.example for row in rows]
