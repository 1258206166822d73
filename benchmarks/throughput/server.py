"""A chat completions server on 127.0.0.1 that is never what a client waits for.

    python -m throughput.server [--latency-ms 100] [--fail-429 0.05] [--retry-after 1] [--core 1]
    listening on http://127.0.0.1:PORT/v1

Bare `asyncio.Protocol` and keep-alive, no framework. No limit is enforced: every 429 is a stray, drawn
from body and attempt, so that a retry is a new draw and every run meets the same ones. A 429 comes at
once, an answer after the latency.

    GET /stats        what was counted since the start or the last /forget
    GET /forget       count anew
    GET /watch/PID    note that process's CPU seconds when the next question comes
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

ASKED = re.compile(r"Write (\d+) paraphrase")
GIVEN = re.compile(r"The input:\n(.*?)\n\n", re.DOTALL)
REASONS = {200: "OK", 404: "Not Found", 429: "Too Many Requests"}


def cpu_of(pid: int) -> float | None:
    """User and system CPU seconds of a whole process, as `/proc` tells (to 10 ms); None where it cannot."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Counted:
    """What happened since the last `/forget`."""

    def __init__(self) -> None:
        self.requests = self.answered = self.faults = self.body_bytes = 0
        self.at_once = self.most_at_once = 0
        self.attempts: Counter[bytes] = Counter()
        self.started_cpu = time.process_time()
        self.watched: int | None = None
        self.first: dict[str, Any] | None = None

    def question(self, body: bytes) -> None:
        """A question has come in whole."""
        if self.first is None:
            cpu = None if self.watched is None else cpu_of(self.watched)
            self.first = {"at": time.monotonic(), "client_cpu_s": cpu}
        self.requests += 1
        self.body_bytes += len(body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

    def to_json(self) -> dict[str, Any]:
        """What `/stats` says."""
        return {
            "requests": self.requests, "answered": self.answered, "faults": {"429": self.faults},
            "distinct": len(self.attempts), "repeated": self.answered - len(self.attempts),
            "body_bytes": self.body_bytes, "most_at_once": self.most_at_once, "first_request": self.first,
            "cpu_s": time.process_time() - self.started_cpu,
        }  # fmt: skip


class Server:
    """What all connections share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.latency: float = options.latency_ms / 1000
        self.fail_429: float = options.fail_429
        self.retry_after: str | None = options.retry_after
        self.counted = Counted()

    def stray(self, body: bytes) -> bytes | None:
        """The reply to a question that is refused; None where it is to be answered."""
        name = hashlib.blake2b(body, digest_size=8).digest()
        attempt = self.counted.attempts[name]
        self.counted.attempts[name] += 1
        if random.Random(name + bytes([attempt % 256])).random() >= self.fail_429:
            return None
        self.counted.at_once -= 1
        self.counted.faults += 1
        return self._refusal()

    def answer(self, body: bytes) -> bytes:
        """The completion."""
        self.counted.at_once -= 1
        self.counted.answered += 1
        return reply(200, _completion(json.loads(body), random.Random(body)))

    def _refusal(self) -> bytes:
        """As a server with a limit says it: all used up, and when to come back."""
        said = {"error": {"message": "Rate limit reached for requests", "type": "rate_limit_exceeded"}}
        if self.retry_after is None:
            return reply(429, said)
        head = {"retry-after": self.retry_after, "x-ratelimit-remaining-requests": "0"}
        return reply(429, said, head | {"x-ratelimit-reset-requests": f"{self.retry_after}s"})

    def other(self, path: str) -> bytes:
        """The replies that cost no latency and are counted nowhere."""
        if path == "/stats":
            return reply(200, self.counted.to_json())
        if path == "/forget":
            self.counted = Counted()
            return reply(200, {})
        if path.startswith("/watch/"):
            self.counted.watched = int(path.rpartition("/")[2])
            return reply(200, {})
        return reply(404, {"error": {"message": f"there is no {path} here"}})


class Connection(asyncio.Protocol):
    """One client's connection: one question after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            size = _length(head)
            if len(self._buffer) < end + 4 + size:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            self._request(head, body)

    def _request(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if method == "POST" and path.endswith("/chat/completions"):
            self._server.counted.question(body)
            if (refused := self._server.stray(body)) is not None:  # at once, as servers with a limit do
                self._transport.write(refused)
            else:
                asyncio.get_running_loop().call_later(self._server.latency, self._answer, body)
        else:
            self._transport.write(self._server.other(path))

    def _answer(self, body: bytes) -> None:
        answer = self._server.answer(body)
        if not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    """The size of the body that this head announces."""
    low = head.lower()
    at = low.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(low[at + 17 :].partition(b"\r\n")[0])


def reply(status: int, value: Any, more: dict[str, str] | None = None) -> bytes:
    """A whole HTTP reply with a JSON body."""
    body = json.dumps(value).encode()
    head = "".join(f"{name}: {text}\r\n" for name, text in (more or {}).items())
    lines = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n{head}"
    return f"{lines}content-length: {len(body)}\r\n\r\n".encode("latin-1") + body


def _completion(body: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    from throughput.texts import rewrites

    prompt = str(body["messages"][-1]["content"])
    found = ASKED.search(prompt)
    given = GIVEN.search(prompt)
    texts = rewrites(given[1] if given else prompt, int(found[1]) if found else 1, chance)
    message = {"role": "assistant", "content": json.dumps({"rewrites": texts})}
    return {
        "id": "chatcmpl-0", "object": "chat.completion", "created": 0, "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 40 * len(texts), "total_tokens": 340},
    }  # fmt: skip


async def serve(options: argparse.Namespace) -> None:
    """Serve until killed."""
    server = Server(options)
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0, backlog=2048)
    print(f"listening on http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1", flush=True)
    await listener.serve_forever()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--fail-429", type=float, default=0.0, metavar="SHARE")
    parser.add_argument(
        "--retry-after", metavar="SECONDS", help="sent with every 429; absent: no such header"
    )
    parser.add_argument("--core", type=int, help="stay on this core")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
