"""Teacher `openai` against a real server: what it sends, reads, finds out, and never shows."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seedstock.errors import TeacherError
from seedstock.exchange import Message, Request, Response, Token, Usage
from seedstock.teachers import chat
from seedstock.teachers.base import Transient
from seedstock.teachers.openai import OpenAI, OpenAISettings
from seedstock.teachers.wire import Refusal, Said, refusal, said
from server import Body, Refusing, TeacherServer

KEY = 'sk-planted/key+with=odd"chars-4711'
VARIABLE = "TEST_TEACHER_KEY"
SCHEMA: dict[str, Any] = {
    "type": "object", "properties": {"rewrites": {"type": "array", "items": {"type": "string"}}},
    "required": ["rewrites"], "additionalProperties": False,
}  # fmt: skip
T = TypeVar("T")


@pytest.fixture
def server(server: TeacherServer, monkeypatch: pytest.MonkeyPatch) -> TeacherServer:
    monkeypatch.setenv(VARIABLE, KEY)
    return server


def question(n: int = 0, schema: dict[str, Any] | None = SCHEMA, **params: Any) -> Request:
    asked = f"Write 3 paraphrases of this input:\nthe pump in hall {n} leaks"
    messages = (Message("system", "Answer as JSON."), Message("user", asked))
    return Request("paraphrase", "all", n, messages, schema, params)


def settings(url: str, **given: Any) -> OpenAISettings:
    return OpenAISettings(**{"base_url": url, "model": "m", "api_key_env": VARIABLE, **given})


def using(
    url: str, talk: Callable[[OpenAI], Awaitable[T]], findings: dict[str, str] | None = None, **given: Any
) -> T:
    """What `talk` makes of a teacher at this address, which is closed in the end."""

    async def main() -> T:
        teacher = OpenAI(settings(url, **given))
        teacher.findings.update(findings or {})
        try:
            return await talk(teacher)
        finally:
            await teacher.close()

    return asyncio.run(main())


def answer(server: TeacherServer, request: Request | None = None, **given: Any) -> Response:
    return using(server.url, lambda teacher: teacher.ask(request or question()), **given)


def failure(url: str, kind: type[T], request: Request | None = None, **given: Any) -> T:
    """The error that asking ends with, of exactly this kind; it shows the key nowhere."""
    with pytest.raises((Transient, TeacherError)) as caught:
        using(url, lambda teacher: teacher.ask(request or question()), **given)
    assert_no_key(caught.value)
    assert isinstance(caught.value, kind)
    return caught.value


def assert_no_key(problem: BaseException) -> None:
    """Neither in the error, nor in any that it hangs on to, nor in what a traceback prints."""
    shown = "".join(traceback.format_exception(problem))
    chain: list[BaseException | None] = [problem]
    while (last := chain[-1]) is not None:
        shown += repr(last) + str(last) + repr(vars(last))
        chain.append(last.__cause__ or last.__context__)
    assert KEY not in shown
    assert "planted" not in shown


# -- what is sent


def test_a_question_is_sent_as_it_is_and_the_answer_read(server: TeacherServer) -> None:
    found = answer(server, question(seed=7))
    assert len(json.loads(found.text)["rewrites"]) == 3
    assert (found.finish_reason, found.model, found.usage) == ("stop", "m", Usage(100, 10))
    (seen,) = server.seen
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.body == {
        "model": "m", "messages": [m.to_json() for m in question().messages], "temperature": 0.9,
        "top_p": 1.0, "max_tokens": 1024, "seed": 7, "response_format": {
            "type": "json_schema", "json_schema": {"name": "paraphrase", "strict": True, "schema": SCHEMA},
        },
    }  # fmt: skip


def test_settings_reach_the_body(server: TeacherServer) -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}}
    answer(server, temperature=None, top_p=None, max_tokens=9, structured="none", extra_body=extra)
    (seen,) = server.seen
    assert {k: v for k, v in seen.body.items() if k != "messages"} == {"model": "m", "max_tokens": 9, **extra}


def test_a_schema_that_strict_mode_cannot_take_is_not_called_strict(server: TeacherServer) -> None:
    open_ended = {"type": "object", "properties": {"a": {"type": "string"}}}
    answer(server, question(schema=open_ended))
    assert server.seen[0].body["response_format"]["json_schema"]["strict"] is False


def test_without_a_key_none_is_sent(server: TeacherServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    answer(server)
    assert "Authorization" not in server.seen[0].headers


def test_a_prompt_of_megabytes_goes_through(server: TeacherServer) -> None:
    long = Request("paraphrase", "all", 0, (Message("user", "x" * 2**21), question().messages[-1]))
    assert answer(server, long).text


def test_the_key_of_the_ledger_depends_on_what_answers_depend_on() -> None:
    def sampling(**given: Any) -> dict[str, Any]:
        return OpenAI(settings("http://h/v1/", **given)).sampling

    usual = {"temperature": 0.9, "top_p": 1.0, "max_tokens": 1024}
    assert sampling() == usual
    assert sampling(structured="none", top_logprobs=2, extra_body={"a": 1}) == {
        **usual, "structured": "none", "top_logprobs": 2, "extra_body": {"a": 1},
    }  # fmt: skip
    assert OpenAI(settings("http://h/v1/")).server == "http://h/v1"
    assert OpenAI(settings("http://h/v1/")).id == "openai:m"


@pytest.mark.parametrize(
    "extra",
    [
        {"messages": []}, {"model": "x"}, {"stream": True}, {"n": 2}, {"response_format": {}},
        {"api_key": "k"}, {"a": [{"Authorization": "k"}]}, {"x": float("nan")},
        {"x": float("inf")}, {"x": date(2026, 1, 1)},
    ],
)  # fmt: skip
def test_extra_body_takes_nothing_that_is_not_its_own(extra: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings("http://h/v1", extra_body=extra)


def test_settings_that_nobody_knows_are_refused() -> None:
    with pytest.raises(ValidationError, match="modle"):
        settings("http://h/v1", modle="m")


# -- what is read


def completion(message: Any, **choice: Any) -> bytes:
    return json.dumps({"choices": [{"message": message, **choice}], "model": "m-2"}).encode()


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": "plain"}, "plain"),
        ({"content": [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]}, "in parts"),
        ({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "said"}]}, "said"),
        ({"content": None, "refusal": "I will not"}, "I will not"),
        ({"content": None}, ""),
        ({"content": "", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}, '{"a": 1}'),
        ({"tool_calls": [{"function": {"arguments": {"a": 1}}}]}, '{"a": 1}'),
        ({"tool_calls": [{"function": {"arguments": "1"}}, {"function": {"arguments": "2"}}]}, ""),
    ],
)  # fmt: skip
def test_the_text_is_where_servers_put_it(message: dict[str, Any], text: str) -> None:
    assert chat.completion(completion(message), "u").text == text


def test_the_servers_words_about_the_answer_are_kept() -> None:
    found = chat.completion(completion({"content": "x"}, finish_reason="length"), "u")
    assert (found.finish_reason, found.model, found.usage) == ("length", "m-2", Usage())
    assert (
        chat.completion(completion({"refusal": "no"}, finish_reason="stop"), "u").finish_reason == "refusal"
    )


@pytest.mark.parametrize(
    ("counted", "usage"),
    [
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}, Usage(9, None, 4)),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 5}, Usage(9, 2, 5)),
        ({"prompt_tokens": -1, "completion_tokens": True, "prompt_tokens_details": 3}, Usage()),
        ([], Usage()),
    ],
)  # fmt: skip
def test_tokens_are_counted_as_the_server_says(counted: Any, usage: Usage) -> None:
    assert chat.usage(counted) == usage


def test_log_probabilities_are_kept_when_asked_for(server: TeacherServer) -> None:
    server.logprobs, server.answer = True, lambda body: "two words"
    found = answer(server, question(schema=None), top_logprobs=2)
    assert server.seen[0].body["logprobs"] is True
    assert server.seen[0].body["top_logprobs"] == 2
    assert "".join(token.text for token in found.tokens) == "two words"
    assert found.tokens[0] == Token("two ", -0.25, (("two ", -0.25), ("~1", -1.25)))
    assert answer(server, question(schema=None)).tokens == ()


def test_log_probabilities_with_a_gap_are_none(server: TeacherServer) -> None:
    broken = {"content": [{"token": "a", "logprob": -1.0}, {"token": "b", "logprob": None}]}
    assert chat.completion(completion({"content": "ab"}, logprobs=broken), "u", logprobs=True).tokens == ()
    endless = completion({"content": "a"}, logprobs={"content": [{"token": "a", "logprob": float("-inf")}]})
    assert chat.completion(endless, "u", logprobs=True).tokens == (Token("a", -9999.0),)


def test_headers_that_ask_everybody_to_wait_are_handed_on(server: TeacherServer) -> None:
    server.headers = {"X-RateLimit-Remaining-Requests": "0", "X-RateLimit-Reset-Requests": "1m2s"}
    assert answer(server).hold == 62.0
    server.headers = {"X-RateLimit-Remaining-Requests": "1", "X-RateLimit-Reset-Requests": "1m2s"}
    assert answer(server).hold == 0.0


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
near_completions = st.fixed_dictionaries({}, optional={
    "choices": st.lists(st.fixed_dictionaries({}, optional={
        "message": anything | st.fixed_dictionaries({}, optional={
            "content": anything | st.lists(st.fixed_dictionaries({"type": anything, "text": anything})),
            "refusal": anything,
            "tool_calls": anything | st.lists(st.fixed_dictionaries({"function": anything}), max_size=1),
        }),
        "finish_reason": anything, "error": anything,
        "logprobs": anything | st.fixed_dictionaries({"content": anything | st.lists(
            st.fixed_dictionaries({"token": anything, "logprob": anything, "top_logprobs": anything}),
        )}),
    }), max_size=2) | anything,
    "usage": anything | st.fixed_dictionaries({"prompt_tokens": anything, "prompt_tokens_details": anything}),
    "model": anything,
    "error": anything | st.fixed_dictionaries({"code": anything, "message": anything, "type": anything}),
})  # fmt: skip


@given(near_completions | anything)
def test_whatever_json_a_server_sends_it_is_an_answer_or_one_of_two_errors(data: Any) -> None:
    try:
        found = chat.completion(json.dumps(data).encode(), "u", logprobs=True)
    except (Transient, TeacherError):
        return
    assert isinstance(found.text, str)
    found.model.encode()
    found.finish_reason.encode()


@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
def test_whatever_an_error_holds_it_is_said_in_one_line(raw: bytes) -> None:
    assert "\n" not in said(raw).words


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"choices":' * 50_000, b"\xff\xfe", b"9" * 10_000, b""])
def test_bodies_made_to_break_readers_are_bad_bodies(raw: bytes) -> None:
    with pytest.raises(Transient) as caught:
        chat.completion(raw, "u")
    assert caught.value.reason == "bad_body"
    assert said(raw).words == said(raw).words


# -- errors


@pytest.mark.parametrize("status", ["408", "409", "425", "429", "500", "502", "503", "504", "529"])
def test_what_may_pass_is_transient(status: str, server: TeacherServer) -> None:
    server.fault, server.words, server.retry_after = lambda *_: status, f"busy with {KEY}", "3"
    problem = failure(server.url, Transient)
    assert problem.reason == status
    assert problem.retry_after == (3.0 if status == "429" else None)
    assert "busy with" in str(problem)


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "422"])
def test_what_will_not_pass_ends_at_once_in_the_servers_words(status: str, server: TeacherServer) -> None:
    server.fault, server.words = lambda *_: status, f"no such model for {KEY}"
    problem = failure(server.url, Refusal)
    assert problem.status == int(status)
    assert problem.exit_code == 4
    assert f"answered {status}: no such model for …" in str(problem)
    assert len(server.seen) == 1


@pytest.mark.parametrize("field", ["code", "type"])
def test_an_account_without_money_is_not_asked_again(field: str, server: TeacherServer) -> None:
    error = {"error": {"message": "You exceeded your current quota", field: "insufficient_quota"}}
    server.refuses = lambda body: (429, error)
    assert "exceeded your current quota" in str(failure(server.url, Refusal))


@pytest.mark.parametrize(
    ("fault", "reason"), [("reset", "reset"), ("cut", "reset"), ("not_json", "bad_body"), ("slow", "timeout")]
)
def test_a_broken_wire_is_transient(fault: str, reason: str, server: TeacherServer) -> None:
    server.fault, server.words = lambda *_: fault, KEY
    assert failure(server.url, Transient, timeout=0.3 if fault == "slow" else 60).reason == reason


def test_a_full_server_that_names_no_time_is_asked_again_after_its_limits_are_reset(
    server: TeacherServer,
) -> None:
    server.fault, server.retry_after = lambda *_: "429", ""
    server.headers = {"X-RateLimit-Remaining-Tokens": "0", "X-RateLimit-Reset-Tokens": "4s"}
    assert failure(server.url, Transient).retry_after == 4.0


def test_a_port_where_nobody_listens_is_transient() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert failure(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", Transient).reason == "connection"


def test_a_server_that_speaks_no_http_is_transient_and_its_words_are_freed_of_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(f"SSH-2.0 {KEY}\r\n\r\n".encode())

        thread = threading.Thread(target=talk)
        thread.start()
        assert failure(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", Transient).reason == "reset"
        thread.join()


@pytest.mark.parametrize("port", [99999, 70000])
def test_an_address_that_cannot_be_is_no_fault_that_passes(port: int) -> None:
    assert str(port) in str(failure(f"http://127.0.0.1:{port}/v1", TeacherError))


def test_plain_http_behind_https_is_said(server: TeacherServer) -> None:
    assert "TLS" in str(failure(server.url.replace("http:", "https:"), TeacherError))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_certificate_that_cannot_be_trusted_is_said(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def main() -> TeacherError:
        listener = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0, ssl=context)
        teacher = OpenAI(settings(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"))
        try:
            with pytest.raises(TeacherError) as caught:
                await teacher.ask(question())
        finally:
            await teacher.close()
            listener.close()
        return caught.value

    assert "certificate" in str(asyncio.run(main()))


def test_a_redirect_is_not_followed(server: TeacherServer) -> None:
    server.fault = lambda *_: "redirect"
    assert failure(server.url, Refusal).status == 307
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        ({"code": 429, "message": "slow down"}, Transient, "429"),
        ({"code": "502", "message": "upstream"}, Transient, "502"),
        ({"type": "overloaded_error", "message": "busy"}, Transient, "503"),
        ({"code": "insufficient_quota", "message": "no money"}, Refusal, "no money"),
        ({"type": "invalid_request_error", "message": "no such thing"}, Refusal, "no such thing"),
        ({"message": "something"}, Transient, "bad_body"),
        ("just words", Transient, "bad_body"),
    ],
)
def test_an_error_that_came_as_a_good_answer_is_an_error(
    error: Any, kind: type[Exception], word: str, server: TeacherServer
) -> None:
    server.whole = lambda body: json.dumps({"error": error}).encode()
    problem = failure(server.url, kind)
    assert word in (problem.reason if isinstance(problem, Transient) else str(problem))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"error": {"message": "m", "code": 7}}', Said("m", "", "7", "")),
        (b'{"error": "m"}', Said("m")),
        (b'{"message": "m", "type": "t"}', Said("m", "", "", "t")),
        (b'{"detail": "m"}', Said("m")),
        (
            b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs"}]}',
            Said("body.seed: Extra inputs (extra_forbidden)"),
        ),
        (b'[{"error": {"message": "m"}}]', Said("m")),
        (b'{"error": {"message": "upstream", "metadata": {"raw": "why"}}}', Said("upstream: why")),
        (b"<html>\n<b>bad gateway</b>", Said("<html> <b>bad gateway</b>")),
        (b"", Said("")),
    ],
)  # fmt: skip
def test_errors_are_read_in_every_common_form(raw: bytes, words: Said) -> None:
    assert said(raw) == words


def test_an_error_that_is_no_error_class_of_its_own_is_one_of_two() -> None:
    assert isinstance(refusal("u", 501, Said("")), Refusal)
    assert isinstance(refusal("u", 500, Said(""), 2.0), Transient)


# -- how JSON is asked for


def kind_of(body: Body) -> str:
    return str(body.get("response_format", {}).get("type", "none"))


def refusing(*kinds: str, status: int = 400, words: str = "response_format is not supported") -> Refusing:
    error = {"error": {"message": words, "type": "invalid_request_error"}}
    return lambda body: (status, error) if kind_of(body) in kinds else None


@pytest.mark.parametrize(
    ("refused", "settled"),
    [((), "json_schema"), (("json_schema",), "json_object"), (("json_schema", "json_object"), "none")],
)
def test_the_strictest_way_that_is_accepted_is_found_once_and_kept(
    refused: tuple[str, ...], settled: str, server: TeacherServer
) -> None:
    server.refuses, server.latency = refusing(*refused), 0.02

    async def talk(teacher: OpenAI) -> dict[str, str]:
        await asyncio.gather(*(teacher.ask(question(n)) for n in range(12)))
        return teacher.findings

    found = using(server.url, talk)
    assert found["structured"] == settled
    kinds = Counter(kind_of(one.body) for one in server.seen)
    assert kinds == {**dict.fromkeys(refused, 1), settled: 12}
    assert server.outcomes() == {"answered": 12, **({"refused": len(refused)} if refused else {})}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "This response_format type is unavailable now"),
        (400, "This model does not support response format `json_schema`"),
        (400, 'Either "json_schema" or "grammar" can be specified, but not both'),
        (422, "Failed to deserialize the JSON body: response_format: unknown variant `json_schema`"),
        (400, ""), (400, "Bad Request"), (422, "invalid_request_error"), (415, "what is this"), (501, "no"),
        (500, "failed to compile the grammar"),
    ],
)  # fmt: skip
def test_refusals_that_may_be_about_the_format_lead_on(
    status: int, words: str, server: TeacherServer
) -> None:
    server.refuses = refusing("json_schema", status=status, words=words)
    assert answer(server).text
    assert [kind_of(one.body) for one in server.seen] == ["json_schema", "json_object"]


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "This model's maximum context length is 4096 tokens", Refusal),
        (401, "bad key for response_format", Refusal), (403, "no response_format here", Refusal),
        (404, "The model `m` does not exist", Refusal), (404, "", Refusal),
        (500, "out of memory", Transient), (503, "response_format", Transient),
    ],
)  # fmt: skip
def test_refusals_about_anything_else_are_not_asked_thrice(
    status: int, words: str, kind: type[Exception], server: TeacherServer
) -> None:
    server.refuses = refusing("json_schema", status=status, words=words)
    failure(server.url, kind)
    assert len(server.seen) == 1


def test_when_everything_is_refused_the_last_words_are_told_and_nothing_is_believed(
    server: TeacherServer,
) -> None:
    def refuses(body: Body) -> tuple[int, Any]:
        return 400, {"error": {"message": f"no response_format {kind_of(body)}"}}

    server.refuses = refuses

    async def talk(teacher: OpenAI) -> dict[str, str]:
        with pytest.raises(Refusal, match="no response_format none"):
            await teacher.ask(question())
        return teacher.findings

    assert using(server.url, talk) == {}
    assert len(server.seen) == 3


def test_what_the_ledger_knows_is_used_at_once(server: TeacherServer) -> None:
    answer(server, findings={"structured": "json_object"})
    assert [kind_of(one.body) for one in server.seen] == ["json_object"]


def test_a_server_that_takes_less_than_it_did_is_asked_for_less(server: TeacherServer) -> None:
    server.refuses = refusing("json_schema")

    async def talk(teacher: OpenAI) -> dict[str, str]:
        await teacher.ask(question())
        return teacher.findings

    assert using(server.url, talk, {"structured": "json_schema"})["structured"] == "json_object"


def test_a_configured_way_is_not_negotiated(server: TeacherServer) -> None:
    server.refuses = refusing("json_schema")
    assert "response_format" in str(failure(server.url, Refusal, structured="json_schema"))
    assert answer(server, structured="json_object", findings={"structured": "none"}).text
    assert [kind_of(one.body) for one in server.seen] == ["json_schema", "json_object"]


def test_a_fault_of_the_wire_settles_nothing_and_the_next_one_finds_out(server: TeacherServer) -> None:
    server.fault = lambda body, attempt: "503" if attempt == 0 and "hall 0" in str(body) else None

    async def talk(teacher: OpenAI) -> list[Any]:
        return await asyncio.gather(*(teacher.ask(question(n)) for n in range(3)), return_exceptions=True)

    first, *others = using(server.url, talk)
    assert isinstance(first, Transient)
    assert all(isinstance(one, Response) for one in others)


@pytest.mark.parametrize(
    ("texts", "enforced"),
    [
        (['{"a": 1}'], "yes"), (["Sure! Here you go."], "no"), (['{"a": 1}', "Sure!"], "no"),
        (["Sure!", '{"a": 1}'], "no"), ([""], None),
    ],
)  # fmt: skip
def test_a_server_that_accepts_a_schema_and_ignores_it_is_found_out(
    texts: list[str], enforced: str | None, server: TeacherServer
) -> None:
    server.answer = lambda body: texts[len(server.answered())]

    async def talk(teacher: OpenAI) -> str | None:
        for n in range(len(texts)):
            await teacher.ask(question(n))
        return teacher.findings.get("structured_enforced")

    assert using(server.url, talk) == enforced


def test_an_answer_that_was_cut_off_says_nothing_about_the_schema(server: TeacherServer) -> None:
    server.fault = lambda *_: "length"

    async def talk(teacher: OpenAI) -> dict[str, str]:
        await teacher.ask(question())
        return teacher.findings

    assert using(server.url, talk) == {"structured": "json_schema"}


# -- parameters that a server does not take


def test_newer_models_get_max_completion_tokens(server: TeacherServer) -> None:
    words = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    error = {"error": {"message": words, "code": "unsupported_parameter", "param": "max_tokens"}}
    server.refuses = lambda body: (400, error) if "max_tokens" in body else None

    async def talk(teacher: OpenAI) -> dict[str, str]:
        for n in range(3):
            await teacher.ask(question(n))
        return teacher.findings

    assert using(server.url, talk, max_tokens=77)["max_tokens"] == "max_completion_tokens"
    assert [one.body.get("max_completion_tokens") for one in server.seen] == [None, 77, 77, 77]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("temperature", {"message": "'temperature' does not support 0.9", "param": "temperature"}),
        ("top_p", {"message": "no", "code": "unsupported_parameter", "param": "top_p"}),
        ("seed", {"message": "Unrecognized request argument supplied: seed"}),
        ("logprobs", {"message": "logprobs is not supported by this backend"}),
        ("top_logprobs", {"message": [{"type": "extra_forbidden", "loc": ["body", "top_logprobs"]}]}),
        ("top_p", {"message": "`temperature` and `top_p` cannot both be specified for this model."}),
    ],
)  # fmt: skip
def test_a_parameter_that_is_not_taken_is_left_out_from_then_on(
    name: str, error: dict[str, Any], server: TeacherServer
) -> None:
    server.refuses = lambda body: (400, {"error": error}) if name in body else None

    async def talk(teacher: OpenAI) -> str:
        for n in range(3):
            await teacher.ask(question(n, seed=1))
        return teacher.findings["left_out"]

    left_out = using(server.url, talk, top_logprobs=1)
    assert left_out == ("logprobs,top_logprobs" if name == "logprobs" else name)
    assert server.outcomes() == {"refused": 1, "answered": 3}
    assert {"temperature", "top_p", "seed", "logprobs"} - {*left_out.split(",")} <= {*server.seen[-1].body}


def test_one_after_the_other_is_left_out(server: TeacherServer) -> None:
    def refuses(body: Body) -> tuple[int, Any] | None:
        for name in ("temperature", "top_p", "seed"):
            if name in body:
                return 400, {"error": {"message": f"unknown field {name}", "param": name}}
        return refusing("json_schema")(body)

    server.refuses = refuses

    async def talk(teacher: OpenAI) -> dict[str, str]:
        await teacher.ask(question(seed=1))
        return teacher.findings

    found = using(server.url, talk)
    assert (found["left_out"], found["structured"]) == ("seed,temperature,top_p", "json_object")
    assert len(server.seen) == 5


def test_a_value_that_is_out_of_range_is_the_users_to_mend(server: TeacherServer) -> None:
    server.refuses = lambda body: (
        400,
        {"error": {"message": "temperature must be at most 1", "param": "temperature"}},
    )
    assert "at most 1" in str(failure(server.url, Refusal))
    assert len(server.seen) == 1


def test_a_server_that_refuses_whatever_is_sent_is_not_asked_for_ever(server: TeacherServer) -> None:
    words = "unsupported: temperature, top_p, seed, logprobs, response_format; use max_completion_tokens"
    server.refuses = lambda body: (400, {"error": {"message": words}})
    failure(server.url, Refusal, question(seed=1), top_logprobs=1)
    assert len(server.seen) <= 6


# -- the key


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        KEY.replace("/", "\\/"),
        KEY.replace("+", "\\u002b"),
        KEY.replace("/", "\\u002F"),
        KEY.replace("/", "\\\\/"),
    ],
)
def test_a_key_that_a_server_repeats_is_in_no_answer_and_no_error(
    written: str, server: TeacherServer
) -> None:
    inner = written.replace('"', '\\"')
    choice = f'{{"finish_reason": "{inner}", "message": {{"content": "see {inner}"}}}}'
    raw = f'{{"model": "m {inner}", "choices": [{choice}]}}'
    server.whole = lambda body: raw.encode()
    found = answer(server)
    assert found.text == "see …"
    assert "planted" not in repr(found)
    server.whole = lambda body: f'{{"error": {{"message": "{inner}", "code": "{inner}"}}}}'.encode()
    failure(server.url, Transient)
    server.whole = lambda body: b"no JSON: " + KEY.encode()
    failure(server.url, Transient)


def test_a_teacher_shows_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    teacher = OpenAI(settings("http://h/v1"))
    shown = [repr(teacher), str(teacher), repr(teacher.settings), teacher.settings.model_dump_json()]
    assert not any("planted" in text for text in [*shown, repr(teacher.sampling), teacher.server, teacher.id])


def test_a_key_comes_from_a_file_when_one_is_named(server: TeacherServer, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n", encoding="utf-8")
    answer(server, api_key_file=tmp_path / "key")
    assert server.seen[0].headers["Authorization"] == "Bearer from-a-file"
