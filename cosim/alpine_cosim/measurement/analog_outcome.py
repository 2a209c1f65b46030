# SPDX-License-Identifier: Apache-2.0
"""What imperfect chips made of a network: one score per chip, and what that says of all chips."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpine_models.device import AnalogDevice

__all__ = ["AnalogOutcome", "ChipOutcome", "Spread", "analog_outcome"]

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """A quantity over chips.

    Members
    -------
    mean : of the chips.
    deviation : between chips, unbiased; None for one chip.
    low, high : 95 % confidence interval of the mean over all chips, from Student's distribution;
        None for one chip.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one value per chip."""
        mean, count = math.fsum(values) / len(values), len(values)
        if count == 1:
            return cls(mean=mean, deviation=None, low=None, high=None)
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1))
        from scipy.special import stdtrit

        half = float(stdtrit(count - 1, 0.5 + CONFIDENCE / 2)) * deviation / math.sqrt(count)
        return cls(mean=mean, deviation=deviation, low=mean - half, high=mean + half)

    @property
    def half_width(self) -> float | None:
        """Half of the confidence interval."""
        return None if self.high is None else self.high - self.mean


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipOutcome:
    """One chip.

    Members
    -------
    chip : its number.
    accuracy, bits_per_character : scores, or None where the network has none.
    output_error : root mean square of the outputs' deviation from the ideal ones, relative to the
        root mean square of those.
    outputs_sha256 : of its outputs.
    """

    chip: int
    accuracy: float | None
    bits_per_character: float | None
    output_error: float
    outputs_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalogOutcome:
    """All chips of a run.

    Members
    -------
    effects : imperfections by name, with sizes where they were given.
    after_s : seconds between programming and the run.
    compensation : of drift; none, tile or column.
    adc_bits : resolution of the ADC codes.
    verify_margin : programmed cells that were off by more, in weights, were written again; or None.
    chips : each chip.
    accuracy, bits_per_character, output_error : over the chips.
    """

    effects: tuple[str, ...]
    after_s: float
    compensation: str
    adc_bits: int
    verify_margin: float | None
    chips: tuple[ChipOutcome, ...]
    accuracy: Spread | None
    bits_per_character: Spread | None
    output_error: Spread


Score = Callable[[NDArray[Any]], float]


def analog_outcome(
    device: AnalogDevice,
    outputs: Sequence[NDArray[Any]],
    golden: NDArray[Any],
    *,
    accuracy: Score | None,
    bits_per_character: Score | None,
) -> AnalogOutcome:
    """Return the outcome of chips 0, 1, ... from their outputs [inferences, outputs]."""
    chips = tuple(
        ChipOutcome(
            chip=chip,
            accuracy=None if accuracy is None else accuracy(values),
            bits_per_character=None if bits_per_character is None else bits_per_character(values),
            output_error=relative_error(values, golden),
            outputs_sha256=hashlib.sha256(values.tobytes()).hexdigest(),
        )
        for chip, values in enumerate(outputs)
    )
    return AnalogOutcome(
        effects=device.effects,
        after_s=device.after_s,
        compensation=device.config.compensation.value,
        adc_bits=device.config.adc.bits,
        verify_margin=device.verify_margin,
        chips=chips,
        accuracy=_over([chip.accuracy for chip in chips]),
        bits_per_character=_over([chip.bits_per_character for chip in chips]),
        output_error=Spread.of([chip.output_error for chip in chips]),
    )


def relative_error(values: NDArray[Any], golden: NDArray[Any]) -> float:
    """Return the root mean square of the difference, relative to that of ``golden``."""
    exact = golden.astype(np.float64)
    scale = math.sqrt(float(np.mean(exact**2)))
    error = math.sqrt(float(np.mean((values.astype(np.float64) - exact) ** 2)))
    return error / scale if scale else error


def _over(values: Sequence[float | None]) -> Spread | None:
    present = [value for value in values if value is not None]
    return Spread.of(present) if present else None
