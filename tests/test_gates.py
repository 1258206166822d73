"""Each gate alone: its verdicts, codes and figures, and `duplicate` against a plain reference."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seedstock.embedders.base import Embedder
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.embedders.minilm import MiniLM, MiniLMSettings
from seedstock.example import Example, Source
from seedstock.exchange import Message
from seedstock.facts import Facts, Knowledge, value_changes
from seedstock.gates.base import Batch, Mixture, Tools
from seedstock.gates.duplicate import DuplicateGate, DuplicateSettings
from seedstock.gates.format import FormatGate, FormatSettings
from seedstock.gates.leak import LeakGate, LeakSettings
from seedstock.gates.share import ShareGate, ShareSettings
from seedstock.tasks.base import Output
from seedstock.tasks.json_schema import JsonSchema
from seedstock.tasks.labels import Labels
from seedstock.tasks.regex import Regex
from seedstock.tasks.text import Text, TextSettings
from seedstock.text import Template
from seedstock.verdict import Verdict

HERE = Path()
MOODS = Labels(["good", "bad"], HERE)
FREE = Text(TextSettings(), HERE)
OBJECT = JsonSchema({"type": "object"}, HERE)
LEXICAL = Lexical(LexicalSettings(dims=64))


def row(id_: str, given_input: Any, output: Any = "good", *, real: bool = False, **more: Any) -> Example:
    return Example(id_, given_input, output, source=Source("real" if real else "synthetic"), **more)


def seed(id_: str, given_input: Any, output: Any = "good") -> Example:
    return row(id_, given_input, output, real=True)


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM(MiniLMSettings())


def duplicate(tools: Tools, threshold: float = 0.92) -> DuplicateGate:
    return DuplicateGate(DuplicateSettings(threshold=threshold), tools)


def feed(gate: DuplicateGate, rows: Sequence[Example], sizes: Sequence[int]) -> list[Verdict]:
    """Rows in batches of these sizes, the last one with the rest; what passes is kept."""
    verdicts, start = [], 0
    for size in [*sizes, len(rows)]:
        batch = Batch(rows[start : start + size], gate.tools)
        start += size
        found = gate.check(batch)
        gate.keep(batch.take([i for i, v in enumerate(found) if v.passed]))
        verdicts += found
    return verdicts


# -- duplicate, against a reference


def reference(
    seeds: Sequence[Example], rows: Sequence[Example], output: Output, threshold: float
) -> list[tuple[str, str]]:
    """Gate and code of each row, by comparing it with every kept row in turn."""
    vectors = LEXICAL.embed([r.input_text for r in [*seeds, *rows]])
    everything = [*seeds, *rows]
    cosines = vectors @ vectors.T
    assume(not (np.abs(cosines - threshold) < 1e-5).any())
    kept, out = list(range(len(seeds))), []
    for i in range(len(seeds), len(everything)):
        found = _compare(i, kept, everything, cosines, output, threshold)
        if found in (("duplicate", "ok"), ("duplicate", "near_conflict")):
            kept.append(i)
        out.append(found)
    return out


def _compare(
    i: int, kept: list[int], rows: Sequence[Example], cosines: Any, output: Output, threshold: float
) -> tuple[str, str]:
    mine = rows[i]
    twins = [k for k in kept if _plain(rows[k]) == _plain(mine)]
    same = [k for k in twins if rows[k].output == mine.output]
    exact = (same[0], "duplicate", "exact") if same else None
    if twins and not same and not output.free_text:
        exact = (twins[0], "duplicate.conflict", "conflict")
    if exact and rows[exact[0]].source.kind == "real":
        return exact[1:]
    near = _near(i, kept, rows, cosines, output, threshold)
    return exact[1:] if exact and (near[2] in ("ok", "near_conflict") or exact[0] <= near[0]) else near[1:]


def _near(
    i: int, kept: list[int], rows: Sequence[Example], cosines: Any, output: Output, threshold: float
) -> tuple[int, str, str]:
    mine = rows[i]
    alike = [k for k in kept if _numbers(rows[k]) == _numbers(mine) and _shared(rows[k], mine) >= 0.8]
    near = [k for k in kept if cosines[i, k] > threshold or k in alike]
    near = [k for k in near if _same_values(rows[k], mine)]
    real = [k for k in near if rows[k].source.kind == "real"]
    for part in (real, near):
        same = [k for k in part if rows[k].output == mine.output]
        if same:
            return same[0], "duplicate", "near" if cosines[i, same[0]] > threshold else "lexical"
        if part is real and real and output.labels:
            return real[0], "duplicate.conflict", "near_conflict"
    return -1, "duplicate", "near_conflict" if near else "ok"


def _plain(example: Example) -> str:
    return example.input_text.lower().strip(" .!")


def _numbers(example: Example) -> set[str]:
    return set(re.findall(r"\d+", example.input_text))


def _shared(one: Example, other: Example) -> float:
    texts = [f" {_plain(example)} ".ljust(5) for example in (one, other)]
    a, b = ({text[at : at + 5] for at in range(len(text) - 4)} for text in texts)
    return len(a & b) / len(a | b)


def _same_values(one: Example, other: Example) -> bool:
    old, new = (Facts(example.input_text, Knowledge()) for example in (one, other))
    ones = ["1" in re.findall(r"\d+", example.input_text) for example in (one, other)]
    return _plain(one) == _plain(other) or (ones[0] == ones[1] and not value_changes(old, new))


words = st.sampled_from(["pump", "pumps", "valve", "leaks", "leaking", "hot", "1", "2", "33"])
sentences = st.lists(words, min_size=1, max_size=5).map(" ".join)
inputs = st.one_of(sentences, sentences.map(str.upper), sentences.map(lambda s: s + "!"))
pairs = st.lists(st.tuples(inputs, st.sampled_from(["good", "bad"])), max_size=25)


@given(pairs, pairs, st.lists(st.integers(0, 7), max_size=8), st.sampled_from([MOODS, FREE]))
def test_duplicate_is_greedy_in_order_however_it_is_batched(
    seeds: list[tuple[str, str]], rows: list[tuple[str, str]], sizes: list[int], output: Output
) -> None:
    real = [seed(f"s{i}", text, out) for i, (text, out) in enumerate(seeds)]
    made = [row(f"r{i}", text, out) for i, (text, out) in enumerate(rows)]
    expected = reference(real, made, output, 0.6)
    tools = Tools(output, LEXICAL, real)
    at_once = feed(duplicate(tools, 0.6), made, [])
    assert [(v.gate, v.code) for v in at_once] == expected
    in_parts = feed(duplicate(tools, 0.6), made, sizes)
    one_by_one = feed(duplicate(tools, 0.6), made, [1] * len(made))
    assert [(v.gate, v.code) for v in in_parts] == expected
    assert [(v.gate, v.code, v.evidence.get("neighbour")) for v in one_by_one] == [
        (v.gate, v.code, v.evidence.get("neighbour")) for v in at_once
    ]


@given(pairs)
def test_what_is_kept_is_distinct_and_what_is_not_has_its_representative(rows: list[tuple[str, str]]) -> None:
    made = [row(f"r{i}", text, out) for i, (text, out) in enumerate(rows)]
    verdicts = feed(duplicate(Tools(MOODS, LEXICAL), 0.6), made, [])
    kept = {r.id: r for r, v in zip(made, verdicts, strict=True) if v.passed}
    assert len({_plain(r) for r in kept.values()}) == len(kept)
    for rejected, verdict in zip(made, verdicts, strict=True):
        if verdict.passed:
            continue
        neighbour = kept[verdict.evidence["neighbour"]]
        one, two = LEXICAL.embed([rejected.input_text, neighbour.input_text])
        assert (
            verdict.evidence["cosine"] == pytest.approx(float(one @ two), abs=2e-4) or verdict.figure == 1.0
        )
        assert (rejected.output == neighbour.output) == (verdict.gate == "duplicate")


# -- duplicate, by hand

SAME = [
    ("How do I reset my password?", "How can I reset my password?"),
    ("please transfer money from savings to checking", "transfer money from savings to checking please"),
    ("The pump in the boiler house is leaking oil.", "The boiler house pump is leaking oil."),
    ("What is the weather like in Oslo tomorrow?", "What's the weather in Oslo tomorrow?"),
    ("set an alarm for six in the morning", "set an alarm for 6 in the morning"),
    ("Who directed the movie Inception?", "Who was the director of the movie Inception?"),
    ("The conveyor belt keeps drifting to the left", "the conveyor belt keeps drifting left"),
    ("how many calories are in an apple", "how many calories does an apple have"),
    ("I want to cancel my subscription.", "I would like to cancel my subscription."),
    ("What time does the pharmacy close tonight?", "What time does the pharmacy close this evening?"),
    ("Translate good morning into Spanish", "translate 'good morning' to spanish"),
    ("Turn off the lights in the kitchen", "Switch the kitchen lights off"),
    ("The hydraulic press won't start.", "The hydraulic press is not starting up."),
]
DISTINCT = [
    ("Turn on the lights", "Turn off the lights"),
    ("The pump is leaking oil.", "The pump is making noise."),
    ("How do I open an account?", "How do I close an account?"),
    ("I love this phone", "I hate this phone"),
    ("book a flight to Paris", "book a hotel in Paris"),
    ("What is the capital of France?", "What is the population of France?"),
    ("The fan motor is overheating", "The compressor is overheating"),
    ("Increase the volume", "Play some music"),
    ("Did my payment go through?", "Why was my payment late?"),
    # The same wish in words too far apart for 0.92: kept, which costs nothing.
    ("When is my next dentist appointment?", "What date do I have to see the dentist?"),
    ("My card was declined at the store", "the shop refused my card"),
]
OTHER_VALUES = [
    ("Cancel my order 4711 please", "Cancel my order 4712 please"),
    ("valve V-12 in hall 3 is stuck", "valve V-13 in hall 3 is stuck"),
    ("the order of two pumps is late", "the order of three pumps is late"),
    ("Send the invoice for 1,200 euros again", "Send the invoice for 1,300 euros again"),
    ("Meet the technician at 06:40 at the gate", "Meet the technician at 06:50 at the gate"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_paraphrases_are_duplicates(minilm: MiniLM, one: str, other: str) -> None:
    gate = duplicate(Tools(MOODS, minilm, [seed("s1", one)]))
    verdict = gate.check(Batch([row("r1", other)], gate.tools))[0]
    assert (verdict.gate, verdict.status, verdict.code) == ("duplicate", "fail", "near")
    assert verdict.evidence["neighbour"] == "s1"
    assert verdict.figure is not None
    assert verdict.figure > verdict.threshold == 0.92
    assert "seed s1" in verdict.reason


@pytest.mark.parametrize(("one", "other"), [*DISTINCT, *OTHER_VALUES])
def test_other_meanings_and_other_values_are_not(minilm: MiniLM, one: str, other: str) -> None:
    gate = duplicate(Tools(MOODS, minilm, [seed("s1", one)]))
    verdict = gate.check(Batch([row("r1", other)], gate.tools))[0]
    assert (verdict.status, verdict.code) == ("pass", "ok")
    assert verdict.figure is not None or "0.85" in verdict.reason


def test_changed_values_pass_although_they_are_near(minilm: MiniLM) -> None:
    """The guard, not the cosine, keeps these rows: at least three of the pairs exceed 0.92."""
    near = [float(a @ b) for a, b in (minilm.embed(pair) for pair in OTHER_VALUES)]
    assert sum(cosine > 0.92 for cosine in near) >= 3


def test_a_changed_span_is_another_row(minilm: MiniLM) -> None:
    given_seed = seed("s1", "the feed pump in the boiler house leaks", {"asset": "feed pump"})
    gate = duplicate(Tools(OBJECT, minilm, [given_seed]), 0.5)
    other = row("r1", "the lube pump in the boiler house leaks", {"asset": "lube pump"})
    again = row("r2", "the feed pump in the boiler house is leaking", {"asset": "feed pump"})
    first, second = gate.check(Batch([other, again], gate.tools))
    assert first.passed
    assert (second.code, second.evidence["neighbour"]) == ("near", "s1")


def test_key_order_of_an_output_does_not_count() -> None:
    gate = duplicate(Tools(OBJECT, LEXICAL, [seed("s1", "pump leaks", {"a": 1, "b": 2})]))
    verdict = gate.check(Batch([row("r1", "Pump leaks.", '{"b": 2, "a": 1}')], gate.tools))[0]
    assert (verdict.code, verdict.figure) == ("exact", 1.0)


def test_one_input_with_two_outputs_is_a_conflict() -> None:
    gate = duplicate(Tools(MOODS, LEXICAL, [seed("s1", "what a day")]))
    verdict = gate.check(Batch([row("r1", "What a day!", "bad")], gate.tools))[0]
    assert (verdict.gate, verdict.status, verdict.code) == ("duplicate.conflict", "fail", "conflict")
    both = {"other_input": "what a day", "other_output": "good"}
    assert verdict.evidence == {"neighbour": "s1", "cosine": 1.0, **both}


def test_near_inputs_with_two_labels_contradict_a_real_row_and_warn_of_a_synthetic_one() -> None:
    """A person has looked at the seed. Of two synthetic rows either may be wrong, so both are kept."""
    one, other = "what a wonderful day it was", "what a wonderful day it is"
    gate = duplicate(Tools(MOODS, LEXICAL, [seed("s1", one)]), 0.6)
    verdict = gate.check(Batch([row("r1", other, "bad")], gate.tools))[0]
    assert (verdict.gate, verdict.status, verdict.code) == ("duplicate.conflict", "fail", "near_conflict")
    assert (verdict.evidence["neighbour"], verdict.evidence["other_output"]) == ("s1", "good")
    gate = duplicate(Tools(MOODS, LEXICAL), 0.6)
    verdict = gate.check(Batch([row("r1", one), row("r2", other, "bad")], gate.tools))[1]
    assert (verdict.status, verdict.code, verdict.evidence["neighbour"]) == ("warn", "near_conflict", "r1")
    assert verdict.passed
    gate = duplicate(Tools(OBJECT, LEXICAL, [seed("s1", one, {"mood": "good"})]), 0.6)
    verdict = gate.check(Batch([row("r1", other, {"mood": "bad"})], gate.tools))[0]
    assert (verdict.status, verdict.code) == ("warn", "near_conflict")


def test_free_text_may_have_several_answers(minilm: MiniLM) -> None:
    given_seed = seed("s1", "Name a colour.", "Blue is a colour of the sky.")
    gate = duplicate(Tools(FREE, minilm, [given_seed]))
    rows = [
        row("other", "name a colour", "Trains leave from platform nine."),
        row("reworded", "Name a colour!", "Blue is a colour of the sky"),
        row("near", "Name a colour!", "The colour of the sky is blue."),
    ]
    other, reworded, near = gate.check(Batch(rows, gate.tools))
    assert (other.status, other.code) == ("warn", "near_conflict")
    assert reworded.code == "exact"
    assert near.passed == (float(np.dot(*minilm.embed([given_seed.output, rows[2].output]))) <= 0.92)


def test_numbers_in_a_free_answer_count(minilm: MiniLM) -> None:
    gate = duplicate(Tools(FREE, minilm, [seed("s1", "How far is it?", "It is 12 km to the next town.")]))
    verdict = gate.check(Batch([row("r1", "how far is it", "It is 13 km to the next town.")], gate.tools))[0]
    assert verdict.passed


class Fixed(Lexical):
    """Vectors by hand: a text is the tangent of its angle."""

    def embed(self, texts: Sequence[str]) -> Any:
        angles = np.arctan([float(text.split("=")[1]) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_the_threshold_is_strict() -> None:
    """cos = 0.5 exactly representable in float32: at the threshold is not above it."""
    embedder = Fixed(LexicalSettings())
    one, two = embedder.embed(["x=0", "x=1.7320508"])
    cosine = float(one @ two)
    tools = Tools(MOODS, embedder, [seed("s1", "x=0")])
    slot = row("r1", "x=1.7320508")
    for threshold, code in ((cosine, "ok"), (cosine - 1e-6, "ok")):
        # The values differ, so even above the threshold the row is another one ...
        assert duplicate(tools, threshold).check(Batch([slot], tools))[0].code == code
    tools = Tools(MOODS, Slotless(embedder), [seed("s1", "anna")])
    for threshold, code in ((cosine, "ok"), (cosine - 1e-6, "near")):
        # ... and with equal values it is not.
        assert duplicate(tools, threshold).check(Batch([row("r1", "bertha")], tools))[0].code == code


class Slotless(Lexical):
    """The two vectors of `Fixed` for texts without a number."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner

    def embed(self, texts: Sequence[str]) -> Any:
        return self._inner.embed(["x=0" if text == "anna" else "x=1.7320508" for text in texts])


