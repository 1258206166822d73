"""What `relevance.answer` finds: planted slips, and wrong solutions with and without the known answer.

    python benchmarks/bench_answers.py

Planted: `poisoned/gsm8k`, 150 rows with a wrong step or a wrong final number. Recorded: `gsm8k`, four models'
solutions to each of 659 problems. Both keys score; the gate sees one only where the right answer is given
as the reference. Intervals: Clopper-Pearson, 95 %.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from planning.worlds import DATA

from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_answer import AnswerGate, AnswerSettings
from seedstock.intervals import interval
from seedstock.seeds.readers import read_rows
from seedstock.tasks.answer import Answer
from seedstock.verdict import Verdict


def main() -> None:
    missing = [path for path in (DATA / "gsm8k", DATA / "poisoned") if not path.exists()]
    if missing:
        print(f"skipped: no data, missing {missing[0]}")
        return
    planted()
    recorded()


def planted() -> None:
    """Recall on planted slips, and what else is rejected."""
    rows = examples(DATA / "poisoned" / "gsm8k" / "poisoned.jsonl")
    key = {k["id"]: k["defects"] for k in read(DATA / "poisoned" / "gsm8k" / "key.jsonl")}
    start = time.process_time()
    verdicts = judged(rows, AnswerSettings())
    print(f"planted ({1000 * (time.process_time() - start) / len(rows):.2f} ms of CPU a row)")
    kinds: dict[str, list[Verdict]] = {}
    for row, verdict in zip(rows, verdicts, strict=True):
        defects = key.get(row.id, [])
        slips = [f"wrong {d['kind']}" for d in defects if d["defect"] == "wrong_arithmetic"]
        kinds.setdefault(slips[0] if slips else "other defect" if defects else "clean", []).append(verdict)
        if not verdict.passed and not slips:
            print(f"    {verdict.code}: {verdict.reason}")
    slips = [verdict for kind in ("wrong final", "wrong step") for verdict in kinds[kind]]
    for kind, found in [*sorted(kinds.items()), ("wrong arithmetic together", slips)]:
        print(f"  {kind}: rejected {share(sum(not v.passed for v in found), len(found))}")


def recorded() -> None:
    """Precision and recall on solutions that models wrote."""
    rows = examples(DATA / "gsm8k" / "synthetic_solutions.jsonl")
    key = {k["id"]: k for k in read(DATA / "gsm8k" / "synthetic_solutions_key.jsonl")}
    known = [replace(row, meta={**row.meta, "right": key[row.id]["answer"]}) for row in rows]
    right = [key[row.id]["is_correct"] for row in rows]
    for name, asked in (("recomputed", rows), ("with the known answer", known)):
        verdicts = judged(asked, AnswerSettings(reference="right"))
        kept = [verdict.passed for verdict in verdicts]
        lost = Counter((good, passed) for good, passed in zip(right, kept, strict=True))
        print(f"\nrecorded, {name}: {dict(Counter(v.code for v in verdicts))}")
        for said, x, n in (
            ("wrong solutions rejected", lost[False, False], lost[False, False] + lost[False, True]),
            ("right solutions rejected", lost[True, False], lost[True, False] + lost[True, True]),
            ("of the rejected, wrong", lost[False, False], lost[False, False] + lost[True, False]),
            ("right before", sum(right), len(right)),
            ("right after", lost[True, True], lost[True, True] + lost[False, True]),
        ):
            print(f"  {said}: {share(x, n)}")


def judged(rows: list[Example], settings: AnswerSettings) -> list[Verdict]:
    tools = Tools(Answer("number", Path()), Lexical(LexicalSettings(dims=64)))
    return AnswerGate(settings, tools).check(Batch(rows, tools))


def examples(path: Path) -> list[Example]:
    return [row.example for row in read_rows(path, strict=False, kind="synthetic")]


def read(path: Path) -> Iterable[Any]:
    return map(json.loads, path.open(encoding="utf-8"))


def share(x: int, n: int) -> str:
    """So many of so many, with the interval."""
    low, high = interval(x, n)
    return f"{x} of {n}, {x / n:.1%} [{low:.1%}, {high:.1%}]"


if __name__ == "__main__":
    main()
