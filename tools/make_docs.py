"""Write the pages of docs/ that are made from the code, or check that they are current.

python tools/make_docs.py            write commands.md, config.md and prompts.md
python tools/make_docs.py --check    exit 1 and name what is stale
python tools/make_docs.py --funnel   run the demo and draw docs/funnel.svg from its figures
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

import click

from seedstock import errors, registry
from seedstock.brief import Brief, Negative, Term
from seedstock.cell import Cell
from seedstock.cli.main import COMMANDS, INTERRUPTED, app
from seedstock.config import LATER, json_schema
from seedstock.demo import BUNDLED
from seedstock.example import Example, Source
from seedstock.exchange import Message, Request
from seedstock.recipes.base import Ask
from seedstock.recipes.prompt import FOLDER, SHARED
from seedstock.reporting.funnel import Step, funnel_svg
from seedstock.tasks.answer import Answer
from seedstock.tasks.labels import Labels
from seedstock.tasks.text import Text, TextSettings

DOCS = Path(__file__).parents[1] / "docs"

EXIT_CODES = {
    0: "fine, warnings included",
    errors.SeedstockError.exit_code: "a bug in Seedstock",
    errors.InputError.exit_code: """input, config or arguments that cannot be used: one line on standard error
        with the file, the line or row, what is wrong and what would be right""",
    errors.Refused.exit_code: "refused by a gate or a policy; with `--json` the refusing results are printed",
    errors.TeacherError.exit_code: """the teacher could not be used; what was answered is kept, run again to
        resume""",
    INTERRUPTED: "interrupted; what is done is kept, run again to resume",
}

JSON_KEYS = {
    "demo": "`path`, and under `check`, `run` and `release` what these commands print",
    "init": """`path`, `files`, `detected` (`rows`, `kind`, `output`, `fields`, `labels` for a classification;
        empty without seeds)""",
    "check": """`verdict` (`pass`, `warn`, `refused`), `seeds` (`rows`, `usable`, `duplicates`), `cells`
        (`cell`, `seeds`, `target`, `thin`, `facets`; `state` if none is planned), `gates`, `map` (`cut_by`,
        `asked_in_proportion`, `thin`, `empty`, `use_cases`, `unknown`), `plan` (`requests`, `tokens_in`,
        `tokens_out`, `measured`: where these figures come from, with a judge `judge`: its part of them,
        `cost`: null where the price is unknown, `currency`, `price`: who says so, `target`, `recipes`, and
        `most`: the same at the bound that over-generation sets), `notes`, `embedder`, `holdout`,
        `teacher`, `run`""",
    "run": """`run`, `requests` of this call (`sent`, `answered`, `retried`, `failed`, `hedged`), `faults`
        by reason, and of the project's whole state: `candidates`, `accepted`, `rejected` by gate,
        `repaired` rows, `repairs` by name, `cells` (`cell`, `target`, `accepted`, `state`), `recipes`
        (`recipe`, `cell`, `target`, `accepted`, `candidates`, `yield`, `questions`, `requests`,
        `cost_per_accepted`, `state`), `efficiency` (`questions` asked, `needed` by the yields, `ratio`),
        `parents` (`bound`, `most`, `unused`, `seeds`),
        `facets` (`facet`, `how`, `n`, `agree`, `share`, `interval`), `cost` (`total`,
        `per_accepted`, `currency`, `price`: who says so, `paid`: by this project in all,
        `recipes`, with a judge `judge`: what judging cost), `tokens` (`in`, `out`, `cached`, `cached_share`),
        `findings` about the server, `judge`: how far it can be trusted, as in `review status`;
        `stopped` (`limit`, `max_cost`) where a bound was reached. With `--dry-run`: `run`,
        `plan`, `requests` with their exact prompts""",
    "audit": """`rows`, `kept`, `rejected` by gate, `reasons`, `repaired` rows (those that a later
        gate rejected among them), `repairs` by name, `gates`, `verdict` (`pass`, `warn`, `refused`), `out`,
        `suspects`, `notes`, `conflicts` by code, `inputs` (the files)""",
    "rethreshold": """`threshold` in force, `rows` that reached the gate, `embedded` again, `outcomes`
        (`threshold`, `kept`, `rejected`, `changes`)""",
    "review": """of `sample`: `sample`; of `status`: `required`, `done`, `accepted`, `generated`, `defects`,
        `defect_upper_bound`, `by_criterion`, `gates`, `judge` (null without one; `judges`, `state`, `said`,
        `judged`, `min_score`, `n`, `agreement`, `kappa`, `interval`, `by_parents`, `ac1`, `covers`,
        `thresholds`, `proposed`, `needed`, `length`); of `trial`: `judges`, `gates`; of `export`: `path`,
        `rows`; of `import`: `path`, `accepted`, `rejected`, `known`, `required`, `done`""",
    "release": """`release`, `path`, `rows` (`real`, `synthetic`), `repeat_real`, `real_share` (`rows`,
        `exposure`), `left_out`, `gates`, `waivers`, `files` (name and SHA-256); refused: `verdict`, `refused`
        (gate results), `reason`""",
    "trace": """`id`, `outcome`, `source`, `parents`, `prompt`, `teacher`, `gates`, `reviews`, `example`,
        `answer`, `children`""",
    "verify": "`release`, `path`, `verdict`, `files`, `rows`, `manifest`; harm: as for a refused release",
    "schema": "the JSON Schema, as the command does without it",
}

JSON_NOTE = """Every command takes `--json`: one JSON document on standard output, everything else on standard
    error. A gate result has the keys `gate`, `status` (`pass`, `warn`, `fail`, `not_enough_data`, `skipped`),
    `code`, `figure`, `threshold`, `n`, `reason`, and where there is one `evidence`, `interval`, `p_value`."""

CONFIG_NOTE = """The file is YAML, and so may be JSON. Only `task` and `seeds` are needed. An unknown key is
    an error that names the nearest known one. Paths are relative to the file. The demo's own:"""

