"""Reviews by people: which rows to look at, as a spreadsheet and back, and what they show (policy 8)."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from seedstock.calibrating import Calibration, border_sample, calibration, disputed, judged_rows
from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.exchange import digest
from seedstock.gates.base import Mixture, Reviewed
from seedstock.gates.review import LEAST, ReviewGate, ReviewSettings, reviews_for
from seedstock.intervals import lower_bound
from seedstock.project import Project
from seedstock.records import Candidate, Review
from seedstock.seeds.text_files import reading
from seedstock.suspecting.ranking import suspects
from seedstock.verdict import Verdict

CRITERIA = {
    "facts": "Does the output say exactly what the input says, and nothing else?",
    "tone": "Could a real person have written this input, in this way?",
    "edge cases": "Is the output right where the input is unusual or could be read in two ways?",
    "format": "Is the output complete, and in the form that the task asks for?",
}
"""What a reviewer looks at; every row gets one of them, in turn."""

ANSWER = "answer"
QUESTIONS = {**CRITERIA, ANSWER: "Is this the right output for this input? If not, what would be?"}
"""`answer` is asked of suspects: rows that were picked, not drawn, so that they tell nothing of the rest."""
DRAWN = 3
"""Drawn rows of a sample for each suspect that is put among them."""

COLUMNS = ("id", "criterion", "question", "input", "output", "reasoning", "verdict", "reason", "reviewer")
WORDS = {
    "accept": "accept", "accepted": "accept", "ok": "accept", "yes": "accept", "y": "accept", "1": "accept",
    "pass": "accept", "good": "accept", "true": "accept",
    "reject": "reject", "rejected": "reject", "no": "reject", "n": "reject", "0": "reject", "fail": "reject",
    "bad": "reject", "false": "reject",
}  # fmt: skip
"""What may stand in the column `verdict`; a row where nothing stands is not reviewed yet."""

CONCENTRATED = 3
"""Defects of one recipe or cell from which on they may be systematic (methods.md, 2.8)."""
CONCENTRATED_RATE = 0.05
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


@dataclass(slots=True)
class ReviewStatus:
    """How far the reviews are."""

    reviewed: Reviewed
    upper_bound: float
    by_criterion: dict[str, dict[str, int]]
    gates: list[Verdict]
    judge: Calibration | None = None

    def to_json(self) -> dict[str, Any]:
        """The keys of design.md for `review status --json`."""
        return {
            "required": self.reviewed.required, "done": self.reviewed.done,
            "accepted": self.reviewed.accepted, "generated": self.reviewed.generated,
            "defects": self.reviewed.defects, "defect_upper_bound": round(self.upper_bound, 6),
            "by_criterion": self.by_criterion, "gates": [v.to_json() for v in self.gates],
            "judge": None if self.judge is None else self.judge.to_json(),
        }  # fmt: skip


def review_status(project: Project) -> ReviewStatus:
    """What is required, what is done, and what the gate `review` would say."""
    rows = _accepted(project)
    reviews = _latest(project)
    state = reviewed(project, [row for row in rows if row.example is not None])
    counts: dict[str, dict[str, int]] = {name: {"done": 0, "rejected": 0} for name in CRITERIA}
    for row in rows:
        if row.id in reviews:
            counted = counts.setdefault(reviews[row.id].criterion, {"done": 0, "rejected": 0})
            counted["done"] += 1
            counted["rejected"] += reviews[row.id].verdict == "reject"
    settings = project.config.gates.get("review")
    mixture = Mixture(len(project.seeds), len(rows), review=state)
    gates = [] if settings is None else ReviewGate(settings, project.tools).check(mixture)
    return ReviewStatus(state, state.defect_bound, counts, gates, calibration(project))


def reviewed(project: Project, rows: Sequence[Candidate]) -> Reviewed:
    """What people have said of these rows, and how much they would have to say."""
    reviews = _latest(project)
    section, regulated = project.config.review, project.config.task.domain.regulated
    seen = [row for row in rows if row.id in reviews]
    whole = len(seen) == len(rows)
    if not whole:  # what was found tells of the rest; where there is no rest, it is gone
        seen += _turned_down(project, reviews, {row.id for row in rows})
        # A row that was picked because it looked wrong would make the rest look worse than it is.
        seen = [row for row in seen if reviews[row.id].criterion != ANSWER]
    generated = sum(_is_generated(row) for row in rows)
    required = len(rows) if regulated else 0
    if section is not None and not regulated:
        shares = math.ceil(section.share * len(rows)), math.ceil(section.generated_share * generated)
        required = max(*shares, min(LEAST, len(rows)))
    return Reviewed(
        accepted=len(rows), generated=generated, required=required, done=len(seen),
        done_generated=sum(_is_generated(row) for row in seen),
        defects=sum(reviews[row.id].verdict == "reject" for row in seen),
        whole=whole, concentrated=_concentrated(seen, reviews), possible=section is not None,
        regulated=regulated or "",
    )  # fmt: skip


def _wanted(project: Project, state: Reviewed) -> int:
    """Reviews that are required, or more where the gate's bound calls for more, by defects or settings."""
    settings = project.config.gates.get("review")
    if not isinstance(settings, ReviewSettings) or not state.required:
        return state.required
    return max(state.required, reviews_for(state.defects, settings.max_defects))


