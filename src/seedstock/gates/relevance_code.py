"""Gate `relevance.code`: does the output pass its row's checks? Run in a sandbox, and only when asked."""

from __future__ import annotations

import ast
from typing import Any, ClassVar

from pydantic import Field

from seedstock.example import Example
from seedstock.gates.base import Batch, GateSettings, RowGate, Tools
from seedstock.gates.known import RealRows
from seedstock.sandbox.runner import Outcome, refuse_without, run_checks
from seedstock.tasks.base import Checks
from seedstock.verdict import Verdict

_MOST = 100


class CodeSettings(GateSettings):
    """Settings of `relevance.code`."""

    megabytes: int = Field(512, ge=64, le=16_384, description="memory that a row's code and checks may take")


class CodeGate(RowGate):
    """`task.output.python.checks` names the field with the checks; nothing is run without it."""

    name: ClassVar[str] = "relevance.code"
    Settings: ClassVar[type[GateSettings]] = CodeSettings

    def __init__(self, settings: CodeSettings, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._known = RealRows(tools.seeds)
        if tools.output.checks is not None:
            refuse_without()  # before anything is asked or run

    def check(self, batch: Batch) -> list[Verdict]:
        """One verdict per row; `skipped` where no checks are declared, or the row has none."""
        checks = self.tools.output.checks
        if checks is None:
            said = "no checks are declared for the output (task.output.python.checks)"
            return [Verdict(self.name, "skipped", "no_checks", said)] * len(batch)
        return [self._verdict(example, checks) for example in batch.examples]

    def _verdict(self, example: Example, declared: Checks) -> Verdict:
        given = self._known.field(example, declared.field)
        checks = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        checks = [check for check in checks if isinstance(check, str) and check.strip()][:_MOST]
        if not checks:
            said = f"the row has no checks in {declared.field!r}"
            return Verdict(self.name, "skipped", "no_checks", said)
        unusable = next((check for check in checks if not _parses(check)), None)
        if unusable is not None:
            said = f"a check of the row is no Python: {_cut(unusable)!r}"
            return Verdict(self.name, "skipped", "bad_checks", said)
        outcome = run_checks(str(example.output), checks, declared.timeout, self.settings.megabytes)
        return self._judged(outcome, checks)

    def _judged(self, outcome: Outcome, checks: list[str]) -> Verdict:
        passed = [place for place, error in enumerate(outcome.errors) if error is None]
        figure = round(len(passed) / len(checks), 4)
        evidence: dict[str, Any] = {"passed": len(passed), "checks": len(checks)}
        if outcome.stopped or outcome.error is not None:
            code = "stopped" if outcome.stopped else "error"
            why = outcome.stopped or f"it does not run: {outcome.error}"
            return Verdict(self.name, "fail", code, why, figure, 1.0, {**evidence, "error": outcome.error})
        if len(passed) < len(checks):
            place = next(i for i, error in enumerate(outcome.errors) if error is not None)
            error = _cut(outcome.errors[place] or "")
            evidence |= {"check": _cut(checks[place]), "error": error}
            said = f"check {place + 1} of {len(checks)} fails: {_cut(checks[place])!r}: {error}"
            return Verdict(self.name, "fail", "check_failed", said, figure, 1.0, evidence)
        if len(outcome.vacuous) == len(checks):
            said = "every check passes without the output too: they check nothing"
            return Verdict(self.name, "warn", "vacuous", said, figure, 1.0, evidence)
        said = f"all {len(checks)} checks pass"
        return Verdict(self.name, "pass", "checks_pass", said, figure, 1.0, evidence)


def _parses(check: str) -> bool:
    try:
        ast.parse(check)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _cut(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"
