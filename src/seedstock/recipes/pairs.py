"""Pairs of input and output: how a prompt shows them, how an answer is asked for, and how it is read."""

from __future__ import annotations

import json
from typing import Any

from seedstock.brief import Brief
from seedstock.example import Example
from seedstock.exchange import Message

TURN: dict[str, Any] = {
    "type": "object",
    "properties": {"role": {"enum": ["system", "user", "assistant"]}, "content": {"type": "string"}},
    "required": ["role", "content"],
    "additionalProperties": False,
}


def shown(example: Example) -> str:
    """A real example as a line of JSON, in the form in which new ones are asked for."""
    given = example.input if isinstance(example.input, str) else [m.to_json() for m in example.input]
    pair: dict[str, Any] = {"input": given, "output": _parsed(example.output)}
    if example.reasoning:
        pair = {"input": given, "reasoning": example.reasoning, "output": pair["output"]}
    return json.dumps(pair, ensure_ascii=False)


def input_shape(brief: Brief) -> str:
    """How an input looks in the answer that is asked for."""
    return '[{"role": "user", "content": "..."}]' if brief.chat else '"..."'


def output_shape(brief: Brief) -> str:
    """How an output looks in the answer that is asked for."""
    return "{...}" if brief.schema and brief.schema.get("type", "object") == "object" else '"..."'


def answer_schema(brief: Brief) -> dict[str, Any]:
    """The JSON Schema of a list of examples, the task's own schema inside."""
    output, definitions = output_schema(brief)
    given: dict[str, Any] = {"type": "array", "items": TURN} if brief.chat else {"type": "string"}
    parts = {"input": given, **({"reasoning": {"type": "string"}} if brief.thinks else {}), "output": output}
    return listed("examples", parts, definitions)


def listed(name: str, parts: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with one list of objects that have all of these parts and no others."""
    item = {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    made: dict[str, Any] = {
        "type": "object", "properties": {name: {"type": "array", "items": item}}, "required": [name],
        "additionalProperties": False,
    }  # fmt: skip
    return made | ({"$defs": definitions} if definitions else {})


def output_schema(brief: Brief) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of one output, and the definitions that it refers to, which stand at the answer's root."""
    if brief.labels:
        return {"enum": list(brief.labels)}, {}
    if brief.schema is None:
        return {"type": "string"}, {}
    own = {k: v for k, v in brief.schema.items() if k not in ("$schema", "$id", "$defs", "title")}
    if '"$ref": "#"' in json.dumps(own):
        return {}, {}  # it refers to itself as a whole, and here it is a part
    return own, dict(brief.schema.get("$defs", {}))


def is_pair(item: Any) -> bool:
    """Whether an item has an input and an output."""
    return isinstance(item, dict) and "input" in item and "output" in item


def example_of(item: dict[str, Any], *, as_text: bool, thinks: bool) -> Example:
    """The example that a pair is. What is wrong with its parts, the gates say."""
    given, output = item["input"], item["output"]
    if isinstance(given, list) and all(_is_turn(turn) for turn in given) and given:
        asked: Any = tuple(Message(turn["role"], turn["content"]) for turn in given)
    else:
        asked = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    if as_text and not isinstance(output, str):
        output = json.dumps(output, ensure_ascii=False)
    reasoning = item.get("reasoning") if thinks else None
    return Example("", asked, output, reasoning if isinstance(reasoning, str) else None)


def _is_turn(turn: Any) -> bool:
    return (
        isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)
    )


def _parsed(output: Any) -> Any:
    """JSON that a seed holds as text, as JSON: it is asked for as JSON too."""
    if isinstance(output, str) and output.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(output)
        except ValueError:
            return output
    return output
