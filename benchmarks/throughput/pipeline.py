"""What `seedstock run` does to a row, with the format gate alone: no embedder, no quota, no plan."""

from __future__ import annotations

import argparse
import importlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedstock import registry
from seedstock.ask import Asker
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.example import Example, Source
from seedstock.exchange import Request, Response, digest
from seedstock.gates.base import Tools
from seedstock.gating import Decision, Gatekeeper, batched
from seedstock.generation import GATED_TOGETHER, NO_EXAMPLE
from seedstock.ledger import Ledger
from seedstock.line import FAILED
from seedstock.recipes.base import Unparsed
from seedstock.recipes.paraphrase import Paraphrase
from seedstock.records import Candidate
from seedstock.tasks.labels import Labels
from seedstock.teachers.openai import OpenAI, OpenAISettings
from seedstock.verdict import Verdict
from throughput.clients import MODEL
from throughput.meter import Meter
from throughput.texts import LABELS

LATE = ("aiohttp", "json_repair")
"""Libraries that are imported when first used: here before the clock starts, as for the bare clients."""

RUN = "0" * 12


class Pipeline:
    """One run of requests: made before the clock starts, run once."""

    def __init__(self, seeds: list[Example], folder: Path, options: argparse.Namespace) -> None:
        for name in LATE:
            importlib.import_module(name)
        self._seeds = {seed.id: seed for seed in seeds}
        self._recipe = Paraphrase()
        tools = Tools(Labels(list(LABELS), folder), Lexical(LexicalSettings()), seeds)
        self._keeper = Gatekeeper({"format": registry.load("gate", "format").Settings()}, tools)
        settings = OpenAISettings(base_url=options.url, model=MODEL, concurrency=options.concurrency)
        self._ledger = Ledger(folder / "ledger.db")
        self._door = Asker(OpenAI(settings), settings, self._ledger)
        self._rank = 0
        self._unsaved: deque[Future[None]] = deque()
        self._outcomes: Counter[str] = Counter()

    def run(self, requests: Iterable[Request], meter: Meter) -> None:
        """Ask everything and gate what comes; all of it is durable on return."""
        with self._ledger, self._door:
            for part in batched(self._candidates(requests, meter), GATED_TOGETHER):
                self._gate(part)
            for saved in self._unsaved:
                saved.result()

    def counted(self) -> dict[str, Any]:
        """What happened, for the figures."""
        counts = self._door.counts
        return {"counts": counts.to_json(), "faults": dict(counts.faults), "outcomes": dict(self._outcomes)}

    def _candidates(
        self, requests: Iterable[Request], meter: Meter
    ) -> Iterator[tuple[Candidate, Verdict | None]]:
        for request, response in self._door.answers(requests):
            meter.tick()
            for place, found in enumerate(self._parse(request, response)):
                yield self._candidate(request, place, found)
                self._rank += 1

    def _parse(self, request: Request, response: Response) -> Iterable[Example | Unparsed]:
        if response.finish_reason.startswith(FAILED):
            return [Unparsed("no_answer", response.finish_reason, "")]
        return self._recipe.read(request, response, self._seeds)

    def _candidate(
        self, request: Request, place: int, found: Example | Unparsed
    ) -> tuple[Candidate, Verdict | None]:
        key = self._door.key(request)
        empty = Candidate(
            RUN, self._rank, digest(key, place)[:16], key, request.recipe, request.cell, False, None, ()
        )
        if isinstance(found, Unparsed):
            return empty, Verdict("format", "fail", found.code, found.reason, 0.0, 1.0, {"text": found.text})
        source = Source(
            kind="synthetic", recipe=request.recipe, parents=request.parents, teacher=self._door.teacher.id,
            prompt_sha256=request.prompt_sha256, fold=request.fold, depth=1, run=RUN,
        )  # fmt: skip
        example = replace(found, id=digest(found.content_id, key, place)[:16], source=source)
        return replace(empty, id=example.id, example=example), None

    def _gate(self, part: list[tuple[Candidate, Verdict | None]]) -> None:
        decisions = iter(self._keeper.check([c.example for c, _ in part if c.example is not None]))
        rows = []
        for candidate, unparsed in part:
            decision = next(decisions) if unparsed is None else Decision(NO_EXAMPLE, (unparsed,))
            failed = decision.failed
            self._outcomes["accepted" if failed is None else failed.code] += 1
            rows.append(replace(candidate, accepted=failed is None, verdicts=decision.verdicts))
        self._unsaved.append(self._ledger.record_candidates(rows))
        while self._unsaved and self._unsaved[0].done():
            self._unsaved.popleft().result()
