"""SentenceTransformers: any model of that library, on torch. Needs the extra `sentence-transformers`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import Field

from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors
from seedstock.embedders.fingerprint import named
from seedstock.embedders.utf8 import well_formed
from seedstock.errors import InputError, MissingExtra


class SentenceTransformersSettings(EmbedderSettings):
    """Settings of the sentence-transformers embedder."""

    kind: Literal["sentence-transformers"] = "sentence-transformers"
    model: str = Field(description="name on the model hub, or a folder")
    device: str | None = Field(None, description="cpu, cuda, mps; the library chooses where it is not given")


class SentenceTransformers(Embedder):
    """A sentence-transformers model as it is, its vectors scaled to length 1."""

    Settings = SentenceTransformersSettings

    def __init__(self, settings: SentenceTransformersSettings) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as problem:
            raise MissingExtra("the embedder sentence-transformers", "sentence-transformers") from problem
        try:
            self._model: Any = SentenceTransformer(settings.model, device=settings.device)
        except (OSError, ValueError) as problem:
            raise InputError(f"embedder.model: {settings.model!r} cannot be loaded: {problem}") from problem
        self._name = settings.model

    @cached_property
    def id(self) -> str:
        """Library and model; a local model also by its files."""
        return f"sentence-transformers:{named(self._name)}"

    @cached_property
    def dim(self) -> int:
        """As the model has it."""
        return int(self.embed([""]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, (len(texts), dim), in order."""
        plain = [well_formed(text) for text in texts]
        found = self._model.encode(plain, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32).reshape(len(texts), -1)
