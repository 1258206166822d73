"""Spans as features: what the words mean, by the embedder, and what stands around them, by hashing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np

from seedstock.embedders.base import Embedder
from seedstock.suspecting.probe import Floats

_DIM = 512
_WEIGHT = 0.7
"""Length of the part that tells the surroundings; the embedder's part has length 1."""
_NEAR = 3
_FAR = 10
_REACH = 400
"""Characters on each side that are looked at."""
_WORD = re.compile(r"\w+")


def span_features(spans: Sequence[tuple[str, str]], embedder: Embedder) -> Floats:
    """Features of (span, the text it stands in), (n, dim of the embedder + 512)."""
    words = sorted({span for span, _ in spans})
    place = {word: i for i, word in enumerate(words)}
    vectors = embedder.embed(words)
    out = np.zeros((len(spans), vectors.shape[1] + _DIM), np.float32)
    out[:, : vectors.shape[1]] = vectors[[place[span] for span, _ in spans]]
    around = out[:, vectors.shape[1] :]
    for row, (span, text) in enumerate(spans):
        for name, weight in _around(span, text):
            around[row, crc32(name.encode("utf-8", "surrogatepass")) % _DIM] += weight
    around *= _WEIGHT / np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9)
    return out


def _around(span: str, text: str) -> Iterator[tuple[str, float]]:
    """The nearest three words on each side by place, the nearest two together, and ten as they come."""
    before, after = _sides(span.casefold(), text.casefold())
    left = ["^", *_WORD.findall(before)][::-1]
    right = [*_WORD.findall(after), "$"]
    for side, words in (("<", left), (">", right)):
        for place, word in enumerate(words[:_NEAR]):
            yield f"{side}{place} {word}", 1.0
        yield f"{side}{side} {' '.join(words[:2])}", 1.0
        for word in set(words[:_FAR]):
            yield f"{side}{side}{side} {word}", 0.5
    yield f"<> {left[0]} {right[0]}", 1.0


def _sides(span: str, text: str) -> tuple[str, str]:
    """What stands before and after the first place of the span as whole words, or else its first place."""
    found = re.search(rf"(?<!\w){re.escape(span)}(?!\w)", text)
    start = found.start() if found else max(0, text.find(span))
    end = start + len(span)
    return text[max(0, start - _REACH) : start], text[end : end + _REACH]
