"""seedstock.yaml → a frozen, typed `Config`. Unknown keys are refused with file, line and near miss.

The sections of gates, teachers and embedders are the parts' own `Settings`, found through the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter

from seedstock import registry
from seedstock.embedders.base import EmbedderSettings
from seedstock.errors import InputError, near_miss
from seedstock.judgesection import PlannedJudge, judge_kinds, judge_schema, read_judges, rubric_path
from seedstock.sections import (
    DataSection,
    Kind,
    MixSection,
    PlanSection,
    ReviewSection,
    StudentSection,
    TaskSection,
)
from seedstock.settingsfile import or_empty, read_part, read_section, rooted, validate
from seedstock.tasks.base import Output
from seedstock.teachers.base import TeacherSettings
from seedstock.yamlfile import Place, YamlFile, read_yaml

FILE_NAME = "seedstock.yaml"

LATER = {
    ("task", "facts"): "suitability is not checked",
}
"""Keys of the design that this version accepts but does not act on, and what that means. `check` says it."""


@dataclass(frozen=True, slots=True)
class PlannedRecipe:
    """A recipe's weight in the plan, and its own settings."""

    weight: float
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class Config:
    """A checked config. `raw` is the file's own data, for the manifest; `notes` are lines for `check`.

    `recipes` is None where the config names none; `prompts` are the owner's own prompt files by name;
    `review` is None where nobody can review; `rubric` is the file that judges go by.
    """

    path: Path
    raw: dict[str, Any]
    task: TaskSection
    output: Output
    seeds: DataSection
    holdout: DataSection | None
    ood: DataSection | None
    teacher: TeacherSettings
    teacher_kind: str
    embedder: EmbedderSettings
    embedder_kind: str
    partner: TeacherSettings | None
    partner_kind: str
    judges: tuple[PlannedJudge, ...]
    rubric: Path | None
    student: StudentSection | None
    plan: PlanSection
    recipes: Mapping[str, PlannedRecipe] | None
    prompts: Mapping[str, Path]
    gates: Mapping[str, BaseModel | None]
    review: ReviewSection | None
    mix: MixSection
    notes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The project folder: paths in the config are relative to it."""
        return self.path.parent


SECTIONS = (
    "task", "seeds", "holdout", "ood", "teacher", "partner", "judge", "student", "embedder", "plan", "gates",
    "review", "mix",
)  # fmt: skip
PROMPTS = "prompts"
"""The folder beside the config whose files stand in the place of prompts of the same name."""
JUDGE_PROMPT = "judge"


def load_config(path: Path) -> Config:
    """Read and check a config; InputError with file, line, key and what would be right if it is not one."""
    file = read_yaml(path)
    if not isinstance(file.data, dict):
        raise InputError("a config is a mapping: task:, seeds:, teacher:", path=path)
    data, notes = _set_later_aside(file)
    for key in data:
        if key not in SECTIONS:
            raise file.error((key,), f"unknown key; {near_miss(key, SECTIONS)}")
    task = read_section(file, TaskSection, data.get("task"), ("task",))
    teacher, teacher_kind = read_part(file, "teacher", data.get("teacher"), "rules")
    embedder, embedder_kind = read_part(file, "embedder", data.get("embedder"), "minilm")
    partner, partner_kind = (
        (None, "")
        if data.get("partner") is None
        else read_part(file, "partner", data.get("partner"), "openai", of="teacher")
    )
    plan = read_section(file, PlanSection, or_empty(data.get("plan")), ("plan",))
    return Config(
        path=path, raw=file.data, task=task, output=load_output(file, task.output),
        seeds=_data_section(file, data.get("seeds"), ("seeds",)),
        holdout=_beside(file, data, "holdout"), ood=_beside(file, data, "ood"),
        teacher=teacher, teacher_kind=teacher_kind, embedder=embedder, embedder_kind=embedder_kind,
        partner=partner, partner_kind=partner_kind,
        judges=read_judges(file, data.get("judge")), rubric=rubric_path(file, data.get("judge")),
        student=None if data.get("student") is None else read_section(
            file, StudentSection, data.get("student"), ("student",)
        ),
        plan=plan, recipes=_recipes(file, plan), prompts=_prompts(path.parent),
        gates=gate_settings(file, data.get("gates")), review=_review(file, data.get("review")),
        mix=read_section(file, MixSection, or_empty(data.get("mix")), ("mix",)), notes=tuple(notes),
    )  # fmt: skip


def default_gates() -> Mapping[str, BaseModel | None]:
    """Every gate with its default settings."""
    return {name: registry.load("gate", name).Settings() for name in registry.names("gate")}


def default_embedder() -> tuple[EmbedderSettings, str]:
    """The embedder used without a config."""
    return registry.load("embedder", "minilm").Settings(), "minilm"


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of seedstock.yaml, collected from all parts."""
    definitions: dict[str, Any] = {}

    def of(kind: Any) -> dict[str, Any]:
        schema = TypeAdapter(kind).json_schema(ref_template="#/$defs/{model}")
        definitions.update(schema.pop("$defs", {}))
        return schema

    def settings(kind: str) -> list[dict[str, Any]]:
        return [of(registry.load(kind, name).Settings) for name in registry.names(kind)]

    data = {"anyOf": [{"type": "string"}, of(DataSection)]}
    task = of(TaskSection)
    outputs = {name: of(registry.load("task", name).Value) for name in registry.names("task")}
    task["properties"]["output"] |= {"properties": outputs, "additionalProperties": False, "maxProperties": 1}
    gates = {
        name: {"anyOf": [_switch(name), of(registry.load("gate", name).Settings)]}
        for name in registry.names("gate")
    }
    plan = of(PlanSection)
    weight = {"type": "number", "minimum": 0, "description": "its part of the plan, beside the others'"}
    recipes = {name: of(registry.load("recipe", name).Settings) for name in registry.names("recipe")}
    for own in recipes.values():
        own["properties"] = {"weight": weight, **own.get("properties", {})}
    plan["properties"]["recipes"] |= {
        "type": "object", "additionalProperties": False,
        "properties": {name: {"anyOf": [weight, own]} for name, own in recipes.items()},
    }  # fmt: skip
    properties = {
        "task": task, "seeds": data, "holdout": data, "ood": data,
        "teacher": {"anyOf": [{"enum": registry.names("teacher")}, *settings("teacher")]},
        "partner": {"anyOf": [{"enum": registry.names("teacher")}, *settings("teacher")]},
        "judge": judge_schema([of(registry.load("teacher", kind).Settings) for kind in judge_kinds()]),
        "student": of(StudentSection),
        "embedder": {"anyOf": [{"enum": registry.names("embedder")}, *settings("embedder")]},
        "plan": plan, "mix": of(MixSection), "review": {"anyOf": [{"const": False}, of(ReviewSection)]},
        "gates": {"type": "object", "properties": gates, "additionalProperties": False},
    }  # fmt: skip
    for place, meaning in LATER.items():
        parent = properties if len(place) == 1 else properties[place[0]]["properties"]
        parent[place[-1]] = {"description": f"Accepted, without effect in this version: {meaning}."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE_NAME, "type": "object", "properties": properties, "required": ["task", "seeds"],
        "additionalProperties": False, "$defs": definitions,
    }  # fmt: skip


