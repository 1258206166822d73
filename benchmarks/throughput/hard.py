"""Requests through `ask.py` against a server that fails, and what came of them; no gates.

    python -m throughput.hard --url URL --seeds FILE [--requests 20000] [--concurrency 256] [--bare]

Prints one line of JSON. `--bare` is an aiohttp loop with the same questions, to know the server's limit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seedstock.ask import Asker
from seedstock.exchange import Message, Request
from seedstock.ledger import Ledger
from seedstock.line import FAILED
from seedstock.recipes.rewriting import SCHEMA
from seedstock.teachers.openai import OpenAI, OpenAISettings
from throughput.meter import Meter

MODEL = "recorded"
SYSTEM = 'You rewrite tweets. Answer with JSON: {"rewrites": ["..."]}'


def questions(seeds: Path, count: int) -> Iterator[Request]:
    """`count` distinct prompts around the seeds' inputs, rendered when they are taken."""
    with seeds.open(encoding="utf-8") as lines:
        texts = [str(json.loads(line)["input"]) for line in lines]
    for number in range(count):
        asked = f"Task {number}. Write 1 paraphrase of this input:\n{texts[number % len(texts)]}"
        yield Request(
            "paraphrase", "all", number, (Message("system", SYSTEM), Message("user", asked)), SCHEMA
        )


def through_the_door(options: argparse.Namespace) -> dict[str, Any]:
    """Ask everything; nothing that is answered is kept here."""
    settings = OpenAISettings(base_url=options.url, model=MODEL, concurrency=options.concurrency)
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path, meter = Path(folder) / "ledger.db", Meter()
        meter.start()
        with Ledger(path) as ledger, Asker(OpenAI(settings), settings, ledger) as door:
            for place, (request, response) in enumerate(
                door.answers(questions(options.seeds, options.requests))
            ):
                meter.tick()
                seen["out_of_order"] += request.ordinal != place
                seen["lost"] += response.finish_reason.startswith(FAILED)
                seen["truncate"] += response.finish_reason == "length"
                seen["prose"] += not response.text.startswith("{")
            figures = meter.figures(counts=door.counts.to_json(), faults=dict(door.counts.faults))
            recorded = ledger.faults()
        figures |= {"recorded_faults": recorded, "recorded": recorded_answers(path)}
    figures["lost"] = seen.pop("lost") + options.requests - figures["answers"]
    return figures | {"seen": dict(seen)}


def recorded_answers(path: Path) -> int:
    """How many answers a closed ledger holds."""
    import sqlite3

    db = sqlite3.connect(path)
    try:
        return int(db.execute("SELECT count(*) FROM responses").fetchone()[0])
    finally:
        db.close()


async def bare(options: argparse.Namespace) -> dict[str, Any]:
    """The same bodies in a bare loop: no retries, no record."""
    import aiohttp

    wanted = {"name": "paraphrase", "strict": True, "schema": SCHEMA}
    bodies = [
        {
            "model": MODEL, "messages": [m.to_json() for m in question.messages], "temperature": 0.9,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
        for question in questions(options.seeds, options.requests)
    ]  # fmt: skip
    meter, queue, url = Meter(), iter(bodies), options.url + "/chat/completions"
    meter.start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=options.concurrency)) as session:

        async def work() -> None:
            for body in queue:
                async with session.post(url, json=body) as reply:
                    json.loads(await reply.read())
                meter.tick()

        await asyncio.gather(*(work() for _ in range(options.concurrency)))
    return meter.figures()


def main() -> None:
    """Run once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--seeds", type=Path, required=True, help="JSON Lines with an `input` each")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--folder", help="where the ledger's folder is made; default: the system's")
    parser.add_argument("--core", type=int, help="stay on this core")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    print(json.dumps(asyncio.run(bare(options)) if options.bare else through_the_door(options)))


if __name__ == "__main__":
    main()
