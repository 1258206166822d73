"""config: every section, and one line with file, line, key and near miss for everything that is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedstock import registry
from seedstock.config import LATER, SECTIONS, Config, json_schema, kinds_of_task, load_config
from seedstock.errors import InputError, Refused

MINIMAL = "task: {kind: classification, output: {labels: [good, bad]}}\nseeds: seeds.jsonl\n"
ROOT = Path(__file__).parents[1]
DEMO = ROOT / "src" / "seedstock" / "demo" / "project"

Load = Callable[[str | bytes], Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a text as seedstock.yaml."""

    def loader(content: str | bytes) -> Config:
        path = tmp_path / "seedstock.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_config(path)

    return loader


def test_the_least_that_works(load: Load, tmp_path: Path) -> None:
    config = load(MINIMAL)
    assert config.folder == tmp_path
    assert config.seeds.path == tmp_path / "seeds.jsonl"
    assert (config.teacher_kind, config.embedder_kind) == ("rules", "minilm")
    assert (config.holdout, config.ood, config.notes) == (None, None, ())
    assert config.output.labels == ("good", "bad")
    assert (config.plan.overgenerate, config.plan.target, config.plan.recipes) == (4.0, None, None)
    assert (config.mix.min_real, config.mix.repeat_real) == (0.2, 4)
    assert list(config.gates) == registry.names("gate")
    assert config.gates["duplicate"].threshold == 0.92  # type: ignore[union-attr]


def test_every_section(load: Load, tmp_path: Path) -> None:
    config = load("""
task:
  kind: extraction
  instruction: Say it.
  output: {text: {max_words: 80}}
seeds: {path: data/s.csv, input: message, output: ticket}
holdout: {path: h.jsonl}
ood: o.jsonl
teacher: {kind: openai, base_url: "http://localhost:8000/v1", model: m, price: {input: 1, output: 2.5}}
embedder: {kind: lexical, dims: 64}
plan: {target: 350, overgenerate: 3, min_yield: 0.2, recipes: {paraphrase: 0.4, swap: 1}}
gates: {duplicate: {threshold: 0.9}, leak: true, share: {min_real: 0.4}, format: false}
mix: {min_real: 0.3, repeat_real: 2}
""")
    assert config.seeds.path == tmp_path / "data" / "s.csv"
    assert (config.seeds.input, config.seeds.output) == ("message", "ticket")
    assert config.holdout is not None
    assert config.ood is not None
    assert (config.holdout.path.name, config.ood.path.name) == ("h.jsonl", "o.jsonl")
    assert config.teacher.price is not None
    assert config.teacher.price.output == 2.5
    assert (config.embedder_kind, config.plan.recipes) == ("lexical", {"paraphrase": 0.4, "swap": 1})
    assert config.gates["format"] is None
    assert config.gates["duplicate"].threshold == 0.9  # type: ignore[union-attr]
    assert (config.mix.min_real, config.mix.repeat_real) == (0.3, 2)


def test_files_beside_the_config_are_found(load: Load, tmp_path: Path) -> None:
    (tmp_path / "holdout.jsonl").write_text("")
    (tmp_path / "ood.jsonl").write_text("")
    config = load(MINIMAL)
    assert config.holdout is not None
    assert config.ood is not None
    assert (config.holdout.path, config.ood.path) == (tmp_path / "holdout.jsonl", tmp_path / "ood.jsonl")
    named = load(MINIMAL + "holdout: other.jsonl\n").holdout
    assert named is not None
    assert named.path == tmp_path / "other.jsonl"


@pytest.mark.parametrize(
    "empty", ["plan:", "gates:", "mix:", "teacher:", "embedder:", "holdout:", "plan: {}"]
)
def test_a_section_with_nothing_in_it_has_its_defaults(load: Load, empty: str) -> None:
    config, plain = load(MINIMAL + empty + "\n"), load(MINIMAL)
    assert (config.plan, config.gates, config.mix) == (plain.plan, plain.gates, plain.mix)
    assert (config.teacher, config.embedder, config.holdout) == (plain.teacher, plain.embedder, plain.holdout)


