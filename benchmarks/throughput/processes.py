"""Servers and clients as processes of their own, each on its core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core is the client's and which the server's; None where there is only one for both."""

    client: int | None
    server: int | None

    @classmethod
    def found(cls) -> Cores:
        """The first two that this process may use."""
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return cls(usable[0], usable[1]) if len(usable) > 1 else cls(None, None)

    def __str__(self) -> str:
        if self.client is None:
            return "client and server share a core"
        return f"client on core {self.client}, server on core {self.server}"


def on_core(core: int | None) -> list[str]:
    """The option that says so to a child."""
    return [] if core is None else ["--core", str(core)]


class ServerProcess:
    """A server that says `listening on URL` first. Use as a context manager."""

    def __init__(self, command: Sequence[str], core: int | None = None) -> None:
        self._command = list(command)
        self._core = core
        self.url = ""

    def __enter__(self) -> ServerProcess:
        self._child = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, cwd=HERE)
        if self._core is not None:
            os.sched_setaffinity(self._child.pid, {self._core})
        assert self._child.stdout is not None
        said = self._child.stdout.readline()
        if not said.startswith("listening on "):
            raise SystemExit(f"the server did not start: {self._command}")
        self.url = said.removeprefix("listening on ").strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at a path outside `/v1`."""
        with urllib.request.urlopen(self.url.removesuffix("/v1") + path, timeout=60) as reply:
            found: dict[str, Any] = json.load(reply)
        return found


def fast_server(core: int | None, **options: object) -> ServerProcess:
    """`throughput.server` with these options; None leaves one out."""
    named = [(f"--{name.replace('_', '-')}", str(v)) for name, v in options.items() if v is not None]
    words = [word for pair in named for word in pair]
    return ServerProcess([sys.executable, "-m", "throughput.server", *words, *on_core(core)], core)


def child(module: str, *arguments: object) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS` to its end; its last line is one JSON object."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, cwd=HERE, env=os.environ | ONE_THREAD, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"failed with {done.returncode}: {' '.join(command)}\n{done.stdout}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
