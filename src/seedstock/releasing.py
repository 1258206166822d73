"""release(): the mix as files that trainers read, with manifest, provenance and card; or a refusal."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seedstock import registry
from seedstock.calibrating import calibration
from seedstock.distilling import logprob_row
from seedstock.errors import InputError, Refused
from seedstock.exporters.base import Exporter
from seedstock.gates.share import real_share
from seedstock.gating import Gatekeeper
from seedstock.hindsight import rejection
from seedstock.jsonl import file_digest, line, pretty, put_in_place, sha256
from seedstock.judging.assembly import judge_verdicts
from seedstock.mixing import Mix, make_mix
from seedstock.outline import prompt_hashes
from seedstock.preflight import depth_verdicts, family_verdicts, seeds_verdict
from seedstock.project import Project
from seedstock.records import Candidate, Waiver
from seedstock.reporting.card import render_card
from seedstock.reporting.funnel import Step
from seedstock.reporting.page import Page, render
from seedstock.reviewing import rejected_by_people, reviewed
from seedstock.seeds.readers import file_sha256
from seedstock.tally import RELEVANCE, Tally
from seedstock.text import normalise
from seedstock.verdict import Verdict
from seedstock.version import __version__

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

NOT_DONE: tuple[str, ...] = ("not evaluated: nobody has measured whether this mix helps a student",)
"""What this version cannot do yet, said first on every card."""
NOT_JUDGED = "relevance not judged: outputs are valid in form, nobody has judged whether they are right"
NOT_REVIEWED = "not reviewed: nobody has looked at a sample of the synthetic rows"


@dataclass(slots=True)
class ReleaseResult:
    """A release that was written."""

    name: str
    path: str
    mix: Mix
    gates: list[Verdict]
    waivers: list[Waiver]
    files: dict[str, str]
    tally: Tally

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `release --json`."""
        return {
            "release": self.name, "path": self.path, **_counts(self.mix),
            "gates": [v.to_json() for v in self.gates], "waivers": [w.to_json() for w in self.waivers],
            "files": self.files,
        }  # fmt: skip


def release(
    project: Project, name: str | None = None, formats: Sequence[str] = ("messages",)
) -> ReleaseResult:
    """Write `releases/NAME/`, whole or not at all. Raises Refused with the failing gates."""
    if not formats:
        raise InputError(f"name at least one format: {', '.join(registry.names('exporter'))}")
    exporters = [_exporter(format_) for format_ in dict.fromkeys(formats)]
    project.check_frozen()
    with project.locked():
        name = _free_name(project, name)
        candidates, tally = _accepted(project)
        accepted = [row.example for row in candidates if row.example is not None]
        mix = make_mix(project.seeds, accepted, project.config.mix, project.one_family is not None)
        for exporter in exporters:
            if not any(map(exporter.takes, mix.rows)):
                raise InputError(f"format {exporter.name}: no row has what it needs")
        kept = {row.id for row in mix.synthetic}
        state = reviewed(project, [row for row in candidates if row.id in kept])
        mix = replace(mix, review=state)
        gates = [*tally.results(project.config.gates), *_set_results(project, mix)]
        waivers = _judge(project, gates)
        final = project.folder / "releases" / name
        made = final.with_name(f".{name}.partial")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        files = _write(project, made, name, mix, gates, waivers, exporters, tally)
        _refuse_other_content(project, name, files["manifest.json"], made)
        # Recorded first: whatever stands under its final name, the ledger vouches for.
        project.ledger.record_release(name, project.run_id, files["manifest.json"])
        put_in_place(made, final)
    return ReleaseResult(name, str(final), mix, gates, waivers, files, tally)


def _exporter(name: str) -> Exporter:
    made: Exporter = registry.load("exporter", name)()
    return made


def _free_name(project: Project, name: str | None) -> str:
    folder = project.folder / "releases"
    if name is None:
        taken = project.ledger.releases() if project.has_ledger else {}
        names = (f"v{n}" for n in range(1, 100_000))
        return next(free for free in names if free not in taken and not (folder / free).exists())
    if not NAME.fullmatch(name):
        raise InputError(f"release name {name!r}: letters, digits, dot, dash and underscore, at most 64")
    if (folder / name).exists():
        raise InputError(
            f"release {name!r} exists, and a release is never changed; choose another name", path=folder
        )
    return name


def _refuse_other_content(project: Project, name: str, manifest: str, made: Path) -> None:
    """A name stands for one content for ever, also after its folder was removed."""
    before = project.ledger.releases().get(name)
    if before is not None and before != manifest:
        shutil.rmtree(made)
        raise InputError(f"release {name!r} was written before, with other content; choose another name")


