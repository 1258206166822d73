"""Model2Vec: static word vectors, averaged. Fast, and blind to word order. Needs the extra `model2vec`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors
from seedstock.embedders.fingerprint import named
from seedstock.embedders.utf8 import well_formed
from seedstock.errors import InputError, MissingExtra


class Model2VecSettings(EmbedderSettings):
    """Settings of the model2vec embedder."""

    kind: Literal["model2vec"] = "model2vec"
    model: str = Field(description="name on the model hub, or a folder")


class Model2Vec(Embedder):
    """A model2vec model, its vectors scaled to length 1."""

    Settings = Model2VecSettings
    finds_paraphrases = False

    def __init__(self, settings: Model2VecSettings) -> None:
        try:
            from model2vec import StaticModel
        except ImportError as problem:
            raise MissingExtra("the embedder model2vec", "model2vec") from problem
        try:
            self._model: Any = StaticModel.from_pretrained(settings.model)
        except (OSError, ValueError) as problem:
            raise InputError(f"embedder.model: {settings.model!r} cannot be loaded: {problem}") from problem
        self._id = f"model2vec:{named(settings.model)}"

    @property
    def id(self) -> str:
        """Library and model; a local model also by its files."""
        return self._id

    @property
    def dim(self) -> int:
        """As the model has it."""
        return int(self._model.dim)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, (len(texts), dim), in order."""
        plain = [well_formed(text) for text in texts]
        found: Vectors = np.array(self._model.encode(plain), np.float32).reshape(len(texts), self.dim)
        # A text without a known word has no direction: it gets the first one.
        found[~found.any(axis=1), 0] = 1.0
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found
