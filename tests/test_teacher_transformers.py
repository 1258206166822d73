"""Teacher `transformers`: real libraries load, run and hold to schemas a tiny random model, made here."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from typing import Any

import jsonschema_rs
import pytest

from seedstock.ask import Asker
from seedstock.errors import InputError, TeacherError
from seedstock.exchange import Message, Request, Response
from seedstock.ledger import Ledger
from seedstock.teachers.base import Transient
from seedstock.teachers.local_model import in_parts
from seedstock.teachers.transformers import Transformers, TransformersSettings

CONTEXT = 384
TEMPLATE = (
    "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
TEXTS = ["pay the bill “now”", '{"intent": "transfer", "amount": 12.5}', "naïve 汉字 😀", "a b c d 1 2 3 [ ]"]
ROW = {
    "type": "object",
    "properties": {"input": {"type": "string", "maxLength": 8}, "output": {"enum": ["pay", "transfer"]}},
    "required": ["input", "output"],
    "additionalProperties": False,
}
SCHEMAS: list[dict[str, Any]] = [
    ROW,
    {"type": "array", "items": ROW, "minItems": 1, "maxItems": 2},
    {"type": "array", "items": {"type": "integer", "minimum": -9, "maximum": 99}, "maxItems": 3},
    {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
    {"anyOf": [{"type": "boolean"}, {"type": "null"}, {"type": "string", "maxLength": 4}]},
    {
        "type": "object",
        "properties": {"naïve 汉": {"$ref": "#/$defs/leaf"}, "b": {"$ref": "#/$defs/leaf"}},
        "required": ["naïve 汉"],
        "additionalProperties": False,
        "$defs": {"leaf": {"type": "object", "properties": {"n": {"enum": [1, 2.5, None]}}, "required": ["n"],
                           "additionalProperties": False}},
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """A model this small is only slowed down by more: they wait for each other on a busy machine."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of 0.1 M random weights with a byte-level BPE tokenizer, under 1 MB."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("llguidance")
    made = tmp_path_factory.mktemp("models") / "tiny-llama"
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=_byte_level_bpe(), bos_token="<s>", eos_token="</s>", chat_template=TEMPLATE
    )
    config = transformers.LlamaConfig(
        # Wider than the tokenizer, as real models are.
        vocab_size=len(tokenizer) + 24, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=CONTEXT,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, initializer_range=0.1,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = transformers.LlamaForCausalLM(config)
    # What a model's own file asks for must not bend the settings.
    model.generation_config.update(repetition_penalty=5.0, top_k=1, do_sample=True, temperature=0.01)
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)
    assert sum(file.stat().st_size for file in made.iterdir()) < 1e6
    return made


def _byte_level_bpe() -> Any:
    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(TEXTS * 5, trainer)
    # As most models' do, it opens every text that is not a template's with a special token.
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", made.token_to_id("<s>"))]
    )
    return made


