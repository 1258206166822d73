"""What tells one local model from another of the same name: its files."""

from __future__ import annotations

import hashlib
from pathlib import Path


def named(model: str) -> str:
    """A name as it is; a folder by its own name and a hash over its files' names, sizes and times."""
    folder = Path(model).expanduser()
    if not folder.is_dir():
        return model
    found = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        stat = file.stat()
        found.update(f"{file.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return f"{folder.name}@{found.hexdigest()[:12]}"
