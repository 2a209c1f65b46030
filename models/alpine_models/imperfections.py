# SPDX-License-Identifier: Apache-2.0
"""Imperfections and devices by the names that people type; what they are, without their physics.

Every imperfection is an *effect* with a name. An effect named alone has its published size; where
nothing is published for a device, a size must be given, as in ``adc-offset=2``. One that is not
named is absent. `alpine_models.device` gives the names their physics; this module imports nothing
that takes time, so that ``--help`` can list them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DEVICE_NAMES", "EFFECTS", "IDEAL_DEVICE", "EffectName"]

IDEAL_DEVICE = "ideal"
"""Name of the device without imperfections."""

HERMES = ("hermes-1", "hermes-2")
"""Devices of the chip whose converters are published."""

DEVICE_NAMES = ("pcm", *HERMES)
"""Devices that have imperfections."""


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
    unit: str | None = None
    published: tuple[str, ...] = ()
    standard: bool = True
    excludes: tuple[str, ...] = ()


EFFECTS: Mapping[str, EffectName] = {
    "programming": EffectName(
        text="error of programming a conductance",
        published=DEVICE_NAMES,
    ),
    "drift": EffectName(text="conductances fall with time", published=DEVICE_NAMES),
    "read": EffectName(
        text="1/f read noise, new in every product",
        published=DEVICE_NAMES,
        excludes=("read-frozen",),
    ),
    "read-frozen": EffectName(
        text="1/f read noise, drawn once per chip and time",
        published=DEVICE_NAMES,
        standard=False,
    ),
    "ir-drop": EffectName(
        text="voltage lost along word and bit lines",
        unit="ohm between neighbouring cells",
    ),
    "dac-pulses": EffectName(
        text="whole pulses of a sign and a magnitude",
        unit="bits",
        published=HERMES,
    ),
    "dac-inl": EffectName(
        text="integral non-linearity of the DACs",
        unit="codes",
        published=HERMES,
    ),
    "adc-gain": EffectName(
        text="spread of the ADCs' gains, calibrated per column",
        unit="a relative deviation",
        published=HERMES,
    ),
    "adc-offset": EffectName(
        text="offset of the ADCs, calibrated per column",
        unit="codes, a deviation",
    ),
    "adc-inl": EffectName(
        text="integral non-linearity of the ADCs",
        unit="codes",
        published=HERMES,
    ),
    "adc-counts": EffectName(
        text="whole counts of the ADCs' oscillators",
        unit="counts at full scale",
        published=HERMES,
    ),
    "adc-saturation": EffectName(
        text="current stops rising",
        unit="multiples of full scale",
        published=HERMES,
    ),
    "adc-noise": EffectName(
        text="noise of the integration, growing with the signal's square root",
        unit="a share of full scale",
    ),
    "adc-uncalibrated": EffectName(
        text="gains and offsets of the ADCs are left as they are",
        published=HERMES,
        standard=False,
    ),
    "mvm-error": EffectName(
        text="one normal error per output in place of all others",
        unit="a share of full scale",
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
    ),
    "stuck-reset": EffectName(
        text="devices stuck at no conductance",
        unit="a fraction",
    ),
    "open-columns": EffectName(
        text="bit lines without a connection",
        unit="a fraction",
    ),
}
"""Every imperfection by name, in the order in which they are switched on."""