@pytest.fixture(scope="module")
def reference(folder: Path) -> tuple[Any, Any]:
    """The same model as the library itself loads it, with nothing of ours around it."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.eos_token_id
    )
    return tokenizer, model


def teacher(folder: Path, **settings: Any) -> Transformers:
    return Transformers(TransformersSettings(model=str(folder), **{"max_tokens": 48, **settings}))


def request(ordinal: int, schema: Any = None, text: str = "pay the bill", **params: Any) -> Request:
    turns = (Message("system", "Be brief."), Message("user", f"{text} {ordinal % 3}"))
    return Request("paraphrase", "cell", ordinal, turns, schema=schema, params=params)


def asked(who: Transformers, requests: Sequence[Request]) -> list[Any]:
    """An answer or an error for every request, all asked at once; then the teacher is closed."""

    async def all_of_them() -> list[Any]:
        try:
            return await asyncio.gather(*map(who.ask, requests), return_exceptions=True)
        finally:
            await who.close()

    return asyncio.run(all_of_them())


def rendered(tokenizer: Any, question: Request) -> list[int]:
    turns = [m.to_json() for m in question.messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_each_request_of_a_batch_gets_its_own_answer(folder: Path) -> None:
    who = teacher(folder, batch_size=4)
    questions = [request(n, {"enum": [f"answer {n}"]}, text="pay " * n) for n in range(10)]
    assert [json.loads(a.text) for a in asked(who, questions)] == [f"answer {n}" for n in range(10)]
    assert who.batches == Counter({4: 2, 2: 1}), "one call of the model for four requests"
    assert who.findings == {"structured": "json_schema"}


def test_a_batch_waits_a_moment_for_those_that_come_late(folder: Path) -> None:
    async def one_after_the_other() -> Counter[int]:
        who, asking = teacher(folder), []
        for n in range(3):
            asking.append(asyncio.create_task(who.ask(request(n, ROW))))
            for _ in range(5):
                await asyncio.sleep(0)
        await asyncio.gather(*asking)
        await who.close()
        return who.batches

    assert asyncio.run(one_after_the_other()) == Counter({3: 1})


@pytest.mark.parametrize("top_p", [1.0, 0.6])
def test_every_sampled_answer_keeps_to_its_schema(folder: Path, top_p: float) -> None:
    who = teacher(folder, batch_size=16, temperature=1.5, top_p=top_p, max_tokens=200)
    wanted = [SCHEMAS[n % len(SCHEMAS)] for n in range(96)]
    answers = asked(who, [request(n, schema) for n, schema in enumerate(wanted)])
    for schema, answer in zip(wanted, answers, strict=True):
        jsonschema_rs.validate(schema, json.loads(answer.text))
        assert answer.finish_reason == "stop"
    assert len({a.text for a in answers}) > 60, "drawn, not always the likeliest"


def test_free_rows_beside_rows_with_a_schema(folder: Path) -> None:
    who = teacher(folder)
    answers = asked(who, [request(n, ROW if n % 2 else None) for n in range(8)])
    assert who.batches == Counter({8: 1})
    for answer in answers[1::2]:
        jsonschema_rs.validate(ROW, json.loads(answer.text))
    assert not any(a.text.startswith("{") for a in answers[::2])


def test_structured_none_leaves_every_row_free(folder: Path) -> None:
    who = teacher(folder, structured="none")
    assert not any(a.text.startswith("{") for a in asked(who, [request(n, ROW) for n in range(8)]))
    assert who.findings == {}


def test_an_answer_is_cut_at_its_own_limit(folder: Path) -> None:
    short, long = asked(teacher(folder), [request(0, ROW, max_tokens=5), request(1, ROW)])
    assert (short.finish_reason, short.usage.completion_tokens) == ("length", 5)
    assert long.finish_reason == "stop"
    assert '{"input": "'.startswith(short.text[:11])


def test_tokens_are_counted_without_the_padding(folder: Path, reference: tuple[Any, Any]) -> None:
    questions = [request(n, ROW, text="pay the bill " * (1 + 5 * n)) for n in range(4)]
    answers = asked(teacher(folder, top_logprobs=1), questions)
    for question, answer in zip(questions, answers, strict=True):
        assert answer.usage.prompt_tokens == len(rendered(reference[0], question))
        assert answer.usage.completion_tokens == len(answer.tokens) + 1, "the end is a token too"


def test_greedy_is_what_the_library_itself_gives(folder: Path, reference: tuple[Any, Any]) -> None:
    import torch

    tokenizer, model = reference
    questions = [request(n, text="pay the bill " * (1 + n)) for n in range(5)]
    answers = asked(teacher(folder, temperature=None, max_tokens=20), questions)
    for question, answer in zip(questions, answers, strict=True):
        prompt = torch.tensor([rendered(tokenizer, question)])
        seen = torch.ones_like(prompt)
        out = model.generate(prompt, attention_mask=seen, max_new_tokens=20, do_sample=False)
        assert answer.text == tokenizer.decode(out[0, prompt.shape[1] :], skip_special_tokens=True)
    assert answers == asked(teacher(folder, temperature=0, max_tokens=20), questions)


def test_logprobs_are_the_models_own(folder: Path, reference: tuple[Any, Any]) -> None:
    """Against one forward pass over prompt and answer: no temperature, no top-p, no schema in them."""
    import torch

    tokenizer, model = reference
    ids = {tokenizer.decode([token]): token for token in range(len(tokenizer))}
    questions = [request(n, {"enum": ["pay the bill", "transfer"]}, text="pay " * (1 + n)) for n in range(3)]
    answers = asked(teacher(folder, top_logprobs=20, temperature=0.3, top_p=0.5), questions)
    for question, answer in zip(questions, answers, strict=True):
        assert "".join(token.text for token in answer.tokens) == answer.text
        prompt, said = rendered(tokenizer, question), [ids[token.text] for token in answer.tokens]
        with torch.no_grad():
            own = model(torch.tensor([prompt + said])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        for token, chosen, row in zip(answer.tokens, said, own, strict=True):
            assert token.logprob == pytest.approx(float(row[chosen]), abs=1e-4)
            assert [value for _, value in token.top] == pytest.approx(row.topk(20).values.tolist(), abs=1e-4)
            assert all(a >= b for (_, a), (_, b) in pairwise(token.top))


def test_a_greedy_free_answer_takes_the_top_of_its_list(folder: Path) -> None:
    (answer,) = asked(teacher(folder, top_logprobs=3, temperature=0, max_tokens=12), [request(0)])
    assert all((t.text, t.logprob) == t.top[0] for t in answer.tokens)
    (bare,) = asked(teacher(folder, temperature=0, max_tokens=12), [request(0)])
    assert bare.tokens == ()
    assert bare.text == answer.text


def test_draws_follow_the_models_distribution(folder: Path, reference: tuple[Any, Any]) -> None:
    import torch

    tokenizer, model = reference
    choices, tries, heat = ["1", "2", "3", "a"], 600, 0.25
    grammar = {"anyOf": [{"enum": [1, 2, 3]}, {"enum": ["a"]}]}
    questions = [
        Request("r", "c", n, (Message("user", "a"),), schema=grammar, params={"temperature": heat})
        for n in range(tries)
    ]
    answers = asked(teacher(folder, batch_size=100), questions)
    seen = Counter(a.text.strip('"') for a in answers)
    with torch.no_grad():
        said = model(torch.tensor([rendered(tokenizer, questions[0])])).logits[0, -1]
    first = ["1", "2", "3", '"']
    ids = [tokenizer.convert_tokens_to_ids(token) for token in first]
    wanted = (said[ids] / heat).softmax(-1).tolist()
    plain = said[ids].softmax(-1).tolist()
    assert max(abs(a - b) for a, b in zip(wanted, plain, strict=True)) > 0.2, "temperature must tell here"
    for choice, share in zip(choices, wanted, strict=True):
        assert seen[choice] / tries == pytest.approx(share, abs=4 * (share * (1 - share) / tries) ** 0.5)


def test_a_request_is_drawn_alike_each_time_and_its_seed_counts(folder: Path) -> None:
    import torch

    before = torch.get_rng_state()
    one, again, other = [
        asked(teacher(folder), [request(0, seed=seed)])[0].text for seed in (1, 1, 2)
    ]  # fmt: skip
    assert one == again != other
    assert torch.equal(before, torch.get_rng_state()), "torch's own generator is not ours to use"


def with_template(folder: Path, to: Path, template: str | None) -> Path:
    copytree(folder, to)
    (to / "chat_template.jinja").unlink()
    if template is not None:
        (to / "chat_template.jinja").write_text(template)
    return to


def test_a_model_without_a_chat_template_gets_the_plain_text(
    folder: Path, reference: tuple[Any, Any], tmp_path: Path
) -> None:
    who = teacher(with_template(folder, tmp_path / "base", None))
    (answer,) = asked(who, [request(0, ROW)])
    jsonschema_rs.validate(ROW, json.loads(answer.text))
    assert who.findings == {"structured": "json_schema", "chat_template": "none"}
    assert answer.usage.prompt_tokens == len(reference[0]("Be brief.\npay the bill 0\n")["input_ids"])


def test_a_model_without_a_system_role_gets_its_words_in_the_first_message(
    folder: Path, reference: tuple[Any, Any], tmp_path: Path
) -> None:
    who = teacher(with_template(folder, tmp_path / "it", NO_SYSTEM))
    (answer,) = asked(who, [request(0, ROW)])
    assert who.findings["system_role"].startswith("none")
    merged = Request("r", "c", 0, (Message("user", "Be brief.\n\npay the bill 0"),))
    assert answer.usage.prompt_tokens == len(rendered(reference[0], merged))
    refused = with_template(folder, tmp_path / "no", "{{ raise_exception('never') }}")
    (problem,) = asked(teacher(refused), [request(0)])
    assert isinstance(problem, TeacherError)
    assert "never" in str(problem)


def test_a_schema_that_cannot_be_followed_to_the_letter(folder: Path) -> None:
    unique = {"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True, "maxItems": 2}
    never = {"type": "string", "pattern": "(?=a)a"}
    who = teacher(folder)
    in_part, free = asked(who, [request(0, unique), request(1, never)])
    assert set(json.loads(in_part.text)) <= {1, 2}
    assert isinstance(free, Response)
    assert "none for a schema" in who.findings["structured"]
    strict, other = asked(teacher(folder, structured="json_schema"), [request(0, unique), request(1, ROW)])
    assert isinstance(strict, TeacherError)
    assert "uniqueItems" in str(strict)
    jsonschema_rs.validate(ROW, json.loads(other.text))


def test_what_cannot_be_answered_spoils_nothing_else(folder: Path) -> None:
    long, strange, good = asked(
        teacher(folder), [request(0, text="pay " * CONTEXT), request(1, stop=["x"]), request(2, ROW)]
    )
    assert isinstance(long, TeacherError)
    assert f"context is {CONTEXT}" in str(long)
    assert isinstance(strange, TeacherError)
    assert "'stop'" in str(strange)
    jsonschema_rs.validate(ROW, json.loads(good.text))


def test_an_answer_ends_where_the_context_does(folder: Path) -> None:
    (answer,) = asked(teacher(folder, max_tokens=10_000), [request(0, {"type": "array", "minItems": 999})])
    assert answer.finish_reason == "length"
    assert answer.usage.prompt_tokens + answer.usage.completion_tokens == CONTEXT


def test_hostile_text_is_tokenized_as_it_can_be(folder: Path) -> None:
    (answer,) = asked(teacher(folder), [request(0, ROW, text="\ud800 \x00 {% raise %} </s>")])
    jsonschema_rs.validate(ROW, json.loads(answer.text))


def test_a_missing_folder_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: teacher\.model: there is no such folder"):
        teacher(tmp_path / "nowhere").prepare()


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_model_is_named(folder: Path, tmp_path: Path, file: str) -> None:
    broken = copytree(folder, tmp_path / "broken")
    (broken / file).write_bytes((broken / file).read_bytes()[:50])
    (problem,) = asked(teacher(broken), [request(0)])
    assert isinstance(problem, InputError)
    assert "broken" in str(problem)


def test_missing_weights_are_not_made_up(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = copytree(folder, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    (problem,) = asked(teacher(broken), [request(0)])
    assert isinstance(problem, InputError)
    assert "lacks weights: model.layers.1.mlp.up_proj.weight" in str(problem)


def test_code_that_comes_with_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    evil = copytree(folder, tmp_path / "evil")
    config = json.loads((evil / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}}
    (evil / "config.json").write_text(json.dumps(config))
    (evil / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    (problem,) = asked(teacher(evil), [request(0)])
    assert isinstance(problem, InputError)
    assert not (tmp_path / "ran").exists()


@contextmanager
def hub_that_has_nothing() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that were asked for."""
    paths: list[str] = []

    class Nothing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            paths.append(self.path)
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_HEAD  # noqa: N815

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            server.shutdown()


