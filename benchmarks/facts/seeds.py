"""The real rows that plants are made from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from facts.rewording import QUERY

FOLDERS = (
    "clinc_intents", "tweet_sentiment", "ner_movie", "ner_wikigold", "gsm8k", "spider_sql",
    "self_instruct_qwen",
)  # fmt: skip
LABELLED = ("clinc_intents", "tweet_sentiment")
"""Folders whose output is a label."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A real row; `spans` are the texts and types of its entities, where its output has any."""

    folder: str
    id: str
    input: str
    output: str
    spans: tuple[tuple[str, str], ...] = ()

    @property
    def cased(self) -> bool:
        """Whether names are told by their capitals."""
        return self.folder not in QUERY

    @property
    def is_code(self) -> bool:
        """Whether it holds a program or a template: what its numbers mean is not ours to tell."""
        return bool(re.search(r"\bdef \w+\(|^import \w|<html>|<mask>", self.input, re.M))

    def inside_another(self, part: str) -> bool:
        """Whether changing this part would change a second entity too."""
        return any(part.lower() in span.lower() and part.lower() != span.lower() for span, _ in self.spans)


def read_seeds(folder: str, path: Path) -> list[Seed]:
    """The rows of a JSON Lines file with `id`, `input` and `output`."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Seed(folder, row["id"], row["input"], row["output"], _spans(folder, row["output"])) for row in rows
    ]


def _spans(folder: str, output: str) -> tuple[tuple[str, str], ...]:
    if not folder.startswith("ner_"):
        return ()
    return tuple((entity["text"], entity["type"]) for entity in json.loads(output)["entities"])
