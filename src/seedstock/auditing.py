"""audit(): the gates over a file somebody else made. No project needed; kept + rejected = rows read."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel

from seedstock.brief import Term
from seedstock.config import default_embedder, default_gates, load_config
from seedstock.embedders.cache import VectorCache, default_cache_dir
from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.gates.base import Mixture, Tools
from seedstock.gating import BATCH, Decision, Gatekeeper, batched
from seedstock.jsonl import line, pretty, put_in_place
from seedstock.outline import terms_of
from seedstock.project import STATE, make_embedder, read_data
from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Page, render
from seedstock.sections import DataSection
from seedstock.seedbed import Seedbed, sow
from seedstock.seeds.readers import Row, read_rows
from seedstock.tally import Tally
from seedstock.tasks.base import Output
from seedstock.tasks.detect import detect_output, make_output
from seedstock.text import find_template
from seedstock.verdict import Verdict

Progress = Callable[[int], None]
"""Called with the number of rows gated so far."""


@dataclass(slots=True)
class AuditResult:
    """What an audit found; `verdict` is `pass`, `warn` or `refused`."""

    tally: Tally = field(default_factory=Tally)
    gates: list[Verdict] = field(default_factory=list)
    verdict: str = "pass"
    out: str | None = None
    notes: list[str] = field(default_factory=list)
    conflicts: Counter[str] = field(default_factory=Counter)
    inputs: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `audit --json`. Nothing is repaired in this version."""
        tally = self.tally
        return {
            "rows": tally.rows, "kept": tally.kept, "rejected": dict(tally.rejected), "repaired": 0,
            "reasons": {f"{gate}: {code}": n for (gate, code), n in tally.reasons.items()},
            "gates": [v.to_json() for v in self.gates], "verdict": self.verdict, "out": self.out,
            "notes": self.notes, "conflicts": dict(self.conflicts), "inputs": self.inputs,
        }  # fmt: skip


@dataclass(slots=True)
class Setting:
    """What the rows are held against."""

    output: Output
    gates: Mapping[str, BaseModel | None]
    embedder: VectorCache
    seeds: Seedbed
    holdout: list[Example]
    ood: list[Example]
    terms: tuple[Term, ...]
    notes: list[str]