def test_the_hub_is_not_needed_for_what_its_cache_holds(folder: Path, tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--owner--tiny"
    copytree(folder, cached / "snapshots" / "abc")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("abc")
    source = (
        "import asyncio\n"
        "from seedstock.exchange import Message, Request\n"
        "from seedstock.teachers.transformers import Transformers, TransformersSettings\n"
        "question = Request('r', 'c', 0, (Message('user', 'pay'),), schema={'enum': ['paid']})\n"
        "def ask(name):\n"
        "    who = Transformers(TransformersSettings(model=name))\n"
        "    print(who.id, asyncio.run(who.ask(question)).text)\n"
        "ask('owner/tiny')\n"
        "ask('owner/none')"
    )
    with hub_that_has_nothing() as (address, paths):
        there = {**os.environ, "HF_HUB_CACHE": str(tmp_path / "hub"), "HF_ENDPOINT": address}
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=there)
    assert any("owner/none" in path for path in paths)
    assert not any("owner/tiny" in path for path in paths)
    assert done.stdout == 'transformers:owner/tiny "paid"\n'
    said = [line for line in done.stderr.splitlines() if line.startswith("seedstock")]
    assert len(said) == 1
    assert "InputError: teacher.model: 'owner/none' cannot be loaded: " in said[0]


