"""Families of models by their names: as hubs, servers and folders name them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.families import FAMILIES, family_of

NAMED = {
    "Qwen": "Qwen/Qwen2.5-7B-Instruct qwen3:8b qwq-32b Qwen2.5-Coder-32B-Instruct-AWQ",
    "Llama": "meta-llama/Llama-3.1-8B-Instruct llama3.2:1b lmsys/vicuna-7b-v1.5 Llama-3.1-Nemotron-70B",
    "Mistral": "mistral-large-latest mistralai/Mixtral-8x7B-Instruct-v0.1 codestral-latest ministral-8b",
    "Gemma": "google/gemma-2-9b-it gemini-2.5-flash",
    "GPT": "gpt-4o-mini o3-mini openai/o1-preview openai/gpt-oss-20b chatgpt-4o-latest text-davinci-003",
    "Claude": "claude-sonnet-4-5 anthropic/claude-3.5-haiku anthropic.claude-3-opus-20240229-v1:0",
    "DeepSeek": "deepseek-chat deepseek-ai/DeepSeek-V3",
    "Phi": "microsoft/phi-4 phi3:mini microsoft/Phi-3.5-mini-instruct",
    "Command": "command-r-plus CohereForAI/aya-expanse-8b",
    "Yi": "01-ai/Yi-34B-Chat",
    "GLM": "THUDM/chatglm3-6b zai-org/GLM-4.6",
    "OLMo": "allenai/OLMo-2-1124-7B",
    "Pythia": "EleutherAI/pythia-70m EleutherAI/gpt-neo-125m",
    "SmolLM": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "Grok": "x-ai/grok-4",
    "Kimi": "moonshotai/Kimi-K2-Instruct",
    "Nova": "amazon.nova-pro-v1:0",
    "BLOOM": "bigscience/bloomz-560m",
}
UNKNOWN = (
    "", "m", "tester-1", "my-own-model", "recorded", "dolphin-mix", "novak", "o2", "mine-7B-GPTQ",
    "checkpoint-500",
)  # fmt: skip


@pytest.mark.parametrize("family", NAMED)
def test_a_name_tells_its_family_in_any_case_and_from_any_maker(family: str) -> None:
    for name in NAMED[family].split():
        bare = name.rsplit("/", 1)[-1]
        for written in (name, name.upper(), name.lower(), bare, f"somebody/else/{bare}", f"/home/me/{bare}"):
            assert family_of(written) == family, written


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_says_nothing_has_no_family(name: str) -> None:
    assert family_of(name) is None


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "Llama"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen"), ("NousResearch/Hermes-3-Llama-3.1-8B", "Llama"),
        ("dolphin-2.9-llama3-8b", "Llama"), ("qwen-vs-mistral-7b", "Mistral"),
        ("TheBloke/Llama-2-7B-GPTQ", "Llama"), ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen"),
    ],
)  # fmt: skip
def test_a_distilled_model_is_of_its_base(name: str, family: str) -> None:
    assert family_of(name) == family


def test_the_maker_is_not_the_family() -> None:
    assert family_of("qwen/some-other-thing") is None
    assert family_of("Qwen/Llama-3-8B") == "Llama"


def test_a_folder_may_end_in_a_slash() -> None:
    assert family_of("/models/Qwen2.5-0.5B-Instruct/") == "Qwen"


@given(st.text(max_size=60))
def test_any_name_has_a_known_family_or_none(name: str) -> None:
    assert family_of(name) in {None, *FAMILIES}
    assert family_of(name) == family_of(f"maker/{name}")
