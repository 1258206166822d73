"""The rubric: what a row is judged by, each criterion with what passing and failing look like.

A rubric that would fit any task tells a judge nothing, and what it returns is noise with a figure. So one
without criteria, or whose descriptions say no more than "good" and "bad", is refused before anything is
asked (policy 6).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from seedstock.errors import Refused
from seedstock.exchange import digest
from seedstock.settingsfile import validate
from seedstock.text import normalise
from seedstock.verdict import Verdict
from seedstock.yamlfile import Place, YamlFile, read_yaml

RUBRIC_FILE = "rubric.yaml"
MOST_CRITERIA = 12
PASSES_FROM = 4
"""Where a criterion is described score by score from 1 to 5: the scores that pass."""

_SAYS_NOTHING = frozenset(
    """
    good bad great poor excellent nice fine ok okay best worst better worse perfect terrible awful amazing
    acceptable unacceptable satisfactory unsatisfactory adequate inadequate high low medium average fair
    quality high-quality low-quality pass passes passed passing fail fails failed failing failure success
    yes no true false correct incorrect right wrong accurate inaccurate helpful unhelpful useful useless
    relevant irrelevant clear unclear coherent incoherent valid invalid appropriate inappropriate well badly
    properly correctly sufficiently overall general generally score scores scored scoring rating rated rate
    grade graded points point scale stars judge judged evaluate evaluated assess rank number
    expected unexpected desired standard standards requirement requirements meets meet met satisfies satisfied
    criterion criteria rubric description describe todo tbd fixme xxx placeholder lorem ipsum none null na n/a
    output outputs answer answers response responses row rows example examples text input inputs data item
    items result results sample task instruction model thing things content one two it its this that these
    is are was were be been being has have had do does did can could should would will must may a an the of
    to in on for and or not as at by with from how what which who why when where if so very really quite too
    all any every each some more most less least than then there here you your we our they their i me my
    please give use make made seems seem looks look feels feel like everything nothing something anything
    against below above under over between about gut schlecht richtig falsch ist sind der die das und nicht
    antwort bon mauvais bonne mauvaise est une la le les bueno malo es el una sehr très muy
    """.split()
)
"""Words that say nothing about a task. A description needs others beside them."""
_WORD = re.compile(r"[^\W\d_]+(?:[-/'][^\W\d_]+)*")
_NO_SPACES = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]")
"""Scripts that are written without spaces, or in which a word is a letter or two."""
_MISSING = {
    "question": "question", "pass": "description of what passes", "fail": "description of what fails",
}  # fmt: skip
_LEAST_WORDS, _LEAST_SIGNS = 2, 6
"""What a description needs beside the empty words: so many, or so many signs of such a script."""


class Part(BaseModel):
    """A part of a rubric."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Criterion(Part):
    """One question with two answers, each described. `blocking`: a row that fails it fails."""

    name: str = Field(min_length=1, max_length=60, description="a word or two, for verdicts and reviewers")
    question: str = Field(description="what is asked about a row")
    passes: str = Field(alias="pass", description="what a row that passes looks like")
    fails: str = Field(alias="fail", description="what a row that fails looks like")
    weight: float = Field(1.0, gt=0, le=100, description="its part of the score, beside the others'")
    blocking: bool = Field(False, description="whether a row that fails it can score no more than 2")

    @model_validator(mode="before")
    @classmethod
    def _from_scores(cls, given: Any) -> Any:
        return _two_sided(given) if isinstance(given, dict) else given


class Anchor(Part):
    """A row that was judged by people, shown to the judge."""

    input: str = Field(description="the input")
    output: Any = Field(description="the output")
    verdict: Literal["pass", "fail"] = Field(description="what people said of it")
    why: str = Field(min_length=1, description="why, in a sentence")


