"""Cells: how seeds and what their owner declares cut a task's space, and where new rows belong in it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ticket
from seedstock.cell import Cell
from seedstock.coverage import (
    cell_map,
    empty_combinations,
    space_map,
    unknown,
    use_case_verdicts,
    use_cases,
)
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.project import Project
from seedstock.seeds.cells import Declared, Known, Space, find_space
from seedstock.seeds.dimensions import OTHER, PLAIN
from seedstock.tasks.base import Output
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.tasks.text import Text, TextSettings
from seedstock.waves import project_plan

HERE = Path()
LEXICAL = Lexical(LexicalSettings(dims=256))
MOODS = Labels(["angry", "calm", "happy"], HERE)
FREE = Text(TextSettings(), HERE)
SCHEMA = {
    "type": "object", "required": ["asset", "urgency"], "additionalProperties": False,
    "properties": {
        "asset": {"type": "string"}, "urgency": {"enum": ["low", "high"]},
        "code": {"type": "string"}, "parts": {"type": "array", "items": {
            "type": "object", "properties": {"kind": {"enum": ["seal", "bolt"]}, "n": {"type": "integer"}},
            "required": ["kind", "n"],
        }},
    },
}  # fmt: skip
TICKETS = JsonSchema(SCHEMA, HERE)
TOPICS = {
    "garden": "spade seedling compost watering hedge mower tulip greenhouse rake pruning lawn".split(),
    "bank": "transfer account interest loan overdraft statement deposit mortgage cheque savings".split(),
}
GERMAN = "Der Drucker im zweiten Stock macht seit gestern ein lautes Geräusch und druckt nicht mehr, Nummer"
ENGLISH = "The printer on the second floor makes a loud noise since yesterday and does not print, number"


def seed(i: int, output: Any, text: str | None = None, **meta: Any) -> Example:
    return Example(f"s{i}", text or f"this is message number {i}", output, None, meta, Source(fold=i % 5))


def row(output: Any, text: str = "a new row of some words", **meta: Any) -> Example:
    return Example("new", text, output, None, meta, Source("synthetic"))


def space_of(seeds: Sequence[Example], output: Output = MOODS, **declared: Any) -> Space:
    """The space of these seeds, as a project finds it."""
    known = Known(output.trait_kind, lambda example: output.traits(example.output), output.labels)
    return find_space(seeds, known, Declared(**declared), embed)


def embed(rows: Sequence[Example]) -> Any:
    return LEXICAL.embed([example.input_text for example in rows])


def moods(**counts: int) -> list[Example]:
    made = [label for label, n in counts.items() for _ in range(n)]
    return [seed(i, label) for i, label in enumerate(made)]


def sizes(space: Space) -> dict[str, int]:
    return {name: len(cell.seeds) for name, cell in space.cells.items()}


def weights(space: Space) -> dict[str, float]:
    return {name: round(cell.weight, 6) for name, cell in space.cells.items()}


# -- labels


def test_each_label_is_a_cell_as_large_as_its_share_of_the_seeds() -> None:
    space = space_of(moods(happy=30, angry=20, calm=10))
    assert sizes(space) == {"angry": 20, "calm": 10, "happy": 30}
    assert list(space.cells) == ["angry", "calm", "happy"], "cells stand in the order of their names"
    assert weights(space) == {"angry": 0.333333, "calm": 0.166667, "happy": 0.5}
    assert space.cells["calm"].facets == {"label": "calm"}
    assert space.cells["calm"].description == '- the right output is "calm"'
    assert {s.output for s in space.cells["calm"].seeds} == {"calm"}


def test_seeds_of_a_cell_take_turns_over_the_folds() -> None:
    for cell in space_of(moods(happy=30, angry=20)).cells.values():
        assert {s.source.fold for s in cell.seeds[:5]} == {0, 1, 2, 3, 4}


def test_a_label_that_no_seed_has_gets_no_cell() -> None:
    assert "calm" not in space_of(moods(happy=30, angry=20)).cells


def test_one_label_alone_is_the_whole() -> None:
    assert sizes(space_of(moods(happy=5))) == {"all": 5}


def test_the_label_nearest_to_another_is_known() -> None:
    words = {
        "angry": "the parcel is late and the box is torn",
        "calm": "the parcel is here and the box is fine",
        "happy": "what a wonderful sunny holiday we all had",
    }
    rows = [seed(i, label, f"{words[label]} {i}") for i, label in enumerate(list(words) * 5)]
    space = space_of(rows)
    assert (space.cells["angry"].near, space.cells["calm"].near) == ("calm", "angry")
    assert space.cells["happy"].near in ("angry", "calm")


# -- variants of JSON outputs


def variant_seeds() -> list[Example]:
    """30 plain ones that are low, 20 high, 6 of them with a code, 3 with parts."""
    outputs: list[dict[str, Any]] = [{"asset": f"pump {i}", "urgency": "low"} for i in range(30)]
    outputs += [{"asset": f"fan {i}", "urgency": "high"} for i in range(20)]
    for i in range(6):
        outputs[i * 5]["code"] = f"E-{i}"
    for i in range(3):
        outputs[i + 1]["parts"] = [{"kind": "seal", "n": i}]
    return [seed(i, output) for i, output in enumerate(outputs)]


def test_a_json_output_is_cut_by_its_rarest_trait() -> None:
    space = space_of(variant_seeds(), TICKETS)
    assert weights(space) == {
        "parts[].kind=seal": 0.06, "urgency=high": 0.4, "urgency=low": 0.42, "with code": 0.12,
    }  # fmt: skip
    assert space.cells["with code"].description == (
        '- the output has a value for "code", which stands in the input'
    )
    assert space.cells["urgency=high"].description == '- "urgency" is "high" in the output'
    assert '"parts"' in space.cells["parts[].kind=seal"].description
    assert '"kind"' in space.cells["parts[].kind=seal"].description


def test_seeds_are_shown_wherever_they_have_the_trait() -> None:
    space = space_of(variant_seeds(), TICKETS)
    assert sizes(space)["urgency=low"] == 30, "those with a code are low too"
    assert all("code" in s.output for s in space.cells["with code"].seeds)


def test_outputs_held_as_text_are_cut_alike() -> None:
    as_text = [replace(s, output=json.dumps(s.output)) for s in variant_seeds()]
    assert weights(space_of(as_text, TICKETS)) == weights(space_of(variant_seeds(), TICKETS))


def test_a_trait_that_no_output_has_is_called_plain() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["a"],
    }
    rows = [seed(i, {"a": "x"} | ({"b": "y"} if i % 2 else {})) for i in range(20)]
    assert sizes(space_of(rows, JsonSchema(schema, HERE))) == {PLAIN: 10, "with b": 10}


# -- topics, languages, length


def topic_seeds(each: int = 30) -> list[Example]:
    chance = random.Random(3)
    texts = [" ".join(chance.sample(words, 6)) for words in TOPICS.values() for _ in range(each)]
    return [seed(i, "an answer", text) for i, text in enumerate(texts)]


def test_open_text_is_cut_by_topic_and_named_by_its_words() -> None:
    space = space_of(topic_seeds(), FREE)
    assert list(sizes(space).values()) == [30, 30]
    for place, name in enumerate(space.cells):
        number, said = name.split(": ")
        assert number == str(place + 1)
        topic = next(words for words in TOPICS.values() if set(said.split(", ")) <= set(words))
        assert all(set(s.input_text.split()) <= set(topic) for s in space.cells[name].seeds)
        assert said in space.cells[name].description


def test_few_seeds_of_open_text_are_one_cell() -> None:
    space = space_of(topic_seeds(each=6), FREE)
    assert sizes(space) == {"all": 12}
    assert space.cells["all"].description == ""
    assert not space.cells["all"].thin


def test_languages_cut_every_label() -> None:
    rows = [seed(i, ["angry", "happy"][i // 2 % 2], f"{[ENGLISH, GERMAN][i % 2]} {i}") for i in range(40)]
    space = space_of(rows)
    assert sizes(space) == {f"{mood} · {code}": 10 for mood in ("angry", "happy") for code in ("de", "en")}
    assert "- the input is written in German" in space.cells["angry · de"].description
    assert space_of(rows[::2]).cells.keys() == {"angry", "happy"}, "one language is none"


def test_a_language_that_hardly_occurs_is_no_cell() -> None:
    rows = [seed(i, ["angry", "happy"][i % 2], f"{GERMAN if i < 2 else ENGLISH} {i}") for i in range(60)]
    assert space_of(rows).cells.keys() == {"angry", "happy"}


def test_length_is_asked_for_in_proportion_and_cuts_only_where_declared() -> None:
    rows = [seed(i, ["angry", "happy"][i % 2], " ".join(["word"] * (3 + i // 2))) for i in range(60)]
    space = space_of(rows)
    assert space.cells.keys() == {"angry", "happy"}
    [length] = space.spread
    assert {name: round(share, 2) for name, share in length.shares.items()} == {
        "short": 0.33, "medium": 0.33, "long": 0.33,
    }  # fmt: skip
    assert length.describe("short") == "the input has about 3 to 12 words"
    crossed = space_of(rows, cross=("length",))
    assert len(crossed.cells) == 6
    assert crossed.spread == []
    assert sum(weights(crossed).values()) == pytest.approx(1, abs=1e-5)


def test_rows_that_are_all_of_one_length_have_no_such_side() -> None:
    assert space_of(moods(happy=10, angry=10)).spread == []


# -- what the owner declares


def test_declared_attributes_cross_every_cell_with_their_shares() -> None:
    attributes = {"tone": {"curt": 0.75, "formal": 0.25}, "region": {"north": 0.5, "south": 0.5}}
    space = space_of(moods(happy=30, angry=10), attributes=attributes)
    assert len(space.cells) == 8
    assert weights(space)["happy · curt · north"] == pytest.approx(0.75 * 0.75 * 0.5)
    assert weights(space)["angry · formal · south"] == pytest.approx(0.25 * 0.25 * 0.5)
    assert space.cells["happy · curt · north"].facets == {
        "label": "happy", "tone": "curt", "region": "north",
    }  # fmt: skip
    assert space.cells["happy · curt · north"].description.endswith("- tone: curt\n- region: north")
    assert set(sizes(space).values()) == {30, 10}, "no seed tells: all are shown everywhere"
    assert {cell.shown for cell in space.cells.values()} == {0}


def test_seeds_that_tell_another_value_are_left_out() -> None:
    rows = [
        replace(s, meta={"tone": "curt"} if i < 6 else {"tone": "formal"} if i < 10 else {})
        for i, s in enumerate(moods(happy=30))
    ]
    space = space_of([*rows, *(replace(s, id=f"a{s.id}") for s in moods(angry=5))],
                     attributes={"tone": {"curt": 0.5, "formal": 0.5}})  # fmt: skip
    assert sizes(space)["happy · curt"] == 26
    assert space.cells["happy · curt"].shown == 6
    assert space.cells["happy · formal"].shown == 4
    assert not [s for s in space.cells["happy · curt"].seeds if s.meta.get("tone") == "formal"]


def test_a_value_that_no_seed_shows_is_still_wanted() -> None:
    rows = [replace(s, meta={"tone": "curt"}) for s in moods(happy=20, angry=20)]
    space = space_of(rows, attributes={"tone": {"curt": 0.5, "formal": 0.5}})
    assert sizes(space) == dict.fromkeys(
        ["angry · curt", "angry · formal", "happy · curt", "happy · formal"], 20
    )
    assert space.cells["happy · formal"].shown == 0


def test_a_value_with_a_share_of_nothing_has_no_cell() -> None:
    space = space_of(moods(happy=20, angry=20), attributes={"tone": {"curt": 1.0, "formal": 0.0}})
    assert space.cells.keys() == {"angry · curt", "happy · curt"}


CASES = {"gardening": "spade seedling compost watering hedge", "banking": "transfer account interest loan"}


def test_declared_use_cases_cut_open_text_by_likeness() -> None:
    space = space_of([*topic_seeds(), seed(99, "x", "zzz qqq www yyy kkk vvv")], FREE, use_cases=CASES)
    assert set(space.cells) <= {"banking", "gardening", OTHER}
    for name, topic in (("gardening", "garden"), ("banking", "bank")):
        inside = space.cells[name].seeds
        assert len(inside) >= 10
        assert all(set(s.input_text.split()) <= set(TOPICS[topic]) for s in inside)
    assert "s99" in {s.id for s in space.cells[OTHER].seeds}
    assert CASES["banking"] in space.cells["banking"].description


def test_a_seed_says_its_use_case_itself() -> None:
    rows = [replace(s, meta={"use_case": "banking"}) for s in topic_seeds()]
    assert sizes(space_of(rows, FREE, use_cases=CASES)) == {"all": 60}


# -- any space


@given(
    st.lists(st.sampled_from(["angry", "calm", "happy"]), min_size=1, max_size=60),
    st.dictionaries(
        st.sampled_from(["tone", "region"]),
        st.dictionaries(st.sampled_from("xyz"), st.floats(0.01, 1), min_size=1), max_size=2,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_any_space_is_whole_and_does_not_depend_on_the_order_of_seeds(
    labels: list[str], attributes: dict[str, dict[str, float]], chance: random.Random
) -> None:
    declared = {
        name: {value: share / sum(values.values()) for value, share in values.items()}
        for name, values in attributes.items()
    }
    rows = [seed(i, label, tone=chance.choice("xyz?")) for i, label in enumerate(labels)]
    space = space_of(rows, attributes=declared)
    assert sum(cell.weight for cell in space.cells.values()) == pytest.approx(1)
    assert list(space.cells) == sorted(space.cells)
    assert {s.id for cell in space.cells.values() for s in cell.seeds} >= {
        s.id for s in rows if s.meta["tone"] in declared.get("tone", "xyz?")
    }
    by_label = Counter(labels)
    for cell in space.cells.values():
        assert cell.weight > 0
        assert 0 < len(cell.seeds) <= by_label[cell.facets["label"]]
        assert {s.output for s in cell.seeds} == {cell.facets["label"]}
        assert cell.shown <= len(cell.seeds)
    shuffled = chance.sample(rows, len(rows))
    assert {
        name: (c.seeds, c.near, c.rare) for name, c in space_of(shuffled, attributes=declared).cells.items()
    } == {name: (c.seeds, c.near, c.rare) for name, c in space.cells.items()}
    for name, part in space.cells.items():
        assert space.place([row(part.facets["label"])], [part]) == [name]


def test_topics_do_not_depend_on_the_order_of_seeds_but_for_their_number() -> None:
    rows = topic_seeds()
    one, other = (
        {
            name.split(": ")[1]: {s.id for s in cell.seeds}
            for name, cell in space_of(given_rows, FREE).cells.items()
        }
        for given_rows in (rows, rows[::-1])
    )
    assert one == other


# -- thin and rare


@pytest.mark.parametrize(
    ("counts", "thin"),
    [
        ({"happy": 30, "angry": 30}, set()), ({"happy": 57, "angry": 3}, set()),
        ({"happy": 58, "angry": 2}, {"angry"}), ({"happy": 59, "angry": 1}, {"angry"}),
        ({"happy": 97, "angry": 100, "calm": 3}, {"calm"}), ({"happy": 2}, set()),
        ({"happy": 1, "angry": 1, "calm": 1}, {"happy", "angry", "calm"}),
    ],
)  # fmt: skip
def test_a_cell_with_few_seeds_is_thin(counts: dict[str, int], thin: set[str]) -> None:
    cells = space_of(moods(**counts)).cells
    assert {name for name, cell in cells.items() if cell.thin} == thin


def rare_seeds() -> list[Example]:
    """Happy ones are short or long, angry ones never short."""
    short, long = "fine by me", " ".join(["a long story about a parcel"] * 6)
    rows = [seed(i, "happy", f"{short if i < 30 else long} {i}") for i in range(45)]
    rows += [seed(100 + i, "angry", f"{long} {i}") for i in range(15)]
    return [replace(s, input=f"{s.input} {'very ' * (i % 3)}") for i, s in enumerate(rows)]


def test_a_combination_that_chance_would_have_given_is_rare() -> None:
    cells = space_of(rare_seeds()).cells
    assert cells["angry"].rare
    assert all("words" in said for said in cells["angry"].rare)
    assert cells["happy"].rare == ()


def test_rare_traits_of_outputs_are_told_and_impossible_ones_are_not() -> None:
    """No high ticket has a code, though chance would have given two; that one should be low is no wish."""
    rare = space_of(variant_seeds(), TICKETS).cells["urgency=high"].rare
    assert 'the output has a value for "code", which stands in the input' in rare
    assert not [said for said in rare if '"urgency"' in said]


def test_pairs_that_no_seed_has_are_shown_the_most_expected_first() -> None:
    rows = [
        replace(s, meta={"tone": "curt" if s.output == "angry" else "formal"})
        for s in moods(happy=30, angry=20)
    ]
    space = space_of(rows, attributes={"tone": {"curt": 0.5, "formal": 0.5}})
    found = sorted(empty_combinations(space), key=lambda pair: str(pair["label"]))
    assert found == [
        {"label": "angry", "tone": "formal", "expected": 12.0},
        {"label": "happy", "tone": "curt", "expected": 12.0},
    ]
    full = [*rows, replace(rows[0], id="x", meta={"tone": "curt"})]
    assert empty_combinations(space_of(full, attributes={"tone": {"curt": 0.5, "formal": 0.5}})) == [
        {"label": "angry", "tone": "formal", "expected": 11.8}
    ]


def test_what_chance_would_not_have_given_either_is_not_missed() -> None:
    rows = [
        replace(s, meta={"tone": "curt" if i == 0 else "formal"})
        for i, s in enumerate(moods(happy=30, angry=20))
    ]
    assert empty_combinations(space_of(rows, attributes={"tone": {"curt": 0.5, "formal": 0.5}})) == []


# -- where rows belong


def placed(space: Space, asked: str, *rows: Example) -> list[str | None]:
    return space.place(rows, [space.cells[asked]] * len(rows))


def test_a_row_belongs_to_its_label_whatever_was_asked_for() -> None:
    space = space_of(moods(happy=30, angry=20))
    assert placed(space, "happy", row("happy"), row("angry"), row("calm")) == ["happy", "angry", None]
    assert space.place([], []) == []


def test_a_row_stays_in_its_cell_if_it_has_the_trait_and_else_goes_where_it_is_rarest() -> None:
    space = space_of(variant_seeds(), TICKETS)
    low, high = {"asset": "fan", "urgency": "low"}, {"asset": "fan", "urgency": "high"}
    both = {**high, "code": "E-1", "parts": [{"kind": "seal", "n": 1}]}
    assert placed(space, "urgency=high", row(high), row(both), row(low)) == [
        "urgency=high", "urgency=high", "urgency=low",
    ]  # fmt: skip
    assert placed(space, "with code", row(both), row(high)) == ["with code", "urgency=high"]
    assert placed(space, "urgency=low", row(both)) == ["parts[].kind=seal"]
    new = {**low, "parts": [{"kind": "bolt", "n": 1}]}
    assert placed(space, "urgency=low", row(new)) == ["urgency=low"], (
        "a trait that no seed has does not count"
    )


def test_a_topic_is_held_loosely_and_a_language_strictly() -> None:
    space = space_of(topic_seeds(), FREE)
    one, other = space.cells
    text = space.cells[other].seeds[0].input_text
    assert placed(space, one, row("x", text)) == [one], "one of the two nearest"
    rows = [seed(i, "happy", f"{[ENGLISH, GERMAN][i % 2]} {i}") for i in range(40)]
    space = space_of(rows)
    assert placed(space, "de", row("happy", GERMAN), row("happy", ENGLISH), row("happy", "ok")) == [
        "de", "en", "de",
    ]  # fmt: skip


def test_an_attribute_is_believed_to_be_as_asked_unless_the_row_says_otherwise() -> None:
    space = space_of(moods(happy=20, angry=20), attributes={"tone": {"curt": 0.5, "formal": 0.5}})
    assert placed(space, "happy · curt", row("happy"), row("angry"), row("happy", tone="formal")) == [
        "happy · curt", "angry · curt", "happy · formal",
    ]  # fmt: skip


def test_rows_of_a_cell_outside_the_space_stay_there() -> None:
    space = space_of(moods(happy=30, angry=20))
    own = Cell("red_team", seeds=space.cells["happy"].seeds)
    assert space.place([row("happy"), row("no label at all")], [own, own]) == ["red_team", "red_team"]


def test_further_inputs_go_where_they_can_be_told_to_belong() -> None:
    space = space_of(moods(happy=30, angry=20))
    assert space.home([row("angry"), row("happy")]) == ["angry", "happy"]
    assert space.home([]) == []
    attributed = space_of(moods(happy=20, angry=20), attributes={"tone": {"curt": 0.3, "formal": 0.7}})
    assert attributed.home([row("angry"), row("happy", tone="curt")]) == ["angry · formal", "happy · curt"]


# -- the map of a project


def edited(folder: Path, **changes: Any) -> Path:
    path = folder / "seedstock.yaml"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_the_map_of_a_project(project_factory: Callable[..., Path]) -> None:
    task = {"kind": "classification", "output": {"labels": ["angry", "calm", "happy"]}}
    folder = edited(project_factory(60, kind="classification"), task=task)
    with Project(folder) as project:
        assert project.cells.keys() == {"angry", "happy"}
        found = {one["cell"]: one for one in cell_map(project, project_plan(project))}
        assert (found["angry"]["seeds"], found["angry"]["target"]) == (30, 70)
        assert (found["calm"]["seeds"], found["calm"]["target"]) == (0, 0)
        assert found["calm"]["state"].startswith("refused")
        map_ = space_map(project)
        assert (map_["cut_by"], map_["thin"], map_["use_cases"]) == (["label"], [], {})
        assert map_["asked_in_proportion"] == ["length"]
        assert "less than 4.9%" in map_["unknown"][0]
        assert use_case_verdicts(project) == []
        assert json.loads(json.dumps(map_)) == map_


@pytest.mark.parametrize(
    ("told", "code", "share"),
    [
        ({"repair": 30, "billing": 30}, "ok", 1.0), ({"repair": 59, "billing": 1}, "uncovered", 0.5),
        ({"repair": 60, "billing": 0}, "uncovered", 0.5),
    ],
)  # fmt: skip
def test_use_cases_that_seeds_hardly_show_are_a_warning(
    told: Mapping[str, int], code: str, share: float, project_factory: Callable[..., Path]
) -> None:
    cases = [{"name": name, "description": "something else entirely"} for name in told]
    folder = edited(project_factory(60), plan={"use_cases": cases})
    names = [name for name, n in told.items() for _ in range(n)]
    rows = [{"id": f"s{i}", **ticket(i), "use_case": name} for i, name in enumerate(names)]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    with Project(folder) as project:
        assert use_cases(project) == told
        [verdict] = use_case_verdicts(project)
        assert (verdict.status, verdict.code, verdict.figure) == (
            "pass" if code == "ok" else "warn", code, share,
        )  # fmt: skip
        names_in_map = {one["cell"] for one in cell_map(project, project_plan(project))}
        assert ("billing" in names_in_map) is (not told["billing"] or "billing" in project.cells)
        assert not [said for said in unknown(project) if "use cases" in said]
