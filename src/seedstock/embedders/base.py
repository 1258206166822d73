"""The contract of an embedder: texts in, unit vectors out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Vectors = npt.NDArray[np.float32]


class EmbedderSettings(BaseModel):
    """Settings every embedder shares; subclasses add a `kind` literal and their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Embedder(ABC):
    """Texts → float32 array of shape (len(texts), dim), rows of length 1.

    `finds_paraphrases` is False where the vectors know spelling but not meaning: 0.92 then does
    not mean what it means for MiniLM, and `check` says so. `like_minilm` is the cosine above which as
    many distinct real rows have a twin as for MiniLM above 0.92, where that was measured.
    """

    Settings: ClassVar[type[EmbedderSettings]]
    finds_paraphrases: ClassVar[bool] = True
    like_minilm: ClassVar[float | None] = None

    @abstractmethod
    def __init__(self, settings: EmbedderSettings) -> None: ...

    @property
    @abstractmethod
    def id(self) -> str:
        """Names the vectors: model, revision, dimensions. Part of the cache key."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, in order."""

    def describe(self) -> str:
        """One line for `check`: which model, and where its weights came from."""
        return self.id
