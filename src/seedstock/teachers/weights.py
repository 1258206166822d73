"""The weights and the tokenizer of a causal language model: from a folder, the hub's cache, or the hub."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedstock.errors import InputError, TeacherError


@dataclass(frozen=True, slots=True)
class Weights:
    """Which weights, of which type, on which device. `dtype` may be `auto`; no `revision`: the main one."""

    model: str
    revision: str | None
    dtype: str
    device: str


def looks_like_a_path(model: str) -> bool:
    """No name on the hub: those are `NAME` or `OWNER/NAME`."""
    return model.startswith((".", "~", "/")) or model.count("/") > 1 or Path(model).is_dir()


def public_name(model: str) -> str:
    """The name on the hub, or the folder's own without its path."""
    return Path(model).expanduser().resolve().name if looks_like_a_path(model) else model


def out_of_memory(problem: BaseException) -> bool:
    """Whether an error says that memory ran out, on the device or off it."""
    said = str(problem).lower()
    return isinstance(problem, MemoryError) or "out of memory" in said or "can't allocate memory" in said


def device_here(wanted: str) -> str:
    """`wanted`, or the best there is for `auto`. InputError where what is asked for is not there."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(device for device, found in there.items() if found)
    if not there[wanted]:
        raise InputError(f"teacher.device: torch finds no {wanted} here")
    return wanted


@contextmanager
def _quiet() -> Iterator[None]:
    """The libraries' bars and tries would be drawn into the command's own progress."""
    from transformers.utils import logging as bars

    hub = logging.getLogger("huggingface_hub")
    shown, level = bars.is_progress_bar_enabled(), hub.level
    bars.disable_progress_bar()
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hub.setLevel(level)
        if shown:
            bars.enable_progress_bar()


def loaded(weights: Weights) -> tuple[Any, Any]:
    """Tokenizer and model. InputError for what cannot be loaded, TeacherError where it does not fit."""
    from pickle import UnpicklingError

    from safetensors import SafetensorError

    try:
        with _quiet():
            tokenizer, (model, info) = _read(weights)
            model = model.to(weights.device)
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, MemoryError,
            SafetensorError, UnpicklingError) as problem:  # fmt: skip
        if out_of_memory(problem):
            raise TeacherError(
                f"the model {weights.model!r} does not fit into memory: {problem}"
            ) from problem
        raise InputError(f"teacher.model: {weights.model!r} cannot be loaded: {problem}") from problem
    if missing := sorted(info["missing_keys"]):
        # The library would fill them with random numbers and go on.
        raise InputError(f"teacher.model: {weights.model!r} lacks weights: {missing[0]} and others")
    return tokenizer, model


def _read(weights: Weights) -> tuple[Any, tuple[Any, dict[str, Any]]]:
    """From the folder, or from the hub's cache, or only then from the hub."""
    from huggingface_hub import hf_hub_download

    try:
        return _pretrained(weights, local_files_only=True)
    except OSError:
        if looks_like_a_path(weights.model):
            raise
    # One small file first: a hub out of reach is found once, and not once for each part of the model.
    hf_hub_download(weights.model, "config.json", revision=weights.revision)
    return _pretrained(weights, local_files_only=False)


def _pretrained(weights: Weights, **where: bool) -> tuple[Any, tuple[Any, dict[str, Any]]]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    name = str(Path(weights.model).expanduser()) if looks_like_a_path(weights.model) else weights.model
    dtype = "float32" if weights.dtype == "auto" and weights.device == "cpu" else weights.dtype
    # Code that comes with a model is never run.
    options = {"revision": weights.revision or "main", "trust_remote_code": False, **where}
    tokenizer = AutoTokenizer.from_pretrained(name, **options)
    return tokenizer, AutoModelForCausalLM.from_pretrained(
        name, dtype=dtype, output_loading_info=True, **options
    )


def end_tokens(tokenizer: Any, model: Any, name: str) -> list[int]:
    """Ids of the tokens that end an answer, as the model and the tokenizer name them."""
    configured = model.generation_config.eos_token_id
    named_by_model = configured if isinstance(configured, list) else [configured]
    ends = [end for end in dict.fromkeys([*named_by_model, tokenizer.eos_token_id]) if end is not None]
    if not ends:
        raise InputError(f"teacher.model: {name!r} names no token that ends an answer")
    return ends