def test_json_is_yaml(load: Load) -> None:
    data = {
        "task": {"kind": "classification", "output": {"labels": ["yes", "no"]}},
        "seeds": {"path": "s.jsonl"},
    }
    config = load("\ufeff" + json.dumps(data, indent=2))
    assert config.raw == data
    assert config.output.labels == ("yes", "no")


# -- what is wrong, where, and what would be right: line, and a part of the message

TASK = "task: {kind: classification, output: {labels: [good, bad]}}\n"
SEEDS = "seeds: seeds.jsonl\n"
WRONG: list[tuple[str, int | None, str]] = [
    # unknown keys, in every section
    (MINIMAL + "plann: {}\n", 3, "plann: unknown key; did you mean 'plan'?"),
    ("task:\n  kind: code\n  outputs: {}\n" + SEEDS, 3, "task.outputs: unknown key; did you mean 'output'?"),
    (TASK + "seeds:\n  path: s\n  inputs: x\n", 4, "seeds.inputs: unknown key; did you mean 'input'?"),
    (MINIMAL + "ood: {path: x, splitt: y}\n", 3, "ood.splitt: unknown key; did you mean 'split'?"),
    (MINIMAL + "teacher:\n  kind: rules\n  concurency: 2\n", 5, "did you mean 'concurrency'?"),
    (MINIMAL + "teacher: {price: {inpt: 1, output: 2}}\n", 3,
     "teacher.price.inpt: unknown key; did you mean 'input'?"),
    (MINIMAL + "embedder: {kind: lexical, dim: 9}\n", 3, "embedder.dim: unknown key; did you mean 'dims'?"),
    (MINIMAL + "plan:\n\n  targets: 9\n", 5, "plan.targets: unknown key; did you mean 'target'?"),
    (MINIMAL + "gates: {duplicate: {treshold: 0.9}}\n", 3, "did you mean 'threshold'?"),
    (MINIMAL + "mix: {min_reall: 0.9}\n", 3, "mix.min_reall: unknown key; did you mean 'min_real'?"),
    ("task: {kind: code, output: {text: {max_word: 9}}}\n" + SEEDS, 1, "did you mean 'max_words'?"),
    # unknown words
    (MINIMAL + "gates:\n  duplicates: {}\n", 4, "gates.duplicates: unknown gate; did you mean 'duplicate'?"),
    (MINIMAL + "plan: {recipes: {paraphrse: 1}}\n", 3, "unknown recipe; did you mean 'paraphrase'?"),
    (MINIMAL + "teacher: {kind: opnai}\n", 3, "unknown teacher 'opnai'; did you mean 'openai'?"),
    (MINIMAL + "embedder: minlm\n", 3, "unknown embedder 'minlm'; did you mean 'minilm'?"),
    ("task: {kind: code, output: {label: [a, b]}}\n" + SEEDS, 1, "did you mean 'labels'?"),
    ("task:\n  kind: clasification\n  output: {labels: [a, b]}\n" + SEEDS, 2, "'classification'"),
    # missing
    (SEEDS, 1, "task: is missing"), (TASK, 1, "seeds: is missing"),
    ("task: {output: {text: {}}}\n" + SEEDS, 1, "task.kind: is missing"),
    ("task: {kind: code}\n" + SEEDS, 1, "task.output: is missing"),
    ("task: {kind: code, output: {}}\n" + SEEDS, 1, "name exactly one kind of output"),
    ("task: {kind: code, output: {text: {}, regex: a}}\n" + SEEDS, 1, "name exactly one kind of output"),
    (TASK + "seeds: {input: x}\n", 2, "seeds.path: is missing"),
    (MINIMAL + "teacher: {kind: openai, model: m}\n", 3, "teacher.base_url: is missing"),
    # twice
    (MINIMAL + SEEDS, 3, "seeds: stands twice"),
    (MINIMAL + "plan:\n  target: 1\n  target: 2\n", 5, "plan.target: stands twice"),
    # wrong types and values
    (MINIMAL + "plan: {target: many}\n", 3, "plan.target: Input should be a valid integer"),
    (MINIMAL + "plan: {target: 0}\n", 3, "greater than or equal to 1, got 0"),
    (MINIMAL + "plan: []\n", 3, "plan: "), (MINIMAL + "plan: false\n", 3, "plan: "),
    (MINIMAL + "mix: 3\n", 3, "mix: "),
    (MINIMAL + "gates: false\n", 3, "gates: a mapping of gate names"),
    (MINIMAL + "gates: [duplicate]\n", 3, "gates: a mapping of gate names"),
    (MINIMAL + "gates: {leak: {threshold: 0.95}}\n", 3,
     "gates.leak.threshold: Input should be less than or equal to 0.92"),
    (MINIMAL + "gates: {leak: false}\n", 3, "gates.leak: this gate cannot be turned off"),
    (MINIMAL + "gates: {share: {min_real: 0.1}}\n", 3, "greater than or equal to 0.2"),
    (MINIMAL + "teacher: [rules]\n", 3, "teacher: a mapping with a kind"),
    (MINIMAL + "teacher: {kind: 7}\n", 3, "unknown teacher 7"),
    (MINIMAL + "embedder: {kind: [a]}\n", 3, "unknown embedder"),
    (MINIMAL + "embedder: os:path\n", 3, "embedder: 'os:path' is no embedder"),
    (MINIMAL + "embedder: ':x'\n", 3, "is no embedder"),
    (MINIMAL + "embedder: '..:x'\n", 3, "is no embedder"),
    (MINIMAL + "plan: {recipes: {swap: -1}}\n", 3, "a weight is a number from 0 on"),
    (MINIMAL + "plan: {recipes: {swap: 0}}\n", 3, "at least one recipe needs a weight above 0"),
    (MINIMAL + "plan: {recipes: {swap: .inf}}\n", 3, "finite number"),
    (MINIMAL + "plan: {recipes: {swap: .nan}}\n", 3, "finite number"),
    (MINIMAL + "plan: {recipes: {swap: {weight: -1}}}\n", 3, "a weight is a number from 0 on"),
    (MINIMAL + "plan: {recipes: {restyle: {weight: a}}}\n", 3, "plan.recipes.restyle.weight: "),
    (MINIMAL + "plan: {recipes: {restyle: {style: {}}}}\n", 3, "did you mean 'styles'?"),
    (MINIMAL + "plan: {recipes: {restyle: {styles: {}}}}\n", 3, "plan.recipes.restyle.styles: "),
    (MINIMAL + "plan: {recipes: {reformat: {outputs: {toml: as TOML}}}}\n", 3, "plan.recipes.reformat."),
    (MINIMAL + "plan: {attributes: {label: [a, b]}}\n", 3, "the name 'label' is taken"),
    (MINIMAL + "plan: {attributes: {tone: []}}\n", 3, "attribute 'tone' needs values, each once"),
    (MINIMAL + "plan: {attributes: {tone: [a, a]}}\n", 3, "attribute 'tone' needs values, each once"),
    (MINIMAL + "plan: {attributes: {tone: {a: -1, b: 2}}}\n", 3, "numbers from 0 on, not all 0"),
    (MINIMAL + "plan: {attributes: {tone: {a: 0, b: 0}}}\n", 3, "numbers from 0 on, not all 0"),
    (MINIMAL + "plan: {attributes: {tone: {a: .nan}}}\n", 3, "plan.attributes.tone"),
    (MINIMAL + "plan: {attributes: {tone: {a: 1.0e+308, b: 1.0e+308}}}\n", 3, "the shares of"),
    (MINIMAL + "plan: {cross: [label]}\n", 3, "plan.cross.0: Input should be 'length'"),
    (MINIMAL + "plan: {use_cases: [{name: ''}]}\n", 3, "plan.use_cases.0.name: "),
    (MINIMAL + "plan: {use_cases: [{nam: a}]}\n", 3, "did you mean 'name'?"),
    (MINIMAL + "plan: {negatives: [{input: a}]}\n", 3, "plan.negatives.0.reason: is missing"),
    (MINIMAL + "plan: {max_seed_share: 0.5}\n", 3, "greater than or equal to 1"),
    (MINIMAL + "student: {use: internal}\n", 3, "student.model: is missing"),
    (MINIMAL + "student: {model: m, use: anything}\n", 3, "student.use: "),
    (MINIMAL + "review: {share: 0.01}\n", 3, "greater than or equal to 0.05"),
    (MINIMAL + "review: {generated_share: 0.05}\n", 3, "greater than or equal to 0.1"),
    (MINIMAL + "review: true\n", 3, "review: "),
    (MINIMAL + "partner: {kind: opnai}\n", 3, "unknown teacher 'opnai'; did you mean 'openai'?"),
    ("task: {kind: code, output: {text: {}}, domain: {regulated: [legal]}}\n" + SEEDS, 1,
     "task.domain.regulated: Input should be a valid string"),
    ("task: {kind: code, output: {text: {}}, domain: {prefer: {pump: [' ']}}}\n" + SEEDS, 1,
     "task.domain.prefer.pump.0: "),
    ("task: {kind: reasoning, output: {answer: text}}\n" + SEEDS, 1, "task.output.answer: "),
    (MINIMAL + "mix: {repeat_real: 5}\n", 3, "less than or equal to 4"),
    (TASK + "seeds: [a, b]\n", 2, "seeds: "), (TASK + "seeds: 7\n", 2, "seeds: "),
    ("task: extraction\n" + SEEDS, 1, "task: "), ("task:\n" + SEEDS, 1, "task: is missing"),
    ("task: {kind: code, output: text}\n" + SEEDS, 1, "task.output: "),
    ("task: {kind: code, output: {regex: '('}}\n" + SEEDS, 1, "not a regular expression"),
    ("task: {kind: code, output: {labels: [a]}}\n" + SEEDS, 1, "at least two different labels"),
    ("task: {kind: code, output: {json_schema: none.json}}\n" + SEEDS, 1, "schema cannot be read"),
    ("task: {kind: code, output: {json_schema: {type: strin}}}\n" + SEEDS, 1, "not a JSON Schema"),
    # what YAML makes of words
    ("task: {kind: code, output: {labels: [yes, no]}}\n" + SEEDS, 1, "YAML reads yes, no, on and off as"),
    ("task: {kind: code, output: {labels: [1, 2]}}\n" + SEEDS, 1, "got 1; put it in quotes"),
    ("task: {kind: code, instruction: 2024-01-31, output: {text: {}}}\n" + SEEDS, 1, "put it in quotes"),
    # not a config at all
    ("", None, "the file is empty"), ("# only a comment\n", None, "the file is empty"),
    ("- a\n", None, "a config is a mapping"),
    ("just text", None, "a config is a mapping"), ("a: [1\n", 2, "not YAML"), ("a: b: c\n", 1, "not YAML"),
    ("a: 1\n---\nb: 2\n", 2, "not YAML"), ("\x00", None, "not YAML"),
    ("? [a]\n: 1\n", 1, "a key must be a word"),
    ("a: !!python/object:os.system {}\n", 1, "a: "), ("a: !!int ''\n", 1, "a: '' cannot be read"),
    ("a: !!bool x\n", 1, "cannot be read"), ("a: !!timestamp x\n", 1, "cannot be read"),
    ('a: "\\UFFFFFFFF"\n', None, "not YAML"), ("a: &a [*a]\n", 1, "an alias that contains itself"),
    ("a: " + "[" * 5000 + "]" * 5000, None, "nested too deeply"),
    ("a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 400)), None,
     "nested too deeply"),
    ("a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20)),
     None, "too large"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "said"), WRONG, ids=lambda value: repr(value)[:50])