def _accepted(project: Project) -> tuple[list[Candidate], Tally]:
    """The rows of the run that this project describes which gates accepted and no person has rejected."""
    tally, accepted = Tally(), []
    rejected = rejected_by_people(project)
    for candidate in project.ledger.candidates(project.run_id) if project.has_ledger else ():
        tally.add(candidate.id, candidate.example, candidate.verdicts)
        if not candidate.accepted or candidate.example is None:
            continue
        if candidate.id in rejected:
            said = rejection(rejected[candidate.id])
            tally.take_back(candidate.id, candidate.example, said, candidate.verdicts)
        else:
            accepted.append(candidate)
    if not accepted:
        missing = "no run of this config has accepted rows yet (config or seeds may have changed since)"
        verdict = Verdict("share", "fail", "nothing_accepted", missing, 0.0, n=tally.rows)
        raise Refused(f"{missing}; run: seedstock --project {project.folder} run", [verdict])
    return accepted, tally


def _set_results(project: Project, mix: Mix) -> list[Verdict]:
    set_results = Gatekeeper(project.config.gates, project.tools).set_results(mix.mixture)
    own = [seeds_verdict(project), *family_verdicts(project), *depth_verdicts(project)]
    own += judge_verdicts(project.config)
    return [_leak(project, mix), *own, *set_results]


def _leak(project: Project, mix: Mix) -> Verdict:
    """The last look before writing: no training row may have the input of an evaluation row."""
    held = {normalise(e.input_text): e.id for e in [*project.holdout, *project.ood]}
    hits = [(row.id, held[key]) for row in mix.rows if (key := normalise(row.input_text)) in held]
    if hits:
        reason = f"{len(hits)} training rows equal an evaluation row, first {hits[0][0]} ({hits[0][1]})"
        return Verdict("leak.release", "fail", "leak", reason, len(hits), 0, n=len(mix.rows))
    return Verdict(
        "leak.release", "pass", "ok", "no training row equals an evaluation row", 0, 0, n=len(mix.rows)
    )


def _judge(project: Project, gates: list[Verdict]) -> list[Waiver]:
    """The waivers that let failing gates pass; Refused where one is missing."""
    waivers, refused = [], []
    for verdict in gates:
        if verdict.status in ("fail", "not_enough_data"):
            waiver = project.waived(verdict)
            waivers.append(waiver) if waiver else refused.append(verdict)
    if refused:
        raise Refused("release refused: " + "; ".join(f"{v.gate}: {v.reason}" for v in refused), refused)
    return list(dict.fromkeys(waivers))


def _write(
    project: Project, folder: Path, name: str, mix: Mix, gates: list[Verdict], waivers: list[Waiver],
    exporters: Sequence[Exporter], tally: Tally,
) -> dict[str, str]:  # fmt: skip
    """All files of a release; name → SHA-256. The manifest comes last, because it holds the others'."""
    with (folder / "provenance.jsonl").open("wb") as provenance:
        for exporter in exporters:
            _write_format(folder, exporter, mix, project.config.task.instruction, provenance)
    _write_logprobs(project, folder, mix)
    facts = _facts(project, mix, exporters)
    page = release_page(name, mix, gates, waivers, tally, facts)
    (folder / "report.html").write_text(render(page), encoding="utf-8")
    (folder / "README.md").write_text(render_card(page, exporters, mix), encoding="utf-8")
    files = {path.name: file_digest(path) for path in sorted(folder.iterdir())}
    manifest = pretty(_manifest(project, name, mix, gates, waivers, exporters, files))
    (folder / "manifest.json").write_bytes(manifest)
    return {**files, "manifest.json": sha256(manifest)}


def _write_format(folder: Path, exporter: Exporter, mix: Mix, instruction: str, provenance: Any) -> None:
    """One training file, one provenance line per row, and every row read back as a trainer would."""
    path = folder / f"train.{exporter.name}.jsonl"
    with path.open("wb") as file:
        for number, example in enumerate(filter(exporter.takes, mix.rows), 1):
            data = line(exporter.full_row(example, instruction))
            problem = exporter.problem(json.loads(data))
            if problem is not None:
                raise Refused(f"row {example.id} is no {exporter.name} row: {problem}")
            file.write(data)
            entry = {
                "file": path.name, "line": number, "id": example.id, "row_sha256": sha256(data[:-1]),
                "source": example.source.to_json(),
            }  # fmt: skip
            provenance.write(line(entry))


def _write_logprobs(project: Project, folder: Path, mix: Mix) -> None:
    """One line per synthetic row whose answer was kept token by token; no file where none was."""
    keys = project.ledger.keys_with_logprobs(project.run_id)
    if not keys:
        return
    with (folder / "logprobs.jsonl").open("wb") as file:
        for example in mix.synthetic:
            asked = project.ledger.asked(keys[example.id]) if example.id in keys else None
            if asked is not None:
                tokens = project.ledger.logprobs(keys[example.id])
                file.write(line(logprob_row(example, asked.response.text, tokens)))


def not_done(mix: Mix, gates: Sequence[Verdict]) -> list[str]:
    """What nobody has looked at yet, for the first lines of the card."""
    judged = next((v for v in gates if v.gate == RELEVANCE), None)
    said = list(NOT_DONE)
    if judged is None or judged.status in ("not_enough_data", "skipped"):
        said.append(NOT_JUDGED)
    elif judged.status == "warn":
        said.append(f"relevance judged in part: {judged.reason}")
    return [*said, *([] if mix.review is not None and mix.review.done else [NOT_REVIEWED])]


