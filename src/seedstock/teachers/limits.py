"""What a server's headers say about its limits: how long nothing more is let in, and when to come back."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from seedstock.backoff import asked_for

_LIMITS = tuple(
    (f"{family}{middle}{name}{end}", f"{family}{other}{name}{last}")
    for family, names, (middle, end), (other, last) in (
        ("x-ratelimit-", ("requests", "tokens"), ("remaining-", ""), ("reset-", "")),
        (
            "anthropic-ratelimit-",
            ("requests", "tokens", "input-tokens", "output-tokens"),
            ("", "-remaining"),
            ("", "-reset"),
        ),
    )
    for name in names
)
"""Pairs of headers: how much is left, and when there will be more."""

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")
_AN_EPOCH = 1e9
"""Plain figures from here on are a time since 1970, not a duration."""


def hold(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds for which nothing more is let in, at `now` (seconds since 1970): 0.0 unless a limit is used up.

    `headers` find their names in lower case. What cannot be read counts as 0.
    """
    longest = 0.0
    for left, reset in _LIMITS:
        remaining = headers.get(left)
        if remaining is not None and _is_zero(remaining):
            longest = max(longest, _until(headers.get(reset), time.time() if now is None else now))
    return longest


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` asks for; None where neither says anything."""
    exact = _number(headers.get("retry-after-ms") or "")
    if exact is not None:
        return max(0.0, exact / 1000)
    try:
        seconds = asked_for(headers.get("retry-after"))
    except (OverflowError, TypeError, IndexError):  # dates that no calendar has
        return None
    return seconds if seconds is not None and math.isfinite(seconds) else None


def _is_zero(remaining: str) -> bool:
    return remaining == "0" or _number(remaining) == 0


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _until(reset: str | None, now: float) -> float:
    """Seconds from `now` to a reset: a duration, a figure, or a date."""
    if not reset:
        return 0.0
    reset = reset.strip()
    value = _number(reset)
    if value is not None:
        return max(0.0, _since_epoch(value) - now if value >= _AN_EPOCH else value)
    parts = _PART.findall(reset)
    if parts and "".join(map("".join, parts)) == reset:
        seconds = sum(float(figure) * _UNITS[unit] for figure, unit in parts)
        return seconds if math.isfinite(seconds) else 0.0
    return _until_date(reset, now)


def _since_epoch(value: float) -> float:
    """Milliseconds since 1970 are a thousand times as many."""
    return value / 1000 if value >= 1000 * _AN_EPOCH else value


def _until_date(reset: str, now: float) -> float:
    try:
        date = datetime.fromisoformat(reset)
        at = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, at.timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0