def _switch(gate: str) -> dict[str, Any]:
    """What stands for a gate's settings: true, or false where it can be turned off."""
    return {"type": "boolean"} if registry.load("gate", gate).optional else {"const": True}


def load_output(file: YamlFile, value: dict[str, Any]) -> Output:
    """The task's output kind out of `{kind: value}`."""
    place: Place = ("task", "output")
    known = registry.names("task")
    for name in value:
        if name not in known:
            raise file.error((*place, name), f"unknown kind of output; {near_miss(name, known)}")
    if len(value) != 1:
        raise file.error(place, f"name exactly one kind of output: {', '.join(known)}")
    name, given = next(iter(value.items()))
    output = registry.load("task", name)
    checked = validate(file, TypeAdapter(output.Value), given, (*place, name))
    try:
        made: Output = output(checked, file.path.parent)
    except InputError as problem:
        raise InputError(str(problem), path=file.path, line=file.line((*place, name))) from problem
    return made


def gate_settings(file: YamlFile, value: Any) -> Mapping[str, BaseModel | None]:
    """Settings per gate; None for one that is turned off. `leak` cannot be (policy 3).

    A family that is turned off takes its parts with it, but for those that the config names.
    """
    given_gates = or_empty(value)
    if not isinstance(given_gates, dict):
        raise file.error(("gates",), "a mapping of gate names: {duplicate: {threshold: 0.92}}")
    settings: dict[str, BaseModel | None] = dict(default_gates())
    for name, given in given_gates.items():
        place = ("gates", name)
        if name not in settings:
            raise file.error(place, f"unknown gate; {near_miss(name, settings)}")
        if given is False and not registry.load("gate", name).optional:
            raise file.error(place, "this gate cannot be turned off")
        if given is False:
            parts = [part for part in settings if part.startswith(f"{name}.") and part not in given_gates]
            settings |= dict.fromkeys([name, *parts])
        elif given is not True:
            own = read_section(file, registry.load("gate", name).Settings, given, place)
            settings[name] = rooted(own, file.path.parent)
    return settings


