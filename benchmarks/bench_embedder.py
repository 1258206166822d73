"""How fast MiniLM is on one core, beside what the core can multiply, and beside sentence-transformers.

    python benchmarks/bench_embedder.py [TEXTS]

The limit is the model's matrix products alone, at the speed at which numpy multiplies matrices of
the model's own shapes on one thread. Times are CPU seconds, and the best of three rounds; the rounds
of what is compared take turns, so that a busy machine slows all of them.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from seedstock.embedders.base import Embedder
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.embedders.minilm import BATCH_TOKENS, DIM, MiniLM, MiniLMSettings
from seedstock.embedders.sentence_transformers import SentenceTransformers, SentenceTransformersSettings
from seedstock.embedders.weights import find

DATA = Path(__file__).parents[2] / "shared/data/clinc_intents/holdout.jsonl"
LAYERS, WIDE = 6, 1536
ROUNDS = 3


def inputs(count: int) -> list[str]:
    """Real short texts where they are at hand, else generated ones of the same length."""
    if DATA.exists():
        with DATA.open(encoding="utf-8") as lines:
            texts = [json.loads(line)["input"] for line in lines]
    else:
        words = "please move my money to the other account before friday and tell me when it is done".split()
        random = np.random.default_rng(0)
        texts = [" ".join(random.choice(words, random.integers(3, 16))) for _ in range(count)]
    return (texts * (count // len(texts) + 1))[:count]


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def flops(lengths: list[int]) -> float:
    """Floating-point operations of the matrix products for texts of these lengths in tokens."""
    per_token = 2 * LAYERS * (4 * DIM * DIM + 2 * DIM * WIDE)
    return float(sum(n * per_token + 4 * LAYERS * DIM * n * n for n in lengths))


def _layer(x: np.ndarray, square: np.ndarray, widen: np.ndarray, narrow: np.ndarray) -> float:
    for _ in range(4):
        x @ square
    (x @ widen) @ narrow
    return 2.0 * len(x) * (4 * DIM * DIM + 2 * DIM * WIDE)


def multiplying_speed() -> float:
    """Operations per CPU second of numpy's float32 product, in the model's shapes."""
    random = np.random.default_rng(0)
    shapes = (BATCH_TOKENS, DIM), (DIM, DIM), (DIM, WIDE), (WIDE, DIM)
    matrices = [random.standard_normal(shape, np.float32) for shape in shapes]
    start, done = time.process_time(), 0.0
    while time.process_time() - start < 0.5:
        done += _layer(*matrices)
    return done / (time.process_time() - start)


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def theirs() -> SentenceTransformers:
    """The same weights in sentence-transformers, on one thread."""
    import torch

    torch.set_num_threads(1)
    folder = str(find().model.parent)
    return SentenceTransformers(SentenceTransformersSettings(model=folder, device="cpu"))


def compare(rivals: dict[str, Embedder], texts: list[str], lengths: list[int]) -> None:
    """Texts per second of each, and as a share of the limit."""
    speeds, best = [], dict.fromkeys(rivals, float("inf"))
    for _ in range(ROUNDS):
        speeds.append(multiplying_speed())
        for name, rival in rivals.items():
            best[name] = min(best[name], cpu_seconds(lambda rival=rival: rival.embed(texts)))
    limit = len(texts) * max(speeds) / flops(lengths)
    print(f"{len(texts)} texts, {np.mean(lengths):.1f} tokens on average, one thread")
    print(f"{f'limit ({max(speeds) / 1e9:.0f} GFLOP/s)':24s}{limit:8.0f} texts/s  1.00")
    for name, seconds in best.items():
        print(f"{name:24s}{len(texts) / seconds:8.0f} texts/s  {len(texts) / seconds / limit:.2f}")


def main() -> None:
    """Print the figures."""
    texts = inputs(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    minilm = MiniLM(MiniLMSettings())
    loading, loaded = cpu_seconds(lambda: minilm.embed([""])), peak_mb()
    vectors = minilm.embed(texts)
    print(
        f"loading MiniLM: {loading:.2f} CPU s; peak memory {loaded:.0f} MB loaded, {peak_mb():.0f} MB at work"
    )
    rivals: dict[str, Embedder] = {"MiniLM": minilm}
    if importlib.util.find_spec("sentence_transformers"):
        rivals["sentence-transformers"] = other = theirs()
        print(
            f"largest difference to sentence-transformers: {np.abs(other.embed(texts) - vectors).max():.1e}"
        )
    compare(rivals, texts, [len(minilm.token_ids(text)) for text in texts])
    lexical = Lexical(LexicalSettings())
    print(f"{'Lexical':24s}{len(texts) / cpu_seconds(lambda: lexical.embed(texts)):8.0f} texts/s")


if __name__ == "__main__":
    main()
