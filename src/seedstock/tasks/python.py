"""Output: Python source."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from seedstock.tasks.base import Checks, Output, Problem
from seedstock.tasks.fences import unfenced

_LONGEST = 100_000
_CODE = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.For, ast.While,
    ast.If, ast.With, ast.Try, ast.Assign, ast.AugAssign, ast.AnnAssign,
)  # fmt: skip


class PythonSettings(BaseModel):
    """What else Python source must do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checks: str | None = Field(
        None,
        description="field of a row with checks (Python source, or a list of them) that are run after the"
        " output in a sandbox; nothing is run without it",
    )
    timeout: float = Field(5.0, gt=0, le=60, description="seconds that a row's code and checks may take")


class Python(Output):
    """`python: {}`: the output is a Python module that parses; nothing of it is run here."""

    Value = PythonSettings

    def __init__(self, value: PythonSettings, folder: Path) -> None:
        self._settings = value

    def check(self, output: Any) -> Problem | None:
        """Parse; the line where it does not."""
        if not isinstance(output, str):
            return Problem("not_text", f"the output is {type(output).__name__}, not source as text")
        if unfenced(output) is not None:
            return Problem("fenced", "the source stands in a ``` fence: only the source itself is wanted")
        if len(output) > _LONGEST:
            return Problem("too_long", f"{len(output)} characters of source; at most {_LONGEST} are read")
        return _parsed(output)[1]

    def same(self, output: Any) -> str:
        """The syntax tree: spaces, comments and kinds of quotes do not count."""
        return _parsed(str(output))[0] or str(output)

    def describe(self) -> str:
        """Source and nothing else."""
        return "Python source that runs as it is, without a code fence or explanation."

    @property
    def checks(self) -> Checks | None:
        """What `checks` and `timeout` say."""
        field = self._settings.checks
        return None if field is None else Checks(field, self._settings.timeout)

    @classmethod
    def detect(cls, outputs: Sequence[Any]) -> dict[str, Any] | None:
        """Texts that all parse as Python, of which most hold statements: words and formulas can parse too."""
        if not outputs or not all(isinstance(o, str) and o.strip() for o in outputs):
            return None
        output = cls(PythonSettings(), Path())
        if any(output.check(o) is not None for o in outputs):
            return None
        return {} if sum(map(_is_code, outputs)) >= 0.8 * len(outputs) else None


def _is_code(text: str) -> bool:
    return any(isinstance(node, _CODE) for node in ast.parse(text).body)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[str, Problem | None]:
    """The tree as text, and the problem where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that will be refused one day is a matter of taste
            return ast.dump(ast.parse(text)), None
    except SyntaxError as problem:
        line = problem.lineno or 0
        quote = (problem.text or "").strip()[:80]
        reason = f"no Python at line {line}, {quote!r}: {problem.msg}"
        return "", Problem("not_python", reason[:240], {"line": line, "quote": quote})
    except (ValueError, RecursionError, MemoryError) as problem:
        return "", Problem("not_python", f"no Python: {problem or 'nested too deeply'}"[:200])
