"""Imperfections by the names that people type, and the devices that have them.

Every imperfection is an *effect* with a name. An effect named alone has its published size; where
nothing is published for a device, a size must be given, as in ``adc-offset=2``. One that is not
named is absent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..errors import AlpineError
from .adc import HERMES_ADC, HERMES_MVM_ERROR, Calibration, GainSpread
from .array import ReadNoise
from .constants import HERMES_ONE_DEVICE, HERMES_TWO_DEVICE, PCM_LIKE, PcmConstants
from .crossbar import AnalogConfig
from .dac import HERMES_DAC
from .ideal import PUBLISHED
from .wires import Wires

__all__ = ["DEVICES", "EFFECTS", "IDEAL_DEVICE", "EffectName"]

IDEAL_DEVICE = "ideal"
"""Name of the device without imperfections."""

DEVICES: Mapping[str, PcmConstants] = {
    "pcm": PCM_LIKE,
    "hermes-1": HERMES_ONE_DEVICE,
    "hermes-2": HERMES_TWO_DEVICE,
}
"""Devices by name; ``ideal`` is the name of having none of them."""

HERMES = ("hermes-1", "hermes-2")
"""Devices of the chip whose converters are published."""

ALL = tuple(DEVICES)

Apply = Callable[[AnalogConfig, float | None], AnalogConfig]
"""Switches an effect on; the size is None where it is the published one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectName:
    """One imperfection that can be named.

    Members
    -------
    text : what it is.
    unit : of its size, or None where it has none.
    published : devices for which its size is published.
    standard : whether a device of that list has it unless other effects are named.
    excludes : effects that mean the same thing twice beside this one.
    """

    text: str
    apply: Apply
    unit: str | None = None
    published: tuple[str, ...] = ()
    standard: bool = True
    excludes: tuple[str, ...] = ()


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
    gain = HERMES_ADC.gain if size is None else GainSpread(sigma=size, bound=3 * size)
    return _adc(config, gain=gain, calibration=Calibration.PER_COLUMN)


def _whole(name: str, size: float | None) -> int | None:
    if size is not None and size != round(size):
        raise AlpineError(f"effect {name}={size:g} is refused: give a whole number")
    return None if size is None else round(size)


EFFECTS: Mapping[str, EffectName] = {
    "programming": EffectName(
        text="error of programming a conductance",
        apply=_array(programming=PUBLISHED),
        published=ALL,
    ),
    "drift": EffectName(
        text="conductances fall with time", apply=_array(drift=PUBLISHED), published=ALL
    ),
    "read": EffectName(
        text="1/f read noise, new in every product",
        apply=_array(read_noise=ReadNoise.EVERY_PRODUCT),
        published=ALL,
        excludes=("read-frozen",),
    ),
    "read-frozen": EffectName(
        text="1/f read noise, drawn once per chip and time",
        apply=_array(read_noise=ReadNoise.FROZEN),
        published=ALL,
        standard=False,
    ),
    "ir-drop": EffectName(
        text="voltage lost along word and bit lines",
        unit="ohm between neighbouring cells",
        apply=lambda config, size: replace(
            config, array=replace(config.array, wires=Wires(word_ohm=size or 0, bit_ohm=size or 0))
        ),
    ),
    "dac-pulses": EffectName(
        text="whole pulses of a sign and a magnitude",
        unit="bits",
        apply=lambda config, size: _dac(
            config, pulse_bits=_whole("dac-pulses", size) or HERMES_DAC.pulse_bits
        ),
        published=HERMES,
    ),
    "dac-inl": EffectName(
        text="integral non-linearity of the DACs",
        unit="codes",
        apply=lambda config, size: _dac(config, inl_codes=size or HERMES_DAC.inl_codes),
        published=HERMES,
    ),
    "adc-gain": EffectName(
        text="spread of the ADCs' gains, calibrated per column",
        unit="a relative deviation",
        apply=_gain,
        published=HERMES,
    ),
    "adc-offset": EffectName(
        text="offset of the ADCs, calibrated per column",
        unit="codes, a deviation",
        apply=lambda config, size: _adc(
            config, offset_codes=size, calibration=Calibration.PER_COLUMN
        ),
    ),
    "adc-inl": EffectName(
        text="integral non-linearity of the ADCs",
        unit="codes",
        apply=lambda config, size: _adc(config, inl_codes=size or HERMES_ADC.inl_codes),
        published=HERMES,
    ),
    "adc-counts": EffectName(
        text="whole counts of the ADCs' oscillators",
        unit="counts at full scale",
        apply=lambda config, size: _adc(
            config, full_scale_counts=_whole("adc-counts", size) or HERMES_ADC.full_scale_counts
        ),
        published=HERMES,
    ),
    "adc-saturation": EffectName(
        text="current stops rising",
        unit="multiples of full scale",
        apply=lambda config, size: _adc(config, saturation=size or HERMES_ADC.saturation),
        published=HERMES,
    ),
    "adc-noise": EffectName(
        text="noise of the integration, growing with the signal's square root",
        unit="a share of full scale",
        apply=lambda config, size: _adc(config, noise=size),
    ),
    "adc-uncalibrated": EffectName(
        text="gains and offsets of the ADCs are left as they are",
        apply=lambda config, _: _adc(config, calibration=Calibration.NONE),
        published=HERMES,
        standard=False,
    ),
    "mvm-error": EffectName(
        text="one normal error per output in place of all others",
        unit="a share of full scale",
        apply=lambda config, size: _adc(config, mvm_error=size or HERMES_MVM_ERROR.mvm_error),
        published=HERMES,
        standard=False,
        excludes=(
            "programming",
            "drift",
            "read",
            "read-frozen",
            "dac-pulses",
            "dac-inl",
            "adc-gain",
            "adc-inl",
            "adc-noise",
        ),
    ),
    "stuck-set": EffectName(
        text="devices stuck at their largest conductance",
        unit="a fraction",
        apply=lambda config, size: _faults(config, set_fraction=size),
    ),
    "stuck-reset": EffectName(
        text="devices stuck at no conductance",
        unit="a fraction",
        apply=lambda config, size: _faults(config, reset_fraction=size),
    ),
    "open-columns": EffectName(
        text="bit lines without a connection",
        unit="a fraction",
        apply=lambda config, size: _faults(config, open_columns_fraction=size),
    ),
}
"""Every imperfection by name, in the order in which they are switched on."""
