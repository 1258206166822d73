"""A judge on loopback that does what its prompt says: it reads the rubric and the row out of it, no more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from server import Body

RUBRIC: dict[str, Any] = {
    "criteria": [
        {
            "name": "label", "question": "Does the label name what the customer wants?",
            "pass": "The label is the wish with which the message ends.",
            "fail": "Another label of the list names the wish better.", "weight": 2, "blocking": True,
        },
        {
            "name": "voice", "question": "Would a customer write to a shop like that?",
            "pass": "It reads like a message typed by a customer in a hurry.",
            "fail": "It reads like an advertisement or a manual.",
        },
        {
            "name": "matter", "question": "Is the message about something that was bought?",
            "pass": "The message names a thing that was ordered.",
            "fail": "No thing that was ordered is named.",
        },
    ],
    "disqualifies": ["The message holds the address of a private person."],
}  # fmt: skip

Verdicts = Callable[[str, str, str], bool]
"""Criterion, input, output: whether the row passes."""


@dataclass
class ScriptedJudge:
    """Answers the prompt of a judge. `passes` decides; `quote` is what it quotes; `gone` disqualifies."""

    passes: Verdicts = lambda criterion, given, output: True
    quote: Callable[[str, str], str] = lambda given, output: output
    gone: Callable[[str], list[int]] = lambda given: []
    orders: list[list[str]] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)
    references: list[str] = field(default_factory=list)

    def __call__(self, body: Body) -> str:
        system, user = (message["content"] for message in body["messages"])
        names = re.findall(r'^\d+\. "(.+?)": ', system, re.MULTILINE)
        row = user.rpartition("The row to be judged")[2]
        given, output = (
            json.loads(re.findall(rf"^{key}: (.*)$", row, re.MULTILINE)[-1]) for key in ("input", "output")
        )
        self.orders.append(names)
        self.rows.append((given, output))
        near = re.search(r"A real row .*?\ninput: (.*?)\n", user, re.DOTALL)
        self.references.append(json.loads(near[1]) if near else "")
        criteria = [
            {
                "criterion": name, "quote": self.quote(given, output), "why": "as the rubric says",
                "verdict": "pass" if self.passes(name, given, output) else "fail",
            }
            for name in names
        ]  # fmt: skip
        return json.dumps({"criteria": criteria, "disqualified": self.gone(given)})
