"""Whether the rows that are ranked as suspects are those whose output was planted wrong.

    python benchmarks/bench_suspects.py [--json FILE]

The planted sets of poisoned/: classes and entity types that were flipped, entities that stand in no input.
Each set is audited first and the kept rows are ranked; then all rows whose output is valid are. `at_n` is
the share of plants among the first n rows, where n is their number; `found_in` the share of them in the
first so many per cent; `listed` how many rows a person is shown. Then the same for sets in which this
script plants: flips at random, and in a system (half, or four fifths, of the rows of every fifth class get
one other class).
`alone`: `at_n` where only the model of the real rows, or only that of all rows, is asked. CPU seconds are
those of the ranking, without embedding. Keys are read for scoring only.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from seedstock.config import default_embedder, default_gates
from seedstock.embedders.cache import VectorCache, default_cache_dir
from seedstock.example import Example
from seedstock.gates.base import Tools
from seedstock.gating import Gatekeeper
from seedstock.project import make_embedder, read_data
from seedstock.sections import DataSection
from seedstock.seeds.readers import read_rows
from seedstock.suspecting.families import folds_of
from seedstock.suspecting.probe import BAR, _Data
from seedstock.suspecting.ranking import Suspect, suspects
from seedstock.tasks.detect import detect_output, make_output

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).parents[2] / "shared" / "data"))
PLANTED = {
    "clinc_intents": ("clinc_intents", ("label_flip",)),
    "clinc_intents_noisy": ("clinc_intents", ("label_flip",)),
    "ner_movie": ("ner_movie", ("label_flip", "hallucinated_entity")),
}
BUDGETS = (0.05, 0.1, 0.2)


class Bench:
    """A set: real rows, rows to rank, and which of them are wrong."""

    def __init__(self, seeds: Path, rows: Sequence[Example], wrong: set[str], cache: Path) -> None:
        self.seeds = read_data(DataSection(path=seeds))
        self.rows, self.wrong = rows, wrong
        kind, value = detect_output(self.seeds)
        settings, embedder = default_embedder()
        self.vectors = VectorCache(make_embedder(embedder, settings), cache)
        self.tools = Tools(make_output(kind, value), self.vectors, self.seeds)

    def kept(self, holdout: Path) -> list[Example]:
        """What the gates of an audit keep."""
        held = read_data(DataSection(path=holdout))
        tools = Tools(self.tools.output, self.vectors, self.seeds, held)
        decisions = Gatekeeper(default_gates(), tools).check(self.rows)
        return [decision.example for decision in decisions if decision.failed is None]

    def valid(self) -> list[Example]:
        """All rows whose output the task allows."""
        return [row for row in self.rows if self.tools.output.check(row.output) is None]

    def score(self, name: str, rows: Sequence[Example]) -> dict[str, Any]:
        """Rank and compare with the key."""
        self.tools.vectors(rows)  # into the cache
        suspects(rows, self.seeds, self.tools)
        start = time.process_time()
        listed = suspects(rows, self.seeds, self.tools) or []
        seconds = time.process_time() - start
        ranked = suspects(rows, self.seeds, self.tools, least=-1e9) or []
        parts = {"alone": self.alone(rows)} if self.tools.output.labels else {}
        return {"set": name, "rows": len(rows), **self._figures(rows, ranked, len(listed)), **parts,
                "cpu_s": round(seconds, 2)}  # fmt: skip

    def alone(self, rows: Sequence[Example]) -> dict[str, float]:
        """`at_n` of each of the probe's two models without the other, for sets of labels."""
        given = [*self.seeds, *rows]
        names = sorted({str(row.output) for row in given})
        labels = np.array([names.index(str(row.output)) for row in given], np.intp)
        vectors, real = self.tools.vectors(given), np.arange(len(given)) < len(self.seeds)
        data = _Data(vectors, labels, len(names), folds_of(given, vectors))
        wrong, places = np.array([row.id in self.wrong for row in rows]), np.arange(len(given))
        out = {}
        for name, used in (("real", real), ("all", np.ones(len(given), np.bool_))):
            said = data.predict(data.fit(used), places)
            stated = said[places, labels].copy()
            said[places, labels] = -np.inf
            order = np.argsort((stated - said.max(axis=1))[len(self.seeds) :], kind="stable")
            out[name] = round(float(wrong[order[: wrong.sum()]].mean()), 3)
        return out

    def _figures(self, rows: Sequence[Example], ranked: Sequence[Suspect], listed: int) -> dict[str, Any]:
        rest = {row.id for row in rows} - {found.id for found in ranked}
        order = [found.id in self.wrong for found in ranked] + [id_ in self.wrong for id_ in sorted(rest)]
        n, right = sum(order), len(order) - sum(order)
        seen, above = 0, 0
        for bad in order:
            seen += bad
            above += 0 if bad else seen
        first = [(share, sum(order[: round(share * len(order))]) / n) for share in BUDGETS]
        return {
            "plants": n, "at_n": round(sum(order[:n]) / n, 3),
            "found_in": {f"{share:.0%}": round(part, 3) for share, part in first},
            "auc": round(above / (n * right), 4), "listed": listed,
            "listed_right": round(sum(order[:listed]) / max(1, listed), 3),
            "listed_found": round(sum(order[:listed]) / n, 3),
        }  # fmt: skip


