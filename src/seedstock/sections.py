"""The sections of seedstock.yaml that belong to no part: task, data, plan, mix, review, student."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

TAKEN = ("label", "variant", "topic", "use case", "language", "length", "style", "format", "tail")
"""Names that rows' attributes already have."""

Kind = Literal[
    "classification",
    "extraction",
    "transformation",
    "reasoning",
    "conversation",
    "code",
    "sql",
    "instruction",
]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Word = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""A term: something that is not only white space."""


class DomainSection(Section):
    """What the field asks for."""

    regulated: str | None = Field(
        None, description="legal, medical, financial, …: every generated row then needs an expert's review"
    )
    prefer: dict[Word, list[Word]] = Field({}, description="the term to use → the terms to avoid")
    avoid: list[Word] = Field([], description="terms that shall not be used at all")


class TaskSection(Section):
    """What the student shall learn."""

    kind: Kind = Field(description="what kind of task this is")
    instruction: str = Field(
        "", description="what the student is told: the system prompt of every training row"
    )
    output: dict[str, Any] = Field(description="what a valid output is: one of the kinds below")
    domain: DomainSection = Field(
        default_factory=lambda: DomainSection(), description="the field's terms and rules"
    )


class DataSection(Section):
    """A file of real rows and which of its fields mean what."""

    path: Path = Field(description="JSONL, JSON, CSV, TSV, Parquet or a Hugging Face dataset folder")
    input: str | None = Field(None, description="field of the input; detected if absent")
    output: str | None = Field(None, description="field of the output; detected if absent")
    messages: str | None = Field(None, description="field of the chat messages, instead of input and output")
    instruction: str | None = Field(None, description="field of an instruction that stands before the input")
    system: str | None = Field(None, description="field of a system prompt")
    split: str | None = Field(None, description="split of a dataset folder; train if absent")


class UseCaseSection(Section):
    """One thing the model will be used for."""

    name: str = Field(min_length=1, description="its name; a seed's field `use_case` may hold it")
    description: str = Field("", description="what such inputs are, in a sentence")


class NegativeSection(Section):
    """A row that nobody wants."""

    input: str = Field(description="the input")
    output: str | None = Field(None, description="the output, where that is what is wrong")
    reason: str = Field(min_length=1, description="what is wrong with it")


class PlanSection(Section):
    """How much to generate, and how."""

    target: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="accepted synthetic rows wanted; default: 7 for every 3 seeds (30 % real)",
    )
    overgenerate: float = Field(4.0, ge=1, le=20, description="candidates asked for per wanted row, at most")
    recipes: dict[str, float | dict[str, Any]] | None = Field(
        None,
        description="recipe → weight, or a mapping of weight and the recipe's own settings; default: swap and"
        " noise for `rules`, else 60 % rewriting and 40 % new rows, by what suits the kind of task",
    )
    min_yield: float = Field(
        0.1, ge=0, le=1, description="a recipe is given up in a cell when less of its candidates passes"
    )
    attributes: dict[str, list[str] | dict[str, float]] = Field(
        {},
        description="what rows shall vary in: attribute → its values, or value → share; they cross the cells",
    )
    use_cases: list[UseCaseSection] = Field([], description="what the model will be used for")
    cross: list[Literal["length"]] = Field(
        [], description="what else cuts cells; length is otherwise asked for in proportion"
    )
    negatives: list[NegativeSection] = Field([], description="rows that nobody wants, shown to the teacher")
    max_seed_share: float = Field(
        3.0, ge=1, description="rows that may come from one seed, as a multiple of the average"
    )

    @field_validator("attributes")
    @classmethod
    def _usable(cls, given: dict[str, list[str] | dict[str, float]]) -> dict[str, Any]:
        for name, values in given.items():
            if name in TAKEN:
                raise ValueError(f"the name {name!r} is taken; name the attribute otherwise")
            if not values or len(set(values)) < len(values):
                raise ValueError(f"attribute {name!r} needs values, each once")
            if isinstance(values, dict) and not (min(values.values()) >= 0 < sum(values.values()) < math.inf):
                raise ValueError(f"the shares of attribute {name!r} are numbers from 0 on, not all 0")
        return given


class StudentSection(Section):
    """The model to be fine-tuned."""

    model: str = Field(description="its name: a teacher of the same family caps the synthetic share at 70 %")
    use: Literal["internal", "customer", "open-weights"] = Field(
        "internal", description="who will use it; without effect in this version: licences are not checked"
    )


class ReviewSection(Section):
    """How much of what was accepted a person looks at. `false` instead of a mapping: nobody can."""

    share: float = Field(0.05, ge=0.05, le=1, description="least share of accepted rows")
    generated_share: float = Field(0.10, ge=0.10, le=1, description="least share of generated rows")


class MixSection(Section):
    """What goes into a release."""

    min_real: float = Field(0.2, ge=0, le=1, description="least share of real rows in what the student sees")
    repeat_real: int = Field(4, ge=1, le=4, description="a seed may be repeated so often to reach it")
