"""Example: the one record that every part speaks, and its way to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from seedstock.exchange import Message, digest

UNREAD = "unreadable"
"""Key in `meta` of a row whose conversation could not be read: why. Its input is empty then."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an example comes from. Real rows have depth 0 and no parents.

    `cross_fold` names parents of another fold than the row's own: such a row is left out of
    cross-fitting. `run` is the run that made the row. `cell` and `attributes` are what the row was asked
    to be, written down when it was asked for; `needs_review` marks rows of generating recipes. `repairs`
    names what the gates put right in it.
    """

    kind: Literal["real", "synthetic"] = "real"
    recipe: str | None = None
    parents: tuple[str, ...] = ()
    teacher: str | None = None
    prompt_sha256: str | None = None
    fold: int | None = None
    depth: int = 0
    run: str | None = None
    cross_fold: tuple[str, ...] = ()
    cell: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    needs_review: bool = False
    repairs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All keys of design.md, in its order; the others only where there is something to say."""
        out: dict[str, Any] = {
            "kind": self.kind, "recipe": self.recipe, "parents": list(self.parents), "teacher": self.teacher,
            "prompt_sha256": self.prompt_sha256, "fold": self.fold, "depth": self.depth, "run": self.run,
        }  # fmt: skip
        more = {
            "cross_fold": list(self.cross_fold), "cell": self.cell, "attributes": dict(self.attributes),
            "needs_review": self.needs_review, "repairs": list(self.repairs),
        }  # fmt: skip
        return out | {name: value for name, value in more.items() if value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Source:
        """The inverse of `to_json`; keys it does not know are ignored."""
        return cls(
            kind=data.get("kind", "synthetic"), recipe=data.get("recipe"),
            parents=tuple(map(str, data.get("parents") or ())), teacher=data.get("teacher"),
            prompt_sha256=data.get("prompt_sha256"), fold=data.get("fold"), depth=int(data.get("depth") or 0),
            run=data.get("run"), cross_fold=tuple(map(str, data.get("cross_fold") or ())),
            cell=data.get("cell"), attributes=_texts(data.get("attributes")),
            needs_review=bool(data.get("needs_review")),
            repairs=tuple(map(str, data.get("repairs") or ())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One training item: an input (text or chat messages) and an output (text or JSON).

    `meta` holds the fields of the file that have no meaning here; they are kept, and read only where the
    config names one. `rejected` are worse answers to the same input, `{"output", "reasoning"?}` each, for
    preference training. `tools` are the functions that a conversation may call, as OpenAI's chats declare
    them; an output that is itself a call is `{"content", "tool_calls"}`.
    """

    id: str
    input: str | tuple[Message, ...]
    output: Any
    reasoning: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    source: Source = Source()
    rejected: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()

    @property
    def input_text(self) -> str:
        """The input as one text: a conversation without its system prompt, turn after turn."""
        if isinstance(self.input, str):
            return self.input
        return "\n".join(m.text for m in self.input if m.role != "system")

    @property
    def output_text(self) -> str:
        """The output as a trainer sees it: text as it is, JSON values as JSON."""
        return written(self.output)

    @property
    def content_id(self) -> str:
        """Hash of input, output and reasoning (32 hex digits): equal content, equal id."""
        declared = [list(self.tools)] if self.tools else []
        return digest(_input_json(self.input), self.output, self.reasoning, *declared)[:32]

    def with_source(self, **changes: Any) -> Example:
        """A copy whose source has these fields changed."""
        return replace(self, source=replace(self.source, **changes))

    def to_json(self) -> dict[str, Any]:
        """The row on disk: id, input, output, source; reasoning, rejected, tools, meta where there are."""
        out: dict[str, Any] = {"id": self.id, "input": _input_json(self.input), "output": self.output}
        if self.reasoning is not None:
            out["reasoning"] = self.reasoning
        if self.rejected:
            out["rejected"] = list(self.rejected)
        if self.tools:
            out["tools"] = list(self.tools)
        if self.meta:
            out["meta"] = self.meta
        return out | {"source": self.source.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Example:
        """The inverse of `to_json`, for rows this package wrote. Files of others: `seeds.readers`."""
        given = data["input"]
        return cls(
            id=data["id"],
            input=given if isinstance(given, str) else tuple(map(Message.from_json, given)),
            output=data["output"], reasoning=data.get("reasoning"), meta=data.get("meta", {}),
            source=Source.from_json(data["source"]), rejected=tuple(data.get("rejected", ())),
            tools=tuple(data.get("tools", ())),
        )  # fmt: skip


def is_call(output: Any) -> bool:
    """Whether an output is no answer but a call of tools: `{"content", "tool_calls"}`."""
    return (
        isinstance(output, dict)
        and bool(output.get("tool_calls"))
        and output.keys() <= {"content", "tool_calls"}
    )


def written(output: Any) -> str:
    """An output as text: text as it is, JSON values as JSON."""
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def _texts(given: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}


def _input_json(given: str | tuple[Message, ...]) -> Any:
    return given if isinstance(given, str) else [m.to_json() for m in given]
