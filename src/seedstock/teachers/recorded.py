"""Reading recordings: a ledger, batch results or completions as JSONL, as answers by question."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seedstock.errors import InputError, SeedstockError
from seedstock.exchange import Message, Request, Response, Usage, custom_id, digest
from seedstock.teachers import chat
from seedstock.teachers.messages import answer as read_message

_SQLITE = b"SQLite format 3\0"
_ANSWERS = ("text", "completion", "response", "answer", "output")
_NO_ANSWER = f"an answer is a text under one of {', '.join(_ANSWERS)}, a chat completion or a batch result"
_NO_QUESTION = (
    "a line must name its question: custom_id, prompt_sha256, messages, prompt, or recipe with parents"
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a line answers: how it names its question, a key equal for equal ones, and what to show of it.

    `parents` are the seeds that it names, if it names any.
    """

    how: str
    key: str
    shown: str
    parents: tuple[str, ...] = ()


@dataclass
class Answers:
    """Answers by question. Of prompts and messages only hashes are kept."""

    path: Path
    failed: int = 0
    _held: dict[str, tuple[Response, int]] = field(default_factory=dict)
    _rounds: dict[str, list[Response]] = field(default_factory=dict)
    _named: Counter[str] = field(default_factory=Counter)
    _shown: dict[str, str] = field(default_factory=dict)
    _parents: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._held) + sum(map(len, self._rounds.values()))

    def add(self, question: Question, response: Response, line: int) -> None:
        """Keep an answer. InputError for a second, different one to the same question."""
        if question.how == "recipe and parents":
            self._rounds.setdefault(question.key, []).append(response)
        elif question.key not in self._held:
            self._held[question.key] = (response, line)
        elif self._held[question.key][0].text != response.text:
            first = self._held[question.key][1]
            problem = f"another answer to the question that line {first} has answered; keep one of the two"
            raise InputError(problem, path=self.path, line=line)
        self._named[question.how] += 1
        self._shown.setdefault(question.how, question.shown)
        self._parents.update(question.parents)

    def renew(self, question: Question, response: Response) -> None:
        """Keep an answer, whatever was held before."""
        self._held.pop(question.key, None)
        self.add(question, response, 0)

    def find(self, request: Request) -> Response | None:
        """The answer to a request, by the most exact name there is; None where it is not held."""
        for key in _keys(request):
            if key in self._held:
                return self._held[key][0]
        rounds = self._rounds.get(_family(request.recipe, request.parents), [])
        turn = request.params.get("seed", 0)
        return rounds[turn] if isinstance(turn, int) and 0 <= turn < len(rounds) else None

    def is_kin(self, request: Request) -> bool:
        """Whether the recording names a parent of the request's: it is of the same seeds."""
        return not self._parents.isdisjoint(request.parents)

    def named(self) -> str:
        """How the recording names its questions, with an example of each way."""
        ways = [f"{how} ({n} times, e.g. {self._shown[how]})" for how, n in self._named.most_common()]
        lost = [f"{self.failed} without an answer"] if self.failed else []
        return ", ".join([*ways, *lost])


def content_sha256(path: Path) -> str:
    """SHA-256 of what a recording holds: a file's bytes, a ledger's answers. InputError: unreadable."""
    if not _is_ledger(path):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    found = hashlib.sha256()
    for row in _ledger_rows(path):
        found.update(digest(row[:5], _text(row[5]), row[6]).encode())
    return found.hexdigest()


def read_recording(path: Path, model: str | None = None) -> Answers:
    """The answers of a ledger or a JSONL file. InputError, with the line, for what is no recording.

    Of a ledger that several teachers have answered, only the answers of `model` are read.
    """
    answers = Answers(path)
    if _is_ledger(path):
        _read_ledger(answers, model)
    else:
        _read_lines(answers, model or "")
    if not len(answers):
        raise InputError(f"holds no answers; {_NO_ANSWER}", path=path)
    return answers


