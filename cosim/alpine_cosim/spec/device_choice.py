# SPDX-License-Identifier: Apache-2.0
"""What the tiles of a run are made of, and how many chips run."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from alpine_cosim.measurement.analog_tiles import ChipSeries
from alpine_models.checked_fields import check_fields, checked, chosen, optional, texts, whole
from alpine_models.checks import real_number
from alpine_models.choices import choose
from alpine_models.device import DEVICES, IDEAL_DEVICE, AnalogDevice, Compensation, analog_device
from alpine_models.durations import duration_s
from alpine_models.errors import AlpineError

__all__ = ["MAX_CHIPS", "MAX_SEED", "DeviceChoice"]

MAX_CHIPS = 1 << 16
"""Chips that have random numbers of their own."""

MAX_SEED = (1 << 64) - 1
"""Largest key of the random numbers' generator."""


def _seconds(_name: str, value: Any) -> float:
    return duration_s(value) if isinstance(value, str) else real_number(AFTER, value)


def _margin(_name: str, value: Any) -> str:
    return value if isinstance(value, str) else str(value)


AFTER = "time after programming"
NAMES = {
    "after_s": AFTER,
    "compensation": "drift compensation",
    "effects": "effects",
    "adc_bits": "ADC resolution",
    "verify": "verify margin",
}
"""Members that say nothing about the ideal device, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceChoice:
    """Chips of one device.

    Members
    -------
    name : ``ideal``, or one of `alpine_models.device.DEVICES`.
    after_s : seconds between programming and the run, or a text as in ``1day``; None is at once.
    compensation : of drift: none, tile or column; None is none.
    effects : names from `alpine_models.device.EFFECTS`; None is every one whose size is published
        for the device.
    adc_bits : resolution of the ADC codes, 2 to 8; None is 8.
    verify : margin in weights beyond which programmed cells are written again, or ``published``;
        None verifies nothing.
    chips : how many run, numbered from 0.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, or an imperfection is asked of the ideal device.
    """

    name: str = IDEAL_DEVICE
    after_s: float | None = checked(optional(_seconds), default=None)
    compensation: str | None = checked(
        optional(chosen("drift compensation", lambda: [scope.value for scope in Compensation])),
        default=None,
    )
    effects: tuple[str, ...] | None = checked(optional(texts("['drift', 'read']")), default=None)
    adc_bits: int | None = checked(optional(whole(least=2, most=8, words="ADC bits")), default=None)
    verify: str | None = checked(optional(_margin), default=None)
    chips: int = checked(whole(least=1, most=MAX_CHIPS), default=1)

    def __post_init__(self) -> None:
        choose("device", self.name, [IDEAL_DEVICE, *DEVICES])
        # In a message values stand as they were given.
        given = {words: getattr(self, name) for name, words in NAMES.items()}
        check_fields(self)
        given["number of chips"] = None if self.chips == 1 else self.chips
        for words, value in given.items():
            if self.name == IDEAL_DEVICE and value is not None:
                raise AlpineError(
                    f"{words} {value} says nothing about device {IDEAL_DEVICE}: choose "
                    f"{', '.join(DEVICES)}, or leave it out"
                )
        # Whatever does not fit together is said now.
        _ = self.analog

    @property
    def analog(self) -> AnalogDevice | None:
        """The device's physics; None for the ideal one."""
        return None if self.name == IDEAL_DEVICE else _analog(self)

    def series(self, seed: int) -> ChipSeries | None:
        """Return the chips to run with a seed; None for the ideal device.

        Raises
        ------
        AlpineError
            The seed is out of range.
        """
        analog = self.analog
        if analog is None:
            return None
        whole(least=0, most=MAX_SEED)("seed", seed)
        return ChipSeries(device=analog, seed=seed, chips=self.chips)


@lru_cache(maxsize=256)
def _analog(choice: DeviceChoice) -> AnalogDevice:
    return analog_device(
        choice.name,
        after_s=0.0 if choice.after_s is None else choice.after_s,
        compensation="none" if choice.compensation is None else choice.compensation,
        effects=choice.effects,
        adc_bits=8 if choice.adc_bits is None else choice.adc_bits,
        verify=choice.verify,
    )
