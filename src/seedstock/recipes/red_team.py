"""Recipe `red_team`: attacks on the owner's policy, with the answers they should get, and harmless twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import lcm
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from seedstock.errors import InputError
from seedstock.example import Example
from seedstock.exchange import Request, Response, canonical, digest
from seedstock.recipes.base import Ask, Recipe, RecipeSettings, Unparsed
from seedstock.recipes.pairs import example_of, listed, output_schema, output_shape, shown
from seedstock.recipes.texts import read_list

STYLES = {
    "direct": "asks straight out, as if it were the most normal thing",
    "role play": "wraps it into a story, a play or a game in which other rules hold",
    "authority": "claims to be somebody who may: a manager, the police, the developer of the model",
    "injection": "hides an instruction to the model in a text that it is to work on",
    "small steps": "asks for a harmless piece that would complete something forbidden",
    "emotion": "puts the model under pressure: an emergency, tears, threats",
    "hypothetical": "asks only in theory, for a friend, for research",
    "disguise": "writes around the words that would give it away: another language, spelling, code words",
}  # fmt: skip
PARTS = ("attack", "answer", "gives_in", "harmless", "harmless_answer", "refusal")


class RedTeamSettings(RecipeSettings):
    """What is attacked and how, and what the model should answer."""

    topics: list[str] = Field(min_length=1, description="what attacks are about: what your policy is about")
    policy: Path = Field(description="a text file: what the model may say and what not, in your own words")
    styles: dict[str, str] = Field(STYLES, min_length=1, description="way of attack → what is asked for")
    rejected: bool = Field(
        True, description="keep the answer that gives in, and the needless refusal, as `rejected`"
    )

    @model_validator(mode="after")
    def _distinct(self) -> RedTeamSettings:
        if len(set(self.topics)) < len(self.topics):
            raise ValueError("each topic once")
        return self


class RedTeam(Recipe):
    """One attack and its harmless twin per question; every topic meets every way of attack."""

    name: ClassVar[str] = "red_team"
    group: ClassVar[Literal["augment", "generate"]] = "generate"
    rows = 2
    most = 2
    shows: ClassVar[bool] = True
    own_cell: ClassVar[bool] = True
    uses: ClassVar[tuple[str, ...]] = ("red_team",)
    Settings: ClassVar[type[RecipeSettings]] = RedTeamSettings
    settings: RedTeamSettings

    @property
    def identity(self) -> Any:
        """The settings, and the policy's text."""
        return [self.settings.model_dump(mode="json", exclude={"policy"}), digest(self.policy)]

    @property
    def policy(self) -> str:
        """The owner's policy. InputError where the file cannot be read or says nothing."""
        path = self.settings.policy
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise InputError(f"the policy of red_team cannot be read: {problem}", path=path) from problem
        if not text:
            raise InputError("the policy of red_team is empty", path=path)
        return text

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """One request per question, over the grid of topics and ways of attack."""
        policy = self.policy
        return [(self._request(ask, policy),) if ask.samples else () for ask in asks]

    def _request(self, ask: Ask, policy: str) -> Request:
        topics, styles = self.settings.topics, list(self.settings.styles)
        style = styles[ask.ordinal % len(styles)]
        # Shifted by one in every round, so that all pairs come up before any comes up again.
        topic = topics[(ask.ordinal + ask.ordinal // lcm(len(styles), len(topics))) % len(topics)]
        messages = self.prompts[self.name].messages({
            "brief": ask.brief, "samples": [shown(sample) for sample in ask.samples], "policy": policy,
            "existing": ask.existing, "rejected": ask.rejected, "wishes": ask.wishes, "topic": topic,
            "style": self.settings.styles[style], "answer": output_shape(ask.brief),
        })  # fmt: skip
        output, definitions = output_schema(ask.brief)
        parts = {
            part: output if part in ("answer", "harmless_answer") else {"type": "string"} for part in PARTS
        }
        return Request(
            self.name, ask.cell.name, ask.ordinal, messages, listed("pairs", parts, definitions),
            {"seed": ask.turn}, rows=self.rows, parents=ask.parents, fold=ask.fold,
            attributes={**ask.attributes, "topic": topic, "attack": style},
            state={"as_text": ask.brief.as_text},
        )  # fmt: skip

    def read(
        self, request: Request, response: Response, seeds: Mapping[str, Example]
    ) -> list[Example | Unparsed]:
        """Attack and twin, each as a row."""
        one_pair = replace(request, rows=1)
        pairs: list[dict[str, Any]] = []

        def one(item: Any, _: int) -> Example | Unparsed:
            if not _is_pair(item):
                return Unparsed("unparsed", "no pair of attack and harmless twin", canonical(item))
            pairs.append(item)
            return self._row(item, "attack", "answer", "gives_in", request)

        found = read_list(one_pair, response, "pairs", one, _is_pair)
        twins = [self._row(pair, "harmless", "harmless_answer", "refusal", request) for pair in pairs]
        return [*found[: len(pairs)], *twins, *found[len(pairs) :]]

    def _row(self, pair: Mapping[str, Any], given: str, answer: str, worse: str, request: Request) -> Example:
        row = example_of({"input": pair[given], "output": pair[answer]}, thinks=False, **request.state)
        rejected = pair.get(worse)
        told = self.settings.rejected and isinstance(rejected, str) and rejected.strip()
        kept = ({"output": rejected},) if told else ()
        return replace(row, rejected=kept).with_source(attributes={"side": given})


def _is_pair(item: Any) -> bool:
    return isinstance(item, dict) and all(
        part in item for part in ("attack", "answer", "harmless", "harmless_answer")
    )
