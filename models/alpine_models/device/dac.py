# SPDX-License-Identifier: Apache-2.0
"""Digital-to-analog conversion by pulse width: quantisation, range, non-linearity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alpine_models.checks import is_whole
from alpine_models.tile import CODE_MAX, CODE_MIN

from .ideal import IDEAL, Ideal, OutOfRangeError
from .noise import Effect, NoiseKey, line_uniforms
from .reading import DRIVE_UNITS

__all__ = ["HERMES_DAC", "IDEAL_DAC", "DacConfig", "PulseWidthDac"]

MAX_INL_CODES = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DacConfig:
    """How a code becomes a pulse.

    Members
    -------
    pulse_bits : int from 2 to 8, or IDEAL
        Sign and magnitude: pulses are whole multiples of 2^(8 - bits) codes, up to
        2^(bits - 1) - 1 of them; a code of -128 is therefore cut to -127 at 8 bits. IDEAL keeps
        every code as it is.
    inl_codes : float, codes, or IDEAL
        Bound of the integral non-linearity. Each DAC bends by an amount that is uniform within
        the bound, along u (1 - u^2) with u = code / 127: odd, with exact ends. Bound as published
        where HERMES is named; distribution and shape are this project's choice.

    Raises
    ------
    AlpineError
        A member is out of range.
    """

    pulse_bits: int | Ideal = IDEAL
    inl_codes: float | Ideal = IDEAL

    def __post_init__(self) -> None:
        if self.pulse_bits is not IDEAL and not is_whole(self.pulse_bits, 2, 8):
            raise OutOfRangeError("pulse_bits", self.pulse_bits, "2 to 8")
        if self.inl_codes is not IDEAL and not 0.0 < self.inl_codes <= MAX_INL_CODES:
            raise OutOfRangeError(
                "inl_codes", self.inl_codes, f"codes above 0 and up to {MAX_INL_CODES:g}"
            )


IDEAL_DAC = DacConfig()
"""Every code is driven exactly."""

HERMES_DAC = DacConfig(pulse_bits=8, inl_codes=1.0)
"""1 GHz modulator, sign and 7-bit magnitude, integral non-linearity within +-1 LSB
(Khaddam-Aljameh et al., JSSC 2022)."""


class PulseWidthDac:
    """One DAC per word line.

    Members
    -------
    table : int16 [rows, 256], or [1, 256] where all rows are alike
        Drive of each code, in `DRIVE_UNITS` a code; code c is at place c + 128.
    """

    def __init__(self, *, rows: int, config: DacConfig, key: NoiseKey):
        codes = np.arange(CODE_MIN, CODE_MAX + 1, dtype=np.float64)
        if isinstance(config.pulse_bits, int):
            step = 1 << 8 - config.pulse_bits
            most = (1 << config.pulse_bits - 1) - 1
            codes = np.clip(np.rint(codes / step), -most, most) * step
        drives = codes[np.newaxis]
        if isinstance(config.inl_codes, float | int):
            size = config.inl_codes * (2.0 * line_uniforms(key, Effect.DAC_LINEARITY, rows) - 1.0)
            drives = codes + size[:, np.newaxis] * bend(codes / CODE_MAX)
        self.table: NDArray[np.int16] = np.rint(drives * DRIVE_UNITS).astype(np.int16)

    def drives(self, codes: NDArray[np.int8]) -> NDArray[np.int16]:
        """Return the drives of int8 codes, [n, rows] or [rows], of the same shape."""
        places = codes.astype(np.int64) - CODE_MIN
        if len(self.table) == 1:
            return self.table[0, places]
        return self.table[np.arange(len(self.table)), places]


def bend(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return u (1 - u^2), scaled to a largest magnitude of 1 between u = -1 and 1.

    The largest value, at u = 1/sqrt(3), is 2 / (3 sqrt(3)).
    """
    return u * (1.0 - u * u) * (1.5 * 3.0**0.5)
