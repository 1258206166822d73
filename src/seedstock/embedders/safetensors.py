"""Reading a safetensors file without copying it: a header, and views of one memory map.

The format is eight bytes (little-endian length of the header), the header as JSON, and then the
tensors one after the other. Whoever calls has checked the file's hash: nothing is validated here.
"""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seedstock.embedders.base import Vectors


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a float32 tensor lies: its shape, and its place in the file in bytes."""

    shape: tuple[int, ...]
    offset: int
    length: int


def layout(path: Path) -> dict[str, Tensor]:
    """Name → place of every float32 tensor in the file, in the header's order."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    return {
        name: Tensor(tuple(entry["shape"]), 8 + size + entry["data_offsets"][0], _extent(entry))
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def _extent(entry: dict[str, list[int]]) -> int:
    start, end = entry["data_offsets"]
    return end - start


class MappedTensors:
    """The float32 tensors of a file as read-only arrays over one memory map."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._layout = layout(path)

    def __getitem__(self, name: str) -> Vectors:
        """The tensor of this name. It stays valid as long as anything refers to it."""
        place = self._layout[name]
        flat = np.frombuffer(self._map, np.float32, place.length // 4, place.offset)
        return flat.reshape(place.shape)

    def names(self) -> list[str]:
        """Names of the tensors."""
        return list(self._layout)

    def release(self) -> None:
        """Give the pages read so far back to the system; they are read again when they are needed."""
        self._map.madvise(mmap.MADV_DONTNEED)
