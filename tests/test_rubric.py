"""rubric: criteria with what passes and what fails; whatever would fit any task is refused (exit 3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from judges import RUBRIC
from seedstock.config import kinds_of_task
from seedstock.errors import InputError, Refused
from seedstock.rubric import Rubric, read_rubric
from seedstock.starters import starter_rubric

ASKED = "Does the label name what the customer wants?"
GOOD = {
    "name": "label", "question": ASKED, "pass": "The label is the wish that the message ends with.",
    "fail": "Another label of the list names the wish better.",
}  # fmt: skip


def read(folder: Path, content: Any) -> Rubric:
    path = folder / "rubric.yaml"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_rubric(path)


def criteria(*changes: dict[str, Any]) -> dict[str, Any]:
    """A rubric of good criteria with these changes; None takes a key away."""
    made = [{**GOOD, "name": f"c{i}", **change} for i, change in enumerate(changes)]
    return {"criteria": [{k: v for k, v in one.items() if v is not None} for one in made]}


GENERIC: dict[str, Any] = {
    "nothing": "", "a comment": "# to be written\n", "an empty list": {"criteria": []},
    "criteria left empty": "criteria:\n",
    "a text": "Rate the answer from 1 to 10.\n", "a list": ["accuracy", "fluency"],
    "a scale": {"scale": "1-10"}, "a scale with a prompt": {"prompt": "Is this good?", "scale": [1, 10]},
    "words": {"criteria": ["accuracy", "fluency", "helpfulness"]},
    "a null": {"criteria": [None]},
    "no descriptions": criteria({"pass": None, "fail": None}),
    "one description": criteria({"fail": None}),
    "empty descriptions": criteria({"pass": "", "fail": "  "}),
    "good and bad": criteria({"pass": "good", "fail": "bad"}),
    "good and bad in a sentence": criteria({"pass": "The output is good.", "fail": "The output is bad."}),
    "praise": criteria({"pass": "An accurate, helpful and relevant answer.", "fail": "A poor answer."}),
    "yes and no": criteria({"pass": "yes", "fail": "no"}),
    "requirements": criteria({"pass": "It meets the requirements.", "fail": "It does not."}),
    "the same twice": criteria({"fail": GOOD["pass"]}),
    "the question again": criteria({"pass": ASKED}),
    "is this good": criteria({"question": "Is this good?"}),
    "how good, from 1 to 10": criteria({"question": "How good is this response, from 1 to 10?"}),
    "todo": criteria({"pass": "TODO", "fail": "TODO"}),
    "dots": criteria({"pass": "…", "fail": "..."}),
    "numbers": criteria({"pass": "10", "fail": "1"}),
    "true and false": criteria({"pass": True, "fail": False}),
    "German": criteria({"pass": "Die Antwort ist gut", "fail": "Die Antwort ist schlecht"}),
    "copied descriptions": criteria({}, {}),
    "one good, one not": criteria({}, {"question": "Is it good?", "pass": "good", "fail": "bad"}),
    "scores without words": criteria({"pass": None, "fail": None, "scores": {1: "poor", 5: "great"}}),
    "scores to ten": criteria({"pass": None, "fail": None, "scores": {1: "bad", 10: "good"}}),
    "one score": criteria({"pass": None, "fail": None, "scores": {5: GOOD["pass"]}}),
}  # fmt: skip


@pytest.mark.parametrize("case", GENERIC)
def test_a_generic_rubric_is_refused(tmp_path: Path, case: str) -> None:
    with pytest.raises(Refused) as refused:
        read(tmp_path, GENERIC[case])
    assert refused.value.exit_code == 3
    [verdict] = refused.value.results
    assert (verdict.gate, verdict.code, verdict.status) == ("relevance.rubric", "generic", "fail")
    assert verdict.evidence["problems"]
    assert str(tmp_path / "rubric.yaml") in str(refused.value)


def test_the_refusal_names_line_criterion_and_words(tmp_path: Path) -> None:
    text = yaml.safe_dump(criteria({}, {"question": "Is the tone that of a customer?", "pass": "good tone"}))
    with pytest.raises(
        Refused, match=r"rubric\.yaml:6: the rubric is generic: pass of c1 says only 'good tone'"
    ):
        read(tmp_path, text)


MALFORMED = {
    "unknown key": ({**criteria({}), "scale": 10}, "scale: unknown key"),
    "weight": (criteria({"weight": 0}), "criteria.0.weight"),
    "names": (
        {"criteria": [GOOD, {**GOOD, "pass": "It ends in a wish.", "fail": "It ends in a joke."}]}, "named"
    ),
    "too many": (criteria(*({"pass": f"wish number {'x' * i} named", "fail": f"other wish {'y' * i} named"}
                           for i in range(2, 16))), "at most 12"),
    "anchor": ({**criteria({}), "anchors": [{"input": "a", "output": "b"}]}, "anchors.0.verdict: is missing"),
    "no yaml": ("criteria: [", "not YAML"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_rubric_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    content, said = MALFORMED[case]
    with pytest.raises(InputError, match=said):
        read(tmp_path, content)


def test_a_missing_file_is_unusable_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_rubric(tmp_path / "rubric.yaml")


def test_a_rubric_of_a_task_is_read(tmp_path: Path) -> None:
    rubric = read(tmp_path, RUBRIC)
    assert [c.name for c in rubric.criteria] == ["label", "voice", "matter"]
    assert (rubric.criteria[0].weight, rubric.criteria[0].blocking) == (2, True)
    assert rubric.sha256 == read(tmp_path, yaml.safe_dump(RUBRIC)).sha256
    assert rubric.sha256 != read(tmp_path, {**RUBRIC, "disqualifies": []}).sha256


def test_descriptions_by_score_are_read_too(tmp_path: Path) -> None:
    scores = {
        1: "Another label fits.",
        3: "Two labels fit alike.",
        4: "The label fits.",
        5: "No other label fits.",
    }
    changed = {"question": None, "description": ASKED, "pass": None, "fail": None, "scores": scores}
    [criterion] = read(tmp_path, yaml.safe_dump(criteria(changed))).criteria
    assert criterion.question == ASKED
    assert criterion.passes == "The label fits.; or: No other label fits."
    assert criterion.fails == "Another label fits.; or: Two labels fit alike."


@pytest.mark.parametrize(
    ("passes", "fails"),
    [
        ("标签正是消息结尾的愿望", "列表中另一个标签更合适"),
        ("Das Etikett nennt den Wunsch der Nachricht.", "Ein anderes Etikett nennt den Wunsch besser."),
    ],
)
def test_a_rubric_may_be_in_any_language(tmp_path: Path, passes: str, fails: str) -> None:
    assert read(tmp_path, criteria({"question": passes + "?!" + fails, "pass": passes, "fail": fails}))


@pytest.mark.parametrize("kind", kinds_of_task())
def test_every_kind_of_task_has_a_starter_that_is_no_generic_rubric(tmp_path: Path, kind: str) -> None:
    text = starter_rubric(kind)
    assert 3 <= len(read(tmp_path, text).criteria) <= 5
    assert any(c.blocking for c in read(tmp_path, text).criteria)
    assert f"tasks of the kind {kind}: replace its words" in text
