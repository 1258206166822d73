"""When to try again, and how long to wait until then."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 60.0


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
    """Seconds to wait after this many failures: what the server asked for, or doubling; with jitter."""
    if retry_after is not None:
        return min(retry_after, LONGEST_SECONDS) + random.uniform(0, FIRST_SECONDS / 2)
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** (failures - 1))
    return random.uniform(longest / 2, longest)
