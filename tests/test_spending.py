"""spending.py: the limit is never crossed, whatever comes back in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.exchange import Message, Request, Response, Usage
from seedstock.spending import ANSWERS_THAT_TELL, Budget, prompt_bytes
from seedstock.teachers.base import Price

PRICE = Price(input=2, output=20)
LONGEST = 500
CENT = 1e-9  # what floats may be off


def question(text: str = "Say it another way.", n: int = 0) -> Request:
    return Request("paraphrase", "all", n, (Message("user", text),))


def budget(limit: float | None = 1.0, spent: float = 0.0) -> Budget:
    return Budget(limit, spent, PRICE, LONGEST)


def answer(prompt: int | None, completion: int | None) -> Response:
    return Response("so", usage=Usage(prompt, completion))


Step = tuple[int, int, float | None]
steps = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 19), st.one_of(st.none(), st.floats(0, 1))), max_size=200
)


@given(st.floats(0, 0.3), st.floats(0, 0.3), steps)
def test_what_is_spent_and_set_aside_never_crosses_the_limit(
    limit: float, spent: float, script: list[Step]
) -> None:
    """`script`: ask question n, fail it, or answer it at a share of its worst case; None: cost unknown."""
    tried = budget(limit, min(spent, limit))
    aside: dict[str, float] = {}
    for what, n, share in script:
        key, request = str(n), question("word " * (n + 1), n)
        if what == 0 and key not in aside:
            worst = tried.worst_case(request)
            if tried.reserve(key, request):
                aside[key] = worst
        elif what == 1 and key in aside:
            tried.give_back(key)
            del aside[key]
        elif what == 2 and key in aside:
            tried.settle(
                key, request, answer(None, None), None if share is None else share * aside.pop(key, 0)
            )
            aside.pop(key, None)
        assert tried.spent + sum(aside.values()) <= limit + CENT
        assert tried.waiting == bool(aside)


def test_a_failed_try_gives_back_what_was_set_aside() -> None:
    request = question()
    tight = budget(budget().worst_case(request) * 1.5)
    assert tight.reserve("a", request)
    assert not tight.reserve("b", request)
    tight.give_back("a")
    assert not tight.waiting
    assert tight.reserve("b", request)
    assert tight.spent == 0


def test_giving_back_what_was_never_set_aside_changes_nothing() -> None:
    tight = budget()
    tight.give_back("never asked")
    assert (tight.spent, tight.waiting) == (0, False)


def test_an_answer_frees_what_it_did_not_cost() -> None:
    request = question()
    tight = budget(budget().worst_case(request) * 1.5)
    tight.reserve("a", request)
    tight.settle("a", request, answer(20, 10), 0.0001)
    assert tight.spent == 0.0001
    assert tight.reserve("b", request)


def test_an_answer_of_unknown_cost_counts_as_the_worst_case() -> None:
    request = question()
    worst = budget().worst_case(request)
    tight = budget(worst * 1.5)
    tight.reserve("a", request)
    tight.settle("a", request, answer(None, None), None)
    assert tight.spent == worst
    assert not tight.reserve("b", request)
    assert not tight.waiting


def test_what_was_spent_before_counts() -> None:
    request = question()
    worst = budget().worst_case(request)
    assert budget(2 * worst, spent=0.9 * worst).reserve("a", request)
    assert not budget(2 * worst, spent=1.1 * worst).reserve("a", request)


@pytest.mark.parametrize("price", [PRICE, None])
def test_without_a_limit_everything_is_allowed(price: Price | None) -> None:
    free = Budget(None, 1e9, price)
    for n in range(50):
        assert free.reserve(str(n), question(n=n))
        free.settle(str(n), question(n=n), answer(10**6, 10**6), 100.0 if price else None)
    assert free.spent == (1e9 + 5000 if price else 1e9)
    assert not free.waiting


PROMPTS = (
    "Write five other ways to say: The feed pump leaks oil on the floor.",
    "Schreibe fünf andere Fassungen: Die Förderbandanlage steht nach einer Minute still. " * 20,
    "{'label': 'spam', 'text': 'WIN $$$ now!!! click http://x.example/?a=b&c=d'}" * 5,
    "",
)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("seen", [0, ANSWERS_THAT_TELL - 1, ANSWERS_THAT_TELL, 100])
@pytest.mark.parametrize("price", [PRICE, Price(input=3, output=15, cached_input=0.3, cache_write=3.75)])
def test_the_worst_case_is_above_the_true_cost(prompt: str, seen: int, price: Price) -> None:
    """True: four characters a token and a chat template of 20, written to the cache, longest answer."""

    def true(text: str, completion: int) -> Usage:
        tokens = 20 + len(text) // 4
        return Usage(tokens, completion, cache_write_tokens=tokens)

    tried = Budget(10.0, 0.0, price, LONGEST)
    for n in range(seen):
        other = PROMPTS[n % 3]
        usage = true(other, 100)
        tried.reserve(str(n), question(other))
        tried.settle(str(n), question(other), Response("so", usage=usage), price.of(usage))
    cost = price.of(true(prompt, LONGEST))
    assert cost is not None
    assert tried.worst_case(question(prompt)) >= cost


def test_what_answers_tell_makes_the_worst_case_of_a_prompt_smaller() -> None:
    """Before, a token is a byte; after, what was seen and a margin. The answer's part stays."""
    long = question("word " * 1000)
    tried = budget(10.0)
    before = tried.worst_case(long)
    for n in range(ANSWERS_THAT_TELL):
        assert tried.worst_case(long) == before
        tried.settle(str(n), long, answer(1250, 10), 0.001)
    prompt = (before - tried.worst_case(long)) * 1e6 / PRICE.input
    assert prompt == pytest.approx(5000 - 1.25 * 1250)


def test_the_size_of_a_prompt_is_in_bytes_and_holds_its_schema() -> None:
    assert prompt_bytes(question("Förderband")) == 11
    with_schema = Request(
        "paraphrase", "all", 0, (Message("user", "ab"),), schema={"type": "object", "title": "x" * 100}
    )
    assert prompt_bytes(with_schema) >= 130
    assert prompt_bytes(question("a lone \ud800 surrogate")) > 0


def test_the_size_of_a_schema_is_in_bytes() -> None:
    plain, umlauts = (
        prompt_bytes(Request("p", "all", 0, schema={"enum": [letter * 100]})) for letter in ("o", "ö")
    )
    assert umlauts == plain + 100


def test_the_worst_case_holds_for_a_script_not_seen_before() -> None:
    """Emoji are often three tokens each; eight English prompts before say nothing of that."""
    tried = budget(10.0)
    for n in range(ANSWERS_THAT_TELL):
        text = "Write five other ways to say: the feed pump leaks oil. " * 20
        tried.settle(str(n), question(text), answer(20 + len(text) // 4, 10), 0.001)
    prompt = tried.worst_case(question("🔥" * 300)) * 1e6 - LONGEST * PRICE.output
    assert prompt / PRICE.input >= 3 * 300
