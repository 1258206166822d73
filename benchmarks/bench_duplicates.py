"""How long it takes to find duplicates among 10,000 to 1,000,000 vectors, and whether all are found.

    python benchmarks/bench_duplicates.py [--sizes 10000,50000,100000] [--million] [--texts 8000]

Cosine above 0.92, greedy, the first of each group kept. The vectors are mixtures: `--texts` distinct rows
of the shared data (MiniLM, 384 numbers) are embedded once, two of them are added with random weights, a
little noise is put on top, and the sum is scaled to length 1; 15 of 100 rows are copies of others with
noise, so that cosines of copies spread from 0.88 to 1. Every method runs in a process of its own on one
thread. CPU seconds; memory is what the process took beyond the vectors, in multiples of them. `exact` is
the plain product in blocks of numpy: what it keeps is what the others should keep.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import importlib.util
import json
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from seedstock.embedders.cache import VectorCache, default_cache_dir
from seedstock.embedders.minilm import MiniLM, MiniLMSettings
from seedstock.neighbours import Index, Vectors, first_of_each, keep_first

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
FILES = {
    "clinc_intents/seed_pool.jsonl": 4, "ner_movie/seed_pool.jsonl": 4, "tweet_sentiment/holdout.jsonl": 4,
    "ner_wikigold/seed_pool.jsonl": 2, "gsm8k/holdout.jsonl": 1, "self_instruct_qwen/synthetic_qwen.jsonl": 1,
}  # fmt: skip
"""Sixteenths of the texts that come from each file."""

THRESHOLD, STEP = 0.92, 2048
PLAIN_UP_TO, OTHERS_UP_TO = 100_000, 100_000


def real_vectors(count: int) -> Vectors:
    """Vectors of distinct real rows; from the cache where they were embedded before."""
    texts: list[str] = []
    for name, share in FILES.items():
        path = DATA / name
        if not path.exists():
            raise SystemExit(f"missing: {path}; name the shared data with SEEDSTOCK_DATA")
        with path.open(encoding="utf-8") as lines:
            rows = list(dict.fromkeys(json.loads(line)["input"] for line in lines))
        Random(name).shuffle(rows)
        texts += rows[: count * share // 16]
    cache = VectorCache(MiniLM(MiniLMSettings()), default_cache_dir() / "vectors.db")
    return cache.embed(texts)


def mixtures(real: Vectors, count: int, seed: int = 1) -> Vectors:
    """Vectors as the head of this file says, in random order."""
    rng = np.random.default_rng(seed)
    copies = count * 15 // 100
    vectors = np.empty((count, real.shape[1]), np.float32)
    for start in range(0, count - copies, 65_536):
        part = vectors[start : min(start + 65_536, count - copies)]
        one, two = rng.integers(len(real), size=(2, len(part)))
        weight = rng.uniform(0.2, 0.8, (len(part), 1)).astype(np.float32)
        part[:] = _scaled(weight * real[one] + (1 - weight) * real[two])
        part[:] = _noisy(part, rng, 0.2, 0.4)
    for start in range(count - copies, count, 65_536):
        part = vectors[start : start + 65_536]
        part[:] = _noisy(vectors[rng.integers(count - copies, size=len(part))], rng, 0.05, 0.5)
    rng.shuffle(vectors)
    return vectors


def _noisy(vectors: Vectors, rng: np.random.Generator, least: float, most: float) -> Vectors:
    size = rng.uniform(least, most, (len(vectors), 1)).astype(np.float32) / vectors.shape[1] ** 0.5
    return _scaled(vectors + rng.standard_normal(vectors.shape, np.float32) * size)


def _scaled(vectors: Vectors) -> Vectors:
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def ours(vectors: Vectors) -> list[int]:
    """The package's search."""
    found: list[int] = keep_first(vectors, THRESHOLD).tolist()
    return found


def plain(vectors: Vectors) -> list[int]:
    """Each block against what is kept, by matrix products; then within the block."""
    kept, places = np.empty_like(vectors), [np.empty(0, np.int64)]
    size = 0
    for start in range(0, len(vectors), STEP):
        block = vectors[start : start + STEP]
        alone = np.ones(len(block), np.bool_)
        for left in range(0, size, 8192):
            alone &= ~(block @ kept[left : min(left + 8192, size)].T > THRESHOLD).any(axis=1)
        mine = np.flatnonzero(alone)
        later, earlier = np.nonzero(np.tril(block[mine] @ block[mine].T > THRESHOLD, -1))
        mine = mine[first_of_each(len(mine), later, earlier)]
        kept[size : size + len(mine)] = block[mine]
        size += len(mine)
        places.append(mine + start)
    found: list[int] = np.concatenate(places).tolist()
    return found


