"""How often the rows that `reasoning` keeps are right, on four recorded solutions to each problem of gsm8k.

    python benchmarks/bench_reasoning.py [--seed N …] [--min-precision X …] [--json FILE]

All in whole runs on the recorded teacher. Agreement: real seeds, and every recorded problem as an unlabelled
one, with `agree` 3 and 4. Known answers: every recorded problem is a seed. Threshold: 150 of the problems,
drawn anew for each `--seed`, are the seeds, and the run learns from them how many chains must agree on the
others. No project has the answers that it is scored by, but for the run with known answers.
Intervals: Clopper-Pearson, 95 %; of `pooled` narrower than is true, as the splits share problems.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from planning.worlds import DATA, make_project, missing, recorded

from seedstock import Project, run
from seedstock.answers import canonical_answer, final_answer
from seedstock.example import Example
from seedstock.intervals import interval
from seedstock.recipes.voting import Vote, trusts

HERE = DATA / "gsm8k"
CHAINS, SEEDS = 4, 150
WANTED = {3: 0.92, 4: 0.95}
"""Precision by the number of chains that agree; met within two points."""
Texts = Mapping[str, str]


class Kept(NamedTuple):
    """A row: its problem, and whether it is right; how many chains gave its answer, and had to, if any."""

    problem: str
    right: bool
    chains: int
    needed: int | None = None


class Share(NamedTuple):
    """Right rows of the kept ones, of so many problems; `level` says how many chains had to agree."""

    level: str
    right: int
    kept: int
    asked: int

    @classmethod
    def of(cls, rows: Iterable[Kept], asked: int, level: int | None) -> Share:
        rows = list(rows)
        return cls(f"{level} agree" if level else "none", sum(r.right for r in rows), len(rows), asked)

    def to_json(self) -> dict[str, Any]:
        precision = self.right / self.kept if self.kept else None
        figures = {"yield": self.kept / self.asked, "precision": precision}
        return {**self._asdict(), **figures, "interval": interval(self.right, self.kept)}

    def __str__(self) -> str:
        told = f"{self.level:9s}kept {self.kept:4d} of {self.asked:4d} = {self.kept / self.asked:5.1%}"
        low, high = interval(self.right, self.kept)
        share = f"{self.right / self.kept:6.1%} [{low:.1%}, {high:.1%}]" if self.kept else "-"
        return f"{told}, right {self.right:4d} = {share}"


Shares = dict[str, Share]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def folded(text: str) -> str:
    return " ".join(text.split())


def recordings() -> Texts:
    """The recorded problems with the key's answers."""
    problem = {row["id"]: folded(row["input"]) for row in rows_of(HERE / "synthetic_solutions.jsonl")}
    key = rows_of(HERE / "synthetic_solutions_key.jsonl")
    return {problem[row["id"]]: canonical_answer(row["answer"]) for row in key}


def written(path: Path, rows: Iterable[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def solve(truth: Texts, problems: Collection[str], seeds: Texts, **settings: Any) -> list[Kept]:
    """What a run keeps of unlabelled `problems` and of `seeds` (by default the real ones); all are asked."""
    recipe: dict[str, Any] = {"weight": 1, "chains": CHAINS, "new": False, **settings}
    plan = {"target": len(truth), "min_yield": 0, "recipes": {"reasoning": recipe}}
    with tempfile.TemporaryDirectory() as temporary, recorded("gsm8k") as url:
        folder, own = Path(temporary), {}
        if problems:
            recipe["problems"] = written(folder / "p.jsonl", ({"input": text} for text in problems))
        if seeds:
            own["seeds"] = written(folder / "s.jsonl", ({"input": i, "output": o} for i, o in seeds.items()))
        with Project(make_project(folder / "project", "gsm8k", url, plan=plan, **own)) as project:
            run(project)
            rows = [row.example for row in project.ledger.candidates(project.run_id, True) if row.example]
    return [scored(row, truth) for row in rows]


def scored(row: Example, truth: Texts) -> Kept:
    """Whether a kept row is right, and why it was kept."""
    problem, found = folded(row.input_text), final_answer(row.output_text)
    answer = canonical_answer(found[1] if found else row.output_text)
    chains = re.findall(r"(\d+) (?:of|wanted)", row.source.attributes["chains"])
    return Kept(problem, answer == truth[problem], *map(int, chains))


def split(seed: int, truth: Texts, kept: list[Kept], bounds: list[float]) -> tuple[str, Shares]:
    """What the votes on a draw of problems say, and what levels and whole runs keep of the other problems."""
    own = dict.fromkeys(Random(seed).sample(list(truth), SEEDS))
    others = [text for text in truth if text not in own]
    votes = [Vote(CHAINS, row.chains, row.right) for row in kept if row.problem in own]

    def share(level: int | None) -> Share:
        there = (row for row in kept if level and row.chains >= level and row.problem not in own)
        return Share.of(there, len(others), level)

    found = {f"{n} of {CHAINS}": share(n) for n in WANTED}
    for bound in bounds:
        learn = {"calibrate": SEEDS, "min_precision": bound}
        agreed = [row for row in solve(truth, others, answered(own, truth), **learn) if row.needed]
        level = agreed[0].needed if agreed else None
        found[f"min_precision {bound:g}"] = Share.of(agreed, len(others), level)
    return "; ".join(map(str, trusts(votes))), found


def answered(problems: Iterable[str], truth: Texts) -> Texts:
    return {text: f"#### {truth[text]}" for text in problems}


def pooled(splits: Sequence[Shares]) -> Shares:
    found: Shares = {}
    for name in splits[0]:
        levels, *figures = zip(*(shares[name] for shares in splits), strict=True)
        found[name] = Share(levels[0] if len(set(levels)) == 1 else "varies", *map(sum, figures))
    return found


def show(title: str, shares: Shares) -> Shares:
    print(f"\n{title}", *(f"  {name:20s}{share}" for name, share in shares.items()), sep="\n")
    return shares


def measure(options: argparse.Namespace) -> dict[str, Shares]:
    """Everything, printed as it comes."""
    truth = recordings()
    kept = {n: solve(truth, truth, {}, agree=n, calibrate=0) for n in WANTED}
    levels = {f"{n} of {CHAINS}": Share.of(kept[n], len(truth), n) for n in WANTED}
    found = {"all": show("no answer known, all recorded problems", levels)}
    for (name, share), wanted in zip(levels.items(), WANTED.values(), strict=True):
        met = abs(share.right / max(1, share.kept) - wanted) <= 0.02
        print(f"  {name}: {wanted:.0%} within 2 points wanted, {'met' if met else 'MISSED'}")
    known = solve(truth, (), answered(truth, truth), calibrate=len(truth))
    found["known"] = show("all answers known", {"known answer": Share.of(known, len(truth), 1)})
    for seed in options.seed:
        told, shares = split(seed, truth, kept[min(WANTED)], options.min_precision)
        found[f"seed {seed}"] = show(f"seed {seed}, of {SEEDS} problems, {told}", shares)
    found["pooled"] = show("pooled", pooled([found[f"seed {seed}"] for seed in options.seed]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--min-precision", type=float, nargs="+", default=[0.8, 0.9, 0.95], metavar="X")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if missing() or not HERE.exists():
        print(missing() or f"skipped: no recorded solutions at {HERE}")
        return
    found = measure(options)
    if options.json:
        out = {part: {name: s.to_json() for name, s in shares.items()} for part, shares in found.items()}
        options.json.write_text(json.dumps(out, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
