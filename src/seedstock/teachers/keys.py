"""API keys: read from the environment or a named file, sent to the server, and shown to nobody."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field

from seedstock.errors import InputError

HIDDEN = "…"
"""What stands where a key was."""


def _is_a_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("the name of an environment variable is wanted here, never the key itself")
    return value


def _holds_no_secret(value: str) -> str:
    parts = urlsplit(value)
    if "@" in value or parts.query or parts.fragment:
        raise ValueError(
            "an address with a password, a query or a fragment in it would be written to the ledger"
        )
    if parts.scheme not in ("http", "https") or not parts.netloc or any(c.isspace() for c in value):
        got = f", got {value!r}" if ":" in value or len(value) < 16 else ""  # else it may be a key
        raise ValueError(f"an address is wanted, http://HOST:PORT/v1 or https://…{got}")
    return value


VariableName = Annotated[str, AfterValidator(_is_a_name)]
Address = Annotated[str, AfterValidator(_holds_no_secret)]


class KeySettings(BaseModel):
    """Where the key comes from; a class of settings adds these to its own."""

    api_key_env: VariableName = Field("OPENAI_API_KEY", description="environment variable that holds the key")
    api_key_file: Path | None = Field(
        None, description="file that holds the key and nothing else; wins over the environment variable"
    )


def read_key(settings: KeySettings) -> str:
    """The key, or an empty text where there is none (local servers need none).

    InputError where the file cannot be read, or the key holds what no HTTP header can.
    """
    place = f"${settings.api_key_env}"
    key = os.environ.get(settings.api_key_env, "")
    if settings.api_key_file is not None:
        place = str(settings.api_key_file)
        try:
            key = settings.api_key_file.expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise InputError("cannot be read as the key's file", path=place) from problem
    key = key.strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"the key in {place} has characters that no HTTP header can hold")
    return key


def hide(text: str, key: str) -> str:
    """`text` without the key, should a server repeat it."""
    return text.replace(key, HIDDEN) if len(key) >= 4 else text
