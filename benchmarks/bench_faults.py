"""What is lost, what is counted and what memory it takes when a server fails all the time.

    python benchmarks/bench_faults.py [--requests 20000] [--json FILE]

Requests through `ask.py` at concurrency 256 against the recorded teacher: 5 % 429, 2 % 500, 1 % resets,
2 % truncated, 10 % in prose. No gates. The server is plain Python and slow: a bare loop says how slow.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from throughput.processes import Cores, ServerProcess, child, on_core

SHARED = Path(__file__).resolve().parents[2] / "shared"
TEACHER = SHARED / "tools/recorded_teacher.py"
DATA = SHARED / "data/tweet_sentiment"
FAULTS = (
    "--fail-429",
    "0.05",
    "--fail-500",
    "0.02",
    "--reset",
    "0.01",
    "--truncate",
    "0.02",
    "--prose",
    "0.10",
)
ON_THE_WIRE, IN_THE_TEXT = ("429", "500", "reset"), ("truncate", "prose")

Figures = dict[str, Any]


def run(requests: int, options: argparse.Namespace, *faults: str, bare: bool = False) -> Figures:
    """A client process against a server of its own; `server` is what that counted."""
    cores = Cores.found()
    command = [sys.executable, str(TEACHER), str(DATA), "--latency-ms", str(options.latency_ms), *faults]
    with ServerProcess(command, cores.server) as server:
        found = child(
            "throughput.hard", "--url", server.url, "--seeds", DATA / "seeds.jsonl", "--requests", requests,
            "--concurrency", options.concurrency, *on_core(cores.client), *(["--bare"] if bare else []),
        )  # fmt: skip
        found["server"] = server.get("/stats")
    return found


def counted(found: Figures) -> dict[str, tuple[int, int]]:
    """Fault → as the server counted it, and as we did: on the wire by the door, in the text by the reader."""
    theirs, ours = found["server"]["faults"], {**found["faults"], **found["seen"]}
    names = dict.fromkeys([*ON_THE_WIRE, *IN_THE_TEXT, *theirs, *found["faults"]])
    return {name: (theirs.get(name, 0), ours.get(name, 0)) for name in names}


def show(requests: int, found: Figures) -> None:
    """The figures of one run."""
    server, counts = found["server"], found["counts"]
    print(f"\n{requests} requests: {found['lost']} rows lost, {found['seen']['out_of_order']} out of order")
    print(f"sent {counts['sent']}, retried {counts['retried']}, failed {counts['failed']}", end="; ")
    print(f"recorded answers {found['recorded']}, recorded faults {found['recorded_faults']}")
    for name, (theirs, ours) in counted(found).items():
        print(
            f"  {name:12s}{theirs:7d} by the server{ours:7d} by us{'' if theirs == ours else '   DIFFERENT'}"
        )
    print(
        f"repeated_identical {server['repeated_identical']}, at once {server['max_concurrency']};"
        f" {found['rate']:.0f} answers/s ({found['steady_rate']:.0f} between the first and last tenth),"
        f" {found['wall_s']:.1f} s, client {found['cpu_s'] / requests * 1000:.3f} CPU s per 1,000,"
        f" server's core {server['cpu_s'] / found['wall_s']:.0%} busy; peak {found['peak_mb']:.1f} MB"
    )


def main() -> None:
    """Measure, print, and write the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument(
        "--few", type=int, default=2_000, help="requests of the run that memory is compared with"
    )
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if not TEACHER.exists() or not DATA.exists():
        print(f"skipped: no recorded teacher at {TEACHER}")
        return
    print(
        f"concurrency {options.concurrency}, {options.latency_ms:g} ms, {Cores.found()}; {' '.join(FAULTS)}"
    )
    limit = run(5_000, options, bare=True)
    busy = limit["server"]["cpu_s"] / limit["wall_s"]
    print(f"bare aiohttp loop, no faults: {limit['rate']:.0f} answers/s, server's core {busy:.0%} busy")
    few, many = run(options.few, options, *FAULTS), run(options.requests, options, *FAULTS)
    show(options.few, few)
    show(options.requests, many)
    ratio = many["peak_mb"] / few["peak_mb"]
    print(f"\npeak memory at {options.requests} over that at {options.few}: {ratio:.2f}")
    if options.json:
        out = {"limit": limit, "few": few, "many": many, "memory_ratio": ratio}
        options.json.write_text(json.dumps(out, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
