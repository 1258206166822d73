"""Answers made elsewhere, replayed without a network: a ledger, batch results, or completions as JSONL."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from seedstock.errors import TeacherError
from seedstock.exchange import Request, Response
from seedstock.teachers.base import OnlineTeacher, TeacherSettings
from seedstock.teachers.recorded import Answers, content_sha256, read_recording

NOT_HELD = "failed: not in the recording"
"""Finish reason of a question that the recording does not answer: counted as one that was never answered."""
FIRST_QUESTIONS = 50
"""Not one of so many held: the recording is of something else."""


class RecordingSettings(TeacherSettings):
    """Where the recording is. What kind of file it is, its content tells."""

    kind: Literal["recording"] = "recording"
    path: Path = Field(description="a ledger of another project, batch results or completions as JSONL")
    model: str | None = Field(
        None, description="who wrote the answers, for provenance; default: the file's name"
    )
    licence: str | None = Field(None, description="licence of the answers, for the card")


class Recording(OnlineTeacher):
    """Looks every question up. One that is not held is answered `failed: not in the recording`.

    Where none of the first 50 is held, and none of them shares a parent with what the recording
    names, TeacherError says what the recording does answer.
    """

    Settings: ClassVar[type[TeacherSettings]] = RecordingSettings
    free: ClassVar[bool] = True
    pilots: ClassVar[bool] = False

    def __init__(self, settings: RecordingSettings) -> None:
        self.settings = settings
        self.findings: dict[str, str] = {}
        self._related = False
        self._missed = 0

    @property
    def id(self) -> str:
        """Who wrote the answers."""
        return f"recording:{self.settings.model or self.settings.path.stem}"

    @cached_property
    def sampling(self) -> dict[str, Any]:
        """The file's content: another recording, and this one when it has grown, is asked anew."""
        return {"recording": content_sha256(self.settings.path)}

    @cached_property
    def _answers(self) -> Answers:
        return read_recording(self.settings.path, self.settings.model)

    def prepare(self) -> None:
        """Read the file: a line that cannot be used is told before anything is asked."""
        self._answers  # noqa: B018

    async def ask(self, request: Request) -> Response:
        """The recorded answer. InputError: the file is no recording. TeacherError: it is another one's."""
        found = self._answers.find(request)
        if found is not None:
            self._related = True
            return found
        self._missed += 1
        # A run that is resumed asks only what is left: kin of what it was answered before, and not held.
        self._related = self._related or self._answers.is_kin(request)
        if not self._related and self._missed == FIRST_QUESTIONS:
            raise TeacherError(self._complaint(request))
        return Response("", NOT_HELD)

    def _complaint(self, request: Request) -> str:
        asked = f"recipe {request.recipe!r}, parents {list(request.parents)}, custom_id {request.custom_id}"
        return (
            f"{self.settings.path}: the recording answers other questions: none of the first"
            f" {FIRST_QUESTIONS} is in it. It names {self._answers.named()}; asked was {asked}"
        )
