# SPDX-License-Identifier: Apache-2.0
"""Which chips a study needs, and what each point of its curves is made from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Unpack

from alpine_cosim.spec.device_choice import DeviceChoice
from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.keywords import SpecKeywords, changed, run_spec
from alpine_cosim.spec.network import DIGITAL, Task
from alpine_cosim.spec.networks import NETWORKS
from alpine_cosim.spec.specification import RunSpec
from alpine_models.choices import choose
from alpine_models.device import (
    DEVICES,
    EFFECTS,
    AdcConfig,
    AnalogDevice,
    Compensation,
    analog_device,
)
from alpine_models.durations import duration_text
from alpine_models.errors import AlpineError

__all__ = [
    "DEFAULT_BITS",
    "DEFAULT_TIMES_S",
    "ChipWork",
    "Curve",
    "Point",
    "StudyPlan",
    "plan_adc",
    "plan_effects",
    "plan_time",
    "prepared",
    "study_spec",
]

DEFAULT_TIMES_S = (25.0, 3600.0, 86400.0, 604800.0, 2629800.0, 31557600.0, 315576000.0)
"""25 seconds, an hour, a day, a week, a month, a year, ten years."""

DEFAULT_BITS = tuple(range(2, 9))
DEFAULT_CHIPS, DEFAULT_DEVICE = 10, "pcm"


def study_spec(
    network: str, *, samples: int | None = None, **keywords: Unpack[SpecKeywords]
) -> RunSpec:
    """Return what a study looks at: the runs of `RunSpec.device.chips` chips, without the system.

    Parameters
    ----------
    samples : samples 0 to samples - 1 of the data set; None for the network's default in studies.
    keywords : as of `run_spec`; the mapping decides which tile draws which noise.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, or the mapping has no tiles.
    """
    entry = NETWORKS[choose("network", network, NETWORKS)]
    merged: dict[str, Any] = {
        "chips": DEFAULT_CHIPS,
        "device": DEFAULT_DEVICE,
        **keywords,
        "engine": Engine.MODEL,
        "inferences": entry.study_samples if samples is None else samples,
    }
    digital = keywords.get("case") == DIGITAL
    spec = None if digital else run_spec(network, **merged)
    if spec is None or prepared(spec).batched is None:
        case = DIGITAL if spec is None else spec.case
        raise AlpineError(f"case {case} has no tiles to study: choose another")
    return spec


def prepared(spec: RunSpec) -> Task:
    """Return a study's task, made once per process and network."""
    return _prepared(replace(spec, device=DeviceChoice()))


