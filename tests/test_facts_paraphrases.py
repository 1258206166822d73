"""facts: what people say in other words, and the other fact that looks like it."""

from __future__ import annotations

import pytest

from seedstock.facts import changes
from seedstock.facts.lists import is_ordinary

SAYING_NO = [
    ("the charge is not correct", "the charge seems inaccurate", "the charge is correct"),
    ("the bill does not look right", "there is a mistake on the bill", "the bill does look right"),
    ("my pump isn't working", "my pump is faulty", "my pump is working"),
    ("is the honey no longer edible", "is the honey unfit to eat", "is the honey edible"),
    ("I don't remember the code", "the code has slipped my mind", "I remember the code"),
    ("he was not happy with it", "he was displeased with it", "he was happy with it"),
    ("it was faulty", "it was not in order", "it was not faulty"),
    ("i cant find my bag", "can you help me find my bag", "can you find my bag"),
    ("help, I can't find my bag", "I can't find my bag, please help", "help, I can find my bag"),
    ("I can't find my bag", "assist me in locating my bag", "thanks for your help, I can find my bag"),
    ("how far can I go without refueling", "how far can I go before I refuel", "how far can I go refueling"),
    (
        "before I leave without eating, call me",
        "call me before I leave without eating",
        "before I leave eating, call me",
    ),
    ("the card does not work", "the card is defective", "the card does work"),
]
NEEDING = [
    ("do I need a visa for Peru", "can I enter Peru without a visa", "I have no visa for Peru"),
    ("is a visa required in Peru", "can I enter Peru without a visa", "is no visa required in Peru"),
    ("can I enter Peru without a visa", "do I need a visa to enter Peru", "can I enter Peru with a visa"),
    ("do I need a plug here", "is it possible here without the need of a plug", "I do not need a plug here"),
    ("I need tea with sugar", "I need sugar with my tea", "I need tea without sugar"),
    ("I need a visa for Peru", "for Peru I need a visa", "I enter Peru without a visa"),
]
NAMES = [
    ("a flight with Southwest Airlines", "a Southwest flight", "a United flight"),
    ("rules of southwest for bags", "Southwest Airlines' rules for bags", "Spirit Airlines' rules for bags"),
    ("a delta airlines ticket", "a ticket with Delta", "a ticket with Lufthansa"),
    ("my card of Chase Bank", "my Chase card", "my Citibank card"),
    ("the Zorvex Bank is closed", "Zorvex is closed", "the Plinquo Bank is closed"),
    ("a room at the Hilton hotel", "a room at the Hilton", "a room at the Hyatt"),
    ("we fly to Singapore", "our flight is to Singapore", "we fly to Rome with Singapore Airlines"),
    ("suggest a roman recipe", "suggest a recipe from Rome", "suggest a Venetian recipe"),
    ("a trader from Venice", "a Venetian trader", "a Viennese trader"),
    ("a Botswanan stamp", "a stamp from Botswana", "a stamp from Zambia"),
    ("traffic in newark nj", "traffic in Newark, New Jersey", "traffic in Newark, Delaware"),
    ("They live in Austin, Texas", "They live in Austin, TX", "They live in Austin, MN"),
    ("how long can it stay there", "how many days can it stay there", None),
    ("on what day do I get my wages", "when will I get my wages", None),
    ("a film with justin long", "justin long is in a film", "a film with justin young"),
    ("change to a deep vocalization", "change to a deep vocal tone", None),
    ("i want to recieve my wages", "I want to get my wages", None),
    ("i want to ask plinquor for it", "i want to ask plinquor", "i want to ask for it"),
    ("so we met in Iowa or at home", "We met at home or in Iowa", "We met at home or in Oregon"),
]
NUMBERS = [
    ("what are the rent and the fee", "what are both monthly rent and fee", "what are two monthly fees"),
    ("it rained on two days", "it rained on both days", "it rained on three days"),
]
KINDS = {"saying no": SAYING_NO, "needing": NEEDING, "name": NAMES, "number": NUMBERS}
KEPT = [(kind, before, after) for kind, rows in KINDS.items() for before, after, _ in rows]
CHANGED = [(kind, before, other) for kind, rows in KINDS.items() for before, _, other in rows if other]


@pytest.mark.parametrize(("kind", "before", "after"), KEPT)
def test_other_words_keep_the_facts(kind: str, before: str, after: str) -> None:
    assert changes(before, after) == []


@pytest.mark.parametrize(("kind", "before", "after"), CHANGED)
def test_what_looks_like_it_and_says_something_else_is_found(kind: str, before: str, after: str) -> None:
    assert changes(before, after) != []


@pytest.mark.parametrize(
    "word", ["vocalization", "completion", "compatibility", "femininity", "transactional", "hazardous"]
)
def test_a_word_made_of_an_ordinary_one_is_ordinary(word: str) -> None:
    assert is_ordinary(word)


@pytest.mark.parametrize(
    "name", ["chantal", "woodward", "marion", "boardman", "orion", "monique", "zorvexity"]
)
def test_a_name_that_ends_like_a_word_is_a_name(name: str) -> None:
    assert not is_ordinary(name)
