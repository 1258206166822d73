"""A config's panel: rubric, prompt and judges put together, and whether these judges are fit to judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from seedstock import registry
from seedstock.config import JUDGE_PROMPT, Config
from seedstock.errors import Refused
from seedstock.example import Example
from seedstock.families import family_of
from seedstock.judging.panel import Panel
from seedstock.judging.questions import Questions
from seedstock.ledger import Ledger
from seedstock.recipes.prompt import own_prompt, read_prompt
from seedstock.rubric import Rubric, read_rubric
from seedstock.text import normalise
from seedstock.verdict import Verdict

UNNAMED = "a model without a name"


def make_panel(
    config: Config, ledger: Callable[[], Ledger | None], held: Callable[[], Sequence[Example]]
) -> Panel | None:
    """Who judges by this config; None where nobody does. `held` gives the rows kept for evaluation.

    Refused for a generic rubric, and for one that shows an evaluation row; InputError where it is none.
    """
    if not config.judges or config.rubric is None or config.gates.get("relevance") is None:
        return None
    rubric = read_rubric(config.rubric)
    if rubric.anchors:
        _refuse_leaks(rubric, held())
    own = config.prompts.get(JUDGE_PROMPT)
    prompt = own_prompt(JUDGE_PROMPT) if own is None else read_prompt(JUDGE_PROMPT, own)
    questions = Questions(rubric, prompt, config.task.instruction, config.output.describe())
    judges = [registry.load("teacher", judge.kind)(judge.settings) for judge in config.judges]
    return Panel(questions, judges, ledger)


def _refuse_leaks(rubric: Rubric, held: Sequence[Example]) -> None:
    """An anchor is part of every prompt, and evaluation rows are in none (policy 3)."""
    known = {normalise(row.input_text): row.id for row in held}
    for anchor in rubric.anchors:
        if (id_ := known.get(normalise(anchor.input))) is not None:
            reason = f"an anchor of the rubric is the evaluation row {id_}: such a row may be in no prompt"
            raise Refused(reason, [Verdict("leak.rubric", "fail", "leak", reason, 1.0, 0.0)])


def judge_verdicts(config: Config) -> list[Verdict]:
    """Whether the judges are strangers to teacher and student, as far as names tell.

    Models prefer what their own family writes. So a judge of the teacher's family cannot be the only one;
    beside a judge of another family, and where it is the student's, it is said.
    """
    if not config.judges or config.gates.get("relevance") is None:
        return []
    judges = [_name(judge.settings) for judge in config.judges]
    teachers = [_name(s) for s in (config.teacher, config.partner) if s is not None]
    student = [config.student.model] if config.student else []
    of_teacher = [name for name in judges if any(_akin(name, other) for other in teachers)]
    of_student = [name for name in judges if any(_akin(name, other) for other in student)]
    n = len(judges)
    if len(of_teacher) == n:
        reason = (
            f"{' and '.join(of_teacher)} judges what its own family has written, and models prefer that: name"
            " a judge of another family, as judge or as judge.second"
        )
        return [Verdict("relevance.judge", "fail", "teachers_family", reason, float(n), float(n - 1), n=n)]
    said = [f"{name} is of the teacher's family, and not the only judge" for name in of_teacher]
    said += [f"{name} is of the student's family" for name in of_student]
    if said:
        code = "teachers_family" if of_teacher else "students_family"
        return [Verdict("relevance.judge", "warn", code, "; ".join(said), float(len(said)), 0.0, n=n)]
    reason = f"{' and '.join(judges)}: of other families than teacher and student, as far as names tell"
    return [Verdict("relevance.judge", "pass", "ok", reason, 0.0, 0.0, n=n)]


def own_rows(config: Config, teachers: Mapping[str, int]) -> list[str]:
    """A note for each teacher that rows name as theirs and whose family all judges are of.

    `teachers` is how many rows name each: of a file made elsewhere, the config's own teacher says nothing.
    """
    judges = [_name(judge.settings) for judge in config.judges]
    return [
        f"{n} rows are by {teacher}, and no judge is of another family: their scores are too kind"
        for teacher, n in sorted(teachers.items())
        if judges and all(_akin(judge, teacher.partition(":")[2] or teacher) for judge in judges)
    ]


def _name(settings: object) -> str:
    return str(getattr(settings, "model", None) or UNNAMED)


def _akin(one: str, other: str) -> bool:
    if UNNAMED in (one, other):
        return False
    family = family_of(one)
    return one.casefold() == other.casefold() or (family is not None and family == family_of(other))
