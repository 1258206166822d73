"""run against a real server: what is asked, what is kept, what faults do, and what a second run sends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from helpers import (
    LABELS,
    accepted,
    candidates,
    cli,
    make_config,
    make_project,
    process,
    read_rows,
    seed_rows,
    write_rows,
)
from seedstock import Project
from server import WORDS, Body, TeacherServer, drawn, good, paraphrases

FAULTS = ("429", "500", "503", "reset", "cut", "not_json")
SHARED = Path(os.environ.get("SEEDSTOCK_SHARED", Path(__file__).parents[2] / "shared"))


def run(folder: Path, *arguments: object) -> Any:
    done = cli("--project", folder, "run", "--json", *arguments)
    assert done.code == 0, done
    return done.json


def first_try_fails(body: Body, attempt: int) -> str | None:
    """Half of all requests meet a fault first, each its own; the second try succeeds."""
    return None if attempt or drawn(body, "half").random() < 0.5 else drawn(body, "kind").choice(FAULTS)


# -- what is asked and what is kept


def test_a_run_fills_its_quotas_and_counts_what_it_sent(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    result = run(folder)
    assert result["accepted"] == 30
    assert result["requests"] == {"sent": 9, "answered": 9, "retried": 0, "failed": 0, "hedged": 0}
    assert len(server.seen) == 9
    assert {cell["cell"]: cell["accepted"] for cell in result["cells"]} == {
        "complaint": 10, "praise": 10, "question": 10,
    }  # fmt: skip
    assert {cell["state"] for cell in result["cells"]} == {"filled"}


def test_a_run_says_what_each_recipe_did_and_how_few_questions_that_took(
    tmp_path: Path, server: TeacherServer
) -> None:
    result = run(make_project(tmp_path / "p", server.url))
    parts = result["recipes"]
    assert [(part["recipe"], part["cell"], part["target"], part["accepted"]) for part in parts] == [
        ("paraphrase", label, 10, 10) for label in LABELS
    ]
    assert all(part["yield"] == 1 and part["state"] == "filled" for part in parts)
    assert sum(part["questions"] for part in parts) == sum(part["requests"] for part in parts) == 9
    assert sum(part["candidates"] for part in parts) == result["candidates"] >= 30
    assert result["efficiency"] == {"questions": 9, "needed": 10.0, "ratio": 0.9}
    assert result["parents"]["most"] <= result["parents"]["bound"]
    assert sum(result["parents"]["seeds"].values()) <= 30


def test_rows_that_came_too_many_are_kept_out_of_full_cells_and_not_lost(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.answer = lambda body: good(body) if drawn(body, "poor").random() < 0.5 else "no"
    folder = make_project(tmp_path / "p", server.url, target=31, plan={"overgenerate": 20})
    result = run(folder)
    assert {cell["state"] for cell in result["cells"]} == {"filled"}
    assert [cell["accepted"] for cell in result["cells"]] == [cell["target"] for cell in result["cells"]]
    assert result["accepted"] == 31
    with Project(folder) as project:
        spare = [
            row for row in project.ledger.candidates(project.run_id) if row.verdicts[-1].code == "cell_full"
        ]
    assert len(spare) == result["rejected"].get("plan", 0)
    assert all(row.example is not None and row.verdicts[-1].reason.startswith("cell ") for row in spare)
    assert all(verdict.passed for row in spare for verdict in row.verdicts[:-1])


def versatile(body: Body) -> str:
    """Rewrites or new examples, as the schema says; an example has the output that the prompt asks for."""
    (name,) = body["response_format"]["json_schema"]["schema"]["required"]
    prompt = body["messages"][-1]["content"]
    found = re.search(r"[Ww]rite (\d+) ", prompt)
    assert found is not None
    if name == "rewrites":
        return good(body)
    chance = drawn(body, "versatile")
    texts = [" ".join(chance.sample(WORDS, 12)) for _ in range(int(found[1]))]
    label = re.findall(r'the right output is "(\w+)"', prompt)[-1]
    return json.dumps({name: [{"input": text, "output": label} for text in texts]})


def test_the_usual_recipes_share_the_target_and_keep_to_the_folds(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.answer = versatile
    folder = make_project(tmp_path / "p", server.url, target=150, plan={"recipes": None})
    result = run(folder)
    assert result["accepted"] == 150
    assert {cell["accepted"] for cell in result["cells"]} == {50}
    by_recipe: Counter[str] = Counter()
    for part in result["recipes"]:
        by_recipe[part["recipe"]] += part["accepted"]
    wanted = {"paraphrase": 45, "restyle": 30, "reformat": 15, "generate": 42, "long_tail": 18}
    assert by_recipe.keys() == wanted.keys()
    assert all(abs(by_recipe[name] - rows) <= 7 for name, rows in wanted.items()), by_recipe
    held = [row["input"] for row in read_rows(folder / "holdout.jsonl")]
    with Project(folder) as project:
        seeds = {seed.id: seed for seed in project.seeds}
    for seen in server.seen:
        prompt = "\n".join(message["content"] for message in seen.body["messages"])
        assert not [text for text in held if text in prompt]
        assert len({seed.source.fold for seed in seeds.values() if seed.input in prompt}) == 1
    for row in accepted(folder):
        assert {seeds[parent].source.fold for parent in row.source.parents} == {row.source.fold}
        assert row.source.cell == row.output
        assert row.source.needs_review is (row.source.recipe in ("generate", "long_tail"))
        if row.source.recipe in ("restyle", "reformat"):
            assert row.source.attributes["style" if row.source.recipe == "restyle" else "format"]


def test_every_row_knows_its_fold_parent_and_prompt(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    result = run(folder)
    with Project(folder) as project:
        seeds = {seed.id: seed for seed in project.seeds}
    assert {seed.source.fold for seed in seeds.values()} == {0, 1, 2, 3, 4}
    for row in accepted(folder):
        (parent,) = row.source.parents
        assert row.source.fold == seeds[parent].source.fold
        assert row.output == seeds[parent].output
        assert (row.source.kind, row.source.depth, row.source.run) == ("synthetic", 1, result["run"])
        assert row.source.teacher == "openai:tester-1"
        assert re.fullmatch("[0-9a-f]{64}", row.source.prompt_sha256)


def test_a_prompt_holds_seeds_of_one_fold_and_nothing_of_the_holdout(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url, target=120)
    run(folder)
    held = [row["input"] for row in read_rows(folder / "holdout.jsonl")]
    with Project(folder) as project:
        seeds = project.seeds
    for seen in server.seen:
        prompt = "\n".join(message["content"] for message in seen.body["messages"])
        assert not [text for text in held if text in prompt]
        assert len({seed.source.fold for seed in seeds if seed.input in prompt}) == 1


def test_a_split_off_holdout_is_in_no_prompt_and_stays_split_off(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url, n=340, holdout=0, target=400)
    run(folder)
    with Project(folder) as project:
        held = project.holdout
        assert len(held) == 100
        assert project.ledger.frozen("split").ids == tuple(sorted(row.id for row in held))
    prompts = "\n".join(seen.body["messages"][-1]["content"] for seen in server.seen)
    assert not [row.id for row in held if row.input in prompts]


def test_what_is_asked_for_follows_the_config(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(
        tmp_path / "p", server.url, teacher={"temperature": 0.4, "top_p": 0.9, "max_tokens": 77}
    )
    run(folder)
    body = server.seen[0].body
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.4, 0.9, 77)
    assert body["model"] == "tester-1"
    wanted = body["response_format"]["json_schema"]["schema"]
    assert wanted["required"] == ["rewrites"]
    assert "Say what the customer wants." in body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("setting", "same"),
    [
        ({"licence": "apache-2.0"}, True), ({"api_key_env": "OTHER_KEY"}, True), ({"timeout": 7}, True),
        ({"base_url": "http://127.0.0.1:1/v1"}, True), ({"price": {"input": 1, "output": 2}}, True),
        ({"temperature": 0.4}, False), ({"model": "tester-2"}, False), ({"max_tokens": 77}, False),
    ],
)  # fmt: skip
def test_a_run_is_named_by_what_its_answers_depend_on(
    tmp_path: Path, setting: dict[str, Any], same: bool
) -> None:
    url = "http://127.0.0.1:9/v1"
    plain = make_project(tmp_path / "a", url, teacher={})
    other = make_project(tmp_path / "b", url, teacher=setting)
    with Project(plain) as one, Project(other) as two:
        assert (one.run_id == two.run_id) is same


def test_no_more_requests_are_under_way_than_allowed(tmp_path: Path, server: TeacherServer) -> None:
    server.latency = 0.02
    run(make_project(tmp_path / "p", server.url, target=60, teacher={"concurrency": 3}))
    assert server.most_at_once == 3


def test_rows_too_near_to_the_holdout_or_to_each_other_are_rejected(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = tmp_path / "p"
    make_project(folder)
    held = read_rows(folder / "holdout.jsonl")[0]["input"]

    def answer(body: Body) -> str:
        first, *others = paraphrases(body)
        return json.dumps({"rewrites": [held, first, *others[:-1]] if others else [held]})

    server.answer = answer
    result = run(make_project(folder, server.url))
    assert result["rejected"]["leak"] >= 10
    assert held not in [row.input for row in accepted(folder)]


# -- faults


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_counted_and_tried_again(fault: str, tmp_path: Path, server: TeacherServer) -> None:
    server.fault = lambda body, attempt: fault if attempt == 0 and drawn(body).random() < 0.6 else None
    result = run(make_project(tmp_path / "p", server.url))
    hit = server.outcomes()[fault]
    assert result["accepted"] == 30
    assert result["requests"] == {"sent": 9, "answered": 9, "retried": hit, "failed": 0, "hedged": 0}
    assert sum(result["faults"].values()) == hit
    assert {"reset": "reset", "cut": "reset", "not_json": "bad_body"}.get(fault, fault) in result["faults"]


def test_a_slow_answer_times_out_and_is_tried_again(tmp_path: Path, server: TeacherServer) -> None:
    server.fault = lambda body, attempt: "slow" if attempt == 0 and drawn(body).random() < 0.4 else None
    result = run(make_project(tmp_path / "p", server.url, teacher={"timeout": 1.5}))
    assert result["accepted"] == 30
    assert set(result["faults"]) == {"timeout"}
    assert result["faults"]["timeout"] >= server.outcomes()["slow"] > 0


def test_faults_change_nothing_in_the_result(tmp_path: Path, server: TeacherServer) -> None:
    clean = make_project(tmp_path / "clean", server.url, target=60)
    run(clean)
    server.forget()
    server.fault = first_try_fails
    rough = make_project(tmp_path / "rough", server.url, target=60)
    result = run(rough)
    assert result["requests"]["retried"] >= 5
    assert candidates(rough) == candidates(clean)


@pytest.mark.parametrize("dressing", ["fenced", "chatty"])
def test_json_in_a_fence_or_in_chatter_is_read(dressing: str, tmp_path: Path, server: TeacherServer) -> None:
    clean = make_project(tmp_path / "clean", server.url)
    run(clean)
    server.fault = lambda *_: dressing
    dressed = make_project(tmp_path / "dressed", server.url)
    run(dressed)
    assert [row.input for row in accepted(dressed)] == [row.input for row in accepted(clean)]


def test_a_cut_answer_loses_its_unfinished_text_only(tmp_path: Path, server: TeacherServer) -> None:
    server.fault = lambda body, _: "length"
    folder = make_project(tmp_path / "p", server.url)
    result = run(folder)
    assert result["rejected"]["format"] > 0
    whole = {text for seen in server.seen for text in paraphrases(seen.body)}
    assert {row.input for row in accepted(folder)} <= whole


def test_an_answer_that_cannot_be_read_is_a_rejected_candidate_and_can_be_traced(
    tmp_path: Path, server: TeacherServer
) -> None:
    refusal = "I am sorry, but as a matter of principle I only write haiku."
    server.answer = lambda body: refusal if drawn(body, "haiku").random() < 0.3 else good(body)
    folder = make_project(tmp_path / "p", server.url, target=90, plan={"overgenerate": 10})
    result = run(folder)
    assert result["accepted"] == 90
    with Project(folder) as project:
        rejected = [c for c in project.ledger.candidates(project.run_id, accepted=False) if c.example is None]
    assert rejected
    assert result["rejected"]["format"] == len(rejected)
    story = cli("--project", folder, "trace", rejected[0].id, "--json").json
    assert story["outcome"] == "rejected"
    assert story["answer"] == refusal
    assert story["gates"][0]["code"] == "unparsed"
    assert story["parents"]
    assert story["prompt"]["messages"][1]["content"]


def test_a_request_that_never_succeeds_costs_its_row_and_not_the_run(
    tmp_path: Path, server: TeacherServer
) -> None:
    cursed = seed_rows(60)[3]["input"]
    server.fault = lambda body, _: "500" if cursed in body["messages"][-1]["content"] else None
    teacher = {"max_attempts": 2, "patience": 5}
    folder = make_project(tmp_path / "p", server.url, target=240, teacher=teacher)  # 4 rows a seed
    result = run(folder)
    assert result["accepted"] == 240
    assert result["requests"]["failed"] >= 1
    assert "no_answer" in str(cli("--project", folder, "release", "--json").json["gates"])


def test_a_used_up_quota_ends_the_run_and_spoils_nothing(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher={"max_attempts": 2, "patience": 2})
    server.words, server.fault = "you exceeded your current quota", lambda *_: "429"
    done = cli("--project", folder, "run", "--json")
    assert done.code == 4, done
    assert "429" in done.err
    server.fault = lambda *_: None
    assert run(folder)["accepted"] == 30


@pytest.mark.parametrize(
    "usage", [None, [], {"prompt_tokens": "12", "completion_tokens": 10**40}, {"prompt_tokens": -1}]
)
def test_a_server_that_counts_badly_costs_nothing_but_the_figure(
    usage: Any, tmp_path: Path, server: TeacherServer
) -> None:
    server.usage = usage
    price = {"price": {"input": 1, "output": 2}}
    result = run(make_project(tmp_path / "p", server.url, target=6, teacher={**price, "max_attempts": 1}))
    if usage == []:
        return
    assert result["accepted"] == 6
    assert result["cost"]["total"] is None


def test_lone_surrogates_from_a_server_hurt_nobody(tmp_path: Path, server: TeacherServer) -> None:
    server.answer = lambda body: json.dumps({"rewrites": ["bad \ud800 end", *paraphrases(body)][:3]})
    server.extra = {"model": "half a \ud800 name", "system_fingerprint": "\udfff"}
    folder = make_project(tmp_path / "p", server.url)
    result = run(folder)
    assert result["rejected"]["format"] > 0
    assert cli("--project", folder, "release").code == 0


def test_what_all_prompts_share_comes_first_and_the_cached_share_is_told(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.usage = {
        "prompt_tokens": 200, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 150},
    }  # fmt: skip
    result = run(make_project(tmp_path / "p", server.url))
    assert len({json.dumps(one.body["messages"][0]) for one in server.seen}) == 1
    tokens = {"in": 200 * len(server.seen), "cached": 150 * len(server.seen), "cached_share": 0.75}
    assert tokens.items() <= result["tokens"].items()


def test_a_price_gives_a_cost(tmp_path: Path, server: TeacherServer) -> None:
    price = {"price": {"input": 2, "output": 10, "currency": "EUR"}}
    folder = make_project(tmp_path / "p", server.url, teacher=price)
    cost = run(folder)["cost"]
    recipe = {"recipe": "paraphrase", "accepted": 30, "total": 0.0027, "per_accepted": 0.00009}
    assert cost == {
        "total": 0.0027, "per_accepted": 0.00009, "currency": "EUR", "price": "the config", "paid": 0.0027,
        "recipes": [recipe],
    }  # fmt: skip
    assert run(folder)["cost"] == cost, "cost is the project's, not this call's"


# -- again


def test_a_second_run_sends_nothing_and_says_the_same(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    first = run(folder)
    second = run(folder)
    assert len(server.seen) == 9
    assert second["requests"] == {"sent": 0, "answered": 0, "retried": 0, "failed": 0, "hedged": 0}
    same = ("run", "candidates", "accepted", "rejected", "cells", "cost", "recipes", "efficiency", "parents")
    assert {key: second[key] for key in same} == {key: first[key] for key in same}


def named(messages: Any, params: dict[str, Any]) -> str:
    return json.dumps([messages, params["seed"]])


def test_another_threshold_gates_again_and_asks_nothing_that_was_answered(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.answer = lambda body: json.dumps({"rewrites": [t + " indeed" for t in paraphrases(body)]})
    folder = make_project(tmp_path / "p", server.url, gates={"duplicate": {"threshold": 0.3}}, target=12)
    first = {named(one["messages"], one["params"]) for one in run(folder, "--dry-run")["requests"]}
    strict = run(folder)
    assert strict["rejected"]["duplicate"] > 0
    asked = len(server.seen)
    make_project(folder, server.url, gates={"duplicate": {"threshold": 0.9}}, target=12)
    loose = run(folder)
    assert loose["run"] != strict["run"]
    assert loose["accepted"] == 12
    # What later waves are shown depends on verdicts: only what is asked in other words is asked anew.
    assert server.repeated() == 0
    assert not first & {named(one.body["messages"], one.body) for one in server.seen[asked:]}


def test_another_model_is_asked_anew(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    run(folder)
    make_project(folder, server.url, teacher={"model": "tester-2"})
    assert run(folder)["requests"]["answered"] == 9
    make_project(folder, server.url)
    assert run(folder)["requests"]["sent"] == 0


def test_the_same_server_at_another_address_is_not_asked_again(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    run(folder)
    with TeacherServer() as moved:
        make_project(folder, moved.url)
        assert run(folder)["requests"]["sent"] == 0


@pytest.mark.parametrize("limit", [1, 4, 5])
def test_limit_bounds_the_requests_and_the_rest_comes_later(
    limit: int, tmp_path: Path, server: TeacherServer
) -> None:
    whole = make_project(tmp_path / "whole", server.url)
    run(whole)
    server.forget()
    parts = make_project(tmp_path / "parts", server.url)
    first = run(parts, "--limit", limit)
    assert (first["requests"]["sent"], first["stopped"], len(server.seen)) == (limit, "limit", limit)
    assert "open" in {cell["state"] for cell in first["cells"]}
    assert first["efficiency"]["questions"] == limit, "what was planned and not asked is not counted"
    for _ in range(9 // limit - 1):
        assert run(parts, "--limit", limit)["requests"]["sent"] == limit
    last = run(parts, "--limit", limit)
    assert last["requests"]["sent"] == 9 % limit
    assert "stopped" not in last
    assert server.repeated() == 0
    assert candidates(parts) == candidates(whole)


def test_dry_run_prints_the_prompts_as_they_would_be_sent_and_sends_none(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url)
    planned = run(folder, "--dry-run")
    assert server.seen == []
    assert not (folder / ".seedstock" / "ledger.db").exists()
    assert (planned["plan"]["requests"], len(planned["requests"])) == (9, 3), "the pilot is the first wave"
    said = cli("--project", folder, "run", "--dry-run").out
    assert planned["requests"][0]["messages"][1]["content"] in said
    announced = [named(request["messages"], request["params"]) for request in planned["requests"]]
    run(folder, "--limit", 3)
    assert sorted(announced) == sorted(named(seen.body["messages"], seen.body) for seen in server.seen)
    server.seen.clear()
    rest = run(folder, "--dry-run")["requests"]
    assert server.seen == []
    run(folder)
    announced = [named(request["messages"], request["params"]) for request in rest]
    assert sorted(announced) == sorted(named(seen.body["messages"], seen.body) for seen in server.seen)
    assert run(folder, "--dry-run")["requests"] == []


def test_seeds_added_later_keep_the_others_folds(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    run(folder)
    with Project(folder) as project:
        before = {seed.id: seed.source.fold for seed in project.seeds}
    write_rows(folder / "seeds.jsonl", seed_rows(75))
    run(folder)
    with Project(folder) as project:
        after = {seed.id: seed.source.fold for seed in project.seeds}
    assert len(after) == 75
    assert before.items() <= after.items()


def test_two_runs_at_once_are_told_apart(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url)
    with Project(folder) as project, project.locked():
        done = cli("--project", folder, "run")
    assert (done.code, done.lines) == (2, 1)
    assert "another seedstock" in done.err


# -- the key


def test_the_key_is_sent_to_the_teacher_and_stands_nowhere_else(
    tmp_path: Path, server: TeacherServer
) -> None:
    key = "sk-planted-4242"
    server.words = f"bad luck, {key}"
    kinds = cycle(FAULTS)
    server.fault = lambda body, attempt: None if attempt else next(kinds)
    folder = make_project(tmp_path / "p", server.url, teacher={"api_key_env": "SHOP_KEY"})
    said = ""
    for arguments in (["check"], ["run"], ["release"], ["check", "--json"], ["run", "--json"]):
        done = process("--project", folder, *arguments, env={"SHOP_KEY": key + "\n"})
        assert done.code == 0, done
        said += done.out + done.err
    assert {seen.headers["Authorization"] for seen in server.seen} == {f"Bearer {key}"}
    assert {"not_json", "500"} <= set(server.outcomes())
    assert key not in said
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert [path.name for path in files if key.encode() in path.read_bytes()] == []


def test_a_key_that_no_header_can_hold_is_said_in_one_line(
    tmp_path: Path, server: TeacherServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one\r\nX-Evil: yes")
    done = cli("--project", make_project(tmp_path / "p", server.url), "run")
    assert (done.code, done.lines) == (2, 1), done
    assert "OPENAI_API_KEY" in done.err
    assert "sk-one" not in done.err


# -- hostile rows


@pytest.mark.parametrize("field", ["id", "input", "output"])
def test_half_a_character_in_a_seed_is_said_with_its_line(
    field: str, tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url)
    rows = seed_rows(60)
    rows[4][field] += " \udfff"
    write_rows(folder / "seeds.jsonl", rows)
    done = cli("--project", folder, "run", "--json")
    assert (done.code, done.lines) == (2, 1), done
    assert "seeds.jsonl:5" in done.err


def test_a_dry_run_does_not_let_rows_steer_the_terminal(tmp_path: Path, server: TeacherServer) -> None:
    batch = {"kind": "batch", "base_url": server.url, "model": "m"}
    folder = make_project(tmp_path / "p", target=180, teacher=batch)  # all of the first wave, no pilot
    rows = seed_rows(60)
    rows[4]["input"] += " \x1b[31mred\x1b[0m"
    write_rows(folder / "seeds.jsonl", rows)
    said = cli("--project", folder, "run", "--dry-run").out
    assert rows[3]["input"] in said
    assert rows[4]["input"].split(" \x1b")[0] in said
    assert "\x1b" not in said


# -- the recorded answers of real teachers


@pytest.mark.skipif(
    not (SHARED / "tools" / "recorded_teacher.py").exists(), reason="no recorded teacher here"
)
def test_sixty_rows_from_a_recorded_teacher_with_faults(tmp_path: Path) -> None:
    data = SHARED / "data" / "tweet_sentiment"
    faults = (
        "--fail-429 0.05 --fail-500 0.02 --reset 0.01 --prose 0.1 --truncate 0.02 --retry-after 0".split()
    )
    command = [sys.executable, str(SHARED / "tools" / "recorded_teacher.py"), str(data)]
    with subprocess.Popen([*command, *faults], stdout=subprocess.PIPE, text=True) as teacher:
        try:
            assert teacher.stdout is not None
            url = teacher.stdout.readline().split()[-1]
            folder = tmp_path / "p"
            make_config(
                folder, seeds={"path": str(data / "seeds.jsonl")}, holdout=str(data / "holdout.jsonl"),
                ood=str(data / "ood.jsonl"), plan={"target": 60},
                task={"kind": "classification", "output": {"labels": ["negative", "neutral", "positive"]}},
                teacher={"kind": "openai", "base_url": url, "model": "gpt-4"},
            )  # fmt: skip
            result = run(folder)
        finally:
            teacher.terminate()
    assert result["accepted"] == 60
    assert sum(result["faults"].values()) == result["requests"]["retried"] + result["requests"]["failed"]
    assert len(accepted(folder)) == 60
