"""What the gates find of the defects planted in `poisoned/*`, and how many clean rows they turn away.

    python benchmarks/bench_poisoned.py [FOLDER …] [--misses 5] [--json FILE]

Every folder is put before `seedstock audit` with the seeds, holdout and OOD rows of its data set, and no
config; `spider_sql` gets the schemas besides. The answer key is read afterwards, for counting only. A
defect counts as found where its row is rejected, or where the row was repaired; of a pair of duplicates
either may go. Clean rows that are rejected because another *human* row says the same (`duplicate`) are
counted apart: they are natural twins.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from seedstock import audit
from seedstock.intervals import lower_bound, upper_bound

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = {
    "clinc_intents": "clinc_intents", "clinc_intents_noisy": "clinc_intents", "gsm8k": "gsm8k",
    "instruct_code": "self_instruct_qwen", "ner_movie": "ner_movie", "spider_sql": "spider_sql",
}  # fmt: skip
"""Folder of planted defects → folder of the real rows it is held against."""
TWINS = ("duplicate: near", "duplicate: exact", "duplicate: lexical", "leak: near", "leak: exact")
"""Why a clean row may go because another human wrote the same: natural twins."""


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def audited(name: str, out: Path) -> float:
    """Audit a folder into `out`; CPU seconds."""
    folder, real = DATA / "poisoned" / name, DATA / SETS[name]
    own = folder / "holdout.jsonl"
    holdout = own if own.exists() else real / "holdout.jsonl"
    ood = real / "ood.jsonl"
    config = spider(out.with_suffix(".project"), real) if name == "spider_sql" else None
    started = time.process_time()
    audit(
        [folder / "poisoned.jsonl"], seeds=real / "seeds.jsonl", holdout=holdout,
        ood=ood if ood.exists() else None, config=config, out=out,
    )  # fmt: skip
    return time.process_time() - started


def spider(folder: Path, real: Path) -> Path:
    """A config that names the schemas of the databases."""
    folder.mkdir()
    sql = {"schemas": str(real / "schemas.jsonl"), "by": "db_id", "dialect": "sqlite"}
    config = {
        "task": {"kind": "sql", "output": {"sql": sql}}, "seeds": {"path": str(real / "seeds.jsonl")},
    }  # fmt: skip
    path = folder / "seedstock.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


class Score:
    """What became of each row, by the defect that was planted in it."""

    def __init__(self, name: str, out: Path) -> None:
        self.name = name
        self.planted = rows(DATA / "poisoned" / name / "poisoned.jsonl")
        self.key = {row["id"]: row for row in rows(DATA / "poisoned" / name / "key.jsonl")}
        self.rejected = {row["id"]: row for row in rows(out / "rejected.jsonl")}
        kept = rows(out / "kept.jsonl")
        self.repaired = {row["id"] for row in kept if row.get("repairs")}
        suspects = out / "suspects.jsonl"
        self.suspects = [row["id"] for row in rows(suspects)] if suspects.exists() else []
        self.by_id = {row["id"]: row for row in self.planted}

    def found(self, id_: str, defect: dict[str, Any]) -> str:
        """By which gate, or empty."""
        if id_ in self.rejected:
            return str(self.rejected[id_]["gate"])
        twin = self.key[id_].get("dup_of")
        if "duplicate" in defect["defect"] and twin in self.rejected:
            return f"{self.rejected[twin]['gate']} (twin)"
        return "repaired" if id_ in self.repaired else ""

    def defects(self) -> dict[str, Counter[str]]:
        """Defect → by what it was found, and how often; the empty string for what was missed."""
        out: dict[str, Counter[str]] = defaultdict(Counter)
        for id_, row in self.key.items():
            for defect in row["defects"]:
                out[self.kind(defect)][self.found(id_, defect)] += 1
        return out

    @staticmethod
    def kind(defect: dict[str, Any]) -> str:
        """A defect's name; near duplicates by whether their cosine is above the threshold."""
        name = str(defect["defect"])
        if name == "near_duplicate":
            return "near_duplicate > 0.92" if defect.get("cosine", 1) > 0.92 else "near_duplicate ≤ 0.92"
        return name

    def clean(self) -> tuple[int, Counter[str], list[str]]:
        """How many rows have nothing planted in them, why some of these were rejected, and their ids."""
        twins = {row.get("dup_of") for row in self.key.values()}
        ids = [row["id"] for row in self.planted if row["id"] not in self.key]
        lost = [id_ for id_ in ids if id_ in self.rejected and not (id_ in twins and self.is_twin(id_))]
        why = Counter(f"{self.rejected[id_]['gate']}: {self.rejected[id_]['code']}" for id_ in lost)
        return len(ids), why, lost

    def is_twin(self, id_: str) -> bool:
        """Whether a clean row was taken for the copy of its own planted twin."""
        return str(self.rejected[id_]["gate"]).startswith("duplicate")

    def flips(self) -> tuple[int, int, int] | None:
        """Of the first rows of the suspects, as many as kept flips there are: hits, and both counts."""
        planted = {
            i for i, row in self.key.items() if any(d["defect"] == "label_flip" for d in row["defects"])
        }
        left = planted - self.rejected.keys()
        if not left or not self.suspects:
            return None
        top = self.suspects[: len(left)]
        return sum(id_ in left for id_ in top), len(left), len(self.suspects)

    def misses(self, kind: str, n: int) -> list[str]:
        """Examples of what was missed."""
        missed = [
            (id_, defect)
            for id_, row in self.key.items()
            for defect in row["defects"]
            if self.kind(defect) == kind and not self.found(id_, defect)
        ]
        return [
            f"      {shown(self.by_id[id_])} ⟵ {json.dumps(d, ensure_ascii=False)[:160]}"
            for id_, d in missed[:n]
        ]


