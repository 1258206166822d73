"""The layer rule: every import in the package, read from the source, goes down; none goes in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import seedstock

IN_ORDER, APART = "in order", "apart"
LAYERS = (
    (IN_ORDER, "version brief exchange verdict errors backoff example cell registry"),
    (
        APART,
        "text reading yamlfile jsonl ledgerfile groupwriter neighbours overlap level pace embedders rules"
        " language clusters forms families answers intervals addressing judgement starters",
    ),
    (IN_ORDER, "facts hygiene sqlcheck arithmetic jsoncheck agreement sandbox functions transforms"),
    (APART, "seeds tasks recipes teachers gates exporters"),
    (
        IN_ORDER,
        "sections settingsfile rubric judgesection config records ledger seedbed prices spending line pool"
        " batching ask replay judging outline project",
    ),
    (
        IN_ORDER,
        "reporting reporting.funnel reporting.page quotas plan briefing waves hindsight gating tally accounts"
        " calibrating facetcheck results coverage twincheck hearing judgeplan preflight generation suspecting"
        " auditfiles auditing rethreshold mixing reporting.card distilling trial reviewing releasing"
        " verifying tracing starting",
    ),
    (IN_ORDER, "demo seedstock cli"),
)
"""A file or folder imports lower layers. Within a layer: those before it in the list, or none of them.

Inside a folder anything goes but a circle. `seedstock` is the package's own `__init__`.
"""

EXCEPTIONS = {
    ("gates", "tasks.base"): "gates are handed the task's kind of output, and name its contract and Problem",
}

Module = str
Unit = tuple[int, int, str]


def units() -> dict[str, Unit]:
    """Name → layer, place in it, name. All parts of a layer that is apart share a place."""
    return {
        name: (layer, place if how == IN_ORDER else 0, name)
        for layer, (how, names) in enumerate(LAYERS)
        for place, name in enumerate(names.split())
    }


def unit_of(module: Module) -> Unit | None:
    """The most special entry of the table that covers a module; None where it has no layer."""
    known, parts = units(), module.split(".")
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((known[prefix] for prefix in prefixes if prefix in known), None)


def modules(folder: Path) -> dict[Module, Path]:
    """Every module of a package by its name without the package's; the package itself as its own name."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        named = parts[:-1] if parts[-1] == "__init__" else parts
        found[".".join(named) or folder.name] = path
    return found


def imports(module: Module, path: Path, package: str, known: dict[Module, Path]) -> Iterator[Module]:
    """The package's own modules that a file imports: at its top, in functions, under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (own for alias in node.names for own in _own(alias.name, package, known))
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, path, package)
            for alias in node.names:
                yield from _own(f"{base}.{alias.name}", package, known)


def _absolute(node: ast.ImportFrom, module: Module, path: Path, package: str) -> str:
    if not node.level:
        return node.module or ""
    here = [package, *([] if module == package else module.split("."))]
    depth = len(here) - node.level + (path.name == "__init__.py")
    return ".".join([*here[:depth], *([node.module] if node.module else [])])


def _own(name: str, package: str, known: dict[Module, Path]) -> list[Module]:
    """The module that a dotted name lies in, if it is the package's: a name in a module is that module."""
    head, _, rest = name.partition(".")
    if head != package:
        return []
    parts = rest.split(".") if rest else []
    prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return [next((prefix for prefix in prefixes if prefix in known), package)]


def graph(folder: Path) -> dict[Module, set[Module]]:
    """Module → what it imports of its own package."""
    known = modules(folder)
    return {
        module: set(imports(module, path, folder.name, known)) - {module} for module, path in known.items()
    }


def problems(folder: Path) -> list[str]:
    """What breaks the rule, one line each; [] where nothing does."""
    edges = graph(folder)
    found = [f"{module} has no layer" for module in edges if unit_of(module) is None]
    found += [line for module, used in edges.items() for name in used if (line := _broken(module, name))]
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as circle:
        found.append("imports in a circle: " + " → ".join(circle.args[1]))
    return sorted(found)


def _broken(module: Module, used: Module) -> str:
    mine, theirs = unit_of(module), unit_of(used)
    if mine is None or theirs is None or mine[2] == theirs[2] or (mine[2], used) in EXCEPTIONS:
        return ""
    if theirs[:2] < mine[:2]:
        return ""
    how = "sideways" if theirs[:2] == mine[:2] else "upwards"
    return f"{module} imports {how}: {used}"


def test_every_import_goes_down() -> None:
    assert problems(Path(seedstock.__file__).parent) == []


def test_the_table_names_only_what_exists() -> None:
    there = set(modules(Path(seedstock.__file__).parent))
    assert set(units()) <= there
    used = {
        (unit[2], name) for module, names in graph(Path(seedstock.__file__).parent).items()
        if (unit := unit_of(module)) for name in names
    }  # fmt: skip
    assert set(EXCEPTIONS) <= used, "an exception that nothing uses any more"


@pytest.mark.parametrize(
    ("file", "source", "said"),
    [
        ("text.py", "from seedstock.project import Project", "text imports upwards: project"),
        ("text.py", "def f():\n    import seedstock.project", "text imports upwards: project"),
        ("text.py", "if TYPE_CHECKING:\n    from seedstock import project", "text imports upwards: project"),
        ("gates/format.py", "from ..recipes import base", "gates.format imports sideways: recipes.base"),
        ("rules/slots.py", "from seedstock.embedders import base", "rules.slots imports sideways: embedders"),
        ("ledger.py", "from seedstock.project import Project", "ledger imports upwards: project"),
        ("gating.py", "import seedstock.cli", "gating imports upwards: cli"),
        ("rules/a.py", "from seedstock.rules import b", "imports in a circle: rules."),
        ("stray.py", "", "stray has no layer"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, file: str, source: str, said: str) -> None:
    folder = tmp_path / "seedstock"
    others = ("project.py", "recipes/base.py", "embedders/base.py", "cli/__init__.py")
    for name in ("__init__.py", "rules/__init__.py", "rules/a.py", "rules/b.py", *others):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "rules" / "b.py").write_text("from seedstock.rules import a\n")
    assert problems(folder) == []
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(source)
    found = problems(folder)
    assert len(found) == 1
    assert found[0].startswith(said)
