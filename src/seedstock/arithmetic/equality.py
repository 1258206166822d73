"""Whether two final answers are the same: numbers by themselves, formulas through math-verify."""

from __future__ import annotations

import threading

from seedstock.answers import as_number, canonical_answer
from seedstock.errors import MissingExtra

_LONGEST = 200
_SECONDS = 5


def same_answer(right: str, given: str) -> bool:
    """Whether `given` is the known answer `right`.

    Numbers in any notation and equal texts need no library. Two formulas do, `\\frac{1}{2}` and `0.5`:
    MissingExtra where math-verify is not installed.
    """
    if canonical_answer(right) == canonical_answer(given):
        return True
    if as_number(right) is not None and as_number(given) is not None:
        return False
    return _formula(right) and _formula(given) and _equal_formulas(right, given)


def _formula(text: str) -> bool:
    """Words are no formula: a library that tries to read them finds a product of letters."""
    return as_number(text) is not None or ("\\" in text and len(text) <= _LONGEST)


def _equal_formulas(right: str, given: str) -> bool:
    try:
        from math_verify import parse, verify
    except ImportError as problem:
        raise MissingExtra("comparing answers that are formulas", "math") from problem
    # Its timeouts are signals, which only the main thread may set; a short formula is parsed without.
    seconds = _SECONDS if threading.current_thread() is threading.main_thread() else None
    if seconds is None and ("^" in right + given or "!" in right + given):
        return False
    parsed = [parse(f"${text}$", parsing_timeout=seconds) for text in (right, given)]
    return bool(verify(*parsed, timeout_seconds=seconds))
