# SPDX-License-Identifier: Apache-2.0
"""From what a person types about devices to the chips of a run."""

from collections.abc import Sequence

from alpine_cosim.measurement.analog_tiles import ChipSeries
from alpine_models.checks import checked_texts, real_number, whole_number
from alpine_models.choices import choose
from alpine_models.device import DEVICES, IDEAL_DEVICE, analog_device
from alpine_models.durations import duration_s
from alpine_models.errors import AlpineError

__all__ = ["MAX_CHIPS", "MAX_SEED", "chip_series"]

MAX_CHIPS = 1 << 16
"""Chips that have random numbers of their own."""

MAX_SEED = (1 << 64) - 1
"""Largest key of the random numbers' generator."""


def chip_series(
    device: str,
    *,
    after: str | float | None = None,
    compensate: str | None = None,
    effects: Sequence[str] | None = None,
    adc_bits: int | None = None,
    verify: str | float | None = None,
    chips: int = 1,
    seed: int = 0,
) -> ChipSeries | None:
    """Return the chips to run, or None for the ideal device.

    Parameters are those of `session.run`; None is a default that fits every device.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, or an imperfection is asked of the ideal device.
    """
    choose("device", device, [IDEAL_DEVICE, *DEVICES])
    chips = whole_number("chips", chips, least=1, most=MAX_CHIPS)
    if device == IDEAL_DEVICE:
        asked = {
            "time after programming": after,
            "drift compensation": compensate,
            "effects": effects,
            "ADC resolution": adc_bits,
            "verify margin": verify,
            "number of chips": None if chips == 1 else chips,
        }
        for name, value in asked.items():
            if value is not None:
                raise AlpineError(
                    f"{name} {value} says nothing about device {IDEAL_DEVICE}: choose "
                    f"{', '.join(DEVICES)}, or leave it out"
                )
        return None
    if effects is not None:
        effects = checked_texts("effects", effects, example="['drift', 'read']")
    return ChipSeries(
        device=analog_device(
            device,
            after_s=_seconds(after),
            compensation="none" if compensate is None else compensate,
            effects=effects,
            adc_bits=8 if adc_bits is None else whole_number("ADC bits", adc_bits, least=2, most=8),
            verify=None if verify is None else str(verify),
        ),
        seed=whole_number("seed", seed, least=0, most=MAX_SEED),
        chips=chips,
    )


def _seconds(after: str | float | None) -> float:
    if after is None:
        return 0.0
    if isinstance(after, str):
        return duration_s(after)
    return real_number("time after programming", after)
