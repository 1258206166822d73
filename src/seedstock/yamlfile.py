"""YAML with the line of every key, so that an error can point at the place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from seedstock.errors import InputError

Place = tuple[str | int, ...]

MAX_DEPTH = 200
MAX_NODES = 100_000
"""Aliases of aliases make a short file grow without end: more than this is no config."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The data of a YAML file and, for each path of keys in it, the line where it stands."""

    path: Path
    data: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of the deepest known part of `place`."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, problem: str) -> InputError:
        """An InputError at `place`, the place named in front."""
        name = ".".join(map(str, place))
        return InputError(f"{name}: {problem}" if name else problem, path=self.path, line=self.line(place))


def read_yaml(path: Path) -> YamlFile:
    """Read one document (JSON is YAML too). InputError with file and line where it is not readable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror}", path=path) from problem
    except UnicodeDecodeError as problem:
        raise InputError(f"not UTF-8 at byte {problem.start}", path=path) from problem
    except RecursionError as problem:
        raise InputError("nested too deeply", path=path) from problem
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = getattr(problem, "problem", None) or str(problem)
        raise InputError(f"not YAML: {what}", path=path, line=mark.line + 1 if mark else None) from problem
    except (ValueError, OverflowError) as problem:  # an escape that names no character
        raise InputError(f"not YAML: {problem}", path=path) from problem
    lines: dict[Place, int] = {}
    file = YamlFile(path, {}, lines)
    if root is None:
        raise InputError("the file is empty", path=path)
    return YamlFile(path, _build(root, (), file, frozenset()), lines)


def _build(node: yaml.Node, place: Place, file: YamlFile, above: frozenset[int]) -> Any:
    file.lines.setdefault(place, node.start_mark.line + 1)
    if len(place) > MAX_DEPTH or len(file.lines) > MAX_NODES:
        raise file.error(place[:1], "nested too deeply, or too large")
    if id(node) in above:
        raise file.error(place, "an alias that contains itself")
    above |= {id(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*place, i), file, above) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, file, above)
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, OverflowError) as problem:
        # The last three are what PyYAML raises for a tag such as !!int on a text that is none.
        raise file.error(place, f"{node.value!r} cannot be read") from problem


def _mapping(node: yaml.MappingNode, place: Place, file: YamlFile, above: frozenset[int]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise file.error(place, "a key must be a word")
        key = str(key_node.value)
        here = (*place, key)
        file.lines[here] = key_node.start_mark.line + 1
        if key in out:
            raise file.error(here, "stands twice in the same section")
        out[key] = _build(value_node, here, file, above)
    return out
