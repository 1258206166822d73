"""What runs inside the jail: the code, then each check, each result told as soon as it is there.

Its text is handed to the interpreter inside, where no file of the package exists.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def run(text: str, name: str, space: dict[str, Any]) -> str | None:
    """The error of a piece of code; None where it ran to its end."""
    try:
        exec(compile(text, name, "exec"), space)
    except BaseException as problem:  # noqa: BLE001 - SystemExit and all: it did not run to its end
        return f"{type(problem).__name__}: {problem}"[:300]
    return None


def fresh() -> dict[str, Any]:
    """The names of a module in which nothing has run."""
    return {"__name__": "output", "__builtins__": __builtins__}


def main() -> None:
    """Read the job, and tell a line for each of its parts."""
    job = json.loads(sys.stdin.buffer.read())
    told = os.dup(1)
    os.dup2(2, 1)  # what the code prints goes nowhere

    def tell(place: int, error: str | None) -> None:
        line = json.dumps({"token": job["token"], "place": place, "error": error})
        os.write(told, b"\n" + line.encode("ascii", "replace") + b"\n")

    # A check that passes on nothing checks nothing.
    for place, check in enumerate(job["checks"]):
        if run(check, f"<check {place + 1}>", fresh()) is None:
            tell(-2 - place, "vacuous")
    space = fresh()
    tell(-1, run(job["source"], "<output>", space))
    for place, check in enumerate(job["checks"]):
        tell(place, run(check, f"<check {place + 1}>", space))
    os._exit(0)


if __name__ == "__main__":
    main()