def _set_later_aside(file: YamlFile) -> tuple[dict[str, Any], list[str]]:
    """The data without the keys of `LATER`, and a note for each of them."""
    data = {key: dict(v) if isinstance(v, dict) else v for key, v in file.data.items()}
    notes = []
    for place, meaning in LATER.items():
        parent = data if len(place) == 1 else data.get(place[0])
        if isinstance(parent, dict) and place[-1] in parent:
            del parent[place[-1]]
            notes.append(f"{'.'.join(place)} has no effect in this version: {meaning}")
    return data, notes


def _data_section(file: YamlFile, value: Any, place: Place) -> DataSection:
    if value is None:
        raise file.error(
            (), f"{place[0]}: is missing; name a file of real rows: seeds: {{path: seeds.jsonl}}"
        )
    section = read_section(file, DataSection, {"path": value} if isinstance(value, str) else value, place)
    return section.model_copy(update={"path": file.path.parent / section.path})


def _beside(file: YamlFile, data: dict[str, Any], name: str) -> DataSection | None:
    """A section named in the config, or the file NAME.jsonl beside it."""
    if data.get(name) is not None:
        return _data_section(file, data[name], (name,))
    path = file.path.parent / f"{name}.jsonl"
    return DataSection(path=path) if path.exists() else None


def _recipes(file: YamlFile, plan: PlanSection) -> Mapping[str, PlannedRecipe] | None:
    """Weight and settings of each recipe that the config names."""
    if plan.recipes is None:
        return None
    found = {}
    for name, given in plan.recipes.items():
        place: Place = ("plan", "recipes", name)
        if name not in registry.names("recipe"):
            raise file.error(place, f"unknown recipe; {near_miss(name, registry.names('recipe'))}")
        own = dict(given) if isinstance(given, dict) else {"weight": given}
        weight = validate(file, TypeAdapter(float), own.pop("weight", 1.0), (*place, "weight"))
        if not 0 <= weight < float("inf"):
            raise file.error(place, "a weight is a number from 0 on")
        settings = read_section(file, registry.load("recipe", name).Settings, own, place)
        found[name] = PlannedRecipe(weight, rooted(settings, file.path.parent))
    if sum(recipe.weight for recipe in found.values()) <= 0:
        raise file.error(("plan", "recipes"), "at least one recipe needs a weight above 0")
    return found


def _prompts(folder: Path) -> dict[str, Path]:
    """The owner's own prompts by name; InputError for a file that is named like none."""
    found = {path.stem: path for path in sorted((folder / PROMPTS).glob("*.txt"))}
    known = [name for recipe in registry.names("recipe") for name in registry.load("recipe", recipe).uses]
    known.append(JUDGE_PROMPT)
    for name, path in found.items():
        if name not in known:
            raise InputError(f"no prompt has this name; {near_miss(name, known)}", path=path)
    return found


def _review(file: YamlFile, given: Any) -> ReviewSection | None:
    return None if given is False else read_section(file, ReviewSection, or_empty(given), ("review",))


def kinds_of_task() -> tuple[str, ...]:
    """The words that `task.kind` accepts."""
    return get_args(Kind)
