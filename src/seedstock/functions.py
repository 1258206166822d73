"""A function of the owner's own, by import path or out of a file beside the config."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from seedstock.errors import InputError

Function = Callable[[Any], Any]


def load_function(name: str, file: Path | None = None) -> Function:
    """The function `name` of a Python file; without one, of `package.module:name`.

    Importing runs the module: it is the owner's own code, and named in the owner's own config. Raises
    InputError, with the import's own error, where there is no such function.
    """
    module_name, _, function = name.rpartition(":")
    module = _module_of(file) if file is not None else _imported(module_name, name)
    found = getattr(module, function, None)
    if not callable(found):
        raise InputError(f"there is no function {function!r} in {file or module_name}")
    called: Function = found
    return called


def call(function: Function, name: str, argument: Any, row: str) -> Any:
    """What the function says; InputError, naming it and the row, where it raises."""
    with _own_code(f"your function {name!r} failed on row {row[:80]}"):
        return function(argument)


@contextmanager
def _own_code(failed: str, path: Path | None = None) -> Iterator[None]:
    """Whatever the owner's code raises is unusable input: it may be anything, and none of it is our bug."""
    try:
        yield
    except Exception as problem:
        raise InputError(f"{failed}: {type(problem).__name__}: {problem}", path=path) from problem


def _imported(module: str, name: str) -> ModuleType:
    if not module:
        raise InputError(f"{name!r} is no import path: write package.module:function, or name a file")
    with _own_code(f"{module!r} cannot be imported"):
        return importlib.import_module(module)


def _module_of(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"seedstock_own_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise InputError("no such Python file", path=file)
    module = importlib.util.module_from_spec(spec)
    with _own_code("cannot be run", file):
        spec.loader.exec_module(module)
    return module
