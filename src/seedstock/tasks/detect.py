"""Which kind of output a set of examples has, and what kind of task that suggests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seedstock import registry
from seedstock.errors import InputError
from seedstock.example import Example, is_call
from seedstock.jsoncheck.leaves import read_json
from seedstock.tasks.base import Output
from seedstock.tasks.infer import infer_schema
from seedstock.tasks.json_schema import leaves


def detect_output(examples: Sequence[Example]) -> tuple[str, Any]:
    """Name and config value of the first kind of output that all examples have; InputError if none.

    Outputs that call tools are held against the tools, and say nothing of the answers beside them.
    """
    answers = [example.output for example in examples if not is_call(example.output)]
    outputs = answers or [example.output for example in examples]
    for name in registry.names("task"):
        value = registry.load("task", name).detect(outputs)
        if value is not None:
            return name, value
    kinds = sorted({type(output).__name__ for output in outputs})
    raise InputError(f"the outputs are of mixed kinds ({', '.join(kinds)}): say what is valid in task.output")


def make_output(name: str, value: Any, folder: Path = Path()) -> Output:
    """An output kind from a detected value."""
    kind = registry.load("task", name)
    checked = (
        kind.Value(**value) if isinstance(value, dict) and hasattr(kind.Value, "model_fields") else value
    )
    made: Output = kind(checked, folder)
    return made


def detect_kind(name: str, examples: Sequence[Example]) -> str:
    """The task's kind: labels are classification, JSON out of the input's words is extraction, and so on."""
    known = {"labels": "classification", "answer": "reasoning", "sql": "sql", "python": "code"}
    if name in known:
        return known[name]
    if any(not isinstance(e.input, str) for e in examples):
        return "conversation"
    if name == "json_schema":
        return "extraction" if _grounded(examples) >= 0.5 else "transformation"
    return "instruction" if name == "text" else "transformation"


def _grounded(examples: Sequence[Example]) -> float:
    """The share of values in the outputs that stand in their input; judgements (enums) do not count."""
    judged = set(_enums(infer_schema([read_json(e.output) for e in examples])))
    pairs = [
        (leaf, e.input_text) for e in examples for leaf in leaves(read_json(e.output)) if leaf not in judged
    ]
    return sum(leaf in text for leaf, text in pairs) / len(pairs) if pairs else 0.0


def _enums(schema: Any) -> Iterator[str]:
    """Every value of every enum in a schema."""
    if isinstance(schema, dict):
        yield from schema.get("enum", ())
        for inner in schema.values():
            yield from _enums(inner)
