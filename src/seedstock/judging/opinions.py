"""What a judge's answer says: a verdict and a quote for each criterion, and the score that follows.

score = 1 + 4 × (weight of the criteria passed / weight of all); at most 2 where a blocking criterion is not
passed, 1 where the row is disqualified. A criterion is passed only where the quote stands in the row: a judge
that makes up its evidence may have made up its verdict.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from seedstock.example import Example
from seedstock.exchange import Response
from seedstock.jsoncheck.leaves import all_leaves
from seedstock.judgement import Finding, Opinion
from seedstock.line import FAILED
from seedstock.reading import read_json
from seedstock.rubric import Criterion, Rubric

BLOCKED, DISQUALIFIED = 2.0, 1.0
"""Highest score of a row that fails a blocking criterion, and score of one that is disqualified."""

_NAMES = ("criterion", "name", "id", "number")
_QUOTES = ("quote", "evidence", "span", "quoted")
_VERDICTS = ("verdict", "result", "passed", "pass", "answer", "decision")
_PASS = frozenset("pass passed passes yes true met ok 1".split())
_FAIL = frozenset("fail failed fails no false unmet 0".split()) | {"not met"}
_GAP = re.compile(r"\[?\.{3,}\]?|\[?…\]?")
_ESCAPED = re.compile(r"\\[nrt]|\\u[0-9a-fA-F]{4}")
_WORD = re.compile(r"[^\W_]+")
_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: Thai, Lao, Japanese, Chinese."""
_WHOLE_WORDS_UNDER = 8
"""Characters under which a quote must consist of whole words: a letter stands everywhere."""


def opinion(
    judge: str, response: Response, row: Example, order: Sequence[Criterion], rubric: Rubric
) -> Opinion:
    """What a judge says of a row; `order` is the order in which it was asked. Never raises."""
    if response.finish_reason.startswith(FAILED):
        return Opinion(judge, None, problem=f"the judge gave no answer: {response.finish_reason}")
    try:
        value = read_json(response.text, response.finish_reason).value
    except ValueError as problem:
        return Opinion(judge, None, problem=f"the judge's answer cannot be read: {problem}")
    said = _by_criterion(value, order)
    if not said:
        return Opinion(judge, None, problem="the judge's answer speaks of none of the criteria")
    words = [_words(text) for text in _texts(row)]
    found = {criterion.name: _finding(criterion, said.get(criterion.name, []), words) for criterion in order}
    findings = tuple(found[criterion.name] for criterion in rubric.criteria)
    lost = tuple(c.name for c in rubric.criteria if c.blocking and found[c.name].state != "pass")
    gone = tuple(_disqualified(value, rubric.disqualifies))
    return Opinion(judge, score(rubric, findings, gone), findings, lost, gone)


def score(rubric: Rubric, findings: Sequence[Finding], disqualified: Sequence[str]) -> float:
    """The score from 1 to 5, as the head of this file has it; to four digits."""
    if disqualified:
        return DISQUALIFIED
    passed = {finding.criterion for finding in findings if finding.state == "pass"}
    weight = sum(c.weight for c in rubric.criteria)
    share = sum(c.weight for c in rubric.criteria if c.name in passed) / weight
    blocked = any(c.blocking and c.name not in passed for c in rubric.criteria)
    whole = round(1 + 4 * share, 4)
    return min(whole, BLOCKED) if blocked else whole


def _stands(quote: str, texts: Sequence[str]) -> bool:
    """Whether the words of a quote stand in one of the texts, one after the other.

    Case, punctuation, white space and escapes do not count; what an ellipsis leaves out may lie between.
    """
    parts = [part for part in map(_words, _GAP.split(quote)) if part.strip()]
    return bool(parts) and all(any(_holds(text, part) for text in texts) for part in parts)


def _holds(text: str, part: str) -> bool:
    inside = len(part) - 2 >= _WHOLE_WORDS_UNDER or _NO_SPACES.search(part)
    return part in text or (bool(inside) and part.strip() in text)


def _words(text: str) -> str:
    """A text's words, folded, each between single spaces."""
    folded = unicodedata.normalize("NFKC", _ESCAPED.sub(" ", text)).casefold()
    return f" {' '.join(_WORD.findall(folded))} "


def _texts(row: Example) -> Iterator[str]:
    yield row.input_text
    yield row.output_text
    yield row.reasoning or ""
    yield " ".join(str(leaf) for _, leaf in all_leaves(row.output) if leaf is not None)


# ---- the answer, however it is laid out


def _finding(criterion: Criterion, items: Sequence[Any], words: Sequence[str]) -> Finding:
    verdicts = {_verdict(item) for item in items}
    if len(verdicts) != 1 or None in verdicts:
        return Finding(criterion.name, "missing", criterion.fails)
    item = items[0] if isinstance(items[0], dict) else {}
    quote = str(_first(item, _QUOTES) or "")
    why = str(item.get("why") or item.get("reason") or "")
    state: Literal["pass", "fail", "unsupported"] = "pass" if verdicts == {True} else "fail"
    if state == "pass" and not _stands(quote, words):
        state = "unsupported"
    told = criterion.passes if state == "pass" else criterion.fails
    return Finding(criterion.name, state, told, quote, why)


def _by_criterion(value: Any, order: Sequence[Criterion]) -> dict[str, list[Any]]:
    """What an answer says, by name of the criterion: a list of items, or a mapping by name or number."""
    held = value.get("criteria", value) if isinstance(value, dict) else value
    names = {criterion.name.casefold(): criterion.name for criterion in order}
    names |= {str(i): criterion.name for i, criterion in enumerate(order, 1)}
    found: dict[str, list[Any]] = {}
    if isinstance(held, dict):
        pairs = list(held.items())
    elif isinstance(held, list):
        items = [item for item in held if isinstance(item, dict)]
        pairs = [(_first(item, _NAMES), item) for item in items]
        if len(items) == len(order) and all(name is None for name, _ in pairs):
            pairs = [(criterion.name, item) for criterion, item in zip(order, items, strict=True)]
    else:
        return {}
    for name, item in pairs:
        if (known := names.get(str(name).strip().casefold())) is not None:
            found.setdefault(known, []).append(item)
    return found


def _first(item: dict[str, Any], keys: Sequence[str]) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _verdict(item: Any) -> bool | None:
    said = _first(item, _VERDICTS) if isinstance(item, dict) else item
    word = str(said).strip(" .!\"'").casefold()
    return True if word in _PASS else False if word in _FAIL else None


def _disqualified(value: Any, rules: Sequence[str]) -> Iterator[str]:
    """The rules that an answer names, by number or in their own words."""
    named = value.get("disqualified") if isinstance(value, dict) else None
    for one in named if isinstance(named, list) else [named]:
        said = _first(one, ("rule", "number", "which")) if isinstance(one, dict) else one
        if isinstance(said, bool) or said is None:
            continue
        word = str(said).strip()
        for i, rule in enumerate(rules, 1):
            if word == str(i) or word.casefold() == rule.casefold():
                yield rule
