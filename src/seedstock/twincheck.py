"""What the duplicate threshold means on the seeds, and the threshold that a person's marks call for.

A person looks at pairs of seeds, spread over cosine 0.8 to 1, and says of each whether one of the two
would do. Where those marked `same` begin is the threshold for this embedder on these data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seedstock.errors import InputError
from seedstock.gates.duplicate import DuplicateSettings
from seedstock.gates.kept import Memory, Row
from seedstock.intervals import interval
from seedstock.neighbours import Index, twins
from seedstock.project import Project
from seedstock.verdict import Verdict

LOWEST, BAND, PER_BAND = 0.8, 0.02, 8
LEAST_MARKED = 20
COLUMNS = ("cosine", "a", "b", "input_a", "input_b", "mark")
SAME, DIFFERENT = "same", "different"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two seeds with the same values and output, how near they are, and what a person said of them."""

    cosine: float
    a: str
    b: str
    input_a: str
    input_b: str
    mark: str = ""


def twins_verdict(project: Project, threshold: float) -> Verdict:
    """The share of distinct real rows with another one above the threshold: what it means on this data."""
    nearest, pairs = twins(project.tools.vectors(project.seeds), threshold)
    share = float((nearest > threshold).mean())
    reason = (
        f"{pairs} pairs of distinct seeds lie above cosine {threshold:g}: {share:.1%} of seeds have a twin"
    )
    known = project.embedder.like_minilm
    if known is not None and known != DuplicateSettings().threshold:
        reason += f"; for this embedder {known:g} is what 0.92 is for MiniLM"
    if share > 0.05:
        higher = min(0.99, float(np.ceil(np.quantile(nearest, 0.95) * 100) / 100))
        reason += f"; gates: {{duplicate: {{threshold: {higher:g}}}}} would call 5 % of them duplicates"
        return Verdict("duplicate.seeds", "warn", "real_twins", reason, share, 0.05, n=len(nearest))
    return Verdict("duplicate.seeds", "pass", "ok", reason, share, 0.05, n=len(nearest))


def pairs_verdict(project: Project, path: Path, threshold: float) -> Verdict:
    """Write pairs to mark where there is no such file; else what the marks in it say of the threshold."""
    if path.exists():
        return calibrated(read_pairs(path), threshold)
    pairs = candidate_pairs(project)
    write_pairs(pairs, path)
    reason = (
        f"{len(pairs)} pairs of seeds are written to {path}: fill in the column mark (`same` where one of the"
        " two would do, else `different`) and run this again"
    )
    return Verdict("duplicate.pairs", "not_enough_data", "written", reason, n=0)


def candidate_pairs(project: Project) -> list[Pair]:
    """Seeds with equal values and outputs, so that the threshold decides: up to 8 pairs per 0.02 of cosine.

    Of a band the pairs are taken evenly from its lowest to its highest cosine.
    """
    seeds = project.seeds
    vectors = project.tools.vectors(seeds)
    index = Index(vectors.shape[1])
    found = index.among(vectors, LOWEST)
    rows = [Row(seed, project.tools) for seed in seeds]
    memory = Memory(project.tools, DuplicateSettings().threshold)
    chosen: list[Pair] = []
    bands = np.minimum((found.cosine - LOWEST) // BAND, (1 - LOWEST) // BAND)
    for band in np.unique(bands):
        members = np.flatnonzero(bands == band)
        members = members[np.argsort(found.cosine[members], kind="stable")]
        fit = []
        for at in members:
            one, two = rows[int(found.row[at])], rows[int(found.query[at])]
            if memory.same_values(one, two) and one.same == two.same:
                fit.append(Pair(round(float(found.cosine[at]), 4), one.id, two.id, one.text, two.text))
        if fit:
            places = np.unique(np.linspace(0, len(fit) - 1, PER_BAND).round().astype(int))
            chosen += [fit[place] for place in places]
    return chosen


def write_pairs(pairs: Sequence[Pair], path: Path) -> None:
    """A spreadsheet with an empty column `mark`, for `same` or `different`."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for pair in pairs:
        cells = (pair.input_a, pair.input_b)
        # A cell that begins like a formula would be computed by whoever opens the file.
        shown = [f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell for cell in cells]
        writer.writerow((pair.cosine, pair.a, pair.b, *shown, pair.mark))
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def read_pairs(path: Path) -> list[Pair]:
    """Pairs with their marks. InputError with the line for one that is neither `same` nor `different`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"cannot be read: {problem}", path=path) from problem
    pairs = []
    for number, row in enumerate(rows, 2):
        if any(row.get(column) is None for column in COLUMNS):
            raise InputError(f"needs the columns {', '.join(COLUMNS)}", path=path, line=number)
        mark = row["mark"].strip().lower()
        if mark not in ("", SAME, DIFFERENT):
            raise InputError(f"mark {mark[:40]!r} is neither `same` nor `different`", path=path, line=number)
        try:
            cosine = float(row["cosine"])
        except ValueError:
            raise InputError("cosine is no number", path=path, line=number) from None
        pairs.append(Pair(cosine, row["a"], row["b"], row["input_a"], row["input_b"], mark))
    return pairs


def calibrated(pairs: Sequence[Pair], threshold: float) -> Verdict:
    """The threshold with the highest F1 on the marked pairs, beside the one in force; says, changes nothing.

    F1 is the harmonic mean of precision (of the pairs above, those marked same) and recall (of the pairs
    marked same, those above). Of equal ones the highest threshold is proposed: fewer rows are lost.
    """
    marked = [pair for pair in pairs if pair.mark]
    same = sum(pair.mark == SAME for pair in marked)
    if len(marked) < LEAST_MARKED or same in (0, len(marked)):
        reason = (
            f"{len(marked)} of {len(pairs)} pairs are marked, {same} of them `same`:"
            f" at least {LEAST_MARKED} are needed, of both kinds"
        )
        return Verdict("duplicate.pairs", "not_enough_data", "few_marks", reason, n=len(marked))
    tried = sorted({round(LOWEST + 0.01 * step, 2) for step in range(20)} | {threshold})
    best = max(tried, key=lambda at: (round(_f1(marked, at), 9), at))
    hits, above = _hits(marked, best)
    low, high = interval(hits, above)
    reason = (
        f"on {len(marked)} marked pairs threshold {best:g} is best (F1 {_f1(marked, best):.2f}):"
        f" {hits} of {above} pairs above it are the same ({low:.0%} to {high:.0%} at 95 %), and {same - hits}"
        f" of {same} same ones lie below; {threshold:g} has F1 {_f1(marked, threshold):.2f}"
    )
    if best == threshold:
        return Verdict("duplicate.pairs", "pass", "ok", reason, best, threshold, n=len(marked))
    reason += f"; to use it: gates: {{duplicate: {{threshold: {best:g}}}}}"
    return Verdict("duplicate.pairs", "warn", "other_threshold", reason, best, threshold, n=len(marked))


def _hits(pairs: Sequence[Pair], threshold: float) -> tuple[int, int]:
    """Of the pairs above: those marked same, and all."""
    above = [pair for pair in pairs if pair.cosine > threshold]
    return sum(pair.mark == SAME for pair in above), len(above)


def _f1(pairs: Sequence[Pair], threshold: float) -> float:
    hits, above = _hits(pairs, threshold)
    return 2 * hits / (above + sum(pair.mark == SAME for pair in pairs))
