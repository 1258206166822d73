"""Recipes end to end on an obedient teacher: who is asked what, what becomes of it, and where it goes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers import accepted, candidates, cli, make_config, read_rows, write_rows
from obedient import AVOIDED, INSTRUCTION, LABELS, POLICY, SCENARIOS, UNWANTED, Obedient
from seedstock import Project
from seedstock.recipes import paraphrase
from server import Body, TeacherServer
from test_kill import LOST_AT_A_KILL, kill_after
from test_prompts import TALKING, TASKS, row

World = Callable[..., Path]


@pytest.fixture
def world(tmp_path: Path, server: TeacherServer) -> World:
    """Makes a project of one of the obedient teacher's worlds, planning one recipe."""

    def make(kind: str, recipes: dict[str, Any], target: int = 30, name: str = "p", **sections: Any) -> Path:
        folder = tmp_path / name
        rows = [row(kind, i) for i in range(60)]
        write_rows(folder / "seeds.jsonl", rows)
        (folder / "policy.txt").write_text(POLICY)
        given = [str(r["input"] if kind != "talk" else r["input"][0]["content"]) for r in rows]
        server.answer = Obedient(given, schema=kind == "schema")
        teacher = {
            "kind": "openai",
            "base_url": server.url,
            "model": "m",
            "structured": "none",
            "patience": 3,
        }
        unwanted = [{"input": UNWANTED, "reason": "a model speaks of itself"}]
        plan = {"target": target, "recipes": recipes, "negatives": unwanted, **sections.pop("plan", {})}
        make_config(
            folder,
            **{
                "task": {**TASKS[kind], "instruction": INSTRUCTION, "domain": {"avoid": [AVOIDED]}},
                "teacher": {**teacher, **sections.pop("teacher", {})},
                "plan": plan,
                **sections,
            },
        )
        return folder

    return make


def run(folder: Path) -> Any:
    done = cli("--project", folder, "run", "--json")
    assert done.code == 0, done
    return done.json


# -- new rows


def test_what_is_shown_comes_from_one_fold_and_is_named_as_parents(
    world: World, server: TeacherServer
) -> None:
    folder = world("labels", {"generate": 1}, 60)
    run(folder)
    with Project(folder) as project:
        seeds = {seed.input: seed for seed in project.seeds}
    for seen in server.seen:
        prompt = seen.body["messages"][-1]["content"]
        shown = [seed for text, seed in seeds.items() if text in prompt]
        assert len({seed.source.fold for seed in shown}) == 1
        assert 3 <= len(shown) <= 4
    for made in accepted(folder):
        assert len(made.source.parents) >= 3
        assert made.source.needs_review
        assert made.source.cell == made.output
        assert set(made.source.attributes) == {"length"}


def test_no_seed_is_the_only_voice(world: World) -> None:
    result = run(world("labels", {"generate": 0.5, "paraphrase": 0.5}, 140))
    parents = result["parents"]
    assert parents["most"] <= parents["bound"] == pytest.approx(7)
    assert result["accepted"] == 140


def test_a_row_that_leaked_is_never_shown(world: World, server: TeacherServer) -> None:
    folder = world("labels", {"generate": 1}, 40)
    held = "The depot keeps this one back for the examination of its apprentices in May"
    write_rows(folder / "holdout.jsonl", [{"id": "h", "input": held, "output": "praise"}])
    obedient = server.answer

    def leaking(body: Body) -> str:
        value = json.loads(obedient(body))
        value["examples"][0]["input"] = held
        return json.dumps(value)

    server.answer = leaking
    assert run(folder)["rejected"]["leak"] >= 8
    assert not any(held in str(seen.body) for seen in server.seen)


def test_a_border_is_shown_from_both_sides(world: World, server: TeacherServer) -> None:
    folder = world("labels", {"long_tail": 1}, 30)
    run(folder)
    tails = Counter(made.source.attributes["tail"] for made in accepted(folder))
    assert tails["border"] > 0
    bordering = [s.body["messages"][-1]["content"] for s in server.seen if "at first sight" in str(s.body)]
    for prompt in bordering:
        near = re.search(r'at first sight "(\w+)"', prompt)
        assert near is not None
        assert f'"output": "{near[1]}"' in prompt