def test_what_is_wrong_is_said_in_one_line(
    load: Load, tmp_path: Path, content: str, line: int | None, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load(content)
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"{tmp_path / 'seedstock.yaml'}:")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    if line is not None:
        assert message.startswith(f"{tmp_path / 'seedstock.yaml'}:{line}: ")


def test_bytes_that_are_no_text(load: Load) -> None:
    with pytest.raises(InputError, match="not UTF-8 at byte 3"):
        load(b"a: \xff")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(InputError, match="cannot be read"):
            load_config(path)


# -- what the owner says of the task, of the plan and of people


def test_what_the_owner_says_of_the_plan(load: Load, tmp_path: Path) -> None:
    config = load("""
task:
  kind: extraction
  output: {text: {}}
  domain: {regulated: medical, prefer: {circuit breaker: [fuse, automatic fuse]}, avoid: [gizmo]}
seeds: s.jsonl
teacher: {kind: openai, base_url: "http://localhost:8000/v1", model: m}
partner: {kind: openai, base_url: "http://localhost:8001/v1", model: user}
student: {model: Qwen2.5-3B, use: customer}
plan:
  recipes: {restyle: {weight: 0.5, styles: {curt: in three words}}, paraphrase: 0.5, noise: 0}
  attributes: {tone: [formal, curt], region: {north: 3, south: 1}}
  use_cases: [{name: triage, description: who has to come}, {name: archive}]
  cross: [length]
  negatives: [{input: hello, reason: nothing is asked}]
  max_seed_share: 2
review: {share: 0.2}
""")
    domain = config.task.domain
    assert (domain.regulated, domain.avoid) == ("medical", ["gizmo"])
    assert domain.prefer == {"circuit breaker": ["fuse", "automatic fuse"]}
    assert (config.partner_kind, config.teacher_kind) == ("openai", "openai")
    assert config.student is not None
    assert (config.student.model, config.student.use) == ("Qwen2.5-3B", "customer")
    assert config.recipes is not None
    assert {name: recipe.weight for name, recipe in config.recipes.items()} == {
        "restyle": 0.5, "paraphrase": 0.5, "noise": 0,
    }  # fmt: skip
    assert config.recipes["restyle"].settings.styles == {"curt": "in three words"}  # type: ignore[attr-defined]
    assert config.plan.attributes == {"tone": ["formal", "curt"], "region": {"north": 3, "south": 1}}
    assert [case.name for case in config.plan.use_cases] == ["triage", "archive"]
    assert (config.plan.cross, config.plan.max_seed_share) == (["length"], 2)
    assert (config.plan.negatives[0].output, config.plan.negatives[0].reason) == (None, "nothing is asked")
    assert config.review is not None
    assert (config.review.share, config.review.generated_share) == (0.2, 0.1)
    assert config.notes == (), "all of it has an effect"


