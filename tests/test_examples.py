"""The examples run as they stand, and say what they did."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "by_hand.py"


def test_by_hand_walks_the_whole_way(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(tmp_path / "demo")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    said = dict(re.findall(r"^(\w+) +(.*)$", done.stdout, re.MULTILINE))
    accepted = re.match(r"(\d+) of (\d+) candidates accepted", said["run"])
    assert accepted is not None
    kept = int(accepted[1])
    assert kept > 0
    assert said["again"] == f"0 requests sent, {kept} accepted"
    assert said["release"] == f"v1: 174 real and {kept} synthetic rows"
    assert "README.md has changed (exit code 3)" in done.stdout
    # Every seed in the file is a duplicate of itself, and no accepted row is one of another.
    assert said["audit"] == f"{kept} of {174 + kept} rows kept"
    assert (tmp_path / "demo" / "audit" / "rejected.jsonl").read_bytes().count(b"\n") == 174


def test_by_hand_stays_short_and_public() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 100
    used = {line.split()[1] for line in lines if line.startswith("from seedstock")}
    assert used == {"seedstock", "seedstock.demo"}
