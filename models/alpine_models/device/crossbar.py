"""DACs, array and ADCs of one tile: an analog stand-in for the ideal crossbar."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .adc import IDEAL_ADC, AdcConfig, ColumnAdcs
from .array import PcmArray, PcmConfig
from .compensation import Compensation, drift_compensation
from .dac import IDEAL_DAC, DacConfig, PulseWidthDac
from .noise import NoiseKey
from .reading import PcmReading

__all__ = ["AnalogConfig", "AnalogCrossbar"]


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

    Weights int8 [columns, rows] and lsb [columns] are those of `IdealCrossbar`. With everything
    IDEAL the codes are the ideal crossbar's.

    Members
    -------
    reading : PcmReading, the array at the chosen time.
    compensation : float32 [columns], factors applied after conversion.
    """

    def __init__(
        self,
        *,
        weights: NDArray[np.int8],
        lsb: NDArray[np.float64],
        config: AnalogConfig,
        key: NoiseKey,
        time_s: float,
        cycle: int = 0,
    ):
        columns, rows = weights.shape
        array = PcmArray(rows=rows, columns=columns, config=config.array, key=key)
        array.program(weights, cycle=cycle)
        self.reading: PcmReading = array.at(time_s)
        self.compensation: NDArray[np.float32] = drift_compensation(
            array.at(0.0) if config.compensation is not Compensation.NONE else self.reading,
            self.reading,
            config.compensation,
        )
        self._dac = PulseWidthDac(rows=rows, config=config.dac, key=key)
        self._adcs = ColumnAdcs(columns=columns, config=config.adc, key=key)
        self._inputs_are_codes = config.dac == IDEAL_DAC
        self._units_per_code = self.reading.sum_units * np.asarray(lsb, np.float64)

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
        inputs = dac_codes if self._inputs_are_codes else self._dac.drives(dac_codes)
        return self._adcs.codes(
            self.reading.multiply(inputs, product=product),
            units_per_code=self._units_per_code,
            compensation=self.compensation,
            product=product,
        )
