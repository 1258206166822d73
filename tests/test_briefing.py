"""What goes into a question: seeds used evenly and within their bound, one fold, what was learnt before."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import accepted, cli, make_project, seed_rows, write_rows
from seedstock import Project
from seedstock.briefing import EXISTING, SAMPLES, Briefing, most_per_seed
from seedstock.example import Example, Source
from seedstock.quotas import Order
from seedstock.recipes.base import Ask
from seedstock.verdict import Verdict
from seedstock.waves import next_wave, project_plan
from server import WORDS, Body, TeacherServer, drawn, good

URL = "http://127.0.0.1:9/v1"
GENERATE: dict[str, Any] = {"plan": {"recipes": {"generate": 1}}}


def orders(briefing: Briefing) -> list[Order]:
    briefing.start_wave()
    return briefing.plan.next_orders()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project(make_project(tmp_path / "p", URL, target=150, plan={"recipes": None})) as opened:
        yield opened


def asks_of(project: Project) -> list[tuple[Order, Ask]]:
    """Everything that a first wave without pilot would ask."""
    briefing = Briefing(project, project_plan(project, pilot=False))
    return [(order, ask) for order in orders(briefing) for ask in briefing.asks(order)]


def made(seed: Example, text: str, **source: Any) -> Example:
    return Example(text, text, seed.output, source=Source(
        "synthetic", parents=(seed.id,), fold=seed.source.fold, **source
    ))  # fmt: skip


# -- which seeds


def test_everything_in_a_question_is_of_one_fold(project: Project) -> None:
    fold_of = {seed.id: seed.source.fold for seed in project.seeds}
    asks = asks_of(project)
    assert {order.recipe.name for order, _ in asks} == set(project.recipes)
    for order, ask in asks:
        assert ask.seed is not None
        assert {fold_of[parent] for parent in ask.parents} == {ask.fold} == {ask.seed.source.fold}
        assert ask.seed.id in {seed.id for seed in order.goal.cell.seeds}
        if order.recipe.shows:
            assert ask.seed in ask.samples
            assert len({sample.id for sample in ask.samples}) == len(ask.samples) == SAMPLES
        else:
            assert ask.parents == (ask.seed.id,)


def test_a_border_is_shown_from_both_sides(project: Project) -> None:
    borders = [ask for _, ask in asks_of(project) if ask.attributes.get("tail") == "border"]
    assert borders
    for ask in borders:
        assert {sample.output for sample in ask.samples} == {ask.cell.name, ask.cell.near}
        assert f'"{ask.cell.near}" seems to be the right output' in ask.wishes[0]


def test_no_seed_is_taken_twice_while_others_wait(tmp_path: Path) -> None:
    with Project(make_project(tmp_path / "p", URL, target=180)) as project:
        parents = Counter(parent for _, ask in asks_of(project) for parent in ask.parents)
    assert len(parents) == 60
    assert set(parents.values()) == {1}


def test_the_same_seed_asked_again_is_another_question(tmp_path: Path) -> None:
    with Project(make_project(tmp_path / "p", URL, target=600)) as project:
        wave = next_wave(plan := project_plan(project, pilot=False), Briefing(project, plan))
    bodies = [json.dumps(request.body()) for work in wave for request in work.requests]
    assert len(bodies) > 120
    assert len(set(bodies)) == len(bodies)


def versatile(body: Body) -> str:
    """New examples of the label that is asked for."""
    prompt = body["messages"][-1]["content"]
    found = re.search(r"Now write (\d+) ", prompt)
    assert found is not None
    chance, label = drawn(body), re.findall(r'the right output is "(\w+)"', prompt)[-1]
    rows = [{"input": " ".join(chance.sample(WORDS, 12)), "output": label} for _ in range(int(found[1]))]
    return json.dumps({"examples": rows})


def many_labels(folder: Path, url: str, **plan: Any) -> Path:
    """12 labels with 5 seeds each: one for every fold."""
    labels = [f"wish{i}" for i in range(12)]
    task = {"kind": "classification", "instruction": "Name the wish.", "output": {"labels": labels}}
    settings = {"recipes": {"generate": 1}, **plan}
    folder = make_project(folder, url, target=240, holdout=0, task=task, plan=settings)
    rows = [{**row, "output": labels[i % 12]} for i, row in enumerate(seed_rows(60))]
    write_rows(folder / "seeds.jsonl", rows)
    return folder


@pytest.mark.parametrize("share", [1.0, 2.0, 3.0])
def test_no_seed_is_parent_of_more_rows_than_it_may(
    share: float, tmp_path: Path, server: TeacherServer
) -> None:
    server.answer = versatile
    folder = many_labels(tmp_path / "p", server.url, max_seed_share=share)
    done = cli("--project", folder, "run", "--json")
    assert done.code == 0, done
    with Project(folder) as project:
        bound = most_per_seed(project)
    load: Counter[str] = Counter()
    for row in accepted(folder):
        for parent in row.source.parents:
            load[parent] += 1 / len(row.source.parents)  # type: ignore[assignment]
    assert bound == max(5.0, share * 240 / 60)
    assert max(load.values()) <= bound + 1e-6
    told = done.json["parents"]
    assert (told["bound"], told["most"]) == (bound, pytest.approx(max(load.values()), abs=1e-3))


def test_seeds_that_have_given_all_they_may_give_nothing_more(tmp_path: Path) -> None:
    with Project(make_project(tmp_path / "p", URL, target=90)) as project:
        briefing = Briefing(project, project_plan(project, pilot=False))
        cell = project.cells["praise"]
        for seed in cell.seeds[1:]:
            briefing.memory.load[seed.id] = briefing.bound
        order = next(order for order in orders(briefing) if order.goal.cell.name == "praise")
        [ask] = briefing.asks(order)
        assert ask.seed == cell.seeds[0]
        assert briefing.asks(order) == [], "what is asked counts as if it were accepted, until it is known"
        briefing.start_wave()
        assert briefing.asks(order) != []


def test_a_seed_that_gives_nothing_does_not_keep_the_others_waiting(
    tmp_path: Path, server: TeacherServer
) -> None:
    """What is made of one seed is always turned down: the others still get their turn."""
    poor = seed_rows(60)[0]["input"]
    server.answer = lambda body: "no" if poor in body["messages"][-1]["content"] else good(body)
    folder = make_project(tmp_path / "p", server.url, target=240)  # 4 rows a seed
    done = cli("--project", folder, "run", "--json")
    assert done.json["accepted"] == 240
    asked = sum(poor in seen.body["messages"][-1]["content"] for seen in server.seen)
    assert 1 <= asked <= 4, asked


# -- what is shown of earlier waves


def first_ask(briefing: Briefing, cell: str, fold: int | None = None) -> Ask:
    """A question for a cell; of this fold, if one is named."""
    order = next(order for order in orders(briefing) if order.goal.cell.name == cell)
    for seed in order.goal.cell.seeds:
        if seed.source.fold != fold and fold is not None:
            briefing.memory.load[seed.id] = briefing.bound
    return briefing.asks(order)[0]


@pytest.fixture
def generating(tmp_path: Path) -> Iterator[Briefing]:
    with Project(make_project(tmp_path / "g", URL, target=90, **GENERATE)) as opened:
        yield Briefing(opened, project_plan(opened, pilot=False))


@pytest.fixture
def rewriting(tmp_path: Path) -> Iterator[Briefing]:
    with Project(make_project(tmp_path / "r", URL, target=90)) as opened:
        yield Briefing(opened, project_plan(opened, pilot=False))


def test_new_rows_are_shown_what_is_there_in_their_cell_and_fold(generating: Briefing) -> None:
    seeds = generating.project.cells["praise"].seeds
    for seed in seeds:
        for i in range(3):
            generating.memory.accept("praise", made(seed, f"row {i} of {seed.id} in fold {seed.source.fold}"))
    generating.memory.accept("complaint", made(seeds[0], "of another cell"))
    ask = first_ask(generating, "praise", fold=2)
    assert ask.fold == 2
    assert len(ask.existing) == EXISTING
    assert all(text.endswith("in fold 2") for text in ask.existing)


def test_rewrites_are_shown_the_other_rewrites_of_their_seed(rewriting: Briefing) -> None:
    one, other = rewriting.project.cells["praise"].seeds[:2]
    rewriting.memory.accept("praise", made(one, "said otherwise"))
    rewriting.memory.accept("praise", made(other, "said of something else"))
    for seed in rewriting.project.cells["praise"].seeds:
        if seed.id != one.id:
            rewriting.memory.load[seed.id] = rewriting.bound
    ask = first_ask(rewriting, "praise")
    assert ask.seed == one
    assert ask.existing == ("said otherwise",)


@pytest.mark.parametrize(
    ("gate", "code", "taught"),
    [
        ("format", "schema", True), ("duplicate.conflict", "conflict", True), ("review", "wrong", True),
        ("leak", "near", False), ("duplicate", "near", False), ("plan", "cell_full", False),
    ],
)  # fmt: skip
def test_a_rejected_row_teaches_its_fold_and_a_leak_is_never_shown(
    gate: str, code: str, taught: bool, generating: Briefing
) -> None:
    seeds = {seed.source.fold: seed for seed in generating.project.cells["praise"].seeds}
    for fold, seed in seeds.items():
        row = made(seed, f"turned down in fold {fold}")
        generating.memory.reject("praise", row, Verdict(gate, "fail", code, "so it is"))
    ask = first_ask(generating, "praise", fold=3)
    assert [(row.input, row.reason) for row in ask.rejected] == (
        [("turned down in fold 3", "so it is")] if taught else []
    )


def test_one_row_of_each_kind_of_mistake_is_shown_the_latest_first(generating: Briefing) -> None:
    seed = generating.project.cells["praise"].seeds[0]
    for i, code in enumerate(["schema", "schema", "not_json", "schema", "too_long", "empty_output"]):
        row = made(seed, f"row {i}")
        generating.memory.reject("praise", row, Verdict("format", "fail", code, code))
    ask = first_ask(generating, "praise", fold=seed.source.fold)
    assert [row.input for row in ask.rejected] == ["row 5", "row 4", "row 3"]


# -- what is wished for


def test_sides_that_do_not_cut_are_asked_for_in_proportion(tmp_path: Path) -> None:
    with Project(make_project(tmp_path / "p", URL, target=300, **GENERATE)) as project:
        [length] = project.space.spread
        rows: Counter[str] = Counter()
        for order, ask in asks_of(project):
            rows[ask.attributes["length"]] += ask.rows
            assert ask.wishes == (length.describe(ask.attributes["length"]),)
            assert order.recipe.name == "generate"
    whole = sum(rows.values())
    for name, share in length.shares.items():
        assert rows[name] / whole == pytest.approx(share, abs=0.06)


def test_declared_attributes_are_recorded_and_said_to_those_who_rewrite(tmp_path: Path) -> None:
    plan = {"recipes": None, "attributes": {"tone": ["curt", "formal"]}}
    with Project(make_project(tmp_path / "p", URL, target=150, plan=plan)) as project:
        asks = asks_of(project)
    assert {ask.attributes["tone"] for _, ask in asks} == {"curt", "formal"}
    for order, ask in asks:
        assert ask.attributes["tone"] == ask.cell.facets["tone"]
        said = f"tone: {ask.attributes['tone']}"
        assert (said in ask.wishes) is (order.recipe.group == "augment")
        assert said in ask.cell.description
