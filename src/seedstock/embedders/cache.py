"""VectorCache: no text is embedded twice. And the one place that says where caches lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors
from seedstock.embedders.store import Store
from seedstock.errors import InputError

TEXTS_AT_ONCE = 1024


def default_cache_dir() -> Path:
    """`$XDG_CACHE_HOME/seedstock`, or `~/.cache/seedstock`; not created here."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else Path.home() / ".cache") / "seedstock"


class VectorCache(Embedder):
    """An embedder that asks another one only for texts it has not seen.

    Vectors lie in one SQLite file under (embedder id, text), and several processes may share it.
    `hits` counts texts that were not asked for, `misses` those that were. What goes wrong with the
    file is logged and does not stop the work; only vectors of another length raise InputError.
    """

    Settings = EmbedderSettings

    def __init__(self, inner: Embedder, path: Path) -> None:
        self._inner = inner
        self._path = path
        self._store = Store(path)
        self._widths: set[int] = set()
        self.finds_paraphrases = inner.finds_paraphrases  # type: ignore[misc]  # says what the inner one says
        self.like_minilm = inner.like_minilm  # type: ignore[misc]
        self.hits = 0
        self.misses = 0

    @property
    def id(self) -> str:
        """The inner embedder's."""
        return self._inner.id

    @property
    def dim(self) -> int:
        """The inner embedder's."""
        return self._inner.dim

    def describe(self) -> str:
        """The inner embedder's."""
        return self._inner.describe()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts` in order, computed for those not seen before and kept."""
        out = np.empty((0, 0), np.float32) if len(texts) else self._inner.embed(texts)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            block = self._block(texts[start : start + TEXTS_AT_ONCE])
            if start == 0:
                out = np.empty((len(texts), block.shape[1]), np.float32)
            out[start : start + len(block)] = block
        return out

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def _block(self, texts: Sequence[str]) -> Vectors:
        keys = [self._key(text) for text in texts]
        known = self._store.get(keys)
        unseen = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        self.misses += len(unseen)
        self.hits += len(texts) - len(unseen)
        if unseen:
            vectors = self._inner.embed(list(unseen.values())).astype(np.float32, copy=False)
            fresh = {key: row.tobytes() for key, row in zip(unseen, vectors, strict=True)}
            self._store.put(fresh)
            known |= fresh
        rows = [known[key] for key in keys]
        self._widths.update(map(len, rows))
        if len(self._widths) > 1:
            problem = (
                f"holds vectors of another length under {self.id!r}: the model was changed; remove this file"
            )
            raise InputError(problem, path=self._path)
        return np.frombuffer(b"".join(rows), np.float32).reshape(len(texts), -1)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._inner.id}\0{text}".encode("utf-8", "surrogatepass")).digest()
