"""How often rows are right on whose result the answers to their input agree.

    python benchmarks/bench_agreement.py

gsm8k: four recorded solutions to each of 659 problems, which agree by their number. spider_sql: six recorded
queries to each of 421 questions, which agree when they give the same on five random databases. The keys only
score. Intervals: Clopper-Pearson, 95 %, narrower than is true, as several rows answer one question.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from planning.worlds import DATA

from seedstock.agreement import Answers
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_agreement import AgreementGate, AgreementSettings
from seedstock.intervals import interval
from seedstock.seeds.readers import read_rows
from seedstock.tasks.answer import Answer
from seedstock.tasks.base import Output
from seedstock.tasks.sql import Sql, SqlSettings

LEVELS = {"gsm8k": (0.75, 1.0), "spider_sql": (0.66, 0.75, 1.0)}


def main() -> None:
    if not (DATA / "gsm8k").exists() or not (DATA / "spider_sql").exists():
        print(f"skipped: no recorded answers, missing {DATA}")
        return
    key = _key(DATA / "gsm8k" / "synthetic_solutions_key.jsonl", "is_correct")
    table("gsm8k", DATA / "gsm8k" / "synthetic_solutions.jsonl", Answer("number", Path()), key)
    key = _key(DATA / "spider_sql" / "synthetic_sql_key.jsonl", "fuzz_equal")
    output = Sql(SqlSettings(schemas="schemas.jsonl"), DATA / "spider_sql")
    table("spider_sql", DATA / "spider_sql" / "synthetic_sql.jsonl", output, key)


def table(name: str, path: Path, output: Output, key: Mapping[str, bool]) -> None:
    """Precision and share of kept rows and of questions, by how many answers must agree."""
    rows = [row.example for row in read_rows(path, strict=False, kind="synthetic")]
    start = time.process_time()
    tools, answers = Tools(output, Lexical(LexicalSettings(dims=64))), Answers("teacher")
    for row in rows:
        answers.add(row, tools.result(row), tools.beside(row))
    tools = replace(tools, answers=answers)
    print(f"\n{name}: {len(rows)} rows, {sum(key.values()) / len(key):.1%} right")
    for share in LEVELS[name]:
        gate = AgreementGate(AgreementSettings(min_share=share, undecided="fail"), tools)
        verdicts = gate.check(Batch(rows, tools))
        agreed = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict.code == "agreed"]
        lost = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict.code == "minority"]
        torn = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict.code == "no_agreement"]
        low, high = interval(sum(key[row.id] for row in agreed), len(agreed))
        right = sum(key[row.id] for row in agreed)
        print(
            f"  at least {share:.0%} agree: {len(agreed) / len(rows):.1%} of rows,"
            f" {right} of {len(agreed)} right, {right / len(agreed):.1%} [{low:.1%}, {high:.1%}];"
            f" minority {len(lost)}, of which right {sum(key[row.id] for row in lost)};"
            f" no agreement {len(torn)}, of which right {sum(key[row.id] for row in torn)}"
        )
    print(f"  {1000 * (time.process_time() - start) / len(rows) / len(LEVELS[name]):.2f} ms of CPU a row")


def _key(path: Path, field: str) -> dict[str, bool]:
    return {k["id"]: k[field] for k in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


if __name__ == "__main__":
    main()
