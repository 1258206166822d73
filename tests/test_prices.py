"""What a model costs where it is asked: by address and name, never by name alone."""

from __future__ import annotations

import subprocess
import sys

import pytest
from genai_prices import Usage as Tokens
from genai_prices import calc_price
from genai_prices.data import providers
from hypothesis import given, settings
from hypothesis import strategies as st

from seedstock.exchange import Usage
from seedstock.prices import listed_price
from seedstock.teachers.base import Price

OPENAI, ANTHROPIC = "https://api.openai.com/v1", "https://api.anthropic.com"


def price(model: str, url: str, batch: bool = False) -> Price:
    found = listed_price(model, url, batch)
    assert found is not None
    return found[0]


def test_a_known_model_at_its_own_address() -> None:
    found = listed_price("gpt-4o-mini", OPENAI)
    assert found is not None
    assert (found[0].input, found[0].output, found[0].currency) == (0.15, 0.6, "USD")
    assert found[1].startswith("genai-prices ")
    assert found[1].endswith(", openai/gpt-4o-mini")


@pytest.mark.parametrize(
    ("model", "url"),
    [
        ("gpt-4o-mini-2024-07-18", OPENAI),
        ("GPT-4.1", OPENAI + "/"),
        ("claude-sonnet-4-5", ANTHROPIC),
        ("gemini-2.5-pro", "https://generativelanguage.googleapis.com/v1beta/openai"),  # in steps
        ("gpt-4o", "https://ours.openai.azure.com/openai"),
        ("kimi-k2", "https://api.moonshot.ai/v1"),
    ],
)
def test_an_answer_costs_what_the_library_says(model: str, url: str) -> None:
    tokens = Tokens(input_tokens=900, cache_read_tokens=200, output_tokens=300)
    expected = calc_price(tokens, model, provider_api_url=url).total_price
    assert price(model, url).of(Usage(900, 300, 200)) == pytest.approx(float(expected), rel=1e-12)


def test_writing_to_the_cache_has_its_price() -> None:
    tokens = Tokens(input_tokens=900, cache_write_tokens=400, output_tokens=300)
    expected = calc_price(tokens, "claude-sonnet-4-5", provider_api_url=ANTHROPIC).total_price
    found = price("claude-sonnet-4-5", ANTHROPIC).of(Usage(900, 300, None, 400))
    assert found == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "http://127.0.0.1:11434/v1",
        "https://gateway.example/v1",
        "https://api.openai.com.gateway.example/v1",
        "https://api.openai.comx/v1",
        "https://api.openai.com@gateway.example/v1",
        "https://api.openai.com:8443/v1",
        "http://api.openai.com/v1",
        "https://gateway.example/x.googleapis.com",
        "https://gateway.example/?https://api.openai.com",
        "https://api.moonshot.gateway.example",
        "https://[",
        "api.openai.com/v1",
        "",
    ],
)
@pytest.mark.parametrize("model", ["gpt-4o-mini", "gemini-2.5-pro", "kimi-k2"])
def test_another_address_has_no_known_price(url: str, model: str) -> None:
    assert listed_price(model, url) is None


@pytest.mark.parametrize("model", ["", "no-such-model", "gpt", "text-embedding-3-small", "g" * 10_000])
def test_another_model_has_no_known_price(model: str) -> None:
    assert listed_price(model, OPENAI) is None


@given(st.text(), st.text() | st.text().map("https://{}".format) | st.just(OPENAI), st.booleans())
@settings(max_examples=200, deadline=None)
def test_junk_has_no_known_price(model: str, url: str, batch: bool) -> None:
    assert listed_price(model, url, batch) is None


def test_batches() -> None:
    """Half at OpenAI and Anthropic, by the list's own figures or by their promise; elsewhere not."""
    for model, url in [("gpt-4o-mini", OPENAI), ("gpt-3.5-turbo", OPENAI), ("claude-sonnet-4-5", ANTHROPIC)]:
        single, batch = price(model, url), price(model, url, batch=True)
        assert (batch.input, batch.output) == (single.input / 2, single.output / 2)
        source = listed_price(model, url, batch=True)
        assert source is not None
        assert source[1].endswith((", batch price", ", half price for batches"))
    elsewhere = "https://api.deepseek.com"
    found = listed_price("deepseek-chat", elsewhere, batch=True)
    assert found is not None
    assert found[0] == price("deepseek-chat", elsewhere)
    assert found[1].endswith(", no batch price")


def test_every_model_of_the_list_can_be_looked_up() -> None:
    """No entry raises or warns, whatever it holds; nearly all that are for chat have a price."""
    urls = {"openai": OPENAI, "anthropic": ANTHROPIC, "mistral": "https://api.mistral.ai/v1"}
    models = [(model.id, urls[p.id]) for p in providers if p.id in urls for model in p.models]
    found = [listed_price(*model, batch=batch) for model in models for batch in (False, True)]
    assert sum(one is not None for one in found) > 1.5 * len(models)
    assert all(one[0].input >= 0 for one in found if one)


def test_the_list_is_loaded_when_it_is_asked() -> None:
    code = "import sys, seedstock.prices; assert 'genai_prices' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
