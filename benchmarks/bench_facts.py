"""How many harmed facts the facts gate finds, and how many harmless rewordings it turns away.

    python benchmarks/bench_facts.py [FOLDER …] [--seed 1] [--show 3] [--read 15] [--pool N] [--json FILE]

Plants are made from the real rows of every data folder (see `facts/plants.py`), which are read from
`SEEDSTOCK_DATA` or from `../shared/data` beside the clone, and put before `seedstock audit` with every
other gate turned off. A harmed row differs from its seed in exactly one fact; half of them are reworded
as well. Plants of the same seed resemble each other, so that true intervals are wider than printed.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from facts import auditing
from facts.plants import APART, HARMLESS, HEADLINE, UNTOUCHED, Plant, make, opportunities
from facts.score import Scored, Share
from facts.seeds import FOLDERS, Seed, read_seeds

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SHORT = {
    "clinc_intents": "clinc", "tweet_sentiment": "tweet", "ner_movie": "movie", "ner_wikigold": "wiki",
    "gsm8k": "gsm8k", "spider_sql": "spider", "self_instruct_qwen": "instruct",
}  # fmt: skip


def seeds_of(folder: str, pool: int, seed: int) -> list[Seed]:
    """The real rows of a folder, and `pool` more where it has a pool; none where the folder is missing."""
    path = DATA / folder / "seeds.jsonl"
    if not path.exists():
        print(f"missing: {path}")
        return []
    seeds = read_seeds(folder, path)
    more = DATA / folder / "seed_pool.jsonl"
    if not pool or not more.exists():
        return seeds
    known = {row.input for row in seeds} | {row.id for row in seeds}
    fresh = [row for row in read_seeds(folder, more) if row.input not in known and row.id not in known]
    return seeds + Random(f"pool {seed}").sample(fresh, min(pool, len(fresh)))


def run(options: argparse.Namespace, place: Path) -> Scored:
    """Make the plants of every folder and have them judged."""
    plants: list[Plant] = []
    decisions = auditing.read(options.rejected) if options.rejected else {}
    for folder in options.folders or FOLDERS:
        seeds = seeds_of(folder, options.pool, options.seed)
        made = make(seeds, Random(f"{options.seed} {folder}"))
        plants += made
        if made and not options.rejected and not options.read:
            auditing.write(place / folder, folder, seeds, made, options.gates)
            decisions |= auditing.audit(place / folder)
    return Scored(plants, decisions)


# -- printing


def line(name: str, shares: Iterable[Share]) -> str:
    """A row of a table: hits of all, column by column."""
    cells = [f"{share.hits}/{share.n}" if share.n else "·" for share in shares]
    return f"{name:20s}" + "".join(f"{cell:>10s}" for cell in cells)


def table(scored: Scored) -> None:
    """Rejected of all, by kind and folder."""
    print(f"\n{'rejected':20s}" + "".join(f"{name:>10s}" for name in [*SHORT.values(), "all"]))
    for kind in (*HEADLINE, *APART, HARMLESS, UNTOUCHED):
        shares = [scored.share(scored.of(kind, folder)) for folder in FOLDERS]
        print(line(kind, [*shares, scored.share(scored.of(kind))]))


def forms(scored: Scored) -> None:
    """Where it goes right and wrong: by form, and plain beside reworded."""
    for kind in (*HEADLINE, *APART, HARMLESS):
        groups = scored.forms(kind)
        print(f"\n{kind}: " + ", ".join(f"{name} {share.hits}/{share.n}" for name, share in groups.items()))
        if codes := scored.codes(kind):
            print("  codes: " + ", ".join(f"{code} {n}" for code, n in codes.most_common()))


def headline(scored: Scored, seed: int) -> dict[str, Share]:
    """The figures with their intervals."""
    harmed = scored.headline()
    found = {"recall, headline": scored.share(harmed), "precision, one to one": scored.precision(seed)}
    found |= {f"recall, {kind}": scored.share(scored.of(kind)) for kind in HEADLINE}
    found["recall, plain"] = scored.share(p for p in harmed if not p.reworded)
    found["recall, reworded"] = scored.share(p for p in harmed if p.reworded)
    found |= {f"recall apart, {kind}": scored.share(scored.of(kind)) for kind in APART}
    found["false alarms, drawn"] = scored.share(scored.drawn(seed))
    found["false alarms, all"] = scored.share(scored.of(HARMLESS))
    found["false alarms, untouched"] = scored.share(scored.of(UNTOUCHED))
    return found


def show(scored: Scored, count: int, seed: int) -> None:
    """Wrong decisions of each kind."""
    for kind in (*HEADLINE, *APART, HARMLESS, UNTOUCHED):
        wrong = [plant for plant in scored.of(kind) if scored.rejected(plant) != plant.harmed]
        for plant in Random(f"show {seed}").sample(wrong, min(count, len(wrong))):
            found = scored.decisions.get(plant.id)
            _print(plant, f"{found.gate} {found.code}: {found.reason}" if found else "kept")


def read_aloud(plants: list[Plant], count: int, seed: int) -> None:
    """Plants of each kind and folder, to be read by a person."""
    for kind in (*HEADLINE, *APART, HARMLESS):
        for folder in FOLDERS:
            here = [plant for plant in plants if plant.kind == kind and plant.folder == folder]
            for plant in Random(f"read {seed}").sample(here, min(count, len(here))):
                _print(plant, "")


def _print(plant: Plant, decision: str) -> None:
    how = ", ".join(plant.reworded) or "not reworded"
    print(f"\n[{plant.kind}: {plant.form}] {plant.folder} {plant.parent} {plant.note} ({how}) {decision}")
    print(f"  - {plant.original!r}\n  + {plant.text!r}")
    if plant.kind == "output_changed":
        print(f"  output: {plant.output}")


def report(scored: Scored, options: argparse.Namespace) -> dict[str, Any]:
    """Print everything; the same as a JSON document."""
    table(scored)
    forms(scored)
    few = {SHORT[folder]: n for folder, n in opportunities(scored.plants, "negation_dropped").items()}
    print(
        "\nplaces where a negation could be dropped: " + ", ".join(f"{name} {n}" for name, n in few.items())
    )
    if others := scored.others():
        print(f"rejected by other gates, counted as kept: {dict(others)}")
    figures = headline(scored, options.seed)
    print("\n" + "\n".join(f"{name:32s}{share}" for name, share in figures.items()))
    show(scored, options.show, options.seed)
    return {
        "seed": options.seed, "pool": options.pool,
        "figures": {name: share.to_json() for name, share in figures.items()},
        "rejected": {
            kind: {f: scored.share(scored.of(kind, f)).to_json() for f in FOLDERS if scored.of(kind, f)}
            for kind in (*HEADLINE, *APART, HARMLESS, UNTOUCHED)
        },
        "forms": {
            kind: {name: share.to_json() for name, share in scored.forms(kind).items()}
            for kind in (*HEADLINE, *APART, HARMLESS)
        },
    }  # fmt: skip


def main() -> None:
    """Make, judge, score and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help=f"of {', '.join(FOLDERS)}; default: all")
    parser.add_argument("--seed", type=int, default=1, help="other seeds make other plants")
    parser.add_argument(
        "--pool", type=int, default=0, metavar="N", help="N more real rows where a folder has a pool"
    )
    parser.add_argument(
        "--show", type=int, default=0, metavar="N", help="wrong decisions of each kind to print"
    )
    parser.add_argument(
        "--read", type=int, default=0, metavar="N", help="only print N plants of each kind and folder"
    )
    parser.add_argument("--gates", type=json.loads, default={}, metavar="JSON", help="settings of gates")
    parser.add_argument("--rejected", type=Path, metavar="FILE", help="score these decisions; ask no gate")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave plants and audits here")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if unknown := set(options.folders) - set(FOLDERS):
        parser.error(f"unknown folders: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as scratch:
        scored = run(options, options.keep or Path(scratch))
    if not scored.plants:
        print("no data, nothing measured")
    elif options.read:
        read_aloud(scored.plants, options.read, options.seed)
    else:
        figures = report(scored, options)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
