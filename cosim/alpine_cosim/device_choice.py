"""From what a person types about devices to the chips of a run."""

from collections.abc import Sequence

from alpine_models.choices import choose
from alpine_models.device import DEVICES, IDEAL_DEVICE, analog_device
from alpine_models.durations import duration_s
from alpine_models.errors import AlpineError

from .analog_tiles import ChipSeries

__all__ = ["MAX_CHIPS", "chip_series"]

MAX_CHIPS = 1 << 16
"""Chips that have random numbers of their own."""


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
    if not 1 <= chips <= MAX_CHIPS:
        raise AlpineError(f"chips must be 1 to {MAX_CHIPS}, not {chips}")
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
    if not 0 <= seed < 1 << 64:
        raise AlpineError(f"seed must be 0 to 2^64 - 1, not {seed}")
    after_s = 0.0 if after is None else after if isinstance(after, float | int) else None
    return ChipSeries(
        device=analog_device(
            device,
            after_s=duration_s(str(after)) if after_s is None else float(after_s),
            compensation=compensate or "none",
            effects=effects,
            adc_bits=8 if adc_bits is None else adc_bits,
            verify=None if verify is None else str(verify),
        ),
        seed=seed,
        chips=chips,
    )