def audit(
    synthetic: Sequence[Path],
    *,
    seeds: Path | None = None,
    holdout: Path | None = None,
    ood: Path | None = None,
    config: Path | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Gate the rows of `synthetic` files. `config` gives task, gates and seeds; `seeds` overrides.

    With `out`: kept.jsonl, rejected.jsonl, conflicts.jsonl, audit.json and report.html in that folder,
    replaced whole. Memory: the vectors of kept rows, 1.5 kB each, and what it takes to compare them.
    """
    if seeds is None and config is None:
        raise InputError("an audit needs real rows to compare with: --seeds FILE, or --config seedstock.yaml")
    for path in synthetic:
        if not path.exists():
            raise InputError("no such file", path=path)
    if out is not None:
        _refuse_foreign(out)
    setting = read_setting(seeds, holdout, ood, config)
    with ExitStack() as stack:
        stack.callback(setting.embedder.close)
        rows = (row for path in synthetic for row in read_rows(path, strict=False, kind="synthetic"))
        first = next(batched(rows, BATCH), [])
        tools = make_tools(setting, [row.example for row in first])
        sink = stack.enter_context(_Sink(out))
        result = _gate(
            chain(first, rows), Gatekeeper(setting.gates, tools), len(setting.seeds.usable), sink, progress
        )
        result.notes = setting.notes
        named = {"seeds": seeds, "holdout": holdout, "ood": ood, "config": config}
        result.inputs = {"synthetic": [str(path.resolve()) for path in synthetic]} | {
            name: str(path.resolve()) for name, path in named.items() if path is not None
        }
        result.out = None if out is None else str(out)
        sink.finish(result, ", ".join(path.name for path in synthetic))
    return result


def read_setting(seeds: Path | None, holdout: Path | None, ood: Path | None, config: Path | None) -> Setting:
    """What rows are held against, out of files and a config. InputError where there are no usable seeds."""
    checked = None if config is None else load_config(config)
    real = _rows(seeds, None if checked is None else checked.seeds)
    held = _rows(holdout, None if checked is None else checked.holdout)
    outside = _rows(ood, None if checked is None else checked.ood)
    if checked is None:
        name, value = detect_output(real)
        output = make_output(name, value)
        settings, kind = default_embedder()
        cache, inner = default_cache_dir(), make_embedder(kind, settings)
        notes, gates = [f"outputs are held against what the seeds have: {name}"], default_gates()
    else:
        output, gates, notes = checked.output, checked.gates, list(checked.notes)
        cache, inner = checked.folder / STATE, make_embedder(checked.embedder_kind, checked.embedder)
    bed = sow(real, [*held, *outside], output)
    if not bed.usable:
        raise InputError("no usable seeds: " + ("; ".join(bed.notes()) or "the file has no rows"))
    notes += bed.notes()
    terms = () if checked is None else terms_of(checked)
    return Setting(output, gates, VectorCache(inner, cache / "vectors.db"), bed, held, outside, terms, notes)


def _rows(path: Path | None, section: DataSection | None) -> list[Example]:
    if path is not None:
        return read_data(DataSection(path=path))
    return [] if section is None else read_data(section)


def make_tools(setting: Setting, first: Sequence[Example]) -> Tools:
    """Gates' tools; a header that the file's own rows share is taken off as the seeds' one is."""
    samples = ([seed.input_text for seed in setting.seeds.usable], [row.input_text for row in first])
    templates = tuple(find_template(texts) for texts in samples)
    seeds = setting.seeds.usable
    return Tools(
        setting.output, setting.embedder, seeds, setting.holdout, setting.ood, templates, setting.terms
    )


def _gate(
    rows: Iterable[Row], keeper: Gatekeeper, seeds: int, sink: _Sink, progress: Progress | None
) -> AuditResult:
    result = AuditResult()
    for part in batched(rows, BATCH):
        decisions = keeper.check([as_synthetic(row.example) for row in part])
        for row, decision in zip(part, decisions, strict=True):
            result.tally.add(row.example.id, row.example, decision.verdicts)
            result.conflicts.update(verdict.code for verdict in decision.conflicts)
            sink.write(row, decision)
        if progress:
            progress(result.tally.rows)
    result.gates = [
        *result.tally.results(),
        *keeper.set_results(Mixture(seeds, result.tally.kept, 1, "audit")),
    ]
    statuses = {verdict.status for verdict in result.gates}
    result.verdict = "refused" if "fail" in statuses else "warn" if "warn" in statuses else "pass"
    return result


def as_synthetic(example: Example) -> Example:
    """The row as a gate sees it: whatever its file says, no seed vouches for it."""
    return example if example.source.kind == "synthetic" else example.with_source(kind="synthetic")


class _Sink:
    """The files of an audit, written beside their final place as rows come in; nothing without a folder."""

    def __init__(self, out: Path | None) -> None:
        self._out = None if out is None else out.resolve()  # `.` and links have no place beside them
        self._made: Path | None = None
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> _Sink:
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
        """One row: as it was read, or with what rejected it."""
        if not self._files:
            return
        own = {**row.raw, "id": row.raw.get("id") or row.example.id}
        failed = decision.failed
        for verdict in decision.conflicts:
            self._files["conflicts"].write(line(_conflict(row, verdict, kept=failed is None)))
        if failed is None:
            self._files["kept"].write(line(own))
            return
        rejected = {
            "row": row.line, "id": row.example.id, "gate": failed.gate, "code": failed.code,
            "reason": failed.reason, "figure": failed.figure, "threshold": failed.threshold,
            "evidence": failed.evidence, "example": own,
        }  # fmt: skip
        self._files["rejected"].write(line(rejected))

    def finish(self, result: AuditResult, name: str) -> None:
        """Write the summary and the page, and put the folder in its place."""
        if self._made is None or self._out is None:
            return
        for file in self._files.values():
            file.close()
        (self._made / "audit.json").write_bytes(pretty(result.to_json()))
        (self._made / "report.html").write_text(render(audit_page(result, name)), encoding="utf-8")
        put_in_place(self._made, self._out)


def _conflict(row: Row, verdict: Verdict, kept: bool) -> dict[str, Any]:
    """Two rows that say the same and answer differently: of a label, one of the two is wrong."""
    neighbour, example = verdict.evidence["neighbour"], row.example
    figures: dict[str, Any] = {
        key: verdict.evidence[key] for key in ("cosine", "overlap") if key in verdict.evidence
    }
    return {
        "id": example.id, "input": example.input_text, "output": example.output_text,
        "other": neighbour, "other_input": verdict.evidence["other_input"],
        "other_output": verdict.evidence["other_output"], "code": verdict.code, "kept": kept, **figures,
    }  # fmt: skip


def audit_page(result: AuditResult, name: str) -> Page:
    """The audit as a page."""
    tally = result.tally
    steps = [Step("read", tally.rows, name), *tally.steps(), Step("kept", tally.kept)]
    return Page(
        title=f"Audit of {name}", verdict=result.verdict, steps=steps, gates=result.gates,
        rejected=tally.examples, notes=result.notes, waivers=[],
    )  # fmt: skip


def _refuse_foreign(out: Path) -> None:
    """`--out` is replaced whole: only an earlier audit, or nothing, may stand there."""
    if out.exists() and not out.is_dir():
        raise InputError("--out names a file; name a folder", path=out)
    if out.is_dir() and any(out.iterdir()) and not (out / "audit.json").exists():
        raise InputError(
            "--out would replace this folder, and it holds something else than an audit", path=out
        )
