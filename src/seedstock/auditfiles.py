"""What an audit found, and the folder it leaves: rows by their fate, a summary, a page."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.gating import Decision
from seedstock.jsonl import line, pretty, put_in_place
from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Doubted, Page, render
from seedstock.seeds.readers import Row
from seedstock.suspecting.ranking import Suspect
from seedstock.tally import SHOWN_CHARS, Tally
from seedstock.verdict import Verdict

SHOWN = 10
"""Suspects on the page."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A suspect, the line of its file, and what the row says."""

    line: int
    suspect: Suspect
    example: Example


@dataclass(slots=True)
class AuditResult:
    """What an audit found; `verdict` is `pass`, `warn` or `refused`. `teachers` made the rows."""

    tally: Tally = field(default_factory=Tally)
    gates: list[Verdict] = field(default_factory=list)
    verdict: str = "pass"
    out: str | None = None
    notes: list[str] = field(default_factory=list)
    teachers: Counter[str] = field(default_factory=Counter)
    suspects: list[Doubt] | None = None
    """Kept rows that deserve a look; None where outputs of this kind hold nothing to doubt."""
    conflicts: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `audit --json`."""
        tally = self.tally
        return {
            "rows": tally.rows, "kept": tally.kept, "rejected": dict(tally.rejected),
            "repaired": tally.repaired, "repairs": dict(tally.repairs),
            "reasons": {f"{gate}: {code}": n for (gate, code), n in tally.reasons.items()},
            "gates": [v.to_json() for v in self.gates], "verdict": self.verdict, "out": self.out,
            "suspects": None if self.suspects is None else len(self.suspects), "notes": self.notes,
            "conflicts": dict(self.conflicts), "inputs": self.inputs,
        }  # fmt: skip


class Sink:
    """The files of an audit, written beside their final place as rows come in; nothing without a folder."""

    def __init__(self, out: Path | None) -> None:
        self._out = None if out is None else out.resolve()  # `.` and links have no place beside them
        self._made: Path | None = None
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> Sink:
        if self._out is not None:
            self._made = self._out.with_name(f".{self._out.name}.partial")
            shutil.rmtree(self._made, ignore_errors=True)
            self._made.mkdir(parents=True)
            names = ("kept", "rejected", "conflicts")
            self._files = {name: (self._made / f"{name}.jsonl").open("wb") for name in names}
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)

    def write(self, row: Row, decision: Decision) -> None:
        """One row: as it was read, but for its repairs; or as it was read, with what rejected it."""
        if not self._files:
            return
        own = {**row.raw, "id": row.raw.get("id") or row.example.id}
        failed, repairs = decision.failed, decision.example.source.repairs
        for verdict in decision.conflicts:
            self._files["conflicts"].write(line(_conflict(decision, verdict)))
        if failed is None:
            self._files["kept"].write(
                line({**row.rewritten(decision.example), "id": own["id"]} if repairs else own)
            )
            return
        rejected = {
            "row": row.line, "id": row.example.id, "gate": failed.gate, "code": failed.code,
            "reason": failed.reason, "figure": failed.figure, "threshold": failed.threshold,
            "evidence": failed.evidence, **({"repairs": list(repairs)} if repairs else {}), "example": own,
        }  # fmt: skip
        self._files["rejected"].write(line(rejected))

    def finish(self, result: AuditResult, name: str) -> None:
        """Write the summary and the page, and put the folder in its place."""
        if self._made is None or self._out is None:
            return
        for file in self._files.values():
            file.close()
        (self._made / "suspects.jsonl").write_bytes(b"".join(_lines(result.suspects or [], self._made)))
        (self._made / "audit.json").write_bytes(pretty(result.to_json()))
        (self._made / "report.html").write_text(render(audit_page(result, name)), encoding="utf-8")
        put_in_place(self._made, self._out)


def _lines(doubts: Sequence[Doubt], folder: Path) -> Iterator[bytes]:
    """The lines of suspects.jsonl; the rows as they were read stand in kept.jsonl, in the same folder."""
    wanted = {doubt.suspect.place for doubt in doubts}
    with (folder / "kept.jsonl").open("rb") as file:
        own = {place: json.loads(kept) for place, kept in enumerate(file) if place in wanted}
    for doubt in doubts:
        found = doubt.suspect
        yield line({"row": doubt.line, **found.to_json(), "example": own[found.place]})


def _conflict(decision: Decision, verdict: Verdict) -> dict[str, Any]:
    """Two rows that say the same and answer differently: of a label, one of the two is wrong."""
    neighbour, example = verdict.evidence["neighbour"], decision.example
    figures: dict[str, Any] = {
        key: verdict.evidence[key] for key in ("cosine", "overlap") if key in verdict.evidence
    }
    return {
        "id": example.id, "input": example.input_text, "output": example.output_text,
        "other": neighbour, "other_input": verdict.evidence["other_input"],
        "other_output": verdict.evidence["other_output"], "code": verdict.code,
        "kept": decision.failed is None, **figures,
    }  # fmt: skip


def audit_page(result: AuditResult, name: str) -> Page:
    """The audit as a page."""
    tally = result.tally
    repairs = ", ".join(f"{name} {n}" for name, n in tally.repairs.most_common())
    steps = [Step("read", tally.rows, name), *tally.steps(), Step("kept", tally.kept)]
    notes = [*result.notes, f"{tally.repaired} rows repaired ({repairs})"] if repairs else result.notes
    return Page(
        title=f"Audit of {name}", verdict=result.verdict, steps=steps, gates=result.gates,
        rejected=tally.examples, notes=notes, waivers=[],
        doubted=[
            Doubted(doubt.suspect.id, doubt.suspect.why, doubt.example.input_text[:SHOWN_CHARS],
                    doubt.example.output_text[:SHOWN_CHARS])
            for doubt in (result.suspects or [])[:SHOWN]
        ],
    )  # fmt: skip


def refuse_foreign(out: Path) -> None:
    """`--out` is replaced whole: only an earlier audit, or nothing, may stand there."""
    if out.exists() and not out.is_dir():
        raise InputError("--out names a file; name a folder", path=out)
    if out.is_dir() and any(out.iterdir()) and not (out / "audit.json").exists():
        raise InputError(
            "--out would replace this folder, and it holds something else than an audit", path=out
        )
