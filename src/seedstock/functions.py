"""A function of the owner's own, by import path or out of a file beside the config."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
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
    try:
        return function(argument)
    except Exception as problem:
        said = f"{type(problem).__name__}: {problem}"
        raise InputError(f"your function {name!r} failed on row {row[:80]}: {said}") from problem


def _imported(module: str, name: str) -> ModuleType:
    if not module:
        raise InputError(f"{name!r} is no import path: write package.module:function, or name a file")
    try:
        return importlib.import_module(module)
    except Exception as problem:
        raise InputError(f"{module!r} cannot be imported: {type(problem).__name__}: {problem}") from problem


def _module_of(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"seedstock_own_{file.stem}", file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise InputError("no such Python file", path=file)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        raise InputError(f"cannot be run: {type(problem).__name__}: {problem}", path=file) from problem
    return module