def test_the_name_holds_no_path_and_other_weights_are_another_question(folder: Path, tmp_path: Path) -> None:
    who = teacher(folder)
    assert who.id == "transformers:tiny-llama"
    assert str(folder.parent) not in json.dumps(who.sampling)
    trained = copytree(folder, tmp_path / "tiny-llama")
    with (trained / "model.safetensors").open("ab") as file:
        file.write(b"more")
    assert teacher(trained).sampling != who.sampling
    assert teacher(folder, temperature=0.1).sampling != who.sampling
    assert teacher(folder, batch_size=1, device="cpu").sampling == who.sampling
    assert Transformers(TransformersSettings(model="owner/name")).id == "transformers:owner/name"


def test_the_event_loop_goes_on_while_the_model_works(folder: Path) -> None:
    async def ticks_while_asking() -> int:
        who, count = teacher(folder, max_tokens=300), 0
        asking = asyncio.create_task(who.ask(request(0, {"type": "array", "minItems": 999})))
        while not asking.done():
            await asyncio.sleep(0.005)
            count += 1
        await who.close()
        return count

    assert asyncio.run(ticks_while_asking()) > 10


def test_who_gives_up_is_not_answered_and_close_stops_the_rest(folder: Path) -> None:
    import torch

    endless, steps = {"type": "array", "minItems": 999}, Counter[str]()

    def count(module: Any, *_: Any) -> None:
        steps[type(module).__name__] += 1

    async def scene() -> tuple[Counter[int], list[Any]]:
        who = teacher(folder, batch_size=2)
        await who.ask(request(0, ROW))
        gone = [asyncio.create_task(who.ask(request(n, ROW))) for n in range(3)]
        await asyncio.sleep(0)
        gone[0].cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        counted = Counter(who.batches)
        steps.clear()
        slow = [asyncio.create_task(who.ask(request(n, endless, max_tokens=340))) for n in range(6)]
        while steps["LlamaForCausalLM"] < 10:
            await asyncio.sleep(0.001)
        await who.close()
        outcomes = await asyncio.gather(*slow, return_exceptions=True)
        await who.close()
        return counted, outcomes

    hook = torch.nn.modules.module.register_module_forward_hook(count)
    try:
        counted, outcomes = asyncio.run(scene())
    finally:
        hook.remove()
    assert counted == Counter({1: 1, 2: 1}), "the cancelled request was generated"
    assert all(isinstance(o, TeacherError) and "closed" in str(o) for o in outcomes)
    assert steps["LlamaForCausalLM"] < 200, "generated on for nobody"


