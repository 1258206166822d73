"""ask.py: order, retries, limits, the breaker, and what a stop leaves behind."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from scripted import Scripted, asker, questions, teacher
from seedstock.ask import Asker
from seedstock.errors import TeacherError
from seedstock.exchange import Request, Response
from seedstock.ledger import Ledger
from seedstock.line import FAILED
from seedstock.spending import Budget
from seedstock.teachers.base import Price, TeacherSettings, Transient


def test_answers_come_in_the_order_of_the_requests_whatever_the_order_of_arrival(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: 0.5 - n / 20, concurrency=8) as door:
        found = list(door.answers(questions(8)))
    assert teacher(door).answered == list(range(7, -1, -1))
    assert [(q.ordinal, r.text) for q, r in found] == [(n, f"answer {n}") for n in range(8)]
    assert teacher(door).closed


def test_an_answer_is_in_the_ledger_before_anybody_sees_it(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: 0.0) as door:
        for request, response in door.answers(questions(20)):
            assert door.recorded([request]) == {door.key(request): response}


def test_what_is_recorded_is_not_asked_again(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: 0.0) as door:
        first = list(door.answers(questions(6)))
    with asker(ledger, lambda n, k: 0.0) as door:
        again = list(door.answers(questions(9)))
    assert again[:6] == first
    assert sorted(n for n, _ in teacher(door).calls) == [6, 7, 8]
    assert door.counts.sent == 3


def test_no_more_than_the_limit_is_under_way(ledger: Ledger) -> None:
    under_way, most = 0, 0

    class Counting(Scripted):
        async def ask(self, request: Request) -> Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            try:
                return await super().ask(request)
            finally:
                under_way -= 1

    settings = TeacherSettings(concurrency=3)
    with Asker(Counting(settings, lambda n, k: 0.005), settings, ledger) as door:
        list(door.answers(questions(20)))
    assert most == 3


def test_a_fault_is_tried_again_and_not_sooner_than_the_server_asked(ledger: Ledger) -> None:
    busy = Transient("429", "slow down", retry_after=0.2)
    with asker(ledger, lambda n, k: busy if n == 1 and k < 2 else 0.0) as door:
        found = list(door.answers(questions(3)))
    assert [response.text for _, response in found] == ["answer 0", "answer 1, try 2", "answer 2"]
    tries = [at for n, at in teacher(door).calls if n == 1]
    assert len(tries) == 3
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(tries))
    assert door.counts.to_json() == {"sent": 3, "answered": 3, "retried": 2, "failed": 0, "hedged": 0}
    assert door.counts.faults == {"429": 2} == ledger.faults()


def test_a_request_that_uses_up_its_tries_is_recorded_as_failed_and_the_others_go_on(ledger: Ledger) -> None:
    def behaviour(n: int, k: int) -> float | Exception:
        return Transient("500", "broken") if n == 2 else 0.0

    with asker(ledger, behaviour, max_attempts=2) as door:
        found = list(door.answers(questions(6)))
    assert [r.finish_reason for _, r in found if r.finish_reason != "stop"] == [FAILED + "500"]
    assert door.counts.to_json() == {"sent": 6, "answered": 5, "retried": 1, "failed": 1, "hedged": 0}


def test_a_teacher_that_says_no_ends_it_and_what_was_answered_is_kept(ledger: Ledger) -> None:
    def behaviour(n: int, k: int) -> float | Exception:
        return TeacherError("no such model") if n == 7 else 0.01

    with asker(ledger, behaviour) as door, pytest.raises(TeacherError, match="no such model"):
        list(door.answers(questions(50)))
    assert len(teacher(door).calls) < 20
    kept = ledger.answers([door.key(q) for q in questions(50)])
    assert len(kept) == len(teacher(door).answered) >= 6


def test_many_faults_in_a_row_mean_that_nobody_is_there(ledger: Ledger) -> None:
    dead = Transient("connection", "cannot connect")
    with (
        asker(ledger, lambda n, k: dead, patience=2) as door,
        pytest.raises(TeacherError, match="cannot connect"),
    ):
        list(door.answers(questions(100)))
    assert len(teacher(door).calls) < 40
    assert ledger.answers([door.key(q) for q in questions(100)]) == {}


def test_faults_between_answers_never_open_the_breaker(ledger: Ledger) -> None:
    def behaviour(n: int, k: int) -> float | Exception:
        return Transient("500", "broken") if k == 0 and n % 2 else 0.0

    with asker(ledger, behaviour, concurrency=2) as door:
        assert len(list(door.answers(questions(24)))) == 24
    assert door.counts.faults == {"500": 12}


def test_a_quota_that_is_used_up_is_the_teachers_failure_and_not_the_requests(ledger: Ledger) -> None:
    spent = Transient("429", "quota exceeded", retry_after=0.0)
    with (
        asker(ledger, lambda n, k: spent, max_attempts=2, patience=2) as door,
        pytest.raises(TeacherError, match="quota exceeded"),
    ):
        list(door.answers(questions(10)))
    assert ledger.answers([door.key(q) for q in questions(10)]) == {}


def interrupt(door: Asker, n: int) -> None:
    """Ask, and stop at the first answer as Ctrl-C does."""
    with door:
        next(door.answers(questions(n)))
        raise KeyboardInterrupt


def test_what_is_under_way_when_the_consumer_stops_is_recorded(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        door = asker(ledger, lambda n, k: 0.1)
        with pytest.raises(KeyboardInterrupt):
            interrupt(door, 40)
    asked = {n for n, _ in teacher(door).calls}
    assert 4 < len(asked) <= 12
    assert set(teacher(door).answered) == asked
    with Ledger(tmp_path / "ledger.db") as ledger:
        assert len(ledger.answers([door.key(q) for q in questions(40)])) == len(asked)


def test_a_stop_does_not_wait_for_tries_that_have_not_begun(ledger: Ledger) -> None:
    busy = Transient("429", "tomorrow", retry_after=3600.0)
    door = asker(ledger, lambda n, k: busy if n else 0.0)
    with pytest.raises(KeyboardInterrupt):
        interrupt(door, 4)
    assert len(ledger.answers([door.key(q) for q in questions(4)])) == 1  # and not an hour later


def test_a_bug_in_a_teacher_is_not_swallowed(ledger: Ledger) -> None:
    with asker(ledger, lambda n, k: ZeroDivisionError("oops")) as door, pytest.raises(ZeroDivisionError):
        list(door.answers(questions(3)))


def test_cost_is_tokens_times_price_and_unknown_without_one(ledger: Ledger) -> None:
    (request,) = questions(1)
    for price, cost in ((Price(input=2, output=20), 0.0004), (None, None)):
        settings = TeacherSettings(price=price)
        other = Request("paraphrase", str(price), 0, request.messages)
        with Asker(Scripted(settings), settings, ledger) as door:
            list(door.answers([other]))
        asked = ledger.asked(door.key(other))
        assert asked is not None
        assert asked.cost == cost


def test_two_lines_with_one_budget_wait_for_each_other(ledger: Ledger) -> None:
    """What one has set aside comes back in the other's thread: nobody else would wake the one that waits."""
    price = Price(input=0, output=100_000)  # an answer costs 1, and 1.5 is set aside for it
    budget = Budget(2.6, price=price, longest_answer=15)
    settings = TeacherSettings(concurrency=1, price=price)
    slow, quick = (Scripted(settings, lambda n, k, s=s: s) for s in (0.3, 0.0))  # type: ignore[misc]
    with (
        Asker(slow, settings, ledger, budget=budget) as one,
        Asker(quick, settings, ledger, budget=budget) as other,
    ):
        first = one.answers(questions(1))
        while not one.counts.sent:
            time.sleep(0.001)
        [(_, answer)] = other.answers(questions(2)[1:])
        assert (next(first)[1].text, answer.text) == ("answer 0", "answer 1")
