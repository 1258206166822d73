"""Other forms of the same JSON value, and back: what an output may be turned into without losing anything."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import yaml

from seedstock.example import Example

OUTPUT_FORM, ASKED_FOR = "output_form", "asked_for"
"""Attributes of a row whose output was put into another form, and the sentence that asks for that."""


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write a JSON value. `write(read(text))` is the text, `read(write(value))` the value."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000).rstrip("\n")


def _csv(value: Any) -> str:
    rows = value if isinstance(value, list) else [value]
    if not rows or any(not isinstance(row, dict) or row.keys() != rows[0].keys() for row in rows):
        raise ValueError("only objects with the same keys make a table")
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(rows[0])
    table.writerows([json.dumps(row[key], ensure_ascii=False) for key in rows[0]] for row in rows)
    return out.getvalue().rstrip("\n")


def _from_csv(text: str) -> Any:
    rows = [{k: json.loads(v) for k, v in row.items()} for row in csv.DictReader(io.StringIO(text))]
    return rows[0] if len(rows) == 1 else rows


FORMS = {
    "compact": Form(lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":")), json.loads),
    "indented": Form(lambda v: json.dumps(v, ensure_ascii=False, indent=2), json.loads),
    "sorted": Form(lambda v: json.dumps(v, ensure_ascii=False, sort_keys=True), json.loads),
    "yaml": Form(_yaml, yaml.safe_load),
    "csv": Form(_csv, _from_csv),
}

UNREADABLE = (
    yaml.YAMLError, csv.Error, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError,
)  # fmt: skip
"""What readers and writers raise besides ValueError: YAML's on tags that do not fit, JSON's on depth."""


def rewritten(output: Any, form: str) -> str:
    """A JSON output, or one held as JSON text, in another form. Raises ValueError where it cannot be."""
    try:
        value = json.loads(output) if isinstance(output, str) else output
        text = FORMS[form].write(value)
        # Compared as JSON: in Python 0, 0.0 and False are equal.
        if json.dumps(restored(text, form), sort_keys=True) != json.dumps(value, sort_keys=True):
            raise ValueError(f"as {form} it would lose something")
    except UNREADABLE as problem:
        raise ValueError(f"no {form}: {problem}") from problem
    return text


def restored(text: str, form: str) -> Any:
    """The JSON value that stands in a form. Raises ValueError where the text is not of it."""
    try:
        return FORMS[form].read(text)
    except UNREADABLE as problem:
        raise ValueError(f"no {form}: {problem}") from problem


def in_form(row: Example, form: str, sentence: str) -> Example:
    """A row with its output in another form, and the sentence that asks for it behind its input.

    Raises ValueError where the output has no such form.
    """
    row = replace(row, input=f"{row.input_text}\n{sentence}", output=rewritten(row.output, form))
    return row.with_source(attributes={OUTPUT_FORM: form, ASKED_FOR: sentence})


def as_it_was(row: Example) -> Example:
    """A row without what `in_form` did to it. Raises ValueError where its output is not of that form."""
    form, sentence = (row.source.attributes.get(key) for key in (OUTPUT_FORM, ASKED_FOR))
    if form is None or sentence is None:
        return row
    asked = row.input_text.removesuffix(f"\n{sentence}")
    return replace(row, input=asked, output=restored(row.output_text, form))
