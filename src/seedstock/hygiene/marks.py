"""Marks: words of a template, a teacher or a form that have no business in a training row.

Every pattern is tried at bounded places or over bounded runs, so that each text costs time in proportion
to its length, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Field = Literal["input", "turn", "told", "output", "reasoning"]
"""Where a text stands: an input, a turn of user or assistant, what a system or a tool told, …"""

START = 400
"""Characters of a beginning in which a mark that belongs there is looked for."""

_WRITTEN: frozenset[Field] = frozenset({"output", "reasoning"})
_SAID: frozenset[Field] = _WRITTEN | {"input", "turn"}
_ALL: frozenset[Field] = _SAID | {"told"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One kind of mark. `fields` are where it is looked for, `opens` says that it stands at the beginning.

    `needs` are small letters of which a text must have one before the pattern is tried at all. `kind` says
    that seeds with one such mark make all of its kind the task's own, not only the same words.
    """

    code: str
    pattern: re.Pattern[str]
    reason: str
    fields: frozenset[Field] = _SAID
    opens: bool = False
    needs: tuple[str, ...] = ()
    kind: bool = False

    def find(self, text: str, small: str) -> Iterator[re.Match[str]]:
        """Every place of the mark; `small` is the text in small letters."""
        if self.needs and not any(word in small for word in self.needs):
            return
        if not self.opens:
            yield from self.pattern.finditer(text)
        elif found := self.pattern.match(text, 0, START):
            yield found


_CONTROLS = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffd\u202a-\u202e\u2066-\u2069]"
_TOKENS = (
    r"<[|｜][\w▁ ]{1,40}[|｜]>",
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]",
    r"<</?SYS>>",
    r"</s>|\A<s>|</?(?:bos|eos|pad|unk|think|thinking|tool_call)>|<(?:start|end)_of_turn>",
    r"^[^\S\n]*#{2,3} ?(?:Instruction|Response|Human|Assistant|User|System)s?:|^### ?Input:",
)
_ROLE = r"^(?:Human|User|USER|Assistant|ASSISTANT|SYSTEM|<?(?:human|bot|user)>)[ \t]?:"
_FIELD = r"^[^\S\n]*(?:input|output|instruction|response|answer)s?[^\S\n]*:"

_MACHINE = r"(?:ai|artificial intelligence|(?:large )?language model|ai (?:assistant|model))\b"
_NO_PERSON = (
    r"(?! (?:research|engineer|developer|student|expert|specialist|scientist|enthusiast|start-?up|compan"
    r"|consult|professional|ethic|artist|teacher|team))"
)
_ITSELF = (
    rf"\b(?:as|i am|i'm|i’m)(?: just| only)? an? {_MACHINE}{_NO_PERSON}",
    r"\bmy (?:knowledge cutoff|training data)\b",
    r"\bi (?:do not|don't|don’t|cannot|can't) (?:have|hold|express|possess) (?:any )?personal"
    r" (?:opinion|belief|feeling|experience|preference)s?\b",
    r"\bi (?:was|am) (?:trained|developed|created) by (?:openai|anthropic|google|meta|alibaba)\b",
)
_ITS_WORDS = ("an ai", "language model", "artificial intelligence", "my ", "personal", "ed by ")

