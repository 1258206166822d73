"""The one tree of errors. Each class knows its exit code; `cli/main.py` maps it once.

    SeedstockError            1   a bug, unless a subclass says otherwise
    ├── InputError            2   a file, row, config or argument is unusable
    │   └── MissingExtra      2   an optional library is not installed
    ├── Refused               3   a gate or a policy says no
    └── TeacherError          4   the teacher could not be used; what is done is kept

A bad *row* is not an error but a verdict: see `verdict.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedstock.verdict import Verdict


class SeedstockError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code = 1


class InputError(SeedstockError):
    """Something given by the user cannot be used: one line with the place and what would be right."""

    exit_code = 2

    def __init__(self, problem: str, *, path: Path | str | None = None, line: int | None = None) -> None:
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(one_line(place + problem))


class MissingExtra(InputError):
    """A library that only an extra installs is needed here."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'seedstock[{extra}]'")


class Refused(SeedstockError):
    """A gate or policy refuses; `results` holds the gate results that say why."""

    exit_code = 3

    def __init__(self, problem: str, results: Sequence[Verdict] = ()) -> None:
        super().__init__(one_line(problem))
        self.results = tuple(results)


class TeacherError(SeedstockError):
    """The teacher (or an embeddings server) could not be used. What was answered is kept."""

    exit_code = 4

    def __init__(self, problem: str) -> None:
        super().__init__(one_line(problem))


def one_line(text: str, limit: int = 600) -> str:
    """`text` on one printable line, cut at `limit` characters: it may quote hostile input."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def near_miss(word: str, known: Iterable[str]) -> str:
    """How to go on after an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"
