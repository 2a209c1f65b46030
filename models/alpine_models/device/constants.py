# SPDX-License-Identifier: Apache-2.0
"""Published constants of phase-change memory devices, and the shape of their formulas.

Source of every number: IBM's aihwkit, `inference/noise/pcm.py` and `hermes.py`, whose fits follow
Nandakumar et al. (ICECS 2019) for the 25 uS set, and Khaddam-Aljameh et al. (JSSC 57(4), 2022) and
Le Gallo et al. (Nature Electronics, 2023) for the IBM HERMES Project Chip. In all formulas g is a
conductance divided by g_max.
"""

import math
from dataclasses import dataclass

from alpine_models.choices import choose

__all__ = [
    "HERMES_ONE_DEVICE",
    "HERMES_TWO_DEVICE",
    "PCM_LIKE",
    "PCM_SETS",
    "LogThenPolynomial",
    "PcmConstants",
    "PowerLaw",
    "pcm_set",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogThenPolynomial:
    """clamp(slope ln g + offset, low, high) below the border, sum of c_i g^i from it on.

    Members
    -------
    slope, offset, low, high : float, the logarithmic branch.
    border : float, first g of the polynomial branch; infinity where there is none.
    polynomial : tuple of 4 floats, c_0 to c_3.
    """

    slope: float
    offset: float
    low: float
    high: float
    border: float = math.inf
    polynomial: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerLaw:
    """min(coefficient / max(g^exponent, floor), high)."""

    coefficient: float
    exponent: float
    floor: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PcmConstants:
    """One published set: how a device's conductance scatters, drifts and flickers.

    Members
    -------
    name : as on the command line.
    g_max_us : float, microsiemens
        Largest conductance that was characterised. Targets beyond it are refused.
    t0_s : float, seconds
        From programming to the first read: times after programming count from there.
    t_read_s : float, seconds
        Duration of one read, which bounds the 1/f band from above.
    programming_us : tuple of 4 floats
        c_0 to c_3 of the programming error's standard deviation, in microsiemens.
    drift_mean, drift_spread : mean and device-to-device deviation of the drift exponent nu.
    read_noise : Q, the 1/f amplitude relative to the conductance.
    source : where the set was published.
    """

    name: str
    g_max_us: float
    t0_s: float
    t_read_s: float
    programming_us: tuple[float, float, float, float]
    drift_mean: LogThenPolynomial
    drift_spread: LogThenPolynomial
    read_noise: LogThenPolynomial | PowerLaw
    source: str


_HERMES_DRIFT_MEAN = LogThenPolynomial(
    slope=-0.0387,
    offset=-0.0182,
    low=0.0720,
    high=0.13,
    border=0.0945,
    polynomial=(0.0736, -0.0126, -0.0436, 0.0),
)

PCM_LIKE = PcmConstants(
    name="pcm-like",
    g_max_us=25.0,
    t0_s=20.0,
    t_read_s=250e-9,
    programming_us=(0.26348, 1.9650, -1.1731, 0.0),
    drift_mean=LogThenPolynomial(slope=-0.0155, offset=0.0244, low=0.049, high=0.1),
    drift_spread=LogThenPolynomial(slope=-0.0125, offset=-0.0059, low=0.008, high=0.045),
    read_noise=PowerLaw(coefficient=0.0088, exponent=0.65, floor=1e-3, high=0.2),
    source="aihwkit PCMLikeNoiseModel; Nandakumar et al., ICECS 2019 (doped Ge2Sb2Te5, 90 nm)",
)
"""One device per polarity, 25 uS: the set that most published accuracy studies use."""

HERMES_ONE_DEVICE = PcmConstants(
    name="hermes-1",
    g_max_us=10.35,
    t0_s=200.0,
    t_read_s=512e-9,
    programming_us=(0.15781817, 2.32443916, -2.16310839, 0.68841818),
    drift_mean=_HERMES_DRIFT_MEAN,
    drift_spread=LogThenPolynomial(
        slope=-0.0120,
        offset=-0.0023,
        low=0.0124,
        high=0.04,
        border=0.3039,
        polynomial=(0.0104, 0.0116, -0.0165, 0.0),
    ),
    read_noise=LogThenPolynomial(
        slope=-0.0078,
        offset=0.0038,
        low=0.0179,
        high=0.04,
        border=0.1591,
        polynomial=(0.0088, 0.0768, -0.1352, 0.0664),
    ),
    source="aihwkit HermesNoiseModel(num_devices=1); IBM HERMES Project Chip, 14 nm",
)
"""The HERMES chip with one device per polarity and the conventional programming."""

HERMES_TWO_DEVICE = PcmConstants(
    name="hermes-2",
    g_max_us=20.7,
    t0_s=300.0,
    t_read_s=512e-9,
    programming_us=(0.16603222, 4.71806468, -8.48101252, 4.68961419),
    drift_mean=_HERMES_DRIFT_MEAN,
    drift_spread=LogThenPolynomial(
        slope=-0.0117,
        offset=-0.0057,
        low=0.0091,
        high=0.04,
        border=0.3055,
        polynomial=(0.0073, 0.0093, -0.0118, 0.0),
    ),
    read_noise=LogThenPolynomial(
        slope=-0.0117,
        offset=-0.0069,
        low=0.015,
        high=0.04,
        border=0.16,
        polynomial=(0.0123, 0.0211, -0.0280, 0.0069),
    ),
    source="aihwkit HermesNoiseModel(num_devices=2); IBM HERMES Project Chip, 14 nm",
)
"""The HERMES chip with two devices per polarity, both holding the same conductance."""

PCM_SETS = {
    constants.name: constants for constants in (PCM_LIKE, HERMES_ONE_DEVICE, HERMES_TWO_DEVICE)
}
"""Every published set by name."""


def pcm_set(name: str) -> PcmConstants:
    """Return the set of that name.

    Raises
    ------
    AlpineError
        There is none; the message lists near names.
    """
    return PCM_SETS[choose("device constants", name, PCM_SETS)]
