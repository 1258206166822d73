"""Which family a model belongs to, by its name: models of one family share their blind spots."""

from __future__ import annotations

import re

FAMILIES = {
    "Qwen": r"qwen|qwq|qvq|tongyi",
    "Llama": r"llama|vicuna|alpaca|nemotron",
    "Mistral": r"mistral|mixtral|ministral|codestral|magistral|devstral|pixtral|zephyr",
    "Gemma": r"gemma|gemini|palm",
    "GPT": r"\bgpt(?!q)|davinci|\bo[1345]\b|chatgpt|codex",
    "Claude": r"claude",
    "DeepSeek": r"deepseek",
    "Phi": r"\bphi\b|\bphi-?\d",
    "Falcon": r"falcon",
    "Granite": r"granite",
    "OLMo": r"olmo|tulu",
    "Command": r"command-?[ar]\b|aya-",
    "Yi": r"\byi-",
    "GLM": r"glm",
    "InternLM": r"internlm",
    "Kimi": r"kimi|moonshot",
    "MiniMax": r"minimax",
    "Nova": r"\bnova-",
    "Grok": r"grok",
    "Pythia": r"pythia|gpt-neo",
    "SmolLM": r"smollm",
    "BLOOM": r"bloom",
}  # fmt: skip
"""Name of a family → what its models' names hold. A distilled model counts to the first family that fits
its base, which its name usually ends with: names are read from the end."""


def family_of(model: str) -> str | None:
    """The family of a model by its name, without maker and path; None for a name that says nothing."""
    name = model.casefold().rstrip("/").rsplit("/", 1)[-1]
    hits = [
        (match.start(), family) for family, words in FAMILIES.items() for match in re.finditer(words, name)
    ]
    return max(hits)[1] if hits else None
