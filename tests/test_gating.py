"""gating: the one path of rows through all gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.config import default_gates
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.gates.base import Mixture, Tools
from seedstock.gates.duplicate import DuplicateSettings
from seedstock.gating import BATCH, Decision, Gatekeeper, batched
from seedstock.judgement import Judgement, Opinion
from seedstock.tasks.labels import Labels
from seedstock.verdict import Verdict

LEXICAL = Lexical(LexicalSettings(dims=64))
SEEDS = [
    Example("s1", "the pump leaks", "bad"), Example("s2", "a lovely morning at the sea", "good"),
    Example("s3", "lunch was cold", "bad"),
]  # fmt: skip
HELD = [Example("h1", "the valve is stuck again", "bad")]
OOD = [Example("o1", "brrr wont go", "bad")]
TOOLS = Tools(Labels(["good", "bad"], Path()), LEXICAL, SEEDS, HELD, OOD)

words = st.sampled_from(
    ["the", "pump", "leaks", "valve", "is", "stuck", "again", "7", "8", "sun", "<|x|>", ""]
)
rows = st.lists(
    st.tuples(st.lists(words, max_size=5).map(" ".join), st.sampled_from(["good", "bad", "ugly"])),
    max_size=40,
)


def made(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(f"r{i}", text, out, source=Source("synthetic")) for i, (text, out) in enumerate(pairs)]


def keeper(**changes: Any) -> Gatekeeper:
    return Gatekeeper({**default_gates(), **changes}, TOOLS)


def story(decisions: list[Decision]) -> list[Any]:
    return [
        (d.example.id, [(v.gate, v.code, v.evidence.get("neighbour")) for v in d.verdicts]) for d in decisions
    ]


@given(rows, st.lists(st.integers(0, 9), max_size=9))
def test_every_row_is_decided_once_and_the_same_in_any_batching(
    pairs: list[tuple[str, str]], sizes: list[int]
) -> None:
    examples = made(pairs)
    whole = keeper().check(examples)
    assert [d.example for d in whole] == examples
    parts, other, start = [], keeper(), 0
    for size in [*sizes, len(examples)]:
        parts += other.check(examples[start : start + size])
        start += size
    assert story(parts) == story(whole)


class Sunless:
    """A judge who cannot stand the sun, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def judge(self, examples: Sequence[Example], references: Sequence[Example | None]) -> list[Judgement]:
        self.asked += [row.id for row in examples]
        return [(Opinion("sunless", 1.0 if "sun" in row.input_text else 5.0),) for row in examples]


@given(rows, st.lists(st.integers(0, 9), max_size=9), st.sets(st.integers(0, 39)))
def test_a_judge_is_asked_about_the_same_rows_in_any_batching(
    pairs: list[tuple[str, str]], sizes: list[int], unwanted: set[int]
) -> None:
    examples, full = made(pairs), Verdict("plan", "fail", "cell_full")
    one, other = Sunless(), Sunless()
    ids = {f"r{i}" for i in unwanted}
    whole = Gatekeeper(default_gates(), replace(TOOLS, judge=one)).check(
        examples, lambda i: full if examples[i].id in ids else None
    )
    parts, gates, start = [], Gatekeeper(default_gates(), replace(TOOLS, judge=other)), 0
    for size in [*sizes, len(examples)]:
        part = examples[start : start + size]
        parts += gates.check(part, lambda i, part=part: full if part[i].id in ids else None)
        start += size
    assert story(parts) == story(whole)
    assert sorted(other.asked) == sorted(one.asked)
    assert len(set(one.asked)) == len(one.asked)
    judged = [d for d in whole if any(v.gate == "relevance" for v in d.verdicts)]
    assert {d.example.id for d in judged} >= set(one.asked)
    assert all(v.passed for d in judged for v in d.verdicts if v.gate.startswith("duplicate"))


@given(rows)
def test_gates_after_the_first_that_fails_are_not_asked(pairs: list[tuple[str, str]]) -> None:
    [new] = keeper().check(made([("nobody has said this yet", "good")]))
    order = [v.gate for v in new.verdicts]
    assert (order[0], order[-2:]) == ("format", ["duplicate", "relevance"])
    assert "leak" in order
    for decision in keeper().check(made(pairs)):
        asked = [v.gate.replace("duplicate.conflict", "duplicate") for v in decision.verdicts]
        assert asked == order[: len(asked)]
        assert all(v.passed for v in decision.verdicts[:-1])
        assert (decision.failed is None) == (asked == order and decision.verdicts[-1].passed)
        if decision.failed is not None:
            assert decision.failed is decision.verdicts[-1]


@given(rows)
def test_gating_the_kept_rows_again_keeps_them_all(pairs: list[tuple[str, str]]) -> None:
    kept = [d.example for d in keeper().check(made(pairs)) if d.failed is None]
    assert [d.example for d in keeper().check(kept) if d.failed is None] == kept


def test_more_rows_than_one_batch() -> None:
    """The twin of a row in the first batch is found in the second."""
    pairs = [(f"machine {i} hums a song", "good") for i in range(BATCH + 20)]
    twins = [("MACHINE 3 hums a song!", "good"), (f"machine {BATCH + 5} hums a song.", "good")]
    decisions = keeper().check(made([*pairs, *twins]))
    assert [d.failed and (d.failed.code, d.failed.evidence["neighbour"]) for d in decisions] == [
        *[None] * len(pairs), ("exact", "r3"), ("exact", f"r{BATCH + 5}"),
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2])
def test_a_row_that_a_gate_rejected_is_nobodys_neighbour(size: int) -> None:
    gates, rows = keeper(), made([("rain rain rain", "ugly"), ("rain rain rain", "good")])
    first, second = [d for part in batched(rows, size) for d in gates.check(part)]
    assert first.failed is not None
    assert first.failed.code == "unknown_label"
    assert second.failed is None


def test_a_gate_that_is_off_says_nothing() -> None:
    rows = made([("the pump leaks", "ugly")])
    [decision] = keeper(duplicate=None, format=None).check(rows)
    gates = {v.gate for v in decision.verdicts}
    assert "leak" in gates
    assert not {"format", "duplicate", "duplicate.conflict"} & gates
    assert keeper().check(rows)[0].verdicts[-1].gate == "format"


def test_settings_reach_the_gate() -> None:
    near = made([("the pump leaked", "bad")])
    assert keeper().check(near)[0].failed is None
    strict = keeper(duplicate=DuplicateSettings(threshold=0.5)).check(near)[0].failed
    assert strict is not None
    assert strict.threshold == 0.5


def test_set_gates_alone() -> None:
    found = Gatekeeper(default_gates(), TOOLS).set_results(Mixture(3, 20))
    assert [(v.gate, v.status) for v in found] == [("share.rows", "fail"), ("share.exposure", "fail")]
    assert found == keeper().set_results(Mixture(3, 20))


@pytest.mark.parametrize("size", [1, 3, 10, 11])
def test_batched(size: int) -> None:
    parts = list(batched(range(10), size))
    assert [item for part in parts for item in part] == list(range(10))
    assert all(len(part) == size for part in parts[:-1])
    assert list(batched([], size)) == []
