"""`seedstock run` as its users start it: how much CPU until the first request, and for a recorded run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from throughput.processes import ServerProcess
from throughput.texts import INSTRUCTION, LABELS, seed_rows

COMMAND = (sys.executable, "-c", "from seedstock.cli.main import main; main()")
"""What the installed script does."""

SEEDS, HOLDOUT = 150, 100


def make_project(folder: Path, url: str, embedder: str, target: int) -> Path:
    """A project of a label task with 150 seeds and 100 holdout rows that asks the server at `url`.

    Without the gate `facts`: the server's words are chance, and keep none.
    """
    config: dict[str, Any] = {
        "task": {"kind": "classification", "instruction": INSTRUCTION, "output": {"labels": list(LABELS)}},
        "seeds": "seeds.jsonl", "holdout": "holdout.jsonl", "embedder": embedder,
        "plan": {"target": target, "recipes": {"paraphrase": 1}}, "gates": {"facts": False},
        "teacher": {"kind": "openai", "base_url": url, "model": "bench-1"},
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "seedstock.yaml").write_text(json.dumps(config, indent=1), encoding="utf-8")
    for name, rows in (("seeds", seed_rows(SEEDS)), ("holdout", seed_rows(HOLDOUT, first=50_000))):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def run_command(project: Path, server: ServerProcess, core: int | None) -> dict[str, Any]:
    """`seedstock run --json` to its end: CPU and wall seconds, its own report, what the server saw."""
    server.get("/forget")
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        command = [*COMMAND, "--project", str(project), "run", "--json"]
        process = subprocess.Popen(command, stdout=out)
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        server.get(f"/watch/{process.pid}")
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        if process.returncode != 0:
            raise SystemExit(f"seedstock run ended with {process.returncode}\n{out.read()}")
        report = json.load(out)
    stats = server.get("/stats")
    first = stats["first_request"]
    return {
        "cpu_s": used.ru_utime + used.ru_stime, "wall_s": time.monotonic() - start,
        "accepted": report["accepted"], "candidates": report["candidates"], "requests": stats["requests"],
        "first_cpu_s": first and first["client_cpu_s"], "first_wall_s": first and first["at"] - start,
    }  # fmt: skip


def measure(
    server: ServerProcess, embedder: str, rows: int, rounds: int, core: int | None
) -> dict[str, list[dict[str, Any]]]:
    """Cold runs of `rows` rows and, after each, the same run again with every answer recorded.

    Every round starts from a fresh project. Python's own files and MiniLM's are in the system's file
    cache after the first.
    """
    found: dict[str, list[dict[str, Any]]] = {"cold": [], "recorded": []}
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(rounds):
            project = make_project(Path(scratch) / str(turn), server.url, embedder, rows)
            found["cold"].append(run_command(project, server, core))
            found["recorded"].append(run_command(project, server, core))
            shutil.rmtree(project)
    return found