def shown(row: dict[str, Any]) -> str:
    """A row in a line."""
    return f"{str(row['input'])[-110:]!r} → {str(row['output'])[-110:]!r}"


def tell(score: Score, seconds: float, n: int) -> dict[str, Any]:
    """Print a folder's figures; the same as data."""
    print(f"\n== {score.name}: {len(score.planted)} rows, {seconds:.1f} CPU-s")
    figures: dict[str, Any] = {"rows": len(score.planted), "defects": {}}
    for kind, by in sorted(score.defects().items()):
        total, found = by.total(), by.total() - by[""]
        gates = ", ".join(f"{gate} {count}" for gate, count in by.most_common() if gate)
        print(f"  {kind:24} {found:4} of {total:4} = {found / total:6.1%}   {gates}")
        figures["defects"][kind] = {"found": found, "planted": total}
        print("\n".join(score.misses(kind, n))) if n and found < total else None
    clean, why, lost = score.clean()
    apart = sum(count for code, count in why.items() if code in TWINS)
    rest = why.total() - apart
    low, high = lower_bound(rest, clean), upper_bound(rest, clean)
    print(f"  clean rows rejected: {rest} of {clean} = {rest / clean:.1%} [{low:.1%}, {high:.1%}]"
          f"; natural twins besides: {apart} ({apart / clean:.1%}); {dict(why)}")  # fmt: skip
    for id_ in [i for i in lost if not score.is_twin(i)][: 2 * n]:
        no = score.rejected[id_]
        print(f"      {shown(score.by_id[id_])} ⟵ {no['gate']} {no['code']}: {no['reason'][:150]}")
    flips = score.flips()
    if flips:
        print(f"  label flips among the first suspects: {flips[0]} of {flips[1]} = {flips[0] / flips[1]:.1%};"
              f" {flips[2]} suspects in all")  # fmt: skip
    return figures | {"clean": clean, "rejected": rest, "twins": apart, "flips": flips}


def main() -> None:
    """Audit, count, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", choices=[*SETS, []])
    parser.add_argument("--misses", type=int, default=0, help="print so many of each kind that were missed")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not DATA.exists():
        print(f"skipped: no data at {DATA}")
        return
    figures = {}
    with tempfile.TemporaryDirectory() as place:
        for name in options.folders or SETS:
            out = Path(place) / name
            seconds = audited(name, out)
            figures[name] = tell(Score(name, out), seconds, options.misses)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
