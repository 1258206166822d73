"""Verdict: what a gate says about one row or about a set, always with a reason and a figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["pass", "warn", "fail", "not_enough_data", "skipped"]


def family(gate: str) -> str:
    """The family of a gate or of a part of one: `relevance` of `relevance.sql`."""
    return gate.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer of one gate.

    `gate` is `family` or `family.part`. `code` names the reason for machines, `reason` for people.
    `figure` and `threshold` are in the gate's own unit, so that another threshold can be tried on
    recorded figures. `evidence` holds what a person needs to agree or disagree: the neighbour, the
    failing path, the quoted text. `interval`, `p_value` and `n` are for set gates.
    """

    gate: str
    status: Status
    code: str = "ok"
    reason: str = ""
    figure: float | None = None
    threshold: float | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    n: int | None = None

    @property
    def family(self) -> str:
        """The family of its gate."""
        return family(self.gate)

    @property
    def passed(self) -> bool:
        """True unless the gate stops the row or the set: a warning passes."""
        return self.status in ("pass", "warn", "skipped")

    def to_json(self) -> dict[str, Any]:
        """The keys that design.md promises for gate results; optional ones only where they exist."""
        out: dict[str, Any] = {
            "gate": self.gate, "status": self.status, "code": self.code, "figure": self.figure,
            "threshold": self.threshold, "n": self.n, "reason": self.reason,
        }  # fmt: skip
        if self.evidence:
            out["evidence"] = self.evidence
        if self.interval is not None:
            out["interval"] = list(self.interval)
        if self.p_value is not None:
            out["p_value"] = self.p_value
        return out

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """The inverse of `to_json`."""
        interval = data.get("interval")
        return cls(
            gate=data["gate"], status=data["status"], code=data.get("code", "ok"), reason=data["reason"],
            figure=data["figure"], threshold=data["threshold"], evidence=data.get("evidence", {}),
            interval=None if interval is None else (interval[0], interval[1]),
            p_value=data.get("p_value"), n=data["n"],
        )  # fmt: skip
