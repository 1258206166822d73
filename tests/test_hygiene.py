"""hygiene: what is found in texts, what is put right in them, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.hygiene import endings, writing
from seedstock.hygiene.echo import echoes, repeated, runs_of
from seedstock.hygiene.marks import MARKS
from seedstock.hygiene.slips import SLIPS
from seedstock.hygiene.tongue import Tongues, asked_for
from seedstock.hygiene.wrapping import (
    spell_label,
    strip_answer_preamble,
    strip_chatter,
    strip_fence,
    strip_field_name,
    strip_list_number,
    strip_preamble,
    strip_quotes,
)


def marks(text: str, field: str = "output") -> set[str]:
    found = (mark for mark in MARKS if field in mark.fields and any(mark.find(text, text.casefold())))
    return {mark.code for mark in found}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hi<|im_end|>", "template_token"),
        ("<|eot_id|>hello", "template_token"),
        ("[INST] hi", "template_token"),
        ("<｜end▁of▁sentence｜>", "template_token"),
        ("yes</s>", "template_token"),
        ("<s>yes", "template_token"),
        ("<end_of_turn>", "template_token"),
        ("a\n### Human: b", "template_token"),
        ("<think>so", "template_token"),
        ("### Instruction:\nDo it", "template_token"),
        ("fine.\nUSER: more", "role_marker"),
        ("fine.\nHuman: more", "role_marker"),
        ("fine\nAssistant: more", "role_marker"),
        ("Output: 4", "field_marker"),
        ("I am an AI language model.", "assistant_boilerplate"),
        ("I'm just an AI, so no.", "assistant_boilerplate"),
        ("I don't have personal opinions", "assistant_boilerplate"),
        ("I'm sorry, but I can't assist with that.", "refusal"),
        ("I cannot provide information on it.", "refusal"),
        ("I am unable to provide instructions for it", "refusal"),
        ("It's not appropriate to ask", "refusal"),
        ("Dear [Your Name],", "placeholder"),
        ("Hello <insert name here>", "placeholder"),
        ("N/A", "placeholder"),
        ("Lorem ipsum dolor", "placeholder"),
        ("...", "placeholder"),
        ("<noinput>", "placeholder"),
        ("abc\u202edef", "bad_characters"),
        ("a\x00b", "bad_characters"),
        ("\ud800", "bad_characters"),
        ("\u2066x", "bad_characters"),
    ],
)
def test_marks(text: str, code: str) -> None:
    assert code in marks(text)


@pytest.mark.parametrize(
    "text",
    [
        "I am an AI engineer from Oslo",
        "as an aide to the minister",
        "she is an ai researcher",
        "I can't recommend this film enough",
        "I'm sorry that the parcel came late",
        "I cannot find my card",
        "sorry i can't come tonight",
        "a < b and c > d",
        "x[0] + y[1]",
        "the user: me",
        "What is the output?",
        "def f(x): return x | y",
        "Price: 3 EUR",
        "5...4...3",
        "#1 in the charts",
        "use [brackets] here",
        "Grüße aus Köln 🎉",
        "👩‍👩‍👧 family",
        "שלום\u200f עולם",
        "می\u200cخواهم",
        "TODO list for today",
    ],
)
def test_what_is_no_mark(text: str) -> None:
    assert marks(text) == set()
    assert marks(text, "input") == set()


def test_a_users_refusal_is_no_teachers() -> None:
    """Inputs are people's: there only an apology together with a refused service is a mark."""
    assert marks("I cannot provide information on it.", "input") == set()
    assert marks("I'm sorry, but I can't help with that request. i need the bill", "input") == {"refusal"}


