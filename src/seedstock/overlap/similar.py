"""Similar: near copies by the share of runs that two texts have in common (Jaccard), in a growing set.

Prefix filter (Chaudhuri, Ganti and Kaushik 2006; Xiao et al. 2008): put the runs of every text in one order,
rare ones first. Two texts that share t of all their runs must then share one of the first n - ⌈t·n⌉ + 1 of
each. So only these few are looked up. Of what is found, maps of 256 bits rule out nearly all (Sandes, Teodoro
and Melo 2020): a bit in which two maps differ stands for a run that only one has. The rest is compared in
full. Exact, and nearly linear.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seedstock.overlap.grams import MOST_CHARACTERS, SIZE, Grams, Places, Shared, expanded, grams

_BITS = 256
_FIRST_COUNT = 256
"""Texts after which frequencies are counted for the first time; later at each doubling."""

Run = tuple[Grams, Places]
"""Sorted runs of characters with the text that each stands in."""


class Read:
    """Texts with their runs, read once for all that is asked of them.

    Only texts of one group, a number each, are compared: texts that all look alike but for what puts them
    into groups would else be compared pair by pair.
    """

    def __init__(self, texts: Sequence[str], groups: Sequence[int] | None = None) -> None:
        self.texts = list(texts)
        self.groups = np.asarray([0] * len(self.texts) if groups is None else groups, np.int64)
        self.hashes, self.starts = grams(self.texts)
        self.sizes = np.diff(self.starts)
        self.maps = _maps(self.hashes, self.starts)
        self.rare: Run | None = None
        self.rare_at = -1

    def __len__(self) -> int:
        return len(self.texts)


class Similar:
    """Texts, and their rare runs in sorted lists that are merged when they are of one size."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._texts: list[str] = []
        self._groups: Places = np.empty(0, np.int64)
        self._sizes: Places = np.empty(0, np.int64)
        self._maps: Grams = np.empty((0, _BITS // 64), np.uint64)
        self._lists: list[Run] = []
        self._common: Grams = np.empty(0, np.uint64)
        self._counts: Places = np.empty(0, np.int64)
        self._counted_at = 0

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, texts: Sequence[str], groups: Sequence[int] | None = None) -> None:
        """Append texts; their places follow those already there."""
        if texts:
            self._add(Read(texts, groups))
            if len(self._texts) >= max(_FIRST_COUNT, 2 * self._counted_at):
                self._count()

    def find(self, read: Read) -> Shared:
        """Pairs (query, text) of a group of which at least `threshold` of all distinct runs stand in both."""
        rare, queries = self._rare(read)
        found = [np.empty(0, np.int64)]
        for run, owners in self._lists:
            first, last = (np.searchsorted(run, rare, side) for side in ("left", "right"))
            places, numbers = expanded(first, last)
            of, row = queries[numbers], owners[places]
            alike = read.groups[of] == self._groups[row]
            found.append(of[alike] * len(self._texts) + row[alike])
        query, row = np.divmod(np.unique(np.concatenate(found)), max(1, len(self._texts)))
        likely = self._likely(read, query, row)
        return self._compared(read.texts, query[likely], row[likely])

    def among(self, read: Read) -> Shared:
        """Pairs of these texts themselves, the later as query; none is added."""
        inner = Similar(self._threshold)
        inner._common, inner._counts, inner._counted_at = self._common, self._counts, self._counted_at
        inner._add(read)
        found = inner.find(read)
        before = found.row < found.query
        return Shared(found.query[before], found.row[before], found.share[before])

    def _add(self, read: Read) -> None:
        hashes, owners = self._rare(read)
        order = np.argsort(hashes, kind="stable")
        self._lists.append((hashes[order], owners[order] + len(self._texts)))
        while len(self._lists) > 1 and len(self._lists[-1][0]) * 2 > len(self._lists[-2][0]):
            self._lists.append(_merged(self._lists.pop(), self._lists.pop()))
        self._texts += read.texts
        self._groups = np.concatenate([self._groups, read.groups])
        self._sizes = np.concatenate([self._sizes, read.sizes])
        self._maps = np.concatenate([self._maps, read.maps])

    def _likely(self, read: Read, query: Places, row: Places) -> npt.NDArray[np.bool_]:
        """Which candidates may be similar, by their sizes and the bits in which they differ."""
        total = read.sizes[query] + self._sizes[row]
        apart = np.bitwise_count(read.maps[query] ^ self._maps[row]).sum(axis=1, dtype=np.int64)
        likely: npt.NDArray[np.bool_] = (total - apart) / 2 >= self._threshold / (
            1 + self._threshold
        ) * total - 1e-9
        return likely

    def _compared(self, texts: Sequence[str], query: Places, row: Places) -> Shared:
        """Of candidates, those that are similar."""
        sets: dict[str, set[str]] = {}
        shares = np.empty(len(query))
        for at, (i, j) in enumerate(zip(query.tolist(), row.tolist(), strict=True)):
            one, other = (sets.get(t) or sets.setdefault(t, _runs(t)) for t in (texts[i], self._texts[j]))
            common = len(one & other)
            shares[at] = common / (len(one) + len(other) - common)
        near = shares >= self._threshold
        return Shared(query[near], row[near], shares[near])

    def _rare(self, read: Read) -> Run:
        """The first runs of each text in the common order, and the number of the text each is of."""
        if read.rare is None or read.rare_at != self._counted_at:
            owner = np.repeat(np.arange(len(read)), read.sizes)
            order = np.lexsort((read.hashes, self._frequencies(read.hashes), owner))
            rank = np.arange(len(owner)) - read.starts[owner]
            wanted = read.sizes - np.ceil(self._threshold * read.sizes - 1e-9).astype(np.int64) + 1
            chosen = order[rank < wanted[owner]]
            read.rare, read.rare_at = (read.hashes[chosen], owner[chosen]), self._counted_at
        return read.rare

    def _frequencies(self, hashes: Grams) -> Places:
        if not len(self._common):
            return np.zeros(len(hashes), np.int64)
        place = np.minimum(np.searchsorted(self._common, hashes), len(self._common) - 1)
        return np.where(self._common[place] == hashes, self._counts[place], 0)

    def _count(self) -> None:
        """Count how often each run stands in all texts, and put their lists in the new order."""
        read = Read(self._texts, self._groups.tolist())
        self._common, self._counts = _repeated(read.hashes)
        self._counted_at = len(read)
        self._texts, self._groups, self._lists = [], self._groups[:0], []
        self._sizes, self._maps = self._sizes[:0], self._maps[:0]
        self._add(read)


def _repeated(hashes: Grams) -> tuple[Grams, Places]:
    """Runs that stand in more than one text, and in how many: the others are known by their absence."""
    values, counts = np.unique(hashes, return_counts=True)
    often = counts > 1
    return values[often], counts[often].astype(np.int64)


def _maps(hashes: Grams, starts: Places) -> Grams:
    """A bit for each run of a text, by the run's number: (n, 4)."""
    bits = np.zeros((len(starts) - 1, _BITS), np.bool_)
    bits[np.repeat(np.arange(len(bits)), np.diff(starts)), hashes % _BITS] = True
    return np.packbits(bits, axis=1).view(np.uint64)


def _merged(one: Run, other: Run) -> Run:
    hashes, owners = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    order: npt.NDArray[np.int64] = np.argsort(hashes, kind="stable")
    return hashes[order], owners[order]


def _runs(text: str) -> set[str]:
    plain = f" {text[:MOST_CHARACTERS]} ".ljust(SIZE)
    return {plain[at : at + SIZE] for at in range(len(plain) - SIZE + 1)}