LATER_NOTE = """These keys belong to the design and not yet to this version. They are accepted, so that a
    config written for later works now, and `check` says for each that it has no effect."""

NAMES_NOTE = """What the tables of names hold. A teacher, an embedder and a format may also be named as
    `"module:Class"`, and an installed package may add names of every kind through entry points of the group
    `seedstock.KIND` (`seedstock.gate`, `seedstock.recipe`, …)."""

DRY_RUN_NOTE = """`seedstock run --dry-run` prints the next prompts of your own project exactly as they would
    be sent. `swap` and `noise` send none: see [rules.md](rules.md)."""

PROMPTS_NOTE = """Every prompt is a file in `src/seedstock/recipes/prompts/`, in Jinja, with a system and a
    user part. What all questions of a recipe share stands first, so that servers can cache it; the question
    stands last. To use your own, put a file of the same name into the folder `prompts` beside
    `seedstock.yaml`: it gets the same values, and `check` says that it is yours. The hash of every file is
    in the manifest, and the hash of every request in the row's provenance. What each part is worth is
    measured in `tests/test_prompts.py`: taking out any one of them costs yield with a teacher that does
    only what it is told."""

JUDGE_NOTE = """Who says whether rows are right: see [judging.md](judging.md). The keys are those of
    `teacher`, for the kinds that answer while one waits; `temperature` is 0 unless set. And:"""

JUDGE_PROMPT_NOTE = """What a judge is asked about a row. What is the same for all rows stands first; the
    criteria come in an order that turns from row to row. A file `prompts/judge.txt` of your own takes its
    place. What becomes of the answer: [judging.md](judging.md)."""

FACETS_NOTE = """Where `plan.attributes` are declared, a sample of the accepted rows is shown to the teacher
    without what was asked for, and `run` says how many are what they were asked to be."""


