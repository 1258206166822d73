"""How much CPU a row costs beside a bare client, what stray 429s cost, and what a run costs to start.

    python benchmarks/bench_throughput.py [--requests 5000] [--rounds 3] [--json FILE]

Distinct prompts, 100 ms latency, client and server each on a core of its own; every arm is a fresh
process, and the arms take turns. A row is one request for one rewrite, unless an arm says otherwise.
CPU and wall seconds run from the first request to the last durable candidate; importing is apart.
Figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from throughput.commands import measure
from throughput.processes import Cores, child, fast_server, on_core

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arm:
    """A client and the server it meets: `stray` is its share of 429s, `retry_after` what they ask for."""

    name: str
    client: str
    rows: int = 1
    stray: float = 0.0
    retry_after: str | None = None


ARMS = (
    Arm("HTTP by hand", "socket"),
    Arm("bare aiohttp loop", "aiohttp"),
    Arm("openai SDK", "sdk"),
    Arm("ours", "ours"),
    Arm("ours, 5 % stray 429s", "ours", stray=0.05),
    Arm("ours, 5 % with Retry-After: 1", "ours", stray=0.05, retry_after="1"),
    Arm("ours, 3 rows a request", "ours", rows=3),
)
REFERENCE, OURS = ARMS[1].name, ARMS[3].name


def one_round(arm: Arm, concurrency: int, options: argparse.Namespace, cores: Cores) -> Figures:
    """An arm against a server of its own."""
    faults = {"fail_429": arm.stray or None, "retry_after": arm.retry_after}
    with fast_server(cores.server, latency_ms=options.latency_ms, **faults) as server:
        folder = ["--folder", options.folder] if options.folder else []
        found = child(
            "throughput.clients", arm.client, "--url", server.url, "--requests", options.requests,
            "--concurrency", concurrency, "--rows", arm.rows, *folder, *on_core(cores.client),
        )  # fmt: skip
        found["server"] = server.get("/stats")
    return found


def arms(options: argparse.Namespace, cores: Cores) -> dict[int, dict[str, list[Figures]]]:
    """All rounds of all arms, by concurrency and name; the arms take turns."""
    skipped = {"sdk"} if importlib.util.find_spec("openai") is None else set()
    for name in skipped:
        print(f"skipped: {name} (its package is not installed)")
    found: dict[int, dict[str, list[Figures]]] = {}
    for concurrency in options.concurrency:
        here = found.setdefault(concurrency, {})
        for _ in range(options.rounds):
            for arm in ARMS:
                if arm.client not in skipped:
                    here.setdefault(arm.name, []).append(one_round(arm, concurrency, options, cores))
    return found


def summary(rounds: list[Figures], rows: int) -> Figures:
    """Medians of an arm's rounds."""

    def middle(name: str) -> float:
        return float(median(each[name] for each in rounds))

    servers = [each["server"] for each in rounds]
    return {
        "rate": middle("rate"), "steady_rate": middle("steady_rate"), "wall_s": middle("wall_s"),
        "cpu_per_1000_rows": middle("cpu_s") / (rounds[0]["answers"] * rows) * 1000,
        "import_cpu_s": middle("before_cpu_s"), "peak_mb": middle("peak_mb"),
        "server_busy": median(s["cpu_s"] / r["wall_s"] for s, r in zip(servers, rounds, strict=True)),
        "most_at_once": median(s["most_at_once"] for s in servers),
        "strays": median(s["faults"]["429"] for s in servers),
        "repeated": max(s["repeated"] for s in servers),
        "body_bytes": median(s["body_bytes"] / s["requests"] for s in servers),
        "answers": min(each["answers"] for each in rounds),
    }  # fmt: skip


HEAD = (
    f"{'':30s}{'req/s':>7s}{'steady':>8s}{'wall s':>8s}{'CPU s/1000 rows':>17s}{'of bare':>9s}"
    f"{'peak MB':>9s}{'at once':>9s}{'429s':>6s}{'server':>8s}"
)


def table(concurrency: int, arms_: dict[str, Figures]) -> None:
    """One line per arm. `of bare` is the share of the bare loop's rate; `server` how busy its core was."""
    bare = arms_[REFERENCE]["rate"]
    print(f"\nconcurrency {concurrency}\n{HEAD}")
    for name, a in arms_.items():
        print(
            f"{name:30s}{a['rate']:7.0f}{a['steady_rate']:8.0f}{a['wall_s']:8.2f}"
            f"{a['cpu_per_1000_rows']:17.3f}{a['rate'] / bare:9.2f}{a['peak_mb']:9.0f}"
            f"{a['most_at_once']:9.0f}{a['strays']:6.0f}{a['server_busy']:8.0%}"
        )
    for name, a in arms_.items():
        if a["strays"]:
            plain = arms_[OURS]
            wall, steady = (1 - a[key] / plain[key] for key in ("rate", "steady_rate"))
            print(f"{name}: {wall:.1%} of the rate lost, {steady:.1%} between the first and last tenth")


def commands(options: argparse.Namespace, cores: Cores) -> Figures:
    """The whole-process figures, printed and returned, by embedder."""
    found: Figures = {}
    with fast_server(cores.server, latency_ms=options.latency_ms) as server:
        for embedder in embedders():
            rounds = measure(server, embedder, options.rows, options.rounds, cores.client)
            found[embedder] = rounds
            _print_command(embedder, rounds)
    return found


def _print_command(embedder: str, rounds: dict[str, list[Figures]]) -> None:
    def middle(which: str, name: str) -> float:
        return float(median(each[name] for each in rounds[which]))

    def seconds(which: str, before: str = "") -> str:
        return f"{middle(which, before + 'cpu_s'):.2f} CPU s, {middle(which, before + 'wall_s'):.2f} s"

    cold, again = rounds["cold"][0], rounds["recorded"]
    sent, rows = max(each["requests"] for each in again), again[0]["accepted"]
    per_1000 = middle("recorded", "cpu_s") / rows * 1000
    print(f"\n`seedstock run`, embedder {embedder}, {cold['accepted']} rows from {cold['requests']} requests")
    print(f"cold start to first request: {seconds('cold', 'first_')}; to the end: {seconds('cold')}")
    print(f"fully recorded re-run: {seconds('recorded')}, {sent} requests sent")
    print(f"fully recorded re-run: {per_1000:.2f} CPU s per 1,000 rows")


def embedders() -> list[str]:
    """The lexical one, and MiniLM where its weights are at hand."""
    from seedstock.embedders.weights import find
    from seedstock.errors import SeedstockError

    try:
        find()
    except SeedstockError as problem:
        print(f"skipped: embedder minilm ({problem})")
        return ["lexical"]
    return ["lexical", "minilm"]


def main() -> None:
    """Measure, print, and write the figures where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1500, help="rows of the whole-process runs")
    parser.add_argument("--folder", help="where ledgers are written; default: the system's temporary folder")
    parser.add_argument("--only", choices=["arms", "commands"])
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    cores, out = Cores.found(), Figures()
    print(f"{options.requests} prompts, {options.latency_ms:g} ms, {options.rounds} rounds; {cores}")
    if options.only != "commands":
        rows = {arm.name: arm.rows for arm in ARMS}
        for concurrency, found in arms(options, cores).items():
            short = {name: summary(rounds, rows[name]) for name, rounds in found.items()}
            table(concurrency, short)
            out[f"concurrency {concurrency}"] = {"summary": short, "rounds": found}
    if options.only != "arms":
        out["commands"] = commands(options, cores)
    if options.json:
        options.json.write_text(json.dumps(out, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
