# SPDX-License-Identifier: Apache-2.0
"""DACs, array and ADCs of one tile: an analog stand-in for the ideal crossbar."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .adc import IDEAL_ADC, AdcConfig, ColumnAdcs
from .array import PcmArray, PcmConfig, ReadNoise
from .compensation import Compensation, drift_compensation
from .dac import IDEAL_DAC, DacConfig, PulseWidthDac
from .noise import NoiseKey
from .reading import PcmReading

__all__ = ["AnalogConfig", "AnalogCrossbar"]

VERIFY_READINGS = 1 << 32
"""Number of the first reading that serves verification."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalogConfig:
    """Everything that makes a tile's arithmetic inexact.

    Members
    -------
    array : PcmConfig. dac : DacConfig. adc : AdcConfig.
    compensation : Compensation, of drift, against a reading right after programming.
    """

    array: PcmConfig
    dac: DacConfig = field(default=IDEAL_DAC)
    adc: AdcConfig = field(default=IDEAL_ADC)
    compensation: Compensation = Compensation.NONE


class AnalogCrossbar:
    """A programmed tile at one time after programming: DAC codes in, ADC codes out.

    Weights int8 [columns, rows] and lsb [columns] are those of `IdealCrossbar`; cells outside
    `programmed`, a mask of the weights' shape, conduct nothing. With everything IDEAL the codes are
    the ideal crossbar's.

    Members
    -------
    array : PcmArray, as it was programmed.
    reading : PcmReading, the array at the chosen time.
    compensation : float32 [columns], factors applied after conversion.
    dac : PulseWidthDac. adcs : ColumnAdcs.
    units_per_code : float64 [columns], units of the reading's sums per ADC code.
    """

    reading: PcmReading
    _readable: PcmReading
    _time_s: float
    compensation: NDArray[np.float32]

    def __init__(
        self,
        *,
        weights: NDArray[np.int8],
        lsb: NDArray[np.float64],
        config: AnalogConfig,
        key: NoiseKey,
        time_s: float,
        cycle: int = 0,
        programmed: NDArray[np.bool_] | Literal["all"] = "all",
    ):
        columns, rows = weights.shape
        self.array = PcmArray(rows=rows, columns=columns, config=config.array, key=key)
        self.array.program(weights, cycle=cycle, programmed=programmed)
        self.dac = PulseWidthDac(rows=rows, config=config.dac, key=key)
        self.adcs = ColumnAdcs(columns=columns, config=config.adc, key=key)
        self._config, self._weights = config, weights.copy()
        self._fresh: PcmReading | None = None
        self.age(time_s)
        self.units_per_code: NDArray[np.float64] = self.reading.sum_units * np.asarray(
            lsb, np.float64
        )

    def age(self, time_s: float) -> None:
        """Move to another time after programming, seconds; the devices stay the same ones."""
        self.reading = self._readable = self.array.at(time_s)
        self._time_s = time_s
        scope, fresh = self._config.compensation, self._fresh
        if fresh is None:
            fresh = self.reading if scope is Compensation.NONE else self.array.at(0.0)
            self._fresh = fresh
        self.compensation = drift_compensation(fresh, self.reading, scope)

    def rewrite(self, cells: NDArray[np.bool_], *, cycle: int) -> None:
        """Program some cells, bool [columns, rows], once more, with errors of that cycle."""
        self.array.rewrite(self._weights, cells, cycle=cycle)
        self._fresh = None
        self.age(self._time_s)

    def verify_read(self, number: int) -> NDArray[np.int8]:
        """Return weights int8 [columns, rows] found right after programming, with read noise.

        Each `number` has noise of its own. `read_back` answers with them until the next `age`.
        """
        # The first readings belong to evaluations.
        reading = VERIFY_READINGS + number
        self._readable = self.array.at(0.0, reading=reading, read_noise=ReadNoise.FROZEN)
        return self.read_back

    @property
    def read_back(self) -> NDArray[np.int8]:
        """Weights int8 [columns, rows] that CM_PARAM_READ finds: conductances, rounded."""
        weights = np.rint(self._readable.conductances / np.float32(self._readable.steps_per_weight))
        return np.clip(weights, -128, 127).astype(np.int8)

    def multiply(self, dac_codes: NDArray[np.int8], *, product: int) -> NDArray[np.int8]:
        """Return the ADC codes of one or many vectors of DAC codes.

        Parameters
        ----------
        dac_codes : int8 [n, rows] or [rows].
        product : int, number of the first product on this tile; a batch takes the next ones.

        Returns
        -------
        int8 [n, columns] or [columns]
        """
        ideal = self._config.dac == IDEAL_DAC
        return self.adcs.codes(
            self.reading.multiply(
                dac_codes if ideal else self.dac.drives(dac_codes), product=product
            ),
            units_per_code=self.units_per_code,
            compensation=self.compensation,
            product=product,
        )
