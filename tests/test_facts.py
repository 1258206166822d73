"""facts: what a rewrite may do to a text and what it may not, both ways; and the gate that asks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import write_rows
from seedstock.auditing import audit
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.exchange import Message
from seedstock.facts import Facts, Knowledge, changes, protected
from seedstock.facts.lists import LANGUAGES, is_ordinary, language, names, units
from seedstock.facts.scan import plain
from seedstock.gates.base import Batch, Tools
from seedstock.gates.facts import FactsGate, FactsSettings
from seedstock.tasks.base import Output
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.tasks.text import Text, TextSettings
from seedstock.verdict import Verdict

HERE = Path()
MOODS = Labels(["good", "bad"], HERE)
OBJECT = JsonSchema({"type": "object"}, HERE)
LEXICAL = Lexical(LexicalSettings(dims=64))


def codes(before: str, after: str, *values: str, knowledge: Knowledge | None = None) -> list[str]:
    """The codes of what changed, each once."""
    return list(dict.fromkeys(change.code for change in changes(before, after, values, knowledge)))


# -- one fact in two notations, and another fact in its place

NUMBERS = [
    ("It costs 1,200 in all", "In all it costs 1200", "In all it costs 1300"),
    ("It costs 1200 in all", "it costs twelve hundred in all", "it costs thirteen hundred in all"),
    ("There are 25 seats", "There are twenty-five seats", "There are twenty-six seats"),
    ("102 guests came", "One hundred and two guests came", "One hundred and three guests came"),
    (
        "A town of 3200005 people",
        "A town of three million two hundred thousand and five people",
        "A town of people",
    ),
    ("We need a dozen eggs", "We need 12 eggs", "We need 13 eggs"),
    ("He ate half of it", "He ate 1/2 of it", "He ate 1/3 of it"),
    ("A quarter of them left", "25% of them left", "35% of them left"),
    ("It sells at $1.50", "It sells at one dollar and fifty cents", "It sells at one dollar fifteen cents"),
    ("I have two dolls", "I have a pair of dolls", "I have three dolls"),
    ("She has twice as many", "She has two times as many", "She has three times as many"),
    ("It took 3 and a half hours", "It took 3.5 hours", "It took 4.5 hours"),
    ("It took three-and-a-half hours", "It took 3 1/2 hours", "It took 3 1/4 hours"),
    ("Two thirds agreed", "2/3 agreed", "One third agreed"),
    ("About 1.2k users", "About 1200 users", "About 1.3k users"),
    ("Sales of $2 million", "Sales of 2,000,000 dollars", "Sales of $3 million"),
    ("A debt of $13.6bn", "A debt of 13.6 billion dollars", "A debt of $13.6 million"),
    ("The 3rd lap", "The third lap", "The fourth lap"),
    ("The 21st lap", "The twenty-first lap", "The twenty-second lap"),
    ("the second lap", "lap 2", "the first lap"),
    ("In 1980 it closed", "it closed in nineteen eighty", "it closed in nineteen ninety"),
    ("A song of the 1980s", "A song of the eighties", "A song of the nineties"),
    ("A song of the 80s", "A song of the 1980's", "A song of the 90s"),
    ("my pin is 3892", "my pin is three eight nine two", "my pin is three eight nine three"),
    ("It is -4 outside", "Outside it is -4", "Outside it is 4"),
    ("from 700-1000 calories", "between 700 and 1000 calories", "between 700 and 1100 calories"),
    ("they won 71-56", "they won 71 to 56", "they won 71 to 65"),
    ("a ratio of 3:4", "a ratio of 3 to 4", "a ratio of 3 to 5"),
    ("a loaf is 0.5 kg", "a loaf is .50 kg", "a loaf is .05 kg"),
    ("1e6 rows", "1,000,000 rows", "100,000 rows"),
    ("it holds ½ a cup", "it holds half a cup", "it holds three quarters of a cup"),
    ("she has one cat", "she has a cat", "she has three cats"),
    ("take 1 hour", "take an hour", "take 2 hours"),
    ("each has 20 rows of 20 chairs", "each has twenty rows of 20 chairs", "each has some rows of 20 chairs"),
    (
        "Dustin and Sam are both here",
        "The two of them, Dustin and Sam, are here",
        "Dustin, Sam and three others are here",
    ),
    ("Buy eggs, milk and bread", "Buy:\n1. eggs\n2. milk\n3. bread", "Buy 12 eggs, milk and bread"),
]  # fmt: skip
UNITS = [
    ("a 5 km walk", "a walk of five kilometres", "a walk of five miles"),
    ("it costs $5", "it costs 5 dollars", "it costs 5 euros"),
    ("it costs $5", "it costs USD 5", "it costs €5"),
    ("40% of them", "40 percent of them", "40 dollars of them"),
    ("wait 30 mins", "wait for 30 minutes", "wait 30 hours"),
    ("it weighs 12 lbs", "its weight is 12 pounds", "its weight is 12 kilograms"),
    ("it does 24 miles per hour", "it does 24 mph", "it does 24 km/h"),
    (
        "a 2 day trip and 2 days of rest",
        "a trip of 2 days, then 2 days of rest",
        "a 2 week trip and 2 days of rest",
    ),
    ("How many hours does it take?", "It takes how many hours?", "How many minutes does it take?"),
    ("50 cents each", "$0.50 each", "50 dollars each"),
]  # fmt: skip
DATES = [
    ("Meet on June 3rd, 2024", "Meet on 3 June 2024", "Meet on 4 June 2024"),
    ("Meet on June 3rd, 2024", "Meet on 2024-06-03", "Meet on 2024-07-03"),
    ("Meet on June 3rd, 2024", "Meet on 06/03/2024", "Meet on 06/03/2025"),
    ("Meet on Sept 19th", "Meet on the 19th of September", "Meet on the 19th of October"),
    ("Come on Monday", "come on mon", "come on tuesday"),
    ("Come at 14:20", "Come at 2:20 pm", "Come at 2:20 am"),
    ("Come at 2:20 p.m.", "Come at 14:20", "Come at 14:30"),
    ("Come at 8 pm", "Come at 8 o'clock in the evening", "Come at 9 o'clock in the evening"),
    ("Come at half past six", "Come at 6:30", "Come at 7:30"),
    ("Come at 6:30", "Come at six thirty", "Come at six fifteen"),
    ("traffic at 8", "traffic around 8 o'clock", "traffic around 9 o'clock"),
    ("Come at noon", "Come at 12 pm", "Come at 12 am"),
    ("a good year, 1980", "1980 was a good year", "1981 was a good year"),
    ("see you tomorrow", "see you the next day", "see you yesterday"),
    ("Worn on 9/23", "Worn on September 23", "Worn on September 24"),
    ("I rest today and tomorrow", "tomorrow and today I rest", "I rest today and yesterday"),
    ("in May we left", "we left in may", "we left in june"),
    ("you may go", "you can go", "you may go in June"),
]
CODES = [
    ("Pump P-204 leaks", "P204, a pump, leaks", "Pump P-205 leaks"),
    ("my flight is ab123", "My flight is AB 123", "My flight is AB132"),
    ("Write to joe@mail.com today", "Today, write to joe@mail.com.", "Write to jo@mail.com today"),
    ("See www.shop.com/a?b=1 now", "see now: www.shop.com/a?b=1.", "See www.shop.com/a?b=2 now"),
    ("Thanks @bob for #GoodFood", "thanks for #goodfood, @bob!", "Thanks @rob for #GoodFood"),
    ("Dear {name}, hello", "Hello, dear {name}", "Dear friend, hello"),
    ("Fill in <mask> here", "Here, fill in <mask>", "Fill in <blank> here"),
    ("Open report.csv first", "First open report.csv", "First open report.pdf"),
    ("call find_me() there", "there, call find_me()", "there, call find_us()"),
    ('the song "Blue Moon" plays', "the song Blue Moon plays", 'the song "Blue Sun" plays'),
    ("the word 'cat' is short", 'The word "cat" is short', "the word 'dog' is short"),
    ("Hello there", "[00:12] [user] hello there [pause] <b>!</b>", "Hello there [Your Name]"),
    ("I bought a PS4", "a ps4 is what I bought", "I bought a PS5"),
    (
        "hi there, I need help",
        "Hello,\n\nI need help.\n\nKind regards",
        "Hello,\n\nI need help.\n\nRegards\n{your_name}",
    ),
]  # fmt: skip
NAMES = [
    ("please call katie", "Could you phone Katie?", "Could you phone Laura?"),
    ("Fly from Oslo with Anna", "With Anna, fly from Oslo", "Fly from Rome with Anna"),
    ("suggest a meal from italy", "suggest an Italian meal", "suggest a Spanish meal"),
    ("airlines in the USA", "airlines of the United States", "airlines of the United Kingdom"),
    ("José lives in São Paulo", "Jose, who lives in Sao Paulo", "Josef lives in Sao Paulo"),
    ("Katie's dog barks", "The dog of Katie barks", "The dog of Karen barks"),
    ("does chilli's open", "Is Chillis open?", "Is Wendys open?"),
    (
        "Koby has two boxes. Later Koby sells one.",
        "Koby has two boxes and sells one later.",
        "Kobe has two boxes and sells one later.",
    ),
    ("They work at General Motors", "General Motors is where they work", "They work at Ford"),
    ("Which flights leave City Aberdeen?", "Flights leaving Aberdeen", "Which flights leave City Abilene?"),
    ("He read the Lotr book", "He read the LOTR book", "He read the Dune book"),
    ("my bank of america card", "my Bank of America card", "my Wells Fargo card"),
    ("Grant has four cats", "four cats belong to Grant", "four cats belong to Trent"),
    ("will you come", "Will you come?", "Will Smith, will you come?"),
    ("i like the cookout", "I like the barbecue", None),
    ("New Deals At Zorvex Today", "new deals at Zorvex today", "New Deals At Plinquo Today"),
    ("ask zorvex about it", "Please ask Zorvex about it", "ask plinquo about it"),
    ("I see the MCB trip", "the mcb trips, I see", "I see the RCD trip"),
]  # fmt: skip
NEGATIONS = [
    ("I do not own a dog", "I don't own a dog", "I own a dog"),
    ("I cannot log in", "I am unable to log in", "I can log in"),
    ("the pump is not working", "the pump is broken", "the pump is working"),
    ("the pump does not start", "the pump fails to start", "the pump does start"),
    ("he was not sure of it", "he was uncertain of it", "he was sure of it"),
    ("tea without sugar", "tea w/o sugar", "tea w/ sugar"),
    ("tea without sugar", "tea with no sugar", "tea with sugar"),
    ("students who have no friends", "students that don't have friends", "students who have some friends"),
    ("it is no longer open", "it is not open any more", "it is open"),
    ("he never paid", "he did not ever pay", "he always paid"),
    ("my bags did not arrive", "my bags are missing", "my bags did arrive"),
    ("the villagers did not like it", "the villagers disliked it", "the villagers liked it"),
    ("a movie that is not unhappy", "a movie that is happy", "a movie that is unhappy"),
    ("nobody came", "no one came", "everybody came"),
    ("is the shop open", "Isn't the shop open?", "is the shop not open"),
    ("can you tell me the time", "Can't you tell me the time?", "can you not tell me the time"),
    ("please remember the key", "don't forget the key, please", "do not remember the key please"),
    ("at least 10 flights", "no fewer than 10 flights", "not at least 10 flights"),
    ("found no earlier than in Rome", "found in Rome at the earliest", "found earlier than in Rome"),
    ("where is my bag", "I don't know where my bag is", "where is not my bag"),
    ("it is good and it is not cheap", "it is good but isn't cheap", "it is good and it is cheap"),
    ("dont call me", "Please do not call me", "please call me"),
]
SWAPS = [
    (
        "If it takes 5 minutes to fry each sausage and 4 minutes to scramble each egg, how long is that?",
        "Scrambling an egg needs four minutes, frying a sausage five. How long is that in minutes?",
        "Each sausage needs 4 minutes and each egg 5 minutes. How long is that?",
    ),
    (
        "The venue cost $10,000. It cost $500 for each guest.",
        "Each guest was 500 dollars and the venue 10,000 dollars.",
        "The venue is $500 and each guest costs $10,000.",
    ),
    ("Her age is twice his 3 times 2", "Twice his 3 times 2 is her age", "Her age is thrice his 2 times 2"),
    ("3 apples and 5 pears", "5 pears and 3 apples", "5 apples and 3 pears"),
    (
        "Anna has 3 cats and Bob has 5 cats.",
        "Bob has 5 cats, Anna has 3 cats.",
        "Anna has 5 cats and Bob has 3 cats.",
    ),
    ("Flights from Oslo to Rome", "To Rome, flights from Oslo", "Flights from Rome to Oslo"),
    ("Anna and Bob went home", "Bob and Anna went home", None),
    ("Anna gave Bob a book", "Bob was given a book by Anna", "Bob gave Anna a book"),
    (
        "In 1955 and 1959 he won; he died in 1961.",
        "He won in 1959 and 1955 and died in 1961.",
        "In 1955 and 1961 he won; he died in 1959.",
    ),
    (
        "Rows cost 2 dollars, seats cost 9 dollars",
        "seats cost $9 and rows $2",
        "Rows cost 9 dollars, seats cost 2 dollars",
    ),
]  # fmt: skip
KINDS = {
    "number": NUMBERS, "unit": UNITS, "date": DATES, "code": CODES, "name": NAMES, "negation": NEGATIONS,
    "swap": SWAPS,
}  # fmt: skip
KEPT = [(kind, before, after) for kind, rows in KINDS.items() for before, after, _ in rows]
CHANGED = [(kind, before, other) for kind, rows in KINDS.items() for before, _, other in rows if other]


@pytest.mark.parametrize(("kind", "before", "after"), KEPT)
def test_another_wording_keeps_the_facts(kind: str, before: str, after: str) -> None:
    assert changes(before, after) == []


@pytest.mark.parametrize(("kind", "before", "after"), CHANGED)
def test_another_fact_is_found(kind: str, before: str, after: str) -> None:
    assert changes(before, after) != []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("40 rows", "45 rows", ["lost_number", "added_number"]),
        ("5 km", "5 miles", ["changed_unit"]),
        ("3 apples and 5 pears", "5 apples and 3 pears", ["swapped_numbers"]),
        ("on Monday at 2 pm", "on Friday at 3 pm", ["lost_date", "added_date"]),
        ("in the year 1980", "in the year 1990", ["lost_date", "added_date"]),
        ("see P-204", "see P-205", ["lost_code", "added_code"]),
        ("call katie", "call laura", ["lost_name", "added_name"]),
        ("from Oslo to Rome", "from Rome to Oslo", ["swapped_names"]),
        ("I do not smoke", "I smoke", ["lost_negation"]),
        ("I smoke", "I do not smoke", ["added_negation"]),
    ],
)
def test_each_kind_has_its_code(before: str, after: str, expected: list[str]) -> None:
    assert codes(before, after) == expected


def test_a_change_says_how_it_stands_in_both_texts() -> None:
    lost, added = changes("It costs $40 here", "It costs $45 here")
    assert (lost.code, lost.fact, lost.found) == ("lost_number", "40", "")
    assert (added.code, added.fact, added.found) == ("added_number", "", "45")
    assert changes("a 5 km walk", "a 5 mile walk")[0].found == "5 mile"


def test_values_of_the_output_must_stand_in_the_new_text() -> None:
    assert codes("who directed up", "who was the director of up", "up") == []
    assert codes("who directed up", "who made the update", "up") == ["lost_value"]
    assert codes("films of the 1960 s", "Films  of the 1960 S!", "1960 s") == []
    assert codes("rated nine stars", "rated 9 stars", "nine stars") == []
    assert codes("with tim burton", "by burton, tim", "tim burton") == ["lost_value"]


def test_values_tell_names_that_no_list_has() -> None:
    before, after = "is blorp in zanth", "is zanth in blorp"
    assert codes(before, after, "blorp", "zanth") == ["swapped_names"]


def test_real_rows_tell_what_is_a_name() -> None:
    rows = ["We asked Brightside again.", "The Brightside office wrote.", "I like the terrace a lot."]
    known = Knowledge.of(rows)
    assert "brightside" in known.names
    assert known.ordinary("terrace")
    assert codes("ask brightside", "ask the office", knowledge=known) == ["lost_name"]
    assert Knowledge.of(["all in small letters", "ask brightside"]).names == frozenset()


def test_a_language_of_capitals_does_not_make_every_noun_a_name() -> None:
    rows = [
        "Die Pumpe in der Halle ist seit Montag defekt und das Licht im Flur auch.",
        "Der Aufzug ist im Keller stehen geblieben und der Motor macht ein Geräusch.",
    ]
    known = Knowledge.of(rows)
    assert (known.language, known.capitals) == ("de", False)
    after = "Seit Montag ist das Licht im Gang und die Pumpe in der Halle kaputt."
    assert codes(rows[0], after, knowledge=known) == []
    assert "Pumpe" not in protected(rows[0], (), known)


@pytest.mark.parametrize(
    ("before", "kept", "changed"),
    [
        (
            "Die Pumpe läuft nicht und hat 25 Grad",
            "die Pumpe hat fünfundzwanzig Grad und läuft nicht",
            "Die Pumpe läuft und hat 25 Grad",
        ),
        (
            "Es kostet 3,5 Euro in der Halle",
            "In der Halle kostet es 3,50 €",
            "Es kostet 4,5 Euro in der Halle",
        ),
        (
            "La pompe ne marche pas et il y a 22 fuites",
            "il y a vingt-deux fuites et la pompe ne marche pas",
            "La pompe marche et il y a 22 fuites",
        ),
        ("No tengo el libro y son las dos", "son las 2 y no tengo el libro", "Tengo el libro y son las dos"),
    ],
)  # fmt: skip
def test_other_languages_have_number_words_and_negations(before: str, kept: str, changed: str) -> None:
    known = Knowledge.of([before])
    assert codes(before, kept, knowledge=known) == []
    assert codes(before, changed, knowledge=known) != []


def test_what_a_rewrite_must_keep_stands_in_order_and_once() -> None:
    text = "Pump P-204 at 40 °C did not stop on Monday; ask Anna (anna@mail.com) or Anna's boss."
    assert protected(text) == ["P-204", "40 °C", "not", "Monday", "Anna", "anna@mail.com"]
    assert protected("who directed up with katie", ["up"]) == ["up", "katie"]
    assert protected("nothing to keep here, is there?") == ["nothing"]


# -- properties

anything = st.text(max_size=60)
subjects = st.sampled_from(["the pump", "our fan", "my dog", "that lift", "the oven"])
facts = st.sampled_from(
    ["17 bolts", "P-204", "Anna", "$250", "Friday", "40%", "2:20 pm", "joe@mail.com", "not"]
)
sentences = st.builds(
    lambda subject, those: f"{subject} was seen with " + " by ".join(dict.fromkeys(those)) + " again",
    subjects, st.lists(facts, min_size=1, max_size=4),
)  # fmt: skip


odd = "one half a and third second pm am o'clock km s not don't May 3rd 1/0 1e9 \\u00e9 St. Anna New York US"
pieces = st.sampled_from(
    [
        *"²½٣0123,./:-+#@_'\"()[]{}<>&\\ \n%$€",
        *odd.split(),
        *"dozen hundred million past quarter to point".split(),
    ]
)


@given(anything)
def test_a_text_keeps_its_own_facts(text: str) -> None:
    assert changes(text, text) == []


@given(st.lists(pieces, max_size=14), st.lists(pieces, max_size=14), st.sampled_from(["", " "]))
def test_whatever_stands_in_a_text_it_is_read(one: list[str], other: list[str], between: str) -> None:
    text = between.join(one)
    assert changes(text, text) == []
    assert len(changes(text, between.join(other))) <= 50


@given(anything, st.sampled_from(["", " ", "\n", "\t "]), st.sampled_from(["", " ", "\n\n"]))
def test_white_space_around_a_text_says_nothing(text: str, before: str, after: str) -> None:
    assert changes(text, before + text + after) == []


@given(
    sentences,
    st.sampled_from(["", ".", "!", "?!", " …", "..."]),
    st.sampled_from([str, str.lower, str.upper]),
)
def test_case_and_closing_marks_say_nothing(text: str, mark: str, cased: Callable[[str], str]) -> None:
    assert changes(text, cased(text) + mark) == []


@given(sentences)
def test_a_protected_span_that_is_taken_out_is_missed(text: str) -> None:
    for span in protected(text):
        assert changes(text, " ".join(text.replace(span, "", 1).split())) != [], span


@given(anything.filter(lambda text: len(plain(text)) == len(text)))
def test_protected_spans_stand_in_the_text(text: str) -> None:
    spans = protected(text)
    assert len(set(spans)) == len(spans)
    assert all(span.casefold() in text.casefold() for span in spans)


HOSTILE = ["1,", "a", "A1-", '"a', "<a", "a.b@", "not leak ", "Zyx Qwv "]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_is_read_in_time(piece: str) -> None:
    """Ten megabytes of one thing: what is read is bounded, and every step is linear in it."""
    text = piece * (10_000_000 // len(piece))
    began = time.process_time()
    assert len(changes("Pump P-204 did not leak 3 litres in Oslo on Monday", text)) <= 50
    assert time.process_time() - began < 4


# -- lists


def test_the_lists_are_in_order() -> None:
    listed = (
        (Path(__file__).parents[1] / "src/seedstock/facts/words/common.txt")
        .read_text()
        .split("\n", 1)[1]
        .split()
    )
    assert listed == sorted(set(listed))
    assert all(word.isalpha() and word.islower() for word in listed)
    assert [word for word in ("katie", "oslo", "lufthansa", "zorvex") if is_ordinary(word)] == []
    assert [
        word for word in ("running", "happily", "unopened", "boxes", "stopped") if not is_ordinary(word)
    ] == []


def test_every_language_counts_and_denies() -> None:
    for code in LANGUAGES:
        words = language(code)
        assert len(words.months) == 12
        assert len(words.days) >= 7
        assert set(range(20)) <= set(words.numbers.values())
        assert words.nots
        assert not words.nots & words.soft


def test_spellings_of_one_name_and_one_unit_meet() -> None:
    assert names()["italian"][0][1].name == "italy"
    assert units()["kilometres"] == units()["km"] == ("km", "length")


# -- the gate


def row(
    given_input: Any,
    output: Any = "good",
    *,
    parents: tuple[str, ...] = ("s1",),
    recipe: str | None = "paraphrase",
) -> Example:
    return Example("r1", given_input, output, source=Source("synthetic", recipe, parents))


def verdict(seed: Example, example: Example, output: Output = MOODS, **settings: Any) -> Verdict:
    tools = Tools(output, LEXICAL, [seed, Example("s2", "an other seed", seed.output)])
    return FactsGate(FactsSettings(**settings), tools).check(Batch([example], tools))[0]


SEED = Example("s1", "I waited 40 minutes in Oslo, never again", "bad")
TITLE = Example("s1", "who directed Blue Moon in 1980", {"title": "Blue Moon", "year": 1980, "type": "film"})


def test_a_rewrite_that_keeps_the_facts_passes() -> None:
    found = verdict(SEED, row("Never again: in Oslo I had to wait forty minutes", "bad"))
    assert (found.gate, found.status, found.code) == ("facts", "pass", "ok")
    assert (found.figure, found.threshold, found.evidence) == (0, 0, {"parent": "s1"})


def test_a_rewrite_with_other_facts_says_which() -> None:
    found = verdict(SEED, row("Never again: in Oslo I had to wait 45 minutes", "bad"))
    assert (found.gate, found.status, found.code) == ("facts", "fail", "lost_number")
    assert found.reason == "the number 40 minutes of the seed is gone; 45 minutes is new"
    assert (found.figure, found.threshold) == (2, 0)
    assert found.evidence == {
        "parent": "s1",
        "changes": [
            {"code": "lost_number", "fact": "40 minutes", "found": ""},
            {"code": "added_number", "fact": "", "found": "45 minutes"},
        ],
    }
    assert not found.passed


@pytest.mark.parametrize(
    ("example", "code"),
    [
        (row("x", recipe="generate"), "other_recipe"), (row("x", parents=()), "no_parent"),
        (row("x", parents=("s9",)), "no_parent"), (row("x", parents=("s1", "s2")), "no_parent"),
        (row("x", parents=("s9",), recipe=None), "no_parent"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_rewrite_is_skipped(example: Example, code: str) -> None:
    found = verdict(SEED, example)
    assert (found.status, found.code) == ("skipped", code)
    assert found.reason
    assert found.passed


def test_which_recipes_rewrite_is_a_setting() -> None:
    made = row("I waited in Rome", "bad", recipe="translate")
    assert verdict(SEED, made).status == "skipped"
    assert verdict(SEED, made, recipes=["translate"]).status == "fail"
    assert verdict(SEED, row("I waited in Rome", "bad", recipe=None)).status == "fail"


def test_the_output_must_be_the_seeds() -> None:
    found = verdict(SEED, row(SEED.input, "good"))
    assert (found.gate, found.status, found.code, found.figure) == ("facts", "fail", "other_output", 1)
    assert found.reason == "another output than the seed's: 'good'"
    again = {"year": 1980, "type": "film", "title": "Blue Moon"}
    assert verdict(TITLE, row(TITLE.input, json.dumps(again)), OBJECT).status == "pass"
    free = Text(TextSettings(), HERE)
    assert verdict(SEED, row(SEED.input, " Bad. "), free).status == "pass"


def test_a_value_in_other_letters_is_said_and_can_be_rejected() -> None:
    small = row("in 1980, who directed blue moon?", TITLE.output)
    found = verdict(TITLE, small, OBJECT)
    assert (found.status, found.code, found.evidence["values"]) == ("warn", "reworded_value", ["Blue Moon"])
    assert found.passed
    strict = verdict(TITLE, small, OBJECT, verbatim=True)
    assert (strict.status, strict.code) == ("fail", "lost_value")
    gone = verdict(TITLE, row("in 1980, who directed it?", TITLE.output), OBJECT)
    assert "lost_value" in [change["code"] for change in gone.evidence["changes"]]


def test_the_name_of_a_type_is_no_value() -> None:
    """`film` stands in every output, whatever the input says: a rewrite need not keep the word."""
    seeds = [
        Example(f"s{i}", f"who directed {title}", {"title": title, "type": "film"})
        for i, title in enumerate(("Blue Moon", "Red Sun", "the film Up"))
    ]
    tools = Tools(OBJECT, LEXICAL, seeds)
    gate = FactsGate(FactsSettings(), tools)
    made = row("who was the director of the movie Up", seeds[2].output, parents=("s2",))
    assert "lost_value" in gate.check(Batch([made], tools))[0].code  # the title is `the film Up`
    made = row("who was the director of the film Up", seeds[2].output, parents=("s2",))
    assert gate.check(Batch([made], tools))[0].passed
    chosen = Example("s9", "a film, please: Up", {"title": "Up", "type": "film"})
    tools = Tools(OBJECT, LEXICAL, [*seeds, chosen])
    made = row("a movie, please: Up", chosen.output, parents=("s9",))
    assert FactsGate(FactsSettings(), tools).check(Batch([made], tools))[0].passed


def test_a_conversation_is_compared_as_one_text() -> None:
    talk = Example(
        "s1", (Message("user", "I am Anna"), Message("assistant", "Hi"), Message("user", "40 eggs")), "good"
    )
    kept = (Message("user", "Anna here"), Message("assistant", "Hi"), Message("user", "forty eggs"))
    assert verdict(talk, row(kept)).status == "pass"
    assert verdict(talk, row((*kept[:2], Message("user", "50 eggs")))).status == "fail"


def test_evidence_is_bounded() -> None:
    huge = " ".join(f"Zq{'x' * 300}{i}y in {i}" for i in range(2000))
    found = verdict(SEED, row(huge, "bad"))
    assert found.status == "fail"
    assert len(json.dumps(found.to_json())) < 8000


def test_an_audit_compares_rows_with_the_seed_they_name(tmp_path: Path) -> None:
    moods = [("good", "lovely"), ("bad", "awful")] * 5
    seeds = write_rows(
        tmp_path / "seeds.jsonl",
        [
            {"id": f"s{i}", "input": f"{word} stay of {i + 3} nights in Oslo", "output": mood}
            for i, (mood, word) in enumerate(moods)
        ],
    )
    source = {"kind": "synthetic", "recipe": "paraphrase", "parents": ["s1"]}
    made = [
        {"id": "kept", "input": "4 nights in Oslo, an awful stay", "output": "bad", "source": source},
        {"id": "moved", "input": "an awful stay, four nights in Rome", "output": "bad", "source": source},
        {"id": "alone", "input": "five sunny weeks in Rome", "output": "good"},
    ]
    config = tmp_path / "seedstock.yaml"
    config.write_text(
        "task: {kind: classification, output: {labels: [good, bad]}}\nseeds: seeds.jsonl\n"
        "embedder: lexical\nteacher: rules\ngates: {duplicate: false}\n"
    )
    out = tmp_path / "out"
    result = audit([write_rows(tmp_path / "made.jsonl", made)], seeds=seeds, config=config, out=out)
    assert result.tally.rejected == {"facts": 1}
    rejected = json.loads((out / "rejected.jsonl").read_text())
    assert (rejected["id"], rejected["gate"], rejected["code"]) == ("moved", "facts", "lost_name")
    assert rejected["reason"] == "the name Oslo of the seed is gone; Rome is new"
    assert rejected["evidence"]["parent"] == "s1"


SETS = (
    "clinc_intents",
    "gsm8k",
    "ner_movie",
    "ner_wikigold",
    "self_instruct_qwen",
    "spider_sql",
    "tweet_sentiment",
)


@pytest.mark.parametrize("name", SETS)
def test_real_rows_keep_their_facts_in_other_dress(shared: Callable[[str], Path], name: str) -> None:
    lines = shared(f"{name}/seeds.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["input"] for line in lines[:60]]
    known = Knowledge.of(texts)
    for text in texts:
        read = Facts(text, known)
        for dressed in (text, text.lower(), text.upper(), f"Hi, {text} Thanks!"):
            assert changes(read, dressed, (), known) == []
