"""Teacher `anthropic` and its batches, against a server on loopback: bodies, answers, faults, secrets."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError

from anthropic_server import NEW, OLD, AnthropicServer
from seedstock.errors import InputError, SeedstockError, TeacherError
from seedstock.exchange import Message, Request, Response, Usage
from seedstock.teachers.anthropic import Anthropic, AnthropicSettings
from seedstock.teachers.anthropic_batch import AnthropicBatches
from seedstock.teachers.base import BatchState, Job, Transient
from seedstock.teachers.batch import BatchSettings

pytest.importorskip("anthropic", reason="the extra `anthropic` is not installed")

KEY = "sk-planted-0123456789"
SCHEMA = {
    "type": "object", "properties": {"texts": {"type": "array", "items": {"type": "string"}, "minItems": 3}},
    "required": ["texts"], "additionalProperties": False,
}  # fmt: skip
OPEN = {"type": "object", "additionalProperties": {"type": "string"}}
LONG_AGO = "2020-01-01T00:00:00Z"

T = TypeVar("T")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


@pytest.fixture
def server() -> Iterator[AnthropicServer]:
    with AnthropicServer() as running:
        yield running


def request(n: int = 0, schema: Any = None, **params: Any) -> Request:
    messages = (
        Message("system", "Be brief."),
        Message("system", "Be kind."),
        Message("user", f"question {n}"),
    )
    return Request("paraphrase", "all", n, messages, schema=schema, params=params)


def teacher(server: AnthropicServer, **settings: Any) -> Anthropic:
    return Anthropic(AnthropicSettings(**{"base_url": server.url, "model": "m", **settings}))


def batches(server: AnthropicServer, **settings: Any) -> AnthropicBatches:
    given = {"provider": "anthropic", "base_url": server.url, "model": "m", **settings}
    return AnthropicBatches(BatchSettings.model_validate(given))


def run(made: T, use: Callable[[T], Awaitable[Any]]) -> Any:
    """Use a teacher in a loop of its own, and close it."""

    async def whole() -> Any:
        try:
            return await use(made)
        finally:
            await made.close()  # type: ignore[attr-defined]

    return asyncio.run(whole())


def ask(made: Anthropic, *requests: Request) -> list[Response]:
    async def every(asked: Anthropic) -> list[Response]:
        return [await asked.ask(one) for one in requests]

    found = run(made, every)
    assert isinstance(found, list)
    return found


def answered(server: AnthropicServer, **settings: Any) -> Response:
    return ask(teacher(server, **settings), request())[0]


def test_the_system_text_comes_first_and_is_cached_and_the_seed_is_left_out(server: AnthropicServer) -> None:
    ask(teacher(server, max_tokens=7, extra_body={"metadata": {"user_id": "u"}}), request(3, seed=5))
    assert server.bodies() == [
        {
            "model": "m", "max_tokens": 7, "messages": [{"role": "user", "content": "question 3"}],
            "metadata": {"user_id": "u"},
            "system": [
                {"type": "text", "text": "Be brief.\n\nBe kind.", "cache_control": {"type": "ephemeral"}}
            ],
        }
    ]  # fmt: skip
    sent = server.seen[0].headers
    assert (sent["x-api-key"], sent["anthropic-version"]) == (KEY, NEW)


def test_sampling_settings_go_with_the_version_that_knows_them(server: AnthropicServer) -> None:
    ask(teacher(server, temperature=0.5, top_p=0.9), request())
    ask(teacher(server), request(top_k=5))
    assert [one.headers["anthropic-version"] for one in server.seen] == [OLD, OLD]
    assert (server.bodies()[0]["temperature"], server.bodies()[0]["top_p"]) == (0.5, 0.9)
    assert server.bodies()[1]["top_k"] == 5


def test_lone_surrogates_are_sent_as_question_marks(server: AnthropicServer) -> None:
    odd = Request("paraphrase", "all", 0, (Message("user", "a\ud800b – c"),))
    assert ask(teacher(server), odd)[0].text == "an answer"
    assert server.bodies()[0]["messages"][0]["content"] == "a?b – c"


def test_an_answer_with_its_usage(server: AnthropicServer) -> None:
    server.usage = {
        "input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 30,
    }  # fmt: skip
    assert answered(server) == Response("an answer", "stop", "m", Usage(240, 7, 200, 30))
    server.usage = {"input_tokens": 10, "output_tokens": 7}
    assert answered(server).usage == Usage(10, 7, None, None)
    server.usage = {"input_tokens": "many", "output_tokens": -1}
    assert answered(server).usage == Usage(None, None, None, None)
    server.usage = None
    assert answered(server).usage == Usage()


@pytest.mark.parametrize(
    ("told", "finish_reason"),
    [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("tool_use", "stop"), ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"), ("refusal", "refusal"), ("pause_turn", "pause_turn"),
    ],
)  # fmt: skip
def test_finish_reasons(server: AnthropicServer, told: str, finish_reason: str) -> None:
    server.stop_reason = told
    assert answered(server).finish_reason == finish_reason


def test_a_used_up_limit_holds_everybody(server: AnthropicServer) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=30)).isoformat().replace("+00:00", "Z")
    server.headers = {
        "anthropic-ratelimit-input-tokens-remaining": "0", "anthropic-ratelimit-input-tokens-reset": soon,
    }  # fmt: skip
    assert 20 < answered(server).hold <= 30
    server.headers["anthropic-ratelimit-input-tokens-remaining"] = "1"
    assert answered(server).hold == 0


def test_a_schema_goes_as_a_schema_in_the_subset_that_is_enforced(server: AnthropicServer) -> None:
    made = teacher(server, extra_body={"output_config": {"effort": "low"}})
    ask(made, request(schema=SCHEMA))
    sent = server.bodies()[0]["output_config"]
    assert sent["effort"] == "low"
    assert sent["format"]["type"] == "json_schema"
    assert "minItems" not in sent["format"]["schema"]["properties"]["texts"]
    assert made.findings == {"structured": "json_schema"}


def test_the_first_request_with_a_schema_goes_alone_and_finds_out_for_all(server: AnthropicServer) -> None:
    server.refuses = ("output_config",)
    made = teacher(server)

    async def all_at_once(asked: Anthropic) -> list[Response]:
        return await asyncio.gather(*(asked.ask(request(n, SCHEMA)) for n in range(8)))

    found = run(made, all_at_once)
    assert [json.loads(one.text) for one in found] == [{"said": "an answer"}] * 8
    assert {one.finish_reason for one in found} == {"stop"}
    assert sum("output_config" in body for body in server.bodies()) == 1
    assert len(server.bodies()) == 9
    assert made.findings == {"structured": "tool"}
    assert server.bodies()[-1]["tools"][0]["input_schema"] == SCHEMA


def test_a_server_that_knows_neither_is_asked_in_words(server: AnthropicServer) -> None:
    server.refuses = ("output_config", "tools")
    made = teacher(server)
    assert ask(made, request(schema=SCHEMA), request(1, SCHEMA))[1].text == "an answer"
    assert [sorted(body.keys() & {"output_config", "tools"}) for body in server.bodies()] == [
        ["output_config"], ["tools"], [], []
    ]  # fmt: skip
    assert made.findings == {"structured": "none"}


def test_what_was_found_out_before_is_used_and_can_get_worse(server: AnthropicServer) -> None:
    made = teacher(server)
    made.findings["structured"] = "tool"
    ask(made, request(schema=SCHEMA))
    assert ["tools" in body for body in server.bodies()] == [True]
    server.refuses = ("tools",)
    assert ask(made, request(1, SCHEMA))[0].text == "an answer"
    assert made.findings == {"structured": "none"}


def test_a_schema_that_would_mean_less_goes_as_a_tool_and_says_nothing_of_the_server(
    server: AnthropicServer,
) -> None:
    made = teacher(server)
    ask(made, request(schema=OPEN), request(1, {"type": ["string", "null"]}), request(2, SCHEMA))
    bodies = server.bodies()
    assert bodies[0]["tools"][0]["input_schema"] == OPEN
    assert not bodies[1].keys() & {"tools", "output_config"}
    assert "output_config" in bodies[2]
    assert made.findings == {"structured": "json_schema"}


def test_the_way_that_the_config_names_is_the_only_one(server: AnthropicServer) -> None:
    server.refuses = ("output_config",)
    made = teacher(server, structured="json_schema")
    with pytest.raises(TeacherError, match="answered 400: output_config: Extra inputs"):
        ask(made, request(schema=SCHEMA))
    assert "structured" not in made.findings
    ask(teacher(server, structured="tool"), request(schema=SCHEMA))
    assert "tools" in server.bodies()[-1]


def test_another_complaint_does_not_change_how_json_is_asked_for(server: AnthropicServer) -> None:
    server.refuses = ("metadata",)
    made = teacher(server, extra_body={"metadata": {}})
    with pytest.raises(TeacherError, match="metadata"):
        ask(made, request(schema=SCHEMA))
    assert made.findings == {}
    assert len(server.bodies()) == 1


@pytest.mark.parametrize(
    ("fault", "reason", "retry_after"),
    [
        ("408", "408", None), ("409", "409", None), ("429", "429", 7.0), ("500", "500", None),
        ("503", "503", None), ("529", "529", 7.0), ("reset", "reset", None), ("not_json", "bad_body", None),
    ],
)  # fmt: skip
def test_what_may_pass(server: AnthropicServer, fault: str, reason: str, retry_after: float | None) -> None:
    server.fault = lambda body, n: fault
    with pytest.raises(Transient) as caught:
        answered(server)
    assert (caught.value.reason, caught.value.retry_after) == (reason, retry_after)
    assert len(server.seen) == 1, "nobody but `ask.py` tries again"
    if fault not in ("reset", "not_json"):
        assert str(caught.value) == "no more than this"


@pytest.mark.parametrize("fault", ["400", "401", "403", "404", "413", "redirect"])
def test_what_will_not_pass_ends_in_the_servers_words(server: AnthropicServer, fault: str) -> None:
    server.fault = lambda body, n: fault
    with pytest.raises(TeacherError) as caught:
        answered(server)
    assert server.url in str(caught.value)
    assert f"answered {'302' if fault == 'redirect' else fault}" in str(caught.value)
    assert fault == "redirect" or "no more than this" in str(caught.value)
    assert len(server.seen) == 1


@pytest.mark.parametrize("blocks", [["x"], "text", [{"type": "text"}], [{}], {"a": 1}])
def test_a_body_that_is_no_message(server: AnthropicServer, blocks: Any) -> None:
    server.blocks = blocks
    with pytest.raises(Transient) as caught:
        answered(server)
    assert caught.value.reason == "bad_body"


def test_a_slow_server_times_out(server: AnthropicServer) -> None:
    server.fault = lambda body, n: "slow"
    with pytest.raises(Transient) as caught:
        answered(server, timeout=0.2)
    assert caught.value.reason == "timeout"


def test_nobody_there() -> None:
    with pytest.raises(Transient) as caught:
        ask(Anthropic(AnthropicSettings(base_url="http://127.0.0.1:9", model="m")), request())
    assert caught.value.reason == "connection"


def test_an_address_nobody_can_have() -> None:
    with pytest.raises(InputError, match="base_url"):
        ask(Anthropic(AnthropicSettings(base_url="http://a:b", model="m")), request())


def test_a_missing_key_is_named(server: AnthropicServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(TeacherError, match=r"answered 401: .*no key in \$ANTHROPIC_API_KEY"):
        answered(server)
    assert "x-api-key" not in server.seen[0].headers


def everything(problem: BaseException | None) -> str:
    """All that a handler or a log could show of an error."""
    shown = ""
    while problem is not None:
        shown += "".join(traceback.format_exception(problem)) + repr(problem) + repr(vars(problem))
        problem = problem.__cause__ or problem.__context__
    return shown


@pytest.mark.parametrize("fault", ["400", "401", "429", "500", "not_json", "reset", "redirect"])
def test_the_key_is_in_no_error_and_no_log(
    server: AnthropicServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fault, server.words = lambda body, n: fault, f"your key {KEY} is wrong"
    made = teacher(server)
    with pytest.raises(SeedstockError) as caught:
        ask(made, request())
    assert KEY not in everything(caught.value)
    assert KEY not in caplog.text + repr(made) + repr(made.settings)


def test_the_key_is_in_no_answer(server: AnthropicServer) -> None:
    server.answer, server.stop_reason = lambda body: f"the key is {KEY}", KEY
    found = answered(server)
    assert KEY not in repr(found)
    assert found.text == "the key is …"
    server.stop_reason = None
    assert KEY not in repr(ask(teacher(server, structured="tool"), request(schema=SCHEMA)))


def test_the_key_may_come_from_a_file_and_the_address_may_have_its_version(
    server: AnthropicServer, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("another-key\n")
    made = teacher(server, api_key_file=tmp_path / "key", base_url=server.url + "/v1/")
    assert ask(made, request())[0].text == "an answer"
    assert server.seen[0].headers["x-api-key"] == "another-key"


def test_who_answers_and_what_an_answer_depends_on(server: AnthropicServer) -> None:
    made = teacher(server)
    assert (made.id, made.server) == ("anthropic:m", server.url)
    assert made.sampling == {"temperature": None, "top_p": None, "max_tokens": 1024}
    other = teacher(server, structured="tool", extra_body={"metadata": {}}).sampling
    assert other == made.sampling | {"structured": "tool", "extra_body": {"metadata": {}}}


@pytest.mark.parametrize(
    "given", [{"temperature": 1.5}, {"api_key_env": "sk-x"}, {"structured": "json_object"}, {"top_k": 1}]
)
def test_settings_that_cannot_be(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AnthropicSettings.model_validate({"model": "m", **given})


def test_a_missing_library_is_named() -> None:
    code = (
        "import sys; sys.modules['anthropic'] = None\n"
        "from seedstock.teachers.anthropic import Anthropic, AnthropicSettings\n"
        "Anthropic(AnthropicSettings(model='m')).prepare()"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (
        "MissingExtra: teacher 'anthropic' needs an extra: pip install 'seedstock[anthropic]'" in found.stderr
    )


# --- batches -----------------------------------------------------------------------------------------


def jobs(n: int, schema: Any = None, start: int = 0) -> list[Job]:
    asked = [request(i, schema) for i in range(start, start + n)]
    return [Job(one.custom_id, one) for one in asked]


def collected(made: AnthropicBatches, given: list[Job]) -> dict[str, Any]:
    """What came of these jobs, by name."""

    async def whole(asked: AnthropicBatches) -> dict[str, Any]:
        batch = await asked.submit(given, "mark")
        return {name: result async for name, result in asked.results(batch)}

    found = run(made, whole)
    assert isinstance(found, dict)
    return found


def test_a_batch_is_submitted_watched_and_collected(server: AnthropicServer) -> None:
    server.statuses = ("in_progress", "a_status_of_next_year", "ended")
    server.answer = lambda body: "re: " + body["messages"][0]["content"]
    given = jobs(20)

    async def whole(made: AnthropicBatches) -> tuple[list[BatchState], dict[str, Any]]:
        batch = await made.submit(given, "mark")
        states = [await made.state(batch) for _ in range(3)]
        return states, {name: result async for name, result in made.results(batch)}

    states, found = run(batches(server), whole)
    assert [(one.status, one.ended, one.done, one.total) for one in states] == [
        ("in_progress", False, 0, 20), ("a_status_of_next_year", False, 0, 20), ("ended", True, 20, 20)
    ]  # fmt: skip
    assert {name: result.text for name, result in found.items()} == {
        job.name: f"re: {job.request.messages[-1].content}" for job in given
    }
    assert list(found) != [job.name for job in given], "the server keeps no order"
    assert found[given[0].name].usage == Usage(100, 10)


def test_a_batch_asks_as_the_teacher_does(server: AnthropicServer) -> None:
    ask(teacher(server), request(0, SCHEMA, seed=3))
    collected(batches(server), [Job("a" * 32, request(0, SCHEMA, seed=3))])
    sent = next(one for one in server.seen if one.path == "/v1/messages/batches")
    assert sent.body == {"requests": [{"custom_id": "a" * 32, "params": server.bodies()[0]}]}
    assert sent.headers["anthropic-version"] == NEW
    assert batches(server).sampling == teacher(server).sampling


def test_sampling_of_a_batch_is_sent_only_where_it_was_set(server: AnthropicServer) -> None:
    given = collected(batches(server, temperature=0.5), jobs(1))
    assert [one.text for one in given.values()] == ["an answer"]
    assert server.seen[0].headers["anthropic-version"] == OLD
    assert server.seen[0].body["requests"][0]["params"]["temperature"] == 0.5
    with pytest.raises(InputError, match=r"teacher\.temperature"):
        batches(server, temperature=1.5)


def test_the_size_of_a_job_is_what_it_adds_to_the_body(server: AnthropicServer) -> None:
    given = [Job("b" * 32, Request("p", "all", 0, (Message("user", "grün – 漢字" * 50),), schema=SCHEMA))] * 3
    made = batches(server)
    collected(made, given)
    sent = int(server.seen[0].headers["content-length"])
    assert 0 <= sent - sum(map(made.size, given)) <= len('{"requests":[]}')


OUTCOMES = {
    "rate_limit_error": "429", "timeout_error": "504", "overloaded_error": "529", "api_error": "500",
    "new_error": "500", "expired": "expired", "canceled": "canceled", "vanished": "bad_body",
}  # fmt: skip


def test_what_is_worth_another_batch(server: AnthropicServer) -> None:
    given = jobs(len(OUTCOMES) + 1)
    planned = dict(zip([job.name for job in given], [*OUTCOMES, "succeeded"], strict=True))
    server.outcome = planned.__getitem__
    found = collected(batches(server), given)
    assert isinstance(found.pop(given[-1].name), Response)
    assert {planned[name]: result.reason for name, result in found.items()} == OUTCOMES
    assert all(isinstance(result, Transient) for result in found.values())


def test_counts_of_an_ended_batch(server: AnthropicServer) -> None:
    given = jobs(4)
    planned = ["succeeded", "expired", "api_error", "canceled"]
    server.statuses = ("ended",)
    server.outcome = dict(zip([job.name for job in given], planned, strict=True)).__getitem__

    async def whole(made: AnthropicBatches) -> BatchState:
        return await made.state(await made.submit(given, "mark"))

    assert run(batches(server), whole) == BatchState("ended", True, 1, 3, 4)


@pytest.mark.parametrize("kind", ["invalid_request_error", "authentication_error", "billing_error"])
def test_what_another_batch_would_not_mend(server: AnthropicServer, kind: str) -> None:
    server.outcome, server.words = lambda name: kind, f"the prompt is too long for {KEY}"
    (found,) = collected(batches(server), jobs(1)).values()
    assert isinstance(found, TeacherError)
    assert "the prompt is too long for …" in str(found)


def test_a_refused_way_of_asking_for_json_is_found_out_by_a_batch(server: AnthropicServer) -> None:
    server.refuses = ("output_config",)
    made, given = batches(server), jobs(5, SCHEMA)

    async def twice(asked: AnthropicBatches) -> list[list[Any]]:
        names = [await asked.submit(given, "mark")]
        first = [result async for _, result in asked.results(names[0])]
        names.append(await asked.submit(given, "mark"))
        again = [result async for _, result in asked.results(names[0])]
        return [first, again, [result async for _, result in asked.results(names[1])]]

    first, again, second = run(made, twice)
    assert {one.reason for one in first + again} == {"structured"}
    assert [json.loads(one.text) for one in second] == [{"said": "an answer"}] * 5
    assert made.findings == {"structured": "tool"}, "one step, however many jobs were refused"


def test_a_named_way_is_not_changed_by_a_batch(server: AnthropicServer) -> None:
    server.refuses = ("output_config",)
    (found,) = collected(batches(server, structured="json_schema"), jobs(1, SCHEMA)).values()
    assert isinstance(found, TeacherError)


def test_lines_that_cannot_be_read_are_left_out_and_others_kept_whole(server: AnthropicServer) -> None:
    server.extra_lines = ("{", "[1]", '{"custom_id": 3, "result": {}}', '{"custom_id": "x"}', "")
    server.answer = lambda body: "one\u2028two"
    given = jobs(6)
    found = collected(batches(server), given)
    assert {result.text for result in found.values()} == {"one\u2028two"}
    assert found.keys() == {job.name for job in given}


def test_results_that_break_off_are_worth_another_look(server: AnthropicServer) -> None:
    server.cut = True
    made, found = batches(server), []

    async def whole(asked: AnthropicBatches) -> None:
        batch = await asked.submit(jobs(6), "mark")
        async for name, _ in asked.results(batch):
            found.append(name)

    with pytest.raises(Transient, match="break off") as caught:
        run(made, whole)
    assert caught.value.reason == "reset"
    assert len(found) == 5


def test_results_do_not_come_from_an_address_of_the_servers_choice(server: AnthropicServer) -> None:
    server.statuses = ("ended",)
    assert len(collected(batches(server), jobs(2))) == 2
    assert server.seen[-1].path == "/v1/messages/batches/msgbatch_0/results"
    assert server.seen[-1].headers["x-api-key"] == KEY


def test_a_batch_nobody_knows(server: AnthropicServer) -> None:
    server.words = KEY
    with pytest.raises(TeacherError, match="answered 404: no batch …"):
        run(batches(server), lambda made: made.state("../msgbatch"))


async def submitted(made: AnthropicBatches, *groups: list[Job]) -> list[str]:
    return [await made.submit(group, "mark") for group in groups]


def find(server: AnthropicServer, wanted: list[Job], *groups: list[Job], since: str = LONG_AGO) -> str | None:
    async def whole(made: AnthropicBatches) -> str | None:
        await submitted(made, *groups)
        return await made.find("mark", wanted, since)

    found = run(batches(server), whole)
    assert found is None or isinstance(found, str)
    return found


def test_a_lost_batch_is_found_by_its_jobs_once_it_has_ended(server: AnthropicServer) -> None:
    server.statuses, server.page = ("ended",), 2
    a, b, c = jobs(3), jobs(3, start=10), jobs(4, start=20)
    assert find(server, a, c, a, b, c, b) == "msgbatch_1"
    assert find(server, jobs(3, start=30)) is None


def test_a_running_batch_is_taken_where_no_other_can_be_meant(server: AnthropicServer) -> None:
    server.statuses = ("in_progress",)
    a, b, c = jobs(3), jobs(3, start=10), jobs(4, start=20)
    assert find(server, a, c, a) == "msgbatch_1"
    assert find(server, a, b) is None, "two have three jobs"
    assert find(server, jobs(5)) is None


def test_batches_from_before_are_not_looked_at(server: AnthropicServer) -> None:
    server.statuses = ("ended",)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert find(server, jobs(3), jobs(3), since=later) is None
    assert not [one for one in server.seen if one.path.endswith("/results")]


def test_the_wire_of_a_batch_fails_as_the_teachers_does() -> None:
    made = AnthropicBatches(
        BatchSettings.model_validate(
            {"provider": "anthropic", "base_url": "http://127.0.0.1:9", "model": "m", "structured": "none"}
        )
    )

    async def whole(asked: AnthropicBatches) -> None:
        for call in (asked.submit(jobs(1), "mark"), asked.find("mark", jobs(1), LONG_AGO), asked.state("b")):
            with pytest.raises(Transient, match="cannot connect"):
                await call
        with pytest.raises(Transient, match="cannot connect"):
            [one async for one in asked.results("b")]

    run(made, whole)
