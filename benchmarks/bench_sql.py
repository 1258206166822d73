"""How many wrong queries `relevance.sql` finds among 2,526 that models wrote, without and with a reference.

    python benchmarks/bench_sql.py [--databases N]

Reads `spider_sql`: six recorded queries to each of 421 questions. What is right stands in its key: the same
rows as the gold query on five other random databases. The key scores; the gate sees it only where its gold
query is given as the reference. Intervals: Clopper-Pearson, 95 %.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from planning.worlds import DATA

from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_sql import SqlGate, SqlSettings
from seedstock.intervals import interval
from seedstock.seeds.readers import read_examples
from seedstock.tasks.sql import Sql
from seedstock.tasks.sql import SqlSettings as OutputSettings
from seedstock.verdict import Verdict

HERE = DATA / "spider_sql"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", type=int, default=5)
    settings = SqlSettings(reference="gold", databases=parser.parse_args().databases)
    if not HERE.exists():
        print(f"skipped: no recorded queries, missing {HERE}")
        return
    key = {k["id"]: k for k in map(json.loads, (HERE / "synthetic_sql_key.jsonl").open())}
    rows = read_examples(HERE / "synthetic_sql.jsonl", kind="synthetic")
    gold = [replace(row, meta={**row.meta, "gold": key[row.id]["gold_sql"]}) for row in rows]
    tools = Tools(Sql(OutputSettings(schemas="schemas.jsonl"), HERE), Lexical(LexicalSettings(dims=64)))
    for name, asked in (("without a reference", rows), ("with the right query as reference", gold)):
        start = time.process_time()
        verdicts = SqlGate(settings, tools).check(Batch(asked, tools))
        report(name, rows, verdicts, key, (time.process_time() - start) / len(rows))


def report(
    name: str, rows: list[Example], verdicts: list[Verdict], key: Mapping[str, Any], seconds: float
) -> None:
    """One table: of the wrong queries and of the right ones, how many were rejected, and why."""
    print(f"\n{name} ({1000 * seconds:.1f} ms of CPU a query)")
    for right, said in ((False, "wrong queries rejected"), (True, "right queries rejected")):
        of = [v for row, v in zip(rows, verdicts, strict=True) if key[row.id]["fuzz_equal"] is right]
        lost = [v for v in of if not v.passed]
        low, high = interval(len(lost), len(of))
        codes = ", ".join(f"{code} {n}" for code, n in Counter(v.code for v in lost).most_common())
        share = f"{len(lost) / len(of):.1%} [{low:.1%}, {high:.1%}]"
        print(f"  {said}: {len(lost)} of {len(of)}, {share} ({codes})")
    passed = Counter(v.status for v in verdicts)
    print(f"  verdicts: {dict(passed)}")


if __name__ == "__main__":
    main()