def _turned_down(project: Project, reviews: Mapping[str, Review], known: Container[str]) -> list[Candidate]:
    """Rows that this run accepted and people have rejected, without those in `known`."""
    bad = [r.id for r in reviews.values() if r.verdict == "reject" and r.run == project.run_id]
    every = (row for id_ in bad if id_ not in known for row in project.ledger.find_candidates(id_))
    return [row for row in every if row.run == project.run_id and row.accepted]


def review_sample(project: Project, n: int | None = None) -> list[tuple[Example, str]]:
    """Rows that still need a look, each with its criterion: as many as the gate waits for, or `n` in all.

    Generated rows come first, spread over recipes and cells; which rows of a cell, their hash decides. After
    every third of these comes one that judges differ about or a probe suspects, and that was not drawn, as
    long as there are any: on top of what the gate waits for, or within `n`. They are asked for the answer
    alone.
    """
    accepted, reviews = _accepted(project), _latest(project)
    state = reviewed(project, [row for row in accepted if row.example is not None])
    missing = max(0, _wanted(project, state) - state.done) if n is None else n
    rows = [row for row in accepted if row.id not in reviews]
    generated, rewritten = (_spread(r for r in rows if _is_generated(r) == kind) for kind in (True, False))
    drawn = _woven(generated, rewritten)[:missing]
    most = missing // (DRAWN + 1) if n is not None else math.ceil(missing / DRAWN)
    known = {*reviews, *(row.id for row in drawn)}
    picked = [row for row in _doubtful(project, accepted) if row.id not in known][:most] if most else []
    if n is not None:
        drawn = drawn[: missing - len(picked)]
    return _among(_in_turn(drawn, state.done), [(example, ANSWER) for example in picked])


def _in_turn(rows: Sequence[Candidate], done: int) -> list[tuple[Example, str]]:
    """Rows with their criteria, going on after as many reviews as there are."""
    criteria = list(CRITERIA)
    return [
        (row.example, criteria[(done + i) % len(criteria)])
        for i, row in enumerate(rows)
        if row.example is not None
    ]


def _doubtful(project: Project, accepted: Sequence[Candidate]) -> list[Example]:
    """Of these rows those that one of two judges rejects, then those that a probe doubts, most doubtful
    first; each once."""
    rows = [row.example for row in accepted if row.example is not None]
    between = [row.example for row in accepted if row.example is not None and disputed(row)]
    found = suspects(rows, project.tools.seeds, project.tools) or []
    return list({row.id: row for row in [*between, *(rows[one.place] for one in found)]}.values())


def _among(drawn: list[tuple[Example, str]], picked: list[tuple[Example, str]]) -> list[tuple[Example, str]]:
    """One of the picked rows after every third of those drawn: a reviewer should not find them in a heap."""
    thirds = (drawn[i : i + DRAWN] for i in range(0, len(drawn), DRAWN))
    turns = zip_longest(thirds, picked)
    return [row for third, one in turns for row in [*(third or ()), one] if row is not None]


def export_reviews(project: Project, path: Path, n: int | None = None, for_judge: bool = False) -> int:
    """Write the sample as a CSV for a spreadsheet; how many rows. InputError where the file exists.

    Blind: recipe, teacher and the gates' figures are not in it. `for_judge`: rows that tell how far the judge
    can be trusted, rejected ones among them, instead of those that the gate `review` waits for.
    """
    if path.exists():
        raise InputError("exists already; name another file", path=path)
    if for_judge and project.panel is None:
        raise InputError("nobody judges in this project: configure a judge first", path=project.config.path)
    sample = _in_turn(border_sample(project, n), 0) if for_judge else review_sample(project, n)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for row, criterion in sample:
        texts = (row.input_text, row.output_text, row.reasoning or "")
        shown = (row.id, criterion, QUESTIONS[criterion], *texts)
        table.writerow([*map(_harmless, shown), "", "", ""])
    with reading(path):
        path.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    return len(sample)


