"""A teacher's recorded answers, in the place of the door to it: nobody is asked, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from seedstock.ask import identity_of
from seedstock.exchange import Request, Response
from seedstock.ledger import Ledger
from seedstock.teachers.base import Teacher


class Replayed:
    """What a ledger holds of a teacher's answers; `ledger` gives None where there is none yet."""

    def __init__(self, teacher: Teacher, ledger: Callable[[], Ledger | None]) -> None:
        self.teacher = teacher
        self._ledger = ledger
        self._identity = identity_of(teacher)

    def key(self, request: Request) -> str:
        """As `Asker.key`."""
        return request.key(self._identity)

    def recorded(self, requests: Sequence[Request]) -> dict[str, Response]:
        """As `Asker.recorded`."""
        ledger = self._ledger()
        return {} if ledger is None else ledger.answers([self.key(request) for request in requests])

    def answers(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Response]]:
        """As `Asker.answers`, for requests whose answers are all recorded."""
        known = self.recorded(requests)
        return iter([(request, known[self.key(request)]) for request in requests])
