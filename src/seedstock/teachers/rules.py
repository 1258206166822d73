"""The embedded rules as a teacher: free, offline, the same answer in every process."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal

from seedstock.errors import TeacherError
from seedstock.example import Example
from seedstock.exchange import Request, Response
from seedstock.rules.noising import noised
from seedstock.rules.swapping import swapped
from seedstock.teachers.base import OnlineTeacher, TeacherSettings


class RulesSettings(TeacherSettings):
    """The rules have nothing to set."""

    kind: Literal["rules"] = "rules"


class Rules(OnlineTeacher):
    """Answers the requests of `swap` and `noise` with a row: `{"input", "output", "reasoning"?}`.

    Where nothing can be changed soundly the answer is an empty text.
    """

    Settings: ClassVar[type[TeacherSettings]] = RulesSettings
    free: ClassVar[bool] = True
    pilots: ClassVar[bool] = False

    def __init__(self, settings: TeacherSettings) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}

    @property
    def id(self) -> str:
        """`rules`."""
        return "rules"

    async def ask(self, request: Request) -> Response:
        """The row. Raises TeacherError for a request that is for a model."""
        if request.rules is None:
            raise TeacherError(f"recipe {request.recipe!r} needs a model: the rules cannot answer it")
        row = _changed(request.rules)
        return Response("" if row is None else _text(row), model=self.id)


def _changed(rules: dict[str, Any]) -> Example | None:
    operation = rules.get("operation")
    if operation == "noise":
        return noised(rules)
    if operation != "swap":
        raise TeacherError(f"the rules know no operation {operation!r}; known: noise, swap")
    found = swapped(rules)
    return None if found is None else found[0]


def _text(row: Example) -> str:
    kept = {key: value for key, value in row.to_json().items() if key in ("input", "output", "reasoning")}
    return json.dumps(kept, ensure_ascii=False)
