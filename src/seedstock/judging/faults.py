"""Seeds with one planted fault each: a judge that is worth its money turns them away, and the seeds not.

Faults are drawn from hashes, and made of other seeds' outputs and values: they look like the task's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seedstock.example import Example, written
from seedstock.exchange import digest
from seedstock.jsoncheck.leaves import structure
from seedstock.tasks.base import Output

LEAST_WORDS = 8
"""Words of an output from which on it can be cut short."""
_NUMBER = re.compile(r"(?<![\w.,])\d{1,6}(?![\w.,]*\d)")


@dataclass(frozen=True, slots=True)
class Faulty:
    """A seed with a fault. The kind is `wrong_output`, `swapped_value` or `truncated`."""

    kind: str
    row: Example


def plant(seeds: Sequence[Example], output: Output, most: int) -> list[Faulty]:
    """Up to `most` faulty rows of each kind that this task allows; a hash decides which seeds are used."""
    order = sorted(seeds, key=lambda seed: digest("faults", seed.id))
    found = []
    for kind, make in KINDS.items():
        made = ((seed, make(seed, order, output)) for seed in order)
        rows = [_faulty(seed, kind, value) for seed, value in made if _is_fault(seed, value, output)]
        found += [Faulty(kind, row) for row in rows[:most]]
    return found


def _wrong_output(seed: Example, seeds: Sequence[Example], output: Output) -> Any:
    """Another seed's output: a wrong label, another ticket's values, the answer to something else."""
    others = [one for one in seeds if output.same(one.output) != output.same(seed.output)]
    return None if not others else others[_drawn(seed, len(others))].output


def _swapped_value(seed: Example, seeds: Sequence[Example], output: Output) -> Any:
    """One value exchanged: one that stands in the input for another seed's, else a number for one near it."""
    value = structure(seed.output)
    spans = sorted(output.spans(seed.output, seed.input_text), key=lambda span: (-len(span), span))
    given = sorted({s for one in seeds for s in output.spans(one.output, one.input_text)} - {*spans})
    if value is not None and spans and given:
        changed = _exchanged(value, spans[0], given[_drawn(seed, len(given))])
        return written(changed) if isinstance(seed.output, str) else changed
    numbers = list(_NUMBER.finditer(seed.output)) if isinstance(seed.output, str) else []
    if not numbers:
        return None
    last = numbers[-1]
    return f"{seed.output[: last.start()]}{int(last[0]) + 1 + _drawn(seed, 8)}{seed.output[last.end() :]}"


def _truncated(seed: Example, _seeds: Sequence[Example], _output: Output) -> Any:
    """The first half of a text."""
    words = seed.output.split() if isinstance(seed.output, str) else []
    return " ".join(words[: len(words) // 2]) if len(words) >= LEAST_WORDS else None


KINDS: dict[str, Callable[[Example, Sequence[Example], Output], Any]] = {
    "wrong_output": _wrong_output, "swapped_value": _swapped_value, "truncated": _truncated,
}  # fmt: skip
"""Kind of fault → the output with it; None where a seed does not allow it."""


def _is_fault(seed: Example, value: Any, output: Output) -> bool:
    """Whether there is a fault that only a judge can see: the gates before it would let the row pass."""
    return (
        value is not None and output.check(value) is None and output.same(value) != output.same(seed.output)
    )


def _faulty(seed: Example, kind: str, value: Any) -> Example:
    return replace(seed, id=f"{seed.id}:{kind}", output=value, reasoning=None).with_source(parents=(seed.id,))


def _exchanged(value: Any, old: str, new: str) -> Any:
    """The JSON value with the first text or number equal to `old` replaced, as far as its type allows."""
    if isinstance(value, dict):
        return {key: _exchanged(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list):
        return [_exchanged(inner, old, new) for inner in value]
    return new if isinstance(value, str) and value.strip().casefold() == old.casefold() else value


def _drawn(seed: Example, n: int) -> int:
    return int(digest("fault", seed.id)[:8], 16) % n