def _counts(mix: Mix) -> dict[str, Any]:
    return {
        "rows": {"real": len(mix.seeds), "synthetic": len(mix.synthetic)}, "repeat_real": mix.repeat_real,
        "real_share": {
            "rows": round(real_share(mix.mixture, 1), 6),
            "exposure": round(real_share(mix.mixture, mix.repeat_real), 6),
        },
        "left_out": mix.left_out,
    }  # fmt: skip


def _rows_in(mix: Mix, exporters: Sequence[Exporter]) -> dict[str, dict[str, int]]:
    """Distinct real rows, and synthetic ones, of the files that do not hold all of them."""
    found = {}
    for exporter in exporters:
        real, made = (sum(map(exporter.takes, rows)) for rows in (mix.seeds, mix.synthetic))
        if (real, made) != (len(mix.seeds), len(mix.synthetic)):
            found[f"train.{exporter.name}.jsonl"] = {"real": real, "synthetic": made}
    return found


def _manifest(
    project: Project, name: str, mix: Mix, gates: list[Verdict], waivers: list[Waiver],
    exporters: Sequence[Exporter], files: dict[str, str],
) -> dict[str, Any]:  # fmt: skip
    config = project.config
    inputs = {"config": config.path} | {
        key: section.path
        for key, section in (("seeds", config.seeds), ("holdout", config.holdout), ("ood", config.ood))
        if section is not None
    }
    inputs |= {"rubric": config.rubric} if project.panel and config.rubric else {}
    return {
        "release": name, "seedstock": __version__, "run": project.run_id,
        "created": project.ledger.last_session(project.run_id), **_counts(mix),
        "task": config.task.model_dump(), "teachers": _teachers(mix), "recipes": _recipes(mix),
        "licence": getattr(config.teacher, "licence", None), "embedder": project.embedder.id,
        "rows_in": _rows_in(mix, exporters),
        "judge": None if (judged := calibration(project)) is None else judged.to_json(),
        "inputs": {key: {"path": path.name, "sha256": file_sha256(path)} for key, path in inputs.items()},
        "prompts": sorted({e.source.prompt_sha256 for e in mix.synthetic if e.source.prompt_sha256}),
        "prompt_files": prompt_hashes(project.recipes),
        "gates": [v.to_json() for v in gates], "waivers": [w.to_json() for w in waivers],
        "not_done": not_done(mix, gates),
        "files": {file: {"sha256": digest} for file, digest in files.items()},
    }  # fmt: skip


def _teachers(mix: Mix) -> dict[str, int]:
    return dict(sorted(Counter(str(e.source.teacher) for e in mix.synthetic).items()))


def _recipes(mix: Mix) -> dict[str, int]:
    return dict(sorted(Counter(str(e.source.recipe) for e in mix.synthetic).items()))


def _facts(project: Project, mix: Mix, exporters: Sequence[Exporter]) -> list[tuple[str, str]]:
    counts = _counts(mix)
    share = counts["real_share"]
    return [
        ("task", f"{project.config.task.kind}: {project.config.task.instruction}".strip(": ")),
        ("rows", f"{len(mix.seeds)} real, {len(mix.synthetic)} synthetic ({share['rows']:.1%} real)"),
        ("exposure", f"{share['exposure']:.1%} real: each seed stands {mix.repeat_real} × in the files"),
        ("left out", f"{mix.left_out} accepted rows found no room under the cap"),
        ("recipes", ", ".join(f"{recipe} {n}" for recipe, n in _recipes(mix).items())),
        ("teachers", ", ".join(f"{teacher} {n}" for teacher, n in _teachers(mix).items())),
        (
            "evaluation data",
            project.holdout_plan() + (f"; {len(project.ood)} OOD rows" if project.ood else "; no OOD set"),
        ),
        *(
            [("judge", f"{' and '.join(judged.judges)}; {judged.said}")]
            if (judged := calibration(project))
            else []
        ),
        ("formats", ", ".join(exporter.name for exporter in exporters)),
        (
            "run",
            f"{project.run_id} of {project.ledger.last_session(project.run_id)}, seedstock {__version__}",
        ),
    ]


def release_page(
    name: str, mix: Mix, gates: Sequence[Verdict], waivers: Sequence[Waiver], tally: Tally,
    facts: Sequence[tuple[str, str]],
) -> Page:  # fmt: skip
    """The release as a page."""
    lost = tally.steps()
    if mix.left_out:
        lost.append(Step("no room", -mix.left_out, "share of real rows"))
    steps = [
        Step("candidates", tally.rows), *lost, Step("synthetic rows", len(mix.synthetic)),
        Step("with seeds", len(mix.synthetic) + len(mix.seeds), "released"),
    ]  # fmt: skip
    said = not_done(mix, gates)
    verdict = "warn" if said or waivers or any(v.status != "pass" for v in gates) else "pass"
    return Page(f"Release {name}", verdict, steps, gates, tally.examples, said, waivers, facts)