@pytest.mark.parametrize(
    ("fix", "text", "fixed"),
    [
        (strip_quotes, '"Where is it?"', "Where is it?"),
        (strip_quotes, "“Where?”", "Where?"),
        (strip_quotes, "„Wo?“", "Wo?"),
        (strip_quotes, "«Où ?»", "Où ?"),
        (strip_quotes, "'it's here'", "it's here"),
        (strip_quotes, '"A" and "B"', '"A" and "B"'),
        (strip_quotes, "'A' and 'B'", "'A' and 'B'"),
        (strip_quotes, '"', '"'),
        (strip_quotes, '""', '""'),
        (strip_quotes, "rock 'n'", "rock 'n'"),
        (strip_list_number, "3. What is due?", "What is due?"),
        (strip_list_number, "12) hello", "hello"),
        (strip_list_number, "- hello", "hello"),
        (strip_list_number, "3.5 is due", "3.5 is due"),
        (strip_list_number, "1. one\n2. two", "1. one\n2. two"),
        (strip_list_number, "-5 degrees", "-5 degrees"),
        (strip_list_number, "1. FC Köln won", "1. FC Köln won"),
        (strip_list_number, "4. Kim 3. Em", "4. Kim 3. Em"),
        (strip_list_number, "3. Oktober ist frei", None),
        (strip_field_name, 'Query: "x y"', '"x y"'),
        (strip_field_name, 'Spoken Movie Query 3: "x"', '"x"'),
        (strip_field_name, "Question: who is it?", "Question: who is it?"),
        (strip_field_name, "Message from Anna: hi", "Message from Anna: hi"),
        (strip_preamble, "Certainly! Here are ten examples: who is it", "who is it"),
        (strip_preamble, "Sure! Here you go:\nwho is it", "who is it"),
        (strip_preamble, "Here is a paraphrase: who is it", "who is it"),
        (strip_preamble, "Here are two questions:\n1. a\n2. b", "Here are two questions:\n1. a\n2. b"),
        (strip_preamble, "Here are my keys: take them", "Here are my keys: take them"),
        (strip_preamble, "Sure! Here are ten examples:", "Sure! Here are ten examples:"),
        (strip_answer_preamble, "Sure! Here are two tips:\n1. a\n2. b", "1. a\n2. b"),
        (strip_answer_preamble, "Here are two tips:\n1. a\n2. b", "Here are two tips:\n1. a\n2. b"),
        (strip_answer_preamble, "I'd be happy to help! Boil it.", "Boil it."),
        (strip_answer_preamble, "I'm happy to help! However, it is wrong.", None),
        (strip_preamble, "Sure, I've got some queries for you!", None),
        (strip_fence, '```json\n{"a": 1}\n```', '{"a": 1}'),
        (strip_fence, "```\nls\n```\n", "ls"),
        (strip_fence, "```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"),
        (strip_chatter, "Boil it. I hope this helps!", "Boil it."),
        (strip_chatter, "Boil it.\n\nLet me know if you have any questions.", "Boil it."),
        (strip_chatter, "Hi Tom,\nwe ship today. Let me know if you need more.", None),
        (strip_chatter, "5) Is there anything else you would like?", None),
        (strip_chatter, "Is there anything else I can help you with?", None),
        (writing.unescape_unicode, "it\\u2019s \\u002c \\ud83d\\ude00", "it’s , 😀"),
        (writing.unescape_unicode, "\\u0000 \\ud800 \\u202e", None),
        (writing.unescape_unicode, 'print("\\u2019")', None),
        (writing.unescape_html, "Q&amp;A &quot;now&quot; &#39;x&#39;", "Q&A \"now\" 'x'"),
        (writing.unescape_html, "use &lt;b&gt; here", None),
        (writing.unescape_html, "<b>Q&amp;A</b>", None),
        (writing.unescape_html, "AT&T; me", None),
        (writing.fix_mojibake, "itâ€™s cafÃ©", "it’s café"),
        (writing.fix_mojibake, "château Ünal Âge", None),
        (writing.drop_invisible, "pa\u200bss\u00adword\ufeff", "password"),
        (writing.drop_invisible, "👩\u200d👧 می\u200cخواهم", None),
        (writing.drop_invisible, "hi\U000e0041\U000e0042", "hi"),
    ],
)
def test_slips(fix: object, text: str, fixed: str | None) -> None:
    assert callable(fix)
    assert fix(text) == (text if fixed is None else fixed)


def test_labels_are_spelled_where_only_one_fits() -> None:
    labels = ["positive", "negative", "No", "no"]
    assert spell_label("Positive.", labels) == "positive"
    assert spell_label(" **NEGATIVE** ", labels) == "negative"
    assert spell_label("no", labels) == "no"
    assert spell_label("NO", labels) == "NO"
    assert spell_label("positively", labels) == "positively"


@given(st.text(max_size=60))
def test_putting_right_twice_is_as_once(text: str) -> None:
    for slip in SLIPS:
        if slip.code in (
            "preamble",
            "mojibake",
            "escaped_text",
            "stray_quotes",
            "list_number",
            "field_marker",
        ):
            continue  # what is inside may have the form again: the mender goes round until nothing changes
        once = slip.fix(text)
        assert slip.fix(once) == once


LONG = "The sea is cold. The wind is strong. The boat lies in the harbour. "


