"""Recipe `conversation`: a user and an assistant are played turn by turn, by two teachers or by one.

Every turn is a question of its own. What the assistant says goes through the gates before anybody answers
it, so that a conversation that goes wrong costs no further turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field

from seedstock.example import Example
from seedstock.exchange import Message, Request, Response, canonical
from seedstock.reading import read_json
from seedstock.recipes.base import Ask, FollowUp, Found, Recipe, RecipeSettings, Unparsed
from seedstock.text import normalise

USER, ASSISTANT = "conversation_user", "conversation"
SAID: dict[str, Any] = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "done": {"type": "boolean"}},
    "required": ["message", "done"],
    "additionalProperties": False,
}
PERSONAS = {
    "hurried": "in a hurry, writes short and forgets half of what is needed",
    "careful": "careful and polite, tells everything in order",
    "unsure": "unsure what exactly the matter is, has to be asked",
    "annoyed": "annoyed, has tried before and was not helped",
    "expert": "knows the field well and uses its words",
    "changing": "changes the mind in the middle",
}  # fmt: skip
SAME_MATTER = "a matter of the same kind as in the real conversation, but another one"
FLIPPED = ("how can i help", "how may i assist", "as an ai", "assistant:", "i'm here to help")
"""What only an assistant says: a user who says it has left the role."""


class ConversationSettings(RecipeSettings):
    """Who talks about what, and for how long."""

    scenarios: list[str] = Field(
        [], description="what users come with; default: as in a seed, but another matter"
    )
    personas: dict[str, str] = Field(PERSONAS, min_length=1, description="name of a persona → who that is")
    turns: int = Field(3, ge=1, le=20, description="user messages in a conversation, at most")


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation that is being played: the question it serves, who plays, and what was said."""

    ask: Ask
    persona: str
    scenario: str
    said: tuple[Message, ...]

    def with_turn(self, role: str, content: str) -> Talk:
        """One message more."""
        return Talk(self.ask, self.persona, self.scenario, (*self.said, Message(role, content)))

    def users(self) -> list[str]:
        """What the user has said."""
        return [message.content for message in self.said if message.role == "user"]


class Conversation(Recipe):
    """One conversation per question. The user is played by `partner`, the assistant by the teacher."""

    name: ClassVar[str] = "conversation"
    group: ClassVar[Literal["augment", "generate"]] = "generate"
    uses_partner: ClassVar[bool] = True
    uses: ClassVar[tuple[str, ...]] = (ASSISTANT, USER)
    Settings: ClassVar[type[RecipeSettings]] = ConversationSettings
    settings: ConversationSettings

    @property
    def calls(self) -> float:
        """Two for each turn."""
        return 2.0 * self.settings.turns

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """The user's first message, for personas and scenarios in turn."""
        return [(self._ask_user(self._begun(ask)),) if ask.seed else () for ask in asks]

    def _begun(self, ask: Ask) -> Talk:
        personas, scenarios = list(self.settings.personas), self.settings.scenarios or [SAME_MATTER]
        # Both go round at their own pace, so that every persona meets every scenario.
        persona = personas[ask.ordinal % len(personas)]
        scenario = scenarios[(ask.ordinal // len(personas) + ask.ordinal) % len(scenarios)]
        seed = ask.seed.input if ask.seed and not isinstance(ask.seed.input, str) else ()
        return Talk(ask, persona, scenario, tuple(m for m in seed[:1] if m.role == "system"))

    def _ask_user(self, talk: Talk) -> Request:
        ask = talk.ask
        assert ask.seed is not None
        messages = self.prompts[USER].messages({
            "brief": ask.brief, "sample": _lines(_whole(ask.seed)), "existing": ask.existing,
            "rejected": ask.rejected, "persona": self.settings.personas[talk.persona],
            "scenario": talk.scenario, "wishes": ask.wishes, "turns": _lines_of(talk.said),
        })  # fmt: skip
        return self._request(talk, messages, SAID, "partner")

    def _ask_assistant(self, talk: Talk) -> Request:
        """The conversation as the assistant sees it: its own prompt first, then what was said."""
        assert talk.ask.seed is not None
        *before, last = talk.said
        head, tail = self.prompts[ASSISTANT].messages({
            "brief": talk.ask.brief, "sample": talk.ask.seed.output_text, "message": last.content,
        })  # fmt: skip
        return self._request(talk, (head, *(m for m in before if m.role != "system"), tail), None, "model")

    def _request(
        self, talk: Talk, messages: tuple[Message, ...], schema: dict[str, Any] | None,
        asks: Literal["model", "partner"],
    ) -> Request:  # fmt: skip
        ask = talk.ask
        assert ask.seed is not None
        attributes = {**ask.attributes, "persona": talk.persona, "scenario": talk.scenario}
        return Request(
            self.name, ask.cell.name, ask.ordinal, messages, schema, {"seed": ask.turn},
            parents=(ask.seed.id,), fold=ask.fold, attributes=attributes, asks=asks, state={"talk": talk},
        )  # fmt: skip

    def parse(
        self, requests: Sequence[Request], responses: Sequence[Response], seeds: Mapping[str, Example]
    ) -> list[Found]:
        """The next turn, or the conversation where it has ended."""
        [request], [response] = requests, responses
        talk: Talk = request.state["talk"]
        if request.schema is None:
            return [self._answered(talk, response)]
        return [self._said(talk, response)]

    def _said(self, talk: Talk, response: Response) -> Found:
        """What the user says: the end, or something for the assistant to answer."""
        try:
            value = read_json(response.text, response.finish_reason).value
            message, done = str(value["message"]).strip(), bool(value.get("done"))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            return Found(Unparsed("unparsed", f"no message of the user: {problem}", response.text))
        if done or not message:
            if not talk.users():
                return Found(Unparsed("unparsed", "the user has said nothing", response.text))
            return Found(_row(talk))
        if _is_flipped(message):
            return Found(Unparsed("role_flip", "the user speaks as the assistant does", message))
        if normalise(message) in map(normalise, talk.users()):
            return Found(Unparsed("loop", "the user says the same again", message))
        return Found(FollowUp((self._ask_assistant(talk.with_turn("user", message)),)))

    def _answered(self, talk: Talk, response: Response) -> Found:
        """What the assistant says, as a row so far; the user answers unless that was the last turn."""
        if response.finish_reason not in ("stop", "end_turn", "stop_sequence"):
            return Found(
                Unparsed("truncated", f"the answer ended with {response.finish_reason}", response.text)
            )
        talk = talk.with_turn("assistant", response.text.strip())
        row = _row(talk)
        if len(talk.users()) >= self.settings.turns:
            return Found(row)
        return Found(FollowUp((self._ask_user(talk),), row))


def _row(talk: Talk) -> Example:
    """The conversation up to the user's last message, and the assistant's answer to it."""
    *before, last = talk.said
    return Example("", tuple(before), last.content)


def _whole(seed: Example) -> list[Message]:
    turns = [Message("user", seed.input)] if isinstance(seed.input, str) else list(seed.input)
    return [*(m for m in turns if m.role != "system"), Message("assistant", seed.output_text)]


def _lines(messages: Sequence[Message]) -> str:
    return "\n".join(_lines_of(messages))


def _lines_of(messages: Sequence[Message]) -> list[str]:
    """A conversation as lines of JSON: what was said cannot be mistaken for the prompt's own words."""
    return [canonical({"role": m.role, "content": m.content}) for m in messages if m.role != "system"]


def _is_flipped(message: str) -> bool:
    folded = message.casefold()
    return any(phrase in folded for phrase in FLIPPED)
