"""Slips: forms of a text that can be put right without a person, each with its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seedstock.hygiene import wrapping, writing
from seedstock.hygiene.marks import Field


@dataclass(frozen=True, slots=True)
class Slip:
    """One form, and the repair that takes it away.

    `own_from` is the share of seeds with this form from which it is the task's own and stays. A wrong
    spelling that a few seeds share is no custom; a form that says something is, as soon as one seed has it.
    """

    repair: str
    code: str
    reason: str
    fix: Callable[[str], str]
    fields: frozenset[Field]
    own_from: float = 0.0


_ALL: frozenset[Field] = frozenset({"input", "turn", "output", "reasoning"})
_INPUT: frozenset[Field] = frozenset({"input"})
_OUTPUT: frozenset[Field] = frozenset({"output"})
_SPOKEN: frozenset[Field] = frozenset({"input", "turn", "output"})

WRITING = (
    Slip(
        "drop_invisible", "hidden_characters",
        "characters that nobody sees: zero-width spaces or hidden tags", writing.drop_invisible, _ALL, 0.5,
    ),
    Slip(
        "fix_mojibake", "mojibake", "letters that were read in the wrong encoding", writing.fix_mojibake,
        _ALL, 0.5,
    ),
    Slip(
        "unescape_unicode", "escaped_text", "characters written as escapes (\\u2019)",
        writing.unescape_unicode, _ALL, 0.5,
    ),
    Slip(
        "unescape_html", "escaped_text", "characters written as HTML entities (&amp;)", writing.unescape_html,
        _ALL, 0.5,
    ),
)  # fmt: skip
WRAPPING = (
    Slip(
        "strip_preamble", "preamble", "an announcement stands before what was asked for",
        wrapping.strip_preamble, _INPUT,
    ),
    Slip(
        "strip_preamble", "preamble", "an announcement stands before the answer",
        wrapping.strip_answer_preamble, _OUTPUT,
    ),
    Slip(
        "strip_list_number", "list_number", "the number or bullet of a list stands before the text",
        wrapping.strip_list_number, _INPUT,
    ),
    Slip(
        "strip_field_name", "field_marker", "the name of a field stands before the input",
        wrapping.strip_field_name, _INPUT,
    ),
    Slip(
        "strip_fence", "fenced", "a Markdown fence stands around the whole output", wrapping.strip_fence,
        _OUTPUT,
    ),
    Slip(
        "strip_quotes", "stray_quotes", "quotes stand around the whole text", wrapping.strip_quotes, _SPOKEN,
        0.5,
    ),
    Slip(
        "strip_chatter", "trailing_chatter", "an assistant's closing words stand at the end",
        wrapping.strip_chatter, _OUTPUT,
    ),
)  # fmt: skip
SLIPS = (*WRITING, *WRAPPING)
"""In the order in which they are put right: one may uncover the next."""
