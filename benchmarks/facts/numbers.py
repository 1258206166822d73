"""Numbers: where they stand in a text, another one of the same form, two exchanged, one left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
ONES += "sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
SMALL = "|".join(ONES[2:])
_TENS = "|".join(TENS)
WORD = rf"(?:(?:{_TENS})(?:-(?:{'|'.join(ONES[1:10])}))?|{SMALL}|hundred|thousand)"
COUNTED = (
    "hour|day|week|month|year|minute|second|mile|dollar|ton|time|piece|box|slice|semester|child|pet|brother|"
    "sister|degree|packet|glass|bottle|ticket|hundred|thousand|million|billion"
)
"""Nouns before which `one` is a count."""
GLUED = "mph|kg|km|cm|ft|oz|lbs?|mb|gb|hrs?|min|k|m|g|c"
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|March|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
FORMS = {
    "day": rf"(?<![\w.,/])(?:[12]?\d|3[01])(?= {MONTH}\b(?! \d{{1,2}}\b))",
    "time": r"(?<![\d:.])\d{1,2}:\d{2}(?!\d)(?: ?[ap]\.?m\b)?|\b\d{1,2} ?(?:[ap]m\b|[ap]\.m\.)",
    "ratio": r"(?<![\d:])\d+:\d(?![\d:])",
    "date": r"(?<![\w/(.-])\d{1,2}/\d{1,2}/\d{2,4}(?![\w/])|(?<![\w/(.-])\d{1,2}/\d{2}(?![\w/])",
    "fraction": r"(?<![\w/(.-])[1-9]/\d{1,2}(?![\w/])",
    "price": r"[$€£]\d+(?:,\d{3})*(?:\.\d+)?(?!\d)|(?<![\w.,$])\d+(?:,\d{3})*(?:\.\d+)?[$€£]",
    "percent": r"(?<![\w.,-])\d+(?:\.\d+)?(?= ?(?:%|percent\b))",
    "ordinal": r"(?<![\w.])\d{1,3}(?:st|nd|rd|th)\b",
    "ordinal word": (
        rf"(?<=the )(?:{'|'.join(ORDINALS[1:3])})"
        r"(?= (?!name|place|of|and|half|step|\d|two|three|four|few)[a-z])"
        rf"|(?<=the |his |her )(?:{'|'.join(ORDINALS[3:])})(?= (?!of\b)[a-z])"
    ),
    "decade": r"(?<![\w,.-])(?:1[89]\d0|20[0-2]0|[3-9]0) ?['’]?s\b",
    "year": r"(?<![\w,.$/#-])(?:1[5-9]\d\d|20[0-3]\d)(?![\w,/%]*\d|[\w%])",
    "decimal": r"(?<![\w,/:#])\d*\.\d+(?![\d,/:]|\.\d)(?=\b)",
    "integer": (
        rf"(?<![\w.,/:#$€£+^])\d{{1,3}}(?:,\d{{3}})+(?![\w,/:%])"
        rf"|(?<![\w.,/:#$€£+^)]|\\)\d+(?=(?:{GLUED})?(?![\w/:%)]|[.,]\d|\.\)))"
    ),
    "fraction word": r"\bone-(?:third|fourth|fifth|sixth|seventh|eighth|tenth)\b",
    "word": (
        rf"(?<![\w-])(?:one (?:hundred|thousand)|{WORD}(?:[ -](?:hundred|thousand))?"
        rf"|one(?= (?:{COUNTED})\b))(?![\w]|-th)"
    ),
}
"""The first that matches names the form; letters of either case."""
_ANY = re.compile("|".join(f"(?P<{name.replace(' ', '_')}>{form})" for name, form in FORMS.items()), re.I)
NOISE = re.compile(r"\\u[0-9a-f]{4}|&\w+;|https?://\S+|[@#]\w+|\S+@\S+|^\s*\(?\d+[.)] |\(\d\)", re.M)
_NOT = re.compile(r"World War Two|Xbox One|Five Guys|Fifth Third|in the 1st place|In the 1st place")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands in a text."""

    start: int
    end: int
    text: str
    form: str


def in_text(text: str) -> list[Number]:
    """The numbers of a text in order; those in hashtags, addresses, escapes and list marks are left out."""
    bare = _NOT.sub(blank, NOISE.sub(blank, text))
    found = (match for match in _ANY.finditer(bare) if match[0])
    return [Number(m.start(), m.end(), m[0], _form(m, bare)) for m in found]


