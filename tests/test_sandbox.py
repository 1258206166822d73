"""Code in the sandbox: what it cannot reach, what ends it, and what its checks say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from helpers import COMMAND, cli, read_rows, write_rows
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_code import CodeGate, CodeSettings
from seedstock.sandbox.runner import run_checks, why_not
from seedstock.tasks.base import Output
from seedstock.tasks.labels import Labels
from seedstock.tasks.python import Python, PythonSettings
from seedstock.verdict import Verdict

pytestmark = pytest.mark.skipif(bool(why_not()), reason=f"no sandbox: {why_not()}")

HERE = Path(__file__).resolve()
ADD = "def add(a, b):\n    return a + b\n"
DEAF = """
import signal
for number in range(1, 30):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
"""
THREADS = """
import threading, time
for _ in range(3):
    threading.Thread(target=time.sleep, args=(99,)).start()
time.sleep(99)
"""
LIBC = "import ctypes; libc = ctypes.CDLL(None, use_errno=True)\n"

UNREACHABLE = {
    "a file of the system": "open('/etc/passwd')",
    "the project": f"open({str(HERE)!r})",
    "this process": "open('/proc/self/status')",
    "the folder of this process": f"import os; os.listdir({str(HERE.parent)!r})",
    "a new file": "open('/new', 'w')",
    "a temporary file": "import tempfile; tempfile.TemporaryFile()",
    "the runtime, to write": "import os; open(os.__file__, 'a')",
    "the runtime's mode": "import os; os.chmod(os.__file__, 0o777)",
    "a device": "open('/dev/null')",
    "the network": "import socket; socket.create_connection(('127.0.0.1', 80), 1)",
    "a local socket": "import socket; socket.socketpair()",
    "a new process": "import os; os.fork()",
    "a shell": "import subprocess; subprocess.run('ls', shell=True)",
    "another program": f"import os; os.execv({sys.executable!r}, ['python'])",
    "memory beyond the limit": "a = 'a' * 10 ** 10",
    "a higher limit": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "memory as a file": "import os; os.memfd_create('a')",
    "new privileges": LIBC + "assert libc.unshare(0x10000000) == 0",
    "a mount": LIBC + "assert libc.mount(b'none', b'/', b'tmpfs', 0, None) == 0",
    "shared memory": LIBC + "assert libc.shmget(0, 4096, 0o1600) >= 0",
    "its standard input": "input()",
    "other processes": "import os; os.kill(-1, 9)",
}


def test_nothing_can_be_reached() -> None:
    outcome = run_checks("", list(UNREACHABLE.values()), 10)
    reached = [what for what, error in zip(UNREACHABLE, outcome.errors, strict=True) if error is None]
    assert reached == []
    assert "not reached" not in outcome.errors
    assert (outcome.error, outcome.stopped, outcome.vacuous) == (None, "", set())


@pytest.mark.parametrize(
    ("source", "stopped"),
    [
        ("while True: pass", "time"),
        ("import time; time.sleep(99)", "time"),
        (DEAF + "while True: pass", "time"),
        ("import re; re.match('(a+)+b', 'a' * 50)", "time"),
        ("import os\nwhile True: os.write(1, b'a' * 10 ** 6)", "time"),
        ("import os\nwhile True: os.write(3, b'a' * 10 ** 6)", "stopped"),
        ("import ctypes; ctypes.string_at(0)", "signal 11"),
        (THREADS, "time"),
    ],
)  # fmt: skip
def test_what_does_not_end_is_ended(source: str, stopped: str) -> None:
    start = time.perf_counter()
    outcome = run_checks(source, ["pass"], 0.2 if stopped == "time" else 5)
    assert time.perf_counter() - start < 3
    assert stopped in outcome.stopped
    assert outcome.errors == ["not reached"]


def test_memory_is_what_was_given() -> None:
    check = "assert len('a' * (200 << 20)) > 0"
    assert run_checks("", [check], 5, 512).errors == [None]
    assert run_checks("", [check], 5, 128).errors == ["MemoryError: "]


def test_nothing_of_the_environment_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    outcome = run_checks(
        "import os", ["assert 'OPENAI_API_KEY' not in os.environ", "assert os.getuid() == 1000"], 5
    )
    assert (outcome.error, outcome.errors) == (None, [None, None])


def test_an_early_end_passes_nothing() -> None:
    for source in ("import os; os._exit(0)", "import os; os.closerange(0, 99)"):
        outcome = run_checks(source, ["pass"], 5)
        assert outcome.errors == ["not reached"]
        assert outcome.error is not None


def test_lines_of_others_do_not_count() -> None:
    line = json.dumps({"token": "?", "place": 0, "error": None})
    source = f"""
