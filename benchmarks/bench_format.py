"""The format gate on the shared sets: what it rejects and repairs of real, poisoned and recorded rows.

    python benchmarks/bench_format.py [--data DIR] [--sample FILE]

`real`: real rows against the seeds of their set; nearly all must pass. `poisoned`: recall of planted
malformed rows and of an assistant's phrases, and what is rejected of clean rows (answer keys are read for
counting only). `recorded`: what teachers really returned. `--sample` writes 100 of those decisions, drawn
with a fixed seed from each reject code, each repair and the passes, to be read. Times are
CPU-seconds of this process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example
from seedstock.gates.base import Batch, Tools
from seedstock.gates.format import FormatGate, FormatSettings
from seedstock.seedbed import sow
from seedstock.seeds.readers import read_examples
from seedstock.tasks.detect import detect_output, make_output
from seedstock.verdict import Verdict

REAL = (
    ("clinc_intents", ("holdout", "seed_pool", "ood")),
    ("tweet_sentiment", ("holdout", "seed_pool", "ood")),
    ("ner_movie", ("holdout", "seed_pool")),
    ("ner_wikigold", ("holdout", "seed_pool")),
    ("gsm8k", ("holdout",)),
    ("spider_sql", ("holdout",)),
    ("self_instruct_qwen", ("holdout",)),
)
SYNTHETIC = (
    ("clinc_intents", "synthetic_chatgpt"),
    ("tweet_sentiment", "synthetic_gpt-4"),
    ("tweet_sentiment", "synthetic_llama-2-70b"),
    ("ner_movie", "synthetic_simple_prompt"),
    ("ner_wikigold", "synthetic_simple_prompt"),
    ("gsm8k", "synthetic_solutions"),
    ("self_instruct_qwen", "synthetic_qwen"),
)
POISONED = {
    "clinc_intents": "clinc_intents/seeds.jsonl",
    "clinc_intents_noisy": "clinc_intents/seeds.jsonl",
    "gsm8k": "gsm8k/seeds.jsonl",
    "instruct_code": "poisoned/instruct_code/holdout.jsonl",
    "ner_movie": "ner_movie/seeds.jsonl",
    "spider_sql": "spider_sql/seeds.jsonl",
}
DECISIONS = 100
_ENTITY = re.compile(r"\s*([^()\[\],][^()\[\]]{0,80}?) \(([^()]{2,30})\)\s*(?:,|$)")


@dataclass(frozen=True)
class Decided:
    """A row as it came, as the gate mended it, and its verdict."""

    row: Example
    mended: Example
    verdict: Verdict

    @property
    def repaired(self) -> bool:
        return self.verdict.passed and self.mended is not self.row

    @property
    def strata(self) -> list[str]:
        """What the decision is an example of."""
        if not self.verdict.passed:
            return [f"rejected: {self.verdict.code}"]
        return [f"repaired: {name}" for name in self.mended.source.repairs] or ["passed"]


def made_gate(seeds: list[Example]) -> FormatGate:
    """The gate as `audit` would make it from these seeds."""
    output = make_output(*detect_output(seeds))
    usable = sow(seeds, [], output).usable
    return FormatGate(FormatSettings(), Tools(output, Lexical(LexicalSettings(dims=16)), usable))


def decide(gate: FormatGate, rows: list[Example]) -> tuple[list[Decided], float]:
    """The decisions, and the CPU-seconds they took."""
    start = time.process_time()
    mended = [gate.mend(row) for row in rows]
    verdicts = gate.check(Batch(mended, gate.tools))
    spent = time.process_time() - start
    return [Decided(*parts) for parts in zip(rows, mended, verdicts, strict=True)], spent


def told(name: str, decided: list[Decided], spent: float) -> None:
    """One line of counts."""
    codes = Counter(d.verdict.code for d in decided if not d.verdict.passed)
    repairs = Counter(repair for d in decided if d.repaired for repair in d.mended.source.repairs)
    rejected, n = sum(codes.values()), len(decided)
    fixed = sum(d.repaired for d in decided)
    print(
        f"{name:42} {n:6} rows  rejected {rejected:4} ({rejected / n:.2%}) {dict(codes.most_common())}"
        f"  repaired {fixed} {dict(repairs.most_common())}  {1e6 * spent / n:.0f} µs a row"
    )


def real_and_synthetic(data: Path) -> None:
    """Real rows, then rows of recorded teachers, against the seeds of their set."""
    for folder, files in REAL:
        gate = made_gate(read_examples(data / folder / "seeds.jsonl"))
        for file in files:
            rows = read_examples(data / folder / f"{file}.jsonl", strict=False)
            told(f"real {folder}/{file}", *decide(gate, rows))
    for folder, file in SYNTHETIC:
        gate = made_gate(read_examples(data / folder / "seeds.jsonl"))
        rows = read_examples(data / folder / f"{file}.jsonl", strict=False, kind="synthetic")
        told(f"recorded {folder}/{file}", *decide(gate, rows))


def poisoned(data: Path) -> None:
    """Recall per planted defect and false rejections of clean rows."""
    for name, seeds in POISONED.items():
        gate = made_gate(read_examples(data / seeds))
        folder = data / "poisoned" / name
        rows = read_examples(folder / "poisoned.jsonl", strict=False, kind="synthetic")
        decided, spent = decide(gate, rows)
        told(f"poisoned {name}", decided, spent)
        planted = defaultdict[str, set[str]](set)
        for line in (folder / "key.jsonl").read_text(encoding="utf-8").splitlines():
            key = json.loads(line)
            planted[key["id"]] |= {defect["defect"] for defect in key["defects"]}
        for defect in ("malformed", "teacher_boilerplate"):
            those = [d for d in decided if defect in planted[d.row.id]]
            rejected, repaired = sum(not d.verdict.passed for d in those), sum(d.repaired for d in those)
            caught = (rejected + repaired) / len(those)
            print(
                f"    {defect}: {len(those)}, rejected {rejected}, repaired {repaired}, caught {caught:.1%}"
            )
        clean = [d for d in decided if not planted[d.row.id] - {"term_quirk"}]
        wrong = sum(not d.verdict.passed for d in clean)
        print(f"    clean rows: {len(clean)}, rejected {wrong} ({wrong / len(clean):.2%})")


# -- what teachers returned


def returned(data: Path) -> Iterator[tuple[str, list[Example], list[Example]]]:
    """Name, seeds and rows of three recordings of unparsed answers, each read as simply as can be."""
    seeds = read_examples(data / "self_instruct_qwen/seeds.jsonl")
    lines = _gzipped(data / "safety_xstest/recorded_completions.jsonl.gz")
    replies = [_row(one["id"], one["input"], one["output"]) for one in lines]
    yield "safety_xstest replies", seeds, replies
    lines = _gzipped(data / "self_instruct_qwen/synthetic_raw_completions.jsonl.gz")
    answers = [_row(one["id"], one["instruction"], one["raw_completion"]) for one in lines]
    yield "self_instruct_qwen completions", seeds, answers
    lines = _gzipped(data / "ner_movie/synthetic_raw_completions.jsonl.gz")
    rows = [row for one in lines for row in _items(one["id"], one["completion"])]
    yield "ner_movie completions", read_examples(data / "ner_movie/seeds.jsonl"), rows


def _gzipped(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _row(name: str, given: str, output: str) -> Example:
    return Example(name, given, output).with_source(kind="synthetic")


def _items(name: str, completion: str) -> Iterator[Example]:
    """A list of `1. Query: "…"` with a line `Named Entities: [x (Type), …]` below each: as it stands."""
    for place, block in enumerate(completion.split("\n\n")):
        query, _, entities = block.partition("\n")
        written = entities.partition(":")[2].strip()
        found = [{"text": text, "type": kind} for text, kind in _ENTITY.findall(written.strip("[]"))]
        output = json.dumps({"entities": found}) if written.startswith("[") else entities
        yield _row(f"{name}-{place}", query, output)


def recorded(data: Path) -> list[tuple[str, Decided]]:
    """Counts of each recording, and all its decisions."""
    every: list[tuple[str, Decided]] = []
    for name, seeds, rows in returned(data):
        decided, spent = decide(made_gate(seeds), rows)
        told(f"returned {name}", decided, spent)
        every += [(name, one) for one in decided]
    return every


def sample(every: list[tuple[str, Decided]]) -> list[dict[str, Any]]:
    """Decisions to read: strata in turn, each in random order, until there are enough."""
    rng = random.Random(20261125)
    strata: dict[str, list[tuple[str, Decided]]] = defaultdict(list)
    for name, one in every:
        for stratum in one.strata:
            strata[f"{name}: {stratum}"].append((name, one))
    for rows in strata.values():
        rng.shuffle(rows)
    chosen: list[dict[str, Any]] = []
    for turn in range(DECISIONS):
        for stratum in sorted(strata):
            if turn < len(strata[stratum]) and len(chosen) < DECISIONS:
                chosen.append(_shown(stratum, strata[stratum][turn][1]))
    return sorted(chosen, key=lambda one: one["stratum"])


def _shown(stratum: str, one: Decided) -> dict[str, Any]:
    shown = {
        "stratum": stratum, "id": one.row.id, "reason": one.verdict.reason, "evidence": one.verdict.evidence,
        "input": one.row.input_text, "output": one.row.output_text,
    }  # fmt: skip
    if one.repaired:
        shown |= {"repaired_input": one.mended.input_text, "repaired_output": one.mended.output_text}
    return shown


def speed(data: Path) -> None:
    """The whole gate over 9,444 rows, set-up and loading of what it needs included."""
    seeds = read_examples(data / "clinc_intents/seeds.jsonl")
    rows = read_examples(data / "clinc_intents/synthetic_chatgpt.jsonl", strict=False, kind="synthetic")
    start = time.process_time()
    gate = made_gate(seeds)
    set_up = time.process_time() - start
    _, spent = decide(gate, rows)
    print(f"speed: {len(rows)} rows of clinc_intents: set-up {set_up:.2f} s, rows {spent:.2f} s")


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """As JSON Lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    """See the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    beside = Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SEEDSTOCK_DATA", beside)))
    parser.add_argument("--sample", type=Path, help="where to write 100 decisions to read")
    given = parser.parse_args()
    speed(given.data)
    real_and_synthetic(given.data)
    poisoned(given.data)
    every = recorded(given.data)
    if given.sample:
        write(given.sample, sample(every))


if __name__ == "__main__":
    main()
