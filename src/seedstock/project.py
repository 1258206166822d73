"""Project: an opened folder. Config, seeds with folds, holdout, ledger, embedder: what every verb takes."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from seedstock import outline, registry
from seedstock.brief import Brief
from seedstock.cell import Cell
from seedstock.config import FILE_NAME, Config, load_config
from seedstock.embedders.base import Embedder, EmbedderSettings, Vectors
from seedstock.embedders.cache import VectorCache
from seedstock.errors import InputError, Refused, near_miss
from seedstock.example import Example
from seedstock.exchange import Asks, digest
from seedstock.families import family_of
from seedstock.gates.base import RowGate, Tools
from seedstock.judging.assembly import make_panel
from seedstock.judging.panel import Panel
from seedstock.ledger import Ledger
from seedstock.prices import price_of
from seedstock.records import Frozen, Waiver
from seedstock.sections import DataSection
from seedstock.seedbed import Seedbed, sow
from seedstock.seeds.cells import Space, find_space
from seedstock.seeds.fields import Fields
from seedstock.seeds.readers import content_sha256, read_examples
from seedstock.seeds.split import CROSS_FIT_UP_TO, assign_folds, split_holdout
from seedstock.teachers.base import Price, Teacher
from seedstock.text import find_template, normalise
from seedstock.verdict import Verdict, family
from seedstock.version import __version__

STATE = ".seedstock"


class Project:
    """Everything a verb needs, read when first asked for. Use as a context manager."""

    def __init__(self, folder: Path | str) -> None:
        """Open `folder`, or the folder of a config file. InputError where there is no seedstock.yaml."""
        path = Path(folder)
        self.config: Config = load_config(path if path.is_file() else _config_in(path))
        self.folder = self.config.folder
        self._ledger: Ledger | None = None

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        if "embedder" in self.__dict__:
            self.embedder.close()
            del self.embedder

    # -- the real rows

    @cached_property
    def _given(self) -> list[Example]:
        return read_data(self.config.seeds)

    @cached_property
    def given_holdout(self) -> list[Example]:
        """The holdout the owner gave; [] without one."""
        return read_data(self.config.holdout) if self.config.holdout else []

    @cached_property
    def split_ids(self) -> frozenset[str]:
        """Ids of the seeds split off as holdout: as frozen, or as they would be; empty with a given one."""
        if self.config.holdout:
            return frozenset()
        frozen = self.ledger.frozen("split") if self.has_ledger else None
        return frozenset(frozen.ids if frozen else split_holdout(self._given, self.config.output.cell))

    @cached_property
    def holdout(self) -> list[Example]:
        """Real rows kept out of everything but evaluation: given, split off, or none (cross-fitting)."""
        made = next((row.id for row in self.given_holdout if row.source.kind != "real"), None)
        if made is not None:
            raise InputError(
                f"holdout row {made} is synthetic by its own source: a holdout is real rows only"
            )
        return self.given_holdout or [row for row in self._given if row.id in self.split_ids]

    @cached_property
    def ood(self) -> list[Example]:
        """The OOD rows, or none."""
        return read_data(self.config.ood) if self.config.ood else []

    @cached_property
    def seedbed(self) -> Seedbed:
        """The seeds, sorted into usable and not."""
        rest = [row for row in self._given if row.id not in self.split_ids]
        return sow(rest, [*self.holdout, *self.ood], self.config.output)

    @cached_property
    def seeds(self) -> list[Example]:
        """The usable seeds, each with its fold."""
        if not self.seedbed.usable:
            raise Refused("no usable seeds: there is nothing to start from", [no_seeds(self.seedbed)])
        known = self.ledger.folds() if self.has_ledger else {}
        folds = assign_folds(self.seedbed.usable, self.config.output.cell, known)
        return [seed.with_source(fold=folds[seed.id]) for seed in self.seedbed.usable]

    @cached_property
    def space(self) -> Space:
        """The task's space as the seeds show it, cut into cells."""
        return find_space(
            self.seeds, outline.known(self.config), outline.declared(self.config), self.tools.vectors
        )

    @property
    def cells(self) -> dict[str, Cell]:
        """The cells by name."""
        return self.space.cells

    def seedbed_rejects(self) -> list[Example]:
        """Seeds that cannot be used: invalid, repeated, or in the holdout too."""
        bed = self.seedbed
        return [row for row, _ in [*bed.invalid, *bed.duplicates, *bed.leaked]]

    def holdout_plan(self) -> str:
        """One line: how evaluation will get its real rows."""
        if self.given_holdout:
            return f"{len(self.given_holdout)} holdout rows given"
        if self.split_ids:
            return f"{len(self.split_ids)} of {len(self._given)} real rows split off as holdout"
        return f"no holdout: up to {CROSS_FIT_UP_TO} real rows, evaluation cross-fits over five folds"

    def freeze(self) -> None:
        """Fix folds and holdout in the ledger, or refuse where a frozen one has changed (policy 3)."""
        self.check_frozen()
        self.ledger.record_folds({s.id: s.source.fold for s in self.seeds if s.source.fold is not None})
        if self.given_holdout:
            self.ledger.freeze("holdout", Frozen(content_sha256(self.given_holdout), len(self.given_holdout)))
        elif self.split_ids:
            held = Frozen(content_sha256(self.holdout), len(self.holdout), tuple(sorted(self.split_ids)))
            self.ledger.freeze("split", held)

    def check_frozen(self) -> None:
        """Refuse a holdout that is not the one generation started with."""
        if not self.has_ledger:
            return
        for name in ("holdout", "split"):
            frozen = self.ledger.frozen(name)
            if frozen is None:
                continue
            given = bool(self.config.holdout) == (name == "holdout")
            if not given or frozen.sha256 != content_sha256(self.holdout):
                reason = (
                    f"the holdout has changed: generation started with another one of {frozen.rows} rows"
                    f" (sha256 {frozen.sha256[:12]}); put it back, or start a new project"
                )
                raise Refused(reason, [Verdict("leak.holdout", "fail", "holdout_changed", reason)])

    # -- the parts

    @property
    def has_ledger(self) -> bool:
        """Whether anything was ever recorded here."""
        return self._ledger is not None or (self.folder / STATE / "ledger.db").exists()

    @property
    def ledger(self) -> Ledger:
        """The ledger, opened (and made) when first needed."""
        if self._ledger is None:
            self._ledger = Ledger(self.folder / STATE / "ledger.db")
        return self._ledger

    def known_ledger(self) -> Ledger | None:
        """The ledger; None where nothing was ever recorded."""
        return self.ledger if self.has_ledger else None

    @cached_property
    def embedder(self) -> VectorCache:
        """The configured embedder behind the project's vector cache."""
        inner = make_embedder(self.config.embedder_kind, self.config.embedder)
        return VectorCache(inner, self.folder / STATE / "vectors.db")

    @cached_property
    def tools(self) -> Tools:
        """What gates get. The template is the seeds' own: it does not depend on what was generated."""
        template = find_template([seed.input_text for seed in self.seeds])
        terms = outline.terms_of(self.config)
        return Tools(
            self.config.output, self.embedder, self.seeds, self.holdout, self.ood, (template,), terms,
            self.config.task.instruction,
        )  # fmt: skip

    @cached_property
    def seed_vectors(self) -> Vectors:
        """Unit vectors of the seeds, shape (n, dim)."""
        return self.tools.vectors(self.seeds)

    @cached_property
    def brief(self) -> Brief:
        """What recipes may know."""
        return outline.make_brief(self.config, self.seeds)

    @cached_property
    def teacher(self) -> Teacher:
        """The configured teacher."""
        made: Teacher = registry.load("teacher", self.config.teacher_kind)(self.config.teacher)
        return made

    @property
    def price(self) -> tuple[Price, str] | None:
        """What the teacher's tokens cost and who says so: the config, or the price list; None if unknown."""
        return price_of(self.teacher)

    def asked(self, whom: Asks) -> str:
        """Who answers such requests here: without a partner the teacher plays both roles."""
        return "model" if whom == "partner" and self.config.partner is None else whom

    @cached_property
    def teachers(self) -> dict[str, Any]:
        """Everybody that the plan's recipes ask, by name: `model`, `partner`, `rules`."""
        wanted = {recipe.asks for recipe, _ in self.recipes.values()}
        found = {"model": self.teacher} if "model" in wanted else {}
        if self.config.partner is not None and any(
            recipe.uses_partner for recipe, _ in self.recipes.values()
        ):
            found["partner"] = self.partner
        return found | ({"rules": self.rules} if "rules" in wanted else {})

    @cached_property
    def rules(self) -> Teacher:
        """The embedded rules, whichever teacher is configured."""
        rules = registry.load("teacher", "rules")
        made: Teacher = rules(rules.Settings())
        return made

    @cached_property
    def partner(self) -> Teacher:
        """Who plays the user in conversations: a second teacher, or the same one."""
        if self.config.partner is None:
            return self.teacher
        made: Teacher = registry.load("teacher", self.config.partner_kind)(self.config.partner)
        return made

    @cached_property
    def panel(self) -> Panel | None:
        """Who judges rows; None where nobody does. Refused for a rubric that says nothing."""
        return make_panel(self.config, self.known_ledger, lambda: [*self.holdout, *self.ood])

    @cached_property
    def recipes(self) -> outline.Weighted:
        """Recipe and weight by name, as configured or by default for teacher and kind of task."""
        made = outline.make_recipes(self.config)
        longest = getattr(self.config.teacher, "max_tokens", None)
        for recipe, _ in made.values():
            recipe.fit(self.seeds, longest)
        return made

    @cached_property
    def inputs(self) -> dict[tuple[str, str], list[Example]]:
        """The owner's further inputs by recipe and cell, without rows that are kept for evaluation."""
        held = {normalise(row.input_text) for row in [*self.holdout, *self.ood]}
        return outline.place_inputs(self.recipes, self.space, held)

    @property
    def target(self) -> int:
        """Accepted synthetic rows wanted: as configured, or 7 for every 3 seeds (30 % real by rows).

        Where teacher and student are of one family it is lowered to 70 % synthetic (policy 12).
        """
        usual = len(self.seeds) * 7 // 3
        wanted = self.config.plan.target or usual
        return min(wanted, usual) if self.one_family else wanted

    @property
    def one_family(self) -> str | None:
        """The family that a teacher and the student share; None where they share none that is known."""
        if self.config.student is None:
            return None
        student = family_of(self.config.student.model)
        teachers = {
            family_of(getattr(s, "model", None) or "") for s in (self.config.teacher, self.config.partner)
        }
        return student if student in teachers else None

    @cached_property
    def teacher_depth(self) -> int:
        """Model generations between real data and teacher: the depth of releases it was trained on."""
        settings = [s for s in (self.config.teacher, self.config.partner) if s is not None]
        names = {name for one in settings for name in one.trained_on}
        return max(
            (outline.release_depth(self.folder / "releases" / name) for name in sorted(names)), default=0
        )

    @cached_property
    def run_id(self) -> str:
        """Names the run that this project describes: equal inputs, equal id; 12 hex digits.

        Everything that decides which rows are accepted is in it; the mix, addresses and prices are not.
        """
        config = self.config
        gates = {
            name: None if s is None else s.model_dump()
            for name, s in config.gates.items()
            if issubclass(registry.load("gate", name), RowGate)
        }
        return digest(
            __version__, config.task.model_dump(), config.output.schema, config.plan.model_dump(),
            content_sha256(self.seeds), [(s.id, s.source.fold) for s in self.seeds],
            content_sha256(self.holdout), content_sha256(self.ood), gates, self.embedder.id, self.teacher.id,
            self.teacher.sampling, self.partner.id, self.partner.sampling, self.teacher_depth, self.target,
            outline.identity(self.recipes), config.review is None, self.panel and self.panel.identity,
        )[:12]  # fmt: skip

    # -- waivers and locks

    def waive(self, gates: tuple[str, ...], by: str | None, because: str | None) -> None:
        """Keep waivers in the ledger (policy 14). Refused for what cannot be waived."""
        if not gates:
            return
        if not (by and by.strip() and because and because.strip()):
            raise InputError("--waive needs a name and a reason: --by NAME --because TEXT")
        known = waivable()
        for gate in gates:
            if family(gate) == "leak":
                raise Refused("leak cannot be waived: a set that trained on its own test proves nothing")
            if gate not in known and family(gate) not in known:
                raise InputError(f"unknown gate {gate!r}; {near_miss(gate, known)}")
        for gate in gates:
            self.ledger.record_waiver(gate, by, because)

    def waived(self, verdict: Verdict) -> Waiver | None:
        """The waiver that covers a verdict: of the gate itself or of its family; None where none can."""
        if verdict.code in UNWAIVABLE or not self.has_ledger:
            return None
        covering = (verdict.gate, verdict.family)
        return next((w for w in self.ledger.waivers() if w.gate in covering), None)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time: a second `run` or `release` on the same folder is told so."""
        state = self.folder / STATE
        state.mkdir(exist_ok=True)
        with (state / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as problem:
                raise InputError(
                    "another seedstock is working on this project", path=self.folder
                ) from problem
            yield


UNWAIVABLE = {"no_real", "no_seeds", "leak", "holdout_changed"}
"""Reason codes that no waiver covers (policy 14)."""


def waivable() -> list[str]:
    """Families that `--waive` accepts, whole or by part: every gate that allows it, and the seeds' checks."""
    return [name for name in registry.names("gate") if registry.load("gate", name).waivable] + ["suitability"]


def no_seeds(bed: Seedbed) -> Verdict:
    """The verdict on a project without a usable seed."""
    reason = "no usable seeds" + (f" ({'; '.join(bed.notes())})" if bed.notes() else "")
    return Verdict("suitability.seeds", "fail", "no_seeds", reason, 0.0, 50.0, n=bed.rows)


def read_data(section: DataSection) -> list[Example]:
    """The real rows of a section of the config."""
    named = section.model_dump(include={"input", "output", "messages", "instruction", "system"})
    fields = Fields(**named) if any(named.values()) else None
    return read_examples(section.path, fields, split=section.split)


def make_embedder(kind: str, settings: EmbedderSettings) -> Embedder:
    """An embedder by kind; nothing is loaded before it embeds."""
    made: Embedder = registry.load("embedder", kind)(settings)
    return made


def _config_in(folder: Path) -> Path:
    if not folder.exists():
        raise InputError("no such folder", path=folder)
    path = folder / FILE_NAME
    if not path.exists():
        raise InputError(
            f"no {FILE_NAME} here; make one with: seedstock init {folder}/NAME --seeds FILE", path=folder
        )
    return path