@lru_cache(maxsize=4)
def _prepared(spec: RunSpec) -> Task:
    task = spec.task()
    return replace(task, golden=cache(task.golden))


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipWork:
    """One chip at several times after programming.

    Members
    -------
    spec : what the chip runs; the time of its device is not looked at.
    times_s : seconds after programming. chip : its number.
    codes_alone : of the device, nothing but the resolution of its ADC codes acts.
    """

    spec: RunSpec
    times_s: tuple[float, ...]
    chip: int
    codes_alone: bool = False

    @property
    def device(self) -> AnalogDevice:
        """What the chip is made of."""
        device = analog_device_of(self.spec)
        return _codes_alone(device) if self.codes_alone else device

    def identity(self) -> dict[str, Any]:
        """Return everything that the scores depend on, but for the code."""
        return {
            "spec": self.spec.identity(),
            "times_s": list(self.times_s),
            "chip": self.chip,
            "codes_alone": self.codes_alone,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One point of a curve: all chips of a device at one time.

    Members
    -------
    x : where on the axis. label : in a table.
    works : one per chip. time_index : of the time in each work.
    """

    x: float
    label: str
    works: tuple[ChipWork, ...]
    time_index: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Points that belong together, in order."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyPlan:
    """A whole study.

    Members
    -------
    kind : ``time``, ``adc`` or ``effects``. title, axis : for table and picture.
    spec : what is looked at, with all chips; of its device one point that is looked at.
    device : the device of the specification, with all its effects.
    curves : what is drawn; of effects, one with a point for each.
    """

    kind: str
    spec: RunSpec
    device: AnalogDevice
    title: str
    axis: str
    curves: tuple[Curve, ...]

    @property
    def works(self) -> list[ChipWork]:
        """Everything to compute, each once."""
        works = [work for curve in self.curves for point in curve.points for work in point.works]
        return list(dict.fromkeys(works))


def plan_time(
    spec: RunSpec,
    *,
    times_s: Sequence[float] = DEFAULT_TIMES_S,
    compensations: Sequence[str] = tuple(scope.value for scope in Compensation),
) -> StudyPlan:
    """Plan scores against the time after programming, a curve per drift compensation."""
    times = tuple(sorted(set(times_s)))
    if not times:
        raise AlpineError("no time to look at: name one or more")
    if not compensations:
        raise AlpineError("no drift compensation to look at: name one or more, or none")
    first = spec
    curves: list[Curve] = []
    for compensation in dict.fromkeys(compensations):
        # Every time is looked at, so that one out of range is refused before hours of others.
        first, *_ = [changed(spec, after=t, compensate=compensation) for t in times]
        works = _chips(first, times)
        label = "no compensation" if compensation == "none" else f"compensated per {compensation}"
        curves.append(
            Curve(
                label=label,
                points=tuple(
                    Point(x=t, label=duration_text(t), works=works, time_index=index)
                    for index, t in enumerate(times)
                ),
            )
        )
    device = analog_device_of(first)
    return StudyPlan(
        kind="time",
        spec=first,
        device=device,
        title=", ".join([f"{label_of(spec)} on {device.name}", *device.details]),
        axis="time after programming",
        curves=tuple(curves),
    )


def plan_adc(spec: RunSpec, *, bits: Sequence[int] = DEFAULT_BITS) -> StudyPlan:
    """Plan scores against the resolution of the ADC codes, of the device and of the codes alone."""
    alone: list[Point] = []
    whole: list[Point] = []
    for count in sorted(set(bits)):
        made = changed(spec, adc_bits=count)
        label = f"{count} bits"
        # Without imperfections all chips are alike.
        timeless = replace(made, device=replace(made.device, after_s=None, chips=1))
        work = ChipWork(spec=timeless, times_s=(0.0,), chip=0, codes_alone=True)
        alone.append(Point(x=count, label=label, works=(work,)))
        whole.append(Point(x=count, label=label, works=_chips(made, (_after_s(spec),))))
    if not alone:
        raise AlpineError("no resolution to look at: name one or more")
    device = analog_device_of(spec)
    return StudyPlan(
        kind="adc",
        spec=spec,
        device=device,
        title=f"{label_of(spec)} on {device}",
        axis="bits of an ADC code",
        curves=(
            Curve(label="resolution alone", points=tuple(alone)),
            Curve(label=str(device), points=tuple(whole)),
        ),
    )


def plan_effects(spec: RunSpec) -> StudyPlan:
    """Plan scores with every effect alone, and with all of them: what costs most.

    What remedies an effect stands beside it when it is alone: the compensation of drift, the
    verification of programming.
    """
    together = analog_device_of(spec)
    times = (_after_s(spec),)
    points = [Point(x=0, label="all together", works=_chips(spec, times))]
    for effect in together.effects:
        name = effect.partition("=")[0]
        if name == "adc-uncalibrated":
            continue
        uncalibrated = (
            ["adc-uncalibrated"]
            if "adc-uncalibrated" in together.effects and name in ("adc-gain", "adc-offset")
            else []
        )
        device = replace(
            spec.device,
            compensation=spec.device.compensation if name == "drift" else None,
            effects=(effect, *uncalibrated),
            verify=spec.device.verify if name == "programming" else None,
        )
        label = f"{effect}: {EFFECTS[name].text}"
        works = _chips(replace(spec, device=device), times)
        points.append(Point(x=len(points), label=label, works=works))
    return StudyPlan(
        kind="effects",
        spec=spec,
        device=together,
        title=f"{label_of(spec)} on {together}, each effect alone",
        axis="effect",
        curves=(Curve(label=str(together), points=tuple(points)),),
    )


def label_of(spec: RunSpec) -> str:
    """What is studied, for titles."""
    return f"{spec.network}, case {spec.case},"


def analog_device_of(spec: RunSpec) -> AnalogDevice:
    """The device of a study.

    Raises
    ------
    AlpineError
        It is the ideal one.
    """
    device = spec.device.analog
    if device is None:
        choose("device", spec.device.name, DEVICES)
        raise AssertionError("unreachable")
    return device


def _after_s(spec: RunSpec) -> float:
    return spec.device.after_s or 0.0


def _chips(spec: RunSpec, times_s: tuple[float, ...]) -> tuple[ChipWork, ...]:
    # The time of the device is not looked at, so it must not tell works apart.
    timeless = replace(spec, device=replace(spec.device, after_s=None, chips=1))
    return tuple(
        ChipWork(spec=timeless, times_s=times_s, chip=chip) for chip in range(spec.device.chips)
    )


def _codes_alone(device: AnalogDevice) -> AnalogDevice:
    # Any effect will do: none of them is left.
    ideal = analog_device(device.name, effects=["programming"])
    array = replace(ideal.config.array, programming=ideal.config.array.drift)
    adc = AdcConfig(bits=device.config.adc.bits)
    return replace(
        device, effects=(), after_s=0.0, config=replace(ideal.config, array=array, adc=adc)
    )