class Rubric(Part):
    """What rows are judged by."""

    criteria: tuple[Criterion, ...] = Field(max_length=MOST_CRITERIA, description="what is asked of a row")
    disqualifies: tuple[str, ...] = Field(
        (), description="what makes a row worthless, whatever else it is: such a row scores 1"
    )
    anchors: tuple[Anchor, ...] = Field((), description="rows that people have judged, to hold on to")

    @field_validator("criteria")
    @classmethod
    def _named_once(cls, given: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        names = Counter(one.name.casefold() for one in given)
        if twice := [name for name, n in names.items() if n > 1]:
            raise ValueError(f"two criteria are named {twice[0]!r}")
        return given

    @property
    def sha256(self) -> str:
        """Hash of what it says: part of a run's name."""
        return digest(self.model_dump(mode="json"))


def read_rubric(path: Path) -> Rubric:
    """A checked rubric. Refused where it is generic, InputError with the line where it is no rubric."""
    file = YamlFile(path, None, {}) if _is_blank(path) else read_yaml(path)
    problems = list(_generic(file.data))
    if problems:
        said = [f"line {file.line(place)}: {problem}" for place, problem in problems]
        reason = f"the rubric is generic: {problems[0][1]}"
        verdict = Verdict(
            "relevance.rubric", "fail", "generic", reason, float(len(said)), 0.0, {"problems": said}
        )
        place = f"{path}:{file.line(problems[0][0])}"
        right = "a criterion says what passes and what fails in this task"
        raise Refused(f"{place}: {reason}; {right}", [verdict])
    return _checked(file)


def _is_blank(path: Path) -> bool:
    """Whether nothing but comments stands in the file."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return False  # told by whoever reads it
    return all(not line.strip() or line.lstrip().startswith(("#", "---")) for line in lines)


def _checked(file: YamlFile) -> Rubric:
    made: Rubric = validate(file, TypeAdapter(Rubric), file.data, ())
    return made


def _generic(data: Any) -> Iterator[tuple[Place, str]]:
    """Where the rubric says nothing that is of this task, and what is missing there."""
    criteria = data.get("criteria") if isinstance(data, dict) else None
    if not isinstance(criteria, list) or not criteria:
        yield ("criteria",), "it has no criteria"
        return
    seen: dict[str, str] = {}
    for i, given in enumerate(criteria):
        place: Place = ("criteria", i)
        if not isinstance(given, dict):
            yield place, f"criterion {i + 1} is a word: it has no descriptions of what passes and what fails"
            continue
        yield from ((place, problem) for problem in _empty_words(_two_sided(given), i, seen))


def _empty_words(given: Mapping[str, Any], i: int, seen: dict[str, str]) -> Iterator[str]:
    """What is wrong with one criterion. `seen` are the descriptions of those before it, by normal form."""
    name = str(given.get("name") or f"criterion {i + 1}")[:60]
    texts = {key: given.get(key) for key in ("question", "pass", "fail")}
    for key, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            yield f"{name} has no {_MISSING[key]}"
            return
    told = {key: normalise(str(text)) for key, text in texts.items()}
    if len(set(told.values())) < len(told):
        yield f"{name} says the same for its question, for what passes or for what fails"
        return
    for key, text in texts.items():
        if not _says_something(str(text)):
            yield f"{key} of {name} says only {str(text).strip()[:60]!r}"
            return
    for key in ("pass", "fail"):
        if other := seen.get(told[key]):
            yield f"{name} is described in the words of {other}"
            return
        seen[told[key]] = name


def _says_something(text: str) -> bool:
    """Whether words are left that are of a task: two different ones, or a few signs of a script without
    spaces."""
    words = {word.casefold() for word in _WORD.findall(text)}
    left = {word for word in words - _SAYS_NOTHING if len(word) > 1}
    return len(left) >= _LEAST_WORDS or len(set(_NO_SPACES.findall(text))) >= _LEAST_SIGNS


def _two_sided(given: Mapping[str, Any]) -> dict[str, Any]:
    """A criterion with `pass` and `fail`, where it describes `scores` instead: by these words, or 1 to 5."""
    out = dict(given)
    if "question" not in out and isinstance(out.get("description"), str):
        out["question"] = out.pop("description")
    scores = out.get("scores")
    if isinstance(scores, dict) and not {"pass", "fail"} & out.keys():
        sides: dict[str, list[str]] = {"pass": [], "fail": []}
        for score, text in scores.items():
            side = score if score in sides else _side(str(score))
            if side is None or not isinstance(text, str):
                return out  # no such score: told as an unknown key
            sides[side].append(text.strip())
        del out["scores"]
        out |= {side: "; or: ".join(texts) for side, texts in sides.items()}
    return out


def _side(score: str) -> str | None:
    if score not in ("1", "2", "3", "4", "5"):
        return None
    return "pass" if int(score) >= PASSES_FROM else "fail"
