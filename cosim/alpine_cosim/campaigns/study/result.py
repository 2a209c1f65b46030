# SPDX-License-Identifier: Apache-2.0
"""What a study found."""

import json
from dataclasses import asdict, dataclass

from alpine_cosim.measurement.analog_outcome import Spread

__all__ = ["PointResult", "StudyResult"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PointResult:
    """One point of a curve.

    Members
    -------
    x, label : as planned.
    score : accuracy or bits per character over the chips, or None where the network has neither.
    output_error : over the chips.
    chips : the score (where there is none, the output error) of every chip.
    """

    x: float
    label: str
    score: Spread | None
    output_error: Spread
    chips: tuple[float, ...]

    @property
    def shown(self) -> Spread:
        """What table and picture show."""
        return self.score or self.output_error


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyResult:
    """A finished study.

    Members
    -------
    kind, title, axis : as planned.
    network, case, samples, weights, seed, chips : what was looked at.
    device, effects, verify_margin : what the chips are, as in `alpine_models.device.AnalogDevice`.
    quantity : ``accuracy``, ``bits per character`` or ``error of the outputs``.
    ideal : the same of the ideal device.
    curves : points by the curve's label.
    """

    kind: str
    title: str
    axis: str
    network: str
    case: str
    samples: int
    weights: str | None
    seed: int
    chips: int
    device: str
    effects: tuple[str, ...]
    verify_margin: float | None
    quantity: str
    ideal: float
    curves: dict[str, list[PointResult]]

    def to_json(self) -> str:
        """Return all members as an indented JSON object."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def cost(self, point: PointResult) -> float:
        """How much worse than the ideal device a point is."""
        worse = self.ideal - point.shown.mean
        return worse if self.quantity == "accuracy" else -worse
