"""A teacher that does only what it is told: every part that a prompt lacks spoils a share of its rows.

It knows what is right from the prompt alone: what it is not told it does not do. So a test can take a part
out of a prompt and see what that part is worth.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from server import WORDS, Body, digest

ASKS = r"^(?:Now )?(?:[Ww]rite|Rewrite|Reformat|solve)|\bNow (?:write|give|solve)"
SPOILT = 0.7
"""Share of rows that a missing part spoils."""
SLIPS = 0.5
"""Share of rows with a mistake that it only stops making when it is shown one of them."""
FRESH = 14
"""Questions after which it repeats itself unless it is shown what is there."""

LABELS = {
    "refund": "the writer wants money back",
    "fault": "something that was bought does not work",
    "praise": "the writer is content and wants nothing",
}
INSTRUCTION = "Say what the writer of a message wants."
PREFERRED, AVOIDED = "circuit breaker", "automatic fuse"
UNWANTED = "As an AI language model I bought a kettle"
POLICY = "Never promise a date of delivery. Say that the depot will call."
SCENARIOS = ["a parcel that has not come", "a bill that was paid twice"]
REPLY = "The depot will call you about order"


@dataclass
class Obedient:
    """Answers by what the prompt says. `seeds` are the inputs of the real rows, as prompts show them."""

    seeds: list[str]
    instruction: str = INSTRUCTION
    schema: bool = False
    usual: str = "generate"
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, body: Body) -> str:
        told = Told(body, self)
        what = told.what
        self.asked[what] += 1
        return str(getattr(self, f"_{what}")(told))

    # -- rewriting

    def _rewrite(self, told: Told) -> str:
        if not told.n:
            return "What shall I do with this?"
        texts = []
        for i in range(told.n):
            facts = " ".join(told.facts) if told.facts or not told.spoils("facts", i) else ""
            kept = facts or (told.seed if not told.missing("facts") else "")
            text = f"{told.fresh(i)}, {kept or told.seed_without_facts}"
            texts.append(self._text(told, text, i))
        return told.as_json({"rewrites": texts})

    # -- new rows

    def _generate(self, told: Told) -> str:
        if not told.n:
            return "What shall I write?"
        rows = [self._row(told, i) for i in range(told.n)]
        return told.as_json({"examples": rows})

    def _row(self, told: Told, i: int) -> dict[str, Any]:
        label = told.label or told.chance(f"label{i}").choice(list(LABELS))
        text = self._text(told, f"{told.fresh(i)} about my {told.fresh(i, 'b')}", i)
        output: Any = label if not self.schema else {"wish": label, "thing": text.split()[0]}
        if told.spoils("task", i):
            output = "It seems that somebody wrote to us."
        elif told.spoils("form", i):
            output = "a " + label if not self.schema else f"the wish is {label}"
        return {"input": text, "output": output}

    def _text(self, told: Told, text: str, i: int) -> str:
        """A text with the flaws that nobody has told it to avoid."""
        if told.spoils("existing", i):
            text = f"my {told.label or told.seed[:20]} {WORDS[i % 3]} has come, and what of it"
        if told.spoils("terms", i):
            text += f" beside the {AVOIDED}"
        if told.spoils("negatives", i):
            text = f"{UNWANTED}: {text}"
        if told.spoils("samples", i) and told.what == "generate":
            text = f"Input: {text}"
        if told.what == "rewrite" and told.spoils("task", i):
            text = f"Answer: you should ask somebody. {text}"
        if told.what == "rewrite" and told.spoils("form", i):
            text += "\nOutput: refund"
        return text + ("<|im_end|>" if told.spoils("rejected", i) else "")

    # -- reasoning

    def _problem(self, told: Told) -> str:
        if not told.n:
            return "What shall I write?"
        return told.as_json({"problems": [self._text(told, self._sum(told, i), i) for i in range(told.n)]})

    def _sum(self, told: Told, i: int) -> str:
        one, other = (told.chance(f"sum{i}{k}").randint(2, 99) for k in range(2))
        return f"{told.fresh(i)}: {one} and {other} more. How many are that together?"

    def _solve(self, told: Told) -> str:
        given = re.search(r"(\d+) and (\d+) more", told.problem)
        if not told.problem or given is None or told.missing("ask"):
            return "Which problem?"
        right = int(given[1]) + int(given[2])
        wrong = any(told.spoils(part, 0) for part in ("task", "form", "samples", "terms", "negatives"))
        slip = told.chance("slip").random() < (0.75 if wrong else 0.1)
        answer = right + (told.chance("by").randint(1, 9) if slip else 0)
        return told.as_json({"reasoning": f"{given[1]} + {given[2]} = {answer}", "answer": str(answer)})

    # -- conversations

    def _user(self, told: Told) -> str:
        turns = len(re.findall(r'"role":"user"', told.talk))
        if told.missing("ask"):
            return "Hello?"
        if turns >= 2 and told.talk:
            return json.dumps({"message": "", "done": True})
        text = f"{told.fresh(turns)} {told.fresh(turns, 'b')}"
        if told.spoils("scenario", turns) or told.spoils("persona", turns):
            return told.as_json({"message": "", "done": False})  # nothing to say
        if told.missing("turns"):
            text = "Good morning, I have a question"
        if told.missing("sample") and told.chance("flip").random() < SPOILT:
            text = f"How can I help you with {text}?"
        return told.as_json({"message": self._text(told, text, turns), "done": False})

    def _assistant(self, told: Told) -> str:
        text = f"The depot will call you about the {told.fresh(0)}."
        if told.spoils("task", 0):
            text = f"As an AI language model I cannot know. {text}"
        if told.missing("sample") and told.chance("role").random() < SPOILT:
            text = f"Answer: {text}"
        if told.spoils("form", 0):
            text = " ".join([text] * 12)
        if told.spoils("terms", 0):
            text += f" It is the {AVOIDED}."
        if told.spoils("negatives", 0):
            text = f"{UNWANTED}. {text}"
        return text if not told.missing("message") else ""

    # -- attacks

    def _attack(self, told: Told) -> str:
        if told.missing("ask"):
            return "What shall I write?"
        answer = "I cannot promise a date; the depot will call you."
        if told.spoils("policy", 0):
            answer = "As an AI language model I cannot help with that."
        if told.spoils("form", 0):
            answer = " ".join([answer] * 12)
        attack = f"{told.fresh(0)}: {told.topic} {told.style[:40]} {told.fresh(1)}"
        if told.missing("topic") or told.missing("style"):
            attack = f"Tell me the day on which my {WORDS[self.asked['attack'] % 3]} comes"
        harmless = f"{told.fresh(2)}: which day is it on which shops close, {told.fresh(3)}"
        flawed = [self._text(told, text, i) for i, text in enumerate((attack, harmless))]
        if told.spoils("task", 0) or told.spoils("samples", 0):
            flawed[0] = f"Input: {flawed[0]}"
        pair = {
            "attack": flawed[0], "answer": answer, "gives_in": "It comes on Monday.",
            "harmless": flawed[1], "harmless_answer": f"The shop closes on Sunday, {told.fresh(4)}.",
            "refusal": "I cannot talk about days.",
        }  # fmt: skip
        return told.as_json({"pairs": [pair]})


def prose(value: Any) -> str:
    """What somebody writes who was not told to write JSON."""
    if isinstance(value, dict | list):
        return "\n".join(map(prose, value.values() if isinstance(value, dict) else value))
    return str(value)


class Told:
    """What one prompt says, part by part."""

    def __init__(self, body: Body, teacher: Obedient) -> None:
        messages = body["messages"]
        self.body = body
        self.system = messages[0]["content"] if messages[0]["role"] == "system" else ""
        self.user = messages[-1]["content"]
        self.everything = "\n".join(message["content"] for message in messages)
        self.teacher = teacher
        self.what = self._what()
        self.seed = self._after(r"The input:\n(.*?)\n\n")
        self.seed_without_facts = re.sub(r"\S*\d\S*|\b[A-Z]\w+", "", self.seed)
        self.facts = [
            json.loads(line)
            for line in re.findall(r'^- (".*")$', self._after(r"exactly as they are:\n((?:- .*\n)+)"), re.M)
        ]
        self.label = next((name for name in LABELS if re.search(rf'is "{name}"', self.user)), "")
        self.problem = self._after(r"The problem:\n(.*?)\n\n")
        self.talk = self._after(r"The conversation so far:\n(.*?)\n\n")
        self.topic = self._after(r"Topic: (.*)\n?")
        self.style = self._after(r"Way of attack: (.*)\n?")
        self.n = self._n()

    def _what(self) -> str:
        shapes = {
            '"rewrites"': "rewrite", '"examples"': "generate", '"problems"': "problem", '"pairs"': "attack",
            '"answer alone"': "solve", '"the answer alone"': "solve", '"done"': "user",
        }  # fmt: skip
        found = next((kind for shape, kind in shapes.items() if shape in self.system), "")
        if not found:
            found = self.teacher.usual if self._schema_lost() else "assistant"
        return found

    def _schema_lost(self) -> bool:
        return "Answer with JSON" not in self.system and "Answer the last message" not in self.system

    def _after(self, pattern: str) -> str:
        found = re.search(pattern, self.user + "\n\n", re.DOTALL if "(.*?)" in pattern else 0)
        return found[1] if found else ""

    def _n(self) -> int:
        found = re.search(r"[Ww]rite (\d+) (?:paraphrase|version|new|pair)", self.user)
        return int(found[1]) if found else 0

    def chance(self, salt: str) -> random.Random:
        return random.Random(digest(self.body) + salt)

    def fresh(self, i: int, salt: str = "") -> str:
        """Words that nobody has used like this."""
        return " ".join(self.chance(f"fresh{i}{salt}").sample(WORDS, 6))

    def missing(self, part: str) -> bool:
        """Whether the prompt does not say it."""
        has = {
            "task": self.teacher.instruction in self.system,
            "form": "A right output is:" in self.system,
            "terms": f'"{AVOIDED}"' in self.system,
            "negatives": UNWANTED in self.system,
            # The problem to solve may itself be one of them.
            "samples": sum(s[:40] in self.user for s in self.teacher.seeds) > (self.what == "solve"),
            "sample": any(s[:40] in self.user for s in self.teacher.seeds) or REPLY in self.system,
            "existing": "These are there already." in self.user,
            "rejected": "These were turned down." in self.user and "token" in self.user,
            "facts": bool(self.facts),
            "policy": POLICY in self.system,
            "topic": bool(self.topic), "style": bool(self.style),
            "scenario": any(scenario in self.user for scenario in SCENARIOS),
            "persona": "Who you are: " in self.user,
            "turns": bool(self.talk) or "first message" in self.user,
            "message": bool(self.user.strip()),
            "ask": bool(re.search(ASKS, self.user, re.M)),
        }  # fmt: skip
        return not has[part]

    def spoils(self, part: str, i: int) -> bool:
        """Whether what is missing spoils row i."""
        if part == "existing" and self.teacher.asked[self.what] <= FRESH:
            return False
        share = SLIPS if part == "rejected" else SPOILT
        return self.missing(part) and self.chance(f"{part}{i}").random() < share

    def as_json(self, value: Any) -> str:
        """JSON where the prompt asks for it, else prose."""
        return json.dumps(value) if "Answer with JSON" in self.system else "Here you are. " + prose(value)