class World(NamedTuple):
    """A made-up task with four rows, to show prompts with."""

    brief: Brief
    rows: tuple[tuple[Any, Any], ...]


TERMS = (Term("circuit breaker", ("automatic fuse",)),)
LABELS = Labels({"refund": "the writer wants money back", "fault": "something does not work"}, Path())
MESSAGES = World(
    Brief(
        "classification", "Say what the writer of a message wants.", labels=LABELS.labels,
        form=LABELS.describe(), terms=TERMS, as_text=True,
    ),
    (
        ("kettle from order 4411 came cracked, Ilse here, want my money", "refund"),
        ("please refund the lamp, nobody told me it is that big", "refund"),
        ("I sent the carpet back in May and still wait for the 80 euros", "refund"),
        ("the printer prints nothing since Monday", "fault"),
    ),
)  # fmt: skip
SUMS = World(
    Brief(
        "reasoning", "Solve the problem step by step.", form=Answer("number", Path()).describe(),
        as_text=True, marker="#### ",
    ),
    (
        ("Ilse has 3 boxes of 12 jars and sells 7. How many are left?", "3 * 12 = 36\n36 - 7 = 29\n#### 29"),
        ("A lamp costs 40 euros, two cost 70. What is saved?", "2 * 40 = 80\n80 - 70 = 10\n#### 10"),
        ("Six carts take 90 sacks each. How many sacks are that?", "6 * 90 = 540\n#### 540"),
    ),
)  # fmt: skip
TALK = World(
    Brief(
        "conversation", "Answer customers of a parcel depot.", form=Text(TextSettings(), Path()).describe(),
        as_text=True, chat=True,
    ),
    (
        ((Message("user", "where is parcel 4411"),), "Let me look. Which postcode does it go to?"),
        ((Message("user", "can I collect it myself"),), "Yes, at the depot until eight, with your passport."),
        ((Message("user", "it came wet"),), "I am sorry. Please send a picture; the depot will call you."),
    ),
)  # fmt: skip

KINDS = {
    "gate": ("Gates", "Asked in this order; each has a section in `gates`."),
    "recipe": ("Recipes", "The keys of `plan.recipes`."),
    "teacher": ("Teachers", "`teacher.kind` is one of them."),
    "embedder": ("Embedders", "`embedder.kind` is one of them."),
    "exporter": ("Training formats", "`release --format` takes one or several."),
}

BESIDE = {
    "holdout": "Real rows for evaluation only: never in a prompt, never in training, frozen by the"
    " first run.",
    "ood": "Real rows from outside the training distribution, for evaluation only.",
}


def commands_page() -> str:
    """Every command: usage, options, what `--json` prints."""
    parts = [
        "# Commands",
        _generated("the commands themselves"),
        f"`{_usage(app, 'seedstock')}`",
        _options(app),
        _flat(JSON_NOTE),
        "## Exit codes",
        _table(("code", "means"), [(f"`{code}`", text) for code, text in EXIT_CODES.items()]),
    ]
    for name, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        command = getattr(import_module(module), attribute)
        parts += [f"## {name}", f"`{_usage(command, f'seedstock {name}')}`", _flat(command.help)]
        parts.append(_options(command))
        for inner in getattr(command, "commands", {}).values():
            shown = f"seedstock {name} {inner.name}"
            parts += [
                f"### {name} {inner.name}",
                f"`{_usage(inner, shown)}`",
                _flat(inner.help),
                _options(inner),
            ]
        parts.append(f"`--json` prints {_flat(JSON_KEYS[name])}.")
    return _page(parts)


