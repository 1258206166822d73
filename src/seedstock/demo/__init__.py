"""The bundled project: industrial maintenance messages → JSON tickets, written by hand for it."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

from seedstock.errors import InputError

BUNDLED = Path(__file__).parent / "project"


def copy_project(folder: Path) -> None:
    """Copy the project to `folder`; an earlier copy is used again, anything else is left alone."""
    names = [path.name for path in BUNDLED.iterdir()]
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        same, _, _ = (
            filecmp.cmpfiles(BUNDLED, folder, names, shallow=False) if folder.is_dir() else ([], [], [])
        )
        if len(same) != len(names):
            raise InputError("exists already and is not the demo; name another folder", path=folder)
        return
    shutil.copytree(BUNDLED, folder, dirs_exist_ok=True)
