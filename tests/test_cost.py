"""Money: what a plan says, what a run has cost, and a limit that is never crossed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers import Outcome, candidates, cli, make_project
from seedstock import Project
from seedstock.prices import listed_price
from server import TeacherServer, asked

PRICE = {"price": {"input": 2, "output": 10}}
DEAR: dict[str, Any] = {"price": {"input": 0, "output": 100}, "max_tokens": 1000}
"""Whatever is asked, the worst case of a question is 0.1."""
WORST = {"prompt_tokens": 100, "completion_tokens": 1000}
OPENAI = {"base_url": "https://api.openai.com/v1", "model": "gpt-4o-mini"}


def ok(folder: Path, *arguments: object) -> Outcome:
    done = cli("--project", folder, *arguments)
    assert done.code == 0, done
    return done


def run(folder: Path, *arguments: object) -> Any:
    return ok(folder, "run", "--json", *arguments).json


def plan(folder: Path) -> Any:
    return ok(folder, "check", "--json").json["plan"]


# -- before


def test_a_plan_counts_requests_tokens_and_money(tmp_path: Path, server: TeacherServer) -> None:
    # A batch teacher: its first wave is all that is planned, and can be looked at.
    teacher = {"kind": "batch", "base_url": server.url, "model": "m", **PRICE}
    folder = make_project(tmp_path / "p", teacher=teacher)
    found, requests = plan(folder), run(folder, "--dry-run")["requests"]
    characters = sum(len(message["content"]) for one in requests for message in one["messages"])
    wanted = sum(rows * (len(text) + 8) for rows, text in map(asked, requests))
    assert found["requests"] == len(requests) == 9
    assert (found["tokens_in"], found["tokens_out"]) == (characters // 4, wanted // 4)
    assert found["cost"] == pytest.approx((characters // 4 * 2 + wanted // 4 * 10) / 1e6, abs=1e-6)
    assert (found["currency"], found["price"]) == ("USD", "the config")
    assert "4 characters" in found["measured"]
    assert server.seen == []


def test_a_plan_is_of_all_questions_though_a_run_begins_with_a_pilot(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher=PRICE)
    found, first = plan(folder), run(folder, "--dry-run")
    assert (found["requests"], len(first["requests"])) == (9, 3)
    assert first["plan"]["requests"] == 9
    assert run(folder)["requests"]["sent"] == 9


def test_the_most_is_what_over_generation_allows(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher=PRICE, plan={"target": 30, "overgenerate": 2.5})
    found = plan(folder)
    for name in ("requests", "tokens_in", "tokens_out", "cost"):
        assert found["most"][name] == pytest.approx(2.5 * found[name], abs=1)
    assert found["most"]["cost"] > found["cost"] > 0


def test_an_unknown_price_is_null_and_unknown(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher={"model": "gpt-4o-mini"})
    found = plan(folder)
    assert (found["cost"], found["most"]["cost"], found["price"]) == (None, None, None)
    assert found["requests"] == 9
    assert "unknown" in cost_line(ok(folder, "check"))
    result = run(folder)
    assert (result["cost"]["total"], result["cost"]["per_accepted"]) == (None, None)
    assert result["tokens"]["in"] == 900
    assert "unknown" in cost_line(ok(folder, "run"))


def cost_line(done: Outcome) -> str:
    return next(text for text in done.out.splitlines() if text.strip().startswith("cost"))


@pytest.mark.parametrize("kind", ["openai", "batch"])
def test_the_price_list_knows_a_model_at_its_own_address(kind: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", teacher={"kind": kind, **OPENAI})
    found = plan(folder)
    listed = listed_price(OPENAI["model"], OPENAI["base_url"], batch=kind == "batch")
    assert listed is not None
    price, source = listed
    by_hand = (found["tokens_in"] * price.input + found["tokens_out"] * price.output) / 1e6
    assert found["cost"] == pytest.approx(by_hand, abs=1e-6)
    assert found["cost"] > 0
    assert found["price"] == source


def test_a_batch_costs_half(tmp_path: Path) -> None:
    single, batch = (
        plan(make_project(tmp_path / kind, teacher={"kind": kind, **OPENAI})) for kind in ("openai", "batch")
    )
    assert batch["cost"] == pytest.approx(single["cost"] / 2, abs=1e-6)


def test_the_configs_price_wins_over_the_list(tmp_path: Path) -> None:
    found = plan(make_project(tmp_path / "p", teacher={"kind": "openai", **OPENAI, **PRICE}))
    assert found["price"] == "the config"
    assert found["cost"] == pytest.approx((found["tokens_in"] * 2 + found["tokens_out"] * 10) / 1e6, abs=1e-6)


def test_rules_cost_nothing(tmp_path: Path) -> None:
    found = plan(make_project(tmp_path / "p", teacher={"kind": "rules"}))
    assert (found["cost"], found["most"]["cost"]) == (0, 0)


def test_answers_teach_the_plan(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher=PRICE)
    run(folder)
    found = plan(folder)
    assert found["measured"] == "measured on 9 answers"
    assert (found["tokens_in"], found["tokens_out"]) == (900, 90)
    assert found["cost"] == pytest.approx(0.0027)
    assert "measured on 9 answers" in ok(folder, "check").out


# -- after


def test_a_run_says_what_it_cost_in_all_and_per_row(tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher=PRICE)
    cost = run(folder)["cost"]
    assert cost["total"] == cost["paid"] == pytest.approx(9 * (100 * 2 + 10 * 10) / 1e6)
    assert cost["per_accepted"] == pytest.approx(cost["total"] / 30)
    (recipe,) = cost["recipes"]
    assert (recipe["recipe"], recipe["accepted"]) == ("paraphrase", 30)
    assert (recipe["total"], recipe["per_accepted"]) == (cost["total"], cost["per_accepted"])


def test_tokens_from_a_prefix_cache_are_told_and_cheaper(tmp_path: Path, server: TeacherServer) -> None:
    server.usage = {
        "prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40},
    }  # fmt: skip
    price = {"price": {"input": 2, "output": 10, "cached_input": 0.5}}
    folder = make_project(tmp_path / "p", server.url, teacher=price)
    result = run(folder)
    assert result["tokens"] == {"in": 900, "out": 90, "cached": 360, "cached_share": 0.4}
    assert result["cost"]["total"] == pytest.approx(9 * (60 * 2 + 40 * 0.5 + 10 * 10) / 1e6)
    assert "40%" in ok(folder, "run").out


def test_a_server_that_tells_of_no_cache_has_no_share(tmp_path: Path, server: TeacherServer) -> None:
    tokens = run(make_project(tmp_path / "p", server.url))["tokens"]
    assert tokens == {"in": 900, "out": 90, "cached": None, "cached_share": None}


# -- a limit


def test_a_limit_of_cost_ends_a_run_cleanly_and_a_higher_one_goes_on(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.usage = WORST
    whole = make_project(tmp_path / "whole", server.url, teacher=DEAR)
    run(whole)
    server.forget()
    folder = make_project(tmp_path / "p", server.url, teacher=DEAR)
    first = run(folder, "--max-cost", 0.55)
    assert first["stopped"] == "max_cost"
    assert first["cost"]["paid"] == pytest.approx(0.5)
    assert len(server.seen) == 5
    assert first["candidates"] > 0
    again = run(folder, "--max-cost", 0.55)
    assert (again["requests"]["sent"], again["stopped"], len(server.seen)) == (0, "max_cost", 5)
    last = run(folder, "--max-cost", 5)
    assert last["requests"]["sent"] == 4
    assert "stopped" not in last
    assert candidates(folder) == candidates(whole)


@pytest.mark.parametrize("limit", [0, 0.0999, 0.1001, 0.3001, 0.75])
def test_a_limit_is_not_crossed_however_many_are_under_way(
    limit: float, tmp_path: Path, server: TeacherServer
) -> None:
    server.usage, server.latency = WORST, 0.01
    result = run(make_project(tmp_path / "p", server.url, teacher=DEAR), "--max-cost", limit)
    assert result["stopped"] == "max_cost"
    assert result["cost"]["paid"] <= limit
    assert len(server.seen) == int(limit / 0.1)


def test_cheap_answers_make_room_for_more(tmp_path: Path, server: TeacherServer) -> None:
    result = run(make_project(tmp_path / "p", server.url, teacher=DEAR), "--max-cost", 0.25)
    assert result["accepted"] == 30
    assert result["cost"]["paid"] == pytest.approx(0.009)


def test_long_prompts_never_cross_the_limit(tmp_path: Path, server: TeacherServer) -> None:
    server.whole = lambda body: json.dumps({
        "choices": [
            {"message": {"role": "assistant", "content": server.answer(body)}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": sum(len(m["content"]) for m in body["messages"]), "completion_tokens": 1},
    }).encode()  # fmt: skip
    price = {"price": {"input": 1000, "output": 0}}
    limit = 4.0
    result = run(make_project(tmp_path / "p", server.url, teacher=price), "--max-cost", limit)
    assert result["stopped"] == "max_cost"
    assert 0 < result["cost"]["paid"] <= limit


@pytest.mark.parametrize("kind", ["openai", "batch"])
def test_a_limit_without_a_price_is_refused_before_anything_is_sent(
    kind: str, tmp_path: Path, server: TeacherServer
) -> None:
    teacher = {"kind": kind, "base_url": server.url, "model": "m"}
    folder = make_project(tmp_path / "p", teacher=teacher)
    done = cli("--project", folder, "run", "--json", "--max-cost", 1)
    assert (done.code, done.out, done.lines) == (2, "", 1), done
    assert "price" in done.err
    assert server.seen == []
    assert not server.batch.calls


@pytest.mark.parametrize(
    "limit",
    ["-1", "much", "nan"],
)
def test_a_limit_that_is_no_amount_is_refused(limit: str, tmp_path: Path, server: TeacherServer) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher=PRICE)
    assert cli("--project", folder, "run", "--max-cost", limit).code == 2
    assert server.seen == []


def test_rules_know_no_limit(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", teacher={"kind": "rules"})
    assert "stopped" not in run(folder, "--max-cost", 0)


def test_answers_that_nobody_counted_use_the_limit_up_for_later_calls_too(
    tmp_path: Path, server: TeacherServer
) -> None:
    server.usage = None
    folder = make_project(tmp_path / "p", server.url, teacher=DEAR)
    assert run(folder, "--max-cost", 0.55)["requests"]["sent"] == 5
    assert run(folder, "--max-cost", 0.55)["requests"]["sent"] == 0


def test_a_price_of_other_figures_does_not_change_what_was_paid(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url, teacher=PRICE)
    paid = run(folder)["cost"]["paid"]
    make_project(folder, server.url, teacher={"price": {"input": 200, "output": 1000}})
    result = run(folder)
    assert result["requests"]["sent"] == 0
    assert result["cost"]["paid"] == paid
    with Project(folder) as project:
        assert project.ledger.paid() == pytest.approx(paid)
