"""Which files a path means: itself, or the files of a split of a Hugging Face dataset folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from seedstock.errors import InputError, near_miss
from seedstock.seeds.files import is_readable_name
from seedstock.seeds.text_files import reading

_NOT_DATA = {"dataset_dict.json", "dataset_info.json", "dataset_infos.json", "state.json", "metadata.json"}
_SPLIT = re.compile(
    r"(?<![a-z])(?:(train|training)|(validation|valid|val|dev)|(test|testing|eval|evaluation))(?![a-z])"
)
_README_LIMIT = 1 << 20


def dataset_files(path: Path, split: str | None = None) -> list[Path]:
    """The files to read, in order. `split` picks one of a folder's; else its only one, else "train".

    Raises InputError where there is nothing to read or no way to choose.
    """
    with reading(path):
        if path.is_dir():
            return _folder_files(path, split)
        if not path.exists():
            raise InputError(f"no such file{_suggestion(path)}", path=path)
        if not path.is_file():
            raise InputError("not a file", path=path)
    if split is not None:
        raise InputError(f"split {split!r} is named, but only a folder has splits", path=path)
    return [path]


def _suggestion(path: Path) -> str:
    names = [found.name for found in path.parent.iterdir()] if path.parent.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _folder_files(folder: Path, split: str | None) -> list[Path]:
    if (folder / "dataset_dict.json").is_file():
        names = _strings(_json_file(folder / "dataset_dict.json").get("splits"))
        inner = folder / _inside(_choose(names, split, folder), folder)
        return _saved_files(inner)
    if (folder / "state.json").is_file():
        return _saved_files(folder)
    splits = _readme_splits(folder) or _named_splits(folder)
    return splits[_choose(splits, split, folder)]


def _saved_files(folder: Path) -> list[Path]:
    """The Arrow files that `save_to_disk` listed in state.json."""
    state = _json_file(folder / "state.json")
    if state.get("_indices_data_files"):
        raise InputError("saved by an old `datasets` with an index; load and save it again", path=folder)
    listed = state.get("_data_files")
    entries = listed if isinstance(listed, list) else []
    names = _strings([entry.get("filename") for entry in entries if isinstance(entry, dict)])
    if not names:
        raise InputError("lists no data files", path=folder / "state.json")
    return [_existing(folder / _inside(name, folder)) for name in names]


def _readme_splits(folder: Path) -> dict[str, list[Path]]:
    """Split → files as the `configs:` of the card say, of the default config or the first; or nothing."""
    configs = _front_matter(folder / "README.md").get("configs")
    usable = [c for c in configs if isinstance(c, dict)] if isinstance(configs, list) else []
    if not usable:
        return {}
    default = [c for c in usable if c.get("default") is True or c.get("config_name") == "default"]
    listed = (default or usable)[0].get("data_files") or []
    entries = listed if isinstance(listed, list) else [listed]
    splits: dict[str, list[Path]] = {}
    for entry in entries:
        split, patterns = _entry(entry, folder)
        found = [file for pattern in patterns for file in _matching(folder, pattern)]
        splits.setdefault(split, []).extend(dict.fromkeys(found))
    return splits


def _entry(entry: Any, folder: Path) -> tuple[str, list[str]]:
    split, given = ("train", entry) if isinstance(entry, str) else ("", None)
    if isinstance(entry, dict):
        split, given = entry.get("split", "train"), entry.get("path")
    patterns = _strings(given if isinstance(given, list) else [given])
    if not isinstance(split, str) or not patterns:
        raise InputError("`data_files` needs a path for each split", path=folder / "README.md")
    return split, patterns


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        found = sorted(file for file in folder.glob(_inside(pattern, folder)) if file.is_file())
    except (ValueError, NotImplementedError, IndexError) as problem:
        raise InputError(f"bad pattern {pattern!r}", path=folder / "README.md") from problem
    if not found:
        raise InputError(f"no file matches {pattern!r}", path=folder / "README.md")
    return found


def _front_matter(readme: Path) -> Mapping[str, Any]:
    """The YAML head of a dataset card; empty where there is none."""
    import yaml

    if not readme.is_file():
        return {}
    with readme.open("rb") as handle:
        head = handle.read(_README_LIMIT)
    block = re.match(rb"(?:\xef\xbb\xbf)?---\r?\n(.*?)\r?\n---\s", head + b"\n", re.DOTALL)
    try:
        found = yaml.safe_load(block[1].decode()) if block else {}
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise InputError(f"its YAML head cannot be read: {problem}", path=readme) from problem
    return found if isinstance(found, dict) else {}


def _named_splits(folder: Path) -> dict[str, list[Path]]:
    """Split → data files by their names; files without a split word only where they are parts of one."""
    files = sorted(f for f in (*folder.glob("*"), *folder.glob("*/*")) if _is_data(f.relative_to(folder), f))
    if not files:
        raise InputError("a folder without data files", path=folder)
    splits: dict[str | None, list[Path]] = {}
    for file in files:
        splits.setdefault(_split_word(file.relative_to(folder)), []).append(file)
    named = {split: members for split, members in splits.items() if split is not None}
    if None not in splits:
        return named
    if not named and len({re.sub(r"\d+", "#", file.name) for file in files}) == 1:
        return {"train": files}
    names = ", ".join(str(file.relative_to(folder)) for file in files[:5])
    raise InputError(
        f"a folder of {len(files)} data files ({names}) that tells no splits: name one file", path=folder
    )


def _is_data(name: Path, file: Path) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and name.name not in _NOT_DATA and is_readable_name(name) and file.is_file()


def _split_word(name: Path) -> str | None:
    found = _SPLIT.search(name.as_posix().lower())
    return ("train", "validation", "test")[(found.lastindex or 1) - 1] if found else None


def _choose(names: Iterable[str], split: str | None, folder: Path) -> str:
    known = list(names)
    if split is not None and split not in known:
        raise InputError(f"no split {split!r}; {near_miss(split, known)}", path=folder)
    choice = split or ("train" if "train" in known else known[0] if len(known) == 1 else None)
    if choice is None:
        found = ", ".join(known) or "none"
        raise InputError(f"which split is meant? found: {found}; name one (seeds: {{split: …}})", path=folder)
    return choice


def _json_file(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise InputError(f"not JSON: {problem}", path=path) from problem
    if not isinstance(found, dict):
        raise InputError("not a JSON object", path=path)
    return found


def _strings(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _inside(name: str, folder: Path) -> str:
    """`name`, if it stays in the folder: a dataset must not make us read other files."""
    if not name or Path(name).is_absolute() or ".." in Path(name).parts or "://" in name or "\0" in name:
        raise InputError(f"{name!r} is not a file of this folder", path=folder)
    return name


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError("no such file, though the dataset lists it", path=path)
    return path
