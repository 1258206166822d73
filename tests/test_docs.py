"""The documentation is true: generated pages are current, every name is told, the README's blocks run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from seedstock import errors, registry
from seedstock.cli.main import COMMANDS, INTERRUPTED
from seedstock.config import json_schema

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
MAKER = ROOT / "tools" / "make_docs.py"


def tree(of: type[errors.SeedstockError]) -> Iterator[type[errors.SeedstockError]]:
    yield of
    for child in of.__subclasses__():
        yield from tree(child)


CODES = sorted({0, INTERRUPTED, *(kind.exit_code for kind in tree(errors.SeedstockError))})


def keys_of(schema: Any) -> set[str]:
    """Every key that a JSON Schema names, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", ()))
    return own.union(*map(keys_of, schema.values()))


# -- generated pages


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run([sys.executable, MAKER, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "docs").mkdir()
    for name in ("commands.md", "config.md", "prompts.md"):
        (tmp_path / "docs" / name).write_text(PAGES[name] + ("old\n" if name == "config.md" else ""))
    copy = tmp_path / "tools" / "make_docs.py"
    copy.write_text(MAKER.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run([sys.executable, copy, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["docs/config.md is stale; run: make docs"]


def test_the_funnel_reads_on_any_background() -> None:
    svg = ElementTree.parse(DOCS / "funnel.svg").getroot()
    ground = svg[0]
    assert ground.tag.endswith("rect")
    assert (ground.get("width"), ground.get("height"), ground.get("fill")) == ("100%", "100%", "#ffffff")
    shown = [element.text for element in svg if element.tag.endswith("text")]
    assert shown[0] == "seeds"
    assert "with seeds" in shown


# -- nothing is missing


@pytest.mark.parametrize("kind", registry.TABLES)
def test_every_registered_name_is_told(kind: str) -> None:
    everything = "\n".join(PAGES.values())
    assert [name for name in registry.names(kind) if f"`{name}`" not in everything] == []


def test_every_gate_has_a_chapter_of_its_own() -> None:
    chapters = re.findall(r"^## ([\w.]+)$", PAGES["gates.md"], re.MULTILINE)
    assert [name for name in registry.names("gate") if name not in chapters] == []
    for name in registry.names("gate"):
        chapter = PAGES["gates.md"].partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert "*It cannot see*" in chapter, f"gates.md does not say what {name} cannot see"


@pytest.mark.parametrize("page", [README, PAGES["commands.md"]], ids=["README", "commands"])
def test_every_exit_code_is_told(page: str) -> None:
    table = re.findall(r"^\| `(\d+)` \|", page, re.MULTILINE)
    assert table == [str(code) for code in CODES]


def test_every_command_and_option_is_told() -> None:
    for name in COMMANDS:
        chapter = PAGES["commands.md"].partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert f"`seedstock {name} " in chapter
        shown = subprocess.run(
            [sys.executable, "-m", "seedstock.cli.main", name, "--help"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        options = set(re.findall(r"--[a-z-]+", shown)) - {"--json", "--help"}
        assert [option for option in options if option not in chapter] == []


def test_every_config_key_is_told() -> None:
    page = PAGES["config.md"]
    marked = re.findall(r"`([^`\n]+)`|^#+ (.+)$", page, re.MULTILINE)
    told = {word for code, title in marked for word in re.findall(r"\w+", f"{code} {title}")}
    assert [key for key in keys_of(json_schema()) if not told.issuperset(re.findall(r"\w+", key))] == []


def test_links_lead_somewhere() -> None:
    for home, text in [(ROOT, README), *((DOCS, page) for page in PAGES.values())]:
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
        assert [target for target in targets if not (home / target).exists()] == []


# -- the README runs


def blocks(text: str) -> list[str]:
    """The shell blocks of a page, without those that call make."""
    found: list[str] = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for block in found if not re.search(r"^make\b", block, re.MULTILINE)]


def promised(command: str) -> set[str]:
    """The keys that commands.md names for a command's JSON, at the first level of brackets."""
    chapter = PAGES["commands.md"].partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    told = chapter.partition("`--json` prints ")[2]
    always = re.split(r"; refused:|; harm:|; `stopped`|\. With", told)[0]
    return set(re.findall(r"`(\w+)`", re.sub(r"\([^()]*\)", "", always)))


def test_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    bin_ = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }  # fmt: skip

    def shell(script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        return done.stdout

    said = "".join(shell(block) for block in blocks(README))
    assert "−174" in said, "the audit finds the seeds in the release"
    assert (tmp_path / "my-task" / "releases" / "v1" / "train.prompt_completion.jsonl").exists()
    assert {path.name for path in (tmp_path / "audit").iterdir()} == {
        "audit.json", "conflicts.jsonl", "kept.jsonl", "rejected.jsonl", "report.html", "suspects.jsonl",
    }  # fmt: skip
    for command in ("check", "run", "release", "trace seed-001", "verify v1"):
        printed = json.loads(shell(f"seedstock --project my-task {command} --json"))
        assert set(printed) == promised(command.split()[0]), command
    summary = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert set(summary) == promised("audit")


def test_the_readmes_config_is_one(tmp_path: Path) -> None:
    from seedstock.config import load_config

    [given] = re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    task = "task: {kind: classification, output: {labels: [a, b]}}\nseeds: seeds.jsonl\n"
    (tmp_path / "seedstock.yaml").write_text(task + given)
    config = load_config(tmp_path / "seedstock.yaml")
    assert config.teacher_kind == "openai"
    assert config.plan.recipes == {"paraphrase": 3, "restyle": 2, "generate": 4, "long_tail": 1}
