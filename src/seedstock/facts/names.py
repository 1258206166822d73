"""The names in a text: from the lists, from capitals, from real rows; and rare words, which may be names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from seedstock.facts.knowledge import Knowledge, inside, tells
from seedstock.facts.lists import Named, is_ordinary, key, language, names, units
from seedstock.facts.scan import Token

_TITLES = frozenset(
    "mr mrs ms miss dr doctor prof professor sir madam lady lord st saint lt col gen sgt capt captain rev sen"
    " gov rep jr sr hon".split()
)
_NO_NAMES = frozenset(
    "am pm i im ive id ill ok tv cd dvd q a re fw fwd ps asap fyi rsvp ma'am monday tuesday wednesday"
    " thursday friday saturday sunday january february march april may june july august september october"
    " november december mon tue tues wed thu thur thurs fri sat sun jan feb mar apr jun jul aug sep sept oct"
    " nov dec".split()
)
_VERBS = frozenset(
    "has had have is was were are will would can could may might must did does do and or who went got made"
    " took gave ate bought sold paid left said told found kept read began became wrote won lost ran drove"
    " came saw spent built grew met sat stood led knew thought brought taught caught fell held drew broke"
    " chose flew sang swam threw wore woke rode shot slept spoke then now also never always only just"
    " still".split()
)
_SMALL_WORDS = language("en").stop | frozenset(
    "since while because then also so but yet though although until after before during than these those"
    " there now just about over under here him me them us no not yes may might must should could been being"
    " am i'm it's that's let's don't dear hi hello hey thanks thank regards best kind sincerely cheers"
    " subject".split()
)
"""With a capital they begin something: a sentence, a letter, a title."""
_PLAIN_WORDS = frozenset(
    "autumn black blue brown care cash chance cook day dollar early east field fields flash gray green"
    " grey hall head high hill hills house key law link long love low major may nation nice north odd page"
    " park post power price rain reading rich river savage short sky snow south spring star state stone"
    " storm strong summer sun sunny swift true united water waters web west white will wing winter wood"
    " woods young".split()
)
"""Doubtful names that nobody means with small letters, but after another name: `justin long`."""
_LONGEST_HEADING, _FEW = 4, 5


@dataclass(frozen=True, slots=True)
class Name:
    """A name where it stands: tokens `first` to `last`.

    `key` is equal for spellings of one name, `keys` are those of its words. A name that is not `firm`
    may be no name: it only counts when another one took its place. `made_up_of_words`: nothing but its
    capitals tell it, as in `General Motors`; such a name can be lost, but not be told when it is new.
    `rare`: no list has it, and it is no ordinary word.
    """

    key: str
    text: str
    firm: bool
    first: int
    last: int
    keys: tuple[str, ...]
    made_up_of_words: bool = False
    rare: bool = False


class _Search:
    """The names of one text."""

    def __init__(
        self, tokens: Sequence[Token], taken: Collection[int], knowledge: Knowledge, english: bool
    ) -> None:
        self.tokens = tokens
        self.taken = taken
        self.knowledge = knowledge
        self.english = english
        within = inside(tokens)
        large = {key(token.low) for token in within if token.text[0].isupper()}
        long = [token for token in within if len(token.text) > 1]
        most = 0.3 if not english else 0.5 if len(long) > _FEW else 0.7
        share = sum(token.text[0].isupper() for token in long) / max(1, len(long))
        self.capitals = tells(tokens) and share <= most and (english or knowledge.capitals)
        self.headline = share > most and not all(token.text.isupper() for token in long)
        self.within = large if self.capitals else frozenset[str]()
        self.small = {key(token.low) for token in tokens if token.kind == "word" and token.text[0].islower()}
        self.found: list[Name] = []

    def all(self) -> list[Name]:
        """In order, none within another."""
        at = 0
        while at < len(self.tokens):
            name = self._at(at)
            if name:
                self.found.append(name)
            at = name.last + 1 if name else at + 1
        return self.found

    def _at(self, at: int) -> Name | None:
        token = self.tokens[at]
        if token.kind != "word" or at in self.taken or token.low in _NO_NAMES:
            return None
        if token.low in units() and token.text.isupper():
            return None  # USD, KG
        if (listed := self._listed(at)) or len(token.low) < 2:
            return listed
        return self._capital(at) if self.capitals and token.text[0].isupper() else self._small(at)

    def _listed(self, at: int) -> Name | None:
        for words, named in names().get(key(self.tokens[at].low), ()):
            last = self._matches(at, words)
            if last < 0 or not self._alike(at, last) or not self._is_meant(at, named):
                continue
            small = named.capitals and self.tokens[at].text.islower()
            loose = named.doubtful or small or self._is_plural(at, words)
            return self._name(at, last, not loose or self._is_name(at, last), named)
        return None

    def _is_meant(self, at: int, named: Named) -> bool:
        """Whether the letters are those of a name: `US` in capitals, `nj` after a place, no `long`."""
        token = self.tokens[at]
        if named.doubtful and named.name == f"{token.low}s":
            return False  # a bank is not called Banks
        if named.capitals:
            small = token.text.islower() and not is_ordinary(token.low) and self._follows(at)
            return small or (self.capitals and token.text.isupper())
        plain = named.doubtful and token.low in _PLAIN_WORDS and token.text.islower()
        return not plain or self._follows(at)

    def _follows(self, at: int) -> bool:
        """Whether another name stands right before, but for a comma."""
        before = at - 1 - (at > 0 and self.tokens[at - 1].text == ",")
        return bool(self.found) and self.found[-1].last == before

    def _matches(self, at: int, words: Sequence[str]) -> int:
        """The last token of a listed name that begins here; -1 where it does not."""
        for i, word in enumerate(words):
            if i and at < len(self.tokens) and self.tokens[at].text in "-.'":
                at += 1
            if at >= len(self.tokens) or key(self.tokens[at].low) != word:
                return -1
            at += 1
        return at - 1

    def _is_plural(self, at: int, words: Sequence[str]) -> bool:
        """Whether a single word is a name by its s only: `carries` is no Carrie's."""
        low = self.tokens[at].low
        return len(words) == 1 and low != words[0] and "'" not in low and is_ordinary(low)

    def _alike(self, first: int, last: int) -> bool:
        """Whether all words of a listed name are written alike: `American airlines` is no company."""
        if not self.capitals or not self.tokens[first].text[0].isupper() or last == first:
            return True
        return self.tokens[last].text[0].isupper() or self.tokens[last].kind != "word"

    def _is_name(self, first: int, last: int) -> bool:
        """Whether an ordinary word is a name here: its capital does not come from where it stands."""
        token = self.tokens[first]
        if not self.capitals or not token.text[0].isupper() or token.text.isupper():
            return False
        return not token.opens or key(token.low) in self.within or self._acts(last)

    def _acts(self, last: int) -> bool:
        """Whether what follows speaks of somebody: a verb, a possessive, another capital."""
        token, after = self.tokens[last], self._word(last + 1)
        if token.low.endswith("'s") and token.low not in (
            "it's",
            "that's",
            "let's",
            "what's",
            "here's",
            "there's",
        ):
            return True
        if after is None:
            return False
        if after.text[0].isupper() and not after.text.isupper():
            return not self.knowledge.ordinary(after.low)
        return after.low in _VERBS or (len(after.low) > 3 and after.low.endswith("ed"))

    def _word(self, at: int) -> Token | None:
        return self.tokens[at] if 0 <= at < len(self.tokens) and self.tokens[at].kind == "word" else None

    def _capital(self, at: int) -> Name | None:
        token = self.tokens[at]
        if token.low in _TITLES:
            return None
        ordinary = self.knowledge.ordinary(token.low) or self.knowledge.ordinary(key(token.low))
        if ordinary:
            return self._name(at, at, True, made_up=True) if self._in_run(at) or self._alone(at) else None
        sure = not token.opens or key(token.low) in self.within or key(token.low) in self.knowledge.names
        if sure or self._acts(at) or (token.text.isupper() and len(token.text) > 1):
            return self._name(at, at, True)
        return self._name(at, at, False) if self.english else None

    def _in_run(self, at: int) -> bool:
        """Whether an ordinary word with a capital stands beside another one: `General Motors`."""
        token = self.tokens[at]
        if token.opens or token.text.isupper() or not self.english or token.low in _SMALL_WORDS:
            return False
        first = last = at
        while (before := self._word(first - 1)) and self._is_large(before):
            first -= 1
        while (after := self._word(last + 1)) and self._is_large(after):
            last += 1
        return 1 <= last - first < _LONGEST_HEADING

    def _alone(self, at: int) -> bool:
        """Whether an ordinary word has a capital of its own: nobody writes it small here or in real rows."""
        token, before = self.tokens[at], self._word(at - 1)
        if token.text.isupper() or not self.english or token.low in _SMALL_WORDS:
            return False
        if before is None or not before.text[0].islower():  # a sentence, a label or a heading
            return False
        return not {token.low, key(token.low)} & (self.small | self.knowledge.lower)

    def _is_large(self, token: Token) -> bool:
        return token.text[0].isupper() and token.low not in _SMALL_WORDS

    def _small(self, at: int) -> Name | None:
        """A word that no capital tells: one the real rows know as a name, or a rare one."""
        token = self.tokens[at]
        if not self.english or len(token.low) < 3 or self.knowledge.ordinary(token.low):
            return None
        # In a headline all words have capitals, and still no ordinary one is rare.
        headed = self.headline and token.text[0].isupper() and not token.opens and len(token.low) > 3
        firm = headed or key(token.low) in self.knowledge.names
        return replace(self._name(at, at, firm), rare=True)

    def _name(
        self, first: int, last: int, firm: bool, named: Named | None = None, made_up: bool = False
    ) -> Name:
        words = [token for token in self.tokens[first : last + 1] if token.kind == "word"]
        keys = tuple(key(token.low) for token in words)
        text = " ".join(token.text for token in words)
        for ending in ("'s", "'"):
            text = text.removesuffix(ending)
        return Name(named.name if named else keys[0], text, firm, first, last, keys, made_up)


def find_names(
    tokens: Sequence[Token], taken: Collection[int], knowledge: Knowledge, english: bool = True
) -> list[Name]:
    """All names of a text; `taken` are tokens that are numbers or dates."""
    return _Search(tokens, taken, knowledge, english).all()
