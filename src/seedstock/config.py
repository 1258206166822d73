"""seedstock.yaml → a frozen, typed `Config`. Unknown keys are refused with file, line and near miss.

The sections of gates, teachers and embedders are the parts' own `Settings`, found through the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from seedstock import registry
from seedstock.embedders.base import EmbedderSettings
from seedstock.errors import InputError, near_miss
from seedstock.sections import (
    DataSection,
    Kind,
    MixSection,
    PlanSection,
    ReviewSection,
    StudentSection,
    TaskSection,
)
from seedstock.tasks.base import Output
from seedstock.teachers.base import TeacherSettings
from seedstock.yamlfile import Place, YamlFile, read_yaml

FILE_NAME = "seedstock.yaml"

LATER = {
    ("judge",): "relevance is not judged",
    ("gates", "relevance"): "relevance is not judged",
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
    `review` is None where nobody can review.
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


SECRET_PLACES = ("api_key_env", "api_key_file", "base_url", "extra_body")
"""Keys whose wrong value may be a secret somebody put in the wrong place: errors do not repeat it."""

SECTIONS = (
    "task", "seeds", "holdout", "ood", "teacher", "partner", "student", "embedder", "plan", "gates", "review",
    "mix",
)  # fmt: skip
PROMPTS = "prompts"
"""The folder beside the config whose files stand in the place of prompts of the same name."""

M = TypeVar("M", bound=BaseModel)


def load_config(path: Path) -> Config:
    """Read and check a config; InputError with file, line, key and what would be right if it is not one."""
    file = read_yaml(path)
    if not isinstance(file.data, dict):
        raise InputError("a config is a mapping: task:, seeds:, teacher:", path=path)
    data, notes = _set_later_aside(file)
    for key in data:
        if key not in SECTIONS:
            raise file.error((key,), f"unknown key; {near_miss(key, SECTIONS)}")
    task = _section(file, TaskSection, data.get("task"), ("task",))
    teacher, teacher_kind = _part(file, "teacher", data.get("teacher"), "rules")
    embedder, embedder_kind = _part(file, "embedder", data.get("embedder"), "minilm")
    partner, partner_kind = (
        (None, "")
        if data.get("partner") is None
        else _part(file, "partner", data.get("partner"), "openai", of="teacher")
    )
    plan = _section(file, PlanSection, _or_empty(data.get("plan")), ("plan",))
    return Config(
        path=path, raw=file.data, task=task, output=load_output(file, task.output),
        seeds=_data_section(file, data.get("seeds"), ("seeds",)),
        holdout=_beside(file, data, "holdout"), ood=_beside(file, data, "ood"),
        teacher=teacher, teacher_kind=teacher_kind, embedder=embedder, embedder_kind=embedder_kind,
        partner=partner, partner_kind=partner_kind,
        student=None if data.get("student") is None else _section(
            file, StudentSection, data.get("student"), ("student",)
        ),
        plan=plan, recipes=_recipes(file, plan), prompts=_prompts(path.parent),
        gates=gate_settings(file, data.get("gates")), review=_review(file, data.get("review")),
        mix=_section(file, MixSection, _or_empty(data.get("mix")), ("mix",)), notes=tuple(notes),
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
    checked = _validate(file, TypeAdapter(output.Value), given, (*place, name))
    try:
        made: Output = output(checked, file.path.parent)
    except InputError as problem:
        raise InputError(str(problem), path=file.path, line=file.line((*place, name))) from problem
    return made


def gate_settings(file: YamlFile, value: Any) -> Mapping[str, BaseModel | None]:
    """Settings per gate; None for one that is turned off. `leak` cannot be (policy 3)."""
    given_gates = _or_empty(value)
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
            settings[name] = None
        elif given is not True:
            own = _section(file, registry.load("gate", name).Settings, given, place)
            settings[name] = _rooted(own, file.path.parent)
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


def _part(file: YamlFile, section: str, value: Any, default: str, of: str = "") -> tuple[Any, str]:
    """Settings of a teacher or embedder, which names its `kind`; `of` is the part, if not the section."""
    part = of or section
    given = {"kind": default} if value is None else {"kind": value} if isinstance(value, str) else value
    if not isinstance(given, dict):
        raise file.error((section,), "a mapping with a kind")
    name = given.get("kind", default)
    if not isinstance(name, str) or (name not in registry.names(part) and ":" not in name):
        place: Place = (section, "kind") if isinstance(value, dict) else (section,)
        raise file.error(place, f"unknown {part} {name!r}; {near_miss(str(name), registry.names(part))}")
    try:
        settings = registry.load(part, name).Settings
    except (AttributeError, InputError) as problem:  # "module:Class" of something else
        raise file.error((section,), f"{name!r} is no {part}: {problem}") from problem
    return _rooted(_section(file, settings, {**given, "kind": name}, (section,)), file.path.parent), name


def _rooted(settings: M, folder: Path) -> M:
    """Settings with every path in them relative to the project folder."""
    paths = {
        name: value
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), Path)
    }
    return settings.model_copy(update={name: folder / path.expanduser() for name, path in paths.items()})


def _data_section(file: YamlFile, value: Any, place: Place) -> DataSection:
    if value is None:
        raise file.error(
            (), f"{place[0]}: is missing; name a file of real rows: seeds: {{path: seeds.jsonl}}"
        )
    section = _section(file, DataSection, {"path": value} if isinstance(value, str) else value, place)
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
        weight = _validate(file, TypeAdapter(float), own.pop("weight", 1.0), (*place, "weight"))
        if not 0 <= weight < float("inf"):
            raise file.error(place, "a weight is a number from 0 on")
        settings = _section(file, registry.load("recipe", name).Settings, own, place)
        found[name] = PlannedRecipe(weight, _rooted(settings, file.path.parent))
    if sum(recipe.weight for recipe in found.values()) <= 0:
        raise file.error(("plan", "recipes"), "at least one recipe needs a weight above 0")
    return found


def _prompts(folder: Path) -> dict[str, Path]:
    """The owner's own prompts by name; InputError for a file that is named like none."""
    found = {path.stem: path for path in sorted((folder / PROMPTS).glob("*.txt"))}
    known = [name for recipe in registry.names("recipe") for name in registry.load("recipe", recipe).uses]
    for name, path in found.items():
        if name not in known:
            raise InputError(f"no prompt has this name; {near_miss(name, known)}", path=path)
    return found