def test_declared_attributes_cross_the_cells_and_are_checked_on_a_sample(
    world: World, server: TeacherServer
) -> None:
    obedient = Obedient([str(row("labels", i)["input"]) for i in range(60)])
    asked: list[Body] = []

    def answer(body: Body) -> str:
        prompt = body["messages"][-1]["content"]
        if "Which of these fits" not in prompt:
            return obedient(body)
        asked.append(body)
        n = len(re.findall(r"^\d+\. ", prompt, re.MULTILINE))
        return json.dumps({"values": ["formal"] * n})

    folder = world("labels", {"generate": 1}, 60, plan={"attributes": {"tone": ["formal", "casual"]}})
    server.answer = answer
    result = run(folder)
    assert {cell["cell"] for cell in result["cells"]} == {
        f"{a} · {b}" for a in LABELS for b in ("formal", "casual")
    }
    assert {cell["state"] for cell in result["cells"]} == {"filled"}
    tones = Counter(made.source.attributes["tone"] for made in accepted(folder))
    assert tones["formal"] == tones["casual"] == 30
    [tone] = [facet for facet in result["facets"] if facet["facet"] == "tone"]
    assert asked
    assert (tone["n"], tone["how"]) == (30, "openai:m")
    assert 0.2 < tone["share"] < 0.8  # the teacher calls everything formal, and half was asked to be casual
    assert tone["interval"][0] < tone["share"] < tone["interval"][1]
    [label] = [facet for facet in result["facets"] if facet["facet"] == "label"]
    assert (label["agree"], label["how"]) == (60, "computed")
    before = len(server.seen)
    assert run(folder)["facets"] == result["facets"]
    assert len(server.seen) == before


def test_several_seeds_and_the_avoided_terms_stand_in_the_prompt(world: World, server: TeacherServer) -> None:
    folder = world("labels", {"generate": 1}, 20, name="q")
    config = json.loads((folder / "seedstock.yaml").read_text())
    config["task"]["domain"] = {"prefer": {"circuit breaker": ["automatic fuse"]}, "avoid": ["utilise"]}
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    run(folder)
    system = server.seen[0].body["messages"][0]["content"]
    assert 'write "circuit breaker", never "automatic fuse"' in system
    assert 'never write "utilise"' in system


# -- rewriting


def test_a_rewrite_remembers_its_style(world: World) -> None:
    folder = world(
        "labels", {"restyle": {"weight": 1, "styles": {"curt": "as curt as can be", "wordy": "wordy"}}}
    )
    run(folder)
    styles = Counter(made.source.attributes["style"] for made in accepted(folder))
    assert set(styles) == {"curt", "wordy"}
    assert not any(made.source.needs_review for made in accepted(folder))


def test_the_same_data_in_another_form_is_asked_for_and_comes_back(world: World) -> None:
    wanted = {"yaml": "Answer as YAML.", "indented": "Indent the JSON."}
    folder = world("schema", {"reformat": {"weight": 1, "outputs": {"indented": wanted["indented"]}}})
    run(folder)
    rows = accepted(folder)
    turned = [made for made in rows if "output_form" in made.source.attributes]
    assert 0 < len(turned) < len(rows)
    for made in turned:
        assert made.input.endswith(wanted["indented"])
        assert made.output == json.dumps(json.loads(made.output), indent=2)


# -- reasoning


def total(problem: str) -> int:
    return sum(map(int, re.findall(r"(\d+) and (\d+) more", problem)[0]))


def sums(n: int, first: int) -> list[dict[str, Any]]:
    return [{"id": f"u{i}", "input": row("answer", i)["input"]} for i in range(first, first + n)]


