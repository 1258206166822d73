"""Gate `share`: how much of what the student sees is real (policy 9). Never 100 % synthetic."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from seedstock.gates.base import GateSettings, Mixture, SetGate
from seedstock.verdict import Verdict

MAX_SYNTHETIC = 0.8
"""By rows, synthetic is at most this share (policy 9)."""
SELF_PLAY_SHARE = 0.7
"""At most this share where teacher and student are of one family (policy 12)."""


class ShareSettings(GateSettings):
    """Settings of `share`: the floor can be raised, not lowered; below it only a waiver helps."""

    min_real: float = Field(
        0.2, ge=0.2, le=1, description="least share of real rows; below it a release is refused"
    )
    warn_real: float = Field(0.3, ge=0, le=1, description="share of real rows below which the gate warns")


class ShareGate(SetGate):
    """Real share by rows, and by exposure: a repeated seed counts as often as it is repeated."""

    name: ClassVar[str] = "share"
    Settings: ClassVar[type[GateSettings]] = ShareSettings
    optional: ClassVar[bool] = False

    def check(self, mixture: Mixture) -> list[Verdict]:
        """One verdict each for rows and exposure; a file under audit is only told how much of it fits."""
        if mixture.real == 0:
            return [
                Verdict(
                    self.name,
                    "fail",
                    "no_real",
                    "no real rows: never 100 % synthetic",
                    0.0,
                    self.settings.min_real,
                )
            ]
        if mixture.purpose == "audit":
            return [self._audit(mixture)]
        floors = {
            "share.rows": 1 - most_synthetic(mixture.one_family),
            "share.exposure": self.settings.min_real,
        }
        shares = {
            "share.rows": real_share(mixture, 1),
            "share.exposure": real_share(mixture, mixture.repeat_real),
        }
        return [self._verdict(part, shares[part], floor, mixture) for part, floor in floors.items()]

    def _verdict(self, part: str, share: float, floor: float, mixture: Mixture) -> Verdict:
        n = mixture.real + mixture.synthetic
        said = f"{share:.1%} of {'rows' if part == 'share.rows' else 'what the student sees'} are real"
        if share < floor - 1e-9:
            return Verdict(
                part, "fail", "too_synthetic", f"{said}, at least {floor:.0%} wanted", share, floor, n=n
            )
        if share < self.settings.warn_real - 1e-9:
            return Verdict(
                part,
                "warn",
                "few_real",
                f"{said}, {self.settings.warn_real:.0%} is better",
                share,
                floor,
                n=n,
            )
        return Verdict(part, "pass", "ok", said, share, floor, n=n)

    def _audit(self, mixture: Mixture) -> Verdict:
        floor = max(1 - MAX_SYNTHETIC, self.settings.min_real)
        fits = int(mixture.real * (1 - floor) / floor + 1e-9)
        share, n = real_share(mixture, 1), mixture.real + mixture.synthetic
        if mixture.synthetic <= fits:
            return Verdict(
                self.name, "pass", "ok", f"with the seeds, {share:.1%} of rows are real", share, floor, n=n
            )
        reason = f"a mix with these {mixture.real} seeds may hold {fits} of the {mixture.synthetic} kept rows"
        return Verdict(self.name, "warn", "too_many_for_the_seeds", reason, share, floor, n=n)


def most_synthetic(one_family: bool) -> float:
    """The largest allowed share of synthetic rows."""
    return SELF_PLAY_SHARE if one_family else MAX_SYNTHETIC


def real_share(mixture: Mixture, repeat: int) -> float:
    """r·n / (r·n + N) for n real rows shown r times and N synthetic ones."""
    real = repeat * mixture.real
    total = real + mixture.synthetic
    return real / total if total else 0.0
