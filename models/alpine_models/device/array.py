# SPDX-License-Identifier: Apache-2.0
"""A phase-change memory array: programmed once, read at a time, multiplied exactly."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alpine_models.errors import AlpineError
from alpine_models.tile import MAX_LINES

from .constants import PcmConstants
from .faults import NO_FAULTS, ArrayFaults
from .formulas import coefficients, logarithm, read_spread
from .ideal import IDEAL, PUBLISHED, Ideal, Published
from .kernels import draw_devices, read_devices, round_variances
from .noise import Effect, NoiseKey, product_words
from .reading import PcmReading
from .wires import Wires, effective_conductances, interleave, split

__all__ = ["MAX_TIME_S", "PcmArray", "PcmConfig", "ReadNoise"]

GRID_STEPS = 1 << 14
"""Most grid steps in the conductance range; int16 holds twice as many."""

HEADROOM = 8.5
"""Programming errors in the narrowest range accepted: six deviations of both devices of a pair
beyond the largest weight then still fit the grid's 16 bits."""

MAX_TIME_S = 10 * 365.25 * 86400
"""Ten years: this project's limit to how far the power laws of drift and noise are followed."""

Float = NDArray[np.float64]
Byte = NDArray[np.int8]


class ReadNoise(Enum):
    """When the 1/f noise of a device takes a new value.

    The published deviation is of one device at one time against the formula; how much of it
    changes between two products is not published, so both limits are offered.
    """

    EVERY_PRODUCT = "every-product"
    """Independent in every product: drawn once per column, with the column's exact moments."""
    FROZEN = "frozen"
    """Drawn once per device when the array is read, as aihwkit does per evaluation time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PcmConfig:
    """Which physics an array has and how weights become conductances.

    A weight w > 0 is held by the positive device of a pair at g_min + w (g_max - g_min) /
    weight_range, the negative one staying at g_min; w < 0 the other way round.

    Members
    -------
    constants : PcmConstants. Everything outside the set's range is refused.
    weight_range : int, 1 to 128
        Weight that g_max holds. The source uses the largest magnitude present in the tile.
    g_min_us, g_max_us : float, microsiemens; g_max_us is the set's own unless given (PUBLISHED).
    programming, drift : PUBLISHED or IDEAL.
    read_noise : ReadNoise or IDEAL.
    wires : Wires or IDEAL, the resistance of word and bit lines.
    faults : ArrayFaults.

    Raises
    ------
    AlpineError
        A range is empty, outside what was characterised, or cannot hold the weights.
    """

    constants: PcmConstants
    weight_range: int = 127
    g_min_us: float = 0.0
    g_max_us: float | Published = PUBLISHED
    programming: Published | Ideal = PUBLISHED
    drift: Published | Ideal = PUBLISHED
    read_noise: ReadNoise | Ideal = ReadNoise.EVERY_PRODUCT
    wires: Wires | Ideal = IDEAL
    faults: ArrayFaults = NO_FAULTS

    def __post_init__(self) -> None:
        if self.weight_range not in range(1, 129):
            raise AlpineError(
                f"weight_range {self.weight_range!r} is refused: give the largest magnitude of an "
                f"8-bit weight, 1 to 128"
            )
        top = self.g_top_us
        if not 0.0 < top <= self.constants.g_max_us:
            raise AlpineError(
                f"g_max_us {top!r} is refused: {self.constants.name} devices are characterised "
                f"above 0 and up to {self.constants.g_max_us:g} uS"
            )
        if not 0.0 <= self.g_min_us < top:
            raise AlpineError(
                f"g_min_us {self.g_min_us!r} is refused: give at least 0 and less than "
                f"g_max_us, {top:g} uS"
            )
        relative = top / self.constants.g_max_us
        deviation_us = sum(c * relative**i for i, c in enumerate(self.constants.programming_us))
        if top - self.g_min_us < HEADROOM * deviation_us:
            raise AlpineError(
                f"conductances from {self.g_min_us:g} to {top:g} uS cannot represent weights: the "
                f"programming error there is {deviation_us:.3g} uS and the range must be "
                f"{HEADROOM:g} times as wide; widen it"
            )

    @property
    def g_top_us(self) -> float:
        """Conductance of the largest weight, microsiemens."""
        top = self.g_max_us
        return top if isinstance(top, float | int) else self.constants.g_max_us

    @property
    def steps_per_weight(self) -> int:
        """Grid steps per unit of weight: the largest that keeps the range within 2^14 steps."""
        return GRID_STEPS // self.weight_range

    @property
    def grid_us(self) -> float:
        """Step of the conductance grid, microsiemens.

        Weights lie exactly on it. It is at most 0.0062 % of the range; rounding to it errs by less
        than 0.002 %, hundreds of times below the smallest programming error (1 % of g_max).
        """
        return (self.g_top_us - self.g_min_us) / (self.weight_range * self.steps_per_weight)


class PcmArray:
    """Differential pairs of phase-change memory devices at the crossings of word and bit lines.

    Members
    -------
    rows, columns : int. config : PcmConfig. key : NoiseKey, which physical array it is.
    conductances : float32 [2, columns, rows], programmed, in units of the set's g_max; the
    positive devices first.
    exponents : float32 [2, columns, rows], drift exponents.

    Raises
    ------
    AlpineError
        A side is not 1 to 65536 lines, or a listed fault lies outside the array.
    """

    def __init__(self, *, rows: int, columns: int, config: PcmConfig, key: NoiseKey):
        for name, value in (("rows", rows), ("columns", columns)):
            if not 1 <= value <= MAX_LINES:
                raise AlpineError(
                    f"{name} {value!r} is refused: an array has 1 to {MAX_LINES} lines a side"
                )
        self.rows, self.columns, self.config, self.key = rows, columns, config, key
        self._coefficients = coefficients(config.constants)
        self._stuck = config.faults.stuck(rows, columns, key)
        self._open = config.faults.open(columns, key)
        self.conductances: NDArray[np.float32] = np.zeros((2, columns, rows), np.float32)
        self.exponents: NDArray[np.float32] = np.zeros((2, columns, rows), np.float32)
        self._insert_stuck()

    def program(
        self,
        weights: Byte,
        *,
        cycle: int = 0,
        programmed: NDArray[np.bool_] | Literal["all"] = "all",
    ) -> None:
        """Program every cell; the time after programming starts anew.

        Parameters
        ----------
        weights : int8 [columns, rows].
        cycle : int, how often the array was programmed before: each time errs anew.
        programmed : bool [columns, rows], or "all"
            Which cells are written. The others conduct nothing, as in a tile before
            CM_INITIALIZE.

        Raises
        ------
        AlpineError
            A shape is wrong, a weight exceeds `weight_range`, or `cycle` is out of range.
        """
        shape = (self.columns, self.rows)
        if weights.dtype != np.int8 or weights.shape != shape:
            raise AlpineError(
                f"weights are {weights.dtype} with the shape {weights.shape}: give int8 [columns, "
                f"rows] = {shape}"
            )
        magnitudes = np.abs(weights.astype(np.int16))
        largest = int(magnitudes.max())
        if largest > self.config.weight_range:
            raise AlpineError(
                f"weight magnitude {largest} does not fit weight_range "
                f"{self.config.weight_range}: raise it to {largest}"
            )
        unit = self.config.constants.g_max_us
        low = self.config.g_min_us / unit
        span = (self.config.g_top_us - self.config.g_min_us) / unit
        written = np.ones(shape, np.bool_) if isinstance(programmed, str) else programmed
        if written.shape != shape:
            raise AlpineError(
                f"the mask of programmed cells has the shape {written.shape}: give {shape}"
            )
        draw_devices(
            self._coefficients,
            weights,
            written,
            low + span * (np.arange(largest + 1) / self.config.weight_range),
            self.key.words,
            product_words(cycle, Effect.DEVICE),
            self.config.programming is PUBLISHED,
            self.config.drift is PUBLISHED,
            self.conductances,
            self.exponents,
        )
        self._insert_stuck()

    def rewrite(self, weights: Byte, cells: NDArray[np.bool_], *, cycle: int) -> None:
        """Program some cells once more; the others stay as they are.

        Parameters
        ----------
        weights : int8 [columns, rows]. cells : bool [columns, rows], which are written.
        cycle : int, how often they were programmed before.

        Raises
        ------
        AlpineError
            As `program`.
        """
        kept, exponents = self.conductances.copy(), self.exponents.copy()
        self.program(weights, cycle=cycle, programmed=cells)
        self.conductances[:, ~cells] = kept[:, ~cells]
        self.exponents[:, ~cells] = exponents[:, ~cells]

    def at(
        self, time_s: float, *, reading: int = 0, read_noise: ReadNoise | Literal["own"] = "own"
    ) -> PcmReading:
        """Return what products meet at a time after programming.

        Parameters
        ----------
        time_s : float, seconds since programming ended, 0 to ten years.
        reading : int
            Number of this reading, from which frozen read noise is drawn.
        read_noise : when noise takes new values, in place of the configuration's, if that has any.

        Raises
        ------
        AlpineError
            The time or the number is out of range.
        """
        if not 0.0 <= time_s <= MAX_TIME_S:
            raise AlpineError(
                f"time after programming {time_s!r} s is refused: give 0 s to ten years "
                f"({MAX_TIME_S:g} s); the drift law is not followed further"
            )
        constants, config = self.config.constants, self.config
        mean = np.empty(self.conductances.shape)
        variance = np.empty(self.conductances.shape)
        noisy = config.read_noise is not IDEAL
        kind = config.read_noise if isinstance(read_noise, str) else read_noise
        read_devices(
            self._coefficients,
            self.conductances,
            self.exponents,
            logarithm((time_s + constants.t0_s) / constants.t0_s),
            read_spread(time_s + constants.t0_s, constants.t_read_s) if noisy else 0.0,
            kind is ReadNoise.FROZEN,
            self.key.words,
            product_words(reading, Effect.READ_FROZEN),
            mean,
            variance,
        )
        mean *= constants.g_max_us
        variance *= constants.g_max_us**2
        if isinstance(config.wires, Wires):
            mean, variance = _behind_wires(mean, variance, config.wires)
        return self._on_grid(mean[0] - mean[1], variance[0] + variance[1])

    def _on_grid(self, difference_us: Float, variance_us2: Float) -> PcmReading:
        grid_us = self.config.grid_us
        conductances = np.clip(np.rint(difference_us / grid_us), -32767, 32767).astype(np.int16)
        conductances[self._open] = 0
        variance_us2[self._open] = 0.0
        steps = np.empty(conductances.shape, np.uint8)
        unit = np.empty(self.columns)
        round_variances(variance_us2 / (grid_us * grid_us), steps, unit)
        return PcmReading(
            conductances=conductances,
            variance_steps=steps,
            variance_unit=unit,
            steps_per_weight=self.config.steps_per_weight,
            weight_range=self.config.weight_range,
            key=self.key,
        )

    def _insert_stuck(self) -> None:
        stuck = ~np.isnan(self._stuck)
        self.conductances[stuck] = self._stuck[stuck]
        self.exponents[stuck] = 0.0


def _behind_wires(mean: Float, variance: Float, wires: Wires) -> tuple[Float, Float]:
    """Return moments of the effective conductances, both [2, columns, rows].

    A device's fluctuation reaches the foot of its bit line as its conductance does, so deviations
    shrink by the same share.
    """
    effective = np.stack(split(effective_conductances(interleave(mean[0], mean[1]), wires)))
    share = np.divide(effective, mean, out=np.ones_like(mean), where=mean > 0.0)
    return effective, variance * share * share
