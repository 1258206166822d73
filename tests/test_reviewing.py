"""Reviews: what is required, a spreadsheet out and in, what a rejection does, and the gate's refusal."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import accepted, candidates, cli, read_rows
from seedstock import Project
from seedstock.gates.base import Mixture, Reviewed
from seedstock.gates.review import ReviewGate, ReviewSettings, reviews_for
from seedstock.reviewing import ANSWER, CRITERIA, review_sample
from server import TeacherServer
from test_recipes import run, world  # noqa: F401  (a fixture)

World = Callable[..., Path]


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def drawn(path: Path) -> list[dict[str, str]]:
    """The rows of a sheet that a hash drew: those that were picked as suspects are asked for the answer."""
    return [row for row in sheet(path) if row["criterion"] != ANSWER]


def fill(path: Path, verdict: Callable[[int, dict[str, str]], str], reason: str = "") -> None:
    """Write verdicts into an exported sheet."""
    rows = sheet(path)
    for i, row in enumerate(rows):
        row["verdict"] = verdict(i, row)
        row["reason"] = reason if row["verdict"] == "reject" else ""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


@pytest.fixture
def generated(world: World) -> Path:  # noqa: F811
    folder = world("labels", {"generate": 0.5, "paraphrase": 0.5}, 140)
    run(folder)
    return folder


def test_generated_rows_that_nobody_reviewed_are_refused(generated: Path) -> None:
    done = cli("--project", generated, "release", "--json")
    assert done.code == 3
    [refusal] = done.json["refused"]
    assert (refusal["gate"], refusal["code"]) == ("review", "not_reviewed")
    assert not (generated / "releases").exists() or not list((generated / "releases").glob("[!.]*"))
    waived = ("--waive", "review", "--by", "N. N.", "--because", "looked at on paper")
    done = cli("--project", generated, "release", "--json", *waived)
    assert done.code == 0
    assert done.json["waivers"][0]["gate"] == "review"
    card = (generated / "releases" / "v1" / "README.md").read_text()
    assert "not reviewed" in card
    assert "looked at on paper" in card


def test_rewritten_rows_only_draw_a_warning(world: World) -> None:  # noqa: F811
    folder = world("labels", {"paraphrase": 1}, 30)
    run(folder)
    done = cli("--project", folder, "release", "--json")
    assert done.code == 0
    [review] = [gate for gate in done.json["gates"] if gate["gate"] == "review"]
    assert (review["status"], review["code"]) == ("warn", "not_reviewed")


def test_a_sheet_goes_out_blind_and_comes_back(generated: Path) -> None:
    path = generated / "sheet.csv"
    done = cli("--project", generated, "review", "export", path, "--json")
    rows = drawn(path)
    assert done.json == {"path": str(path), "rows": len(sheet(path))}
    assert len(rows) == 59
    assert {row["criterion"] for row in rows} == set(CRITERIA)
    assert not {"recipe", "teacher", "cell"} & set(rows[0])
    kinds = {made.id: made.source.needs_review for made in accepted(generated)}
    assert sum(kinds[row["id"]] for row in rows) >= 36  # generated rows twice as often
    fill(path, lambda i, row: "ok")
    done = cli("--project", generated, "review", "import", path, "--by", "Ilse", "--json")
    assert (done.json["accepted"], done.json["rejected"], done.json["done"]) == (len(sheet(path)), 0, 59)
    again = cli("--project", generated, "review", "import", path, "--by", "Ilse", "--json").json
    assert (again["accepted"], again["known"]) == (0, len(sheet(path)))
    status = cli("--project", generated, "review", "status", "--json").json
    assert (status["required"], status["done"], status["accepted"]) == (59, 59, 140)
    assert status["defect_upper_bound"] < 0.05
    assert status["gates"][0]["status"] == "pass"
    assert sum(status["by_criterion"][name]["done"] for name in CRITERIA) == 59
    assert cli("--project", generated, "release").code == 0
    assert "not reviewed" not in (generated / "releases" / "v1" / "README.md").read_text()
    told = cli("--project", generated, "trace", rows[0]["id"], "--json").json["reviews"]
    assert told[0]["by"] == "Ilse"


def reject(folder: Path, n: int, reason: str) -> list[str]:
    """Review what is required, reject the first `n` rows of it; their ids."""
    path = folder / "sheet.csv"
    cli("--project", folder, "review", "export", path)
    fill(path, lambda i, row: "reject" if i < n else "accept", reason)
    assert cli("--project", folder, "review", "import", path, "--by", "Ilse").code == 0
    return [row["id"] for row in sheet(path)[:n]]


def released(folder: Path) -> set[str]:
    """Ids of the synthetic rows of a release."""
    waived = ("--waive", "review", "--by", "N. N.", "--because", "a test")
    assert cli("--project", folder, "release", *waived).code == 0
    rows = read_rows(folder / "releases" / "v1" / "train.messages.jsonl")
    return {row["id"] for row in rows if row["origin"] == "synthetic"}


def test_a_rejected_row_is_never_released_and_a_spare_one_takes_its_place(
    generated: Path, server: TeacherServer
) -> None:
    before = {made.id for made in accepted(generated)}
    bad = reject(generated, 3, "nobody talks like that")
    asked = len(server.seen)
    result = run(generated)
    assert (result["rejected"]["review"], result["accepted"]) == (3, 140)
    assert len(server.seen) == asked, "rows that came too many are used before anything more is asked for"
    found = released(generated)
    assert len(found) == 140
    assert before - found == set(bad)
    assert (
        "rejected by a reviewer since"
        in cli("--project", generated, "trace", bad[0], "--json").json["outcome"]
    )
    [new, *_] = found - before
    assert cli("--project", generated, "trace", new, "--json").json["outcome"].startswith("accepted")
    assert run(generated)["accepted"] == 140
    assert len({made.id for made in accepted(generated)}) == 143


def test_what_people_reject_is_shown_and_only_what_is_missing_is_asked_for(
    generated: Path, server: TeacherServer
) -> None:
    before = candidates(generated)
    bad = reject(generated, 59, "nobody talks like that")
    asked = len(server.seen)
    result = run(generated)
    assert (result["rejected"]["review"], result["accepted"]) == (59, 140)
    assert 1 <= len(server.seen) - asked <= 30
    assert server.repeated() == 0
    assert {id_ for id_, _ in before} <= {id_ for id_, _ in candidates(generated)}
    shown = [seen.body["messages"][-1]["content"] for seen in server.seen[asked:]]
    assert any("nobody talks like that" in prompt for prompt in shown)
    assert run(generated)["requests"]["sent"] == 0
    found = released(generated)
    assert len(found) == 140
    assert not found & set(bad)


def test_a_defect_is_not_forgotten_when_its_row_is_gone(generated: Path) -> None:
    """1 of 59 may be 7.8 %; it takes 93 with one defect to show 5 %."""

    def refusal() -> str:
        done = cli("--project", generated, "release", "--json")
        assert done.code == 3
        [refused] = done.json["refused"]
        return f"{refused['code']}: {refused['reason']}"

    first, second = generated / "first.csv", generated / "second.csv"
    cli("--project", generated, "review", "export", first)
    fill(first, lambda i, row: "reject" if i == 0 else "accept", "the label is wrong")
    cli("--project", generated, "review", "import", first, "--by", "Ilse")
    said = "1 defect: up to 7.8% may be bad; 34 more reviews without one would do"
    assert refusal() == f"defects: 59 of 139 rows reviewed, 59 required; {said}"
    run(generated)
    assert refusal() == f"defects: 59 of 140 rows reviewed, 59 required; {said}"
    cli("--project", generated, "review", "export", second)
    assert len(drawn(second)) == 34
    fill(second, lambda i, row: "accept")
    cli("--project", generated, "review", "import", second, "--by", "Ilse")
    assert cli("--project", generated, "release").code == 0


def test_a_stricter_bound_asks_for_more_rows_to_look_at(generated: Path) -> None:
    """59 without a defect show 5 %, 99 show 3 %."""
    path = generated / "seedstock.yaml"
    config = json.loads(path.read_text())
    config["gates"]["review"] = {"max_defects": 0.03}
    path.write_text(json.dumps(config))
    out = generated / "sheet.csv"
    cli("--project", generated, "review", "export", out)
    assert len(drawn(out)) == 99


def test_suspects_stand_among_the_drawn_rows_and_do_not_count(generated: Path) -> None:
    path = generated / "sheet.csv"
    cli("--project", generated, "review", "export", path)
    picked = [i for i, row in enumerate(sheet(path)) if row["criterion"] == ANSWER]
    assert picked
    last = len(sheet(path)) - 1
    assert picked == [min(4 * i + 3, last) for i in range(len(picked))], "one after every third drawn row"
    fill(path, lambda i, row: "reject" if i in picked else "accept", "another label")
    cli("--project", generated, "review", "import", path, "--by", "Ilse")
    status = cli("--project", generated, "review", "status", "--json").json
    assert (status["done"], status["defects"]) == (59, 0)
    assert status["defect_upper_bound"] < 0.05
    assert status["by_criterion"][ANSWER] == {"done": len(picked), "rejected": len(picked)}
    run(generated)
    bad = {sheet(path)[i]["id"] for i in picked}
    assert not bad & released(generated)
    assert cli("--project", generated, "review", "status", "--json").json["defects"] == 0


def test_a_number_of_rows_is_that_of_all_of_them(generated: Path) -> None:
    with Project(generated) as project:
        sample = review_sample(project, 8)
        assert [criterion == ANSWER for _, criterion in sample] == [False] * 3 + [True] + [False] * 3 + [True]
        assert len({row.id for row, _ in review_sample(project, 140)}) == 140


def test_where_every_row_was_looked_at_suspects_count(generated: Path) -> None:
    path = generated / "sheet.csv"
    cli("--project", generated, "review", "export", path, "--rows", 140)
    assert len(drawn(path)) == 140, "where all are wanted none is picked"
    rows = sheet(path)
    for row in rows[:20]:
        row["criterion"] = ANSWER
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    fill(path, lambda i, row: "accept")
    cli("--project", generated, "review", "import", path, "--by", "Ilse")
    assert cli("--project", generated, "review", "status", "--json").json["done"] == 140


@pytest.mark.parametrize(("defects", "reviews"), [(0, 59), (1, 93), (2, 124), (3, 153)])
def test_how_many_reviews_outweigh_a_defect(defects: int, reviews: int) -> None:
    assert reviews_for(defects, 0.05) == reviews


def test_another_config_knows_what_was_rejected_before(generated: Path) -> None:
    path = generated / "sheet.csv"
    cli("--project", generated, "review", "export", path)
    fill(path, lambda i, row: "reject" if i == 0 else "", "no")
    cli("--project", generated, "review", "import", path, "--by", "Ilse")
    [bad] = [row["id"] for row in sheet(path) if row["verdict"]]
    config = json.loads((generated / "seedstock.yaml").read_text())
    config["gates"] = {"duplicate": {"threshold": 0.921}}
    (generated / "seedstock.yaml").write_text(json.dumps(config))
    run(generated)
    assert bad not in {made.id for made in accepted(generated)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[1].update(id="nobody"), ":3: id 'nobody'"),
        (lambda rows: rows[0].update(verdict="perhaps"), "verdict 'perhaps': accept or reject"),
        (lambda rows: [row.pop("verdict") for row in rows], "no column 'verdict'"),
    ],
)  # fmt: skip
def test_a_sheet_that_cannot_be_used_changes_nothing(
    generated: Path, change: Callable[[list[dict[str, str]]], Any], said: str
) -> None:
    path = generated / "sheet.csv"
    cli("--project", generated, "review", "export", path)
    rows = sheet(path)
    for row in rows:
        row["verdict"] = "accept"
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    done = cli("--project", generated, "review", "import", path, "--by", "Ilse")
    assert (done.code, done.lines) == (2, 1)
    assert said in done.err
    assert cli("--project", generated, "review", "status", "--json").json["done"] == 0


def test_a_review_needs_a_name_and_the_page_says_that_it_is_not_there(generated: Path) -> None:
    path = generated / "sheet.csv"
    cli("--project", generated, "review", "export", path)
    fill(path, lambda i, row: "accept")
    done = cli("--project", generated, "review", "import", path)
    assert (done.code, done.lines) == (2, 1)
    assert "--by NAME" in done.err
    done = cli("--project", generated, "review")
    assert (done.code, done.lines) == (2, 1)
    assert "review export" in done.err
    assert cli("--project", generated, "review", "export", path).code == 2


def test_a_cell_never_computes(world: World, server: TeacherServer) -> None:  # noqa: F811
    folder = world("labels", {"generate": 1}, 6)
    obedient = server.answer

    def formulas(body: Any) -> str:
        value = json.loads(obedient(body))
        for i, example in enumerate(value["examples"]):
            example["input"] = f'=HYPERLINK("http://x","{example["input"]}{i}")'
        return json.dumps(value)

    server.answer = formulas
    run(folder)
    cli("--project", folder, "review", "export", folder / "sheet.csv")
    rows = sheet(folder / "sheet.csv")
    assert rows
    assert all(row["input"].startswith("'=HYPERLINK") for row in rows)


def test_a_regulated_domain_needs_every_row(world: World) -> None:  # noqa: F811
    folder = world("labels", {"paraphrase": 1}, 12, name="r")
    config = json.loads((folder / "seedstock.yaml").read_text())
    config["task"]["domain"] = {"regulated": "medical"}
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    run(folder)
    done = cli("--project", folder, "release", "--json")
    assert done.code == 3
    assert "medical" in done.json["refused"][0]["reason"] or done.json["refused"][0]["code"] == "not_reviewed"
    with Project(folder) as project:
        assert len(review_sample(project)) == 12


def test_where_nobody_can_review_only_rewriting_is_planned(world: World) -> None:  # noqa: F811
    folder = world("labels", {"paraphrase": 0.5, "generate": 0.5}, 12, review=False)
    result = run(folder)
    assert {part["recipe"] for part in result["recipes"]} == {"paraphrase"}
    said = cli("--project", folder, "check").out
    assert "nobody can review" in " ".join(said.split())
    only = world("labels", {"generate": 1}, 12, name="only", review=False)
    done = cli("--project", only, "check")
    assert (done.code, done.lines) == (2, 1)


STATE = {"accepted": 400, "generated": 100, "required": 59, "done": 59, "done_generated": 30, "defects": 0}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, "pass", "ok"), ({"defects": 1}, "fail", "defects"), ({"done": 58}, "fail", "too_few"),
        ({"done_generated": 0}, "fail", "not_reviewed"),
        ({"done": 0, "done_generated": 0}, "fail", "not_reviewed"),
        ({"generated": 0, "done_generated": 0, "done": 0}, "warn", "not_reviewed"),
        ({"generated": 0, "done_generated": 0, "done": 10}, "warn", "too_few"),
        ({"generated": 0, "done_generated": 0, "done": 10, "regulated": "legal", "required": 400}, "fail",
         "too_few"),
        ({"concentrated": "cell a: 3 of 4", "defects": 3}, "fail", "concentrated"),
        ({"done": 153, "defects": 3}, "pass", "ok"), ({"done": 152, "defects": 3}, "fail", "defects"),
        ({"accepted": 40, "required": 40, "done": 40, "defects": 2, "whole": True}, "pass", "ok"),
        ({"accepted": 40, "required": 40, "done": 40, "defects": 3, "whole": True}, "fail", "defects"),
    ],
)  # fmt: skip
def test_what_the_gate_says(change: dict[str, Any], status: str, code: str) -> None:
    gate = ReviewGate(ReviewSettings(), None)  # type: ignore[arg-type]
    [verdict] = gate.check(Mixture(150, 400, review=Reviewed(**{**STATE, **change})))
    assert (verdict.status, verdict.code) == (status, code)


def test_a_set_without_reviews_is_not_judged() -> None:
    gate = ReviewGate(ReviewSettings(), None)  # type: ignore[arg-type]
    assert gate.check(Mixture(150, 400)) == []