def test_close_while_idle_and_answer_again(folder: Path) -> None:
    async def scene() -> Response:
        who = teacher(folder)
        await who.close()
        await who.ask(request(0, ROW))
        await who.close()
        answer = await who.ask(request(0, ROW))
        await who.close()
        return answer

    jsonschema_rs.validate(ROW, json.loads(asyncio.run(scene()).text))


def test_a_try_may_take_so_long_and_no_longer(folder: Path) -> None:
    (problem,) = asked(teacher(folder, timeout=0.001), [request(0, ROW)])
    assert isinstance(problem, Transient)
    assert problem.reason == "timeout"


@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate")])
def test_a_batch_that_does_not_fit_is_halved(problem: Exception) -> None:
    tried: list[int] = []

    def work(part: Sequence[int]) -> list[int]:
        tried.append(len(part))
        if len(part) > fits:
            raise problem
        return [10 * item for item in part]

    fits = 3
    assert in_parts(range(9), 8, work) == ([10 * n for n in range(9)], 2)
    assert tried == [8, 4, 2, 2, 2, 2, 1]
    fits = 0
    with pytest.raises(TeacherError, match="one request alone does not fit"):
        in_parts([1, 2], 8, work)


def test_other_failures_of_the_model_are_said() -> None:
    def work(part: Sequence[int]) -> list[int]:
        raise RuntimeError("device-side assert")

    with pytest.raises(TeacherError, match="device-side assert"):
        in_parts([1], 8, work)


@pytest.mark.parametrize("library", ["torch", "transformers", "llguidance"])
def test_a_missing_library_is_said_before_anything_is_asked(library: str) -> None:
    source = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from seedstock.teachers.transformers import Transformers, TransformersSettings\n"
        "Transformers(TransformersSettings(model='owner/name')).prepare()"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert "MissingExtra: teacher 'transformers' needs an extra: pip install 'seedstock[hf]'" in done.stderr


def test_nothing_heavy_is_loaded_before_the_first_question(folder: Path) -> None:
    source = (
        "import sys\n"
        "from seedstock.teachers.transformers import Transformers, TransformersSettings\n"
        "who = Transformers(TransformersSettings(model=sys.argv[1]))\n"
        "assert who.id and who.sampling\n"
        "print({'torch', 'transformers', 'llguidance', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", source, folder], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_through_the_only_door(folder: Path, tmp_path: Path) -> None:
    questions = [request(n, ROW) for n in range(12)]
    settings = TransformersSettings(model=str(folder), max_tokens=48, batch_size=4)
    with Ledger(tmp_path / "ledger.db") as ledger:
        who = Transformers(settings)
        with Asker(who, settings, ledger) as door:
            first = list(door.answers(questions))
        for _, answer in first:
            jsonschema_rs.validate(ROW, json.loads(answer.text))
        assert [question for question, _ in first] == questions
        again = Transformers(settings)
        with Asker(again, settings, ledger) as door:
            assert [a.text for _, a in door.answers(questions)] == [a.text for _, a in first]
        assert sum(again.batches.values()) == 0, "answered from the ledger"
