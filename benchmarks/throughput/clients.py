"""The arms: one client, one process, one line of JSON.

    python -m throughput.clients ARM --url URL [--requests 5000] [--concurrency 64] [--rows 1] [--core 0]

`socket`: HTTP by hand over asyncio streams. `aiohttp`: a bare loop of workers, the reference. `sdk`: the
openai package. `ours`: everything that `seedstock run` does to a row, but for gates that need an
embedder: render, ask, durable record, parse, the format gate, the candidate's record.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from throughput.meter import Meter
from throughput.texts import INSTRUCTION, LABELS, seed_rows

if TYPE_CHECKING:
    from seedstock.example import Example
    from seedstock.exchange import Request

MODEL = "bench-1"
Ask = Callable[[dict[str, Any]], Awaitable[Any]]


# -- what is asked


def seeds(count: int) -> list[Example]:
    """The made-up seeds as examples, with folds."""
    from seedstock.example import Example, Source

    rows = seed_rows(count)
    return [
        Example(row["id"], row["input"], row["output"], source=Source(fold=place % 5))
        for place, row in enumerate(rows)
    ]


def questions(of: list[Example], rows: int) -> Iterator[Request]:
    """One paraphrase request per seed for `rows` rewrites, rendered when it is taken."""
    from seedstock.brief import Brief
    from seedstock.cell import Cell
    from seedstock.recipes.base import Ask
    from seedstock.recipes.paraphrase import Paraphrase

    recipe, cell = Paraphrase(), Cell("all", seeds=tuple(of))
    brief = Brief("classification", INSTRUCTION, labels=LABELS, form="\n".join(LABELS))
    for ordinal, seed in enumerate(of):
        [made] = recipe.requests([Ask(brief, cell, ordinal, rows, seed)])
        yield from made


def bodies(count: int, rows: int) -> list[dict[str, Any]]:
    """The same questions as the bodies that go over the wire, made beforehand."""
    return [
        {
            "model": MODEL, "messages": [m.to_json() for m in question.messages], "temperature": 0.9,
            "top_p": 1.0, "max_tokens": 1024, **question.params,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": question.recipe, "strict": True, "schema": question.schema},
            },
        }
        for question in questions(seeds(count), rows)
    ]  # fmt: skip


# -- the bare clients


async def _work(ask: Ask, given: list[dict[str, Any]], workers: int, meter: Meter) -> None:
    """Workers that take from one iterator, as many as may be under way."""
    queue = iter(given)

    async def work() -> None:
        for body in queue:
            await ask(body)
            meter.tick()

    await asyncio.gather(*(work() for _ in range(workers)))


async def by_aiohttp(options: argparse.Namespace) -> dict[str, Any]:
    """Post, read, parse; nothing is kept."""
    import aiohttp

    given, meter = bodies(options.requests, options.rows), Meter()
    url = options.url + "/chat/completions"
    meter.start()
    connector = aiohttp.TCPConnector(limit=options.concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(body: dict[str, Any]) -> object:
            async with session.post(url, json=body) as reply:
                return json.loads(await reply.read())["choices"][0]["message"]["content"]

        await _work(ask, given, options.concurrency, meter)
    return meter.figures()


async def by_socket(options: argparse.Namespace) -> dict[str, Any]:
    """One connection per worker and no HTTP library: what is left to be saved."""
    queue, meter = iter(bodies(options.requests, options.rows)), Meter()
    address = urlsplit(options.url)
    meter.start()

    async def work() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for body in queue:
            raw = json.dumps(body).encode()
            head = f"POST {address.path}/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\n"
            writer.write(f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw)
            said = await reader.readuntil(b"\r\n\r\n")
            size = int(said.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            json.loads(await reader.readexactly(size))["choices"][0]["message"]["content"]
            meter.tick()
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(work() for _ in range(options.concurrency)))
    return meter.figures()


async def by_sdk(options: argparse.Namespace) -> dict[str, Any]:
    """The openai package, as its own documentation uses it."""
    openai = importlib.import_module("openai")
    given, meter = bodies(options.requests, options.rows), Meter()
    meter.start()
    async with openai.AsyncOpenAI(base_url=options.url, api_key="none", max_retries=0) as client:

        async def ask(body: dict[str, Any]) -> object:
            return (await client.chat.completions.create(**body)).choices[0].message.content

        await _work(ask, given, options.concurrency, meter)
    return meter.figures()


# -- ours


def by_ours(options: argparse.Namespace) -> dict[str, Any]:
    """From a seed to a gated, recorded candidate; see `pipeline.py`."""
    from throughput.pipeline import Pipeline

    of = seeds(options.requests)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        pipeline, meter = Pipeline(of, Path(folder), options), Meter()
        meter.start()
        pipeline.run(questions(of, options.rows), meter)
        figures = meter.figures(**pipeline.counted())
        figures["ledger_mb"] = sum(f.stat().st_size for f in Path(folder).iterdir()) / 1e6
    return figures


def main() -> None:
    """Run one arm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arm", choices=["socket", "aiohttp", "sdk", "ours"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--rows", type=int, default=1, help="candidates per request")
    parser.add_argument("--folder", help="where the ledger's folder is made; default: the system's")
    parser.add_argument("--core", type=int, help="stay on this core")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    if options.arm == "ours":
        print(json.dumps(by_ours(options)))
    else:
        asks = {"socket": by_socket, "aiohttp": by_aiohttp, "sdk": by_sdk}
        print(json.dumps(asyncio.run(asks[options.arm](options))))


if __name__ == "__main__":
    main()
