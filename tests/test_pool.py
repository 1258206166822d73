"""pool.py through ask.py: limits, deadlines, walls, money and memory against teachers with a script."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from scripted import Scripted, asker, questions, simulate, teacher
from seedstock.ask import CHUNK, LEAST_AHEAD, Asker
from seedstock.errors import TeacherError
from seedstock.exchange import Request, Response, Usage
from seedstock.ledger import Ledger
from seedstock.line import FAILED, OutOfMoney
from seedstock.pool import NEVER_REACHED
from seedstock.spending import Budget
from seedstock.teachers.base import Price, TeacherSettings, Transient


def reasons(found: list[tuple[Request, Response]]) -> dict[int, str]:
    """Finish reasons other than `stop`, by request."""
    return {q.ordinal: r.finish_reason for q, r in found if r.finish_reason != "stop"}


# -- limits


def test_requests_a_minute_are_kept(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: 0.0, requests_per_minute=1200) as door:
        list(door.answers(questions(12)))
    times = [at for _, at in teacher(door).calls]
    assert times[-1] - times[0] >= 11 * 60 / 1200 - 0.005


def test_tokens_a_minute_are_kept() -> None:
    """An answer is 110 tokens, so 110 a tenth of a second are ten answers a second."""
    _, kept = simulate(lambda n, k: 0.0, [60], n=500, tokens_per_minute=66_000)
    times = [at for _, at in kept.got]
    assert len(times) == 500
    assert 45 <= times[-1] - times[0] <= 55


def test_a_server_that_asks_everybody_to_wait_is_left_alone() -> None:
    asked: list[float] = []

    def behaviour(n: int, k: int) -> float | Response:
        asked.append(asyncio.get_running_loop().time())
        return Response("full up", usage=Usage(100, 10), hold=60.0) if n == 0 else 1.0

    notes, kept = simulate(behaviour, [5.0, 100.0], n=6, concurrency=2)
    assert notes[0].startswith("waiting 55 s: the server's rate limit")
    assert [at < 60 for at in asked] == [True, True, False, False, False, False]
    assert len(kept.got) == 6


# -- deadlines


def test_a_request_past_its_deadline_is_failed_and_the_others_are_answered(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: 3600.0 if n == 3 else 0.01, request_deadline=2) as door:
        found = list(door.answers(questions(10)))
        assert teacher(door).under_way == 0
    assert reasons(found) == {3: FAILED + "timeout"}
    assert door.counts.failed == 1
    kept = ledger.answers([door.key(q) for q in questions(10)])
    assert [r.finish_reason for r in kept.values()].count(FAILED + "timeout") == 1


def test_a_deadline_is_kept_to_the_second() -> None:
    _, kept = simulate(lambda n, k: 3600.0 if n == 3 else 1.0, [60], n=10, request_deadline=20)
    assert kept.failed == {3: "timeout"}
    assert dict(kept.got)[3] == pytest.approx(20, abs=0.1)


def test_the_total_deadline_ends_it_and_what_was_answered_is_kept(ledger: Ledger) -> None:
    with (
        asker(ledger, lambda n, k: 0.05, concurrency=2, total_deadline=1.5) as door,
        pytest.raises(TeacherError, match="total deadline"),
    ):
        list(door.answers(questions(5000)))
    asked = len(teacher(door).calls)
    assert 1 <= asked <= 70
    assert len(ledger.answers([door.key(q) for q in questions(5000)])) == asked


def test_the_total_deadline_comes_when_it_was_set() -> None:
    _, kept = simulate(lambda n, k: 1.0, [60], n=500, concurrency=2, total_deadline=30)
    assert "total deadline" in str(kept.ends[0])
    assert kept.ended_at == pytest.approx(30)
    assert 55 <= len(kept.got) <= 62


def test_a_slow_try_is_overtaken_by_a_second_one(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: 3600.0 if (n, k) == (2, 0) else 0.0, hedge_after=1.0) as door:
        found = list(door.answers(questions(5)))
    assert found[2][1].text == "answer 2, try 1"
    assert [r.text for _, r in found if "try 1" in r.text] == ["answer 2, try 1"]
    assert door.counts.hedged == 1
    assert door.counts.to_json() == {"sent": 5, "answered": 5, "retried": 0, "failed": 0, "hedged": 1}
    assert len(ledger.answers([door.key(q) for q in questions(5)])) == 5


# -- walls


def test_a_server_that_asks_for_more_patience_than_there_is_ends_it(ledger: Ledger) -> None:
    busy = Transient("429", "come back tomorrow", retry_after=3600.0)
    with (
        asker(ledger, lambda n, k: busy, patience=2) as door,
        pytest.raises(TeacherError, match=r"asks to wait 3600 s.*come back tomorrow"),
    ):
        list(door.answers(questions(40)))
    assert len(teacher(door).calls) <= 8
    assert ledger.answers([door.key(q) for q in questions(40)]) == {}


def test_a_wall_is_survived_without_a_failed_request_and_with_few_tries() -> None:
    """Answers, then two minutes of 503 for everybody, then answers again."""

    def behaviour(n: int, k: int) -> float | Exception:
        wall = 10 < asyncio.get_running_loop().time() < 130
        return Transient("503", "overloaded") if wall else 1.0

    _, kept = simulate(behaviour, [600], n=3000, concurrency=32, max_attempts=2, patience=300)
    assert (kept.failed, kept.ends, len(kept.got)) == ({}, [], 3000)
    assert 5 <= kept.counts.faults["503"] <= 32 + 40
    assert kept.asked == 3000 + kept.counts.faults["503"]


def strayed(every: int) -> float:
    """Seconds that 3000 questions take at 64 at once where one of `every` is refused at once; 0: none."""

    def behaviour(n: int, k: int) -> float | Exception:
        return Transient("429", "not now") if every and n % every == 7 and not k else 1.0

    notes, kept = simulate(behaviour, [5.0, 10.0, 20.0, 30.0, 400.0], n=3000, concurrency=64)
    assert not [note for note in notes if note.startswith("waiting")]
    assert kept.counts.faults.get("429", 0) == (3000 // every if every else 0)
    assert (kept.failed, len(kept.got)) == ({}, 3000)
    return max(at for _, at in kept.got)


def test_stray_refusals_cost_little() -> None:
    assert strayed(20) < 1.15 * strayed(0)


# -- money

PRICE = Price(input=10, output=100)
COST = (100 * 10 + 10 * 100) / 1e6


def test_money_is_never_overspent_and_what_it_bought_is_there(ledger: Ledger) -> None:
    settings = TeacherSettings(price=PRICE, concurrency=8)
    limit = 40 * COST
    with Asker(
        Scripted(settings, lambda n, k: 0.005),
        settings, ledger, budget=Budget(limit, 0.0, PRICE, longest_answer=20),
    ) as door:  # fmt: skip
        found: list[int] = []
        with pytest.raises(OutOfMoney):
            found.extend(q.ordinal for q, _ in door.answers(questions(200)))
    kept = ledger.answers([door.key(q) for q in questions(200)])
    paid = ledger.paid()
    assert paid == pytest.approx(len(kept) * COST)
    assert paid <= limit
    assert found == list(range(len(kept)))
    assert 30 <= len(kept) <= 40


def test_a_try_that_failed_is_not_paid(ledger: Ledger) -> None:
    """Money for one worst case at a time, and every first try fails: all are answered nevertheless."""
    settings = TeacherSettings(price=PRICE, concurrency=4)
    purse = Budget(0.012, 0.0, PRICE, longest_answer=10)
    broken = Transient("500", "broken")
    with Asker(Scripted(settings, lambda n, k: 0.0 if k else broken), settings, ledger, budget=purse) as door:
        assert len(list(door.answers(questions(4)))) == 4
    assert purse.spent == pytest.approx(4 * COST) == ledger.paid()


# -- memory, notes, findings


def record(ledger: Ledger, door: Asker, asked: list[Request]) -> None:
    for request in asked:
        saved = ledger.record_answer(
            door.key(request), request, "scripted", {}, Response(f"kept {request.ordinal}"), 0.0, None
        )
    saved.result()


def test_requests_are_drawn_a_bounded_number_ahead(ledger: Ledger) -> None:
    many, drawn = questions(20_000), 0

    def drawing() -> Iterator[Request]:
        nonlocal drawn
        for request in many:
            drawn += 1
            yield request

    door = asker(ledger, lambda n, k: TeacherError("asked what is recorded"))
    record(ledger, door, many)
    with door:
        most, got = 0, 0
        answers = door.answers(drawing())
        assert drawn <= LEAST_AHEAD + CHUNK
        for _, response in answers:
            assert response.text == f"kept {got}"
            got += 1
            most = max(most, drawn - got)
    assert (got, drawn) == (20_000, 20_000)
    assert most <= LEAST_AHEAD + CHUNK
    assert teacher(door).calls == []


def test_a_person_who_waits_is_told_that_the_server_is_busy() -> None:
    def behaviour(n: int, k: int) -> float | Exception:
        busy = Transient("503", "overloaded", retry_after=15)
        return busy if asyncio.get_running_loop().time() < 5 else 0.0

    notes, kept = simulate(behaviour, [3.0, 300.0], n=20, concurrency=8)
    assert notes[0].startswith("waiting ")
    assert notes[0].endswith(": 503: overloaded")
    assert (kept.failed, len(kept.got)) == ({}, 20)


def test_a_person_who_waits_is_never_told_that_nothing_is_asked() -> None:
    """Between two looks at a server that is away, nothing is under way for a moment."""
    busy = Transient("503", "overloaded")
    notes, _ = simulate(lambda n, k: busy, [at / 20 for at in range(20, 1000)], concurrency=8, patience=60)
    assert {note.split()[0] for note in notes} <= {"waiting", "no", "about", "1"}
    assert any(note == "about to ask again, last: 503: overloaded" for note in notes)


def test_what_a_teacher_finds_out_is_recorded_and_told_to_the_next(ledger: Ledger) -> None:
    class Learning(Scripted):
        async def ask(self, request: Request) -> Response:
            if request.ordinal == 3:
                self.findings["structured"] = "json_object"
            return await super().ask(request)

    settings = TeacherSettings()
    with Asker(Learning(settings, lambda n, k: 0.0), settings, ledger) as door:
        assert door.teacher.findings == {}
        list(door.answers(questions(5)))
    assert ledger.findings("scripted", "") == {"structured": "json_object"}
    with asker(ledger, lambda n, k: 0.0) as door:
        assert door.teacher.findings == {"structured": "json_object"}


def test_a_person_who_waits_is_told_for_how_long_nothing_came() -> None:
    notes, _ = simulate(lambda n, k: 30.0, [4, 9, 20, 31], concurrency=4)
    assert notes == ["4 at once", "no answer for 9 s", "no answer for 20 s", "4 at once"]


def test_a_dead_server_is_given_the_patience_asked_for_and_little_more() -> None:
    busy = Transient("503", "overloaded")
    _, kept = simulate(lambda n, k: busy, [118], patience=119)
    assert kept.ends == []
    _, kept = simulate(lambda n, k: busy, [200], patience=119)
    assert [type(problem) for problem in kept.ends] == [TeacherError]
    assert "does not answer" in str(kept.ends[0])


@pytest.mark.parametrize("chance", range(20))
def test_an_address_that_nobody_ever_answered_from_is_given_up_soon(chance: int) -> None:
    random.seed(chance)
    refused = Transient("connection", "refused")
    _, kept = simulate(lambda n, k: refused, [60], patience=120)
    assert "does not answer" in str(kept.ends[0])
    assert NEVER_REACHED < kept.ended_at < NEVER_REACHED + 0.5


@pytest.mark.parametrize("chance", range(20))
def test_a_server_that_went_away_is_given_its_patience_and_not_a_pause_more(chance: int) -> None:
    random.seed(chance)

    def behaviour(n: int, k: int) -> float | Exception:
        there = asyncio.get_running_loop().time() < 10
        return 1.0 if there else Transient("connection", "refused")

    _, kept = simulate(behaviour, [400], n=3000, concurrency=8, patience=60)
    assert "does not answer" in str(kept.ends[0])
    assert 70 <= kept.ended_at < 71.5


def test_requests_a_minute_are_kept_over_many_minutes() -> None:
    _, kept = simulate(lambda n, k: 1.0, [599], n=300, requests_per_minute=20)
    assert len(kept.got) == 200
    asked = [at - 1.0 for _, at in kept.got]
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(asked, asked[20:], strict=False))


@pytest.mark.parametrize("begins", [0.0, 5.0])
def test_a_wall_longer_than_a_requests_deadline_fails_no_request(begins: float) -> None:
    def behaviour(n: int, k: int) -> float | Exception:
        there = not begins <= asyncio.get_running_loop().time() < begins + 30
        return 0.1 if there else Transient("503", "overloaded")

    _, kept = simulate(behaviour, [300], n=1000, request_deadline=10, patience=120, concurrency=16)
    assert kept.ends == []
    assert kept.failed == {}
    assert len(kept.got) == 1000


def test_second_tries_are_in_the_budget_of_a_minute() -> None:
    asked: list[float] = []

    def behaviour(n: int, k: int) -> float:
        asked.append(asyncio.get_running_loop().time())
        return 8.0

    simulate(behaviour, [300], n=5, requests_per_minute=60, hedge_after=2.0)
    assert len(asked) > 5
    assert all(later - earlier >= 1 - 1e-6 for earlier, later in pairwise(asked))


def test_a_try_that_is_given_up_is_not_left_running_where_slow_ones_are_asked_twice() -> None:
    _, kept = simulate(lambda n, k: 3600.0 if n == 3 else 0.1, [60], n=8, request_deadline=20, hedge_after=5)
    assert kept.failed == {3: "timeout"}
    assert kept.counts.hedged == 1
    assert kept.left_running == 0


def test_money_for_a_question_asked_twice_is_counted_twice(ledger: Ledger) -> None:
    """Every question is asked twice, and a server bills what it was asked."""
    settings = TeacherSettings(price=PRICE, concurrency=8, hedge_after=0.02)
    purse = Budget(40 * COST, 0.0, PRICE, longest_answer=20)
    with (
        Asker(Scripted(settings, lambda n, k: 0.06), settings, ledger, budget=purse) as door,
        pytest.raises(OutOfMoney),
    ):
        list(door.answers(questions(200)))
    assert len(teacher(door).calls) * COST <= 40 * COST