def config_page() -> str:
    """Every section and key of seedstock.yaml, out of its JSON Schema."""
    schema = json_schema()
    later = {place[0] for place in LATER if len(place) == 1}
    own = (BUNDLED / "seedstock.yaml").read_text(encoding="utf-8")
    parts = ["# seedstock.yaml", _generated("the same source as `seedstock schema`"), _flat(CONFIG_NOTE)]
    parts.append(f"```yaml\n{own}```")
    for name, section in schema["properties"].items():
        if name not in later:
            parts += [f"## {name}", *_section(name, section, schema["$defs"])]
    parts += ["## Accepted without effect", _flat(LATER_NOTE), _later()]
    return _page([*parts, "## Names", _flat(NAMES_NOTE), *_names()])


def prompts_page() -> str:
    """The prompts, word for word, and one request of each as it is sent."""
    parts = ["# Prompts", _generated("the prompt files"), _flat(PROMPTS_NOTE), _flat(DRY_RUN_NOTE)]
    parts += ["## Pieces that several prompts share"]
    for path in sorted((FOLDER / SHARED).glob("*.txt")):
        parts += [f"### {path.name}", f"```text\n{path.read_text(encoding='utf-8')}```"]
    for name in registry.names("recipe"):
        recipe = registry.load("recipe", name)
        if recipe.uses:
            parts += [f"## {name}", _about("recipe", name)]
        for used in recipe.uses:
            text = (FOLDER / f"{used}.txt").read_text(encoding="utf-8")
            parts += [f"### {used}.txt", f"```text\n{text}```"]
        if recipe.uses:
            parts += _sent(name)
    parts += ["## judge", _flat(JUDGE_PROMPT_NOTE)]
    parts += [f"```text\n{(FOLDER / 'judge.txt').read_text(encoding='utf-8')}```"]
    parts += ["## facets", _flat(FACETS_NOTE)]
    return _page([*parts, f"```text\n{(FOLDER / 'facets.txt').read_text(encoding='utf-8')}```"])


def _sent(name: str) -> list[str]:
    """The first request of a recipe for a made-up project, and the JSON Schema of its answer."""
    request = first_request(name)
    sent = "\n\n".join(f"[{message.role}]\n{message.content.strip()}" for message in request.messages)
    schema = (
        []
        if request.schema is None
        else ["The answer is asked for by this JSON Schema:", f"```json\n{_json(request.schema)}\n```"]
    )
    return ["As it is sent, for instance:", f"```text\n{sent}\n```", *schema]


