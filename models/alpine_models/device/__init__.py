# SPDX-License-Identifier: Apache-2.0
"""Analog physics of a tile: phase-change devices, converters, wires, defects.

`AnalogCrossbar` puts the parts together; each part also stands alone. docs/device.md has the
formulas, their sources and what is left out.
"""

from alpine_models.imperfections import EFFECTS, IDEAL_DEVICE, EffectName

from .adc import (
    HERMES_ADC,
    HERMES_MVM_ERROR,
    IDEAL_ADC,
    AdcConfig,
    Calibration,
    ColumnAdcs,
    GainSpread,
)
from .array import MAX_TIME_S, PcmArray, PcmConfig, ReadNoise
from .compensation import Compensation, drift_compensation
from .constants import (
    HERMES_ONE_DEVICE,
    HERMES_TWO_DEVICE,
    PCM_LIKE,
    PCM_SETS,
    PcmConstants,
    pcm_set,
)
from .crossbar import AnalogConfig, AnalogCrossbar
from .dac import HERMES_DAC, IDEAL_DAC, DacConfig, PulseWidthDac
from .effects import DEVICES
from .faults import NO_FAULTS, ArrayFaults, Polarity, StuckAt, StuckDevice
from .ideal import IDEAL, PUBLISHED, Ideal, Published
from .named import AnalogDevice, analog_device
from .noise import Effect, NoiseKey
from .programming import (
    MAX_ROUNDS,
    ProgrammingCost,
    ProgramVerify,
    pulse_cost,
    row_cost,
    verify_margin,
)
from .reading import DRIVE_UNITS, PcmReading
from .wires import Wires, effective_conductances, exact_conductances

__all__ = [
    "DEVICES",
    "DRIVE_UNITS",
    "EFFECTS",
    "HERMES_ADC",
    "HERMES_DAC",
    "HERMES_MVM_ERROR",
    "HERMES_ONE_DEVICE",
    "HERMES_TWO_DEVICE",
    "IDEAL",
    "IDEAL_ADC",
    "IDEAL_DAC",
    "IDEAL_DEVICE",
    "MAX_ROUNDS",
    "MAX_TIME_S",
    "NO_FAULTS",
    "PCM_LIKE",
    "PCM_SETS",
    "PUBLISHED",
    "AdcConfig",
    "AnalogConfig",
    "AnalogCrossbar",
    "AnalogDevice",
    "ArrayFaults",
    "Calibration",
    "ColumnAdcs",
    "Compensation",
    "DacConfig",
    "Effect",
    "EffectName",
    "GainSpread",
    "Ideal",
    "NoiseKey",
    "PcmArray",
    "PcmConfig",
    "PcmConstants",
    "PcmReading",
    "Polarity",
    "ProgramVerify",
    "ProgrammingCost",
    "Published",
    "PulseWidthDac",
    "ReadNoise",
    "StuckAt",
    "StuckDevice",
    "Wires",
    "analog_device",
    "drift_compensation",
    "effective_conductances",
    "exact_conductances",
    "pcm_set",
    "pulse_cost",
    "row_cost",
    "verify_margin",
]
