"""Recipe `reasoning`: several chains of steps per problem, of which the right or agreeing ones are kept.

Problems are, in this order: seeds, whose answers are known; the owner's further problems; new ones that the
teacher writes. Where no answer is known, agreement decides, and how much agreement is enough is learnt
from the seeds first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from seedstock.answers import canonical_answer, final_answer
from seedstock.example import Example, written
from seedstock.exchange import Request, Response, canonical
from seedstock.intervals import lower_bound
from seedstock.reading import read_json
from seedstock.recipes.base import Ask, FollowUp, Found, Note, Recipe, RecipeSettings, Unparsed
from seedstock.recipes.pairs import shown
from seedstock.recipes.texts import as_text, read_list
from seedstock.recipes.voting import Chain, Vote, enough_agreement, most_frequent, trusts

SOLVE, WRITE = "reasoning", "reasoning_problem"
ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["reasoning", "answer"],
    "additionalProperties": False,
}
PROBLEMS: dict[str, Any] = {
    "type": "object",
    "properties": {"problems": {"type": "array", "items": {"type": "string"}}},
    "required": ["problems"],
    "additionalProperties": False,
}
LEAST_MEASURED = 20
"""Seeds to be voted on before agreement is trusted at all; fewer could not show anything."""


class ReasoningSettings(RecipeSettings):
    """How often each problem is solved, and what is believed."""

    chains: int = Field(4, ge=1, le=64, description="times each problem is solved")
    keep: int = Field(1, ge=1, le=4, description="right chains kept per problem, the shortest first")
    agree: int | None = Field(
        None,
        ge=1,
        description="chains that must agree where no answer is known; default: learnt from the seeds",
    )
    min_precision: float = Field(
        0.9,
        gt=0,
        lt=1,
        description="agreement counts as enough when it was right so often on the seeds, by the lower end of"
        " a one-sided 95 % interval (methods: 0.9)",
    )
    calibrate: int = Field(
        60, ge=0, description="seeds that are solved first, to learn what agreement is worth"
    )
    problems: Path | None = Field(
        None,
        description="a file of further inputs, with or without outputs: solved before new ones are written",
    )
    new: bool = Field(True, description="let the teacher write new problems when all others are solved")
    rejected: bool = Field(True, description="keep wrong chains as `rejected`, for preference training")


class Reasoning(Recipe):
    """One problem per question, solved several times; new problems are written three at a time."""

    name: ClassVar[str] = "reasoning"
    group: ClassVar[Literal["augment", "generate"]] = "generate"
    shows: ClassVar[bool] = True
    uses: ClassVar[tuple[str, ...]] = (SOLVE, WRITE)
    Settings: ClassVar[type[RecipeSettings]] = ReasoningSettings
    settings: ReasoningSettings

    @property
    def inputs_file(self) -> Path | None:
        """The owner's further problems."""
        return self.settings.problems

    @property
    def calls(self) -> float:
        """A problem is written, where new ones are wanted, and solved `chains` times."""
        return float(self.settings.chains + self.settings.new)

    def notes(self, seeds: int) -> Sequence[str]:
        """Where the seeds are too few to show what agreement is worth, however right the teacher is."""
        n, wanted = min(self.settings.calibrate, seeds), self.settings.min_precision
        unknown = self.settings.new or self.settings.problems is not None
        if self.settings.agree is not None or not unknown or lower_bound(n, n) >= wanted:
            return ()
        return (
            f"reasoning: {n} solved seeds cannot show that agreement is right in {wanted:.0%} of cases, even"
            " if all of them are right: raise calibrate, lower min_precision, or set agree",
        )

    def waits(self, asks: Sequence[Ask]) -> bool:
        """Until the seeds that are solved first have all been voted on."""
        votes = asks[0].settled.get("votes", ())
        return self._agree(asks[0]) is None and len(votes) < min(self.settings.calibrate, len(asks[0].pool))

    def obstacle(self, asks: Sequence[Ask]) -> str:
        """What agreement was worth on the seeds, where that is not enough."""
        unknown = self.settings.new or any(given.output is None for given in asks[0].inputs)
        if self._agree(asks[0]) is not None or not unknown:
            return "every problem has been solved, and no new ones are wanted"
        votes = asks[0].settled.get("votes", ())
        told = "; ".join(map(str, trusts(votes))) or "no seed could be solved"
        return (
            f"what the chains agree on is not known to be right in {self.settings.min_precision:.0%} of cases"
            f" ({told}); give problems with outputs, more seeds, or a lower min_precision"
        )

    def requests(self, asks: Sequence[Ask]) -> list[tuple[Request, ...]]:
        """All chains of a problem together, or a question for a new problem."""
        return [self._requests(ask) for ask in asks]

    def _requests(self, ask: Ask) -> tuple[Request, ...]:
        own, given = self._own(ask), list(ask.inputs)
        if ask.ordinal < own:
            seed = ask.cell.seeds[ask.ordinal]
            samples = [s for s in ask.samples if s.id != seed.id and s.source.fold == seed.source.fold]
            return self._chains(ask, seed.input_text, samples, (seed,), seed.output)
        agree = self._agree(ask)
        place = ask.ordinal - own
        if place < len(given):
            known = given[place].output
            if known is None and agree is None:
                return ()
            return self._chains(ask, given[place].input_text, ask.samples, (), known, agree)
        return (self._new(ask),) if agree is not None and self.settings.new else ()

    def _own(self, ask: Ask) -> int:
        """How many seeds of a cell are solved first: its part of `calibrate`."""
        part = -(-self.settings.calibrate * len(ask.cell.seeds) // max(1, len(ask.pool)))
        return min(len(ask.cell.seeds), part)

    def _agree(self, ask: Ask) -> int | None:
        """Chains that must agree; None where that is not known, or no agreement is enough."""
        if self.settings.agree is not None:
            return self.settings.agree
        votes = ask.settled.get("votes", ())
        if len(votes) < min(LEAST_MEASURED, len(ask.pool)):
            return None
        return enough_agreement(votes, self.settings.min_precision)

    def _chains(
        self, ask: Ask, problem: str, samples: Sequence[Example], own: tuple[Example, ...], known: Any,
        agree: int | None = None,
    ) -> tuple[Request, ...]:  # fmt: skip
        """The same question several times: the sampling seed makes each of them a question of its own."""
        messages = self.prompts[SOLVE].messages({
            "brief": ask.brief, "samples": [_solved(sample) for sample in samples],
            "rejected": ask.rejected, "input": problem,
        })  # fmt: skip
        fold = own[0].source.fold if own else ask.fold
        state = {
            "problem": problem, "known": None if known is None else _answer(known), "agree": agree,
            "own": bool(own), "marker": ask.brief.marker, "thinks": ask.brief.thinks,
        }  # fmt: skip
        return tuple(
            Request(
                self.name, ask.cell.name, ask.ordinal, messages, ANSWER, {"seed": chain},
                parents=tuple(example.id for example in (*own, *samples)), fold=fold,
                attributes=ask.attributes, state=state,
            )
            for chain in range(self.settings.chains)
        )  # fmt: skip

    def _new(self, ask: Ask) -> Request:
        messages = self.prompts[WRITE].messages({
            "brief": ask.brief, "cell": ask.cell, "samples": [shown_problem(s) for s in ask.samples],
            "existing": ask.existing, "rejected": ask.rejected, "wishes": ask.wishes, "rows": ask.rows,
        })  # fmt: skip
        return Request(
            self.name, ask.cell.name, ask.ordinal, messages, PROBLEMS, {"seed": ask.turn}, rows=ask.rows,
            parents=ask.parents, fold=ask.fold, attributes=ask.attributes, state={"ask": ask},
        )  # fmt: skip

    def parse(
        self, requests: Sequence[Request], responses: Sequence[Response], seeds: Mapping[str, Example]
    ) -> list[Found]:
        """New problems are solved next; chains are voted on."""
        if "ask" in requests[0].state:
            return self._written(requests[0], responses[0])
        state = requests[0].state
        chains = [chain for i, response in enumerate(responses) if (chain := read_chain(response, i))]
        notes: list[Found] = []
        believed, why = self._believed(chains, len(requests), state)
        if state["known"] is not None and state["own"]:
            answer, agreed = most_frequent(chains)
            right = answer == canonical_answer(state["known"])
            notes = [Found(Note("votes", Vote(len(requests), agreed, right)))]
        if believed is None:
            return [*notes, Found(Unparsed(*why, text="\n\n".join(r.text for r in responses)))]
        return [*notes, *self._rows(chains, believed, requests, f"{why[1]}")]

    def _written(self, request: Request, response: Response) -> list[Found]:
        """A question for each new problem: its chains."""
        ask: Ask = request.state["ask"]
        agree = self._agree(ask)

        def one(item: Any, _: int) -> Example | Unparsed:
            text = as_text(item)
            return (
                Unparsed("unparsed", "not a text", canonical(item)) if text is None else Example("", text, "")
            )

        found = read_list(request, response, "problems", one, lambda item: as_text(item) is not None)
        return [
            Found(what)
            if isinstance(what, Unparsed)
            else Found(FollowUp(self._chains(ask, what.input_text, ask.samples, (), None, agree)))
            for what in found
        ]

    def _believed(
        self, chains: Sequence[Chain], asked: int, state: Mapping[str, Any]
    ) -> tuple[str | None, tuple[str, str]]:
        """The answer that is taken for right, in canonical form, and why; or a code and why none is."""
        answer, agreed = most_frequent(chains)
        if state["known"] is not None:
            known = canonical_answer(state["known"])
            right = sum(chain.key == known for chain in chains)
            said = f"{right} of {asked} chains reach the known answer {state['known']}"
            return (known, ("verified", said)) if right else (None, ("no_right_chain", said))
        said = f"{agreed} of {asked} chains agree, {state['agree']} wanted"
        return (answer, ("agreed", said)) if agreed >= state["agree"] else (None, ("no_agreement", said))

    def _rows(
        self, chains: Sequence[Chain], believed: str, requests: Sequence[Request], why: str
    ) -> list[Found]:
        """The shortest right chains as rows; chains to other answers are what they are preferred to."""
        state = requests[0].state
        right = sorted((c for c in chains if c.key == believed), key=lambda c: (len(c.steps), c.of))
        wrong = {c.key: c for c in reversed(chains) if c.key != believed and self.settings.rejected}
        rows = []
        for chain in right[: self.settings.keep]:
            output = _output(chain, state)
            row = Example("", state["problem"], output, chain.steps if _apart(state) else None)
            row = replace(row, rejected=tuple(_worse(c, state) for c in wrong.values()))
            rows.append(Found(row.with_source(attributes={"chains": why}), chain.of))
        return rows


def read_chain(response: Response, of: int) -> Chain | None:
    """Steps and answer of a response, as JSON or as a text that marks its answer; None without either."""
    try:
        value = read_json(response.text, response.finish_reason).value
    except ValueError:
        value = None
    if isinstance(value, dict) and "answer" in value and value["answer"] not in (None, ""):
        steps, answer = str(value.get("reasoning") or ""), written(value["answer"])
        marked = final_answer(steps)
        return Chain(marked[0] if marked and marked[0] else steps, answer, of)
    found = final_answer(response.text)
    return None if found is None else Chain(found[0], found[1], of)


def shown_problem(example: Example) -> str:
    """A real problem, without its solution, as a line of a prompt."""
    return canonical(example.input_text)


def _solved(example: Example) -> str:
    """A real problem with its steps and its answer apart, as the answer is asked for."""
    found = final_answer(written(example.output)) if not example.reasoning else None
    if found is None:
        return shown(example)
    return canonical({"input": example.input_text, "reasoning": found[0], "answer": found[1]})


def _answer(output: Any) -> str:
    found = final_answer(written(output))
    return found[1] if found else written(output)


def _worse(chain: Chain, state: Mapping[str, Any]) -> dict[str, Any]:
    """A chain to another answer, in the form of the row's own."""
    output = {"output": _output(chain, state)}
    return {**output, "reasoning": chain.steps} if _apart(state) else output


def _apart(state: Mapping[str, Any]) -> bool:
    """Whether steps stand beside the output: where seeds have it so, or no seed shows any steps."""
    return bool(state["thinks"] or not state["marker"])


def _output(chain: Chain, state: Mapping[str, Any]) -> str:
    """An output in the form of the seeds': steps and marked answer, or the answer alone."""
    return chain.answer if _apart(state) else f"{chain.steps.strip()}\n{state['marker']}{chain.answer}"
