"""What one client measures of itself: from its first request to its last answer."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any


def peak_mb() -> float:
    """Peak resident memory of this process in MB.

    From `/proc` where there is one: getrusage also counts what the parent held before the exec.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 * 1024 if sys.platform == "darwin" else 1024
    )


class Meter:
    """Make it when everything is imported and made; `tick` per answer; `figures` after the last."""

    def __init__(self) -> None:
        self._cpu = 0.0
        self._start = 0.0
        self._ticks: list[float] = []

    def start(self) -> None:
        """The first request comes now."""
        self._cpu, self._start = time.process_time(), time.perf_counter()

    def tick(self) -> None:
        """An answer has come all the way."""
        self._ticks.append(time.perf_counter())

    def figures(self, **more: Any) -> dict[str, Any]:
        """Wall and CPU seconds, answers, peak memory, and the rate between the first and last tenth."""
        wall, cpu = time.perf_counter() - self._start, time.process_time() - self._cpu
        count = len(self._ticks)
        ticks = sorted(self._ticks)
        low, high = count // 10, count - 1 - count // 10
        steady = (high - low) / (ticks[high] - ticks[low]) if high > low else 0.0
        return {
            "answers": count, "wall_s": wall, "cpu_s": cpu, "before_cpu_s": self._cpu, "rate": count / wall,
            "steady_rate": steady, "peak_mb": peak_mb(), **more,
        }  # fmt: skip
