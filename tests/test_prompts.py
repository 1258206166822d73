"""Prompts that work: every part of every prompt is worth something, measured on a teacher that obeys it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from helpers import NOUNS, TURNS, make_config, write_rows
from obedient import AVOIDED, INSTRUCTION, LABELS, POLICY, PREFERRED, REPLY, SCENARIOS, UNWANTED, Obedient
from seedstock import Project, run
from seedstock.recipes.prompt import own_prompt
from server import TeacherServer

COST = 0.1
"""What taking out a part must cost in yield, at least."""

INCLUDED = ("task", "form", "terms", "negatives", "samples", "existing", "rejected", "facts")
LINES = {
    "json": r"Answer with JSON only.*\n(?:- .*\n)*",
    "ask": r"(?:Now write|Write|Rewrite|Reformat|Now solve) .*\n",
    "label": r"\{\{ cell.description \}\}\n",
    "problem": r"\{\{ input \}\}\n",
    "policy": r"\{\{ policy \}\}\n",
    "topic": r"Topic: .*\n",
    "style": r"Way of attack: .*\n",
    "scenario": r"What you come with: .*\n",
    "persona": r"Who you are: .*\n",
    "turns": r"\{% for turn in turns %\}\n.*\n\{% endfor %\}\n",
    "sample": r"\{\{ sample \}\}\n",
    "message": r"\{\{ message \}\}\n",
}  # fmt: skip


def without(name: str, part: str) -> str:
    """A recipe's own prompt without one of its parts."""
    text = own_prompt(name).text
    pattern = rf'\{{% include "{part}.txt" %\}}\n' if part in INCLUDED else LINES[part]
    shorter, n = re.subn(pattern, "", text)
    assert n, f"{name} has no part {part}"
    return shorter


# -- a world to ask about