def first_request(name: str) -> Request:
    """What a recipe asks first about four made-up seeds."""
    world = TALK if name in ("conversation", "red_team") else SUMS if name == "reasoning" else MESSAGES
    seeds = tuple(
        replace(Example(f"s{i}", *pair), source=Source(fold=0)) for i, pair in enumerate(world.rows)
    )
    cell = Cell("refund", description='- the right output is "refund"', seeds=seeds, near="fault")
    recipe = registry.load("recipe", name)
    wishes = ("the input has about 9 to 14 words",) if recipe.group == "generate" else ()
    ask = Ask(
        world.brief, cell, 0, recipe.rows, seeds[0], tuple(reversed(seeds)) if recipe.shows else (),
        existing=("the toaster from order 88 never came, money back please",),
        rejected=(Negative("As an AI I bought a toaster", "the teacher speaks of itself", "refund"),),
        facts=("4411", "Ilse"), wishes=wishes, pool=seeds, settled={"votes": ()},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        policy = Path(temporary) / "policy.txt"
        policy.write_text("Never promise a date of delivery; say that the depot will call.")
        given = {"topics": ["delivery dates"], "policy": policy} if name == "red_team" else {}
        [[request, *_]] = recipe(recipe.Settings(**given)).requests([ask])
    return cast("Request", request)


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _generated(source: str) -> str:
    return f"*Made from {source} by `make docs`; a test fails when it is stale.*"


def _usage(command: click.Command, name: str) -> str:
    return " ".join([name, *command.collect_usage_pieces(click.Context(command))])


def _options(command: click.Command) -> str:
    rows = [
        (f"`{option.opts[-1]}{_metavar(option)}`", f"{option.help}{_shown_default(option)}")
        for option in command.params
        if isinstance(option, click.Option) and option.help and "as_json" not in option.name
    ]
    return _table(("option", "does"), rows) if rows else ""


def _metavar(option: click.Option) -> str:
    return "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"


def _shown_default(option: click.Option) -> str:
    return f" Default: `{option.default}`." if option.show_default else ""


def _section(name: str, section: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[str]:
    """One section: its text and a table of keys; one table per kind where there are several."""
    if name in BESIDE:
        found = f"`{name}.jsonl` beside the config needs no mention."
        yield f"{BESIDE[name]} The keys are those of `seeds`; {found}"
    elif name == "partner":
        yield "A second teacher, which plays the user in conversations; the keys are those of `teacher`."
    elif name == "judge":
        yield _flat(JUDGE_NOTE)
        own = {key: _any(section)[0]["properties"][key] for key in ("rubric", "second")}
        told = {key: {"type": "path" if key == "rubric" else "mapping"} for key in own}
        yield _table(("key", "type", "meaning"), [
            (f"`{key}`", told[key]["type"], own[key]["description"]) for key in own
        ])  # fmt: skip
    elif name == "gates":
        yield "A mapping of gates to their settings. `false` turns a gate off; `leak` cannot be turned off."
        for gate, found in section["properties"].items():
            for variant in _objects(found):
                yield from (f"### gates.{gate}", variant["description"], _keys(variant, defs))
    elif len(variants := _objects(section)) > 1:
        kinds = _codes(map(_kind, variants))
        yield f"A mapping with a `kind`, one of {kinds}; where no more is needed, the kind alone will do."
        for variant in variants:
            yield from (f"### {name}: {_kind(variant)}", variant["description"], _keys(variant, defs))
    else:
        path_will_do = " A path alone will do." if len(_any(section)) > 1 else ""
        yield from (variants[0]["description"] + path_will_do, _keys(variants[0], defs))
        if name == "plan":
            yield from _recipes(variants[0]["properties"]["recipes"]["properties"], defs)
        if name == "task":
            yield from _outputs(variants[0]["properties"]["output"]["properties"], defs)


def _recipes(kinds: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[str]:
    """Recipes that have settings of their own."""
    for name, found in kinds.items():
        own = _objects(found)[0]
        if set(own["properties"]) > {"weight"}:
            yield from (f"### plan.recipes.{name}", own["description"], _keys(own, defs))


def _outputs(kinds: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[str]:
    yield from ("### task.output", "Exactly one of these.")
    rows = [(f"`{name}`", _type(kind, defs), _first_line("task", name)) for name, kind in kinds.items()]
    yield _table(("key", "type", "valid outputs"), rows)
    for name, kind in kinds.items():
        if kind.get("properties"):
            yield f"### task.output.{name}"
            yield _keys(kind, defs)


def _keys(section: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    needed = section.get("required", ())
    rows = []
    keys = sorted(section["properties"].items(), key=lambda item: item[0] != "kind")
    for key, value in keys:
        if "Accepted, without effect" in value.get("description", ""):
            continue
        rows.append((f"`{key}`", _type(value, defs), _default(value, key in needed), _meaning(key, value)))
        of = f"{key}[]" if value.get("type") == "array" else key
        for inner, part in _inner(value, defs):
            told = (_type(part, defs), _default(part, "default" not in part), _meaning(inner, part))
            rows.append((f"`{of}.{inner}`", *told))
    return _table(("key", "type", "default", "meaning"), rows)


def _default(value: Mapping[str, Any], needed: bool) -> str:
    return "needed" if needed else "" if value.get("default") is None else f"`{_json(value['default'])}`"


def _meaning(key: str, value: Mapping[str, Any]) -> str:
    words = {"kind": "which one", "temperature": "sampling temperature", "currency": "what prices are in"}
    return str(value.get("description") or words.get(key, ""))


def _inner(value: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for variant in _any(value.get("items", value)):
        if "$ref" in variant:
            yield from defs[variant["$ref"].rpartition("/")[2]]["properties"].items()


def _type(value: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """A type in words, with its bounds."""
    named = [_one_type(variant, defs) for variant in _any(value) if variant.get("type") != "null"]
    return " or ".join(named)


def _one_type(value: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "enum" in value:
        return ", ".join(f"`{word}`" for word in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        return "mapping"
    if value.get("type") == "array":
        return f"list of {_type(value['items'], defs)}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties")
        return f"mapping of {_type(inner, defs)}" if isinstance(inner, dict) else "mapping"
    name = {"string": "text"}.get(value["type"], value["type"])
    return f"{'path' if value.get('format') == 'path' else name}{_bounds(value)}"


def _bounds(value: Mapping[str, Any]) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    found = [f"{sign} {value[key]:,}" for key, sign in signs.items() if key in value]
    return f" {' and '.join(found)}" if found else ""


def _any(value: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = value.get("anyOf") or value.get("oneOf") or [value]
    return found


def _objects(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [variant for variant in _any(value) if "properties" in variant]


def _kind(variant: Mapping[str, Any]) -> str:
    return str(variant["properties"]["kind"]["const"])


def _later() -> str:
    rows = [(f"`{'.'.join(place)}`", meaning) for place, meaning in LATER.items()]
    return _table(("key", "what that means"), rows)


def _names() -> Iterator[str]:
    for kind, (title, where) in KINDS.items():
        yield from (f"### {title}", where)
        yield _table(("name", "is"), [(f"`{n}`", _about(kind, n)) for n in registry.names(kind)])


def _first_line(kind: str, name: str) -> str:
    return _flat((registry.load(kind, name).__doc__ or "").partition("\n\n")[0])


def _about(kind: str, name: str) -> str:
    """What the part's own file says of itself in its first lines."""
    module = sys.modules[registry.load(kind, name).__module__]
    return _flat((module.__doc__ or "").partition("\n\n")[0])


def _codes(words: Iterator[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *([_cell(text) for text in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _cell(text: str) -> str:
    return _flat(text).replace("|", "\\|")


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict) and value else None)


PAGES = {"commands.md": commands_page, "config.md": config_page, "prompts.md": prompts_page}


def stale() -> list[str]:
    """The generated pages that are not what they would be if made now."""
    found = {
        name: (DOCS / name).read_text(encoding="utf-8") if (DOCS / name).exists() else "" for name in PAGES
    }
    return [name for name, page in PAGES.items() if found[name] != page()]


def draw_funnel() -> str:
    """The demo's funnel as an SVG on a white ground, from a run made now."""
    from seedstock import Project, release, run
    from seedstock.demo import copy_project
    from seedstock.releasing import release_page

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "demo"
        copy_project(folder)
        with Project(folder) as project:
            run(project)
            made = release(project)
            seeds = len(project.seeds)
    page = release_page(made.name, made.mix, made.gates, made.waivers, made.tally, [])
    return on_white(funnel_svg([Step("seeds", seeds, "written by hand"), *page.steps]))


def on_white(svg: str) -> str:
    """The same picture on a white ground, so that its dark text reads in dark mode too."""
    head, _, rest = svg.partition(">")
    return f'{head}><rect width="100%" height="100%" rx="6" fill="#ffffff"/>{rest}\n'


def main() -> int:
    """Do what the arguments say; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--funnel", action="store_true")
    wanted = parser.parse_args()
    if wanted.check:
        for name in (found := stale()):
            print(f"docs/{name} is stale; run: make docs", file=sys.stderr)
        return 1 if found else 0
    if wanted.funnel:
        (DOCS / "funnel.svg").write_text(draw_funnel(), encoding="utf-8")
        return 0
    DOCS.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
