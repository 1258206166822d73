"""What a config and its seeds say about the work: the brief for recipes, the recipes, what cuts the space."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from seedstock import registry
from seedstock.answers import marker_of
from seedstock.brief import Brief, Negative, Term
from seedstock.config import Config
from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.recipes.base import Recipe
from seedstock.recipes.prompt import read_prompt
from seedstock.seeds.cells import Declared, Known, Space
from seedstock.seeds.readers import file_sha256, read_inputs
from seedstock.text import normalise

BY_RULES = {"swap": 0.5, "noise": 0.5}
USUAL = {"paraphrase": 0.30, "restyle": 0.20, "reformat": 0.10, "generate": 0.28, "long_tail": 0.12}
BY_KIND = {
    "reasoning": {"paraphrase": 0.35, "restyle": 0.15, "reformat": 0.10, "reasoning": 0.40},
    "conversation": {"paraphrase": 0.35, "restyle": 0.25, "conversation": 0.40},
    "code": {"paraphrase": 0.40, "restyle": 0.20, "generate": 0.28, "long_tail": 0.12},
    "sql": {"paraphrase": 0.40, "restyle": 0.20, "generate": 0.28, "long_tail": 0.12},
}
"""Weights where the config names none: 60 % rewriting, 40 % new rows (policy 4)."""

Weighted = dict[str, tuple[Recipe, float]]


def make_brief(config: Config, seeds: Sequence[Example]) -> Brief:
    """What recipes may know."""
    task, output = config.task, config.output
    return Brief(
        task.kind, task.instruction, output.schema, output.labels, output.definitions, output.describe(),
        terms_of(config), tuple(Negative(n.input, n.reason, n.output) for n in config.plan.negatives),
        as_text=all(isinstance(seed.output, str) for seed in seeds),
        chat=any(not isinstance(seed.input, str) for seed in seeds),
        thinks=any(seed.reasoning for seed in seeds),
        marker=marker_of(str(seed.output) for seed in seeds) if output.chains else "",
    )  # fmt: skip


def terms_of(config: Config) -> tuple[Term, ...]:
    """The field's terms, with the ones to avoid."""
    domain = config.task.domain
    terms = [Term(use, tuple(avoid)) for use, avoid in domain.prefer.items() if avoid]
    return (*terms, *([Term("", tuple(domain.avoid))] if domain.avoid else []))


def make_recipes(config: Config) -> Weighted:
    """Recipe and weight by name, as configured or by default for teacher and kind of task.

    Where nobody can review, only recipes that rewrite seeds are left (policy 4).
    """
    made = {name: _made(config, name) for name, weight in weights(config).items() if weight > 0}
    found = {name: (recipe, weights(config)[name]) for name, recipe in made.items()}
    if config.review is None:
        found = {name: pair for name, pair in found.items() if pair[0].group == "augment"}
        if not found:
            raise InputError(
                "review: false plans rewriting recipes only, and plan.recipes names none; name paraphrase",
                path=config.path,
            )
    for name, (recipe, _) in found.items():
        if recipe.asks == "model" and config.teacher_kind == "rules":
            known = ", ".join(kind for kind in registry.names("teacher") if kind != "rules")
            raise InputError(
                f"recipe {name!r} asks a model, and the teacher is 'rules'; configure a teacher: {known}",
                path=config.path,
            )
    return found


def weights(config: Config) -> Mapping[str, float]:
    """The recipes' weights, as configured or by default."""
    if config.recipes is not None:
        return {name: recipe.weight for name, recipe in config.recipes.items()}
    return BY_RULES if config.teacher_kind == "rules" else BY_KIND.get(config.task.kind, USUAL)


def declared(config: Config) -> Declared:
    """What the owner says of the space."""
    plan = config.plan
    return Declared(
        {name: _shares(values) for name, values in plan.attributes.items()},
        {case.name: case.description for case in plan.use_cases}, plan.cross,
    )  # fmt: skip


def known(config: Config) -> Known:
    """What the kind of output says of examples."""
    output = config.output
    return Known(output.trait_kind, lambda example: output.traits(example.output), output.labels)


def identity(recipes: Weighted) -> dict[str, Any]:
    """What the rows of each recipe depend on: weight, settings, the files it reads, its prompt."""
    return {
        name: (weight, recipe.identity, {used: p.sha256 for used, p in recipe.prompts.items()}, _read(recipe))
        for name, (recipe, weight) in recipes.items()
    }


def _read(recipe: Recipe) -> str | None:
    return None if recipe.inputs_file is None else file_sha256(recipe.inputs_file)


def prompt_hashes(recipes: Weighted) -> dict[str, str]:
    """SHA-256 of each prompt file that the recipes use, by its name."""
    return {name: p.sha256 for recipe, _ in recipes.values() for name, p in recipe.prompts.items()}


def place_inputs(
    recipes: Weighted, space: Space, held: Container[str]
) -> dict[tuple[str, str], list[Example]]:
    """The owner's further inputs by recipe and cell, without those whose normal form is in `held`."""
    found: dict[tuple[str, str], list[Example]] = {}
    for name, (recipe, _) in recipes.items():
        rows = [] if recipe.inputs_file is None else read_inputs(recipe.inputs_file)
        rows = [row for row in rows if normalise(row.input_text) not in held]
        for row, cell in zip(rows, space.home(rows), strict=True):
            found.setdefault((name, cell), []).append(row)
    return found


def release_depth(folder: Path) -> int:
    """The most model generations that a row of a release is from real data. InputError: no release."""
    path = folder / "provenance.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            return max(int(json.loads(line)["source"]["depth"]) for line in lines)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(
            f"teacher.trained_on names no release of this project: {problem}", path=path
        ) from problem


def _made(config: Config, name: str) -> Recipe:
    kind = registry.load("recipe", name)
    planned = (config.recipes or {}).get(name)
    prompts = {used: read_prompt(used, config.prompts[used]) for used in kind.uses if used in config.prompts}
    made: Recipe = kind(planned.settings if planned else kind.Settings(), prompts)
    return made


def _shares(values: Sequence[str] | Mapping[str, Any]) -> dict[str, float]:
    weighted = dict(values) if isinstance(values, Mapping) else dict.fromkeys(values, 1.0)
    whole = sum(weighted.values())
    return {str(value): weight / whole for value, weight in weighted.items()}
