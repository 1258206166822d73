"""Prompts as files: a system and a user message with places for what a question is about."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from seedstock.errors import InputError
from seedstock.exchange import Message

FOLDER = Path(__file__).parent / "prompts"
SHARED = "shared"
"""Pieces that several prompts include: `prompts/shared/NAME.txt`."""

_ROLE = re.compile(r"^\[(system|user)\][ \t]*\n", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Prompt:
    """A prompt file: parts headed `[system]` and `[user]`, in Jinja. `path` is where a user's own lies."""

    name: str
    text: str
    path: Path | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the text with everything that it includes."""
        return hashlib.sha256((self.text + _shared_text()).encode()).hexdigest()

    def messages(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages with these values in their places. InputError, with the line, for a broken prompt.

        Values are data: what a model wrote is never read as a template.
        """
        return tuple(Message(role, _rendered(self, part, values)) for role, part in self.parts)

    @cached_property
    def parts(self) -> list[tuple[str, Any]]:
        """Role and compiled template of each part. InputError where the text is no prompt."""
        return _compile(self)


def own_prompt(name: str) -> Prompt:
    """The prompt that comes with a recipe."""
    return Prompt(name, (FOLDER / f"{name}.txt").read_text(encoding="utf-8"))


def read_prompt(name: str, path: Path) -> Prompt:
    """A user's prompt. InputError where it cannot be read or is no prompt."""
    try:
        prompt = Prompt(name, path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"prompt cannot be read: {problem}", path=path) from problem
    _ = prompt.parts  # a mistake in it is told now, not in the middle of a run
    return prompt


def _compile(prompt: Prompt) -> list[tuple[str, Any]]:
    import jinja2

    parts = _ROLE.split(prompt.text)
    if parts[0].strip() or [role for role in parts[1::2] if role == "user"] != ["user"]:
        raise InputError(
            "a prompt has one part headed [user], and before it one headed [system] if it has one",
            path=prompt.path or FOLDER / f"{prompt.name}.txt",
        )
    compiled = []
    for role, text in zip(parts[1::2], parts[2::2], strict=True):
        # Blank lines in front, so that an error names the line of the file.
        before = prompt.text[: prompt.text.index(text)].count("\n")
        try:
            compiled.append((role, _environment().from_string("\n" * before + text)))
        except jinja2.TemplateSyntaxError as problem:
            raise InputError(str(problem.message), path=prompt.path, line=problem.lineno) from problem
    return compiled


def _rendered(prompt: Prompt, part: Any, values: Mapping[str, Any]) -> str:
    import jinja2

    try:
        return _GAPS.sub("\n\n", part.render(values)).strip()
    except (jinja2.TemplateError, TypeError, ValueError) as problem:
        raise InputError(f"prompt {prompt.name}: {problem}", path=prompt.path) from problem


@cache
def _shared_text() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted((FOLDER / SHARED).glob("*.txt")))


@cache
def _environment() -> Any:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # A prompt is no HTML, and a user's prompt may not reach into Python.
    made = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(FOLDER / SHARED), undefined=jinja2.StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return made