def _form(match: re.Match[str], text: str) -> str:
    """The group that matched; a small number after a month is a day of it."""
    form = str(match.lastgroup).replace("_", " ")
    after_month = re.search(rf"\b{MONTH} $", text[: match.start()], re.I)
    return "day" if form == "integer" and after_month and int(match[0].replace(",", "")) < 32 else form


def blank(match: re.Match[str]) -> str:
    """Nothing readable in place of a match, and as long."""
    return "\x00" * len(match[0])


def another(number: Number, rng: Random) -> str:
    """Another number of the same form."""
    for _ in range(50):
        new = _CHANGES[number.form](number.text, rng)
        if new.lower() != number.text.lower():
            return new
    raise ValueError(f"no other number of the form {number.form}: {number.text}")


def _near(n: int, rng: Random, low: int = 2, high: int = 10**12) -> int:
    """Another whole number: a little off, with exchanged digits, of another size, or anything near."""
    digits = str(n)
    ways = [n + rng.choice([-3, -2, -1, 1, 2, 3]), rng.randint(max(low, n // 2), max(low + 3, 2 * n)), n * 10]
    if len(set(digits)) > 1:
        ways.append(int(digits[::-1]) if len(digits) < 4 else int(digits[1] + digits[0] + digits[2:]))
    if n % 10 == 0 and n > 30:
        ways += [n + rng.choice([-10, 10, 20, 50])] * 2
    fit = [way for way in ways if way != n and low <= way <= high]
    return rng.choice(fit or [n + 1])


def _integer(text: str, rng: Random) -> str:
    new = _near(int(text.replace(",", "")), rng)
    return f"{new:,}" if "," in text else str(new)


def _decimal(text: str, rng: Random) -> str:
    whole, _, part = text.partition(".")
    if whole and rng.random() < 0.5:
        return f"{_near(int(whole), rng, low=1)}.{part}"
    return f"{whole}.{_near(int(part), rng, low=1, high=10 ** len(part) - 1):0{len(part)}d}"


def _price(text: str, rng: Random) -> str:
    amount = text.strip("$€£")
    new = _decimal(amount, rng) if "." in amount and "," not in amount else _integer(amount, rng)
    return text.replace(amount, new)


def _percent(text: str, rng: Random) -> str:
    return _decimal(text, rng) if "." in text else str(_near(int(text), rng, high=max(100, int(text))))


def _time(text: str, rng: Random) -> str:
    hour = re.match(r"\d+", text)
    half = re.search(r"[ap](?=\.?m)", text, re.I)
    if half and rng.random() < 0.25:
        other = {"a": "p", "p": "a", "A": "P", "P": "A"}[half[0]]
        return text[: half.start()] + other + text[half.end() :]
    assert hour
    return str((int(hour[0]) + rng.choice([1, 2, 3, 10, 11]) - 1) % 12 + 1) + text[hour.end() :]


def suffixed(n: int) -> str:
    """A whole number as `1st`, `2nd`, `11th`."""
    last = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{last}"


def _day(text: str, rng: Random) -> str:
    return str(rng.choice([n for n in range(1, 29) if n != int(text)]))


def _ordinal(text: str, rng: Random) -> str:
    n = int(text[:-2])
    return suffixed(_near(n, rng, low=1, high=max(30, n + 3)))


def _ordinal_word(text: str, rng: Random) -> str:
    return _cased(rng.choice(ORDINALS[1:9]), text)


def _year(text: str, rng: Random) -> str:
    return str(min(int(text) + rng.choice([-30, -12, -10, -7, -4, -3, -2, -1, 1, 2, 3, 5, 10]), 2030))


def _decade(text: str, rng: Random) -> str:
    digits = re.match(r"\d+", text)
    assert digits
    n = int(digits[0])
    new = n + rng.choice([-20, -10, 10, 20])
    return str(new if (n < 100 and 20 <= new <= 90) or 1800 < new < 2020 else n - 10) + text[digits.end() :]


def _fraction(text: str, rng: Random) -> str:
    top, bottom = map(int, text.split("/"))
    ways = [(t, b) for b in range(2, 11) for t in range(1, b) if t * bottom != b * top]
    near = [way for way in ways if way[0] == top or way[1] == bottom]
    t, b = rng.choice(near or ways)
    return f"{t}/{b}"


def _date(text: str, rng: Random) -> str:
    parts = text.split("/")
    at = rng.randrange(2)
    width = len(parts[at])
    parts[at] = f"{_near(int(parts[at]), rng, low=1, high=12):0{width}d}"
    return "/".join(parts)


def _ratio(text: str, rng: Random) -> str:
    left, right = text.split(":")
    first = rng.random() < 0.5
    return f"{_near(int(left), rng, high=12)}:{right}" if first else f"{left}:{int(right) % 9 + 1}"


def _fraction_word(text: str, rng: Random) -> str:
    return _cased("one-" + rng.choice("third fourth fifth sixth eighth".split()), text)


def _word(text: str, rng: Random) -> str:
    head = re.split(r"[ -]", text)[0]
    kinds = (TENS, ["hundred", "thousand"], ONES[2:13], ONES)
    same = next(words for words in kinds if head.lower() in words)
    return _cased(rng.choice([word for word in same if word != head.lower()]), text) + text[len(head) :]


_CHANGES: dict[str, Callable[[str, Random], str]] = {
    "day": _day, "integer": _integer, "decimal": _decimal, "price": _price, "percent": _percent,
    "time": _time, "ordinal": _ordinal, "ordinal word": _ordinal_word, "year": _year, "decade": _decade,
    "fraction": _fraction, "date": _date, "ratio": _ratio, "fraction word": _fraction_word, "word": _word,
}  # fmt: skip


def _cased(new: str, old: str) -> str:
    return new.capitalize() if old[:1].isupper() else new


# -- two numbers that take each other's place


def exchangeable(text: str) -> list[tuple[Number, Number]]:
    """Pairs of one form and different value with at least three words between them.

    Nearer ones may mean the same in either order: "a 2 foot by 4 foot wall", "3 or 4", a list.
    """
    numbers = [n for n in in_text(text) if n.form in ("integer", "price", "percent", "word", "year")]
    pairs = [(a, b) for at, a in enumerate(numbers) for b in numbers[at + 1 :] if a.form == b.form]
    return [(a, b) for a, b in pairs if a.text.lower() != b.text.lower() and _apart(text[a.end : b.start])]


def _apart(between: str) -> bool:
    words = re.findall(r"[A-Za-z']{2,}", between)
    return len(words) >= 3 and not re.search(r"\b(?:by|x|vs)\b", between)


def exchanged(text: str, pair: tuple[Number, Number]) -> str:
    """The text with both numbers in each other's place."""
    a, b = pair
    first, second = _cased(b.text.lower(), a.text), _cased(a.text.lower(), b.text)
    return text[: a.start] + first + text[a.end : b.start] + second + text[b.end :]


# -- a number left out


def dropped(text: str, number: Number, rng: Random) -> str | None:
    """The text without this number, grammatical; `None` where that takes more than leaving it out."""
    before, after = text[: number.start], text[number.end :]
    if number.form in ("year", "decade", "date", "time"):
        the = "(?: the| early)?" if number.form == "decade" else ""
        cut = re.search(rf"[ ,]*\b(?:in|from|since|at|by|until|of|on){the} $", before)
        return _joined(before[: cut.start()], after) if cut and cut.start() else None
    if number.form in ("ordinal", "ordinal word") and re.search(r"\b(?:the|his|her|my) $", before):
        return _joined(before, after.lstrip()) if re.match(r" [a-z]", after) else None
    if number.form in ("integer", "word") and _PLURAL.match(after) and not _BOUND.search(before):
        some = rng.choice(["some", "several", "a few"])
        return before + (some if before[-1:] else some.capitalize()) + after
    if number.form == "price" and re.search(r" (?:for|at|of|is|costs?|paid|gave him|spent) $", before):
        return before + "some money" + after if _AMOUNT.match(after) else None
    return None


_PLURAL = re.compile(
    r" (?:[a-z-]+ ){0,2}?(?!needs|stands|starts|weighs|has|is|was|costs)[a-z]+s\b"
    r"| (?:people|children|women|men|players|fish)\b"
)
_BOUND = re.compile(r"[\d#(–-]\s?$|\b(?:than|by|pg|nc|to|and|top) $")
_AMOUNT = re.compile(r"[.,?](?:\s|$)| (?:for|each|per|to|and|on)\b")


def _joined(before: str, after: str) -> str:
    return re.sub(r" +([,.?!])", r"\1", re.sub(r"  +", " ", f"{before} {after.lstrip()}")).strip()
