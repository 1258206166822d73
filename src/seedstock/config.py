"""seedstock.yaml → a frozen, typed `Config`. Unknown keys are refused with file, line and near miss.

The sections of gates, teachers and embedders are the parts' own `Settings`, found through the registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from seedstock import registry
from seedstock.embedders.base import EmbedderSettings
from seedstock.errors import InputError, Refused, near_miss
from seedstock.tasks.base import Output
from seedstock.teachers.base import TeacherSettings
from seedstock.yamlfile import Place, YamlFile, read_yaml

FILE_NAME = "seedstock.yaml"

Kind = Literal[
    "classification",
    "extraction",
    "transformation",
    "reasoning",
    "conversation",
    "code",
    "sql",
    "instruction",
]

LATER = {
    ("judge",): "relevance is not judged",
    ("student",): "nothing is evaluated",
    ("review",): "nothing is reviewed",
    ("gates", "relevance"): "relevance is not judged",
    ("task", "facts"): "suitability is not checked",
    ("task", "domain"): "terminology is not checked",
    ("plan", "use_cases"): "coverage of use cases is not checked",
    ("plan", "attributes"): "cells come from the labels alone",
}
"""Keys of the design that this version accepts but does not act on, and what that means. `check` says it."""


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TaskSection(Section):
    """What the student shall learn."""

    kind: Kind = Field(description="what kind of task this is")
    instruction: str = Field(
        "", description="what the student is told: the system prompt of every training row"
    )
    output: dict[str, Any] = Field(description="what a valid output is: one of the kinds below")


class DataSection(Section):
    """A file of real rows and which of its fields mean what."""

    path: Path = Field(description="JSONL, JSON, CSV, TSV, Parquet or a Hugging Face dataset folder")
    input: str | None = Field(None, description="field of the input; detected if absent")
    output: str | None = Field(None, description="field of the output; detected if absent")
    messages: str | None = Field(None, description="field of the chat messages, instead of input and output")
    instruction: str | None = Field(None, description="field of an instruction that stands before the input")
    system: str | None = Field(None, description="field of a system prompt")
    split: str | None = Field(None, description="split of a dataset folder; train if absent")


class PlanSection(Section):
    """How much to generate, and how."""

    target: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="accepted synthetic rows wanted; default: 7 for every 3 seeds (30 % real)",
    )
    overgenerate: float = Field(4.0, ge=1, le=20, description="candidates asked for per wanted row, at most")
    recipes: dict[str, float] | None = Field(
        None,
        description="recipe → weight; default: swap and noise for `rules`, paraphrase for any other teacher",
    )
    min_yield: float = Field(
        0.1, ge=0, le=1, description="a cell is given up when less of its candidates is accepted than this"
    )


class MixSection(Section):
    """What goes into a release."""

    min_real: float = Field(0.2, ge=0, le=1, description="least share of real rows in what the student sees")
    repeat_real: int = Field(4, ge=1, le=4, description="a seed may be repeated so often to reach it")


@dataclass(frozen=True, slots=True)
class Config:
    """A checked config. `raw` is the file's own data, for the manifest; `notes` are lines for `check`."""

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
    plan: PlanSection
    gates: Mapping[str, BaseModel | None]
    mix: MixSection
    notes: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The project folder: paths in the config are relative to it."""
        return self.path.parent


SECRET_PLACES = ("api_key_env", "api_key_file", "base_url", "extra_body")
"""Keys whose wrong value may be a secret somebody put in the wrong place: errors do not repeat it."""

SECTIONS = ("task", "seeds", "holdout", "ood", "teacher", "embedder", "plan", "gates", "mix")

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
    return Config(
        path=path, raw=file.data, task=task, output=load_output(file, task.output),
        seeds=_data_section(file, data.get("seeds"), ("seeds",)),
        holdout=_beside(file, data, "holdout"), ood=_beside(file, data, "ood"),
        teacher=teacher, teacher_kind=teacher_kind, embedder=embedder, embedder_kind=embedder_kind,
        plan=_plan(file, data.get("plan")), gates=gate_settings(file, data.get("gates")),
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
    properties = {
        "task": task, "seeds": data, "holdout": data, "ood": data,
        "teacher": {"anyOf": [{"enum": registry.names("teacher")}, *settings("teacher")]},
        "embedder": {"anyOf": [{"enum": registry.names("embedder")}, *settings("embedder")]},
        "plan": of(PlanSection), "mix": of(MixSection),
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
            settings[name] = _section(file, registry.load("gate", name).Settings, given, place)
    return settings


def _set_later_aside(file: YamlFile) -> tuple[dict[str, Any], list[str]]:
    """The data without the keys of `LATER`, and a note for each of them."""
    data = {key: dict(v) if isinstance(v, dict) else v for key, v in file.data.items()}
    domain = file.data.get("task", {}).get("domain") if isinstance(file.data.get("task"), dict) else None
    if isinstance(domain, dict) and domain.get("regulated"):
        raise Refused(
            f"{file.path}:{file.line(('task', 'domain', 'regulated'))}: a regulated domain needs an expert's"
            " review of every generated row, and this version cannot collect reviews"
        )
    notes = []
    for place, meaning in LATER.items():
        parent = data if len(place) == 1 else data.get(place[0])
        if isinstance(parent, dict) and place[-1] in parent:
            del parent[place[-1]]
            notes.append(f"{'.'.join(place)} has no effect in this version: {meaning}")
    return data, notes


def _part(file: YamlFile, kind: str, value: Any, default: str) -> tuple[Any, str]:
    """Settings of a teacher or embedder, which names its `kind`."""
    given = {"kind": default} if value is None else {"kind": value} if isinstance(value, str) else value
    if not isinstance(given, dict):
        raise file.error((kind,), "a mapping with a kind")
    name = given.get("kind", default)
    if not isinstance(name, str) or (name not in registry.names(kind) and ":" not in name):
        place: Place = (kind, "kind") if isinstance(value, dict) else (kind,)
        raise file.error(place, f"unknown {kind} {name!r}; {near_miss(str(name), registry.names(kind))}")
    try:
        settings = registry.load(kind, name).Settings
    except (AttributeError, InputError) as problem:  # "module:Class" of something else
        raise file.error((kind,), f"{name!r} is no {kind}: {problem}") from problem
    return _rooted(_section(file, settings, {**given, "kind": name}, (kind,)), file.path.parent), name


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


def _plan(file: YamlFile, value: Any) -> PlanSection:
    plan = _section(file, PlanSection, _or_empty(value), ("plan",))
    for name, weight in (plan.recipes or {}).items():
        if name not in registry.names("recipe"):
            raise file.error(
                ("plan", "recipes", name), f"unknown recipe; {near_miss(name, registry.names('recipe'))}"
            )
        if weight < 0:
            raise file.error(("plan", "recipes", name), "a weight cannot be negative")
    if plan.recipes is not None and sum(plan.recipes.values()) <= 0:
        raise file.error(("plan", "recipes"), "at least one recipe needs a weight above 0")
    return plan


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
        given = here.get("properties", {}).get(str(step), {})
        refs = [option["$ref"] for option in given.get("anyOf", [given]) if "$ref" in option]
        here = schema["$defs"][refs[0].rsplit("/", 1)[-1]] if refs else {}
    known: dict[str, Any] = here.get("properties", {})
    return known


def _quotes_hint(given: Any) -> str:
    if isinstance(given, bool):
        return "; put it in quotes: YAML reads yes, no, on and off as true and false"
    return "; put it in quotes" if isinstance(given, int | float | date) else ""


def kinds_of_task() -> tuple[str, ...]:
    """The words that `task.kind` accepts."""
    return get_args(Kind)
