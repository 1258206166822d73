"""Recipe `long_tail`: what the seeds show too little of: thin cells, rare combinations, borders of labels."""

from __future__ import annotations

from typing import ClassVar

from seedstock.cell import Cell
from seedstock.recipes.generate import Generate


class LongTail(Generate):
    """As `generate`, for cells that are thin or easily mistaken, and combinations that are rare."""

    name: ClassVar[str] = "long_tail"
    uses: ClassVar[tuple[str, ...]] = ("long_tail",)

    def suits(self, cell: Cell) -> bool:
        """Whether there is a tail: a thin cell, a rare combination, or a neighbour to be mistaken for."""
        return bool(cell.thin or cell.near or cell.rare)
