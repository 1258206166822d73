"""Requests for a set of rows: the plan, a fixed multiplier, and a loop that stops at the total.

    python benchmarks/bench_plan.py [NAME …] [--mix new|usual|facts] [--target N] [--seed N] [--json FILE]

The recorded teachers wrote new rows beside real ones that are not the project's seeds. `new` asks them for
what they are: `generate` and `long_tail`. `usual` is the usual mix of recipes without the gate `facts`, as
what comes is no rewrite of the seed that was sent; `facts` has the gate, and so recipes that hardly work.
Same recorded teacher, recipes, gates and target. `needed` is the sum over cells of accepted rows /
(rows per request × yield): what requests would come to without any loss to planning. Rows per request are
those that a recipe asks for as a rule; `ratio_asked` has the same with the rows that were asked for.
The loop asks one question at a time, at best: it never has any under way when the total is reached.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from planning.naive import Notebook, Outcome, fixed_multiplier
from planning.worlds import make_project, missing, recorded

from seedstock import Project, run
from seedstock.quotas import Goal

FIXED = 4
MIXES: dict[str, dict[str, Any]] = {
    "new": {"plan": {"recipes": {"generate": 0.7, "long_tail": 0.3}}},
    "usual": {"gates": {"facts": False}},
    "facts": {},
}


def planned(folder: Path, name: str, mix: dict[str, Any]) -> dict[str, Any]:
    """The product's own run."""
    with recorded(name) as url, Project(make_project(folder, name, url, **mix)) as project:
        started = time.process_time()
        result = run(project)
        told = result.to_json()
        goals = result.plan.goals.values()
        return {
            "requests": told["requests"]["sent"], "candidates": told["candidates"],
            "accepted": told["accepted"],
            "target": result.plan.target, "needed": told["efficiency"]["needed"],
            "ratio": told["efficiency"]["ratio"], "ratio_asked": ratio_asked(goals), "cells": len(goals),
            "filled": sum(not goal.missing for goal in goals),
            "given_up": {goal.cell.name: goal.state for goal in goals if goal.missing},
            "rarest": {goal.cell.name: f"{goal.accepted} of {goal.target}" for goal in rarest(goals)},
            "targets": {goal.cell.name: goal.target for goal in goals}, "rejected": told["rejected"],
            "most_from_one_seed": told["parents"]["most"], "cpu_s": round(time.process_time() - started, 2),
        }  # fmt: skip


def ratio_asked(goals: Collection[Goal]) -> float:
    """Questions, beside those that would have given no row that passed and was not needed."""
    asked = needed = 0.0
    for goal in goals:
        questions = sum(quota.answered for quota in goal.quotas.values())
        good = sum(quota.good for quota in goal.quotas.values())
        asked += questions
        needed += questions * min(1.0, goal.accepted / good) if good else 0.0
    return round(asked / needed, 4)


def rarest(goals: Collection[Goal], n: int = 5) -> list[Goal]:
    """The cells with the fewest seeds."""
    return sorted(goals, key=lambda goal: len(goal.cell.seeds))[:n]


def naive(folder: Path, name: str, mix: dict[str, Any], seed: int, fixed: bool) -> Outcome:
    """A notebook's run."""
    with recorded(name) as url, Project(make_project(folder, name, url, **mix)) as project:
        notebook = Notebook(project, seed)
        requests = fixed_multiplier(project, FIXED) if fixed else None
        return notebook.until(None if fixed else project.target, requests)


def compare(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """All three ways over one set."""
    mix = {"plan": {}, **MIXES[options.mix]}
    mix["plan"] = {**mix["plan"], **({} if options.target is None else {"target": options.target})}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        found = {"plan": planned(folder / "plan", name, mix)}
        targets = found["plan"].pop("targets")
        for way, fixed in (("loop", False), (f"fixed x{FIXED}", True)):
            outcome = naive(folder / way.replace(" ", "-"), name, mix, options.seed, fixed)
            cells, rows = outcome.short_of(targets)
            found[way] = {
                "requests": outcome.requests, "candidates": outcome.candidates, "accepted": outcome.accepted,
                "cells_short": cells, "rows_short": rows,
            }  # fmt: skip
    return found


def show(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}")
    for way, figures in found.items():
        print(f"  {way:<10}" + ", ".join(f"{key} {value}" for key, value in figures.items() if value != {}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=["tweet_sentiment", "clinc_intents", "ner_movie"])
    parser.add_argument("--mix", choices=MIXES, default="new")
    parser.add_argument("--target", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if lacking := missing():
        print(lacking)
        return
    found = {name: compare(name, options) for name in options.names}
    for name, figures in found.items():
        show(name, figures)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
