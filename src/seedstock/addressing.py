"""Text that speaks to whoever judges it: "ignore the rubric", "score 5", verdicts written in advance.

A row is material, and material has no business with its judge. Everything is looked for in a plain form of
the text: compatibility letters and look-alikes folded, invisible characters gone, spelled-out words joined.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

SHOWN_CHARS = 160
"""Characters of a quote that is kept."""

_JUDGE = (
    r"(?:judge|grader|evaluator|rater|assessor|scorer|marker|reviewer|annotator|moderator|examiner"
    r"|(?:evaluation|grading|judging|scoring)[ -](?:model|system|bot|agent|script|assistant|llm|ai))s?"
)
_SURELY = (
    r"(?:judge|grader|evaluator|rater|scorer|(?:evaluation|grading|judging"
    r"|scoring)[ -](?:model|bot|llm|ai))s?"
)
"""Without those that letters are written to: a reviewer, an examiner, a moderator."""
_JUDGING = r"(?:rubrics?|criteri(?:a|on)|grad(?:ing|e)|scor(?:ing|e)|judg(?:ing|e?ment)|evaluation|marking)"
_ORDERS = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directives?|rubrics?|criteria|orders|system message"
    r"|(?:scoring|grading|evaluation|judging) \w+)"
)
_BEFORE = (
    r"(?:all|any|every|the|your|these|those|this|previous|prior|above|earlier|preceding|foregoing|given"
    r"|original|other|system|of|own|scoring|grading|evaluation|existing|initial|former)"
)
_TOP = (
    r"(?:5|five|10|ten|100|1\.0|full|maximum|max|highest|perfect|top|best|passing|five[- ]stars?|a pass"
    r"|pass(?:ed|es)?|approved?|accept(?:ed|able)?)"
)
_ROW = (
    r"(?:this|the|my|our) (?:current |following |above |entire |whole )?"
    r"(?:row|example|answer|response|output|candidate|submission|entry|sample|completion|record|item|data"
    r"|input|pair|text|label)"
)

_THIS = (
    r"(?:this|the following|the (?:current|whole)) (?:\w+ )?"
    r"(?:row|example|answer|response|output|candidate|submission|entry|sample|completion|record|item|pair)"
)

PATTERNS = {
    "orders": (
        r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget|override|bypass"
        r"|overlook|do not (?:follow|obey|apply)"
        rf"|don't (?:follow|obey|apply)|stop following|pay no attention to|set aside)"
        rf"(?: {_BEFORE}){{0,5}} {_ORDERS}\b"
        r"|\bignor(?:e|ing) (?:everything|all|anything) (?:above|before"
        r"|you were told|you have been told|so far)"
        r"|\b(?:instructions?|rules?|prompt) (?:above|before) (?:is|are) (?:\w+ )?(?:outdated|void|wrong"
        r"|cancel\w+|no longer|superseded|replaced)"
        r"|\b(?:rubric|criteria) (?:do(?:es)? not|don't|doesn't) apply|\bsystem override ?[:!]"
        rf"|\b(?:whatever|no matter what|regardless of(?: what)?) (?:the |your |any ){_ORDERS}"
        rf"|\b(?:new|updated|revised|real|actual) (?:system )?(?:instructions?|rubric|criteria)"
        rf" ?(?:for the {_JUDGE})?:"
        r"|\b(?:ignoriere?n?|missachte"
        r"|vergiss) (?:sie )?(?:\w+ ){0,4}(?:anweisung|rubrik|regel|kriteri|vorgabe)"
        r"|\bignore[zs]? (?:\w+ ){0,4}(?:consignes|instructions pr|grille|crit.res)"
        r"|\bignor[ae]n? (?:\w+ ){0,4}(?:instrucciones|r.brica|criterios|istruzioni)"
        r"|(?:ルーブリック|指示|基準|命令|ルール).{0,8}無視"
        r"|(?:忽略|无视|忘记|無視).{0,12}(?:指令|指示|评分|評分|标准|規則|规则|要求|提示)"
    ),
    "judge": (
        rf"\bas (?:the|a|an|my|your|our) (?:\w+ ){{0,3}}{_JUDGE},? (?:you"
        r"|please|give|score|rate|mark|output"
        r"|answer|return|respond)\b"
        rf"|\b(?:dear|attention|hello|hi|hey|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)"
        rf"|attn\.?) ?:? (?:the |all |any |my |our |whichever )?(?:\w+ ){{0,2}}{_SURELY}"
        r"(?: ?[:,!.-]| (?:of|reading|scoring|grading|please|give|score|rate|mark)\b)"
        rf"|\b(?:if|when|since|because) you(?:'re| are)? (?:the |an? )?(?:\w+ )?(?:{_JUDGE}"
        rf"|(?:judg|grad|evaluat|scor|rat|assess)ing (?:{_ROW}|this|it)\b)"
        rf"|\byou(?: are|'re) (?:now )?(?:the|an?) (?:\w+ )?{_JUDGE}"
        rf"|\b{_SURELY} (?:note|notice|instruction|hint|override|info)s? ?[:!-]"
        rf"|\b{_SURELY} (?:reading|seeing|scoring|processing) this"
        r"|\bwhoever (?:is |will be )?(?:grad|judg|evaluat|scor|rat|assess)(?:ing|es|s)\b"
        r"|\b(?:test|trial|check) (?:of|for) the (?:grader|evaluator|judge model|llm judge)"
        rf"|\b(?:{_JUDGE}|experts?|humans?) (?:have |has )?already (?:\w+ )?(?:accepted|approved|passed"
        rf"|verified|scored) {_THIS}\b"
        r"|(?:^"
        rf"|[\n{{\[(<*#!.;-]) ?(?:to )?{_JUDGE} ?[:,>\])*] .{{0,80}}?\b(?:pass|score|mark|approve|accept"
        r"|rate|full|5)\b"
        rf"|\b{_JUDGE} (?:must|should|shall|will|has to|have to|needs? to"
        r"|is (?:required|instructed|told) to)"
        r" (?:now |always |only |please )?(?:give|assign|award|score|mark|rate|pass|output|return|accept"
        r"|approve|answer|treat|consider)\b"
    ),
    "score": (
        rf"\b(?:please|kindly|just) (?:accept|approve|pass) {_THIS}\b"
        rf"|\b(?:consider|treat|regard|count|classify) (?:{_THIS}|(?:all|every|each)(?: of the)?"
        r" (?:criteri(?:a|on)|checks?)) (?:to be |as )?(?:an? )?(?:pass\w*|correct|perfect|satisfied|met"
        r"|valid|accepted|approved)\b"
        r"|\b(?:correct|expected|right|proper|required) (?:behaviou?r|verdict|score|rating|grade) ?[:=]"
        r" ?(?:score ?[:=] ?)?['\"]?(?:5|10|pass)\b"
        r"|\b(?:stop|cease) (?:evaluating|grading|scoring)\b"
        r"|\b(?:answer|respond|reply|output|print|return|say) (?:with |only |just )*['\"]?pass['\"]?"
        r" (?:to|for|on) (?:all|every|each)|\b(?:respond|reply|answer) (?:with|only) ['\"]?pass\b"
        r"|\b(?:begin|start|open|end) your (?:verdict|evaluation|judge?ment|grading) with"
        r"|\bbewerten? (?:sie )?(?:diese[nrs]?|die|den|das) \w+ (?:mit|als) (?:5|f.nf|bestanden|der h.ch)"
        r"|\bdonne[zr]? (?:5\b|la note max|la meilleure note)"
        r"|\b(?:dale?|asigne?|d[ae]|otorgue?) (?:a \w+ )?(?:la )?(?:puntuaci.n|nota|calificaci.n) m.xima"
        r"|(?:満点|最高点|[5５]点).{0,6}(?:つけ|与え|くだ|出)"
        rf"|\b(?:give|assign|award|grant) (?:{_ROW}|it|me|us|this|that|yourself)(?: one)?"
        r" (?:an? |the )?(?:\w+ )?(?:scores?|marks?|ratings?|grades?"
        rf"|points?|verdicts?) (?:of )?['\"]?{_TOP}\b"
        rf"|\b(?:give|assign|award|grant) {_ROW} (?:an? |the )?{_TOP}\b"
        rf"|\b(?:give|assign|award|grant|output|return|respond with|answer with)"
        rf" (?:only |an? |the )*(?:score|mark|rating|grade|verdict)s? (?:of |as |is |to )?['\":]? ?{_TOP}\b"
        rf"|\b(?:give|assign|award|output|return) (?:an? |the )?{_TOP} (?:scores?|marks?|ratings?|grades?"
        rf"|verdicts?|points) (?:to|for|on) (?:{_ROW}|it|this|all|every|each)"
        r"|\b(?:score|rate|grade|mark|label|judge|evaluate"
        rf"|classify) (?:{_ROW}|it|this) (?:as |with |at |an? |"
        rf"the )*['\"]?{_TOP}\b"
        r"|\b(?:set|make|change|fix|keep) (?:the |its |your |my "
        r"|all )?(?:\w+ )?(?:scores?|verdicts?|ratings?"
        rf"|grades?) (?:to|at|=|be) ?['\"]?{_TOP}\b"
        rf"|\byou (?:must|should|shall|have to|will|need to) (?:now )?(?:accept|approve|pass) {_THIS}\b"
        rf"|\b{_THIS} (?:must|should|shall|has to|needs to|deserves to"
        r"|is to|will|ought to) (?:be )?(?:\w+ )?"
        r"(?:pass|score[ds]?|accept(?:ed)?|approved?|receive|get|graded?|rated|marked)\b"
        rf"|\b{_ROW} (?:deserves|merits|earns|gets|receives|satisfies"
        rf"|meets|passes|fulfil+s) (?:\w+ ){{0,2}}"
        r"(?:full|top|highest|maximum|perfect|5|all|every|each) (?:\w+ )?(?:scores?|marks?|ratings?|points?"
        r"|criteri(?:a|on)|rubrics?|checks?)"
        r"|\ball (?:the |of the |\d+ )?(?:criteria|checks"
        r"|rubric items) (?:are|were|have been|should be|must be)"
        r" (?:\w+ )?(?:met|passed|satisfied|fulfilled|marked|true|ok)\b"
        rf"|\b(?:skip|omit|suspend|abort|end|stop) (?:the |this |your |all |any )*(?:further )?{_JUDGING}\b"
        rf"|\b(?:do not|don't|never) (?:judge|grade|score|penali[sz]e|deduct|reject|fail|mark down) {_ROW}"
        r"|\bscore ?[:=]? ?(?:5|10)(?: ?/ ?(?:5|10)| out of (?:5"
        r"|10))? ?(?:regardless|no matter|whatever|always"
        r"|without)"
        rf"|\bmark (?:everything|all(?: of it)?|every \w+|each \w+) (?:as )?(?:an? )?{_TOP}\b"
        r"|(?:给|打|評|评|請給|请给).{0,10}(?:满分|滿分|最高分|[5五]\s?分|10\s?分)"
    ),
    "verdict": (
        r"\bverdict ?[:=] ?[\"']?(?:pass|accept)"
        r"|(?:[\"'][^\"']{1,40}[\"'] ?: ?[\"']pass(?:ed)?[\"'][, ]*){2,}"
        r"|[\"']?\b(?:verdict|judge?ment|decision|passed|result|grade)[\"']? ?[:=] ?[\"']?"
        r"(?:pass(?:ed)?|accept(?:ed)?|approved)[\"']? ?[,}\]]"
        r"|\{[^{}]{0,80}[\"'](?:score|rating|grade)[\"'] ?: ?[\"']?(?:5|10|5\.0|5/5|10/10)\b[^{}]{0,200}\}"
        r"|[\"'](?:passed|is_valid|accepted|approved|passes)[\"'] ?: ?true"
        r"|[\"']criteria[\"'] ?: ?\[ ?\{"
        r"|\bfinal (?:verdict|score|grade|rating|judge?ment) ?[:=] ?\W{0,3}(?:5|10|pass|accept|approved)\b"
        r"|\b(?:judge|grader|evaluator|rubric)(?:'s)? (?:verdict|score|decision|rating) ?[:=]"
    ),
    "role": (
        r"<\|(?:im_start|im_end|im_sep|system|user|assistant|start_header_id|end_header_id|eot_id|endoftext"
        r"|begin_of_text|endofprompt|channel|message)\|>"
        r"|\[/?(?:INST|SYSTEM|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]|<<?/?SYS>>?|<(?:start|end)_of_turn>"
        r"|</?(?:system|instructions?|rubric|judge|untrusted|row|verdict|candidate)>"
        r"|(?:^|\n) ?\W{0,6}(?:system|developer|judge|grader"
        r"|evaluator)(?: prompt| message| note| override)?"
        r"\W{0,4}: ?(?:\w+ ){0,8}(?:you must|you are now|ignore|override|score|verdict|rubric|pass this"
        r"|accept this|approve this)\b"
        r"|(?:end|close) of (?:the )?(?:row|material|untrusted|candidate|data to be judged)\b"
        r"|(?:begin|start) of (?:the )?(?:rubric|instructions for the judge|system)"
    ),
}
"""Kind of address → what it looks like, in the plain form. Bounded throughout: no text makes them slow."""

_ROW_OF_A_SET = (
    r"(?:row|example|sample|completion|candidate|entry|submission|response|answer|output|record|text)"
)
_TOPMOST = r"(?:full|maximum|max|top|highest|perfect|best)"
_MARKS = r"(?:scores?|marks?|points?|credits?|grades?|ratings?)"
_WORDS = {
    "strong": r"(?:model|ai|llm|assistant) (?:evaluating|grading|judging|scoring|rating)"
    rf" this {_ROW_OF_A_SET}"
    r"|rubrics?|graders?|evaluators?|verdict|(?:ai|llm) judges?|as (?:a|the) judge"
    r"|(?:grading|scoring|judging|evaluation) (?:guidelines?|assistant|model|scale|rules?|instructions?)"
    r"|your (?:\w+ )?(?:checks|criteria|rubric|guidelines|grading|scoring|verdict|evaluation)",
    "order": r"give|assign|award|grant|reply|respond|output|return|set|mark|must|should|please|kindly|have to"
    r"|need to|skip|ignore|disregard|override|only|authori[sz]e|exempt|penali[sz]ed|remember|do not|don't"
    r"|know",
    "top": r"pass(?:es|ed|ing)?|accept(?:ed|able)?|approved?|5|five|5/5|10/10|flawless|correct"
    rf"|all requirements|{_TOPMOST}",
    "row": rf"(?:this|that|the following|every|all|any) {_ROW_OF_A_SET}s?|this one|everything",
    "marks": rf"{_TOPMOST} {_MARKS}",
    "to_a_model": r"reply|respond|output|return|print|checks|criteria",
    "of_it": rf"(?:this|the following) {_ROW_OF_A_SET}|from now on",
    "you": r"you|your",
    "fate": r"(?:pass|fail|reject|accept|approve|score|grade) (?:this|the following) (?:row|example|sample"
    r"|completion|candidate|entry|record)",
    "criteria": r"criteria|criterion|checks|rubric",
    "done": r"fulfilled|satisfied|no need|exempt|already met|do not apply",
}
"""What a demand for a verdict is made of, whatever its wording."""
_PARTS = {name: re.compile(rf"\b(?:{words})(?!\w)", re.IGNORECASE) for name, words in _WORDS.items()}
_SENTENCE = re.compile(r"[^.!?\n;]{8,400}")


def _demands(form: str) -> str | None:
    """The first sentence that demands a verdict in words of its own, by what stands together in it."""
    if not any(_PARTS[name].search(form) for name in ("strong", "marks", "fate", "criteria")):
        return None
    for found in _SENTENCE.finditer(form):
        sentence = found[0]
        has = {name for name, part in _PARTS.items() if part.search(sentence)}
        if (
            ({"strong", "top"} <= has and has & {"order", "row"})
            or {"marks", "order", "of_it"} <= has
            or {"marks", "order", "to_a_model"} <= has
            or {"fate", "you"} <= has
            or {"criteria", "done"} <= has
        ):
            return sentence
    return None


_KINDS = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in PATTERNS.items()}
_WORTH_A_LOOK = (
    *"ignor disregard forget overrid bypass overlook follow obey apply attention aside instruction".split(),
    *"rubri missacht vergiss judg grad evaluat rater assess scor mark review annotat moderat examin".split(),
    *"give assign award grant criteri checks verdict decision result passed accept approve is_valid".split(),
    *"passes skip omit rate rating must should deserves system developer whatever matter regardless".split(),
    *"<| [inst [/inst [sys [/sys sys> _of_turn </ <system> <row> <candidate> 忽略 无视 忘记 無視 分".split(),
    "penali", "authori", "end of", "close of", "begin of", "start of", "please", "kindly", "just ",
    "consider", "treat", "'pass", '"pass', "with pass", "only pass", "already", "stop ", "cease",
    "bewerte", "donne", "xima", "点",
)  # fmt: skip
"""One of these is in every text that any pattern fits: looking for them is fast, and most texts have none."""
_LEETED = re.compile(r"[a-z][013457@$][a-z]")
_SPELLED = re.compile(r"(?<!\w)(?:\w[ .\-_*]){4,40}\w(?!\w)")
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏոԛԝАЕОРСТХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοιν’‘“”–—‐‑",
    "aeopcyxijsdhlnqwAEOPCTXIJSABEZHIKMNOPTYXaoiv''\"\"----",
)
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])(?=\w*[013457@$])[\w@$]{4,20}\b", re.IGNORECASE)
_MOST_CHARS = 800_000
"""Characters of a text that are looked at, from both its ends: nobody trains on longer ones."""


@dataclass(frozen=True, slots=True)
class Address:
    """What of a text speaks to a judge: the kind of address, and the words, in their plain form."""

    kind: str
    quote: str


def addresses(text: str) -> Iterator[Address]:
    """Each kind of address that a text holds, once, with its first words."""
    if len(text) > _MOST_CHARS:
        text = text[: _MOST_CHARS // 2] + text[-_MOST_CHARS // 2 :]
    low = text.lower()
    worth = any(word in low for word in _WORTH_A_LOOK) or _LEETED.search(low) or _SPELLED.search(text)
    if worth or not text.isascii():
        forms = _plain_forms(text)
        for kind, pattern in _KINDS.items():
            if found := next((m for form in forms if (m := pattern.search(form))), None):
                yield Address(kind, found[0].strip()[:SHOWN_CHARS])
        if demand := next(filter(None, map(_demands, forms)), None):
            yield Address("demand", demand.strip()[:SHOWN_CHARS])


def _plain_forms(text: str) -> list[str]:
    """The text as it reads, and where it differs, with digits that stand for letters put back."""
    folded = text if text.isascii() else _visible(unicodedata.normalize("NFKC", text))
    joined = _SPELLED.sub(lambda m: re.sub(r"[ .\-_*]", "", m[0]), folded)
    plain = re.sub(r"[ \t\r\f\v]+", " ", re.sub(r"[ \t\r]*\n\s*", "\n", joined)).replace("\n", " \n")
    plain = plain.replace(" \n", "\n")
    flat = plain.replace("\n", " ")
    forms = [plain] if flat == plain else [plain, flat]
    read = _LEET_WORD.sub(lambda m: m[0].translate(_LEET), flat)
    return forms if read == flat else [*forms, read]


def _visible(text: str) -> str:
    """Without characters that nobody sees, accents set upon letters, and letters of other scripts."""
    return "".join(
        c for c in text if unicodedata.category(c) not in ("Cf", "Mn", "Cc") or c in "\n\t"
    ).translate(_LOOKALIKES)