def _keys(request: Request) -> Iterator[str]:
    """The names under which a request may stand in a recording, the most exact first."""
    yield f"custom_id:{request.custom_id}"
    yield f"prompt_sha256:{request.prompt_sha256}"
    yield _conversation([message.to_json() for message in request.messages])
    if not request.messages:
        return
    contents = [message.content for message in request.messages]
    last = next((m.content for m in reversed(request.messages) if m.role == "user"), contents[-1])
    for text in (last, "\n\n".join(contents), "\n".join(contents)):
        yield f"prompt:{digest(text)}"


def _conversation(messages: list[dict[str, str]]) -> str:
    return f"messages:{digest(messages)}"


def _family(recipe: str, parents: Any) -> str:
    return f"parents:{digest(recipe, list(parents))}"


# -- ledgers

_COLUMNS = (
    "CAST(recipe AS TEXT), CAST(cell AS TEXT), CAST(ordinal AS INTEGER), CAST(prompt_sha256 AS TEXT),"
    " CAST(teacher AS TEXT), text, CAST(finish_reason AS TEXT), CAST(model AS TEXT),"
    " CAST(prompt_tokens AS INTEGER), CAST(completion_tokens AS INTEGER), CAST(cached_tokens AS INTEGER)"
)
"""What every version of the ledger has, in types that nothing trips over."""


def _is_ledger(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as problem:
        raise InputError(f"the recording cannot be read: {problem.strerror}", path=path) from problem


def _ledger_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    """The answered requests of a ledger, oldest first, without those that no try has answered."""
    query = (
        f"SELECT {_COLUMNS} FROM requests JOIN responses USING (key)"
        " WHERE finish_reason NOT LIKE 'failed: %' ORDER BY responses.rowid"
    )
    # Without a write-ahead log nobody is writing, and SQLite need not make files beside it to read.
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)) as db:
            yield from db.execute(query)
    except sqlite3.Error as problem:
        raise InputError(f"an SQLite file, but no seedstock ledger: {problem}", path=path) from problem


def _read_ledger(answers: Answers, model: str | None) -> None:
    """A question may have been asked twice with other sampling settings: the newer answer counts."""
    teachers = sorted({str(row[4]) for row in _ledger_rows(answers.path)})
    chosen = [name for name in teachers if model and f":{name}".endswith(f":{model}")]
    by_question: dict[str, str] = {}
    for row in _ledger_rows(answers.path):
        recipe, cell, ordinal, prompt, teacher, text, reason, word, *tokens = row
        if chosen and teacher not in chosen:
            continue
        name = custom_id(recipe, cell, ordinal, prompt)
        if by_question.setdefault(name, teacher) != teacher:
            problem = (
                f"several teachers have answered one question; set model to one of {', '.join(teachers)}"
            )
            raise InputError(problem, path=answers.path)
        response = Response(_text(text), str(reason), str(word or ""), Usage(*tokens))
        answers.renew(Question("custom_id", f"custom_id:{name}", name), response)


def _text(stored: Any) -> str:
    """A ledger keeps an answer with lone surrogates as bytes; what is broken otherwise stays readable."""
    if not isinstance(stored, bytes):
        return str(stored)
    try:
        return stored.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return stored.decode("utf-8", "replace")


# -- JSON Lines


def _read_lines(answers: Answers, model: str) -> None:
    with answers.path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            try:
                _read_line(answers, _parsed(raw), number, model)
            except ValueError as problem:
                raise InputError(str(problem), path=answers.path, line=number) from problem


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as problem:
        raise ValueError("not UTF-8: a recording is JSON Lines or a seedstock ledger") from problem
    except (ValueError, RecursionError) as problem:
        said = getattr(problem, "msg", problem)
        raise ValueError(f"not JSON: {said}; a recording has one JSON object per line") from problem
    if not isinstance(line, dict):
        raise ValueError("not a JSON object; a recording has one JSON object per line")
    return line