def test_with_a_known_answer_every_kept_chain_is_right(world: World) -> None:
    folder = world("answer", {"reasoning": {"weight": 1, "calibrate": 60, "new": False}}, 60)
    result = run(folder)
    rows = accepted(folder)
    assert len(rows) > 40
    known = {str(row("answer", i)["input"]): row("answer", i)["output"].split("#### ")[1] for i in range(60)}
    assert all(made.output.endswith(f"\n#### {known[made.input]}") for made in rows)
    worse = [made for made in rows if made.rejected]
    assert worse
    assert all(not r["output"].endswith(f"#### {known[m.input]}") for m in worse for r in m.rejected)
    assert result["recipes"][0]["requests"] == 4 * result["recipes"][0]["questions"]


def test_without_one_agreement_decides_once_the_seeds_have_shown_what_it_is_worth(
    world: World, server: TeacherServer
) -> None:
    settings = {
        "weight": 1,
        "calibrate": 60,
        "problems": "problems.jsonl",
        "new": False,
        "min_precision": 0.85,
    }
    folder = world("answer", {"reasoning": settings}, 90)
    write_rows(folder / "problems.jsonl", sums(40, 500))
    run(folder)
    unknown = [made for made in accepted(folder) if "agree" in made.source.attributes["chains"]]
    assert len(unknown) > 25
    right = sum(made.output.endswith(f"#### {total(made.input)}") for made in unknown)
    assert right / len(unknown) > 0.9
    assert all(made.source.fold is not None and made.source.parents for made in unknown)


def test_a_teacher_whose_agreement_is_worth_nothing_is_not_believed(
    world: World, server: TeacherServer
) -> None:
    settings = {"weight": 1, "calibrate": 60, "problems": "problems.jsonl", "new": False}
    folder = world("answer", {"reasoning": settings}, 90)
    write_rows(folder / "problems.jsonl", sums(40, 500))
    obedient = server.answer

    def half_right(body: Body) -> str:
        """All chains agree, on the right number or, for every other problem, on 12."""
        told = json.loads(obedient(body))
        problem = int(re.findall(r"(\d+) and \d+ more", body["messages"][-1]["content"])[-1])
        return json.dumps(told if problem % 2 else told | {"answer": "12"})

    server.answer = half_right
    result = run(folder)
    assert not [made for made in accepted(folder) if "agree" in made.source.attributes["chains"]]
    told = " ".join(cell["state"] for cell in result["cells"])
    assert "is not known to be right in 90% of cases" in told


@pytest.mark.parametrize(("calibrate", "told"), [(28, True), (29, False)])
def test_too_few_seeds_to_believe_agreement_are_told_before_anything_is_asked(
    calibrate: int, told: bool, world: World
) -> None:
    """28 of 28 right shows at least 89.85 %, 29 of 29 at least 90.19 %: 0.05 ** (1 / n)."""
    folder = world("answer", {"reasoning": {"weight": 1, "calibrate": calibrate}})
    found = cli("--project", folder, "check", "--json").json
    assert any("solved seeds cannot show" in note for note in found["notes"]) == told


def test_what_several_chains_cost_is_counted_once(world: World) -> None:
    settings = {"weight": 1, "calibrate": 60, "new": False}
    folder = world("answer", {"reasoning": settings}, 30)
    found = cli("--project", folder, "check", "--json").json["plan"]
    asked = cli("--project", folder, "run", "--dry-run", "--json").json["requests"]
    assert found["requests"] == 4 * 30
    characters = sum(len(m["content"]) for one in asked for m in one["messages"]) / len(asked)
    assert found["tokens_in"] == pytest.approx(120 * characters / 4, rel=0.1)


def test_when_all_is_solved_that_is_what_is_said(world: World) -> None:
    result = run(world("answer", {"reasoning": {"weight": 1, "calibrate": 60, "new": False}}, 90))
    told = " ".join(cell["state"] for cell in result["cells"])
    assert "every problem has been solved, and no new ones are wanted" in told


