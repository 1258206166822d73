"""When to try again, and how long to wait until then."""

from __future__ import annotations

import math
import random
import time
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 20.0
"""The longest pause that nobody asked for."""


def asked_for(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None where it says nothing."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def pause(
    failures: int, retry_after: float | None, longest: float = LONGEST_SECONDS, left: float = math.inf
) -> float:
    """Seconds to wait after this many failures: full jitter on a doubling bound.

    Without jitter, clients that failed together come back together. Where the server asks for a time, it
    is kept, up to `longest`, and a quarter of it is the bound: the server knows, we need not double.
    `left` is how long anybody will wait for an answer: a pause that nobody asked for goes no further, so
    that the last try is made when patience ends and not later.
    """
    bound = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 30))
    if retry_after:
        told = min(retry_after, longest)
        return told + random.uniform(0, min(bound, max(0.05, told / 4)))
    return min(random.uniform(0, bound), max(left, FIRST_SECONDS))