def import_reviews(project: Project, path: Path, by: str | None = None) -> dict[str, int]:
    """Read a filled-in CSV into the ledger: all of it or, where a row cannot be used, none of it.

    `by` names the reviewer where the column `reviewer` is empty. InputError with file and line for an
    unknown id, an unknown verdict, or a review without a name.
    """
    known = {row.id: row for row in [*judged_rows(project), *_accepted(project)]}
    with project.locked():
        wave = project.ledger.last_wave(project.run_id)
        found = [
            review
            for line, row in _rows(path)
            if (review := _review(row, line, path, known, by, project.run_id, wave)) is not None
        ]
        before = {(r.id, r.verdict, r.criterion, r.reason, r.by) for r in project.ledger.reviews()}
        new = [r for r in found if (r.id, r.verdict, r.criterion, r.reason, r.by) not in before]
        project.ledger.record_reviews(new)
    counts = Counter(review.verdict for review in new)
    return {"accepted": counts["accept"], "rejected": counts["reject"], "known": len(found) - len(new)}


def rejected_by_people(project: Project) -> dict[str, Review]:
    """Rows whose last review rejects them, by id."""
    return {id_: review for id_, review in _latest(project).items() if review.verdict == "reject"}


def _accepted(project: Project) -> list[Candidate]:
    return list(project.ledger.candidates(project.run_id, accepted=True)) if project.has_ledger else []


def _latest(project: Project) -> dict[str, Review]:
    return {review.id: review for review in project.ledger.reviews()} if project.has_ledger else {}


def _is_generated(row: Candidate) -> bool:
    return row.example is not None and row.example.source.needs_review


def _concentrated(seen: Sequence[Candidate], reviews: Mapping[str, Review]) -> str:
    """The recipe or cell in which defects gather; empty where none is."""
    for kind in ("recipe", "cell"):
        groups: dict[str, list[bool]] = defaultdict(list)
        for row in seen:
            groups[getattr(row, kind)].append(reviews[row.id].verdict == "reject")
        for name, bad in sorted(groups.items()):
            whole = len(groups) > 1 and sum(bad) >= CONCENTRATED
            if whole and lower_bound(sum(bad), len(bad)) > CONCENTRATED_RATE:
                return f"{kind} {name}: {sum(bad)} of {len(bad)}"
    return ""


def _woven(generated: Sequence[Candidate], rewritten: Sequence[Candidate]) -> list[Candidate]:
    """Two generated rows for each rewritten one: they are looked at twice as often."""
    pairs = (generated[i : i + 2] for i in range(0, len(generated), 2))
    turns = zip_longest(pairs, rewritten)
    return [row for pair, other in turns for row in [*(pair or ()), other] if row is not None]


def _spread(rows: Iterable[Candidate]) -> list[Candidate]:
    """Rows so that each recipe and cell comes up in turn; within one, in the order of a hash of their ids."""
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: digest("review", row.id)):
        groups[row.recipe, row.cell].append(row)
    turns = zip_longest(*(groups[key] for key in sorted(groups)))
    return [row for turn in turns for row in turn if row is not None]


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of the CSV with the line on which each begins; `;` and tabs between cells are read too."""
    try:
        with reading(path):
            text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"not UTF-8: {problem}", path=path) from problem
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    table = csv.DictReader(io.StringIO(text), delimiter=delimiter, restval="")
    missing = [name for name in ("id", "verdict") if name not in (table.fieldnames or ())]
    if missing:
        said = f"no column {missing[0]!r}; export a sheet with: review export FILE"
        raise InputError(said, path=path, line=1)
    line = 2
    try:
        for row in table:
            yield line, {key: str(value) for key, value in row.items() if key is not None}
            line = table.line_num + 1
    except csv.Error as problem:
        raise InputError(f"not a table: {problem}", path=path, line=line) from problem


def _review(
    row: Mapping[str, str], line: int, path: Path, known: Mapping[str, Candidate], by: str | None, run: str,
    wave: int,
) -> Review | None:  # fmt: skip
    word, id_ = row["verdict"].strip().casefold(), row["id"].strip().removeprefix("'")
    if not word:
        return None
    if id_ not in known:
        raise InputError(f"id {id_[:80]!r} is no row of this run that can be reviewed", path=path, line=line)
    if word not in WORDS:
        raise InputError(f"verdict {word[:40]!r}: accept or reject", path=path, line=line)
    name = (row.get("reviewer") or "").strip() or (by or "").strip()
    if not name:
        problem = "a review needs a name: in the column reviewer, or with --by NAME"
        raise InputError(problem, path=path, line=line)
    criterion = (row.get("criterion") or "").strip() or "facts"
    reason = (row.get("reason") or "").strip()[:2000]
    return Review(id_, WORDS[word], criterion, reason, name, run, wave)