import os
for fd in range(3, 9):
    try: os.write(fd, {line.encode()!r} + bytes([10]))
    except OSError: pass
"""
    assert run_checks(source, ["assert False"], 5).errors == ["AssertionError: "]


def verdict(source: str, checks: Any, kind: Output | None = None) -> Verdict:
    output = kind or Python(
        PythonSettings(checks="tests", timeout=0.3 if "while" in source else 5), HERE.parent
    )
    tools = Tools(output, Lexical(LexicalSettings(dims=64)))
    row = Example(
        "r", "add", source, meta={} if checks is None else {"tests": checks}, source=Source("synthetic")
    )
    return CodeGate(CodeSettings(), tools).check(Batch([row], tools))[0]


@pytest.mark.parametrize(
    ("source", "checks", "status", "code"),
    [
        (ADD, ["assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'"], "pass", "checks_pass"),
        (ADD, "assert add(1, 2) == 3\nassert add(2, 2) == 4", "pass", "checks_pass"),
        (ADD, ["assert add(1, 2) == 3", "assert add(1, 2) == 4"], "fail", "check_failed"),
        ("print(1 / 0)", ["assert True"], "fail", "error"),
        ("while True: pass", ["assert True"], "fail", "stopped"),
        (ADD, ["assert 1 == 1"], "warn", "vacuous"),
        (ADD, None, "skipped", "no_checks"),
        (ADD, [], "skipped", "no_checks"),
        (ADD, [3, None], "skipped", "no_checks"),
        (ADD, ["assert ("], "skipped", "bad_checks"),
    ],
)
def test_what_the_gate_says(source: str, checks: Any, status: str, code: str) -> None:
    found = verdict(source, checks)
    assert (found.status, found.code) == (status, code), found.reason
    json.dumps(found.to_json())


def test_a_failed_check_is_named() -> None:
    found = verdict(ADD, ["assert add(1, 2) == 3", "assert add(1, 2) == 4, 'sum'"])
    assert found.figure == 0.5
    assert found.evidence["check"] == "assert add(1, 2) == 4, 'sum'"
    assert found.evidence["error"] == "AssertionError: sum"


def test_nothing_is_run_unless_asked() -> None:
    plain = Python(PythonSettings(), HERE.parent)
    assert verdict("while True: pass", ["assert True"], plain).code == "no_checks"
    assert verdict("a", ["assert True"], Labels(["a", "b"], HERE.parent)).code == "no_checks"


def project(folder: Path) -> Path:
    """Seeds with checks, and a config that asks for them."""
    seeds = [
        {
            "input": f"Add {n} to a number.",
            "output": f"def f(x):\n    return x + {n}",
            "tests": f"assert f(1) == {n + 1}",
        }
        for n in range(12)
    ]
    write_rows(folder / "seeds.jsonl", seeds)
    config = {
        "task": {"kind": "code", "output": {"python": {"checks": "tests"}}}, "seeds": "seeds.jsonl",
        "embedder": "lexical",
    }  # fmt: skip
    (folder / "seedstock.yaml").write_text(json.dumps(config))
    made = [
        {"id": "good", "input": "Double it, please, whatever it is.",
         "output": "def f(x):\n    return 2 * x", "tests": "assert f(4) == 8"},
        {"id": "bad", "input": "Which is the larger of two?",
         "output": "def f(a, b):\n    return a", "tests": "assert f(1, 2) == 2"},
    ]  # fmt: skip
    return write_rows(folder / "made.jsonl", made)


def test_an_audit_runs_the_checks(tmp_path: Path) -> None:
    made = project(tmp_path)
    done = cli("audit", made, "--config", tmp_path / "seedstock.yaml", "--out", tmp_path / "out", "--json")
    assert [row["id"] for row in read_rows(tmp_path / "out" / "kept.jsonl")] == ["good"], done.err
    rejected = read_rows(tmp_path / "out" / "rejected.jsonl")[0]
    assert (rejected["gate"], rejected["code"]) == ("relevance.code", "check_failed")


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="no bubblewrap")
@pytest.mark.parametrize("path", [os.environ["PATH"], "/nothing"], ids=["with bubblewrap", "without"])
def test_either_way_is_tried_and_holds(path: str) -> None:
    program = "from seedstock.sandbox.runner import why_not; print(repr(why_not()))"
    env = {**os.environ, "PATH": path}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=env, check=True
    )
    assert done.stdout == "''\n"


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare to take namespaces away with")
def test_without_a_sandbox_the_command_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path)
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    audit = [
        *COMMAND,
        "audit",
        str(made),
        "--config",
        str(tmp_path / "seedstock.yaml"),
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", forbid, "sh", *audit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "checks run only in a sandbox, and this machine cannot make one" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
