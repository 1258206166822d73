"""Lexical: signed hashing of character 3- to 5-grams. No model; knows spelling, not meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors

SIZES = (3, 4, 5)
# Odd 64-bit numbers without pattern: the weights of a gram's characters, and the final mixing.
WEIGHTS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F)
MIX = 0xBF58476D1CE4E5B9
MAX_CHARACTERS = 65_536
# A batch's arrays then take a few MB each.
BATCH_CHARACTERS = 1 << 18
BATCH_TEXTS = 1024

Codes = npt.NDArray[np.uint64]


class LexicalSettings(EmbedderSettings):
    """Settings of the lexical embedder."""

    kind: Literal["lexical"] = "lexical"
    dims: int = Field(512, ge=16, le=65_536, description="length of a vector")


class Lexical(Embedder):
    """Counts of hashed character 3- to 5-grams, half of them negative, scaled to length 1.

    Case and runs of white space do not count; of a text the first 65,536 characters do.
    """

    Settings = LexicalSettings
    finds_paraphrases = False
    like_minilm = 0.76

    def __init__(self, settings: LexicalSettings) -> None:
        self._dims = settings.dims

    @property
    def id(self) -> str:
        """Method, gram sizes and dimensions."""
        return f"lexical:3-5:{self._dims}"

    @property
    def dim(self) -> int:
        """As set: 512 by default."""
        return self._dims

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, (len(texts), dim), in order."""
        out = np.zeros((len(texts), self._dims), np.float32)
        done = 0
        for batch in _batches(texts):
            out[done : done + len(batch)] = self._counts(batch)
            done += len(batch)
        # Nothing but cancelled counts has no direction: such a text gets the first one.
        out[~out.any(axis=1), 0] = 1.0
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        return out

    def _counts(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """Signed counts, (len(texts), dims)."""
        codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(
            np.uint64
        )
        rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        counts = np.zeros(len(texts) * self._dims)
        for size in SIZES:
            hashes = _hashes(codes, size)
            inside = rows[: len(hashes)] == rows[size - 1 :]
            cells = rows[: len(hashes)] * self._dims + (hashes % self._dims).astype(np.intp)
            signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
            counts += np.bincount(cells[inside], signs[inside], minlength=len(counts))
        return counts.reshape(len(texts), self._dims)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts made plain and at least five characters long, in batches that bound memory."""
    batch: list[str] = []
    characters = 0
    for text in texts:
        plain = f" {' '.join(text[:MAX_CHARACTERS].lower().split())} ".ljust(max(SIZES))
        if batch and (characters + len(plain) > BATCH_CHARACTERS or len(batch) == BATCH_TEXTS):
            yield batch
            batch, characters = [], 0
        batch.append(plain)
        characters += len(plain)
    if batch:
        yield batch


def _hashes(codes: Codes, size: int) -> Codes:
    """A 64-bit hash of every run of `size` characters."""
    count = len(codes) - size + 1
    total = np.full(count, size, np.uint64)
    for place in range(size):
        total += (codes[place : place + count] + np.uint64(1)) * np.uint64(WEIGHTS[place])
    total ^= total >> np.uint64(31)
    total *= np.uint64(MIX)
    return total ^ (total >> np.uint64(29))