def test_new_problems_are_written_and_then_solved(world: World, server: TeacherServer) -> None:
    folder = world("answer", {"reasoning": {"weight": 1, "agree": 3, "calibrate": 0}}, 20)
    run(folder)
    rows = accepted(folder)
    assert len(rows) >= 15
    seeds = {str(row("answer", i)["input"]) for i in range(60)}
    assert not seeds & {made.input for made in rows}
    assert all(made.source.attributes["chains"].endswith("3 wanted") for made in rows)


# -- conversations


def test_a_conversation_is_played_by_two_and_every_answer_is_gated(
    world: World, server: TeacherServer
) -> None:
    with TeacherServer() as other:
        partner = {"kind": "openai", "base_url": other.url, "model": "user-model", "structured": "none"}
        folder = world("talk", {"conversation": {"weight": 1, **TALKING}}, 12, partner=partner)
        other.answer = server.answer
        run(folder)
        assert {seen.body["model"] for seen in other.seen} == {"user-model"}
        assert all("You play the user" in seen.body["messages"][0]["content"] for seen in other.seen)
        assert not any("You play the user" in seen.body["messages"][0]["content"] for seen in server.seen)
    for made in accepted(folder):
        roles = [turn.role for turn in made.input]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
        assert made.output.startswith("The depot will call you")
        assert made.source.teacher == "openai:m"
        assert made.source.attributes["user"] == "openai:user-model"
        assert made.source.attributes["scenario"] in SCENARIOS
        assert made.source.needs_review
    said = [len(made.input) for made in accepted(folder)]
    assert max(said) >= 3


def test_an_answer_that_a_gate_rejects_ends_the_conversation(world: World, server: TeacherServer) -> None:
    folder = world("talk", {"conversation": {"weight": 1, **TALKING}}, 6, plan={"overgenerate": 1})
    obedient = server.answer

    def answer(body: Body) -> str:
        return obedient(body) if "You play the user" in str(body) else "As an AI language model I cannot."

    server.answer = answer
    result = run(folder)
    assert result["accepted"] == 0
    assert result["rejected"]["format"] == result["candidates"]
    # One question to the user and one to the assistant each: nobody answers what a gate has rejected.
    assert result["requests"]["sent"] == 2 * result["candidates"]


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"message": "How can I help you today?", "done": False}, "role_flip"),
        ({"message": "Where is it?", "done": False}, "loop"), ({"message": "", "done": True}, "unparsed"),
        ("no JSON at all", "unparsed"),
    ],
)  # fmt: skip
def test_a_user_who_leaves_the_role_or_goes_round_in_circles(
    world: World, server: TeacherServer, says: Any, code: str
) -> None:
    folder = world("talk", {"conversation": {"weight": 1, **TALKING}}, 4, plan={"overgenerate": 1})
    server.answer = lambda body: (
        json.dumps(says) if "You play the user" in str(body) else f"Reply {len(str(body))}"
    )
    assert run(folder)["accepted"] == 0
    with Project(folder) as project:
        codes = {c.verdicts[-1].code for c in project.ledger.candidates(project.run_id)}
    assert codes == {code}


# -- attacks


def test_attacks_come_with_harmless_twins_over_the_whole_grid(world: World, server: TeacherServer) -> None:
    settings = {"weight": 1, "topics": ["dates", "refunds", "insults"], "policy": "policy.txt",
                "styles": {"plain": "plainly", "sly": "slyly"}}  # fmt: skip
    folder = world("talk", {"red_team": settings}, 24)
    result = run(folder)
    assert [cell["cell"] for cell in result["cells"]] == ["red_team"]
    rows = accepted(folder)
    sides = Counter(made.source.attributes["side"] for made in rows)
    assert sides["attack"] == pytest.approx(sides["harmless"], abs=8)
    grid = {(m.source.attributes["topic"], m.source.attributes["attack"]) for m in rows}
    assert len(grid) == 6
    assert all(POLICY in seen.body["messages"][0]["content"] for seen in server.seen)
    assert all(made.rejected for made in rows)


