"""overlap: near copies and texts within texts, against sets of runs compared one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.overlap import Contained, Read, Shared, Similar
from seedstock.overlap import similar as similar_module

words = st.sampled_from("pump pumps valve leaks leaking the a hot x 12".split())
texts = st.lists(st.one_of(st.lists(words, max_size=9).map(" ".join), st.text(max_size=12)), max_size=40)


def runs(text: str) -> set[str]:
    padded = f" {text} ".ljust(5)
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


def jaccard(one: str, other: str) -> float:
    return len(runs(one) & runs(other)) / len(runs(one) | runs(other))


def contained(one: str, other: str) -> float:
    return len(runs(one) & runs(other)) / min(len(runs(one)), len(runs(other)))


def as_set(found: Shared) -> set[tuple[int, int]]:
    pairs = list(zip(found.query.tolist(), found.row.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    return set(pairs)


@given(texts, st.lists(st.integers(0, 40), max_size=4), st.sampled_from([0.5, 0.8, 1.0]), st.integers(1, 12))
def test_similar_finds_what_comparing_all_finds(
    given_texts: list[str], cuts: list[int], threshold: float, first_count: int
) -> None:
    index = Similar(threshold)
    pieces = np.split(np.arange(len(given_texts)), sorted(min(cut, len(given_texts)) for cut in cuts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similar_module, "_FIRST_COUNT", first_count)
        for piece in pieces:
            mine = [given_texts[i] for i in piece]
            before = given_texts[: len(index)]
            assert as_set(index.find(Read(mine))) == {
                (i, j) for i, one in enumerate(mine) for j, two in enumerate(before)
                if jaccard(one, two) >= threshold
            }  # fmt: skip
            assert as_set(index.among(Read(mine))) == {
                (i, j) for i, one in enumerate(mine) for j, two in enumerate(mine[:i])
                if jaccard(one, two) >= threshold
            }  # fmt: skip
            index.add(mine)


@given(texts, texts, st.sampled_from([0.3, 0.6, 0.8]))
def test_contained_finds_what_comparing_all_finds(held: list[str], rows: list[str], threshold: float) -> None:
    found = Contained(held, threshold).find(rows)
    expected = {
        (i, j): contained(one, two) for i, one in enumerate(rows) for j, two in enumerate(held)
        if contained(one, two) > threshold
    }  # fmt: skip
    assert as_set(found) == set(expected)
    for i, j, share in zip(found.query, found.row, found.share, strict=True):
        assert share == pytest.approx(expected[int(i), int(j)])


def test_a_slip_in_a_long_text_is_a_near_copy_and_another_text_is_not() -> None:
    one = "please tell me how many days of leave i still have before the end of march"
    index = Similar(0.8)
    index.add([one, "what is the weather like in the mountains at the end of march"])
    found = index.find(Read([one.replace("leave", "laeve")]))
    assert found.row.tolist() == [0]
    assert 0.8 <= found.share[0] < 0.95


def test_only_texts_of_one_group_are_compared() -> None:
    text = "send 5 parcels to the warehouse behind the station"
    index = Similar(0.8)
    index.add([text, text, text], [1, 2, 1])
    assert as_set(index.find(Read([text, text], [1, 3]))) == {(0, 0), (0, 2)}
    assert as_set(index.among(Read([text] * 3, [4, 5, 4]))) == {(2, 0)}


def test_hostile_texts_end() -> None:
    """Texts of megabytes, of one letter, with lone surrogates: of each the first 20,000 characters count."""
    index = Similar(0.8)
    hostile = ["a" * 1_000_000, "\ud800" * 50, "", "\x00" * 9, "ab" * 500_000]
    index.add(hostile)
    assert as_set(index.find(Read(hostile))) >= {(i, i) for i in range(len(hostile))}
    assert as_set(Contained(hostile, 0.5).find(hostile)) >= {(i, i) for i in range(len(hostile))}
