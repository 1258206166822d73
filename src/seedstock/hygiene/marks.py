"""Marks: words of a template, a teacher or a form that have no business in a training row.

Every pattern is tried at bounded places or over bounded runs, so that each text costs time in proportion
to its length, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Field = Literal["input", "output", "reasoning"]
Place = Literal["anywhere", "start", "end"]

START, END = 400, 400
"""Characters of a beginning and of an end in which a mark that belongs there is looked for."""

_WRITTEN = frozenset({"output", "reasoning"})
_ALL = frozenset({"input", "output", "reasoning"})


@dataclass(frozen=True, slots=True)
class Mark:
    """One kind of mark. `fields` are where it is looked for.

    `needs` are small letters of which a text must have one before the pattern is tried at all. `kind` says
    that seeds with one such mark make all of its kind the task's own, not only the same words.
    """

    code: str
    pattern: re.Pattern[str]
    reason: str
    fields: frozenset[str] = _ALL
    place: Place = "anywhere"
    needs: tuple[str, ...] = ()
    kind: bool = False

    def find(self, text: str, small: str) -> Iterator[re.Match[str]]:
        """Every place of the mark; `small` is the text in small letters."""
        if self.needs and not any(word in small for word in self.needs):
            return
        if self.place == "start":
            found = self.pattern.match(text, 0, START)
            if found:
                yield found
        else:
            start = max(0, len(text) - END) if self.place == "end" else 0
            yield from self.pattern.finditer(text, start)


_AI = r"(?:ai|artificial intelligence|(?:large )?language model|ai (?:assistant|model))"
_PEOPLE = (
    r"(?! (?:research|engineer|developer|student|expert|specialist|scientist|enthusiast|start-?up|compan|consult"
    r"|professional|ethic|artist|teacher|team))"
)
_CANNOT = (
    r"(?:can't|can’t|cannot|can not|couldn't|could not|won't|will not|am unable to|am not able to"
    r"|must (?:respectfully )?decline to)"
)
_SERVE = (
    r"(?:assist|help (?:you|with)|(?:suggest|encourage|recommend|support|promote|condone) or|fulfil+|comply|satisfy your|engage in|encourage|condone"
    r"|(?:provide|offer|give|suggest|generate|create|write)(?: or \w+)?"
    r" (?:you\b|instructions?|information|advice|guidance|assistance|content|answers?|suggestions?|responses?|a (?:response|list"
    r"|definition|solution|justification|helpful|process|straightforward|reason|plan|valid|practical|good)"
    r"|an answer|reasons|any )|(?:respond|answer) (?:to )?(?:that|this|your))"
)

MARKS = (
    Mark(
        "bad_characters",
        re.compile(
            "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffd\u202a-\u202e\u2066-\u2069]"
        ),
        "control characters (those that turn the direction of writing among them) or broken Unicode",
    ),
    Mark(
        "template_token",
        re.compile(
            r"<[|｜][\w▁ ]{1,40}[|｜]>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
            r"|<</?SYS>>|</s>|\A<s>|</?(?:bos|eos|pad|unk|think|thinking|tool_call)>|<(?:start|end)_of_turn>"
            r"|^[^\S\n]*#{2,3} ?(?:Instruction|Response|Human|Assistant|User|System)s?:|^### ?Input:",
            re.MULTILINE,
        ),
        "a chat template's token leaked into the text",
        needs=("<", "[", "#"),
    ),
    Mark(
        "role_marker",
        re.compile(r"^(?:Human|User|USER|Assistant|ASSISTANT|SYSTEM|<?(?:human|bot|user)>)[ \t]?:", re.MULTILINE),
        "a turn of a dialogue begins in the text: an answer that went on as somebody else",
        needs=("human", "user", "assistant", "system", "bot"),
    ),
    Mark(
        "field_marker",
        re.compile(
            r"^[^\S\n]*(?:input|output|instruction|response|answer)s?[^\S\n]*:", re.IGNORECASE | re.MULTILINE
        ),
        "a field name of the prompt stands in the text: the answer was cut at the wrong place",
        needs=("input", "output", "instruction", "response", "answer"),
    ),
    Mark(
        "assistant_boilerplate",
        re.compile(
            rf"\b(?:as|i am|i'm|i’m)(?: just| only)? an? {_AI}\b{_PEOPLE}|\bmy (?:knowledge cutoff|training data)\b"
            r"|\bi (?:do not|don't|don’t|cannot|can't) (?:have|hold|express|possess) (?:any )?personal"
            r" (?:opinion|belief|feeling|experience|preference)s?\b"
            r"|\bi (?:was|am) (?:trained|developed|created) by (?:openai|anthropic|google|meta|alibaba)\b",
            re.IGNORECASE,
        ),
        "the teacher speaks of itself",
        needs=("an ai", "language model", "artificial intelligence", "my ", "personal", "trained by", "ed by "),
    ),
    Mark(
        "refusal",
        re.compile(
            rf"\W{{0,3}}(?:(?:i'm|i’m|i am|we're|we are) (?:\w+ )?sorry|sorry|i apologi[sz]e|apologies|unfortunately),?"
            rf"(?: but)?,? (?:i|we) {_CANNOT} (?:\w+ )?{_SERVE}",
            re.IGNORECASE,
        ),
        "the teacher refuses instead of answering",
        place="start",
        needs=("sorry", "apolog", "unfortunately"),
    ),
    Mark(
        "refusal",
        re.compile(
            rf"\W{{0,3}}(?:no, )?(?:(?:i|we) {_CANNOT}|(?:i'm|i’m|we're) (?:un|not )able to) (?:\w+ )?{_SERVE}"
            r"|\W{0,3}it(?:'s| is) not (?:appropriate|ethical)(?: or \w+)? (?:for me )?to\b"
            r"|\W{0,3}i (?:do not|don't) think it(?:'s| is) (?:appropriate|ethical)",
            re.IGNORECASE,
        ),
        "the teacher refuses instead of answering",
        fields=_WRITTEN,
        place="start",
    ),
    Mark(
        "placeholder",
        re.compile(
            r"\[(?:your|insert|enter|add) [\w ,'/-]{1,40}\]|\[(?:company|customer|first|last|full|recipient|sender)?[ _]?"
            r"(?:name|date|address|city|company|title|position|phone(?: number)?|email(?: address)?)\]"
            r"|<(?:insert|your|enter) [\w ,'/-]{1,40}>|<no(?:in|out)put>|\blorem ipsum\b|\bTODO: (?:add|fill|write|insert)\b"
            r"|\{(?:your|customer|first|last|company|user)_name\}",
            re.IGNORECASE,
        ),
        "a placeholder that nobody has filled in",
        needs=("[", "<", "lorem", "todo", "{"),
        kind=True,
    ),
    Mark(
        "placeholder",
        re.compile(r"\s*(?:n/?a|tbd|\[output\]|\.{2,5}|…|-{2,5}|_{2,20}|no ?(?:in|out)put)\s*\Z", re.IGNORECASE),
        "a placeholder in the place of a text",
        place="start",
        kind=True,
    ),
)  # fmt: skip
"""Looked for in every text of a row, in this order."""


def word(match: re.Match[str]) -> str:
    """What a mark says, as it is compared with the marks of seeds."""
    return match[0].strip().casefold()


def quote(text: str, start: int, end: int, around: int = 30) -> str:
    """A place of a text with some of it on both sides, escaped where it is not printable."""
    part = text[max(0, start - around) : min(end, start + 200) + around]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in part)
