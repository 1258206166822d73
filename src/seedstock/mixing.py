"""mix(): the seeds and as many accepted rows as the cap allows, in the same order every time (policy 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seedstock.example import Example
from seedstock.gates.base import Mixture, Reviewed
from seedstock.gates.share import most_synthetic
from seedstock.sections import MixSection


@dataclass(frozen=True, slots=True)
class Mix:
    """What a release holds: each seed `repeat_real` times, each synthetic row once.

    `left_out` accepted rows found no room under the cap. `review` is what people have said of the rows.
    """

    seeds: tuple[Example, ...]
    synthetic: tuple[Example, ...]
    repeat_real: int
    left_out: int
    one_family: bool = False
    review: Reviewed | None = None

    @property
    def rows(self) -> list[Example]:
        """The training rows in order: seeds first, their repetitions after them, then synthetic rows."""
        return [*(list(self.seeds) * self.repeat_real), *self.synthetic]

    @property
    def mixture(self) -> Mixture:
        """What set gates see of it."""
        return Mixture(
            len(self.seeds), len(self.synthetic), self.repeat_real, "release", self.one_family, self.review
        )


def make_mix(
    seeds: Sequence[Example], accepted: Sequence[Example], settings: MixSection, one_family: bool = False
) -> Mix:
    """Reach `min_real` by repeating seeds, up to `repeat_real` times; then by leaving rows out.

    By rows, synthetic stays at 80 % (70 % where teacher and student are of one family) unless the owner set
    `min_real` lower: the share gate will say so.
    """
    n, wanted = len(seeds), len(accepted)
    floor = settings.min_real
    allowed = 1 - most_synthetic(one_family)
    by_rows = _most(n, allowed if one_family else min(floor, allowed), wanted)
    room = min(by_rows, _most(settings.repeat_real * n, floor, wanted))
    repeat = next(r for r in range(1, settings.repeat_real + 1) if _most(r * n, floor, room) >= room)
    return Mix(tuple(seeds), tuple(_spread(accepted, room)), repeat, wanted - room, one_family)


def _most(real: int, floor: float, wanted: int) -> int:
    """The most synthetic rows beside `real` shown ones that leave them a share of `floor`."""
    return wanted if floor <= 0 else min(wanted, int(real * (1 - floor) / floor + 1e-9))


def _spread(rows: Sequence[Example], room: int) -> list[Example]:
    """`room` of the rows, evenly over their order, so that every cell and recipe gives up alike."""
    if room >= len(rows):
        return list(rows)
    return [rows[i * len(rows) // room] for i in range(room)]
