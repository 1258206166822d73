"""rethreshold(): what the duplicate gate would keep at other thresholds, of rows that were gated already.

Asks nobody and changes nothing: the rows that reached the gate go through it once more for each
threshold, with the vectors of the cache. Only the config's threshold decides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seedstock.auditing import Setting, as_synthetic, make_tools, read_setting
from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.gates.base import Batch, Tools
from seedstock.gates.duplicate import DuplicateGate, DuplicateSettings
from seedstock.gating import BATCH, Gatekeeper, batched
from seedstock.project import Project
from seedstock.seeds.readers import read_rows
from seedstock.verdict import Verdict, family

TRIED = (0.85, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 0.99)
MOST_CHANGES = 20
"""Rows shown whose fate another threshold would change."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one threshold would do: rows kept, rejected by code, and decided otherwise than now."""

    threshold: float
    kept: int
    rejected: dict[str, int]
    changes: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """One row of the table."""
        return {
            "threshold": self.threshold, "kept": self.kept, "rejected": self.rejected,
            "changes": self.changes,
        }  # fmt: skip


@dataclass(slots=True)
class Rethreshold:
    """The table; `threshold` is the one in force, `embedded` counts texts that the cache had lost."""

    threshold: float
    rows: int
    embedded: int
    outcomes: list[Outcome] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For `rethreshold --json`."""
        return {
            "threshold": self.threshold, "rows": self.rows, "embedded": self.embedded,
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
        }  # fmt: skip


def rethreshold_run(project: Project, thresholds: Sequence[float] = TRIED) -> Rethreshold:
    """For a run's candidates that reached the gate; those that the plan turned away are left out."""
    settings = project.config.gates.get("duplicate")
    if not isinstance(settings, DuplicateSettings):
        raise InputError("the gate duplicate is turned off in this project")
    candidates = project.ledger.candidates(project.run_id) if project.has_ledger else []
    rows = [c.example for c in candidates if c.example is not None and _reached(c.verdicts)]
    before = project.embedder.misses
    result = _compare(rows, settings, project.tools, thresholds)
    result.embedded = project.embedder.misses - before
    return result


def rethreshold_audit(folder: Path, thresholds: Sequence[float] = TRIED) -> Rethreshold:
    """For the rows of an audit, by the folder that `audit --out` wrote: its files are read once more."""
    report = folder / "audit.json"
    try:
        inputs = json.loads(report.read_text(encoding="utf-8"))["inputs"]
        named = {name: Path(inputs[name]) for name in ("seeds", "holdout", "ood", "config") if name in inputs}
        synthetic = [Path(path) for path in inputs["synthetic"]]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError("is no folder that `audit --out` wrote", path=folder) from problem
    setting = read_setting(*(named.get(name) for name in ("seeds", "holdout", "ood", "config")))
    try:
        return _of_audit(setting, synthetic, _rejected_elsewhere(folder), thresholds)
    finally:
        setting.embedder.close()


def _of_audit(
    setting: Setting, synthetic: Sequence[Path], others: frozenset[str], thresholds: Sequence[float]
) -> Rethreshold:
    settings = setting.gates.get("duplicate")
    if not isinstance(settings, DuplicateSettings):
        raise InputError("the gate duplicate was turned off in this audit")
    read = (row.example for path in synthetic for row in read_rows(path, strict=False, kind="synthetic"))
    first = next(batched(read, BATCH), [])
    tools = make_tools(setting, first)
    mend = Gatekeeper(setting.gates, tools).mend
    rows = [mend(as_synthetic(row)) for part in (first, read) for row in part if row.id not in others]
    result = _compare(rows, settings, tools, thresholds)
    result.embedded = setting.embedder.misses
    return result


def _rejected_elsewhere(folder: Path) -> frozenset[str]:
    """Ids of the rows that another gate rejected: they never reached this one."""
    try:
        with (folder / "rejected.jsonl").open("rb") as file:
            rejected = [json.loads(text) for text in file]
        return frozenset(row["id"] for row in rejected if family(row["gate"]) != "duplicate")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError("cannot be read", path=folder / "rejected.jsonl") from problem


def _reached(verdicts: Iterable[Verdict]) -> bool:
    said = list(verdicts)
    failed = next((verdict.gate for verdict in said if not verdict.passed), "duplicate")
    return family(failed) == "duplicate" and any(v.family == "duplicate" for v in said)


def _compare(
    rows: Sequence[Example], settings: DuplicateSettings, tools: Tools, thresholds: Sequence[float]
) -> Rethreshold:
    batches = [Batch(part, tools) for part in batched(rows, BATCH)]
    result = Rethreshold(settings.threshold, len(rows), 0)
    now = _verdicts(settings, tools, batches)
    for threshold in sorted({*thresholds, settings.threshold}):
        same = threshold == settings.threshold
        then = (
            now if same else _verdicts(settings.model_copy(update={"threshold": threshold}), tools, batches)
        )
        changes = [_change(*of) for of in zip(rows, now, then, strict=True) if of[1].passed != of[2].passed]
        rejected = Counter(verdict.code for verdict in then if not verdict.passed)
        kept = sum(verdict.passed for verdict in then)
        result.outcomes.append(Outcome(threshold, kept, dict(rejected), changes[:MOST_CHANGES]))
    return result


def _verdicts(settings: DuplicateSettings, tools: Tools, batches: Sequence[Batch]) -> list[Verdict]:
    gate = DuplicateGate(settings, tools)
    found: list[Verdict] = []
    for batch in batches:
        said = gate.check(batch)
        gate.keep(batch.take([i for i, verdict in enumerate(said) if verdict.passed]))
        found += said
    return found


def _change(row: Example, now: Verdict, then: Verdict) -> dict[str, Any]:
    """A row that another threshold would decide otherwise, and what says so."""
    return {
        "id": row.id, "input": row.input_text[:300], "kept": then.passed,
        "reason": now.reason if then.passed else then.reason,
    }  # fmt: skip