def test_templates_are_taken_off_before_comparing(minilm: MiniLM) -> None:
    header = (
        "You can use these tools: get_weather(city), book_flight(from, to, date), send_mail(to, body)."
        " Reply with one JSON object that names the tool and its arguments, nothing else. The request: "
    )
    one, other = header + "rain in Oslo?", header + "sun in Rome?"
    bare = duplicate(Tools(MOODS, minilm, [seed("s1", one)]))
    assert bare.check(Batch([row("r1", other)], bare.tools))[0].code == "near"
    slotted = duplicate(Tools(MOODS, minilm, [seed("s1", one)], templates=(Template(header),)))
    assert slotted.check(Batch([row("r1", other)], slotted.tools))[0].code == "ok"


# -- leak


def leak(tools: Tools, **given_settings: Any) -> LeakGate:
    return LeakGate(LeakSettings(**given_settings), tools)


def test_leak_exact_near_and_far(minilm: MiniLM) -> None:
    holdout, ood = [seed("h1", "How do I reset my password?")], [seed("o1", "pump leeks oyl pls fix")]
    gate = leak(Tools(MOODS, minilm, holdout=holdout, ood=ood))
    rows = [
        row("a", "how do i reset my PASSWORD", "bad"), row("b", "How can I reset my password?"),
        row("c", "Pump leeks oyl, pls fix!"), row("d", "I love this phone"),
        row("e", "How do I reset my password 12345?"),
    ]  # fmt: skip
    exact, near, outside, far, numbered = gate.check(Batch(rows, gate.tools))
    assert (exact.status, exact.code, exact.figure) == ("fail", "exact", 1.0)
    assert (near.status, near.code, near.evidence["neighbour"]) == ("fail", "near", "h1")
    assert (outside.code, outside.evidence["set"]) == ("near", "ood")
    assert (far.status, far.code) == ("pass", "ok")
    assert far.figure is not None
    # Other numbers do not excuse a row here, unlike in `duplicate`.
    assert (numbered.status, numbered.evidence["neighbour"]) == ("fail", "h1")


