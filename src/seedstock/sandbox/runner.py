"""The door to the sandbox: code and checks in, one result per check out; or why there can be no sandbox."""

from __future__ import annotations

import json
import os
import platform
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from secrets import token_hex
from typing import Any

from seedstock.errors import Refused

MEGABYTES = 512
_MOST_TOLD, _GRACE = 256 * 1024, 3.0
_RUNTIME = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


@dataclass(slots=True)
class Outcome:
    """What became of a piece of code and its checks.

    `error` is why the code itself did not run to its end, `errors` one for each check, None where it
    passed. `vacuous` are the places of checks that pass without the code. `stopped` says what ended it all:
    the time, the memory or a signal.
    """

    error: str | None = None
    errors: list[str | None] = field(default_factory=list)
    vacuous: set[int] = field(default_factory=set)
    stopped: str = ""


def run_checks(source: str, checks: Sequence[str], seconds: float, megabytes: int = MEGABYTES) -> Outcome:
    """Run `source` and then each check after it, in a jail of its own. Raises Refused without one."""
    refuse_without()
    return _run(source, checks, seconds, _way()[0], megabytes)


def why_not() -> str:
    """Why code cannot be locked in on this machine, in a line; empty where it can. Tried once."""
    return _way()[1]


@cache
def _way() -> tuple[str, str]:
    """bubblewrap's path where it is there and works, else "" for own namespaces; why neither does."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return "", f"it needs Linux on x86_64 or aarch64, this is {sys.platform} on {platform.machine()}"
    problem = ""
    for bwrap in dict.fromkeys([shutil.which("bwrap") or "", ""]):
        problem = _tried(bwrap)
        if not problem:
            return bwrap, ""
    return "", problem


def _tried(bwrap: str) -> str:
    """What is wrong with a sandbox made in this way, by trying to get out of it."""
    try:
        outcome = _run("import socket", ["assert 1", _ESCAPES], 10.0, bwrap)
    except Refused as problem:
        return str(problem)
    if outcome.stopped or outcome.error or outcome.errors != [None, None]:
        return outcome.stopped or outcome.error or f"a trial did not end as it should: {outcome.errors[-1]}"
    return ""


_ESCAPES = """
import os
for attempt in (lambda: os.listdir("/proc/1"), lambda: os.mkdir("/made"), lambda: os.fork(),
                lambda: open("/etc/passwd"), lambda: socket.socket()):
    try:
        attempt()
    except OSError:
        continue
    raise AssertionError("the jail has a hole")
"""
"""What must fail inside before anything is run there."""


def refuse_without() -> None:
    """Raise Refused, with the reason, where there can be no sandbox."""
    if reason := why_not():
        raise Refused(
            f"checks run only in a sandbox, and this machine cannot make one: {reason}. Leave"
            " task.output.python.checks out, or run where unprivileged user namespaces are allowed"
        )


def _run(
    source: str, checks: Sequence[str], seconds: float, bwrap: str, megabytes: int = MEGABYTES
) -> Outcome:
    end, token = token_hex(16), token_hex(16)
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    jail, inside = _text("jail.py"), _text("inside.py")
    settings = {
        "end": end, "seconds": seconds, "megabytes": megabytes, "python": python, "inside": inside,
        "binds": _binds(python), "bwrap": bwrap, "jail": jail if bwrap else "",
    }  # fmt: skip
    job = json.dumps({"token": token, "source": source, "checks": list(checks)}).encode("ascii")
    with subprocess.Popen(
        [python, "-I", "-S", "-B", "-c", jail, json.dumps(settings)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={},
        start_new_session=True,
    ) as process:  # fmt: skip
        told = _talk(process, job, seconds + _GRACE)
    return _read(told, end, token, len(checks))


@cache
def _text(name: str) -> str:
    return files("seedstock.sandbox").joinpath(name).read_text(encoding="utf-8")


def _binds(python: str) -> list[str]:
    """The Python runtime and the libraries that it is linked with; parents before children, each once."""
    own = [os.path.realpath(sys.base_prefix)] if os.path.realpath(sys.base_prefix) != "/usr" else ["/usr/bin"]
    found: list[str] = []
    for path in [*_RUNTIME, *own, os.path.dirname(python)]:
        inside = any(path == other or path.startswith(other + "/") for other in found)
        if os.path.exists(path) and not inside:
            found.append(path)
    return found


def _talk(process: subprocess.Popen[bytes], job: bytes, seconds: float) -> bytes:
    """Hand over the job and read what is told, up to a bound and a time; then nothing of it is left."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline, told = time.monotonic() + seconds, b""
    try:
        process.stdin.write(job)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it could not lock itself in, and says so
    while len(told) < _MOST_TOLD and (left := deadline - time.monotonic()) > 0:
        if not select.select([process.stdout], [], [], left)[0]:
            break
        piece = os.read(process.stdout.fileno(), 65_536)
        if not piece:
            break
        told += piece
    process.kill()  # its child dies with it, and all that the child made
    return told


def _read(told: bytes, end: str, token: str, n: int) -> Outcome:
    """Only lines that bear the tokens count: the code may have written others."""
    lines = [line for line in map(_parsed, told.split(b"\n")) if line is not None]
    last = next((line for line in lines if line.get("end") == end), None)
    if last is not None and "setup" in last:
        raise Refused(str(last["setup"]))
    outcome = Outcome(error="it did not run to its end", errors=["not reached"] * n)
    for line in lines:
        place, error = line.get("place"), line.get("error")
        if (
            line.get("token") != token
            or not isinstance(place, int)
            or not (error is None or isinstance(error, str))
        ):
            continue
        if place == -1:
            outcome.error = error
        elif 0 <= place < n:
            outcome.errors[place] = error
        elif 0 <= -2 - place < n:
            outcome.vacuous.add(-2 - place)
    outcome.stopped = _stopped(last)
    return outcome


def _stopped(last: dict[str, Any] | None) -> str:
    if last is None:
        return "it was stopped: it ran on, or told too much"
    if last["late"]:
        return "it was stopped: its time was up"
    return f"it ended by signal {last['signal']}" if last["signal"] else ""


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
