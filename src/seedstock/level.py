"""How many requests may be under way at once: found by what comes back, never guessed.

Additive increase and multiplicative decrease (Chiu and Jain, 1989), with two corrections that a queue
of model calls needs. A window's *share* of refusals decides, not one refusal: a stray 429 is no wall.
And growth must pay: where twice as many requests take nearly twice as long each, the server queues them.
"""

from __future__ import annotations

import math

START = 8
"""Requests under way before anything is known."""

WINDOW = 8
"""Outcomes that a judgement needs at least; above that, as many as may be under way."""

WALL = 0.3
"""Share of refusals in a window that means the server is full. It takes `NO_STRAYS` of them at least."""

NO_STRAYS = 6
"""Refusals in one window that are no coincidence: where 5 % of tries are refused by chance, 6 of 16 are
with a probability of 1e-4."""

STEP = 1 / 8
"""After a wall, growth per level's worth of answers: an eighth, or one where that is more."""

NO_GAIN = 1.8
"""Where doubling makes an answer take this much longer, it brought next to nothing: 2 would be nothing."""

NO_LOSS = 1.2
"""Where doubling makes an answer take no longer than this, it surely paid. Between the two, another window
decides: the first requests at a new level still find a short queue."""

TRY_AGAIN_AFTER = 16
"""Windows after which a level that growth did not pay for is tried again."""


class Level:
    """The number of requests that may be under way, between 1 and `most`.

    Every request carries the `epoch` in which it was sent. What comes back from an earlier epoch says
    nothing about the present level, and does not change it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.epoch = 0
        self.seconds = 0.0
        """Smoothed time of an answer; 0 before the first."""
        self._level = float(min(START, most))
        self._doubling = True
        self._threshold = float(most)  # up to here by doubling, from here by `STEP`
        self._base = (self._level, 0.0)  # a level, and the mean time of an answer there; 0: not known
        self._again = False  # whether this window looks at the same level once more
        self._settled = 0  # windows until growth is tried again
        self._fallen = False
        self._clear()

    @property
    def value(self) -> int:
        """Requests that may be under way now."""
        return int(self._level)

    def answered(self, epoch: int, seconds: float) -> None:
        """One answer, `seconds` after it was asked for."""
        self.seconds = seconds if not self.seconds else 0.9 * self.seconds + 0.1 * seconds
        if not self._doubling and not self._settled and not self._fallen:
            self._level = min(self._level + max(1 / self._level, STEP), self.most)
        if epoch != self.epoch:
            return
        self._good += 1
        self._time += seconds
        self._fallen = False
        if self._good + self._bad >= max(WINDOW, self._level):
            self._judge()

    def refused(self, epoch: int) -> None:
        """The server was too busy for one: 429, 503, or no answer in time."""
        if epoch != self.epoch:
            return
        self._bad += 1
        if self._bad >= max(NO_STRAYS, WALL * self._level):
            self._fall()

    def _judge(self) -> None:
        """At the end of a window without a wall: grow, or stop growing."""
        mean = self._time / self._good if self._good else 0.0
        if self._settled:
            self._settled -= 1
            self._base = (self._level, mean)
            self._doubling, self._threshold = not self._settled, min(2 * self._level, self.most)
        elif not self._base[1]:
            self._grow(mean)
        elif self._level >= 2 * self._base[0]:
            self._weigh(mean)
        self._clear()

    def _weigh(self, mean: float) -> None:
        """Whether growing from the base to here has paid."""
        doublings = math.log2(self._level / self._base[0])
        slower = mean / self._base[1]
        if slower <= NO_LOSS**doublings:
            self._grow(mean)
        elif not self._again:
            self._again = True  # the queue may still be filling: what is sent now will tell
        elif slower > NO_GAIN**doublings:
            self._level, self._doubling, self._settled = self._base[0], False, TRY_AGAIN_AFTER
            self._again = False
        else:
            self._grow(mean)

    def _grow(self, mean: float) -> None:
        """What is measured from now on is compared with here."""
        self._base, self._again = (self._level, mean), False
        if self._doubling:
            self._level = min(2 * self._level, max(self._threshold, self._level))
            self._doubling = self._level < self._threshold

    def _fall(self) -> None:
        """Halve. Falling further before anything was answered does not lower where recovery is quick to."""
        if not self._fallen:
            self._threshold = max(1.0, self._level / 2)
        self._fallen = True
        self._level = max(1.0, self._level / 2)
        self._doubling, self._settled, self._again = self._level < self._threshold, 0, False
        self._base = (self._level, 0.0)
        self._clear()

    def _clear(self) -> None:
        """A new window; only what is sent from now on counts in it."""
        self.epoch += 1
        self._good, self._bad, self._time = 0, 0, 0.0
