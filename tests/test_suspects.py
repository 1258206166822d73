"""Suspects: planted wrong outputs come first, in any order of rows, and odd sets break nothing."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import DATA
from helpers import cli, make_config, read_rows, write_rows
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.gates.base import Tools
from seedstock.seeds.readers import read_rows as read_examples
from seedstock.suspecting.families import folds_of
from seedstock.suspecting.probe import BAR, FOLDS, opinion
from seedstock.suspecting.ranking import Suspect, suspects
from seedstock.tasks.base import Output
from seedstock.tasks.detect import detect_output, make_output

TOPICS = {
    "refund": "money back refund return paid twice charge cancel order",
    "delivery": "parcel late courier arrived tracking address door ship",
    "password": "login password reset account locked email code sign",
    "invoice": "invoice tax number company bill copy month pdf",
}
FILLER = "please can you my the a is it still today since now again help me with this about".split()
LEXICAL = Lexical(LexicalSettings())
SYNTHETIC = Source(kind="synthetic")


def utterance(label: str, rng: random.Random) -> str:
    words = [*rng.sample(TOPICS[label].split(), 4), *rng.sample(FILLER, 5)]
    rng.shuffle(words)
    return " ".join(words)


def labelled(n: int, seed: int, source: Source = SYNTHETIC) -> list[Example]:
    rng, names = random.Random(seed), list(TOPICS)
    return [
        Example(f"{source.kind}{i}", utterance(names[i % 4], rng), names[i % 4], source=source)
        for i in range(n)
    ]


def flipped(row: Example, label: str) -> Example:
    return Example(row.id, row.input, label, source=row.source)


def tools(seeds: Sequence[Example]) -> Tools:
    kind, value = detect_output(seeds)
    return Tools(make_output(kind, value), LEXICAL, seeds)


def found(rows: Sequence[Example], seeds: Sequence[Example], least: float = BAR) -> list[Suspect]:
    result = suspects(rows, seeds, tools(seeds), least)
    assert result is not None
    return result


SEEDS = labelled(60, 1, Source())
ROWS = labelled(300, 2)
RANDOM_FLIPS = {row.id for row in random.Random(3).sample(ROWS, 30)}
NOISY = [flipped(row, "invoice" if row.output != "invoice" else "refund") if row.id in RANDOM_FLIPS else row
         for row in ROWS]  # fmt: skip


# -- labels


def test_flipped_labels_come_first_and_say_what_was_expected() -> None:
    right = {row.id: row.output for row in ROWS}
    result = found(NOISY, SEEDS)
    first = result[: len(RANDOM_FLIPS)]
    assert {one.id for one in first} == RANDOM_FLIPS
    assert [one.score for one in result] == sorted((one.score for one in result), reverse=True)
    known = {row.id: row.output for row in [*NOISY, *SEEDS]}
    for one in first:
        assert (one.stated, one.expected) == (known[one.id], right[one.id])
        assert NOISY[one.place].id == one.id
        assert one.confidence > 0.7
        assert one.neighbours
        assert {known[id_] for id_ in one.neighbours} == {one.expected}
        assert repr(one.expected) in one.why


def test_nothing_is_doubted_in_a_clean_set_nor_where_labels_are_chance() -> None:
    assert found(ROWS, SEEDS) == []
    rng, names = random.Random(5), list(TOPICS)
    chance = [flipped(row, rng.choice(names)) for row in [*ROWS, *SEEDS]]
    assert found(chance[:300], chance[300:]) == []


def test_noise_in_a_system_does_not_outvote_the_seeds() -> None:
    """Four of five refunds are called an invoice: most rows say so, the real ones do not."""
    rng = random.Random(7)
    wrong = {row.id for row in ROWS if row.output == "refund" and rng.random() < 0.8}
    rows = [flipped(row, "invoice") if row.id in wrong else row for row in ROWS]
    first = [one.id for one in found(rows, SEEDS, least=-1e9)[: len(wrong)]]
    assert len(wrong & set(first)) >= 0.9 * len(wrong)


def test_what_is_doubted_first_does_not_teach_the_rest() -> None:
    """Sixteen seeds, and half of one label wrong: without a second round 93 % come first."""
    shares = []
    for s in range(4):
        rng, rows, seeds = random.Random(s), labelled(300, 20 + s), labelled(16, 40 + s, Source())
        wrong = {row.id for row in rows if row.output == "refund" and rng.random() < 0.5}
        rows = [flipped(row, "invoice") if row.id in wrong else row for row in rows]
        first = [one.id for one in found(rows, seeds, least=-1e9)[: len(wrong)]]
        shares.append(len(wrong & set(first)) / len(wrong))
    assert sum(shares) / 4 > 0.97


@pytest.mark.parametrize("shuffle", range(3))
def test_order_does_not_matter(shuffle: int) -> None:
    rng = random.Random(shuffle)
    rows, seeds = rng.sample(NOISY, len(NOISY)), rng.sample(SEEDS, len(SEEDS))
    said = [(one.id, one.score, one.neighbours) for one in found(NOISY, SEEDS)]
    assert sorted((one.id, one.score, one.neighbours) for one in found(rows, seeds)) == sorted(said)


def test_texts_that_repeat_are_labels_whatever_their_kind() -> None:
    regex = Tools(make_output("regex", "[a-z]+"), LEXICAL, SEEDS)
    assert {one.id for one in suspects(NOISY, SEEDS, regex) or []} >= RANDOM_FLIPS


def test_free_text_holds_nothing_to_doubt() -> None:
    seeds = [Example(f"s{i}", f"question {i}", f"some answer, number {i}") for i in range(30)]
    assert suspects(seeds, seeds, Tools(make_output("text", {}), LEXICAL, seeds)) is None


# -- families and the probe


def test_relatives_lie_in_one_fold_and_folds_are_of_one_size() -> None:
    rows = labelled(100, 4)
    children = [
        Example(f"c{i}", f"child number {i} of {i % 3}", "refund",
                source=Source(kind="synthetic", parents=(f"p{i % 3}",)))
        for i in range(30)
    ]  # fmt: skip
    copies = [Example(f"copy{i}", f"{rows[i].input} !", "invoice", source=SYNTHETIC) for i in range(5)]
    both = [*rows, *children, *copies]
    folds = folds_of(both, LEXICAL.embed([row.input_text for row in both]))
    assert len({int(fold) for fold in folds[100:130:3]}) == 1
    assert [int(fold) for fold in folds[:5]] == [int(fold) for fold in folds[130:]]
    assert np.ptp(np.bincount(folds, minlength=FOLDS)) <= 10


def test_copies_among_many_rows_lie_in_one_fold() -> None:
    vectors = np.random.default_rng(0).normal(size=(17_000, 32)).astype(np.float32)
    vectors[-100:] = vectors[:100]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    folds = folds_of([Example(str(i), "", "a", source=SYNTHETIC) for i in range(17_000)], vectors)
    assert (folds[-100:] == folds[:100]).all()
    assert np.ptp(np.bincount(folds)) <= 2


def test_rows_that_are_all_alike_still_fall_into_folds() -> None:
    rows = [Example(str(i), "the same", "a", source=SYNTHETIC) for i in range(100)]
    folds = folds_of(rows, LEXICAL.embed([row.input_text for row in rows]))
    assert np.bincount(folds, minlength=FOLDS).min() > 0


def test_a_copy_of_a_wrong_row_does_not_vouch_for_it() -> None:
    """Both lie in one fold: the model that looks at them has seen neither."""
    twins = [Example(f"{row.id}-twin", f"{row.input} !", row.output, source=SYNTHETIC)
             for row in NOISY if row.id in RANDOM_FLIPS]  # fmt: skip
    result = found([*NOISY, *twins], SEEDS)
    assert {one.id for one in result} >= RANDOM_FLIPS | {row.id for row in twins}


def test_a_row_is_looked_at_by_models_that_have_not_seen_it() -> None:
    """With the other label it is doubted as much as it was believed: its own label taught nothing."""
    vectors = LEXICAL.embed([row.input_text for row in [*SEEDS, *ROWS]])
    labels = np.array([row.output in ("refund", "delivery") for row in [*SEEDS, *ROWS]], np.intp)
    real, folds = np.arange(360) < 60, np.arange(360) % FOLDS
    other = labels.copy()
    other[100] = 1 - other[100]
    one, two = (opinion(vectors, told, 2, real, folds).score[100] for told in (labels, other))
    assert one == pytest.approx(-two, abs=1e-6)


def test_without_real_rows_nothing_is_believed() -> None:
    rng = np.random.default_rng(0)
    said = opinion(rng.normal(size=(40, 8)).astype(np.float32), np.arange(40) % 2, 2,
                   np.zeros(40, np.bool_), np.arange(40) % FOLDS)  # fmt: skip
    assert not said.score.any()


# -- JSON


PEOPLE = "anna ben carla david emma frank gina hugo iris jonas".split()
CITIES = "rome oslo paris cairo lima kyoto delhi milan quito perth".split()
JOBS = "nurse baker pilot lawyer farmer painter dentist".split()


def sentence(i: int, rng: random.Random, source: Source) -> Example:
    name, city, job = rng.choice(PEOPLE), rng.choice(CITIES), rng.choice(JOBS)
    text = rng.choice([
        f"{name} works as a {job} in {city} since {i}", f"in {city} lives {name} the {job} at number {i}",
        f"the {job} {name} went to {city} with {i} others",
    ])  # fmt: skip
    entities = [
        {"text": name, "type": "person"},
        {"text": city, "type": "place"},
        {"text": job, "type": "job"},
    ]
    return Example(f"{source.kind}{i}", text, json.dumps({"entities": entities}), source=source)


def entities(example: Example) -> list[dict[str, str]]:
    return list(json.loads(example.output)["entities"])


def with_entities(row: Example, changed: list[dict[str, str]]) -> Example:
    return Example(row.id, row.input, json.dumps({"entities": changed}), source=row.source)


@pytest.fixture(scope="module")
def extraction() -> tuple[list[Example], list[Example]]:
    rng = random.Random(11)
    return [sentence(i, rng, SYNTHETIC) for i in range(200)], [sentence(i, rng, Source()) for i in range(60)]


def test_a_part_of_an_extraction_is_named(extraction: tuple[list[Example], list[Example]]) -> None:
    rows, seeds = list(extraction[0]), extraction[1]
    assert found(rows, seeds) == []
    person, city, job = entities(rows[3])
    rows[3] = with_entities(rows[3], [{**person, "type": "place"}, city, job])
    rows[7] = with_entities(rows[7], [*entities(rows[7]), {"text": "Nowhere Hill", "type": "place"}])
    missed = entities(rows[9])[1]
    rows[9] = with_entities(rows[9], [entities(rows[9])[0], entities(rows[9])[2]])
    result = {one.id: one for one in found(rows, seeds)}
    assert set(result) == {rows[3].id, rows[7].id, rows[9].id}
    flip, stray, lost = (result[rows[i].id] for i in (3, 7, 9))
    assert (flip.part, flip.stated, flip.expected) == (person["text"], "type=place", "type=person")
    assert (stray.part, stray.stated, stray.expected) == ("Nowhere Hill", "type=place", "")
    assert "does not stand in the input; 180 of 180 such values" in stray.why
    assert (lost.part, lost.stated, lost.expected) == (missed["text"], "", "type=place")
    assert "is not marked" in lost.why
    assert lost.to_json()["stated"] is None


def test_what_stands_around_a_span_tells_its_type() -> None:
    rng = random.Random(17)

    def credit(i: int, source: Source) -> Example:
        actor, director = rng.sample(PEOPLE, 2)
        text = f"the film of {1900 + i} starring {actor} was directed by {director} in {rng.choice(CITIES)}"
        marked = [{"text": actor, "type": "actor"}, {"text": director, "type": "director"}]
        return Example(f"{source.kind}{i}", text, json.dumps({"entities": marked}), source=source)

    seeds, rows = [credit(i, Source()) for i in range(60)], [credit(i, SYNTHETIC) for i in range(100)]
    actor, director = entities(rows[4])
    rows[4] = with_entities(rows[4], [{**actor, "type": "director"}, director])
    [one] = found(rows, seeds)
    assert (one.id, one.part, one.expected) == (rows[4].id, actor["text"], "type=actor")


def test_fields_of_a_flat_object_are_doubted_by_their_place_and_their_value() -> None:
    rng = random.Random(13)

    def ticket(i: int, source: Source) -> Example:
        asset, fault = (
            rng.choice(["pump", "valve", "boiler", "fan"]),
            rng.choice(["leaks", "rattles", "stopped"]),
        )
        urgent = rng.random() < 0.5
        hurry = (
            rng.choice(["at once please, it is urgent", "urgent, right now"])
            if urgent
            else "no hurry, some day"
        )
        output = {"asset": asset, "fault": fault, "urgency": "high" if urgent else "low"}
        return Example(f"{source.kind}{i}", f"the {asset} {fault}, {hurry}", output, source=source)

    seeds, rows = [ticket(i, Source()) for i in range(60)], [ticket(i, SYNTHETIC) for i in range(150)]
    wrong = rows[5].output["urgency"]
    other = "low" if wrong == "high" else "high"
    rows[5] = Example(rows[5].id, rows[5].input, {**rows[5].output, "urgency": other}, source=SYNTHETIC)
    swapped = {**rows[8].output, "asset": rows[8].output["fault"], "fault": rows[8].output["asset"]}
    rows[8] = Example(rows[8].id, rows[8].input, swapped, source=SYNTHETIC)
    first = {one.id: one for one in found(rows, seeds)}
    assert {rows[5].id, rows[8].id} <= set(first)
    assert (first[rows[5].id].stated, first[rows[5].id].expected) == (other, wrong)
    assert {first[rows[8].id].stated, first[rows[8].id].expected} == {"asset", "fault"}


# -- odd sets


LABEL = st.sampled_from(["a", "b", "", "only once", "null", "7", '{"x": 1}', "[]"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
ODD = st.tuples(st.text(max_size=12), LABEL | JSON)
OUTPUTS = st.sampled_from([("labels", ["a", "b"]), ("json_schema", {}), ("text", {}), ("regex", ".*")])


@settings(max_examples=30)
@given(st.lists(ODD, max_size=12), st.lists(ODD, max_size=12), OUTPUTS, st.integers(1, 4))
def test_odd_sets_break_nothing(rows: list[Any], seeds: list[Any], kind: tuple[str, Any], times: int) -> None:
    real = [Example(f"s{i}", text, output) for i, (text, output) in enumerate(seeds * times)]
    made = [Example(f"x{i}", text, output, source=SYNTHETIC) for i, (text, output) in enumerate(rows * times)]
    output: Output = make_output(*kind)
    for one in suspects(made, real, Tools(output, LEXICAL, real), least=-1e9) or []:
        assert math.isfinite(one.score)
        assert 0 <= one.confidence <= 1
        assert made[one.place].id == one.id
        json.dumps(one.to_json())


def test_one_label_deep_json_and_long_texts_break_nothing() -> None:
    one = [Example(f"s{i}", f"text {i}", "a") for i in range(20)]
    assert suspects(one, one, Tools(make_output("labels", ["a", "b"]), LEXICAL, one)) == []
    deep = "[" * 300 + "1" + "]" * 300
    rows = [Example(f"d{i}", "x " * 50_000, deep, source=SYNTHETIC) for i in range(3)]
    assert suspects(rows, rows, Tools(make_output("json_schema", {}), LEXICAL, rows)) == []


# -- audit


def plain(row: Example, **more: Any) -> dict[str, Any]:
    return {"id": row.id, "input": row.input, "output": row.output, **more}


def audited(folder: Path, rows: Sequence[dict[str, Any]], seeds: Sequence[Example]) -> Any:
    given = write_rows(folder / "rows.jsonl", rows)
    write_rows(folder / "seeds.jsonl", [plain(seed) for seed in seeds])
    task = {"kind": "classification", "instruction": "Sort.", "output": {"labels": sorted(TOPICS)}}
    make_config(folder, task=task)
    done = cli("audit", given, "--config", folder / "seedstock.yaml", "--out", folder / "out", "--json")
    assert done.code == 0, done
    return done.json


def test_an_audit_lists_its_suspects(tmp_path: Path) -> None:
    rows = [plain(row, origin="somewhere") for row in NOISY]
    bad = next(i for i, row in enumerate(NOISY) if row.id in RANDOM_FLIPS)
    rows[bad]["input"] += " <script>alert(1)</script>"
    rows.insert(0, {"id": "gone", "input": "not a label", "output": "joy"})
    result = audited(tmp_path, rows, SEEDS)
    listed = read_rows(tmp_path / "out" / "suspects.jsonl")
    assert result["suspects"] == len(listed) >= 0.9 * len(RANDOM_FLIPS)
    assert any("not rejected" in note for note in result["notes"])
    kept = {row["id"]: row for row in read_rows(tmp_path / "out" / "kept.jsonl")}
    assert list(listed[0]) == ["row", "id", "score", "stated", "expected", "confidence", "why", "neighbours",
                               "example"]  # fmt: skip
    for one in listed:
        assert one["example"] == kept[one["id"]]
        assert rows[one["row"] - 1]["id"] == one["id"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Kept rows to look at first" in page
    assert listed[0]["id"] in page
    assert "<script>" not in page


def test_an_audit_of_a_clean_set_lists_none(tmp_path: Path) -> None:
    result = audited(tmp_path, [plain(row) for row in ROWS], SEEDS)
    assert result["suspects"] == 0
    assert (tmp_path / "out" / "suspects.jsonl").read_bytes() == b""
    assert "look at first" not in (tmp_path / "out" / "report.html").read_text()


# -- real rows


@pytest.mark.skipif(not (DATA / "poisoned").is_dir(), reason="shared data poisoned/ is absent")
def test_flips_in_a_planted_set_of_real_utterances() -> None:
    """With spelling alone for an embedder; benchmarks/bench_suspects.py has the default one."""
    folder = DATA / "poisoned" / "clinc_intents_noisy"
    seeds = [row.example for row in read_examples(DATA / "clinc_intents" / "seeds.jsonl")]
    world = tools(seeds)
    rows = [row.example.with_source(kind="synthetic")
            for row in read_examples(folder / "poisoned.jsonl", strict=False, kind="synthetic")]  # fmt: skip
    rows = [row for row in rows if world.output.check(row.output) is None]
    key = {entry["id"] for entry in read_rows(folder / "key.jsonl")
           if any(d["defect"] == "label_flip" for d in entry["defects"])}  # fmt: skip
    ranked = suspects(rows, seeds, world, least=-1e9) or []
    assert sum(one.id in key for one in ranked[: len(key)]) >= 0.85 * len(key)
