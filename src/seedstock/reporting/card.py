"""The dataset card: README.md of a release, with the metadata block that dataset hubs read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from seedstock.exporters.base import Exporter
from seedstock.mixing import Mix
from seedstock.reporting.page import Page, printable


def render_card(page: Page, exporters: Sequence[Exporter], mix: Mix) -> str:
    """The card as Markdown. What was not done stands in its first lines."""
    rows = len(mix.rows)
    metadata = {
        "tags": ["synthetic", "seedstock"],
        "annotations_creators": ["expert-generated", "machine-generated"],
        "source_datasets": ["original"],
        "size_categories": ["n<1K" if rows < 1000 else "1K<n<10K" if rows < 10_000 else "10K<n<100K"],
        "configs": [
            {"config_name": e.name, "data_files": [{"split": "train", "path": f"train.{e.name}.jsonl"}]}
            | ({"default": True} if i == 0 else {})
            for i, e in enumerate(exporters)
        ],
    }
    head = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
    return str(_template().render(page=page, exporters=exporters, metadata=head))


def inline(text: str) -> str:
    """Text inside a Markdown line or table cell: nothing in it is markup."""
    flat = " ".join(printable(str(text)).split())
    for mark in "\\`*_[]<>|#~&":
        flat = flat.replace(mark, "\\" + mark)
    return flat


@cache
def _template() -> Any:
    import jinja2

    # Markdown is not HTML: every value goes through `inline`, which escapes the marks of both.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=False,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["inline"] = inline
    return environment.get_template("card.md")