def _review(file: YamlFile, given: Any) -> ReviewSection | None:
    return None if given is False else _section(file, ReviewSection, _or_empty(given), ("review",))


def _or_empty(value: Any) -> Any:
    """A section that stands there without anything in it is one with defaults."""
    return {} if value is None else value


def _section(file: YamlFile, model: type[M], value: Any, place: Place) -> M:
    if value is None:
        raise file.error((), f"{'.'.join(map(str, place))}: is missing")
    checked: M = _validate(file, TypeAdapter(model), value, place)
    return checked


def _validate(file: YamlFile, adapter: TypeAdapter[Any], value: Any, place: Place) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as problem:
        raise _explain(file, adapter, problem, place) from problem


def _explain(file: YamlFile, adapter: TypeAdapter[Any], problem: ValidationError, place: Place) -> InputError:
    """The first error, as one line at its place in the file."""
    errors = problem.errors(include_url=False)
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    where = (*place, *first["loc"])
    if first["type"] == "extra_forbidden":
        known = _keys_at(adapter.json_schema(), first["loc"][:-1])
        return file.error(where, f"unknown key; {near_miss(str(first['loc'][-1]), known)}")
    if first["type"] == "missing":
        return file.error(where, "is missing")
    message = first["msg"].removeprefix("Value error, ")
    if any(part in SECRET_PLACES for part in first["loc"]) or isinstance(first["input"], dict | list):
        return file.error(where, message)
    hint = _quotes_hint(first["input"]) if "string" in message else ""
    return file.error(where, f"{message}, got {first['input']!r}{hint}"[:300])


def _keys_at(schema: dict[str, Any], path: tuple[int | str, ...]) -> dict[str, Any]:
    """The keys that a section, or a section inside it, may have."""
    here = schema
    for step in path:
        given = here.get("items", here.get("properties", {}).get(str(step), {}))
        refs = [option["$ref"] for option in given.get("anyOf", [given]) if "$ref" in option]
        here = schema["$defs"][refs[0].rsplit("/", 1)[-1]] if refs else given
    known: dict[str, Any] = here.get("properties", {})
    return known


def _quotes_hint(given: Any) -> str:
    if isinstance(given, bool):
        return "; put it in quotes: YAML reads yes, no, on and off as true and false"
    return "; put it in quotes" if isinstance(given, int | float | date) else ""


def kinds_of_task() -> tuple[str, ...]:
    """The words that `task.kind` accepts."""
    return get_args(Kind)
