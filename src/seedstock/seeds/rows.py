"""One row as an Example: what the columns mean, and what is missing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from seedstock.example import UNREAD, Example, Source, is_call
from seedstock.exchange import Message, digest
from seedstock.seeds.chat import BadMessages, is_chat, read_messages, read_tools, simplest, with_texts
from seedstock.seeds.fields import Fields

Kind = Literal["real", "synthetic"]


@dataclass(frozen=True, slots=True)
class Content:
    """Input and output as far as they could be read, and the first thing wrong with them."""

    input: str | tuple[Message, ...] | None = None
    output: Any = None
    problem: str | None = None
    tools: tuple[dict[str, Any], ...] = ()
    unread: bool = False


def read_content(raw: dict[str, Any], fields: Fields) -> Content:
    """Input and output of a row. What is wrong is said, never raised."""
    try:
        content = _chat(raw, fields) if fields.messages else _pair(raw, fields)
        chat = fields.messages or isinstance(content.input, tuple) or is_call(content.output)
        return replace(content, tools=read_tools(raw.get("tools"))) if chat else content
    except BadMessages as problem:
        return Content(problem=str(problem), unread=True)


def _chat(raw: dict[str, Any], fields: Fields) -> Content:
    given = raw.get(fields.messages or "")
    return _divided((*_system(raw, fields), *read_messages(given)))


def _pair(raw: dict[str, Any], fields: Fields) -> Content:
    given, output = raw.get(fields.input or ""), raw.get(fields.output or "")
    if fields.instruction is not None:
        given = _instructed(raw.get(fields.instruction), given)
    turns = read_messages(given) if is_chat(given) else _spoken(given)
    if is_chat(output) and (is_chat(given) or fields.output == "completion"):
        return _divided((*_system(raw, fields), *turns, *read_messages(output)))
    problem = None if turns else f"it has no {fields.input or fields.instruction!r} (the input)"
    if output is None:
        problem = problem or f"it has no {fields.output!r} (the output)"
    return Content(simplest((*_system(raw, fields), *turns)) if turns else None, output, problem)


def _divided(turns: tuple[Message, ...]) -> Content:
    *before, last = turns
    if last.role != "assistant":
        return Content(
            simplest(turns), None, f"its last message is from {last.role!r}, not from the assistant"
        )
    asked = any(message.role == "user" for message in before)
    answer = {k: v for k, v in last.to_json().items() if k != "role"} if last.tool_calls else last.content
    return Content(simplest(before), answer, None if asked else "it has no user message before the answer")


def _spoken(given: Any) -> tuple[Message, ...]:
    return () if given is None else (Message("user", _text(given)),)


def _system(raw: dict[str, Any], fields: Fields) -> tuple[Message, ...]:
    prompt = raw.get(fields.system) if fields.system else None
    return (Message("system", _text(prompt)),) if prompt else ()


def _instructed(instruction: Any, given: Any) -> Any:
    """The alpaca way, unless the input begins with the instruction and so is complete already."""
    if instruction in (None, "") or given in (None, ""):
        return given if instruction in (None, "") else instruction
    before, after = _text(instruction), _text(given)
    rest = after[len(before) :]
    if after.startswith(before) and not rest[:1].isalnum():
        return after
    return f"{before}\n\n{after}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def own_id(raw: dict[str, Any]) -> str | None:
    """The row's own id as text; None where it has none that could be one."""
    given = raw.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    return str(given) if str(given).strip() else None


def read_source(raw: dict[str, Any], kind: Kind) -> Source | None:
    """The row's provenance, if it has one; None where it claims to and it cannot be read."""
    given: Any = raw.get("source")
    if not _is_provenance(given):
        return Source(kind=kind)
    texts = [given.get(key) for key in ("recipe", "teacher", "prompt_sha256", "run")]
    numbers = [given.get(key) for key in ("fold", "depth")]
    lists = [given.get(key) for key in ("parents", "cross_fold")]
    usable = (
        all(value is None or isinstance(value, str) for value in texts)
        and all(value is None or type(value) is int for value in numbers)
        and all(value is None or isinstance(value, list) for value in lists)
    )
    return Source.from_json(given) if usable else None


