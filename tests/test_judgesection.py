"""The section `judge`: one judge or two with a teacher's settings, and a rubric that is named or found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from seedstock.config import Config, json_schema, load_config
from seedstock.errors import InputError
from seedstock.judgesection import judge_kinds

ONE = {"kind": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1"}


def load(folder: Path, judge: Any, rubric: bool = True) -> Config:
    config = {
        "task": {"kind": "classification", "output": {"labels": ["a", "b"]}}, "seeds": "s.jsonl",
        "judge": judge,
    }  # fmt: skip
    (folder / "seedstock.yaml").write_text(json.dumps(config, indent=1))
    if rubric:
        (folder / "rubric.yaml").write_text("criteria: []\n")
    return load_config(folder / "seedstock.yaml")


def test_one_judge_with_the_rubric_beside_the_config(tmp_path: Path) -> None:
    config = load(tmp_path, ONE)
    [judge] = config.judges
    assert (judge.kind, judge.settings.temperature) == ("openai", 0.0)  # type: ignore[attr-defined]
    assert config.rubric == tmp_path / "rubric.yaml"
    assert load(tmp_path, None).judges == ()


def test_two_judges_and_a_rubric_by_name(tmp_path: Path) -> None:
    second = {**ONE, "model": "n", "temperature": 0.7}
    config = load(tmp_path, {**ONE, "rubric": "my/rules.yaml", "second": second}, rubric=False)
    assert [judge.settings.model for judge in config.judges] == ["m", "n"]  # type: ignore[attr-defined]
    assert config.judges[1].settings.temperature == 0.7  # type: ignore[attr-defined]
    assert config.rubric == tmp_path / "my" / "rules.yaml"


def test_a_recording_can_judge(tmp_path: Path) -> None:
    [judge] = load(tmp_path, {"kind": "recording", "path": "answers.jsonl"}).judges
    assert judge.settings.path == tmp_path / "answers.jsonl"  # type: ignore[attr-defined]


WRONG: list[tuple[Any, str]] = [
    ("openai", "judge: a mapping with a kind"),
    ([ONE], "judge: a mapping with a kind"),
    ({**ONE, "kind": "rules"}, r"judge.kind: 'rules' cannot judge row by row"),
    ({**ONE, "kind": "batch"}, "cannot judge row by row"),
    ({**ONE, "kind": "seedstock.teachers.batch:Batch"}, "cannot judge row by row"),
    ({**ONE, "kind": "opnai"}, "unknown teacher 'opnai'; did you mean 'openai'"),
    ({"kind": "openai"}, "judge.model: is missing"),
    ({**ONE, "modle": "x"}, "judge.modle: unknown key; did you mean 'model'"),
    ({**ONE, "second": {"kind": "openai"}}, "judge.second.model: is missing"),
    ({**ONE, "second": "n"}, "judge.second: a mapping with a kind"),
    ({**ONE, "second": {**ONE, "second": ONE}}, "judge.second.second: unknown key"),
    ({**ONE, "rubric": 5}, "judge.rubric"),
]


@pytest.mark.parametrize(("judge", "said"), WRONG)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, judge: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as problem:
        load(tmp_path, judge)
    assert "seedstock.yaml:" in str(problem.value)


def test_a_judge_without_a_rubric_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"judge: needs a rubric: write rubric\.yaml"):
        load(tmp_path, ONE, rubric=False)


def test_the_schema_knows_the_section(tmp_path: Path) -> None:
    schema = json_schema()["properties"]["judge"]
    check = jsonschema_rs.validator_for({**schema, "$defs": json_schema()["$defs"]})
    assert check.is_valid({**ONE, "rubric": "r.yaml", "second": ONE})
    assert not check.is_valid({**ONE, "rubrik": "r.yaml"})
    assert not check.is_valid("openai")
    assert {"openai", "anthropic", "recording"} <= set(judge_kinds())
    assert not {"rules", "batch"} & set(judge_kinds())
