"""The public surface: what it holds, that it resolves, and that it loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import seedstock
from seedstock.cli.main import COMMANDS

PUBLIC = [
    "Example", "Exporter", "Project", "Recipe", "RowGate", "SeedstockError", "SetGate", "Teacher", "Verdict",
    "__version__", "audit", "check", "release", "run", "trace", "verify",
]  # fmt: skip
HEAVY = (
    "numpy", "pyarrow", "onnxruntime", "tokenizers", "pydantic", "aiohttp", "rich", "jinja2", "faker", "yaml",
)  # fmt: skip


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_public_names_are_these() -> None:
    assert sorted(seedstock.__all__) == PUBLIC
    assert dir(seedstock) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_resolves_to_what_it_says(name: str) -> None:
    value = getattr(seedstock, name)
    assert getattr(value, "__name__", name) == name
    assert name == "__version__" or value.__doc__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'seedstock' has no attribute 'Projekt'"):
        _ = seedstock.Projekt


@pytest.mark.parametrize("module", ["seedstock", "seedstock.cli.main"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    assert python("-c", code).split() == []


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from seedstock.cli.main import exit_code; code = exit_code(['--help']);"
        f" print('loaded', *[name for name in {HEAVY} if name in sys.modules]); sys.exit(code)"
    )
    shown = python("-c", code)
    assert shown.splitlines()[-1].split() == ["loaded"]
    listed = [
        line.split()[0] for line in shown.partition("Commands:")[2].splitlines() if line.startswith("  ")
    ]
    assert listed == list(COMMANDS)


def test_the_installed_command_is_the_same() -> None:
    shown = subprocess.run(
        [Path(sys.executable).with_name("seedstock"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(name in shown for name in COMMANDS)
