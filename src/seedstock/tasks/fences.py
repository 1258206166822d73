"""Code fences: what a model puts around code, and no program can run."""

from __future__ import annotations

_FENCE = "```"


def unfenced(text: str) -> str | None:
    """What stands inside a text that is one ``` fence; None where it is none."""
    bare = text.strip()
    if not (bare.startswith(_FENCE) and bare.endswith(_FENCE) and len(bare) > 2 * len(_FENCE)):
        return None
    _, _, rest = bare.partition("\n")
    inner = rest[: -len(_FENCE)] if rest else bare[len(_FENCE) : -len(_FENCE)]
    return None if _FENCE in inner else inner.strip("\n")
