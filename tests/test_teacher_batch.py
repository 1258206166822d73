"""Teacher `batch` against a real server: files up, files down, and everything that may become of a line."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seedstock.errors import TeacherError
from seedstock.exchange import Message, Request, Response, Usage
from seedstock.teachers.base import BatchState, Job, Transient
from seedstock.teachers.batch import Batch, BatchSettings
from seedstock.teachers.openai_batch import OpenAIBatches
from seedstock.teachers.wire import Refusal
from server import TeacherServer

KEY = "sk-planted/key+4711"
VARIABLE = "TEST_BATCH_KEY"
SINCE = "2026-01-01T00:00:00Z"
SCHEMA: dict[str, Any] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
T = TypeVar("T")


@pytest.fixture
def server(server: TeacherServer, monkeypatch: pytest.MonkeyPatch) -> TeacherServer:
    monkeypatch.setenv(VARIABLE, KEY)
    return server


def job(n: int) -> Job:
    asked = f"Write 3 paraphrases of this input:\nthe pump in hall {n} leaks"
    request = Request("paraphrase", "all", n, (Message("user", asked),), SCHEMA, {"seed": n})
    return Job(request.custom_id, request)


JOBS = [job(n) for n in range(6)]
NAMES = [one.name for one in JOBS]


def settings(url: str, **given: Any) -> BatchSettings:
    return BatchSettings(**{"base_url": url, "model": "m", "api_key_env": VARIABLE, **given})


def using(server: TeacherServer, talk: Callable[[Batch], Awaitable[T]], **given: Any) -> T:
    """What `talk` makes of a teacher at this server; an error it ends with shows the key nowhere."""

    async def main() -> T:
        teacher = Batch(settings(server.url, **given))
        try:
            return await talk(teacher)
        finally:
            await teacher.close()

    try:
        return asyncio.run(main())
    except (Transient, TeacherError) as problem:
        shown = "".join(traceback.format_exception(problem)) + repr(problem) + repr(vars(problem))
        if "planted" in shown:
            pytest.fail("an error shows the key")
        raise


async def finished(teacher: Batch, mark: str = "mark") -> str:
    """Submit, and look until it has ended."""
    batch = await teacher.submit(JOBS, mark)
    while not (await teacher.state(batch)).ended:
        pass
    return batch


async def collected(teacher: Batch) -> dict[str, Any]:
    return {name: result async for name, result in teacher.results(await finished(teacher))}


# -- handing over


def test_a_batch_is_a_file_of_lines_and_a_mark(server: TeacherServer) -> None:
    name = using(server, lambda teacher: teacher.submit(JOBS, "mark-1"))
    (lines,) = server.batch.files.values()
    rows = [json.loads(line) for line in lines.splitlines()]
    assert [row["custom_id"] for row in rows] == NAMES
    assert {(row["method"], row["url"]) for row in rows} == {("POST", "/v1/chat/completions")}
    assert rows[2]["body"] == {
        "model": "m", "messages": [{"role": "user", "content": JOBS[2].request.messages[0].content}],
        "temperature": 0.9, "top_p": 1.0, "max_tokens": 1024, "seed": 2, "response_format": {
            "type": "json_schema", "json_schema": {"name": "paraphrase", "strict": True, "schema": SCHEMA},
        },
    }  # fmt: skip
    batch = server.batch.batches[name]
    assert batch["endpoint"] == "/v1/chat/completions"
    assert batch["completion_window"] == "24h"
    assert batch["metadata"] == {"seedstock": "mark-1"}
    assert server.batch.purposes == ["batch"]
    assert {one["Authorization"] for one in server.batch.headers} == {f"Bearer {KEY}"}


def test_the_size_of_a_job_is_what_is_sent(server: TeacherServer) -> None:
    async def talk(teacher: Batch) -> int:
        await teacher.submit(JOBS, "m")
        return sum(map(teacher.size, JOBS))

    assert using(server, talk) == len(server.batch.files["file-0"])
    assert Batch.max_jobs <= OpenAIBatches.max_jobs
    assert Batch.max_bytes <= OpenAIBatches.max_bytes < 200 * 2**20


@pytest.mark.parametrize(
    ("structured", "found", "kind"),
    [
        ("auto", None, "json_schema"), ("auto", "json_object", "json_object"), ("auto", "none", None),
        ("json_object", "none", "json_object"), ("none", None, None), ("auto", "nonsense", "json_schema"),
    ],
)  # fmt: skip
def test_json_is_asked_for_as_configured_or_as_found_out(
    structured: str, found: str | None, kind: str | None, server: TeacherServer
) -> None:
    async def talk(teacher: Batch) -> None:
        teacher.findings.update({"structured": found} if found else {})
        await teacher.submit(JOBS, "m")

    using(server, talk, structured=structured)
    row = json.loads(server.batch.files["file-0"].splitlines()[0])
    assert row["body"].get("response_format", {}).get("type") == kind


# -- finding again


def test_a_batch_is_found_by_its_mark_on_whatever_page(server: TeacherServer) -> None:
    server.batch.page = 2

    async def talk(teacher: Batch) -> list[str | None]:
        names = [await teacher.submit(JOBS[:1], f"mark-{n}") for n in range(5)]
        found = [await teacher.find(f"mark-{n}", JOBS, SINCE) for n in (0, 4, 9)]
        assert found == [names[0], names[4], None]
        return found

    using(server, talk)


def test_looking_ends_at_batches_from_before_ours(server: TeacherServer) -> None:
    server.batch.page = 1

    async def talk(teacher: Batch) -> str | None:
        for n in range(4):
            await teacher.submit(JOBS[:1], f"mark-{n}")
        for batch in server.batch.batches.values():
            batch["created_at"] = 1
        return await teacher.find("nobody's", JOBS, SINCE)

    assert using(server, talk) is None
    assert server.batch.calls["GET /v1/batches"] == 1


def test_a_server_that_lists_no_batches_finds_none(server: TeacherServer) -> None:
    server.batch.listing = False
    assert using(server, lambda teacher: teacher.find("mark", JOBS, SINCE)) is None


def test_a_list_that_cannot_be_had_now_is_not_an_empty_one(server: TeacherServer) -> None:
    server.batch.trouble["GET /v1/batches"] = ["503"]
    with pytest.raises(Transient) as caught:
        using(server, lambda teacher: teacher.find("mark", JOBS, SINCE))
    assert caught.value.reason == "503"


# -- waiting


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("validating", False), ("in_progress", False), ("finalizing", False), ("cancelling", False),
        ("meditating", False), ("completed", True), ("expired", True), ("cancelled", True),
    ],
)  # fmt: skip
def test_only_known_ends_are_ends(status: str, ended: bool, server: TeacherServer) -> None:
    server.batch.statuses = (status,)

    async def talk(teacher: Batch) -> BatchState:
        return await teacher.state(await teacher.submit(JOBS, "m"))

    assert using(server, talk) == BatchState(status, ended, len(JOBS), 0, len(JOBS))


def test_a_batch_goes_on_step_by_step(server: TeacherServer) -> None:
    async def talk(teacher: Batch) -> list[tuple[str, bool]]:
        batch = await teacher.submit(JOBS, "m")
        return [(state.status, state.ended) for state in [await teacher.state(batch) for _ in range(4)]]

    steps = [("validating", False), ("in_progress", False), ("finalizing", False), ("completed", True)]
    assert using(server, talk) == steps


def test_a_batch_that_was_refused_says_why(server: TeacherServer) -> None:
    server.batch.statuses, server.words = ("validating", "failed"), f"line 1 is no JSON, {KEY}"

    async def talk(teacher: Batch) -> BatchState:
        return await teacher.state(await finished(teacher))

    state = using(server, talk)
    assert (state.status, state.ended, state.failure) == ("failed", True, "line 1 is no JSON, …")


@pytest.mark.parametrize(
    ("what", "fault", "reason"),
    [
        ("POST /v1/files", "429", "429"), ("POST /v1/batches", "500", "500"),
        ("POST /v1/batches", "reset", "reset"), ("GET /v1/batches/batch_0", "503", "503"),
    ],
)  # fmt: skip
def test_faults_of_the_wire_pass(what: str, fault: str, reason: str, server: TeacherServer) -> None:
    server.batch.trouble[what], server.words = [fault], KEY
    with pytest.raises(Transient) as caught:
        using(server, finished)
    assert caught.value.reason == reason
    assert using(server, finished)


def test_a_server_that_takes_no_batches_ends_the_run_in_its_own_words(server: TeacherServer) -> None:
    server.batch.trouble["POST /v1/files"], server.words = ["404"], f"no batches here, {KEY}"
    with pytest.raises(Refusal, match="answered 404: no batches here, …"):
        using(server, finished)


# -- collecting


def test_every_answer_comes_back_under_its_name(server: TeacherServer) -> None:
    found = using(server, collected)
    assert {*found} == {*NAMES}
    assert [*found] != NAMES  # the server keeps no order
    for one in JOBS:
        answer = found[one.name]
        assert isinstance(answer, Response)
        assert f"hall {one.request.ordinal}" in answer.text
        assert (answer.finish_reason, answer.model, answer.usage) == ("stop", "m", Usage(100, 10))


@pytest.mark.parametrize(
    ("fate", "kind", "reason"),
    [
        ("expired", Transient, "expired"), ("500", Transient, "500"), ("429", Transient, "429"),
        ("torn", Transient, "bad_body"), ("400", Refusal, "bad line, …"), ("404", Refusal, "bad line, …"),
    ],
)  # fmt: skip
def test_a_line_without_an_answer_says_what_became_of_it(
    fate: str, kind: type[Exception], reason: str, server: TeacherServer
) -> None:
    server.batch.lines = lambda name, body: fate if name in NAMES[:2] else None
    server.words = f"bad line, {KEY}"
    found = using(server, collected)
    assert {*found} == {*NAMES}
    for name in NAMES[:2]:
        assert isinstance(found[name], kind)
        said = found[name].reason if isinstance(found[name], Transient) else str(found[name])
        assert said.endswith(reason)
        assert "planted" not in repr(found[name])
    assert all(isinstance(found[name], Response) for name in NAMES[2:])


@pytest.mark.parametrize("fate", ["missing", "nameless"])
def test_lines_that_name_nobody_are_nobodys(fate: str, server: TeacherServer) -> None:
    server.batch.lines = lambda name, body: fate if name == NAMES[0] else None
    assert {*using(server, collected)} == {*NAMES[1:]}


def test_an_expired_batch_gives_what_was_done(server: TeacherServer) -> None:
    server.batch.statuses = ("in_progress", "expired")
    server.batch.lines = lambda name, body: "expired" if name in NAMES[3:] else None
    found = using(server, collected)
    assert sum(isinstance(one, Response) for one in found.values()) == 3
    assert [found[name].reason for name in NAMES[3:]] == ["expired"] * 3


def test_a_batch_with_no_file_at_all_gives_nothing(server: TeacherServer) -> None:
    server.batch.lines = lambda name, body: "missing"
    assert using(server, collected) == {}


@pytest.mark.parametrize(("fault", "reason"), [("cut", "reset"), ("502", "502")])
def test_a_file_that_does_not_come_through_is_fetched_again(
    fault: str, reason: str, server: TeacherServer
) -> None:
    server.batch.trouble["GET /v1/files/file-1/content"] = [fault]

    async def talk(teacher: Batch) -> dict[str, Any]:
        batch = await finished(teacher)
        with pytest.raises(Transient) as caught:
            await anext(aiter(teacher.results(batch)))
        assert caught.value.reason == reason
        return {name: result async for name, result in teacher.results(batch)}

    assert {*using(server, talk)} == {*NAMES}


def test_a_key_in_an_answer_is_hidden(server: TeacherServer) -> None:
    server.answer = lambda body: f"see {KEY}"
    assert {one.text for one in using(server, collected).values()} == {"see …"}


def test_answers_of_megabytes_come_back_whole(server: TeacherServer) -> None:
    server.answer = lambda body: "x" * 700_000
    assert {len(one.text) for one in using(server, collected).values()} == {700_000}


def test_another_process_collects_what_was_handed_over(server: TeacherServer) -> None:
    name = using(server, finished)

    async def talk(teacher: Batch) -> dict[str, Any]:
        found = await teacher.find("mark", JOBS, SINCE)
        assert found == name
        return {name: result async for name, result in teacher.results(found)}

    assert {*using(server, talk)} == {*NAMES}


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
near_lines = st.fixed_dictionaries({"custom_id": anything | st.just(NAMES[0])}, optional={
    "response": anything | st.fixed_dictionaries({"status_code": anything, "body": anything}),
    "error": anything | st.fixed_dictionaries({"code": anything, "message": anything}),
})  # fmt: skip


@given(st.lists(near_lines | anything, max_size=8))
def test_whatever_a_result_file_holds_it_gives_answers_and_errors(rows: list[Any]) -> None:
    async def main() -> None:
        protocol = OpenAIBatches(settings("http://127.0.0.1:9/v1"))
        for row in rows:
            for line in (json.dumps(row).encode(), json.dumps(row).encode()[:-3]):
                found = protocol.read(line)
                assert found is None or isinstance(found[1], Response | Transient | TeacherError)

    asyncio.run(main())


# -- settings


def test_a_provider_brings_its_address_and_the_name_of_its_key() -> None:
    plain = BatchSettings(model="m")
    assert (plain.address, plain.api_key_env) == ("https://api.openai.com/v1", "OPENAI_API_KEY")
    other = BatchSettings(model="m", provider="anthropic")
    assert (other.address, other.api_key_env) == ("https://api.anthropic.com", "ANTHROPIC_API_KEY")
    assert (other.temperature, other.top_p) == (None, None)
    named = BatchSettings(model="m", provider="anthropic", api_key_env="MINE", temperature=0.5)
    assert (named.api_key_env, named.temperature) == ("MINE", 0.5)


@pytest.mark.parametrize(
    "given",
    [
        {"provider": "azure"}, {"poll_seconds": 0}, {"base_url": "https://u:p@h/v1"},
        {"extra_body": {"n": 2}},
        {"provider": "anthropic", "structured": "json_object"}, {"provider": ["openai"]},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BatchSettings(model="m", **given)


def test_who_is_asked_is_named_without_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    teacher = Batch(settings("http://h/v1/", extra_body={"a": 1}))
    assert (teacher.id, teacher.server) == ("batch:openai:m", "http://h/v1")
    assert teacher.sampling == {"temperature": 0.9, "top_p": 1.0, "max_tokens": 1024, "extra_body": {"a": 1}}
    assert "planted" not in repr(teacher) + repr(teacher.settings) + repr(teacher.sampling)