def test_leak_without_anything_held_out_says_so() -> None:
    gate = leak(Tools(MOODS, LEXICAL))
    verdicts = gate.check(Batch([row("a", "x"), row("b", "y")], gate.tools))
    assert [(v.status, v.code) for v in verdicts] == [("skipped", "no_holdout")] * 2


@pytest.mark.parametrize("threshold", [0.9201, 1.0, 0.0, -1.0])
def test_leak_cannot_be_loosened(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        LeakSettings(threshold=threshold)


@given(st.lists(inputs, min_size=1, max_size=12), st.lists(inputs, max_size=25), st.floats(0.3, 0.92))
def test_no_row_that_passes_is_within_the_threshold_of_a_held_row(
    held: list[str], texts: list[str], threshold: float
) -> None:
    half = len(held) // 2
    real = [seed(f"h{i}", text) for i, text in enumerate(held)]
    tools = Tools(MOODS, LEXICAL, holdout=real[:half], ood=real[half:])
    rows = [row(f"r{i}", text) for i, text in enumerate(texts)]
    verdicts = leak(tools, threshold=threshold).check(Batch(rows, tools))
    cosines = LEXICAL.embed(texts) @ LEXICAL.embed(held).T if texts else np.empty((0, len(held)))
    plain = {_plain(r) for r in real}
    for example, verdict, near in zip(rows, verdicts, cosines, strict=True):
        if verdict.passed:
            assert near.max() <= threshold + 1e-5
            assert _plain(example) not in plain
        else:
            assert near.max() > min(threshold, 0.75) - 1e-5 or _plain(example) in plain
            assert verdict.code != "near" or near.max() > threshold - 1e-5


# -- format


def code_of(example: Example, output: Output = FREE, seeds: Sequence[Example] = (), **settings: Any) -> str:
    gate = FormatGate(FormatSettings(**settings), Tools(output, LEXICAL, seeds))
    verdict = gate.check(Batch([example], gate.tools))[0]
    assert verdict.passed == (verdict.code == "ok")
    assert verdict.figure == (1.0 if verdict.passed else 0.0)
    assert verdict.passed or verdict.reason
    return verdict.code


@pytest.mark.parametrize(
    ("given_input", "output", "code"),
    [
        ("in", "out", "ok"), ("  \n", "out", "empty_input"), ("in", "", "empty_output"),
        ("in", None, "empty_output"),
        ("in", "  ", "too_short"), ("in\x00", "out", "bad_characters"), ("in", "o\x1but", "bad_characters"),
        ("in", "\ud800", "bad_characters"), ("\udfffin", "out", "bad_characters"),
        ("in", "o\ufffd", "bad_characters"),
        ("in\ttab\r\nline", "out", "ok"), ("in", "x<|im_end|>", "template_token"),
        ("[INST] in", "out", "template_token"),
        ("in", "out</s>", "template_token"), ("in", "<<SYS>>", "template_token"),
        ("in", "<start_of_turn>", "template_token"), ("in", "a\n### Response: b", "template_token"),
        ("in", "Output: out", "field_marker"), ("Input : x", "out", "field_marker"),
        ("in", "fine\n\n  answer: 4", "field_marker"), ("the input: it hums", "out", "ok"),
        ("in", "As an AI language model, I cannot", "assistant_boilerplate"),
        ("in", "past my knowledge cutoff", "assistant_boilerplate"), ("in", "as an aide", "ok"),
        ("in", 7, "not_text"),
    ],
)  # fmt: skip
def test_format_codes(given_input: str, output: Any, code: str) -> None:
    assert code_of(row("a", given_input, output)) == code


def test_reasoning_is_looked_at_too() -> None:
    assert code_of(row("a", "in", "out", reasoning="as a large language model")) == "assistant_boilerplate"


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (["user"], "ok"), (["system", "user"], "ok"), (["user", "assistant", "user"], "ok"),
        (["user", "assistant"], "chat"), (["assistant", "user"], "chat"),
        (["user", "user"], "chat"), (["user", "system", "user"], "chat"),
        (["system", "assistant", "user"], "chat"),
        (["tool"], "chat"),
    ],
)  # fmt: skip
def test_chat_structure(roles: list[str], code: str) -> None:
    assert code_of(row("a", tuple(Message(role, f"turn {i}") for i, role in enumerate(roles)), "out")) == code


