"""From a text to its tokens: words, numbers, codes and marks, with where sentences begin."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from seedstock.facts.lists import LANGUAGES, fold, language

MOST_CHARS = 100_000
"""What is read of a text: more than that no person checks, and no rewrite of a row needs."""

_ESCAPE = re.compile(r"\\+[uU]([0-9a-fA-F]{4})|\\+(?=[\"'])")
_ENTITY = re.compile(r"&(?:amp|gt|lt|quot|nbsp|apos|#39);")
_FLAT = str.maketrans(
    {
        "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
        "⁄": "/", "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3",
    }
)  # fmt: skip
_FILES = (
    "jsonl?|csv|tsv|txt|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|py|js|html?|xml|ya?ml|md|zip|exe|mp[34]|log|sql"
)
# What is no plain word, most special first. Every repetition is bounded or of one class of characters.
_TOKEN = re.compile(
    rf"""
    (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*+(?![\w@]|\.\w|:?/|-\d))
  | (?P<code>
        (?:[hH][tT][tT][pP][sS]?://|[wW]{{3}}\.)[^\s<>"]{{0,400}}[^\s<>".,;:!?)]
      | [\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}
      | [@\#](?=\d{{0,20}}[^\W\d])\w{{1,100}}
      | </?[^\W\d][^<>\n]{{0,60}}> | \{{[^\W\d]\w{{0,40}}\}}
      | \[(?:[A-Za-z]{{1,20}}[_ ]){{0,3}}[A-Za-z]{{2,20}}\]
      | [\w-]{{1,60}}\.(?:{_FILES})\b
      | [^\W\d_]{{1,40}}_\w{{1,60}}
    )
  | (?P<short>(?:[^\W\d_]\.){{2,8}}|[wW]/[oO]\b)
  | (?P<number>
        (?:[^\W\d_]{{1,10}}-?)?\d\w*(?:[.,:/-]\w*\d\w*)*(?:(?<=\d[aApP])\.[mM]\b\.?|(?<=\d0)'[sS]\b)?
      | (?<![\w.])\.\d+\w*
    )
  | (?P<plain>[^\W\d_]+(?:'[^\W\d_]+)*)
  | (?P<line>\n\s*)
  | (?P<mark>[^\w\s]|_+)
    """,
    re.VERBOSE,
)
_ENDS = frozenset(".!?:;…•*")
_NO_END = frozenset(
    "mr mrs ms dr prof st vs mt lt gen col sgt sen gov rep no jr sr inc co ltd dept approx".split()
)


class Token(NamedTuple):
    """A piece of a text. A named tuple: thousands are made per second.

    `low` is folded. `opens` says that it begins a sentence, `glued` that it follows without a space.
    `kind` is `word`, `code`, `number`, `mark` or `line`.
    """

    text: str
    low: str
    kind: str
    start: int
    end: int
    opens: bool
    glued: bool


def plain(text: str) -> str:
    """The text as it is read: escapes resolved, quotes and dashes in one form, cut at `MOST_CHARS`."""
    text = text[:MOST_CHARS]
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    if "&" in text:
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text if text.isascii() and "`" not in text else text.translate(_FLAT)[:MOST_CHARS]


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else ""


def scan(text: str) -> list[Token]:
    """The tokens of a text that `plain` has made."""
    tokens: list[Token] = []
    opens, end = True, -1
    shouting = text.isupper()  # there an M is no million
    for match in _TOKEN.finditer(text):
        kind, piece, start = match.lastgroup or "mark", match[0], match.start()
        if kind in ("plain", "short"):
            kind = "word"
        low = _folded(piece) if kind == "word" else piece.lower() if shouting else piece
        tokens.append(Token(piece, low, kind, start, match.end(), opens, start == end))
        end = match.end()
        if kind == "line":
            opens = True
        elif kind not in ("mark", "code"):
            opens = False
        elif piece in _ENDS:
            opens = not _abbreviated(tokens)
    return tokens


_folded = lru_cache(maxsize=1 << 14)(fold)


def _abbreviated(tokens: list[Token]) -> bool:
    """Whether the dot that was just read ends a title or an initial and not a sentence."""
    if tokens[-1].text != "." or len(tokens) < 2 or not tokens[-1].glued:
        return False
    before = tokens[-2]
    return before.low in _NO_END or (len(before.text) == 1 and before.text.isupper() and before.text != "I")


def language_of(tokens: Sequence[Token], usual: str = "en") -> str:
    """The language whose small words occur most often; the usual one unless another one has clearly more."""
    words = [token.low for token in tokens if token.kind == "word"]
    least = max(2, 2 * sum(map(language(usual).stop.__contains__, words)))
    if least >= len(words):
        return usual
    counts = {code: sum(map(language(code).stop.__contains__, words)) for code in LANGUAGES}
    best = max(LANGUAGES, key=counts.__getitem__)
    return best if counts[best] > least else usual