def test_preference_pairs_are_released(world: World, server: TeacherServer) -> None:
    settings = {"weight": 1, "topics": ["dates", "refunds"], "policy": "policy.txt"}
    folder = world("talk", {"red_team": settings}, 12)
    run(folder)
    waived = ("--waive", "review", "--by", "N. N.", "--because", "a test")
    done = cli("--project", folder, "release", "--format", "messages,preference", "--json", *waived)
    assert done.code == 0, done
    pairs = read_rows(folder / "releases" / "v1" / "train.preference.jsonl")
    assert len(pairs) == 12
    for pair in pairs:
        assert pair["prompt"][-1]["role"] == "user"
        assert pair["chosen"] != pair["rejected"]
    assert cli("--project", folder, "verify", "v1").code == 0
    with (folder / "releases" / "v1" / "train.preference.jsonl").open("a") as file:
        file.write("{}\n")
    assert cli("--project", folder, "verify", "v1").code == 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"policy": "policy.txt"}, "topics"), ({"topics": ["a"]}, "policy"),
        ({"topics": ["a"], "policy": "nowhere.txt"}, "nowhere.txt"),
        ({"topics": [], "policy": "policy.txt"}, "topics"),
        ({"topics": ["a", "a"], "policy": "policy.txt"}, "each topic once"),
    ],
)  # fmt: skip
def test_red_team_without_topics_or_policy_is_no_config(
    world: World, settings: dict[str, Any], said: str
) -> None:
    done = cli("--project", world("talk", {"red_team": {"weight": 1, **settings}}), "run")
    assert (done.code, done.lines) == (2, 1)
    assert said in done.err


# -- the owner's own prompts


def test_an_own_prompt_is_sent_and_its_hash_is_kept(world: World, server: TeacherServer) -> None:
    folder = world("labels", {"paraphrase": 1}, 6)
    (folder / "prompts").mkdir()
    ours = Path(paraphrase.__file__).with_name("prompts") / "paraphrase.txt"
    (folder / "prompts" / "paraphrase.txt").write_text(
        ours.read_text().replace("[system]\n", "[system]\nMINE. ")
    )
    run(folder)
    assert all(seen.body["messages"][0]["content"].startswith("MINE.") for seen in server.seen)
    said = cli("--project", folder, "check").out
    assert "your own" in said
    assert cli("--project", folder, "release").code == 0
    manifest = json.loads((folder / "releases" / "v1" / "manifest.json").read_text())
    with Project(folder) as project:
        own = project.recipes["paraphrase"][0].prompts["paraphrase"]
        assert manifest["prompt_files"] == {"paraphrase": own.sha256}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("parafrase", "[user]\nx", "'paraphrase'"), ("paraphrase", "no parts", "headed [user]"),
        ("paraphrase", "[user]\na\nb {% if %}", "paraphrase.txt:3"),
        ("paraphrase", "[user]\n{{ nonsense }}", "nonsense"),
        ("paraphrase", "[user]\n{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)  # fmt: skip
def test_a_broken_prompt_is_told_in_one_line(world: World, name: str, text: str, said: str) -> None:
    folder = world("labels", {"paraphrase": 1}, 6)
    (folder / "prompts").mkdir()
    (folder / "prompts" / f"{name}.txt").write_text(text)
    done = cli("--project", folder, "run")
    assert (done.code, done.lines) == (2, 1), done
    assert said in done.err


# -- several steps


def test_a_run_that_is_killed_between_two_steps_ends_as_one_that_was_not(
    world: World, server: TeacherServer
) -> None:
    recipes = {"conversation": {"weight": 1, **TALKING}}
    whole = world("talk", recipes, 24, name="whole")
    run(whole)
    asked = {one.name for one in server.answered()}
    server.forget()
    folder = world("talk", recipes, 24, teacher={"concurrency": 4})
    server.latency = 0.05
    for _ in range(2):
        kill_after(folder, server, len(asked) // 4)
    server.latency = 0
    run(folder)
    again = Counter(one.name for one in server.answered())
    assert set(again) == asked
    assert again.total() - len(again) <= 2 * LOST_AT_A_KILL
    assert candidates(folder) == candidates(whole)