def test_empty_turns() -> None:
    turns = (Message("user", "hello"), Message("assistant", " "), Message("user", "bye"))
    assert code_of(row("a", turns, "out")) == "chat"


@pytest.mark.parametrize(
    ("trace", "code"),
    [
        ("Output: 4", "field_marker"), ("x</s>", "template_token"), ("as an AI", "assistant_boilerplate"),
        ("a\x0bb", "bad_characters"),
    ],
)  # fmt: skip
def test_a_trace_that_seeds_have_too_is_let_pass(trace: str, code: str) -> None:
    assert code_of(row("a", "in", trace)) == code
    assert code_of(row("a", "in", trace), seeds=[seed("s", "in", trace)]) == "ok"
    assert code_of(row("a", "in", trace), seeds=[seed("s", trace, "out")]) == "ok"
    assert code_of(row("a", "in", trace + "\n<|im_end|>"), seeds=[seed("s", trace)]) == "template_token"


def test_a_seeds_control_character_does_not_let_half_characters_in() -> None:
    """The validators work on UTF-8 and would stop the whole run on one."""
    tools = Tools(Regex(".*", HERE), LEXICAL, [seed("s", "in\ufffd\x0b", "out")])
    gate = FormatGate(FormatSettings(), tools)
    good, bad = gate.check(Batch([row("a", "in\x0b", "out"), row("b", "in", "\ud83d")], tools))
    assert (good.code, bad.code) == ("ok", "bad_characters")