_CANNOT = (
    r"(?:can't|can’t|cannot|can not|couldn't|could not|won't|will not|am unable to|am not able to"
    r"|must (?:respectfully )?decline to)"
)
_SERVICE = (
    r"(?:you\b|instructions?|information|advice|guidance|assistance|content|answers?|suggestions?|responses?"
    r"|a (?:response|list|definition|solution|justification|helpful|process|straightforward|reason|plan|valid"
    r"|practical|good)|an answer|reasons|any )"
)
_SERVE = (
    r"(?:assist|help (?:you|with)|fulfil+|comply|satisfy your|engage in|encourage|condone"
    r"|(?:suggest|encourage|recommend|support|promote|condone) or"
    rf"|provide\b|(?:offer|give|suggest|generate|create|write)(?: or \w+)? {_SERVICE}"
    r"|(?:respond|answer) (?:to )?(?:that|this|your))"
)
_SORRY = r"(?:(?:i'm|i’m|i am|we're|we are) (?:\w+ )?sorry|sorry|i apologi[sz]e|apologies|unfortunately)"
_APOLOGY = rf"\W{{0,3}}{_SORRY},?(?: but)?,? (?:i|we) {_CANNOT} (?:\w+ )?{_SERVE}"
_REFUSALS = (
    rf"\W{{0,3}}(?:no, )?(?:(?:i|we) {_CANNOT}|(?:i'm|i’m|we're) (?:un|not )able to) (?:\w+ )?{_SERVE}",
    r"\W{0,3}(?:i apologi[sz]e, but )?it(?:'s| is) not (?:appropriate|ethical)(?: or \w+)? (?:for me )?to\b",
    r"\W{0,3}i (?:do not|don't) think it(?:'s| is) (?:appropriate|ethical)",
)
_REFUSES = "the teacher refuses instead of answering"

_BLANKS = (
    r"\[(?:your|insert|enter|add) [\w ,'/-]{1,40}\]",
    r"\[(?:company|customer|first|last|full|recipient|sender)?[ _]?"
    r"(?:name|date|address|city|company|title|position|phone(?: number)?|email(?: address)?)\]",
    r"<(?:insert|your|enter) [\w ,'/-]{1,40}>|<no(?:in|out)put>",
    r"\{(?:your|customer|first|last|company|user)_name\}",
    r"\blorem ipsum\b|\bTODO: (?:add|fill|write|insert)\b",
)
_NOTHING = r"\s*(?:n/?a|tbd|\[output\]|\.{2,5}|…|-{2,5}|_{2,20}|no ?(?:in|out)put)\s*\Z"


def _any(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(patterns), flags)


MARKS = (
    Mark(
        "bad_characters", _any(_CONTROLS, flags=0),
        "control characters (those that turn the direction of writing among them) or broken Unicode", _ALL,
    ),
    Mark(
        "template_token", _any(*_TOKENS, flags=re.MULTILINE), "a chat template's token leaked into the text",
        _ALL, needs=("<", "[", "#"),
    ),
    Mark(
        "role_marker", _any(_ROLE, flags=re.MULTILINE),
        "a turn of a dialogue begins in the text: an answer that went on as somebody else",
        needs=("human", "user", "assistant", "system", "bot"),
    ),
    Mark(
        "field_marker", _any(_FIELD, flags=re.IGNORECASE | re.MULTILINE),
        "a field name of the prompt stands in the text: the answer was cut at the wrong place",
        needs=("input", "output", "instruction", "response", "answer"),
    ),
    Mark(
        "assistant_boilerplate", _any(*_ITSELF), "the teacher speaks of itself", needs=_ITS_WORDS, kind=True
    ),
    Mark(
        "refusal", _any(_APOLOGY), _REFUSES, opens=True, needs=("sorry", "apolog", "unfortunately"), kind=True
    ),
    Mark("refusal", _any(*_REFUSALS), _REFUSES, _WRITTEN, opens=True, kind=True),
    Mark(
        "placeholder", _any(*_BLANKS), "a placeholder that nobody has filled in",
        needs=("[", "<", "lorem", "todo", "{"), kind=True,
    ),
    Mark("placeholder", _any(_NOTHING), "a placeholder in the place of a text", opens=True, kind=True),
)  # fmt: skip
"""Looked for in every text of a row, in this order."""


def word(match: re.Match[str]) -> str:
    """What a mark says, as it is compared with the marks of seeds."""
    return match[0].strip().casefold()


def quote(text: str, start: int, end: int, around: int = 30) -> str:
    """A place of a text with some of it on both sides, escaped where it is not printable."""
    part = text[max(0, start - around) : min(end, start + 200) + around]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in part)
