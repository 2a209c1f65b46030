# SPDX-License-Identifier: Apache-2.0
"""What each imperfection changes in the configuration of an analog crossbar."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from alpine_models.errors import AlpineError
from alpine_models.extension_points import ExtensibleTable
from alpine_models.imperfections import DEVICE_NAMES, EFFECTS

from .adc import HERMES_ADC, HERMES_MVM_ERROR, Calibration, GainSpread
from .array import ReadNoise
from .constants import HERMES_ONE_DEVICE, HERMES_TWO_DEVICE, PCM_LIKE, PcmConstants
from .crossbar import AnalogConfig
from .dac import HERMES_DAC
from .ideal import PUBLISHED, OutOfRangeError
from .wires import Wires

__all__ = ["DEVICES", "apply_effect", "has_size"]

DEVICES = ExtensibleTable(
    "alpine.devices",
    PcmConstants,
    dict(zip(DEVICE_NAMES, (PCM_LIKE, HERMES_ONE_DEVICE, HERMES_TWO_DEVICE), strict=True)),
)
"""Devices by name, those of other packages among them; ``ideal`` is the name of having none."""

OF_CONSTANTS = ("programming", "drift", "read", "read-frozen")
"""Effects whose sizes are a device's constants, whatever else is published for it."""

Apply = Callable[[AnalogConfig, float | None], AnalogConfig]
"""Switches an effect on; the size is None where it is the published one."""


def has_size(effect: str, device: str) -> bool:
    """Whether an effect needs no size for a device: one is published, or its constants are one."""
    if device in DEVICES.shipped:
        return device in EFFECTS[effect].published
    return effect in OF_CONSTANTS


def apply_effect(name: str, config: AnalogConfig, size: float | None) -> AnalogConfig:
    """Return a configuration with an effect switched on.

    Parameters
    ----------
    name : of `alpine_models.imperfections.EFFECTS`.
    size : in the effect's unit, or None for the published one.

    Raises
    ------
    AlpineError
        The size is out of range; the message names the effect.
    """
    try:
        return APPLY[name](config, size)
    except OutOfRangeError as error:
        raise AlpineError(f"effect {name}={size:g} is refused: give {error.wanted}") from None


def _array(**changes: object) -> Apply:
    return lambda config, _: replace(config, array=replace(config.array, **changes))


def _dac(config: AnalogConfig, **changes: object) -> AnalogConfig:
    return replace(config, dac=replace(config.dac, **changes))


def _adc(config: AnalogConfig, **changes: object) -> AnalogConfig:
    return replace(config, adc=replace(config.adc, **changes))


def _faults(config: AnalogConfig, **changes: object) -> AnalogConfig:
    faults = replace(config.array.faults, **changes)
    return replace(config, array=replace(config.array, faults=faults))


def _gain(config: AnalogConfig, size: float | None) -> AnalogConfig:
    # The published gains end at 3 sigma, too.
    if size is not None and 3 * size >= 1.0:
        raise OutOfRangeError("adc-gain", size, "a deviation below 1/3, for gains end at 3 of them")
    gain = HERMES_ADC.gain if size is None else GainSpread(sigma=size, bound=3 * size)
    return _adc(config, gain=gain, calibration=Calibration.PER_COLUMN)


def _whole(name: str, size: float | None) -> int | None:
    if size is not None and size != round(size):
        raise OutOfRangeError(name, size, "a whole number")
    return None if size is None else round(size)


APPLY: Mapping[str, Apply] = {
    "programming": _array(programming=PUBLISHED),
    "drift": _array(drift=PUBLISHED),
    "read": _array(read_noise=ReadNoise.EVERY_PRODUCT),
    "read-frozen": _array(read_noise=ReadNoise.FROZEN),
    "ir-drop": lambda config, size: replace(
        config, array=replace(config.array, wires=Wires(word_ohm=size or 0, bit_ohm=size or 0))
    ),
    "dac-pulses": lambda config, size: _dac(
        config, pulse_bits=_whole("dac-pulses", size) or HERMES_DAC.pulse_bits
    ),
    "dac-inl": lambda config, size: _dac(config, inl_codes=size or HERMES_DAC.inl_codes),
    "adc-gain": _gain,
    "adc-offset": lambda config, size: _adc(
        config, offset_codes=size, calibration=Calibration.PER_COLUMN
    ),
    "adc-inl": lambda config, size: _adc(config, inl_codes=size or HERMES_ADC.inl_codes),
    "adc-counts": lambda config, size: _adc(
        config, full_scale_counts=_whole("adc-counts", size) or HERMES_ADC.full_scale_counts
    ),
    "adc-saturation": lambda config, size: _adc(config, saturation=size or HERMES_ADC.saturation),
    "adc-noise": lambda config, size: _adc(config, noise=size),
    "adc-uncalibrated": lambda config, _: _adc(config, calibration=Calibration.NONE),
    "mvm-error": lambda config, size: _adc(config, mvm_error=size or HERMES_MVM_ERROR.mvm_error),
    "stuck-set": lambda config, size: _faults(config, set_fraction=size),
    "stuck-reset": lambda config, size: _faults(config, reset_fraction=size),
    "open-columns": lambda config, size: _faults(config, open_columns_fraction=size),
}
"""What switches every effect on, in the order of `EFFECTS`."""
