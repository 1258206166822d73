"""What changed in the names of two texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedstock.facts.change import Change
from seedstock.facts.lists import key
from seedstock.facts.lists import names as listed
from seedstock.facts.names import Name
from seedstock.facts.reading import Facts
from seedstock.facts.slips import is_slip

_FAMILY = 6
_GENERIC = frozenset(map(key, "airline airway bank card hotel mobile phone video company store".split()))
"""What a name may go without: `Southwest Airlines`, `a southwest flight`."""
MOST_RARE = 100
"""Words that may be names are looked at up to this many: a text full of them is in no known language."""


def names(old: Facts, new: Facts) -> Iterator[Change]:
    """Names that are gone or new; words that may be names where one took the place of another."""
    gone = _gone(old, new)
    came = [name for name in new.names if not name.made_up_of_words and not _has(name, new, old)]
    rare_gone = [n for n in gone if not n.firm][:MOST_RARE]
    rare_came = [n for n in came if not n.firm][:MOST_RARE]
    rare_gone = [n for n in rare_gone if not _misspelt(n.keys[0], new)]
    rare_came = [n for n in rare_came if not _misspelt(n.keys[0], old)]
    # In a text without capitals a rare word is most likely a name; a new one may be a slip.
    sure = [n for n in rare_gone if n.rare and not is_slip(n.keys[0])] if old.text.islower() else []
    lost = [n for n in gone if n.firm] + sure
    added = [n for n in came if n.firm and not (n.rare and _misspelt(n.keys[0], old))]
    all_lost, all_added = _replaced(lost + rare_gone, added + rare_came, old, new)
    all_lost.update(lost)
    all_added.update(added)
    for name in gone:
        if name in all_lost:
            yield Change("lost_name", name.text)
    for name in came:
        if name in all_added:
            yield Change("added_name", "", name.text)


def _gone(old: Facts, new: Facts) -> list[Name]:
    """Names that the other text has not. `City` of `City Aberdeen` may go where Aberdeen stays."""
    gone: list[Name] = []
    run: list[Name] = []
    for name in [*old.names, None]:
        if name is None or (run and run[-1].last + 1 != name.first):
            lost = [one for one in run if not _has(one, old, new)]
            kept = len(lost) < len(run)
            gone += [one for one in lost if not (kept and one.made_up_of_words)]
            run = []
        if name is not None:
            run.append(name)
    return gone


def _replaced(
    gone: Sequence[Name], came: Sequence[Name], old: Facts, new: Facts
) -> tuple[set[Name], set[Name]]:
    """Names and words that may be names where one stands in the place of another."""
    there = {side for name in gone for side in _beside(old, name)}
    here = {side for name in came for side in _beside(new, name)}
    both = there & here
    return {n for n in gone if both & _beside(old, n)}, {n for n in came if both & _beside(new, n)}


def _beside(facts: Facts, name: Name) -> set[tuple[int, str]]:
    """The words right before and after a name."""
    found = set()
    for step, at in ((-1, name.first - 1), (1, name.last + 1)):
        if 0 <= at < len(facts.tokens) and facts.tokens[at].kind == "word":
            found.add((step, facts.tokens[at].low))
    return found


def _has(name: Name, own: Facts, other: Facts) -> bool:
    """Whether another text has a name: as it is listed, by all its words, as one word, or in a code."""
    if name.key in other.keys or name.key in other.canonical or all(k in other.keys for k in name.keys):
        return True
    if "".join(name.keys) in other.joins or own.is_in_code(name.last, other):
        return True
    bare = _bare(name)
    return bool(bare) and all(k in other.keys for k in bare)


def _bare(name: Name) -> tuple[str, ...]:
    """A name without its generic word; nothing where the rest is a name of something else.

    `Singapore Airlines` is not Singapore.
    """
    if len(name.keys) < 2 or name.keys[-1] not in _GENERIC:
        return ()
    bare = name.keys[:-1]
    those = dict(listed().get(bare[0], ()))
    return () if bare in those and not those[bare].doubtful and those[bare].name != name.key else bare


def _misspelt(word: str, facts: Facts) -> bool:
    """Whether a text has nearly this word: a slip, or one put right."""
    return len(word) > 3 and any(_near(word, other) for other in facts.keys)


def _near(one: str, other: str) -> bool:
    """At most two letters in one place apart (one in short words), the same letters, or one word family."""
    most = 1 if len(one) < 6 else 2
    if not 3 < len(other) < 30 or one[0] != other[0]:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    if start >= _FAMILY and start >= 0.6 * max(len(one), len(other)):
        return True
    if abs(len(one) - len(other)) > most:
        return False
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return max(len(one), len(other)) - start - end <= most or sorted(one) == sorted(other)
