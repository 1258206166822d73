"""What the gates duplicate and leak find of planted copies, and what the values guard costs and saves.

    python benchmarks/bench_twins.py [--misses]

First the poisoned sets of the shared data: rows planted as copies of other rows and of holdout rows, by
their answer keys, which no gate sees. For copies either twin may go. `clean` are rows without any defect
that are no twin of a planted copy; people repeat each other, so some of them lie near another real row.

Then labelled pairs above cosine 0.92: planted copies (the same), rows reworded by harmless rules (the
same), and rows in which one number, unit or code was changed (different). `guard` is the share that the
gate takes for the same; without it all of them would be.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from facts.plants import make
from facts.seeds import FOLDERS, read_seeds

from seedstock.config import default_gates
from seedstock.embedders.cache import VectorCache, default_cache_dir
from seedstock.embedders.minilm import MiniLM, MiniLMSettings
from seedstock.example import Example
from seedstock.gates.base import Tools
from seedstock.gates.kept import Memory, Row
from seedstock.gating import Decision, Gatekeeper
from seedstock.intervals import interval
from seedstock.neighbours import cosines
from seedstock.seeds.readers import read_examples, read_rows
from seedstock.tasks.detect import detect_output, make_output
from seedstock.text import find_template, values

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = ("clinc_intents", "clinc_intents_noisy", "gsm8k", "ner_movie", "spider_sql", "instruct_code")
THRESHOLD = 0.92
VALUES = ("number_changed", "number_dropped", "unit_changed", "multiplier_changed", "code_changed")
MOST = 150

Key = dict[str, dict[str, Any]]


def tools_for(name: str, embedder: VectorCache, first: Sequence[str]) -> Tools:
    """What a poisoned set is held against; `instruct_code` has no seeds and a holdout of its own."""
    folder = DATA / name.removesuffix("_noisy")
    own = DATA / "poisoned" / name
    seeds = read_examples(folder / "seeds.jsonl") if (folder / "seeds.jsonl").exists() else []
    holdout = read_examples((folder if seeds else own) / "holdout.jsonl")
    ood = read_examples(folder / "ood.jsonl") if (folder / "ood.jsonl").exists() else []
    output = make_output(*detect_output(seeds or holdout))
    templates = tuple(find_template(texts) for texts in ([seed.input_text for seed in seeds], first))
    return Tools(output, embedder, seeds, holdout, ood, templates)


def read_key(name: str) -> Key:
    """Id → its line of the answer key."""
    with (DATA / "poisoned" / name / "key.jsonl").open(encoding="utf-8") as lines:
        return {entry["id"]: entry for entry in map(json.loads, lines)}


def defect(key: Key, id_: str, name: str) -> dict[str, Any] | None:
    """A planted defect of a row, or None."""
    return next((d for d in key.get(id_, {}).get("defects", ()) if d["defect"] == name), None)


def poisoned(name: str, embedder: VectorCache, misses: bool) -> None:
    """One set: recall of each kind of copy, and the clean rows that are turned away."""
    rows = [row.example for row in read_rows(DATA / "poisoned" / name / "poisoned.jsonl", strict=False)]
    rows = [row.with_source(kind="synthetic") for row in rows]
    tools = tools_for(name, embedder, [row.input_text for row in rows[:256]])
    gone = {d.example.id: d for d in Gatekeeper(default_gates(), tools).check(rows) if d.failed}
    key = read_key(name)
    print(f"\n{name}: {len(rows)} rows")
    for kind, planted, found in kinds(key, gone):
        print(f"  {kind:24} {len(found):4} of {len(planted):4}{_share(len(found), len(planted))}")
        for id_ in planted if misses else ():
            if id_ not in found:
                print(f"     missed {next(row.input_text for row in rows if row.id == id_)[:100]}")
    twins = {entry["dup_of"] for entry in key.values()}
    clean = [row.id for row in rows if row.id not in key and row.id not in twins]
    codes = Counter(_code(gone[id_]) for id_ in clean if id_ in gone)
    told = ", ".join(f"{code} {n}" for code, n in codes.most_common()) or "none"
    print(f"  clean rows turned away   {codes.total():4} of {len(clean):4}: {told}")


def kinds(key: Key, gone: dict[str, Decision]) -> Iterator[tuple[str, list[str], set[str]]]:
    """Each kind of copy: the planted rows, and those of them that are found."""
    near = {id_: d["cosine"] for id_ in key if (d := defect(key, id_, "near_duplicate"))}
    planted = {
        "exact": [id_ for id_ in key if defect(key, id_, "exact_duplicate")],
        "near, cosine above 0.92": [id_ for id_, cosine in near.items() if cosine > THRESHOLD],
        "near, below": [id_ for id_, cosine in near.items() if cosine <= THRESHOLD],
    }
    for kind, ids in planted.items():
        yield kind, ids, {id_ for id_ in ids if id_ in gone or key[id_]["dup_of"] in gone}
    leaks = [id_ for id_ in key if defect(key, id_, "holdout_leak")]
    yield "leak", leaks, {id_ for id_ in leaks if id_ in gone and _code(gone[id_]).startswith("leak")}


def _code(decision: Decision) -> str:
    return f"{decision.failed.gate} {decision.failed.code}" if decision.failed else "kept"


def _share(x: int, n: int) -> str:
    low, high = interval(x, n)
    return f"  {x / n:6.1%} [{low:.1%}, {high:.1%}]" if n else ""


def labelled(embedder: VectorCache) -> dict[str, list[tuple[bool, bool]]]:
    """Kind of pair → for each pair above the threshold: same by tokens in digits alone, same by the guard."""
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for name in SETS:
        texts = {row.example.id: row.example.input_text
                 for row in read_rows(DATA / "poisoned" / name / "poisoned.jsonl", strict=False)}  # fmt: skip
        pairs = [(texts[e["dup_of"]], texts[e["id"]]) for e in read_key(name).values()
                 if any(d["defect"] == "near_duplicate" for d in e["defects"])]  # fmt: skip
        found["same: planted copy"] += compared(pairs, embedder)
    for folder in FOLDERS:
        seeds = read_seeds(folder, DATA / folder / "seeds.jsonl")
        plants = [plant for plant in make(seeds, Random(f"1 {folder}")) if plant.text != plant.original]
        for kind in ("harmless", *VALUES):
            pairs = [(plant.original, plant.text) for plant in plants if plant.kind == kind][:MOST]
            label = "same" if kind == "harmless" else "different"
            found[f"{label}: {kind.replace('_', ' ')}"] += compared(pairs, embedder)
    return found


def compared(pairs: Sequence[tuple[str, str]], embedder: VectorCache) -> list[tuple[bool, bool]]:
    """Of the pairs above the threshold: what a comparison of digits and the gate's guard say."""
    if not pairs:
        return []
    one, two = (embedder.embed([pair[side] for pair in pairs]) for side in (0, 1))
    every = np.arange(len(pairs))
    near = cosines(one, every, two, every) > THRESHOLD
    tools = Tools(make_output("labels", ["a", "b"]), embedder)
    memory = Memory(tools, THRESHOLD)
    said = []
    for (first, second), above in zip(pairs, near, strict=True):
        if above:
            rows = [Row(Example(id="x", input=text, output="a"), tools) for text in (first, second)]
            said.append((values(first) == values(second), memory.same_values(rows[1], rows[0])))
    return said


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="print the planted rows that were not found")
    options = parser.parse_args()
    if not DATA.exists():
        raise SystemExit(f"missing: {DATA}; name the shared data with SEEDSTOCK_DATA")
    embedder = VectorCache(MiniLM(MiniLMSettings()), default_cache_dir() / "vectors.db")
    for name in SETS:
        poisoned(name, embedder, options.misses)
    print("\npairs above cosine 0.92 taken for the same:          digits alone        guard")
    for kind, said in labelled(embedder).items():
        shares = [sum(one[side] for one in said) for side in (0, 1)]
        told = "   ".join(f"{x:4} ({x / max(1, len(said)):6.1%})" for x in shares)
        print(f"  {kind:34} {len(said):4} pairs   {told}")


if __name__ == "__main__":
    main()