def row_problem(raw: dict[str, Any], content: Content, kind: Kind) -> str | None:
    """Why a row cannot be a seed; None where it can."""
    if content.problem is not None:
        return content.problem
    if isinstance(raw.get("id"), bool | list | dict):
        return "its id must be text or a number"
    if read_source(raw, kind) is None:
        return "its `source` has a field of the wrong type"
    return None


def build_example(
    raw: dict[str, Any], content: Content, fields: Fields, kind: Kind, origin: tuple[str, int]
) -> Example:
    """The row as an Example; what is missing is "". `origin` is file name and line, for a derived id."""
    used = fields.columns().values()
    spare = {name: value for name, value in raw.items() if name not in used}
    if content.tools:
        del spare["tools"]
    source = read_source(spare, kind)
    unread = {UNREAD: content.problem} if content.unread else {}
    example = Example(
        id=own_id(raw) or "",
        input="" if content.input is None else content.input,
        output="" if content.output is None else content.output,
        reasoning=_reasoning(spare.get("reasoning")),
        meta=_meta(spare, keeps_source=source is None or not _is_provenance(spare.get("source"))) | unread,
        source=source or Source(kind=kind),
        tools=content.tools,
    )
    return example if example.id else replace(example, id="r" + digest(example.content_id, *origin)[:16])


def _is_provenance(source: Any) -> bool:
    return isinstance(source, dict) and source.get("kind") in ("real", "synthetic")


def _reasoning(value: Any) -> str | None:
    return None if value in (None, "") else _text(value)


def _meta(spare: dict[str, Any], keeps_source: bool) -> dict[str, Any]:
    """The columns without a meaning. A `meta` that this package wrote is unpacked, not nested again."""
    meant = {"id", "reasoning"} if keeps_source else {"id", "reasoning", "source"}
    given = spare.get("meta")
    if given is None or isinstance(given, dict):
        meant.add("meta")
    return {
        **(given if isinstance(given, dict) else {}),
        **{name: value for name, value in spare.items() if name not in meant},
    }


def rewritten(raw: dict[str, Any], fields: Fields, before: Example, after: Example) -> dict[str, Any]:
    """`raw` with the texts in which `after` differs from `before`, each in the column that it was read from.

    The names of the repairs stand in the row's `source`, where it has one that this package writes, and in
    a column `repairs` otherwise.
    """
    out = dict(raw)
    turns = [after.input] if isinstance(after.input, str) else [turn.content for turn in after.input]
    if fields.messages:
        out[fields.messages] = with_texts(raw[fields.messages], [*turns, after.output])
    else:
        turns = _write_output(out, fields.output or "", turns, before, after)
        if after.input != before.input:
            _write_input(out, fields, turns)
    if after.reasoning != before.reasoning:
        out["reasoning"] = after.reasoning
    repairs = list(after.source.repairs)
    if _is_provenance(raw.get("source")):
        out["source"] = {**raw["source"], "repairs": list(dict.fromkeys([*before.source.repairs, *repairs]))}
    else:
        out["repairs"] = repairs
    return out


def _write_output(
    out: dict[str, Any], column: str, turns: list[str], before: Example, after: Example
) -> list[str]:
    """Write the output; gives the turns that stand in the other columns."""
    if is_chat(out.get(column)) and not isinstance(before.output, list):
        every = [*turns, after.output]
        n = len(out[column])
        out[column] = with_texts(out[column], every[-n:])
        return every[:-n]
    if after.output != before.output:
        out[column] = after.output
    return turns


def _write_input(out: dict[str, Any], fields: Fields, turns: list[str]) -> None:
    asked = fields.input or ""
    if is_chat(out.get(asked)):
        out[asked] = with_texts(out[asked], turns)
    elif fields.instruction is None:
        out[asked] = turns[-1]
    else:
        _write_instructed(out, fields.instruction, asked, turns[-1])


def _write_instructed(out: dict[str, Any], instruction: str, asked: str, text: str) -> None:
    """Divide a text between instruction and input as it was divided, or put it into the instruction whole."""
    before = out.get(instruction)
    if isinstance(before, str) and before and out.get(asked) and text.startswith(f"{before}\n\n"):
        rest = text[len(before) + 2 :]
        out[asked] = text if _text(out[asked]).startswith(before) else rest
        return
    out[instruction] = text
    if out.get(asked):
        out[asked] = ""