def message(i: int) -> str:
    """The i-th real input: two facts in it, an order and a person."""
    noun, turn = NOUNS[i % len(NOUNS)], TURNS[(i * 7 + i // len(NOUNS)) % len(TURNS)]
    return f"The {noun} from order {4000 + 13 * i} {turn}, says {('Tomasz', 'Ilse', 'Yolanda')[i % 3]}"


def sum_of(i: int) -> str:
    shed = f"In the {NOUNS[i % len(NOUNS)]} shed {TURNS[i % len(TURNS)]}"
    return f"{shed}: {i + 2} and {2 * i + 5} more. How many are that?"


def talk(i: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": message(i)}]


TASKS: dict[str, dict[str, Any]] = {
    "labels": {"kind": "classification", "output": {"labels": LABELS}},
    "schema": {
        "kind": "transformation",
        "output": {"json_schema": {
            "type": "object", "additionalProperties": False, "required": ["wish", "thing"],
            "properties": {"wish": {"enum": list(LABELS)}, "thing": {"type": "string"}},
        }},
    },
    "answer": {"kind": "reasoning", "output": {"answer": "number"}},
    "talk": {"kind": "conversation", "output": {"text": {"max_words": 60}}},
}  # fmt: skip


def row(world: str, i: int) -> dict[str, Any]:
    label = list(LABELS)[i % 3]
    if world == "answer":
        steps = f"Count all of them together: {3 * i + 7}"
        return {"id": f"s{i}", "input": sum_of(i), "output": f"{steps}\n#### {3 * i + 7}"}
    if world == "talk":
        return {"id": f"s{i}", "input": talk(i), "output": f"{REPLY} {4000 + 13 * i}."}
    output: Any = label if world == "labels" else {"wish": label, "thing": "order"}
    return {"id": f"s{i}", "input": message(i), "output": output}


def yield_of(
    folder: Path,
    server: TeacherServer,
    world: str,
    recipe: dict[str, Any],
    prompts: dict[str, str],
    target: int,
) -> float:
    """The share of candidates that passes, with these prompts in the place of the recipe's own."""
    rows = [row(world, i) for i in range(60)]
    write_rows(folder / "seeds.jsonl", rows)
    given = [str(r["input"] if world != "talk" else r["input"][0]["content"]) for r in rows]
    prompt = next(iter(prompts), next(iter(recipe)))
    server.answer = Obedient(given, schema=world == "schema", usual=USUAL[prompt])
    task = {
        **TASKS[world], "instruction": INSTRUCTION, "domain": {"prefer": {PREFERRED: [AVOIDED]}},
    }  # fmt: skip
    (folder / "policy.txt").write_text(POLICY)
    for name, text in prompts.items():
        (folder / "prompts").mkdir(exist_ok=True)
        (folder / "prompts" / f"{name}.txt").write_text(text)
    make_config(
        folder, task=task,
        teacher={
            "kind": "openai", "base_url": server.url, "model": "m", "structured": "none", "patience": 3,
        },
        plan={
            "target": target, "recipes": recipe, "overgenerate": 2.5, "min_yield": 0,
            "negatives": [{"input": UNWANTED, "reason": "a model speaks of itself"}],
        },
    )  # fmt: skip
    with Project(folder) as project:
        result = run(project)
    quotas, tally = result.plan.quotas(), result.tally
    lost = sum(n for gate, n in tally.rejected.items() if gate != "plan")
    # A row of another label than the one asked for is no good; of another topic it is.
    good = sum(quota.good for quota in quotas) if world == "labels" else tally.rows - lost
    return good / tally.rows if tally.rows else 0.0


USUAL = {
    "generate": "generate", "long_tail": "generate", "paraphrase": "rewrite", "restyle": "rewrite",
    "reformat": "rewrite", "reasoning": "solve", "reasoning_problem": "problem", "conversation": "assistant",
    "conversation_user": "user", "red_team": "attack",
}  # fmt: skip
GENERATING = ("task", "form", "terms", "negatives", "samples", "existing", "rejected", "json", "ask", "label")
REWRITING = ("task", "form", "terms", "negatives", "facts", "existing", "rejected", "json", "ask")
TALKING = {"turns": 3, "scenarios": SCENARIOS}
ATTACKING = {"topics": ["delivery dates", "refunds"], "policy": "policy.txt"}
SOLVING = ("task", "form", "terms", "negatives", "samples", "json", "ask", "problem")
INVENTING = ("terms", "negatives", "existing", "rejected", "json", "ask")
ASSISTING = ("form", "terms", "negatives", "sample", "message")
PLAYING = ("terms", "negatives", "sample", "scenario", "persona", "turns", "json", "ask")
ATTACKS = (
    "task", "form", "terms", "negatives", "samples", "policy", "topic", "style", "rejected", "json", "ask",
)  # fmt: skip
CASES: list[tuple[str, str, dict[str, Any], int, str, tuple[str, ...]]] = [
    ("labels", "generate", {}, 100, "generate", GENERATING),
    ("schema", "generate", {}, 90, "generate", ("form", "json")),
    ("labels", "long_tail", {}, 100, "long_tail", GENERATING),
    ("labels", "paraphrase", {}, 150, "paraphrase", REWRITING),
    ("labels", "restyle", {}, 150, "restyle", REWRITING),
    ("labels", "reformat", {}, 150, "reformat", REWRITING),
    ("answer", "reasoning", {"agree": 3}, 60, "reasoning", SOLVING),
    ("answer", "reasoning", {"agree": 3, "calibrate": 0}, 45, "reasoning_problem", INVENTING),
    ("talk", "conversation", TALKING, 24, "conversation", ASSISTING),
    ("talk", "conversation", TALKING, 24, "conversation_user", PLAYING),
    ("talk", "red_team", ATTACKING, 30, "red_team", ATTACKS),
]


@pytest.mark.parametrize(
    ("world", "recipe", "settings", "target", "prompt", "parts"), CASES, ids=[f"{c[4]}-{c[0]}" for c in CASES]
)
def test_every_part_of_a_prompt_is_worth_something(
    tmp_path: Path, server: TeacherServer, world: str, recipe: str, settings: dict[str, Any], target: int,
    prompt: str, parts: tuple[str, ...],
) -> None:  # fmt: skip
    planned = {recipe: {"weight": 1, **settings}}
    whole = yield_of(tmp_path / "whole", server, world, planned, {}, target)
    found = {
        part: yield_of(tmp_path / part, server, world, planned, {prompt: without(prompt, part)}, target)
        for part in parts
    }
    assert whole > 0.5, whole
    assert {part: share for part, share in found.items() if share > whole - COST} == {}, (whole, found)
