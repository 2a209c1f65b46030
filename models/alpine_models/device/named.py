# SPDX-License-Identifier: Apache-2.0
"""A device with its imperfections and its age, by the names that people type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from alpine_models.choices import choose
from alpine_models.durations import duration_text
from alpine_models.errors import AlpineError
from alpine_models.imperfections import EFFECTS, IDEAL_DEVICE, EffectName

from .adc import AdcConfig
from .array import MAX_TIME_S, PcmConfig
from .compensation import Compensation
from .crossbar import AnalogConfig, AnalogCrossbar
from .effects import DEVICES, apply_effect, has_size
from .faults import ArrayFaults, StuckDevice
from .ideal import IDEAL
from .noise import NoiseKey
from .programming import ProgramVerify, verify_margin

__all__ = ["AnalogDevice", "analog_device"]


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

    def with_defects(
        self, *, devices: Sequence[StuckDevice] = (), open_columns: Sequence[int] = ()
    ) -> "AnalogDevice":
        """Return the device with more defects; what else a chip of it draws stays the same."""
        array = self.config.array
        faults = replace(
            array.faults,
            devices=(*array.faults.devices, *devices),
            open_columns=(*array.faults.open_columns, *open_columns),
        )
        return replace(self, config=replace(self.config, array=replace(array, faults=faults)))

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
        return ", ".join([*parts, *self.details])

    @property
    def details(self) -> list[str]:
        """Name what is special about it besides age and compensation."""
        parts: list[str] = []
        if self.verify_margin is not None:
            parts.append(f"cells verified within {self.verify_margin:.3g} weights")
        if self.config.adc.bits != 8:
            parts.append(f"{self.config.adc.bits}-bit ADC")
        return parts


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
        effects = [key for key, e in EFFECTS.items() if e.standard and has_size(key, name)]
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
    for effect in EFFECTS:
        if effect in sizes:
            config = apply_effect(effect, config, sizes[effect])
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
        if not given and not has_size(name, device):
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