def test_nobody_can_review_is_something_else_than_nothing_said(load: Load) -> None:
    assert load(MINIMAL + "review: false\n").review is None
    assert load(MINIMAL + "review:\n").review == load(MINIMAL).review is not None


def test_the_owners_prompts_are_found_beside_the_config_by_name(load: Load, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "paraphrase.txt").write_text("[user]\nsay it again: {{ input }}")
    assert load(MINIMAL).prompts == {"paraphrase": tmp_path / "prompts" / "paraphrase.txt"}
    (tmp_path / "prompts" / "paraphrse.txt").write_text("[user]\n")
    with pytest.raises(
        InputError, match=r"paraphrse\.txt: no prompt has this name; did you mean 'paraphrase'"
    ):
        load(MINIMAL)


# -- later


def test_keys_of_later_versions_are_accepted_and_said(load: Load) -> None:
    config = load("""
task: {kind: code, output: {text: {}}, facts: general}
seeds: s.jsonl
plan: {target: 9}
""")
    assert len(config.notes) == len(LATER)
    for place in LATER:
        assert any(
            note.startswith(".".join(place) + " has no effect in this version") for note in config.notes
        )
    assert config.plan.target == 9


# -- the schema


def test_the_schema_is_one_and_knows_every_section() -> None:
    schema = json_schema()
    jsonschema_rs.meta.validate(schema)
    assert set(SECTIONS) <= schema["properties"].keys()
    assert {place[0] for place in LATER} <= schema["properties"].keys()
    json.dumps(schema)