@pytest.mark.parametrize(
    ("find", "text"),
    [
        (endings.open_fence, "Use this:\n```python\nx = 1"),
        (endings.open_bracket, "for (let i = 0; i < 3"),
        (endings.open_quote, 'He said "come home'),
        (endings.dangling, "We went down to see the"),
        (endings.dangling, "a list of apples, pears,"),
        (endings.leaning, "You can convert the string in"),
        (endings.open_item, "Do this:\n1. Stir\n2."),
        (endings.open_item, "1) Avengers"),
        (endings.open_line, "def f(x):\n    "),
        (endings.open_sentence, LONG + "After that it is important to stay"),
        (endings.open_sentence, LONG + LONG + "You can"),
        (endings.open_single, "The answer to this is that nobody"),
        (endings.open_tag, "<html><body><p>Hi</p></body>"),
    ],
)
def test_cut_texts(find: object, text: str) -> None:
    assert callable(find)
    assert find(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Fine.",
        LONG,
        LONG + "Is it?",
        LONG + "“Yes.”",
        LONG + "\nBest regards,",
        LONG + "\n— Ada Lovelace",
        "Use this:\n```python\nx = 1\n```",
        "a smile :-) and a frown :-(.",
        "f(x) = [1, 2]",
        "x if a else b",
        "the",
        "Most common word: the",
        "1. one\n2. two\n3. three",
        LONG + "\n1. salt\n2. pepper",
        "He is 6' 2\" tall.",
        "<p>Hi",
        "<html><body></body></html>",
        "def f(x):\n    return x\n",
        "not today",
    ],
)
def test_whole_texts(text: str) -> None:
    for _, find in (*endings.ANYWHERE, *endings.IN_ANSWERS):
        assert find(text) is None, find


def test_echo() -> None:
    asked = "Write a query to list the top five customers."
    assert echoes(asked, asked)
    assert echoes(f"{asked}\n\ncustomers(id, name)", asked.upper())
    assert not echoes(
        "What is the capital of the country France?", "The capital of the country France is Paris."
    )
    assert not echoes("Say yes.", "Say yes.")
    assert not echoes(asked, "SELECT name FROM customers LIMIT 5")


def test_a_piece_of_the_prompt_in_a_text() -> None:
    runs = runs_of("Extract the asset, fault and urgency from a maintenance message.")
    assert repeated("Now extract the asset fault and urgency from a maintenance message", runs)
    assert not repeated("the urgency from a maintenance message", runs)
    assert not runs_of("Label the tweet.")


ENGLISH = [
    "where is my parcel",
    "i want to pay my bill",
    "what is the weather like in oslo",
    "book a table for two people",
    "how do i reset the password",
    "the pump in hall three is leaking",
    "can you play some music for me",
] * 3


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich möchte bitte meine Rechnung bezahlen", "German"),
        ("¿Cuál es el saldo de mi cuenta?", "Spanish"),
        ("je voudrais réserver une table pour deux", "French"),
        ("我想知道我的余额是多少", "Chinese or Japanese"),
        ("Где моя посылка?", "Cyrillic"),
        ("waar is mijn pakket gebleven vandaag", "Dutch"),
    ],
)
def test_other_languages_are_told(text: str, language: str) -> None:
    tongues = Tongues.of(ENGLISH)
    assert tongues.stranger(text) == language
    assert Tongues.of([*ENGLISH, text]).stranger(text) is None, "a seed is in it too"


@pytest.mark.parametrize(
    "text",
    [
        "hola",
        "kung fu panda 2",
        "tell me about spaghetti bolognese",
        "list rebecca de mornay movies",
        "when was angela merkel born",
        "schadenfreude",
        "ok",
        "",
        "12345 67890 12 34",
        "kia ora bro",
        "déjà vu again",
        "New #android #app: Cristiano Ronaldo Wallpapers",
        "what does 你好 mean in english please",
    ],
)
def test_names_and_loan_words_are_no_other_language(text: str) -> None:
    assert Tongues.of(ENGLISH).stranger(text) is None


def test_without_seeds_no_language_is_wrong() -> None:
    assert Tongues.of([]).stranger("Ich möchte bitte meine Rechnung bezahlen") is None


def test_a_translation_is_asked_for() -> None:
    assert asked_for("Say it in German: hello", "German")
    assert asked_for("translate to mandarin", "Chinese or Japanese")
    assert asked_for("how do i write that in japanese", "Chinese or Japanese")
    assert not asked_for("Say hello", "German")
