"""How far two recorded judges agree with people, and whether real rows seem to speak to a judge.

    python benchmarks/bench_judge.py [--pairs] [--json FILE]

Agreement is measured on the 999 pairs of judge_pandalm; `--pairs` stops there. The rows are those of all
seeds, pools, holdouts and OOD sets of the shared data.

Three people have said which of two answers is better, and so have GPT-3.5-turbo and PandaLM-7B. What people
say is their majority; pairs without one are left out. An answer of the judge that could not be read counts
as a verdict of its own, which nobody shares. Pairs come from 170 prompts, so intervals are drawn by prompt.
Each pair was judged in one order only: position bias is how much more often the judge prefers the first
answer than people do, on pairs that both decide.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedstock.addressing import addresses
from seedstock.jsoncheck.leaves import text_leaves
from seedstock.judging.calibration import agreement, leaning, rank_correlation, resampled

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PAIRS = DATA / "judge_pandalm" / "holdout.jsonl"
DECIDED = ("1", "2")


def words_of(said: str) -> str:
    """A recorded verdict in the words of people: 1, 2, 0 for a tie, or `unread`."""
    return {"tie": "0"}.get(said.casefold(), said) if said.casefold() in ("1", "2", "0", "tie") else "unread"


def longer(row: dict[str, Any]) -> float:
    """How much longer the first answer is, in words."""
    return float(len(row["response1"].split()) - len(row["response2"].split()))


def figures(rows: Sequence[dict[str, Any]], judge: str) -> dict[str, Any]:
    """Agreement, position and length of one judge."""
    said = [words_of(row["recorded_judges"][judge]) for row in rows]
    people = [row["output"] for row in rows]
    whole = agreement(said, people)
    drawn = resampled(said, people, [row["input"] for row in rows])
    both = [(a, b, row) for a, b, row in zip(said, people, rows, strict=True) if {a, b} <= {*DECIDED}]
    lean = leaning([a == "1" for a, _, _ in both], [b == "1" for _, b, _ in both])
    sides = [longer(row) for _, _, row in both]
    by_judge = rank_correlation([float(a == "1") for a, _, _ in both], sides)
    by_people = rank_correlation([float(b == "1") for _, b, _ in both], sides)
    assert by_judge is not None
    assert by_people is not None
    return {
        "judge": judge, **whole.to_json(), "by_prompt": [round(x, 4) for x in drawn],
        "unread": said.count("unread"), "decided_by_both": lean.n,
        "first_preferred": {
            "judge": round(lean.judge, 4), "people": round(lean.people, 4),
            "difference": round(lean.difference, 4), "interval": [round(lean.low, 4), round(lean.high, 4)],
        },
        "longer_preferred": {
            "judge": [round(x, 4) for x in by_judge], "people": [round(x, 4) for x in by_people],
        },
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """One judge in five lines."""
    low, high = found["by_prompt"]
    first, length = found["first_preferred"], found["longer_preferred"]
    print(f"{found['judge']}: {found['n']} pairs, {found['unread']} verdicts that could not be read")
    print(f"  agrees with the majority of people on {found['agreement']:.1%}")
    print(f"  kappa {found['kappa']:.3f} {found['interval']} by rows, [{low:.3f}, {high:.3f}] by prompts")
    print(f"  Gwet's AC1 {found['ac1']:.3f}")
    print(
        f"  prefers the first answer in {first['judge']:.1%} of the {found['decided_by_both']} pairs that"
        f" both decide, people in {first['people']:.1%}: {first['difference']:+.1%} {first['interval']}"
    )
    print(f"  length and preference: rho {length['judge']} for the judge, {length['people']} for people")


def main() -> int:
    """Print the figures of both judges; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not PAIRS.exists():
        print(f"missing: {PAIRS}")
        return 0
    with PAIRS.open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["output"] in ("0", "1", "2")]
    found = [figures(rows, judge) for judge in sorted(rows[0]["recorded_judges"])]
    for one in found:
        show(one)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if not options.pairs:
        accused()
    return 0


def accused() -> None:
    """Real rows, and those of them that are said to speak to a judge: each is a false alarm."""
    rows = alarms = 0
    for path in sorted(DATA.rglob("*.jsonl")):
        if path.stem in ("seeds", "seed_pool", "holdout", "ood", "oos"):
            for line in path.read_text(encoding="utf-8").splitlines():
                rows += 1
                for address in (a for _, text in text_leaves(json.loads(line)) for a in addresses(text)):
                    alarms += 1
                    print(f"  {path.parent.name}/{path.name}: {address.kind}: {address.quote!r}")
    print(f"real rows that are said to speak to a judge: {alarms} of {rows:,}")


if __name__ == "__main__":
    raise SystemExit(main())
