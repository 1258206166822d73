"""audit(): the gates over a file somebody else made. No project needed; kept + rejected = rows read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from pydantic import BaseModel

from seedstock.agreement import Answers
from seedstock.auditfiles import AuditResult, Doubt, Sink, refuse_foreign
from seedstock.brief import Term
from seedstock.config import Config, default_embedder, default_gates, load_config
from seedstock.embedders.cache import VectorCache, default_cache_dir
from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.gates.base import Mixture, Tools
from seedstock.gating import BATCH, Decision, Gatekeeper, batched
from seedstock.hearing import hearing
from seedstock.judging.assembly import own_rows
from seedstock.outline import terms_of
from seedstock.project import STATE, Project, make_embedder, read_data
from seedstock.sections import DataSection
from seedstock.seedbed import Seedbed, sow
from seedstock.seeds.readers import Row, read_rows
from seedstock.suspecting.claims import Reader
from seedstock.suspecting.ranking import suspects
from seedstock.tasks.base import Output
from seedstock.tasks.detect import detect_output, make_output
from seedstock.text import find_template

Progress = Callable[[int], None]
"""Called with the number of rows gated so far."""


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
    instruction: str
    notes: list[str]
    config: Config | None = None


def audit(
    synthetic: Sequence[Path],
    *,
    seeds: Path | None = None,
    holdout: Path | None = None,
    ood: Path | None = None,
    config: Path | None = None,
    out: Path | None = None,
    max_cost: float | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Gate the rows of `synthetic` files. `config` gives task, gates, judge and seeds; `seeds` overrides.

    With `out`: kept.jsonl, rejected.jsonl, suspects.jsonl, conflicts.jsonl, audit.json and report.html in
    that folder, replaced whole. Memory: the vectors of kept rows, 1.5 kB each, and what it takes to compare
    them; where outputs can be doubted, three times that in the end, and the inputs and outputs of kept rows.
    With a judge the rows too: of rows that say the same, the one that it rates highest is kept. Its answers
    are in the ledger of the config's folder; `max_cost` bounds what all of them may cost, and Refused says
    that it was reached: what was answered is kept, so that an audit with a higher bound goes on from there.
    """
    if seeds is None and config is None:
        raise InputError("an audit needs real rows to compare with: --seeds FILE, or --config seedstock.yaml")
    for path in synthetic:
        if not path.exists():
            raise InputError("no such file", path=path)
    if out is not None:
        refuse_foreign(out)
    setting = read_setting(seeds, holdout, ood, config)
    with ExitStack() as stack:
        stack.callback(setting.embedder.close)
        rows = (row for path in synthetic for row in read_rows(path, strict=False, kind="synthetic"))
        first = next(batched(rows, BATCH), [])
        tools = replace(make_tools(setting, [row.example for row in first]), answers=_no_answers(setting))
        if setting.config is not None and setting.config.judges:
            project = stack.enter_context(Project(setting.config.path))
            tools = replace(tools, judge=stack.enter_context(hearing(project, max_cost)))
        sink = stack.enter_context(Sink(out))
        keeper, kept = Gatekeeper(setting.gates, tools), _Kept(tools)
        _collect(synthetic, keeper, tools)
        result = _gate(chain(first, rows), keeper, kept, sink, progress)
        result.suspects = kept.doubts()
        result.notes = [*setting.notes, *_said(result.suspects)]
        if setting.config is not None and tools.judge is not None:
            result.notes += own_rows(setting.config, result.teachers)
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
    terms, instruction = ((), "") if checked is None else (terms_of(checked), checked.task.instruction)
    vectors = VectorCache(inner, cache / "vectors.db")
    return Setting(output, gates, vectors, bed, held, outside, terms, instruction, notes, checked)


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
        setting.output, setting.embedder, seeds, setting.holdout, setting.ood, templates, setting.terms,
        setting.instruction,
    )  # fmt: skip


def _no_answers(setting: Setting) -> Answers | None:
    """Room for how often each result is given to each input; None where nobody asks, or texts are free."""
    settings = setting.gates.get("relevance.agreement")
    if settings is None or setting.output.free_text:
        return None
    return Answers(getattr(settings, "by", ""))


def _collect(synthetic: Sequence[Path], keeper: Gatekeeper, tools: Tools) -> None:
    """Count the answers to each input in a pass over the files before the one that judges."""
    if tools.answers is None:
        return
    for path in synthetic:
        for row in read_rows(path, strict=False, kind="synthetic"):
            example = keeper.mend(row.example)
            tools.answers.add(example, tools.result(example), tools.beside(example))


def _gate(
    rows: Iterable[Row], keeper: Gatekeeper, kept: _Kept, sink: Sink, progress: Progress | None
) -> AuditResult:
    result = AuditResult()
    for part, decisions in _decided(rows, keeper, progress):
        for row, decision in zip(part, decisions, strict=True):
            result.tally.add(row.example.id, decision.example, decision.verdicts)
            result.teachers.update(filter(None, [row.example.source.teacher]))
            result.conflicts.update(verdict.code for verdict in decision.conflicts)
            sink.write(row, decision)
            if decision.failed is None:
                kept.add(row.line, decision.example)
        if progress:
            progress(result.tally.rows)
    result.gates = [
        *result.tally.results(keeper.settings),
        *keeper.set_results(Mixture(len(kept.tools.seeds), result.tally.kept, 1, "audit")),
    ]
    statuses = {verdict.status for verdict in result.gates}
    result.verdict = (
        "refused" if "fail" in statuses else "warn" if statuses & {"warn", "not_enough_data"} else "pass"
    )
    return result


def _decided(
    rows: Iterable[Row], keeper: Gatekeeper, progress: Progress | None
) -> Iterator[tuple[list[Row], list[Decision]]]:
    """Rows with what the gates say of them, in the file's order; with a judge all of them at once."""
    for part in [list(rows)] if keeper.rates else batched(rows, BATCH):
        examples = [as_synthetic(row.example) for row in part]
        yield part, keeper.check_by_figure(examples, progress) if keeper.rates else keeper.check(examples)


class _Kept:
    """Kept rows as far as doubting them takes: nothing of them where their outputs cannot be doubted."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self._reads = Reader(tools.seeds, tools.output).reads
        self._rows: list[tuple[int, Example]] = []

    def add(self, line: int, example: Example) -> None:
        """A row that every gate let pass, and the line on which it stands."""
        if self._reads:
            self._rows.append((line, replace(example, meta={}, reasoning=None, rejected=())))

    def doubts(self) -> list[Doubt] | None:
        """The suspects among them, ranked; their vectors come from the cache."""
        found = suspects([example for _, example in self._rows], self.tools.seeds, self.tools)
        if found is None:
            return None
        return [Doubt(self._rows[one.place][0], one, self._rows[one.place][1]) for one in found]


def _said(doubts: Sequence[Doubt] | None) -> list[str]:
    """What a reader of the result should know of its suspects."""
    if not doubts:
        return []
    whose = "1 kept row has an output" if len(doubts) == 1 else f"{len(doubts)} kept rows have outputs"
    return [f"suspects: {whose} that a probe finds implausible; not rejected, but ranked for review"]


def as_synthetic(example: Example) -> Example:
    """The row as a gate sees it: whatever its file says, no seed vouches for it, and nothing was repaired."""
    source = example.source
    usual = source.kind == "synthetic" and not source.repairs
    return example if usual else example.with_source(kind="synthetic", repairs=())
