"""Recipe `paraphrase`: a teacher says a seed's input in other words; the output stays the seed's."""

from __future__ import annotations

from typing import ClassVar

from seedstock.recipes.rewriting import Rewriting


class Paraphrase(Rewriting):
    """One seed per request, three rewrites per answer."""

    name: ClassVar[str] = "paraphrase"
    uses: ClassVar[tuple[str, ...]] = ("paraphrase",)
