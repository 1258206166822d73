"""Negations: removed so that the statement says the opposite, or put where there was none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from facts.cover import put

APOS = r"(?:'|’|\\u2019)"
PRONOUN = r"(?:i|you|he|she|it|we|they|there|this|that)"
AUX = "is|are|was|were|am|be|been|will|would|should|could|can|may|might|must|has|have|had|do|does|did"
NT = "is|are|was|were|would|should|could|has|have|had|does|did|do|ca|wo"
FULL = {"ca": "can", "wo": "will"}
PAST = {
    "make": "made", "get": "got", "see": "saw", "cook": "cooked", "tweet": "tweeted", "like": "liked",
    "use": "used", "operate": "operated",
    "arrive": "arrived", "perform": "performed", "hear": "heard", "know": "knew",
    "receive": "received", "find": "found", "go": "went", "rely": "relied", "rule": "ruled", "say": "said",
    "take": "took", "come": "came", "have": "had", "want": "wanted", "work": "worked",
}  # fmt: skip
NO_MORE = r"(?! (?:only|just|to mention|because|sure|bad|too|yet)\b)(?!-)(?![^.?!]*\bnor\b)"
IDIOM = re.compile(
    r"ca ?n?(?:'|’|\\u2019)?t (?:wait|help|stop|believe)|may or may not|no way (?:i|we|you|he|she)\b"
    r"|\bno (?:idea|wonder|matter|doubt|problem|worries|doubts|limit|such|means|rush)\b"
    r"|\b(?:yes|or|output|and|for|than|answer) (?:no|not)\b|whether or not|not only|\bor don(?:'|’)t"
    r"|\bno\b[.,:;!?]|\bnot\b[.,;!?]|Dr\. No|Doctor No|without (?:a doubt|fail|question)"
    r"|why (?:don|not|doesn|didn|isn|aren)",
    re.I,
)
TAG = re.compile(rf",? (?:{AUX})n{APOS}?t {PRONOUN} ?(?:\?|$)", re.I)
ASKED = re.compile(rf"(?:^|[.?!:\n] *[\"“]?)(?:{AUX}|ca|wo)n?{APOS}?t {PRONOUN}\b", re.I)


@dataclass(frozen=True, slots=True)
class Change:
    """One way to harm a text: what it becomes and what was done."""

    text: str
    form: str
    note: str


VERB = rf"(?!(?:only|just|really|quite|always|necessarily|to|a|the|much|{PRONOUN})\b)[a-z]+\b"
_Rule = tuple[str, str, Callable[[re.Match[str]], str]]


def _dont(match: re.Match[str]) -> str:
    """`do not` goes; `does not` and `did not` put their verb into the form that says the same."""
    aux, verb = match[1].lower(), match["verb"]
    if aux == "do":
        return verb
    if aux == "does":
        return (
            "has" if verb == "have" else verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "o")) else "s")
        )
    return PAST.get(verb, f"did {verb}")


def _aux(match: re.Match[str]) -> str:
    aux = FULL.get(match[1].lower(), match[1])
    return aux.capitalize() if match[1][:1].isupper() else aux


_AFTER_NO = {
    "price": "a",
    "way": "a",
    "association": "an",
    "hope": "a",
    "sign": "a",
    "crossbar": "a",
    "chance": "a",
    "good": "",
}


def _article(match: re.Match[str]) -> str:
    """What stands instead of `no` before a noun."""
    return f"{_AFTER_NO.get(match['word'], 'some')} {match['word']}".lstrip()


_RULES: list[_Rule] = [
    ("do not", rf"\b(do|does|did) not (?:even )?(?P<verb>{VERB})", _dont),
    ("don't", rf"\b(do|does|did)n{APOS}?t (?:even )?(?P<verb>{VERB})", _dont),
    ("not yet", rf"\b({AUX}) not yet\b", lambda m: f"{m[1]} already"),
    ("aux not", rf"\b({AUX}|{PRONOUN}{APOS}(?:s|m|re|ve|ll)|\w+{APOS}s) not\b{NO_MORE}", lambda m: m[1]),
    ("cannot", r"\b(can)(?:not| not)\b", lambda m: m[1]),
    ("n't", rf"\b({NT}) ?n{APOS}t\b{NO_MORE}", _aux),
    ("cant", r"\b(can|won)t(?= [a-z])", lambda m: {"can": "can", "won": "will"}[m[1]]),
    ("but not", r"\bbut not (?=[a-z])", lambda _: "and "),
    ("not", r"^Not (?=[a-z]+ing\b)", lambda _: ""),
    ("never", r"\bnever (?=[a-z])", lambda _: ""),
    ("no longer", r"\bno longer\b", lambda _: "still"),
    ("no than", r"\bno (?=(?:earlier|later|more|less|fewer|better) than\b)", lambda _: ""),
    ("no one", r"\b([Nn])o one\b", lambda m: "Someone" if m[1] == "N" else "someone"),
    ("no", r"\bno (?!longer|one\b|earlier|later|more|less|fewer|better)(?P<word>[A-Za-z-]+)", _article),
    ("No", r"\bNo (?!one\b)(?=[a-z]+s\b)", lambda _: "Some "),
    ("without", r"\bwithout any\b", lambda _: "with some"),
    ("without", r"\bwithout (?=(?:a|an|the|his|her|their|my|your)\b)", lambda _: "with "),
    ("without", r"\bwithout (?=(?!any\b)[a-z]+ing\b)", lambda _: "while "),
]  # fmt: skip


def removed(text: str) -> list[Change]:
    """Every way to remove one negation that turns what the text says into its opposite."""
    out: dict[int, Change] = {}
    for form, pattern, new in _RULES:
        for match in re.finditer(pattern, text, re.I if form in ("aux not", "do not", "don't", "n't") else 0):
            if match.start() in out or _unfit(text, match):
                continue
            instead = _capital(new(match), match[0])
            rest = re.sub(
                r"^([^.?!,\n]{0,25})\bany\b(?! ?(?:more|longer))", r"\1some", text[match.end() :], count=1
            )
            changed = re.sub(r"^ +| +(?=$)", "", text[: match.start()] + instead + rest)
            changed = changed[:1].upper() + changed[1:] if form == "not" else changed
            out[match.start()] = Change(changed, form, f"{match[0].strip()} → {instead.strip() or 'nothing'}")
    return list(out.values())


def _capital(new: str, old: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() and new[:1].islower() else new


def _unfit(text: str, match: re.Match[str]) -> bool:
    """Idioms, tags, questions that ask with a negation, and words that are only mentioned."""
    start, end = match.span()
    around = IDIOM.search(text, max(0, start - 9), min(len(text), end + 12))
    if around and around.start() < end and start < around.end():
        return True
    if any(m.start() <= start < m.end() for p in (TAG, ASKED) for m in p.finditer(text)):
        return True
    return (start > 0 and text[start - 1] in "\"'“") or text[end : end + 1] in ('"', "'", "”")


# -- put in

IMPERATIVES = (
    "call|send|text|show|change|use|tell|pay|list|find|give|return|count|suggest|write|generate|create|make|explain|"
    "describe|translate|rewrite|summarize|convert|design|recommend|brainstorm|add|extract|classify|repeat|report"
)
PARTICIPLE = r"(?:been|done|gone|got|made|\w+ed)"
_DOING = "want|need|like|have|own|love|live|work|believe|know|perform|participate|operate|use|come|play"
_OPEN = rf"(?= (?!no\b|not\b|never\b|{PARTICIPLE}\b)[a-z0-9])"
_I = r"(?:(?<=^)|(?<=\band )|(?<=\bbecause ))(?P<who>[Ii]|[Ww]e|[Tt]hey)"
_ADDED: list[_Rule] = [
    (
        "imperative",
        rf"(?:^|(?<=^please ))(?P<v>{IMPERATIVES})(?= (?!not)[a-z])",
        lambda m: f"do not {m['v']}",
    ),
    ("imperative", rf"^(?P<v>{IMPERATIVES.title()})(?= [a-z])", lambda m: f"Do not {m['v'].lower()}"),
    (
        "first person",
        rf"{_I} (?P<v>want|need|like|have|own|love|believe|know){_OPEN}",
        lambda m: f"{m['who']} do not {m['v']}",
    ),
    ("relative", rf"(?<=who )(?P<v>{_DOING}){_OPEN}", lambda m: f"do not {m['v']}"),
    (
        "relative",
        rf"(?:(?<=who )|(?<=that ))(?P<v>have|has|are|is|was|were|will|can)(?= (?:{PARTICIPLE}|\w+ing)\b)",
        lambda m: f"{m['v']} not",
    ),
]
NOT_NEXT = (
    "not|no|never|only|also|both|still|even|how|on|like|just|so+|nothing|obviously|make|some|perhaps|one|i|you|he|she|"
    "we|they|it|there"
)
STATED = re.compile(
    rf"\b(?:is|are|was|were|am|will|can|should|would|could|must)(?= (?!(?:{NOT_NEXT})\b|n{APOS})[a-z])"
)
QUESTION = re.compile(
    rf"^\W*(?:@user )*(?:{AUX}|whats?|which|who|whose|whom|where|when|why|how|any|if|tell|let|assuming)\b",
    re.I,
)
BEFORE = re.compile(
    r"\b(?:if|whether|as|than|not?|what|how|who|time|best|worst|thing|while|[Ee]ach)\b|n't|\d $"
)
"""What may not stand before an auxiliary that is to be negated: then it belongs to something else."""


def added(text: str, *, stated: bool = True) -> list[Change]:
    """Every way to negate a statement, a request or a relative clause that was not negated.

    `stated`: also after the auxiliary of a whole sentence; questions are left alone, for there a
    negation asks the same thing.
    """
    found = ((form, match, new(match)) for form, rule, new in _ADDED for match in re.finditer(rule, text))
    out = [Change(put(text, *m.span(), new), form, f"{m[0]} → {new}") for form, m, new in found]
    return out + (_stated(text) if stated else [])


def _stated(text: str) -> list[Change]:
    out = []
    for sentence in re.finditer(r"[^.?!\n]+(?:[.](?=\d)[^.?!\n]*)*[.?!]?", text):
        said = sentence[0]
        match = STATED.search(said)
        if match is None or match.start() < 3 or BEFORE.search(said[: match.start()]):
            continue
        if not QUESTION.match(said.strip()) and "?" not in said and '"' not in said:
            at = sentence.start() + match.end()
            out.append(Change(put(text, at, at, " not"), "statement", f"{match[0]} → {match[0]} not"))
    return out
