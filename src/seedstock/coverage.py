"""What the seeds cover of the task's space, and what they cannot tell: the map that `check` shows."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product
from typing import Any

from seedstock.plan import Plan
from seedstock.project import Project
from seedstock.seeds.cells import Space
from seedstock.seeds.dimensions import Attribute, UseCase
from seedstock.verdict import Verdict

COVERED_SEEDS = 2
COVERED_SHARE = 0.8
"""A use case is covered by two seeds; under 80 % of them is a warning (policy 1)."""
EXPECTED = 1.0
"""An empty combination is worth a word where chance alone would have put a seed into it."""
MOST_EMPTY = 10


def cell_map(project: Project, plan: Plan) -> list[dict[str, Any]]:
    """Every cell with its seeds and quota, and use cases and labels without any seed, which get none."""
    rows = [
        {
            "cell": name, "seeds": len(goal.cell.seeds), "target": goal.target, "thin": goal.cell.thin,
            "facets": dict(goal.cell.facets),
        }
        for name, goal in plan.goals.items()
    ]  # fmt: skip
    shown = {str(seed.output) for seed in project.seeds}
    without = [name for name in project.config.output.labels if name not in shown]
    without += [name for name, n in use_cases(project).items() if not n]
    return rows + [
        {
            "cell": name,
            "seeds": 0,
            "target": 0,
            "thin": True,
            "facets": {},
            "state": "refused: no seed shows it",
        }
        for name in without
    ]


def empty_combinations(space: Space) -> list[dict[str, Any]]:
    """Pairs of facets that no seed has, though both are usual: somebody may want them, or knows why not."""
    found: list[tuple[float, dict[str, Any]]] = []
    for one, other in combinations([*space.cutting, *space.spread], 2):
        if UseCase in (type(one), type(other)):
            continue
        left, right = one.of(space.seeds), other.of(space.seeds)
        pairs = Counter((a, b) for a, b in zip(left, right, strict=True) if a and b)
        alone = Counter(filter(None, left)), Counter(filter(None, right))
        n = sum(pairs.values())
        for a, b in product(*alone):
            expected = round(alone[0][a] * alone[1][b] / n, 1)
            if not pairs[a, b] and expected >= EXPECTED:
                found.append((-expected, {one.name: a, other.name: b, "expected": expected}))
    return [pair for _, pair in sorted(found, key=lambda pair: (pair[0], str(pair[1])))[:MOST_EMPTY]]


def use_cases(project: Project) -> dict[str, int]:
    """Declared use case → seeds that show it; {} where none is declared."""
    declared = {case.name: case.description for case in project.config.plan.use_cases}
    if not declared:
        return {}
    found = Counter(UseCase(declared, project.seeds, project.tools.vectors).of(project.seeds))
    return {name: found[name] for name in declared}


def use_case_verdicts(project: Project) -> list[Verdict]:
    """Policy 1: under 80 % of the declared use cases with two seeds or more is a warning."""
    counts = use_cases(project)
    if not counts:
        return []
    share = sum(n >= COVERED_SEEDS for n in counts.values()) / len(counts)
    without = [name for name, n in counts.items() if not n]
    reason = f"{share:.0%} of {len(counts)} declared use cases are shown by {COVERED_SEEDS} seeds or more"
    if without:
        reason += f"; nothing is generated for those without any: {', '.join(without)}"
    covered = share >= COVERED_SHARE and not without
    return [
        Verdict(
            "suitability.use_cases", "pass" if covered else "warn", "ok" if covered else "uncovered", reason,
            share, COVERED_SHARE, {"seeds": counts}, n=len(counts),
        )
    ]  # fmt: skip


def unknown(project: Project) -> list[str]:
    """What these seeds cannot tell, in sentences."""
    n, space = len(project.seeds), project.space
    rare = 1 - 0.05 ** (1 / n)
    said = [
        f"what makes up less than {rare:.1%} of real inputs may be missing from {n} seeds without a trace"
    ]
    for dimension in space.cutting:
        if isinstance(dimension, Attribute):
            told = sum(value is not None for value in dimension.of(project.seeds))
            if told < n:
                said.append(f"{n - told} of {n} seeds do not tell their {dimension.name}")
    once = sum(len(cell.seeds) == 1 for cell in project.cells.values())
    if once:
        said.append(f"{once} cells are shown by one seed only: how they vary cannot be seen")
    if not project.config.plan.use_cases:
        said.append(
            "no use cases are declared (plan.use_cases): what they should cover, the seeds cannot say"
        )
    return said


def space_map(project: Project) -> dict[str, Any]:
    """The map as `check --json` prints it."""
    space = project.space
    return {
        "cut_by": [d.name for d in space.cutting], "asked_in_proportion": [d.name for d in space.spread],
        "thin": [name for name, cell in project.cells.items() if cell.thin],
        "empty": empty_combinations(space), "use_cases": use_cases(project), "unknown": unknown(project),
    }  # fmt: skip
