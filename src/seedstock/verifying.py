"""verify(): is a release still what was written? Hashes, provenance lines, shares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedstock.errors import InputError, Refused, near_miss
from seedstock.jsonl import file_digest, sha256
from seedstock.ledger import Ledger
from seedstock.verdict import Verdict


@dataclass(slots=True)
class VerifyResult:
    """A release that is whole: its files, its rows, and whether the ledger vouches for its manifest."""

    release: str
    path: str
    files: int
    rows: dict[str, int] = field(default_factory=dict)
    manifest: str = "not in a ledger here: its own hash cannot be checked"

    def to_json(self) -> dict[str, Any]:
        """For `verify --json`."""
        return {
            "release": self.release, "path": self.path, "verdict": "pass", "files": self.files,
            "rows": self.rows, "manifest": self.manifest,
        }  # fmt: skip


def verify(folder: Path, recorded: str | None = None) -> VerifyResult:
    """Re-check a release folder; `recorded` is the manifest's hash as the ledger has it.

    Raises InputError where it is no release, Refused naming the file where something was changed.
    """
    manifest_path = folder / "manifest.json"
    if not manifest_path.is_file():
        raise InputError("no release: it has no manifest.json", path=folder)
    if recorded is not None and file_digest(manifest_path) != recorded:
        raise _harm("manifest.json", "is not the one that was released")
    try:
        manifest = json.loads(manifest_path.read_bytes())
        files: dict[str, str] = {name: entry["sha256"] for name, entry in manifest["files"].items()}
        share = float(manifest["real_share"]["rows"])
        counts: dict[str, dict[str, int]] = manifest.get("rows_in", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise _harm("manifest.json", f"cannot be read: {problem}") from problem
    _check_files(folder, files)
    with ExitStack() as stack:
        try:
            rows = _check_rows(folder, share, counts, stack)
        except (ValueError, KeyError, TypeError, OSError, StopIteration) as problem:
            raise _harm("provenance.jsonl", f"cannot be read: {problem!r}") from problem
    result = VerifyResult(folder.name, str(folder), len(files) + 1, rows)
    if recorded is not None:
        result.manifest = "as released"
    return result


def find_release(project: Path, given: str) -> tuple[Path, str | None]:
    """The folder of a release given by name or path, and its manifest's hash where a ledger has it."""
    project = project.parent if project.is_file() else project
    named = project / "releases" / given
    folder = named if "/" not in given and named.is_dir() else Path(given)
    if not folder.is_dir():
        there = [path.name for path in (project / "releases").glob("[!.]*")]
        hint = near_miss(given, there) if there else "there are none in this project"
        raise InputError(f"no release {given!r}; {hint}")
    ledger = folder.resolve().parent.parent / ".seedstock" / "ledger.db"
    if not ledger.exists():
        return folder, None
    with Ledger(ledger) as opened:
        return folder, opened.releases().get(folder.resolve().name)


def _check_files(folder: Path, files: dict[str, str]) -> None:
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    for name, digest in files.items():
        if name not in there:
            raise _harm(name, "is missing")
        if file_digest(folder / name) != digest:
            raise _harm(name, "has changed")
    for name in sorted(there - set(files) - {"manifest.json"}):
        raise _harm(name, "was added")


def _check_rows(
    folder: Path, share: float, counts: Mapping[str, Mapping[str, int]], stack: ExitStack
) -> dict[str, int]:
    """Each provenance line against the line it is about; rows by origin against the manifest.

    A file that holds some of the rows only has its own counts there; the others have the whole's share.
    """
    lines: dict[str, Iterator[bytes]] = {}
    real: dict[str, set[str]] = {}
    synthetic: dict[str, int] = {}
    for raw in stack.enter_context((folder / "provenance.jsonl").open("rb")):
        entry = json.loads(raw)
        name = entry["file"]
        if name not in lines:
            lines[name] = stack.enter_context((folder / name).open("rb"))
        row = next(lines[name], b"").rstrip(b"\n")
        if sha256(row) != entry["row_sha256"]:
            raise _harm(name, f"line {entry['line']} is not the row that provenance.jsonl describes")
        if entry["source"]["kind"] == "real":
            real.setdefault(name, set()).add(entry["id"])
        else:
            synthetic[name] = synthetic.get(name, 0) + 1
    for name, rest in lines.items():
        if next(rest, None) is not None:
            raise _harm(name, "has rows without provenance")
        n, m = len(real.get(name, ())), synthetic.get(name, 0)
        if name in counts:
            if counts[name] != {"real": n, "synthetic": m}:
                raise _harm(name, f"{n} real and {m} synthetic rows, the manifest says {dict(counts[name])}")
            continue
        if abs(n / (n + m) - share) > 1e-5:
            raise _harm(name, f"{n / (n + m):.1%} of its rows are real, the manifest says {share:.1%}")
    name = next((name for name in lines if name not in counts), next(iter(lines)))
    return {"real": len(real.get(name, ())), "synthetic": synthetic.get(name, 0)}


def _harm(name: str, what: str) -> Refused:
    reason = f"{name} {what}"
    return Refused(f"verify failed: {reason}", [Verdict("verify", "fail", "changed", reason)])
