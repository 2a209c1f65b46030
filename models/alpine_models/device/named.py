"""Devices and their imperfections by the names that people type.

Every imperfection is an *effect* with a name. An effect named alone has its published size; where
nothing is published for a device, a size must be given, as in ``adc-offset=2``. One that is not
named is absent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..choices import choose
from ..durations import duration_text
from ..errors import AlpineError
from .adc import HERMES_ADC, HERMES_MVM_ERROR, AdcConfig, Calibration, GainSpread
from .array import MAX_TIME_S, PcmConfig, ReadNoise
from .compensation import Compensation
from .constants import HERMES_ONE_DEVICE, HERMES_TWO_DEVICE, PCM_LIKE, PcmConstants
from .crossbar import AnalogConfig, AnalogCrossbar
from .dac import HERMES_DAC
from .faults import ArrayFaults
from .ideal import IDEAL, PUBLISHED
from .noise import NoiseKey
from .programming import ProgramVerify, verify_margin
from .wires import Wires

__all__ = ["DEVICES", "EFFECTS", "IDEAL_DEVICE", "AnalogDevice", "EffectName", "analog_device"]

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


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalogDevice:
    """What the tiles of a run are made of, and how long ago they were programmed.

    Members
    -------
    name : of the device.
    effects : names, with sizes where they were given.
    config : AnalogConfig; `crossbar` fits its weight range to each tile.
    after_s : seconds since programming.
    verify_margin : cells off by more, in weights, are written again; or None.
    """

    name: str
    effects: tuple[str, ...]
    config: AnalogConfig
    after_s: float
    verify_margin: float | None = None

    def crossbar(
        self,
        *,
        weights: NDArray[np.int8],
        programmed: NDArray[np.bool_],
        lsb: NDArray[np.float64],
        key: NoiseKey,
        verify: bool = True,
    ) -> AnalogCrossbar:
        """Return a tile of this device; its largest weight takes the largest conductance.

        Its cells are verified, if the device asks for it and `verify` does not leave it to the
        caller.
        """
        largest = int(np.abs(weights.astype(np.int16)).max())
        array = replace(self.config.array, weight_range=max(largest, 1))
        crossbar = AnalogCrossbar(
            weights=weights,
            lsb=lsb,
            config=replace(self.config, array=array),
            key=key,
            time_s=self.after_s,
            programmed=programmed,
        )
        if verify and self.verify_margin is not None:
            self.verification(crossbar, weights=weights, programmed=programmed).run()
            crossbar.age(self.after_s)
        return crossbar

    def verification(
        self,
        crossbar: AnalogCrossbar,
        *,
        weights: NDArray[np.int8],
        programmed: NDArray[np.bool_],
    ) -> ProgramVerify:
        """Return the verification of a programmed tile, not yet begun.

        Raises
        ------
        AlpineError
            The device asks for none.
        """
        if self.verify_margin is None:
            raise AlpineError(f"device {self.name} is not verified")
        return ProgramVerify(
            crossbar, weights=weights, programmed=programmed, margin=self.verify_margin
        )

    def __str__(self) -> str:
        """Name it as in a sentence: device, age, remedies."""
        parts = [f"{self.name} after {duration_text(self.after_s)}"]
        if self.config.compensation is not Compensation.NONE:
            parts.append(f"compensated per {self.config.compensation.value}")
        if self.verify_margin is not None:
            parts.append(f"cells verified within {self.verify_margin:.3g} weights")
        if self.config.adc.bits != 8:
            parts.append(f"{self.config.adc.bits}-bit ADC")
        return ", ".join(parts)


def analog_device(
    name: str,
    *,
    after_s: float = 0.0,
    compensation: str = "none",
    effects: Sequence[str] | None = None,
    adc_bits: int = 8,
    verify: str | None = None,
) -> AnalogDevice:
    """Return a device by the names of what it is and of what is imperfect about it.

    Parameters
    ----------
    name : one of `DEVICES`.
    after_s : seconds since programming.
    compensation : of drift; none, tile or column.
    effects : names from `EFFECTS`, each with ``=SIZE`` if wanted; None for everything whose size is
        published for the device.
    adc_bits : resolution of the ADC codes, 2 to 8.
    verify : margin in weights beyond which cells are written again, ``published``, or None.

    Raises
    ------
    AlpineError
        A name is unknown, a size is missing, wrong or not wanted, effects exclude each other, or a
        number is out of range.
    """
    choose("device", name, DEVICES)
    if not 0.0 <= after_s <= MAX_TIME_S:
        raise AlpineError(
            f"time after programming {after_s:g} s is refused: give 0 s to ten years "
            f"({MAX_TIME_S:g} s); the drift law is not followed further"
        )
    scope = Compensation(
        choose("drift compensation", compensation, [scope.value for scope in Compensation])
    )
    if effects is None:
        effects = [key for key, e in EFFECTS.items() if e.standard and name in e.published]
    sizes = _sizes(name, effects)
    if scope is not Compensation.NONE and "drift" not in sizes:
        raise AlpineError(
            f"drift compensation per {scope.value} has nothing to compensate: add effect drift, or "
            f"leave it out"
        )
    if "adc-uncalibrated" in sizes and not {"adc-gain", "adc-offset"} & set(sizes):
        raise AlpineError(
            "effect adc-uncalibrated changes nothing alone: add adc-gain, adc-offset or both"
        )
    config = AnalogConfig(
        array=PcmConfig(
            constants=DEVICES[name], programming=IDEAL, drift=IDEAL, read_noise=IDEAL, wires=IDEAL,
            faults=ArrayFaults(),
        ),
        adc=AdcConfig(bits=adc_bits),
        compensation=scope,
    )  # fmt: skip
    for effect, entry in EFFECTS.items():
        if effect in sizes:
            config = entry.apply(config, sizes[effect])
    return AnalogDevice(
        name=name,
        effects=tuple(effects),
        config=config,
        after_s=after_s,
        verify_margin=None if verify is None else _margin(name, verify, sizes),
    )


def _margin(device: str, text: str, sizes: Mapping[str, float | None]) -> float:
    if "programming" not in sizes:
        raise AlpineError("verified cells need an error to find: add effect programming")
    if text == "published":
        return verify_margin(device)
    try:
        margin = float(text)
    except ValueError:
        margin = float("nan")
    if not 0.0 < margin <= 128.0:
        raise AlpineError(
            f"verify margin {text} is refused: give weights above 0 and up to 128, or published"
        )
    return margin


def _sizes(device: str, effects: Sequence[str]) -> dict[str, float | None]:
    """Return the size of every effect, None for the published one."""
    sizes: dict[str, float | None] = {}
    for text in effects:
        name, given, size = text.strip().partition("=")
        entry = EFFECTS[choose("effect", name, EFFECTS)]
        if name in sizes:
            raise AlpineError(f"effect {name} is named twice: name it once")
        sizes[name] = _number(name, entry, size) if given else None
        if not given and device not in entry.published:
            raise AlpineError(_unpublished(name, entry, device))
    for name in sizes:
        for other in EFFECTS[name].excludes:
            if other in sizes:
                raise AlpineError(
                    f"effects {name} and {other} count the same error twice: leave one out"
                )
    if not sizes:
        raise AlpineError(f"device {device} without effects is device {IDEAL_DEVICE}: name that")
    return sizes


def _number(name: str, entry: EffectName, text: str) -> float:
    if entry.unit is None:
        raise AlpineError(f"effect {name} has no size, only {name} itself: leave ={text} out")
    try:
        size = float(text)
    except ValueError:
        size = float("nan")
    if not 0.0 < size < float("inf"):
        raise AlpineError(
            f"effect {name}={text} is refused: give a positive number ({entry.unit}); an effect "
            f"that is absent is not named"
        )
    return size


def _unpublished(name: str, entry: EffectName, device: str) -> str:
    if not entry.published:
        return f"effect {name} has no published size: give one, as in {name}=SIZE ({entry.unit})"
    remedy = f"use device {' or '.join(entry.published)}"
    if entry.unit is not None:
        remedy += f", or give a size, as in {name}=SIZE ({entry.unit})"
    return f"effect {name} has no published size for device {device}: {remedy}"
