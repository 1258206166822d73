"""The section `judge` of the config: one judge or two, each with a teacher's settings, and their rubric."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from seedstock import registry
from seedstock.rubric import RUBRIC_FILE
from seedstock.settingsfile import read_part, validate
from seedstock.teachers.base import OnlineTeacher, TeacherSettings
from seedstock.yamlfile import YamlFile


@dataclass(frozen=True, slots=True)
class PlannedJudge:
    """A judge: its settings, which are those of a teacher of this kind."""

    settings: TeacherSettings
    kind: str


def read_judges(file: YamlFile, value: Any) -> tuple[PlannedJudge, ...]:
    """One judge or two. A judge is asked for the likeliest answer unless its section says otherwise."""
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise file.error(("judge",), "a mapping with a kind: {kind: openai, base_url: …, model: …}")
    first = {key: given for key, given in value.items() if key not in ("rubric", "second")}
    places: list[tuple[str, ...]] = [("judge",), *([("judge", "second")] if "second" in value else [])]
    return tuple(
        _judge(file, place, given) for place, given in zip(places, [first, value.get("second")], strict=False)
    )


def _judge(file: YamlFile, place: tuple[str, ...], value: Any) -> PlannedJudge:
    if not isinstance(value, dict):
        raise file.error(place, "a mapping with a kind: {kind: openai, base_url: …, model: …}")
    kind = value.get("kind", "openai")
    if isinstance(kind, str) and (kind in registry.names("teacher") or ":" in kind) and not _can_judge(kind):
        problem = f"{kind!r} cannot judge row by row while a run waits; known: {', '.join(judge_kinds())}"
        raise file.error((*place, "kind"), problem)
    made, kind = read_part(file, place, {"kind": kind, **value}, "openai", of="teacher")
    if "temperature" not in value and getattr(made, "temperature", None) is not None:
        made = made.model_copy(update={"temperature": 0.0})
    return PlannedJudge(made, kind)


def rubric_path(file: YamlFile, judge: Any) -> Path | None:
    """The rubric that a judge goes by: named, or beside the config."""
    if judge is None:
        return None
    given, path = judge.get("rubric"), file.path.parent / RUBRIC_FILE
    if given is not None:
        named: Path = validate(file, TypeAdapter(Path), given, ("judge", "rubric"))
        return file.path.parent / named.expanduser()
    if not path.exists():
        problem = f"needs a rubric: write {RUBRIC_FILE} beside this file, or name one with rubric: FILE"
        raise file.error(("judge",), problem)
    return path


def judge_schema(kinds: list[dict[str, Any]]) -> dict[str, Any]:
    """The JSON Schema of the section, out of those of the teachers that can judge."""
    rubric = {
        "type": "string",
        "format": "path",
        "description": f"criteria; {RUBRIC_FILE} beside it if absent",
    }
    second = {"anyOf": kinds, "description": "a second judge, with the keys of a teacher: both must accept"}
    own = {"rubric": rubric, "second": second}
    return {"anyOf": [{**kind, "properties": {**kind["properties"], **own}} for kind in kinds]}


def judge_kinds() -> list[str]:
    """The kinds of teachers that can judge: models that answer while one waits."""
    return [kind for kind in registry.names("teacher") if _can_judge(kind)]


def _can_judge(kind: str) -> bool:
    return kind != "rules" and issubclass(registry.load("teacher", kind), OnlineTeacher)
