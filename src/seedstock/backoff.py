"""When to try again, and how long to wait until then."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 20.0
"""Nobody is waited for longer at a time, whatever a server asks for: the next try will be told again."""


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


def pause(failures: int, retry_after: float | None) -> float:
    """Seconds to wait after this many failures: full jitter on a doubling bound, after what the server asked.

    Without jitter, clients that failed together come back together.
    """
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** (failures - 1))
    return min(retry_after or 0.0, LONGEST_SECONDS) + random.uniform(0, longest)