def planted(cache: Path) -> Iterator[dict[str, Any]]:
    """The sets of poisoned/."""
    for name, (base, defects) in PLANTED.items():
        folder = DATA / "poisoned" / name
        rows = [row.example.with_source(kind="synthetic")
                for row in read_rows(folder / "poisoned.jsonl", strict=False, kind="synthetic")]  # fmt: skip
        with (folder / "key.jsonl").open() as file:
            key = {entry["id"]: {d["defect"] for d in entry["defects"]} for entry in map(json.loads, file)}
        wanted = [*((one,) for one in defects), defects] if len(defects) > 1 else [defects]
        for kinds in wanted:
            wrong = {id_ for id_, found in key.items() if found & set(kinds)}
            other = {id_ for id_, found in key.items() if found & (set(defects) - set(kinds))}
            mine = [row for row in rows if row.id not in other]
            bench = Bench(DATA / base / "seeds.jsonl", mine, wrong, cache)
            said = f"{name}: {', '.join(kinds)}"
            yield bench.score(f"{said}; kept", bench.kept(DATA / base / "holdout.jsonl"))
            yield bench.score(f"{said}; all", bench.valid())


def made(cache: Path) -> Iterator[dict[str, Any]]:
    """Flips of this script."""
    pool = read_data(DataSection(path=DATA / "clinc_intents" / "seed_pool.jsonl"))
    seeds = DATA / "clinc_intents" / "seeds.jsonl"
    own = {row.id for row in read_data(DataSection(path=seeds))}
    clean = Random(1).sample([row for row in pool if row.id not in own], 1600)
    for share in (0.5, 0.8):
        yield _flipped(f"clinc_intents, real, {share:.0%} of 8 classes", seeds, clean, cache, system=share)
    for teacher in ("gpt-4", "llama-2-70b"):
        tweets = read_data(DataSection(path=DATA / "tweet_sentiment" / f"synthetic_{teacher}.jsonl"))
        name = f"tweet_sentiment, {teacher}, 8 % at random"
        seeds = DATA / "tweet_sentiment" / "seeds.jsonl"
        yield _flipped(name, seeds, Random(1).sample(tweets, 1500), cache, rate=0.08)


def _flipped(
    name: str, seeds: Path, rows: Sequence[Example], cache: Path, *, rate: float = 0.0, system: float = 0.0
) -> dict[str, Any]:
    rng, names = Random(2), sorted({row.output for row in rows})
    partner = {label: rng.choice([n for n in names if n != label]) for label in names[::5]}
    out, wrong = [], set()
    for row in rows:
        label = row.output
        if system and label in partner and rng.random() < system:
            label = partner[label]
        elif rate and rng.random() < rate:
            label = rng.choice([n for n in names if n != label])
        if label != row.output:
            wrong.add(row.id)
        out.append(Example(row.id, row.input, label).with_source(kind="synthetic"))
    return Bench(seeds, out, wrong, cache).score(name, out)


def big(cache: Path) -> dict[str, Any]:
    """The cost for a recorded set of usual size."""
    rows = read_data(DataSection(path=DATA / "clinc_intents" / "synthetic_chatgpt.jsonl"))
    bench = Bench(DATA / "clinc_intents" / "seeds.jsonl", rows, set(), cache)
    bench.tools.vectors(rows)
    start = time.process_time()
    listed = suspects(rows, bench.seeds, bench.tools) or []
    return {"set": "clinc_intents/synthetic_chatgpt", "rows": len(rows), "listed": len(listed),
            "cpu_s": round(time.process_time() - start, 2)}  # fmt: skip


def main() -> None:
    """Print a line per set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--cache", type=Path, default=default_cache_dir() / "vectors.db", metavar="FILE")
    given = parser.parse_args()
    print(f"listed: log-odds above {BAR}")
    results = []
    for source in (planted(given.cache), made(given.cache), iter([big(given.cache)])):
        for figures in source:
            results.append(figures)
            print("  ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
