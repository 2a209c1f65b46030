# SPDX-License-Identifier: Apache-2.0
"""Analog-to-digital conversion by counting oscillator periods, and its calibration."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from alpine_models.checks import is_whole
from alpine_models.errors import AlpineError
from alpine_models.tile import CODE_MAX

from .adc_kernel import AdcArrays, convert
from .ideal import IDEAL, Ideal, OutOfRangeError
from .noise import Effect, NoiseKey, line_normals, line_uniforms

__all__ = [
    "HERMES_ADC",
    "HERMES_MVM_ERROR",
    "IDEAL_ADC",
    "AdcConfig",
    "Calibration",
    "ColumnAdcs",
    "GainSpread",
]


class Calibration(Enum):
    """What is done digitally with each column's counts."""

    NONE = "none"
    """Counts are scaled by the design value; gains and offsets show."""
    PER_COLUMN = "per-column"
    """Counts are multiplied by the reciprocal of the column's own gain after its own offset is
    taken off, both held in half precision, as HERMES's digital unit does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GainSpread:
    """Gains are normal around 1, cut to 1 +- bound.

    Members
    -------
    sigma : float, relative. bound : float, relative, at least sigma and below 1.

    Raises
    ------
    AlpineError
        Not 0 < sigma <= bound < 1.
    """

    sigma: float
    bound: float

    def __post_init__(self) -> None:
        if not 0.0 < self.sigma <= self.bound < 1.0:
            raise OutOfRangeError(
                f"gain spread sigma {self.sigma!r}, bound", self.bound, "0 < sigma <= bound < 1"
            )


_RANGES = {
    # name: (least, most, what it is in words); the least is excluded.
    "offset_codes": (0.0, 64.0, "codes"),
    "inl_codes": (0.0, 8.0, "codes"),
    "saturation": (0.0, 16.0, "multiples of the 127-code range"),
    "noise": (0.0, 1.0, "a share of the 127-code range"),
    "mvm_error": (0.0, 1.0, "a share of the 127-code range"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AdcConfig:
    """Imperfections of the column ADCs, each on or off alone.

    Full scale is what 127 codes stand for in a column: 127 lsb. The array's current range is taken
    to be matched to it.

    Members
    -------
    bits : int, 2 to 8
        Resolution of the code handed on: codes are multiples of 2^(8 - bits).
    full_scale_counts : int, 1 to 4095, or IDEAL
        Oscillator periods at full scale, separately for positive and negative charge; the counters
        have 12 bits.
    gain : GainSpread or IDEAL.
    offset_codes : float or IDEAL
        Standard deviation of the offset. Not published for HERMES, whose residual is trimmed.
    inl_codes : float or IDEAL
        Bound of the integral non-linearity. Each polarity of each column bends along the
        oscillator's transfer u (1 + B) / (1 + B u), by an amount uniform within the bound.
    saturation : float or IDEAL
        Input at which the current stops rising, relative to full scale.
    noise : float or IDEAL
        Deviation at full scale of the noise of one integration, relative to full scale. It grows
        with the square root of the signal, as the accumulated jitter of an oscillator does with
        the periods it counts. No source gives its size.
    mvm_error : float or IDEAL
        Deviation, relative to full scale, of one normal error per product and column that stands
        for everything between input codes and output codes. For arrays without physics of their
        own; not together with `noise`.
    calibration : Calibration.

    Raises
    ------
    AlpineError
        A member is out of range.
    """

    bits: int = 8
    full_scale_counts: int | Ideal = IDEAL
    gain: GainSpread | Ideal = IDEAL
    offset_codes: float | Ideal = IDEAL
    inl_codes: float | Ideal = IDEAL
    saturation: float | Ideal = IDEAL
    noise: float | Ideal = IDEAL
    mvm_error: float | Ideal = IDEAL
    calibration: Calibration = Calibration.NONE

    def __post_init__(self) -> None:
        if not is_whole(self.bits, 2, 8):
            raise AlpineError(f"ADC bits {self.bits!r} is refused: give 2 to 8")
        counts = self.full_scale_counts
        if counts is not IDEAL and not is_whole(counts, 1, 4095):
            raise OutOfRangeError(
                "full_scale_counts", counts, "1 to 4095, what a 12-bit counter holds"
            )
        for name, (least, most, unit) in _RANGES.items():
            value = getattr(self, name)
            if value is not IDEAL and not least < value <= most:
                raise OutOfRangeError(name, value, f"{unit} above {least:g} and up to {most:g}")
        if self.noise is not IDEAL and self.mvm_error is not IDEAL:
            raise AlpineError(
                "noise and mvm_error together count the integration's noise twice: make one IDEAL"
            )


IDEAL_ADC = AdcConfig()
"""clamp(rint(dot product / lsb), -128, 127) and nothing else."""

HERMES_ADC = AdcConfig(
    full_scale_counts=422,
    gain=GainSpread(sigma=0.0709, bound=0.21),
    inl_codes=0.8,
    saturation=1.0,
    calibration=Calibration.PER_COLUMN,
)
"""Khaddam-Aljameh et al., JSSC 2022: 3.3 GHz for 128 ns; residual gain sigma 2.48 MHz/uA = 7.09 %
within +-21 %, equalised digitally; saturation at I_max = 100 uA; INL within +-1 LSB, of which half
a count is 0.15 and the transfer is left 0.8."""

HERMES_MVM_ERROR = AdcConfig(mvm_error=0.0194)
"""The measured error of whole products, 8-bit against float32: normal, sigma 1.94 %
(Khaddam-Aljameh et al., JSSC 2022). Relative to what is not recorded; here to full scale, where the
device model agrees: 2.1 % from `HERMES_TWO_DEVICE`, `HERMES_DAC` and `HERMES_ADC`."""


class ColumnAdcs:
    """One ADC per bit line.

    Members
    -------
    config : AdcConfig.
    gains, offsets : float64 [columns], drawn for this chip and tile.
    arrays : AdcArrays, everything that differs by column, as compiled code takes it.
    """

    def __init__(self, *, columns: int, config: AdcConfig, key: NoiseKey):
        self.config, self._key = config, key
        self.gains: NDArray[np.float64] = np.ones(columns)
        self.offsets: NDArray[np.float64] = np.zeros(columns)
        if isinstance(config.gain, GainSpread):
            deviation = config.gain.sigma * line_normals(key, Effect.ADC_GAIN, columns)
            self.gains += np.clip(deviation, -config.gain.bound, config.gain.bound)
        if isinstance(config.offset_codes, float | int):
            self.offsets += config.offset_codes * line_normals(key, Effect.ADC_OFFSET, columns)
        scales, corrections = np.ones(columns), np.zeros(columns)
        if config.calibration is Calibration.PER_COLUMN:
            scales = (1.0 / self.gains).astype(np.float16).astype(np.float64)
            corrections = self.offsets.astype(np.float16).astype(np.float64)
        self.arrays = AdcArrays(
            self.gains,
            self.offsets,
            self._bends(columns, Effect.ADC_LINEARITY_POSITIVE),
            self._bends(columns, Effect.ADC_LINEARITY_NEGATIVE),
            scales,
            corrections,
        )

    def codes(
        self,
        sums: NDArray[np.int64],
        *,
        units_per_code: NDArray[np.float64],
        compensation: NDArray[np.float32],
        product: int,
    ) -> NDArray[np.int8]:
        """Return the codes of one or many products' column sums.

        Parameters
        ----------
        sums : int64 [n, columns] or [columns], from `PcmReading.multiply`.
        units_per_code : float64 [columns], `sum_units` of the reading times the column's lsb.
        compensation : float32 [columns], factors applied digitally after counting.
        product : int, number of the first product, for the noise of the integration.

        Returns
        -------
        int8, of the shape of `sums`
        """
        rows = np.atleast_2d(sums)
        result = np.empty(rows.shape, np.int8)
        units, factors = (np.asarray(v, np.float64) for v in (units_per_code, compensation))
        saturation, noise, error, counts = self.effect_sizes
        for n, row in enumerate(rows):
            # Without noise any array serves: its numbers are multiplied by nothing.
            normals = self.gains
            if noise > 0.0 or error > 0.0:
                normals = line_normals(self._key, Effect.ADC_NOISE, len(row), product + n)
            convert(
                row,
                units,
                self.arrays,
                factors,
                saturation,
                noise,
                error,
                normals,
                counts,
                self.step,
                result[n],
            )
        return result if sums.ndim == 2 else result[0]

    @property
    def effect_sizes(self) -> tuple[float, float, float, float]:
        """Saturation, noise and error in codes, and counts, as compiled code takes them."""
        config = self.config
        return (
            _or_zero(config.saturation),
            _or_zero(config.noise) * CODE_MAX,
            _or_zero(config.mvm_error) * CODE_MAX,
            _or_zero(config.full_scale_counts),
        )

    @property
    def step(self) -> int:
        """Distance between neighbouring codes."""
        return 1 << 8 - self.config.bits

    def _bends(self, columns: int, effect: Effect) -> NDArray[np.float64]:
        """Return B of each column's transfer.

        u (1 + B) / (1 + B u) leaves the straight line most at u = 1 / (1 + sqrt(1 + B)), by
        (sqrt(1 + B) - 1) / (sqrt(1 + B) + 1): solved for B at a peak of `size` codes.
        """
        if not isinstance(self.config.inl_codes, float | int):
            return np.zeros(columns)
        size = self.config.inl_codes * (2.0 * line_uniforms(self._key, effect, columns) - 1.0)
        root = (CODE_MAX + size) / (CODE_MAX - size)
        return root * root - 1.0


def _or_zero(value: float | Ideal) -> float:
    return float(value) if isinstance(value, float | int) else 0.0
