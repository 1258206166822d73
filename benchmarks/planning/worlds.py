"""Projects over the recorded teachers, and the server that plays them back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seedstock.seeds.readers import read_examples
from seedstock.tasks.detect import detect_kind, detect_output

SHARED = Path(__file__).resolve().parents[3] / "shared"
TEACHER = SHARED / "tools" / "recorded_teacher.py"
DATA = Path(os.environ.get("SEEDSTOCK_DATA", SHARED / "data")).resolve()

INSTRUCTIONS = {
    "tweet_sentiment": "Say whether the tweet is negative, neutral or positive.",
    "clinc_intents": "Say what the user of the assistant wants.",
    "ner_movie": "Extract the entities of a question about films, word for word.",
    "gsm8k": "Solve the problem step by step.",
}
RECORDED = {
    # Rows whose source is one of the seeds: the others would be seeds that the project does not have.
    "tweet_sentiment": ("--file", "synthetic_gpt-4.jsonl", "--where", "source_in_seeds=true"),
    "ner_movie": ("--file", "synthetic_simple_prompt.jsonl"),
}


def missing() -> str:
    """What the benchmark lacks, in a line; empty where everything is there."""
    lacking = [str(path) for path in (TEACHER, DATA) if not path.exists()]
    return f"skipped: no recorded teachers, missing {', '.join(lacking)}" if lacking else ""


@contextmanager
def recorded(name: str, *options: str) -> Iterator[str]:
    """A recorded teacher's base_url, for as long as it is needed."""
    command = [sys.executable, str(TEACHER), str(DATA / name), *RECORDED.get(name, ()), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http\S+", server.stdout.readline())
        assert found is not None
        try:
            yield found[0]
        finally:
            server.kill()


def make_project(folder: Path, name: str, url: str, **sections: Any) -> Path:
    """A project over a folder of recorded data, with its holdout."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_examples(DATA / name / "seeds.jsonl")
    kind, value = detect_output(rows)
    config = {
        "task": {
            "kind": detect_kind(kind, rows), "instruction": INSTRUCTIONS[name], "output": {kind: value},
        },
        "seeds": str(DATA / name / "seeds.jsonl"), "holdout": str(DATA / name / "holdout.jsonl"),
        "teacher": {"kind": "openai", "base_url": url, "model": "recorded"}, **sections,
    }  # fmt: skip
    (folder / "seedstock.yaml").write_text(json.dumps(config, indent=1))
    return folder