def instances() -> list[Any]:
    demo = yaml.safe_load((DEMO / "seedstock.yaml").read_text(encoding="utf-8"))
    return [demo, yaml.safe_load(MINIMAL)]


def test_the_schema_accepts_what_loads() -> None:
    validator = jsonschema_rs.validator_for(json_schema())
    load_config(DEMO / "seedstock.yaml")
    for data in instances():
        assert [e.message for e in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"plann": {}}, {"plan": {"targt": 1}}, {"gates": {"duplicates": {}}},
        {"gates": {"duplicate": {"t": 1}}},
        {"mix": {"x": 1}}, {"teacher": {"kind": "rules", "x": 1}}, {"embedder": {"kind": "lexical", "x": 1}},
        {"seeds": {"path": "s", "x": 1}}, {"task": {"kind": "code", "output": {"txt": {}}}},
        {"task": {"kind": "code", "output": {"text": {}}, "x": 1}}, {"task": {"kind": "cod",
        "output": {"text": {}}}},
    ],
    ids=str,
)  # fmt: skip
def test_schema_and_loader_refuse_the_same(load: Load, change: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(json_schema())
    data = instances()[1] | change
    assert not validator.is_valid(data)
    with pytest.raises(InputError):
        load(json.dumps(data))


def test_kinds_of_task_are_the_designs() -> None:
    assert kinds_of_task() == (
        "classification", "extraction", "transformation", "reasoning", "conversation", "code", "sql",
        "instruction",
    )  # fmt: skip


# -- anything at all

CALM = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = st.sampled_from(
    [*SECTIONS, "judge", "kind", "output", "labels", "text", "regex", "json_schema", "path", "target",
     "recipes", "attributes", "use_cases", "negatives", "cross", "model", "answer", "number", "prefer",
     "duplicate", "leak", "threshold", "domain", "regulated", "price", "swap", "minilm", "lexical", "rules",
     "openai",
     "yes", "null", "~", "1", "-1", "1e999", ".nan", ".inf", "0x", "1:60", "2024-13-45",
     "0001-01-01T00:00:00+23:00",
     "a", "''", '"\\ud800"', '"\\0"', "!!int", "!!float", "!!bool", "!!binary", "!!timestamp", "!!set",
     "!!null",
     "&a", "*a", "<<", "os:path", "x:y", "%YAML 1.1", "---", "...", "|", ">", "\ufeff", "\u2028"]
)  # fmt: skip
soup = st.lists(
    words | st.sampled_from([": ", "\n", "\n  ", "{", "}", "[", "]", ", ", " ", "- ", "#", "? "]), max_size=30
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6) | words
)
structures: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)


def fine_or_said(load: Load, content: bytes) -> None:
    """A Config, or one line: nothing else may come out."""
    try:
        assert isinstance(load(content), Config)
    except (InputError, Refused) as problem:
        assert re.match(r"[^\n]+$", str(problem))  # noqa: PT017


@CALM
@given(soup.map("".join) | st.text(st.characters(), max_size=60))
def test_any_text_is_a_config_or_said_not_to_be(load: Load, content: str) -> None:
    fine_or_said(load, content.encode("utf-8", "surrogatepass"))


@CALM
@given(st.dictionaries(st.sampled_from(SECTIONS), structures))
def test_any_values_are_a_config_or_said_not_to_be(load: Load, changes: dict[str, Any]) -> None:
    data = yaml.safe_load(MINIMAL) | changes
    fine_or_said(load, json.dumps(data).encode())
    fine_or_said(load, MINIMAL.encode() + yaml.safe_dump(changes, allow_unicode=False).encode())
