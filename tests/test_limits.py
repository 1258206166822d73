"""Rate-limit headers: read where they say that nothing more is let in, and never believed to say nonsense."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from seedstock.teachers.limits import hold, retry_after

NOW = 1_800_000_000.0


def openai(remaining: str, reset: str, what: str = "requests") -> dict[str, str]:
    return {f"x-ratelimit-remaining-{what}": remaining, f"x-ratelimit-reset-{what}": reset}


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("12ms", 0.012), ("6m0s", 360.0), ("1s", 1.0), ("1h2m3.5s", 3723.5), ("1d", 86400.0),
        ("750us", 0.00075), ("30", 30.0), ("0.25", 0.25), (" 2s ", 2.0), ("1800000007", 7.0),
        ("1800000007.5", 7.5), ("1800000007500", 7.5), ("1799999990", 0.0), ("2027-01-15T08:00:10Z", 10.0),
        ("2027-01-15T09:00:10+01:00", 10.0), ("2027-01-15T08:00:10", 10.0), ("", 0.0), ("soon", 0.0),
        ("5 minutes", 0.0), ("nan", 0.0), ("inf", 0.0), ("-3", 0.0), ("1e999", 0.0), ("9" * 400 + "s", 0.0),
    ],
)  # fmt: skip
def test_a_limit_that_is_used_up_holds_until_its_reset(reset: str, seconds: float) -> None:
    assert hold(openai("0", reset), NOW) == pytest.approx(seconds)


@pytest.mark.parametrize("remaining", ["1", "17", "-1", "", "none", "nan"])
def test_a_limit_that_is_not_used_up_holds_nobody(remaining: str) -> None:
    assert hold(openai(remaining, "6m0s"), NOW) == 0.0


def test_the_longest_of_several_limits_counts_and_names_have_no_case() -> None:
    headers = CIMultiDict({
        "X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "1s",
        "X-RateLimit-Remaining-Tokens": "0", "X-RateLimit-Reset-Tokens": "3s",
    })  # fmt: skip
    assert hold(headers, NOW) == 3.0


@pytest.mark.parametrize("what", ["requests", "tokens", "input-tokens", "output-tokens"])
def test_every_limit_of_anthropic_is_read(what: str) -> None:
    name = f"anthropic-ratelimit-{what}"
    headers = {f"{name}-remaining": "0", f"{name}-reset": "2027-01-15T08:01:00Z"}
    assert hold(headers, NOW) == 60.0
    assert hold({**headers, f"{name}-remaining": "1"}, NOW) == 0.0


def test_without_a_clock_it_is_now() -> None:
    assert hold(openai("0", str(time.time() + 50))) == pytest.approx(50, abs=5)
    assert hold({}) == 0.0


@given(st.dictionaries(
    st.sampled_from([
        *openai("", ""), *openai("", "", "tokens"), "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset", "retry-after", "retry-after-ms",
    ]),
    st.one_of(
        st.text(), st.just("0"), st.floats().map(str), st.integers().map(str), st.datetimes().map(str),
        st.from_regex(r"[0-9.]{1,9}(ms|s|m|h)[0-9]{0,3}", fullmatch=True), st.dates().map(str),
    ),
), st.floats(0, 1e12))  # fmt: skip
def test_whatever_the_headers_say_it_is_a_time_to_wait(headers: Mapping[str, str], now: float) -> None:
    seconds = hold(headers, now)
    assert seconds >= 0
    assert math.isfinite(seconds)
    asked = retry_after(headers)
    assert asked is None or (asked >= 0 and math.isfinite(asked))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25), ({"retry-after": "9"}, 9.0), ({}, None),
        ({"retry-after-ms": "soon", "retry-after": "2.5"}, 2.5), ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "-5"}, 0.0), ({"retry-after": "whenever"}, None),
        ({"retry-after": "Mon, 01 Jan 0001 00:00:00 GMT"}, 0.0),
    ],
)  # fmt: skip
def test_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_when_to_come_back_as_a_date() -> None:
    found = retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert found == pytest.approx(60, abs=5)
