"""The benchmark of the facts gate: plants are what they claim, and the score counts what it says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from facts import negations, notation, numbers
from facts.auditing import Rejection, audit, write
from facts.plants import HARMLESS, HEADLINE, UNTOUCHED, Plant, make
from facts.score import Scored
from facts.seeds import Seed

SUMS = (
    "Carla has 12 red marbles and Peter has 30 blue ones. Carla gives 5 of hers to Peter for $4. "
    "How many marbles does Peter have?",
    "On Monday Nadia drove 45 miles. On Tuesday she did not drive more than 20 miles. "
    "How far did she drive in two days?",
    "A baker sells 1,200 rolls a week. If every roll costs $2, how much does the baker earn?",
)
ENTITIES = ("Emma Castle moved to Lisbon in 1984.", ("Emma Castle", "person"), ("Lisbon", "location"))


def seeds() -> list[Seed]:
    text, *spans = ENTITIES
    output = json.dumps({"entities": [{"text": t, "type": kind} for t, kind in spans]})
    sums = [Seed("gsm8k", f"sum-{at}", text, "#### 1") for at, text in enumerate(SUMS)]
    return [*sums, Seed("ner_wikigold", "entity-0", text, output, tuple(spans))]


def plants(seed: int = 1) -> list[Plant]:
    rows = seeds()
    return [
        plant
        for folder in ("gsm8k", "ner_wikigold")
        for plant in make([row for row in rows if row.folder == folder], Random(seed))
    ]


def test_the_same_seed_makes_the_same_plants() -> None:
    assert plants(3) == plants(3)
    assert plants(3) != plants(4)
    made = plants()
    assert {plant.kind for plant in made} >= {*HEADLINE, HARMLESS, UNTOUCHED, "value_lost", "output_changed"}
    assert len({plant.id for plant in made}) == len(made)


def test_harmless_rows_keep_spans_and_digits() -> None:
    for plant in (plant for seed in range(5) for plant in plants(seed) if plant.kind == HARMLESS):
        assert plant.text != plant.original
        assert all(span in plant.text for span, _ in ENTITIES[1:] if plant.folder == "ner_wikigold")
        if "notation" not in plant.reworded:
            assert sorted(re.findall(r"\d+", plant.text)) == sorted(re.findall(r"\d+", plant.original))


def test_a_changed_number_is_another_of_its_form() -> None:
    text = "It cost $1,200 at 4:30 pm on 3 May 1984, 25% off the 3rd time, or 2.5 times three."
    forms = {number.form: number for number in numbers.in_text(text)}
    assert set(forms) == {"price", "time", "day", "year", "percent", "ordinal", "decimal", "word"}
    for number in forms.values():
        new = numbers.another(number, Random(1))
        changed = text[: number.start] + new + text[number.end :]
        assert new != number.text
        assert [n.form for n in numbers.in_text(changed)] == [n.form for n in numbers.in_text(text)]


def test_numbers_that_mean_the_same_in_either_order_are_not_exchanged() -> None:
    assert numbers.exchangeable("a wall of 4 by 10 feet") == []
    assert numbers.exchangeable("pick 3 or 4 of them") == []
    (pair,) = numbers.exchangeable("Ann has 3 small dogs and there are 7 cats")
    assert numbers.exchanged("Ann has 3 small dogs and there are 7 cats", pair).startswith("Ann has 7 small")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("i did not order this", "i did order this"), ("it does not work", "it works"),
        ("they have no dogs", "they have some dogs"), ("She has never been there.", "She has been there."),
        ("a room without a window", "a room with a window"), ("we cannot come", "we can come"),
    ],
)  # fmt: skip
def test_a_dropped_negation_says_the_opposite(text: str, changed: str) -> None:
    assert [change.text for change in negations.removed(text)] == [changed]


@pytest.mark.parametrize(
    "text",
    ["isn't it late", "why don't you come", "not only dogs", "answer yes or no", "you like it, don't you?"],
)
def test_what_a_negation_does_not_turn_round_is_left(text: str) -> None:
    assert negations.removed(text) == []


def test_a_notation_is_equal() -> None:
    assert "it weighs two tons" in notation.notations("it weighs 2 tons")
    assert "they sold 1200 rolls" in notation.notations("they sold 1,200 rolls")
    assert notation.notations("the year 1984 and may 10") == []


def test_the_score_counts_rejections_of_the_facts_gate_only() -> None:
    made = plants()
    harmed = [plant for plant in made if plant.kind in HEADLINE]
    harmless = [plant for plant in made if plant.kind == HARMLESS]
    decisions = {plant.id: Rejection("facts", "number", "") for plant in harmed[1:]}
    decisions |= {plant.id: Rejection("facts", "name", "") for plant in harmless}
    decisions[harmed[0].id] = Rejection("leak", "near", "")
    scored = Scored(made, decisions)
    assert scored.share(harmed).hits == len(harmed) - 1
    assert scored.others() == {"leak": 1}
    drawn = scored.drawn(1)
    assert {plant.kind for plant in drawn} == {HARMLESS}
    assert scored.precision(1).n == len(harmed) - 1 + len(drawn)


def test_an_audit_reads_the_plants(tmp_path: Path) -> None:
    rows = [row for row in seeds() if row.folder == "gsm8k"]
    made = make(rows, Random(1))
    write(tmp_path, "gsm8k", rows, made, {})
    decisions = audit(tmp_path)
    assert set(decisions) <= {plant.id for plant in made}
    assert not any(decision.gate == "format" for decision in decisions.values())
