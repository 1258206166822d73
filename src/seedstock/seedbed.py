"""Which real rows can be used: valid, once each, and none that is also in the holdout (policy 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedstock.example import Example, is_call
from seedstock.tasks.base import Output, Problem
from seedstock.text import normalise

REFUSE_UNDER = 50
WARN_UNDER = 100


@dataclass(slots=True)
class Seedbed:
    """The usable seeds, and the others by reason. Pairs name the row and the one it clashes with."""

    rows: int = 0
    usable: list[Example] = field(default_factory=list)
    invalid: list[tuple[Example, Problem]] = field(default_factory=list)
    duplicates: list[tuple[Example, str]] = field(default_factory=list)
    conflicts: list[tuple[Example, str]] = field(default_factory=list)
    leaked: list[tuple[Example, str]] = field(default_factory=list)

    def notes(self) -> list[str]:
        """One line per reason that took seeds away or casts doubt on some."""
        lines = []
        if self.invalid:
            example, problem = self.invalid[0]
            lines.append(f"{len(self.invalid)} seeds are invalid, first {example.id}: {problem.reason}")
        if self.duplicates:
            lines.append(f"{len(self.duplicates)} seeds repeat another, first {_pair(self.duplicates[0])}")
        if self.leaked:
            lines.append(f"{len(self.leaked)} seeds are also in the holdout, first {_pair(self.leaked[0])}")
        if self.conflicts:
            lines.append(
                f"{len(self.conflicts)} seeds have the input of another seed and another output,"
                f" first {_pair(self.conflicts[0])}: one of the two is wrong"
            )
        return lines


def sow(seeds: Sequence[Example], held: Sequence[Example], output: Output) -> Seedbed:
    """Sort the seeds. Exact comparison only: near pairs of real rows are reported by `check`, not removed."""
    bed = Seedbed(rows=len(seeds))
    holdout = {normalise(example.input_text): example.id for example in held}
    seen: dict[str, dict[str, str]] = {}
    for seed in seeds:
        normal, same = normalise(seed.input_text), output.same(seed.output)
        twins = seen.setdefault(normal, {})
        problem = _problem(seed, normal, output)
        if problem is not None:
            bed.invalid.append((seed, problem))
        elif normal in holdout:
            bed.leaked.append((seed, holdout[normal]))
        elif same in twins:
            bed.duplicates.append((seed, twins[same]))
        else:
            if twins and not output.free_text:
                bed.conflicts.append((seed, next(iter(twins.values()))))
            twins[same] = seed.id
            bed.usable.append(seed)
    return bed


def _problem(seed: Example, normal: str, output: Output) -> Problem | None:
    if seed.source.kind != "real":
        return Problem("synthetic", "its own source says that it is synthetic, and seeds are real")
    if not normal:
        return Problem("empty_input", "the input is empty")
    return None if is_call(seed.output) else output.check(seed.output)


def _pair(pair: tuple[Example, str]) -> str:
    return f"{pair[0].id} ({pair[1]})"