def _read_line(answers: Answers, line: dict[str, Any], number: int, model: str) -> None:
    response = _response(line)
    if response is None:
        answers.failed += 1
    else:
        named = response if response.model else replace(response, model=model)
        answers.add(_question(line), named, number)


def _response(line: dict[str, Any]) -> Response | None:
    """The answer in a line; None where a batch's result says that there is none. ValueError: a bad line."""
    result, response = line.get("result"), line.get("response")
    if isinstance(result, dict):
        return _batch_message(result)
    if isinstance(response, dict) or ("custom_id" in line and line.get("error")):
        return _batch_completion(response)
    return _completion(line) if "choices" in line else _plain(line)


def _batch_message(result: dict[str, Any]) -> Response | None:
    """Of a line of Anthropic's batch results."""
    if result.get("type") in ("errored", "expired", "canceled"):
        return None
    try:
        return read_message(result["message"])
    except (KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError(f"a line without an answer: no message in the result; {_NO_ANSWER}") from problem


def _batch_completion(response: Any) -> Response | None:
    """Of a line of OpenAI's batch results, or of a log that keeps the completion under `response`."""
    if not isinstance(response, dict) or response.get("status_code", 200) != 200:
        return None
    return _completion(response.get("body", response))


def _completion(body: Any) -> Response:
    """A chat completion as OpenAI-compatible servers give it."""
    try:
        return chat.completed(body, b"", "")
    except SeedstockError as problem:
        raise ValueError(f"a line without an answer: no chat completion; {_NO_ANSWER}") from problem


def _plain(line: dict[str, Any]) -> Response:
    """A line with its answer under a plain name, or as the last message of a conversation."""
    text = next((line[name] for name in _ANSWERS if isinstance(line.get(name), str)), None)
    messages = line.get("messages")
    if text is None and isinstance(messages, list) and messages and _role(messages[-1]) == "assistant":
        text = messages[-1]["content"]
    if not isinstance(text, str):
        raise ValueError(f"a line without an answer: {_NO_ANSWER}")
    reason, model = chat.word(line.get("finish_reason")), chat.word(line.get("model"))
    return Response(text, reason or "stop", model, chat.usage(line.get("usage")))


def _question(line: dict[str, Any]) -> Question:
    """What a line answers, by the most exact name it gives. Raises ValueError where it gives none."""
    for how in ("custom_id", "prompt_sha256"):
        if isinstance(line.get(how), str) and line[how]:
            return Question(how, f"{how}:{line[how]}", line[how][:80])
    if "messages" in line:
        asked = _asked(line["messages"])
        return Question("messages", _conversation(asked), repr(asked[-1]["content"][:80]))
    if isinstance(line.get("prompt"), str):
        return Question("prompt", f"prompt:{digest(line['prompt'])}", repr(line["prompt"][:80]))
    recipe, parents = line.get("recipe"), line.get("parents")
    if not isinstance(recipe, str) or not isinstance(parents, list) or not parents:
        raise ValueError(_NO_QUESTION)
    if not all(isinstance(parent, str) for parent in parents):
        raise ValueError(f"{_NO_QUESTION} (a list of the ids of seeds)")
    shown = f"{recipe} of {', '.join(parents[:3])}"
    return Question("recipe and parents", _family(recipe, parents), shown, tuple(parents))


def _asked(messages: Any) -> list[dict[str, str]]:
    """The messages of a line without the answer at their end."""
    if not isinstance(messages, list) or not all(_role(message) for message in messages):
        raise ValueError('messages is a list of {"role": …, "content": …}, both of them texts')
    asked = [Message(m["role"], m["content"]).to_json() for m in messages]
    if asked and asked[-1]["role"] == "assistant":
        asked.pop()
    if not asked:
        raise ValueError(f"{_NO_QUESTION}; there is nothing asked in messages")
    return asked


def _role(message: Any) -> str:
    """The role of a well-formed message; empty for anything else."""
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        return ""
    role = message.get("role")
    return role if isinstance(role, str) else ""