def faiss_flat(vectors: Vectors) -> list[int]:
    """faiss, exact: all pairs above the threshold, then greedy."""
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    limits, _, rows = index.range_search(vectors, THRESHOLD)
    queries = np.repeat(np.arange(len(vectors)), np.diff(limits.astype(np.int64)))
    before = rows < queries
    stays = first_of_each(len(vectors), queries[before], rows[before])
    return [int(i) for i in np.flatnonzero(stays)]


def hnsw(vectors: Vectors) -> list[int]:
    """hnswlib with M 16, ef 64, the 10 nearest of each row; approximate."""
    import hnswlib

    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), M=16, ef_construction=100)
    index.set_num_threads(1)
    index.set_ef(64)
    index.add_items(vectors)
    rows, distances = index.knn_query(vectors, k=10)
    queries, columns = np.nonzero((1 - distances > THRESHOLD) & (rows < np.arange(len(vectors))[:, None]))
    stays = first_of_each(len(vectors), queries, rows[queries, columns].astype(np.int64))
    return [int(i) for i in np.flatnonzero(stays)]


METHODS: dict[str, tuple[Callable[[Vectors], list[int]], str]] = {
    "seedstock": (ours, ""), "exact": (plain, ""), "faiss flat": (faiss_flat, "faiss"),
    "hnswlib": (hnsw, "hnswlib"),
}  # fmt: skip


def alone(method: str, path: str, queue: multiprocessing.Queue[tuple[float, float, list[int]]]) -> None:
    """In a process of its own: CPU seconds, memory beyond the vectors, and what is kept."""
    vectors = np.load(path)
    before = memory("VmRSS")
    start = time.process_time()
    kept = METHODS[method][0](vectors)
    spent = time.process_time() - start
    queue.put((spent, (memory("VmHWM") - before) / vectors.nbytes, kept))


def memory(what: str) -> int:
    """Bytes that this process holds (VmRSS), or held at most (VmHWM); 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(what)), 0)


def measured(method: str, path: Path) -> tuple[float, float, list[int]]:
    """`alone`, in a fresh interpreter."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[tuple[float, float, list[int]]] = context.Queue()
    child = context.Process(target=alone, args=(method, str(path), queue))
    child.start()
    found = queue.get()
    child.join()
    return found


def few_rows(vectors: Vectors, kept: list[int]) -> str:
    """What it costs to ask for 64 new rows and to add 1,000, once there are this many."""
    index = Index(vectors.shape[1])
    index.add(vectors[kept])
    queries = mixtures(vectors[:4096], 1000, seed=2)
    index.near(queries[:64], THRESHOLD)
    start = time.process_time()
    for _ in range(5):
        index.near(queries[:64], THRESHOLD)
    each = (time.process_time() - start) / 5 / 64
    start = time.process_time()
    index.near(queries, THRESHOLD)
    index.among(queries, THRESHOLD)
    index.add(queries)
    added = time.process_time() - start
    return f"  64 new rows against {len(kept)} kept: {each * 1e3:.3f} ms each; 1,000 more rows: {added:.2f} s"


def main() -> None:
    """Print the curve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", default="10000,50000,100000")
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--texts", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("TMPDIR", "/tmp")))
    options = parser.parse_args()
    missing = [f"{name} (no {module})" for name, (_, module) in METHODS.items()
               if module and importlib.util.find_spec(module) is None]  # fmt: skip
    print(f"skipped: {', '.join(missing) or 'nothing'}")
    real = real_vectors(options.texts)
    sizes = [int(size) for size in options.sizes.split(",") if size]
    for size in [*sizes, *([1_000_000] if options.million else [])]:
        path = options.folder / f"bench-duplicates-{os.getpid()}.npy"
        vectors = mixtures(real, size)
        np.save(path, vectors)
        del vectors
        report(size, path)
        path.unlink()


def report(size: int, path: Path) -> None:
    """One size, every method."""
    print(f"\n{size:,} vectors")
    results = {}
    for method, (_, module) in METHODS.items():
        most = OTHERS_UP_TO if module else PLAIN_UP_TO if method == "exact" else size
        if size <= most and (not module or importlib.util.find_spec(module)):
            results[method] = measured(method, path)
    wanted = set(results["exact"][2]) if "exact" in results else None
    for method, (spent, taken, kept) in results.items():
        off = "" if wanted is None else f", {len(wanted ^ set(kept))} rows off exact"
        ratio = f", exact takes {results['exact'][0] / spent:.1f} times as long" if wanted else ""
        print(f"  {method:10} {spent:8.2f} s, memory {taken:.2f}, kept {len(kept)}{off}{ratio}", flush=True)
    if size <= PLAIN_UP_TO:
        print(few_rows(np.load(path), results["seedstock"][2]))


if __name__ == "__main__":
    main()
