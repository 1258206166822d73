"""MiniLM: all-MiniLM-L6-v2 in fp32 on onnxruntime, without torch.

The graph (`minilm.onnx`, made by tools/build_minilm_graph.py) holds no weights: those are views of
the official model.safetensors, handed to onnxruntime in memory. Texts are run in batches of equal
length in tokens, so nothing is padded and nothing is masked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors
from seedstock.embedders.safetensors import MappedTensors
from seedstock.embedders.utf8 import well_formed
from seedstock.embedders.weights import MODEL, SHA256, Weights, find

DIM = 384
MAX_TOKENS = 256
# The tokenizer reads a text to its end before it cuts: 64 characters per token are enough for any prose.
MAX_CHARACTERS = 64 * MAX_TOKENS
# The activations of 512 tokens (3 MB at the widest) stay near the core's cache; larger is not faster.
BATCH_TOKENS = 512
TEXTS_AT_ONCE = 4096
WORD_TABLE = "embeddings.word_embeddings.weight"
GRAPH = "minilm.onnx"

Ids = npt.NDArray[np.int32]


class MiniLMSettings(EmbedderSettings):
    """Settings of the default embedder."""

    kind: Literal["minilm"] = "minilm"
    path: Path | None = Field(None, description="folder with model.safetensors and tokenizer.json")
    threads: int = Field(1, ge=1, le=256, description="threads within one batch")


class MiniLM(Embedder):
    """384 dimensions; mean over all tokens, length 1.

    Of a text the first 256 tokens count, and of those what lies within its first 16,384 characters.
    Files are located when the object is made; they are checked and loaded when the first text comes.
    """

    Settings = MiniLMSettings
    like_minilm = 0.92

    def __init__(self, settings: MiniLMSettings) -> None:
        self._settings = settings
        self._weights = find(settings.path)

    @property
    def id(self) -> str:
        """Model and hash of its weights."""
        return f"all-MiniLM-L6-v2@{SHA256[MODEL][:12]}"

    @property
    def dim(self) -> int:
        """384."""
        return DIM

    def describe(self) -> str:
        """Model, hash, and where the weights were found."""
        return f"all-MiniLM-L6-v2 (fp32, sha256 {SHA256[MODEL][:12]}), weights from {self._weights.where}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, (len(texts), 384), in order. Raises InputError where a file is not official."""
        out = np.empty((len(texts), DIM), np.float32)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            ids = [self.token_ids(text) for text in texts[start : start + TEXTS_AT_ONCE]]
            for rows in equal_lengths([len(one) for one in ids]):
                out[start + rows] = self._network.vectors(np.stack([ids[row] for row in rows]))
        return out

    def token_ids(self, text: str) -> Ids:
        """What the model reads of `text`: at most 256 token ids."""
        return self._network.token_ids(text)

    @cached_property
    def _network(self) -> Network:
        self._weights.verify()
        return Network(self._weights, self._settings.threads)


def equal_lengths(lengths: Sequence[int]) -> Iterator[npt.NDArray[np.intp]]:
    """Rows in batches whose members have equal length, at most 512 tokens (or one text) in each."""
    rows_of: defaultdict[int, list[int]] = defaultdict(list)
    for row, length in enumerate(lengths):
        rows_of[length].append(row)
    for length, rows in sorted(rows_of.items()):
        step = max(1, BATCH_TOKENS // length)
        for start in range(0, len(rows), step):
            yield np.array(rows[start : start + step], np.intp)


class Network:
    """The loaded model: text → token ids → vectors. Holds about 100 MB."""

    def __init__(self, weights: Weights, threads: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(weights.tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._tensors = MappedTensors(weights.model)
        self._words = self._tensors[WORD_TABLE]
        self._session = _session(self._tensors, threads)
        self._tensors.release()

    def token_ids(self, text: str) -> Ids:
        """At most 256 token ids, [CLS] and [SEP] included."""
        # One text a call: encode_batch would start a thread per core, and gains nothing on short texts.
        return np.array(self._tokenizer.encode(well_formed(text[:MAX_CHARACTERS])).ids, np.int32)

    def vectors(self, ids: Ids) -> Vectors:
        """Vectors (texts, 384) of token ids (texts, tokens)."""
        # The word table is an input, because onnxruntime would copy its 47 MB as a weight.
        out: Vectors = self._session.run(None, {"ids": ids, WORD_TABLE: self._words})[0]
        return out


def _session(tensors: MappedTensors, threads: int) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Batches differ in shape, so remembered memory patterns only pile up.
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    names = [name for name in tensors.names() if name != WORD_TABLE and not name.startswith("pooler.")]
    values = [ort.OrtValue.ortvalue_from_numpy(tensors[name]) for name in names]
    options.add_external_initializers(names, values)
    graph = (files("seedstock.embedders") / GRAPH).read_bytes()
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
