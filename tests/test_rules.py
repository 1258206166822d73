"""The rules: whatever they change, values move on both sides together and nothing else is lost."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seedstock
from seedstock.brief import Brief
from seedstock.cell import Cell
from seedstock.errors import TeacherError
from seedstock.example import Example, Source
from seedstock.exchange import Message, Request, Response, digest
from seedstock.recipes.base import Ask, Unparsed
from seedstock.recipes.noise import Noise
from seedstock.recipes.swap import Swap, capacity
from seedstock.rules.fakes import provider_of
from seedstock.rules.formats import converted, date_format, measure, near_date, near_quantity, near_time
from seedstock.rules.noise import kept, noisy
from seedstock.rules.noising import protected_values
from seedstock.rules.outputs import leaf_text, leaves, parsed
from seedstock.rules.sentences import reordered
from seedstock.rules.shapes import vowel_sound
from seedstock.rules.slots import find_slots
from seedstock.rules.surgery import exchange, inverse, replace_all
from seedstock.rules.swapping import swapped
from seedstock.rules.tokens import contains, spans
from seedstock.teachers.rules import Rules, RulesSettings

REPO = Path(__file__).parents[1]
DATA = Path(os.environ.get("SEEDSTOCK_DATA", REPO.parent / "shared" / "data"))
DEMO = Path(seedstock.__file__).parent / "demo" / "project"
CANDIDATES = 120

TICKET = {
    "type": "object",
    "required": ["asset", "location", "fault", "urgency", "reported_by", "since"],
    "additionalProperties": False,
    "properties": {
        "asset": {"type": "string", "minLength": 1},
        "location": {"type": ["string", "null"]},
        "fault": {"$ref": "#/$defs/phrase"},
        "urgency": {"enum": ["low", "medium", "high"]},
        "reported_by": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "since": {"type": ["string", "null"]},
        "error_code": {"type": "string", "pattern": "^[A-Z]-[0-9]{3}$"},
        "measured": {"type": "array", "items": {"type": "string"}},
    },
    "$defs": {"phrase": {"type": "string", "minLength": 3}},
}


def ticket(text: str, fault: str, urgency: str, fold: int = 0, **more: Any) -> Example:
    output = {"asset": more.pop("asset"), "location": None, "fault": fault, "urgency": urgency}
    output |= {"reported_by": None, "since": None} | more
    return Example(digest(text)[:8], text, output, source=Source(fold=fold))


TICKETS = [
    ticket("Pump P-204 in the boiler house is leaking oil since 06:40, 7.2 bar, E-417. Ilse Vandrup",
           "leaking oil", "high", asset="Pump P-204", location="boiler house", since="06:40",
           measured=["7.2 bar"], error_code="E-417", reported_by="Ilse Vandrup"),
    ticket("Fan F-118 in the paint shop is losing power since 2024-03-11, says Tomasz Wilk.",
           "losing power", "high", asset="Fan F-118", location="paint shop", since="2024-03-11",
           reported_by="Tomasz Wilk"),
    ticket("Press H-730 in the tool room is making noise since 11 March 2024, E-220, 1200 mm. C. Iturbe",
           "making noise", "low", asset="Press H-730", location="tool room", since="11 March 2024",
           error_code="E-220", measured=["1200 mm"], reported_by="C. Iturbe"),
    ticket("Drive D-551 on the north line keeps tripping, 1.5 m off. Not urgent. Henrik Solbak",
           "keeps tripping", "low", asset="Drive D-551", location="north line", measured=["1.5 m"],
           reported_by="Henrik Solbak"),
    ticket("Please look at Lift L-902 in the old annex, it is humming loudly. Sunniva Aakre reported E-313.",
           "humming loudly", "low", asset="Lift L-902", location="old annex", error_code="E-313",
           reported_by="Sunniva Aakre"),
    ticket("Mixer M-346 in the main hall is spilling dough and nobody stops it, 64 %. Dagny Thorvik",
           "spilling dough", "high", 1, asset="Mixer M-346", location="main hall", measured=["64 %"],
           reported_by="Dagny Thorvik"),
    ticket("Crane C-815 in the steel yard is dropping loads. Jiro Amakusa", "dropping loads", "high", 1,
           asset="Crane C-815", location="steel yard", reported_by="Jiro Amakusa"),
]  # fmt: skip


@cache
def seed_set(name: str) -> tuple[Brief, list[Example]]:
    if name == "tickets":
        return Brief("extraction", "Read the ticket.", TICKET), TICKETS
    path = DEMO / "seeds.jsonl" if name == "demo" else DATA / name / "seeds.jsonl"
    if not path.exists():
        pytest.skip(f"no seed set {name}")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    seeds = [
        Example(row["id"], row["input"], row["output"], source=Source(fold=number % 5))
        for number, row in enumerate(rows)
    ]
    schema = json.loads((DEMO / "ticket.schema.json").read_text()) if name == "demo" else entity_schema(seeds)
    return Brief("extraction", "Extract.", schema), seeds


def entity_schema(seeds: list[Example]) -> dict[str, Any]:
    types = sorted({entity["type"] for seed in seeds for entity in json.loads(seed.output)["entities"]})
    entity = {"type": "object", "required": ["text", "type"], "additionalProperties": False}
    entity["properties"] = {"text": {"type": "string"}, "type": {"enum": types}}
    return {"type": "object", "properties": {"entities": {"type": "array", "items": entity}}}


def answer(request: Request) -> Response:
    return asyncio.run(Rules(RulesSettings()).ask(request))


def questions(
    recipe: Swap | Noise, brief: Brief, seeds: list[Example], ordinals: Iterable[int]
) -> list[Request]:
    """What a recipe asks with these ordinals for a cell that holds all seeds, which take turns."""
    cell = Cell("all", seeds=tuple(seeds))
    usable = recipe.usable(brief, cell, seeds)
    places = [(ordinal, *divmod(ordinal, len(usable))) for ordinal in ordinals if usable]
    asks = [
        Ask(brief, cell, ordinal, seed=usable[place], turn=turn, pool=seeds)
        for ordinal, turn, place in places
    ]
    return [request for made in recipe.requests(asks) for request in made]


def candidates(recipe: Swap | Noise, requests: list[Request]) -> list[Example | Unparsed]:
    return [row for request in requests for row in recipe.read(request, answer(request), {})]


SETS = pytest.mark.parametrize("name", ["tickets", "demo", "ner_movie", "ner_wikigold"])


@SETS
def test_swapped_rows_are_valid_and_the_inverse_swap_gives_the_seed(name: str) -> None:
    brief, seeds = seed_set(name)
    by_id = {seed.id: seed for seed in seeds}
    validator = jsonschema_rs.validator_for(brief.schema)
    requests = questions(Swap(), brief, seeds, range(CANDIDATES))
    assert len(requests) == CANDIDATES
    for request in requests:
        (row,) = Swap().read(request, answer(request), by_id)
        seed = by_id[request.parents[0]]
        assert isinstance(row, Example)
        assert validator.is_valid(parsed(row.output))
        assert type(row.output) is type(seed.output)
        found = swapped(request.rules or {})
        assert found is not None
        mapping = found[1]
        assert mapping
        assert row.input != seed.input
        back = exchange(row, inverse(mapping), brief.schema)
        assert (back.input, back.output) == (seed.input, seed.output)
        for old, new in mapping.items():
            assert contains(row.input_text, new)
            assert not contains(row.input_text, old) or old in mapping.values()


@SETS
def test_swap_changes_only_values_never_types_or_judgements(name: str) -> None:
    brief, seeds = seed_set(name)
    by_id = {seed.id: seed for seed in seeds}
    for request in questions(Swap(), brief, seeds, range(CANDIDATES)):
        found = swapped(request.rules or {})
        assert found is not None
        row, mapping = found
        before = list(leaves(parsed(by_id[request.parents[0]].output)))
        after = list(leaves(parsed(row.output)))
        assert [path for path, _ in before] == [path for path, _ in after]
        for (path, old), (_, new) in zip(before, after, strict=True):
            assert new == (mapping.get(old, old) if isinstance(old, str) else old)
            if path[-1] in ("type", "urgency"):
                assert new == old


@SETS
def test_a_swap_takes_values_of_its_own_fold_only(name: str) -> None:
    brief, seeds = seed_set(name)
    by_id = {seed.id: seed for seed in seeds}
    donors = 0
    for request in questions(Swap(), brief, seeds, range(CANDIDATES)):
        assert request.rules is not None
        assert request.parents == (request.rules["example"]["id"],)
        assert request.fold == by_id[request.parents[0]].source.fold
        assert all(by_id[donor].source.fold == request.fold for donor in request.rules["donor_ids"])
        assert request.parents[0] not in request.rules["donor_ids"]
        assert all(len(offers) <= 8 for offers in request.rules["donors"].values())
        donors += len(request.rules["donor_ids"])
    assert donors > 0


@SETS
def test_noise_keeps_values_numbers_and_negations(name: str) -> None:
    brief, seeds = seed_set(name)
    requests = questions(Noise(), brief, seeds, range(CANDIDATES))
    assert [request.ordinal for request in requests] == list(range(CANDIDATES))
    noised = 0
    for request, row in zip(requests, candidates(Noise(), requests), strict=True):
        if isinstance(row, Unparsed):
            assert row.code == "unchanged"
            continue
        assert request.rules is not None
        found = swapped(request.rules) if request.rules.get("donors") else None
        base = Example.from_json(request.rules["example"]) if found is None else found[0]
        assert row.output == base.output
        assert kept(row.input_text) == kept(base.input_text)
        for _, leaf in leaves(parsed(row.output)):
            if (text := leaf_text(leaf)) is not None:
                assert len(spans(row.input_text, text)) == len(spans(base.input_text, text))
        noised += row.input != base.input
    assert noised > 0.9 * CANDIDATES


@SETS
def test_rounds_differ_and_an_ordinal_does_not_depend_on_the_others(name: str) -> None:
    brief, seeds = seed_set(name)
    for recipe in (Swap(), Noise()):
        every = questions(recipe, brief, seeds, range(CANDIDATES))
        assert questions(recipe, brief, seeds, [CANDIDATES - 1, 3]) == [every[-1], every[3]]
        rows = {str(row) for row in candidates(recipe, every)}
        assert len(rows) > (0.95 if name != "tickets" else 0.6) * CANDIDATES


def test_noise_is_layered_on_a_swap_where_one_is_possible() -> None:
    brief, seeds = seed_set("tickets")
    requests = questions(Noise(), brief, seeds, range(len(seeds)))
    rows = candidates(Noise(), requests)
    by_id = {seed.id: seed for seed in seeds}
    for request, row in zip(requests, rows, strict=True):
        assert isinstance(row, Example)
        assert row.output != by_id[request.parents[0]].output


def test_another_process_gives_the_same_rows() -> None:
    brief, seeds = seed_set("tickets")
    mine = [answer(request).text for request in questions(Swap(), brief, seeds, range(20))]
    mine += [answer(request).text for request in questions(Noise(), brief, seeds, range(20))]
    code = (
        "import test_rules as t\nb, s = t.seed_set('tickets')\n"
        "asked = [r for k in (t.Swap, t.Noise) for r in t.questions(k(), b, s, range(20))]\n"
        "rows = [t.answer(r).text for r in asked]\n"
        "import sys; sys.stdout.write(t.digest(rows))"
    )
    env = dict(os.environ, PYTHONHASHSEED="77", PYTHONPATH=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == digest(mine)


def test_a_phrase_comes_from_a_seed_with_the_same_judgement() -> None:
    brief, seeds = seed_set("tickets")
    urgency = {seed.output["fault"]: seed.output["urgency"] for seed in seeds}
    exchanged = 0
    for request in questions(Swap(), brief, seeds, range(100)):
        (row,) = candidates(Swap(), [request])
        assert isinstance(row, Example)
        seed = next(seed for seed in seeds if seed.id == request.parents[0])
        assert urgency[row.output["fault"]] == seed.output["urgency"]
        exchanged += row.output["fault"] != seed.output["fault"]
    assert exchanged > 0


def test_a_reading_stays_near_where_something_was_judged_from_it() -> None:
    brief, seeds = seed_set("tickets")
    seen = set()
    for request in questions(Swap(), brief, seeds, range(100)):
        (row,) = candidates(Swap(), [request])
        assert isinstance(row, Example)
        if row.output.get("measured", [""])[0].endswith("bar"):
            seen.add(float(row.output["measured"][0].removesuffix(" bar")))
    assert len(seen) > 2
    assert all(6.4 < reading < 8.0 for reading in seen)


# Slots


def slots_of(text: str, output: Any, schema: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(slot.field, slot.value) for slot in find_slots(text, output, schema)]


def test_slots_stand_once_on_each_side() -> None:
    assert slots_of("Ann met Bob and Bob met Cy", {"a": "Ann", "b": "Bob", "c": "Cy", "d": "Dee"}) == [
        ("a", "Ann"), ("c", "Cy"),
    ]  # fmt: skip
    assert slots_of("Ann came", {"a": "Ann", "b": "Ann"}) == []
    assert slots_of("Ann came", {"a": "Ann", "b": "see Ann"}) == []
    assert slots_of("ANN called, Ann came", {"a": "Ann"}) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("reads 7.2 bar", "2"), ("reads 17 bar", "7"), ("pump P-204", "204"), ("code E-417-B", "E-417"),
        ("Annabel came", "Ann"), ("mail ann@x.org", "ann"), ("at -9 °C", "9 °C"), ("1,200 mm", "200 mm"),
        ("naïveté", "naïvete\u0301"[:5]), ("file_name", "name"),
    ],
)  # fmt: skip
def test_no_slot_inside_a_longer_token(text: str, value: str) -> None:
    assert slots_of(text, {"a": value}) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("at -9 °C.", "-9 °C"), ("(P-204)", "P-204"), ("“Ludwi Tieck”, he", "Ludwi Tieck"),
        ("it is 64 %!", "64 %"), ("Watson's house", "Watson"), ("in Łódź.", "Łódź"), ("file 7.2", "7.2"),
        ("in Washington, D.C. now", "D.C."),
    ],
)  # fmt: skip
def test_slots_next_to_punctuation(text: str, value: str) -> None:
    assert slots_of(text, {"a": value}) == [("a", value)]


def test_a_value_named_again_in_part_is_no_slot() -> None:
    assert slots_of("Fan CT-2 is hot, take the fan off", {"a": "Fan CT-2"}) == []
    assert slots_of("Ann Lee called. Regards, Lee", {"a": "Ann Lee"}) == []
    assert slots_of("Ann Lee called", {"a": "Ann Lee", "mail": "lee@x.org"}) == []


def test_slots_follow_the_schema() -> None:
    schema = {
        "properties": {
            "level": {"enum": ["high", "low"]}, "kind": {"const": "pump"}, "ok": {"type": "boolean"},
            "who": {"oneOf": [{"type": "string"}, {"type": "null"}]}, "many": {"$ref": "#/$defs/n"},
            "state": {"anyOf": [{"enum": ["hot"]}, {"type": "null"}]},
        },
        "$defs": {"n": {"type": "integer"}},
    }  # fmt: skip
    output = {"level": "high", "kind": "pump", "ok": True, "who": "Ann", "many": 12, "state": "hot"}
    assert slots_of("high pump Ann 12 hot true", output, schema) == [
        ("who|kind=pump", "Ann"),
        ("many|kind=pump", "12"),
    ]


def test_the_type_beside_a_value_is_part_of_its_field() -> None:
    output = {"entities": [{"text": "will smith", "type": "Actor"}, {"text": "up", "type": "Title"}]}
    fields = [("entities[].text|type=Actor", "will smith"), ("entities[].text|type=Title", "up")]
    assert slots_of("was will smith in up", output) == fields
    assert (
        slots_of("was will smith in up", output, entity_schema([Example("", "", json.dumps(output))]))
        == fields
    )


def test_an_output_text_that_would_not_come_back_is_left_alone() -> None:
    seed = Example("a", "Ann came", '{"who":"Ann"}')
    assert questions(Swap(), Brief("extraction", ""), [seed], [0]) == []
    assert parsed(seed.output) is None
    assert parsed('{"who": "Ann"}') == {"who": "Ann"}


# Exchange


def row_of(seeds: list[Example], schema: dict[str, Any] | None, kind: str = "extraction") -> list[Example]:
    requests = questions(Swap(), Brief(kind, "", schema), seeds, range(40))
    return [row for row in candidates(Swap(), requests) if isinstance(row, Example)]


def test_numbers_stay_numbers_within_the_schema() -> None:
    schema = {"properties": {"pieces": {"type": "integer", "multipleOf": 5, "maximum": 60}}}
    rows = row_of([Example("a", "send 50 boxes", {"pieces": 50})], schema)
    assert len({row.output["pieces"] for row in rows}) > 1
    for row in rows:
        assert isinstance(row.output["pieces"], int)
        assert row.output["pieces"] % 5 == 0
        assert row.output["pieces"] <= 60
        assert row.input == f"send {row.output['pieces']} boxes"


def test_numbers_that_something_was_computed_from_stay() -> None:
    seeds = [Example(str(n), f"{n} boxes at 12 euro", {"boxes": n, "total": n * 12}) for n in (20, 30, 40)]
    assert row_of(seeds, None) == []


def test_chat_inputs_are_exchanged_in_their_turns() -> None:
    seeds = [
        Example(
            name, (Message("system", "Be short."), Message("user", f"I am {name}, hello")), {"name": name}
        )
        for name in ("Ann", "Bob", "Cyd")
    ]
    rows = row_of(seeds, None)
    assert rows
    for row in rows:
        assert row.input == (
            Message("system", "Be short."),
            Message("user", f"I am {row.output['name']}, hello"),
        )
    noised = candidates(Noise(), questions(Noise(), Brief("extraction", ""), seeds, range(9)))
    for new in noised:
        assert isinstance(new, Example)
        assert not isinstance(new.input, str)
        assert new.input[0] == Message("system", "Be short.")
        assert new.output["name"] in new.input[1].content


def test_reasoning_moves_with_the_values() -> None:
    seeds = [
        Example(name, f"{name} is ill", {"name": name}, reasoning=f"The text names {name}.")
        for name in ("Ann", "Bob", "Cyd")
    ]
    rows = row_of(seeds, None)
    assert rows
    assert all(row.reasoning == f"The text names {row.output['name']}." for row in rows)


def test_items_of_a_list_change_places_on_both_sides() -> None:
    seed = Example("a", "bring salt, pepper and oil please", {"items": ["salt", "pepper", "oil"]})
    rows = row_of([seed], None)
    assert len({row.input for row in rows}) > 2
    for row in rows:
        first, second, third = row.output["items"]
        assert row.input == f"bring {first}, {second} and {third} please"
        assert {first, second, third} == {"salt", "pepper", "oil"}


def test_formats_change_only_to_ones_that_the_field_uses() -> None:
    dates = ["2024-03-11", "11 March 2024", "2024-05-02", "2024-07-19"]
    seeds = [Example(day, f"broken since {day}, come soon", {"since": day}) for day in dates]
    rows = row_of(seeds, None)
    formats = {date_format(row.output["since"]) for row in rows}
    assert formats == {"iso", "day_first"}
    iso_only = row_of([seed for seed in seeds if seed.id != dates[1]], None)
    assert {date_format(row.output["since"]) for row in iso_only} == {"iso"}
    shaped = {"properties": {"since": {"type": "string", "format": "date"}}}
    assert {date_format(row.output["since"]) for row in row_of([seeds[0], *seeds[2:]], shaped)} == {"iso"}


def test_invented_names_only_where_one_field_holds_persons() -> None:
    one = [Example(f"{n} Lee", f"ask {n} Lee now", {"reporter": f"{n} Lee"}) for n in ("Ann", "Bob")]
    assert {row.output["reporter"] for row in row_of(one, None)} - {"Ann Lee", "Bob Lee"}
    two = [
        Example(n, f"{n} Lee saw {n}a Roy", {"actor": f"{n} Lee", "director": f"{n}a Roy"})
        for n in ("Ann", "Bob")
    ]
    known = {"Ann Lee", "Bob Lee"}
    assert {row.output["actor"] for row in row_of(two, None)} <= known
    places = ("Offices", "paint shop", "boiler house", "old annex")
    three = [Example(place, f"{place} are cold", {"location": place}) for place in places]
    assert {row.output["location"] for row in row_of(three, None)} <= set(places)


def test_invented_addresses_and_numbers_keep_their_shape() -> None:
    text, output = "mail kim.roe@firm.com or call +49 30 5550123", {"email": "kim.roe@firm.com"}
    rows = row_of([Example("a", text, output | {"phone": "+49 30 5550123"})], None)
    assert len({row.output["email"] for row in rows}) > 5
    for row in rows:
        assert row.output["email"].endswith("@example.com")
        assert [part.isdigit() and len(part) for part in row.output["phone"][1:].split()] == [2, 2, 7]
        assert row.input == f"mail {row.output['email']} or call {row.output['phone']}"


def test_kinds_that_swap_does_not_touch() -> None:
    seeds = [Example(str(n), f"is flight {n} late", "flight_status") for n in (101, 202, 303)]
    brief = Brief("classification", "", labels=("flight_status",))
    assert questions(Swap(), brief, seeds, range(5)) == []
    assert capacity(brief, seeds).distinct == 0
    rows = candidates(Noise(), questions(Noise(), brief, seeds, range(12)))
    for number, row in enumerate(rows):
        assert isinstance(row, Example)
        assert row.output == "flight_status"
        assert kept(row.input_text) == kept(seeds[number % 3].input_text)


def test_capacity_counts_what_can_be_exchanged() -> None:
    brief, seeds = seed_set("tickets")
    found = capacity(brief, seeds)
    assert found.seeds_with_slots == len(seeds)
    assert found.slots >= 4 * len(seeds)
    assert 100 < found.distinct <= 10**6
    assert capacity(brief, []).distinct == 0


@given(st.lists(st.sampled_from("ann bob P-204 7.2 bar Łódź x 12 mm pump don't".split()), max_size=30))
def test_replacing_and_putting_back_gives_the_text(parts: list[str]) -> None:
    text = " ".join(parts)
    mapping = {"ann": "Zoë Q", "P-204": "K-9", "12 mm": "15 mm", "bob": "dee"}
    there = replace_all(text, mapping)
    assert not any(spans(there, old) for old in mapping)
    assert replace_all(there, inverse(mapping)) == text


TOKENS = st.sampled_from(
    "Ann Lee ann O'Neil Łódź P-204 E-417 7.2 bar 12 3 May 2024-03-11 06:40 pump leaking oil "
    'a an the , . ! ( ) " é'.split()
)


@given(
    st.lists(st.tuples(st.lists(TOKENS, max_size=12), st.lists(st.integers(0, 11), max_size=6)), max_size=5)
)
def test_any_seeds_give_rows_that_can_be_undone(drawn: list[tuple[list[str], list[int]]]) -> None:
    seeds = [
        Example(str(number), " ".join(tokens), {"a": tokens[:1], "b": " ".join(tokens[2:4]), "n": places})
        for number, (tokens, places) in enumerate(drawn)
    ]
    for seed in seeds:
        for slot in find_slots(seed.input_text, seed.output, None):
            assert seed.input_text[slot.start : slot.end] == slot.value
    for request in questions(Swap(), Brief("extraction", ""), seeds, range(6)):
        found = swapped(request.rules or {})
        if found is not None:
            seed = seeds[int(request.parents[0])]
            back = exchange(found[0], inverse(found[1]))
            assert (back.input, back.output) == (seed.input, seed.output)


# Formats and shapes


def test_quantities_convert_exactly_or_not_at_all() -> None:
    assert converted("1200 mm", frozenset({"m", "mm"})) == ["1.2 m"]
    assert converted("0.8 kW", frozenset({"W"})) == ["800 W"]
    assert converted("2 h", frozenset({"min"})) == ["120 min"]
    assert converted("7 mm", frozenset({"km"})) == []
    assert converted("3 bar", frozenset({"W"})) == []
    assert converted("1200 mm", frozenset()) == []


def test_near_quantities_keep_unit_decimals_and_distance() -> None:
    rng = random.Random(1)
    for _ in range(200):
        new = measure(near_quantity("7.20 bar", 0.1, rng) or "")
        assert new is not None
        assert (new.unit, new.decimals) == ("bar", 2)
        assert 6.48 <= float(new.number) <= 7.92
        assert float((near_quantity("98 %", 0.5, rng) or "98 %").removesuffix(" %")) <= 100
    assert near_quantity("007", 0.5, rng) is None


@pytest.mark.parametrize(
    "text", ["1960s", "1960 s", "80s", "2 pm", "3rd", "53,000", "P-204", "49T", "", "12."]
)
def test_what_is_no_quantity(text: str) -> None:
    assert measure(text) is None


def test_dates_that_could_be_two_are_none() -> None:
    assert date_format("03/11/2024") is None
    assert date_format("25/11/2024") == "slashes"
    assert date_format("2024-02-30") is None
    assert date_format("March 11, 2024") == "month_first"


@pytest.mark.parametrize(
    "text", ["2024-03-11", "11.03.2024", "11 March 2024", "March 11, 2024", "3 May", "12.02."]
)
def test_near_dates_keep_their_format(text: str) -> None:
    rng = random.Random(2)
    for _ in range(50):
        new = near_date(text, frozenset(), rng)
        assert new is not None
        assert new != text
        assert date_format(new) == date_format(text)


def test_near_times_keep_their_format_and_half_of_the_day() -> None:
    rng = random.Random(3)
    assert all("06:00" <= (near_time("06:40", frozenset(), rng) or "") <= "07:40" for _ in range(50)) is False
    assert all("05:40" <= (near_time("06:40", frozenset(), rng) or "") <= "07:40" for _ in range(50))
    assert {(near_time("6.40 am", frozenset(), rng) or "")[-3:] for _ in range(50)} == {" am"}
    assert near_time("6.40", frozenset(), rng) is None


@pytest.mark.parametrize(
    ("value", "vowel"),
    [("hour", True), ("unit", False), ("r", True), ("unrated", True), ("pg 13", False), ("nc 17", True),
     ("MTV", True), ("European city", False), ("80s film", True), ("oil leak", True), ("UPS", False)],
)  # fmt: skip
def test_vowel_sounds(value: str, vowel: bool) -> None:
    assert vowel_sound(value) is vowel


@pytest.mark.parametrize(
    ("field", "provider"),
    [("reported_by", "person"), ("name", "person"), ("product_name", None), ("customer.city", "city"),
     ("entities[].text|type=person", "person"), ("entities[].text|type=Title", None), ("asset", None),
     ("company_name", "company"), ("contact_email", "email"), ("file_name", None)],
)  # fmt: skip
def test_providers_by_field(field: str, provider: str | None) -> None:
    assert provider_of(field) == provider


# Noise


def test_kept_counts_numbers_codes_and_negations() -> None:
    found = kept("Don't start P-204 before 06:40, two pumps do not run. No way, 7.2 bar!")
    assert found == {"P-204": 1, "06:40": 1, "7.2": 1, "two": 1, "dont": 1, "not": 1, "no": 1}


WORDS = st.sampled_from(
    "the Pump is not leaking because 12 bolts are loose please check three Bearings tomorrow with @anna "
    "and E-417 never stopped. Somebody called... it's nothing, thanks! there 'quoted text' without cannot "
    "approximately twenty minutes https://x.org/A_b #Tag NASA iPhone (maybe) über".split()
)


@given(st.lists(WORDS, max_size=40, unique=True), st.integers(0, 10**6), st.floats(0, 1))
def test_noise_never_touches_what_is_protected(parts: list[str], seed: int, strength: float) -> None:
    text = " ".join(parts)
    values = ["Pump", "loose", "three Bearings"]
    new = noisy(text, values, random.Random(seed), strength, additions=True, reorder=True)
    assert kept(new) == kept(text)
    for word in [*values, "@anna", "https://x.org/A_b", "#Tag", "NASA", "iPhone", "E-417"]:
        assert new.count(word) == text.count(word)


def test_noise_changes_texts_and_differs_by_seed() -> None:
    text = (
        "The conveyor belt in the sorting hall keeps drifting because somebody loosened the tension roller."
    )
    found = {noisy(text, ["conveyor belt"], random.Random(seed)) for seed in range(40)}
    assert len(found) > 30
    assert text not in found
    assert all("conveyor belt" in new for new in found)


def test_words_beside_numbers_stay() -> None:
    text = "the meeting takes 30 minutes and starts on 5 May with about twenty people somewhere upstairs"
    for seed in range(60):
        new = noisy(text, [], random.Random(seed), 1.0)
        assert "30 minutes" in new
        assert "5 May" in new
        assert "twenty people" in new


def test_only_independent_sentences_change_places() -> None:
    free = "Pump 3 drips. The roof door squeaks. Somebody moved our ladder."
    assert sorted(reordered(free, random.Random(1)).split(". ")) != free.split(". ")
    assert {part.strip(".") for part in reordered(free, random.Random(1)).split(". ")} == {
        part.strip(".") for part in free.split(". ")
    }
    for leaning in (
        "Pump 3 drips. It is loud.",
        "Pump 3 drips. Then the door squeaks.",
        "One. Is the door open?",
    ):
        assert reordered(leaning, random.Random(1)) == leaning
    letter = "Dear team. Pump 3 drips badly today. The roof door squeaks loudly. Regards, Ann"
    new = reordered(letter, random.Random(1))
    assert new != letter
    assert new.startswith("Dear team.")
    assert new.endswith("Regards, Ann")


def test_words_that_output_and_input_share_are_protected() -> None:
    seed = Example("a", "show singers of each Country sorted by age", "SELECT country, age FROM singers")
    assert {"singers", "Country", "age"} <= set(protected_values(seed))
    spaced = Example("b", "born in Washington, D.C. once", {"place": "Washington , D.C."})
    assert "Washington" in protected_values(spaced)


# The teacher


def test_what_the_rules_cannot_answer() -> None:
    teacher = Rules(RulesSettings())
    assert (teacher.id, teacher.free) == ("rules", True)
    with pytest.raises(TeacherError, match="needs a model"):
        asyncio.run(teacher.ask(Request("paraphrase", "all", 0)))
    with pytest.raises(TeacherError, match="no operation"):
        asyncio.run(teacher.ask(Request("x", "all", 0, rules={"operation": "x"})))


def test_empty_and_foreign_answers_are_no_candidates() -> None:
    [request] = questions(Swap(), *seed_set("tickets"), [0])
    assert request.rules is not None
    bare = Request("swap", "all", 0, rules=request.rules | {"donors": {}, "lists": []})
    (none,) = Swap().read(bare, answer(bare), {})
    assert isinstance(none, Unparsed)
    assert none.code == "no_slots"
    for text in ("no JSON", "[1]", '{"input": "x"}', '{"input": [3], "output": 1}'):
        (broken,) = Swap().read(request, Response(text), {})
        assert isinstance(broken, Unparsed)
        assert (broken.code, broken.text) == ("unreadable", text)