def test_oversized() -> None:
    assert code_of(row("a", "x" * 11, "out"), max_chars=10) == "oversized"
    assert code_of(row("a", "x" * 10, "y" * 10), max_chars=10) == "ok"
    assert code_of(row("a", "in", ["y" * 10]), OBJECT, max_chars=10) == "oversized"


def test_the_tasks_own_rules_come_last() -> None:
    assert code_of(row("a", "in", "goood"), MOODS) == "unknown_label"
    assert code_of(row("a", "in", "{"), OBJECT) == "not_json"
    assert code_of(row("a", "in", "[]"), OBJECT) == "schema"
    assert code_of(row("a", "in", "NaN"), OBJECT) == "not_json"
    assert code_of(row("a", "in", "12a"), Regex(r"\d+", HERE)) == "no_match"


@pytest.mark.parametrize("depth", [300, 900, 5_000, 30_000])
def test_deep_json_is_a_verdict(depth: int) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    assert code_of(row("a", "in", deep), OBJECT) in ("ok", "not_json", "schema")
    tools = Tools(OBJECT, LEXICAL)
    assert (
        duplicate(tools).check(Batch([row("a", "in", deep), row("b", "in", deep)], tools))[1].code == "exact"
    )


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(r"(a+)+", "a" * 50_000 + "b"), (r"(a|a)*", "a" * 50_000 + "b"), (r"(\w+\s?)*", "word " * 9_000 + "!")],
)
def test_catastrophic_patterns_return_at_once(pattern: str, text: str) -> None:
    start = time.process_time()
    assert code_of(row("a", "in", text), Regex(pattern, HERE)) == "no_match"
    assert time.process_time() - start < 30, "not linear: minutes"


