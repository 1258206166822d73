"""A budget per minute, kept by spacing: nothing is saved up.

No 60 seconds hold more than a minute's amount; where one amount is more than 1, that one may be over it.
"""

from __future__ import annotations

import math


class Pace:
    """Spaces amounts (requests, tokens) so that `per_minute` is never exceeded. None: no limit.

    Times are seconds of any monotonic clock, given by the caller.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._seconds_each = 60 / per_minute if per_minute else 0.0
        self._free_at = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until the next one may go; 0 if it may go now."""
        return max(0.0, self._free_at - now)

    def take(self, now: float, amount: float = 1.0) -> None:
        """Spend `amount`. What turns out otherwise later is corrected by taking the difference."""
        if self._seconds_each:
            self._free_at = max(now, self._free_at) + amount * self._seconds_each
