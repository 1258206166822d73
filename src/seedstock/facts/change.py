"""Change: one fact that a rewrite did not keep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that is gone, new, or another one.

    `code` names the kind, `fact` is how it stands in the first text ("" where it is new), `found` how it
    stands in the second ("" where it is gone).
    """

    code: str
    fact: str
    found: str = ""