@pytest.mark.parametrize("filler", ["\n", " ", "\r", "input\n", "#", "<|", "as a ", "\u2028"])
def test_long_runs_of_anything_return_at_once(filler: str) -> None:
    start = time.process_time()
    code_of(row("a", "in", "x" + filler * (150_000 // len(filler)) + "x"))
    assert time.process_time() - start < 30, "not linear: minutes"


def test_the_quote_shows_the_place_and_is_printable() -> None:
    gate = FormatGate(FormatSettings(), Tools(FREE, LEXICAL))
    verdict = gate.check(Batch([row("a", "in", "x" * 50 + "\x1b[31m" + "y" * 50)], gate.tools))[0]
    assert verdict.evidence["quote"] == "x" * 30 + "\\x1b" + "[31m" + "y" * 26
    assert verdict.evidence["quote"].isprintable()


@given(
    st.text(st.characters(), max_size=40),
    st.text(st.characters(), max_size=40),
    st.sampled_from([FREE, MOODS, OBJECT]),
)
def test_any_text_gets_a_verdict(given_input: str, output: str, kind: Output) -> None:
    code_of(row("a", given_input, output), kind)


# -- share


def share(mixture: Mixture, **settings: Any) -> dict[str, Verdict]:
    return {v.gate: v for v in ShareGate(ShareSettings(**settings), Tools(MOODS, LEXICAL)).check(mixture)}


@pytest.mark.parametrize(
    ("real", "synthetic", "repeat", "rows", "exposure"),
    [
        (20, 80, 1, "warn", "warn"), (20, 81, 1, "fail", "fail"), (20, 81, 4, "fail", "pass"),
        (30, 70, 1, "pass", "pass"), (299, 701, 1, "warn", "warn"), (300, 700, 1, "pass", "pass"),
        (20, 80, 2, "warn", "pass"), (5, 0, 1, "pass", "pass"), (1, 4, 1, "warn", "warn"),
        (1, 5, 1, "fail", "fail"),
    ],
)  # fmt: skip
def test_share_at_its_borders(real: int, synthetic: int, repeat: int, rows: str, exposure: str) -> None:
    found = share(Mixture(real, synthetic, repeat))
    assert (found["share.rows"].status, found["share.exposure"].status) == (rows, exposure)
    assert found["share.rows"].figure == real / (real + synthetic)
    assert found["share.exposure"].figure == repeat * real / (repeat * real + synthetic)
    assert found["share.rows"].threshold == pytest.approx(0.2)
    assert found["share.rows"].n == real + synthetic


def test_never_wholly_synthetic() -> None:
    for purpose in ("release", "audit"):
        verdict = share(Mixture(0, 50, 1, purpose))["share"]
        assert (verdict.status, verdict.code, verdict.figure) == ("fail", "no_real", 0.0)


def test_share_of_an_audited_file_is_advice() -> None:
    fits = share(Mixture(100, 400, 1, "audit"))["share"]
    assert (fits.status, fits.code, fits.figure) == ("pass", "ok", 0.2)
    over = share(Mixture(100, 401, 1, "audit"))["share"]
    assert (over.status, over.code) == ("warn", "too_many_for_the_seeds")
    assert "400 of the 401" in over.reason
    assert share(Mixture(50, 51, 1, "audit"), min_real=0.5)["share"].code == "too_many_for_the_seeds"


def test_the_floor_can_be_raised_and_not_lowered() -> None:
    assert share(Mixture(40, 60), min_real=0.5)["share.exposure"].status == "fail"
    with pytest.raises(ValueError, match="min_real"):
        ShareSettings(min_real=0.19)


@given(st.integers(1, 500), st.integers(0, 2000), st.integers(1, 4))
def test_share_fails_exactly_below_a_fifth(real: int, synthetic: int, repeat: int) -> None:
    found = share(Mixture(real, synthetic, repeat))
    assert (found["share.rows"].status == "fail") == (5 * real < real + synthetic)
    assert (found["share.exposure"].status == "fail") == (5 * repeat * real < repeat * real + synthetic)
    assert (found["share.rows"].status == "pass") == (10 * real >= 3 * (real + synthetic))


LONG = "The committee met on Monday to discuss how the new library in the old harbour should be paid for, "


@pytest.mark.parametrize(
    ("held", "text", "code"),
    [
        ("start whisper mode", "START whisper mode!", "exact"),
        ("how many bags can I bring on board", "how many bags can I bring on baord", "near|reworded"),
        ("could you repeat that please", "quick question: could you repeat that please", "near|whole"),
        (
            LONG + "and who of its members would look after the roof in winter when the storms come.",
            "Before we begin, here is a story of mine from the coast that nobody has heard yet. " + LONG
            + "and who of its members would look after the roof in winter. And then it rained.",
            "near|whole|shared",
        ),
        ("what is the capital of France", "please book a table for two near the river", "ok"),
        ("thanks", "thanks for telling me when the next train to the airport leaves", "ok"),
    ],
)  # fmt: skip
def test_leak_says_which_rule_found_it(minilm: MiniLM, held: str, text: str, code: str) -> None:
    gate = leak(Tools(MOODS, minilm, holdout=[seed("h1", held)]))
    verdict = gate.check(Batch([row("r1", text)], gate.tools))[0]
    assert verdict.code in code.split("|")
    assert verdict.passed == (code == "ok")
    assert verdict.figure is not None
    if not verdict.passed:
        assert verdict.evidence["neighbour"] == "h1"
        assert verdict.threshold is not None
        assert verdict.figure > verdict.threshold


def test_leak_looks_at_long_outputs_and_not_at_json(minilm: MiniLM) -> None:
    story = (
        LONG + "and who of its members would look after the roof in winter when the storms come from the sea."
    )
    held = [seed("h1", "write a story about a library", story)]
    gate = leak(Tools(FREE, minilm, holdout=held))
    taken = row("r1", "tell me something of a harbour town", "So it was: " + story)
    other = row("r2", "tell me something of a mountain", story.upper()[:30] + " and nothing else happened.")
    listed = row("r3", "list what you know of the city", '{"text": "' + story + '"}')
    first, second, third = gate.check(Batch([taken, other, listed], gate.tools))
    assert (first.code, first.evidence["neighbour"]) == ("output", "h1")
    assert second.passed
    assert third.passed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Two tickets to the opera on Monday please", "2 tickets to the opera on Monday please", True),
        ("I paid $5 for the ticket to the opera", "I paid 5 dollars for the ticket to the opera", True),
        ("it costs 1,200 euros to repair the engine", "it costs 1200 euros to repair the engine", True),
        ("half of the 40 rows are empty in the sheet", "50% of the 40 rows are empty in the sheet", True),
        ("Two tickets to the opera on Monday please", "Two tickets to the opera on Tuesday please", False),
        ("I bought 3 apples and 5 pears at the market", "I bought 5 apples and 3 pears at the market", False),
        ("the walk took 3 hours from door to door", "the walk took 3 minutes from door to door", False),
        ("open valve V-12 before you start the pump", "open valve V-21 before you start the pump", False),
        ("open valve 1 before you start the pump", "open valve before you start the pump", False),
    ],
)
def test_values_are_compared_in_any_notation(one: str, other: str, same: bool) -> None:
    """By the lexical embedder at a low threshold, so that only the guard decides."""
    gate = duplicate(Tools(MOODS, LEXICAL, [seed("s1", one)]), 0.3)
    verdict = gate.check(Batch([row("r1", other)], gate.tools))[0]
    assert verdict.passed != same, verdict
