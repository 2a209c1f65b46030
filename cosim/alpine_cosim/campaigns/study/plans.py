# SPDX-License-Identifier: Apache-2.0
"""Which chips a study needs, and what each point of its curves is made from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from alpine_cosim.code_digest import code_digest
from alpine_cosim.runs.device_choice import MAX_CHIPS, MAX_SEED
from alpine_cosim.runs.tasks import NETWORKS, Engine, Request, Task
from alpine_models.checks import whole_number
from alpine_models.choices import choose
from alpine_models.device import EFFECTS, AdcConfig, AnalogDevice, Compensation, analog_device
from alpine_models.durations import duration_text
from alpine_models.errors import AlpineError
from alpine_sw.datasets.weight_file import chosen_weights
from alpine_sw.library.workloads import Software

__all__ = [
    "DEFAULT_BITS",
    "DEFAULT_TIMES_S",
    "Curve",
    "Point",
    "StudyPlan",
    "Subject",
    "Work",
    "plan_adc",
    "plan_effects",
    "plan_time",
]

DEFAULT_TIMES_S = (25.0, 3600.0, 86400.0, 604800.0, 2629800.0, 31557600.0, 315576000.0)
"""25 seconds, an hour, a day, a week, a month, a year, ten years."""

DEFAULT_BITS = tuple(range(2, 9))
DEFAULT_SAMPLES = {"mlp": 1000, "lstm": 500, "cnn": 1}
"""Samples of a data set, by the first part of a network's name."""

BITS = 8


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a study looks at.

    Members
    -------
    network, case : names as in `alpine run`; the mapping decides which tile draws which noise.
    samples : samples 0 to samples - 1 of the data set; None for the network's default.
    weights : weight file in place of the shipped one, or None; see `chosen_weights`.
    seed, chips : of the imperfections; chips are numbered from 0.

    Raises
    ------
    AlpineError
        A name is unknown, a number out of range, or the mapping has no tiles.
    """

    network: str
    case: str = "1"
    samples: int | None = None
    weights: Path | None = None
    seed: int = 0
    chips: int = 10

    def __post_init__(self) -> None:
        choose("network", self.network, NETWORKS)
        choose("case", self.case, NETWORKS[self.network].cases)
        if self.task.batched is None:
            raise AlpineError(f"case {self.case} has no tiles to study: choose another")
        whole_number("chips", self.chips, least=1, most=MAX_CHIPS)
        whole_number("seed", self.seed, least=0, most=MAX_SEED)

    def __getstate__(self) -> dict[str, Any]:
        """Travel to other processes without the prepared task, which is made there again."""
        return {name: value for name, value in vars(self).items() if name != "task"}

    @property
    def label(self) -> str:
        """What is studied, for titles."""
        return f"{self.network}, case {self.case},"

    @property
    def sample_count(self) -> int:
        """Samples that are looked at."""
        if self.samples is not None:
            return self.samples
        return DEFAULT_SAMPLES[self.network.partition("-")[0]]

    @cached_property
    def task(self) -> Task:
        """What runs."""
        return NETWORKS[self.network].prepare(
            Request(
                network=self.network,
                case=self.case,
                engine=Engine.MODEL,
                cores=None,
                software=Software.RELEASED,
                digital_style="neon4",
                inferences=self.sample_count,
                weights=self.weights,
            )
        )

    @cached_property
    def identity(self) -> str:
        """Everything that a result depends on besides the device and the chip."""
        file = ""
        if self.weights is not None:
            path = chosen_weights(self.network, self.weights)
            file = hashlib.sha256(path.read_bytes()).hexdigest()
        parts = (code_digest(), self.network, self.case, self.sample_count, file)
        return "|".join(map(str, (*parts, self.seed)))


@dataclass(frozen=True, kw_only=True)
class Work:
    """One chip at several times after programming.

    Members
    -------
    device : its time is not looked at. times_s : seconds after programming. chip : its number.
    """

    subject: Subject
    device: AnalogDevice
    times_s: tuple[float, ...]
    chip: int

    @property
    def key(self) -> str:
        """Name for its results: different for different work."""
        device = f"{self.device.config!r}|{self.device.verify_margin}"
        text = f"{self.subject.identity}|{device}|{self.times_s}|{self.chip}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]


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
    works: tuple[Work, ...]
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
    device : with all its effects; of its time, compensation and resolution one that is looked at.
    curves : what is drawn; of effects, one with a point for each.
    """

    kind: str
    subject: Subject
    device: AnalogDevice
    title: str
    axis: str
    curves: tuple[Curve, ...]

    @property
    def works(self) -> list[Work]:
        """Everything to compute, each once."""
        works = {
            work.key: work
            for curve in self.curves
            for point in curve.points
            for work in point.works
        }
        return list(works.values())


def plan_time(
    subject: Subject,
    *,
    device: str,
    times_s: Sequence[float] = DEFAULT_TIMES_S,
    compensations: Sequence[str] = tuple(scope.value for scope in Compensation),
    effects: Sequence[str] | None = None,
    adc_bits: int = BITS,
    verify: str | None = None,
) -> StudyPlan:
    """Plan scores against the time after programming, a curve per drift compensation."""
    times = tuple(sorted(set(times_s)))
    if not times:
        raise AlpineError("no time to look at: name one or more")
    if not compensations:
        raise AlpineError("no drift compensation to look at: name one or more, or none")
    made: list[AnalogDevice] = []
    curves: list[Curve] = []
    for compensation in dict.fromkeys(compensations):
        # Every time is looked at, so that one out of range is refused before hours of others.
        made = [
            analog_device(
                device,
                after_s=t,
                compensation=compensation,
                effects=effects,
                adc_bits=adc_bits,
                verify=verify,
            )
            for t in times
        ]
        works = _chips(subject, made[0], times)
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
    return StudyPlan(
        kind="time",
        subject=subject,
        device=made[0],
        title=", ".join([f"{subject.label} on {device}", *made[0].details]),
        axis="time after programming",
        curves=tuple(curves),
    )


def plan_adc(
    subject: Subject,
    *,
    device: str,
    bits: Sequence[int] = DEFAULT_BITS,
    after_s: float = 86400.0,
    compensation: str = "tile",
    effects: Sequence[str] | None = None,
    verify: str | None = None,
) -> StudyPlan:
    """Plan scores against the resolution of the ADC codes, of the device and of the codes alone."""
    make = partial(
        analog_device,
        device,
        after_s=after_s,
        compensation=compensation,
        effects=effects,
        verify=verify,
    )
    alone: list[Point] = []
    whole: list[Point] = []
    for count in sorted(set(bits)):
        made = make(adc_bits=count)
        label = f"{count} bits"
        # Without imperfections all chips are alike.
        work = Work(subject=subject, device=_converter_alone(made), times_s=(0.0,), chip=0)
        alone.append(Point(x=count, label=label, works=(work,)))
        whole.append(Point(x=count, label=label, works=_chips(subject, made, (after_s,))))
    if not alone:
        raise AlpineError("no resolution to look at: name one or more")
    made = make()
    return StudyPlan(
        kind="adc",
        subject=subject,
        device=made,
        title=f"{subject.label} on {made}",
        axis="bits of an ADC code",
        curves=(
            Curve(label="resolution alone", points=tuple(alone)),
            Curve(label=str(made), points=tuple(whole)),
        ),
    )


def plan_effects(
    subject: Subject,
    *,
    device: str,
    after_s: float = 86400.0,
    compensation: str = "none",
    effects: Sequence[str] | None = None,
    adc_bits: int = BITS,
    verify: str | None = None,
) -> StudyPlan:
    """Plan scores with every effect alone, and with all of them: what costs most.

    What remedies an effect stands beside it when it is alone: the compensation of drift, the
    verification of programming.
    """
    together = analog_device(
        device,
        after_s=after_s,
        compensation=compensation,
        effects=effects,
        adc_bits=adc_bits,
        verify=verify,
    )
    points = [Point(x=0, label="all together", works=_chips(subject, together, (after_s,)))]
    for effect in together.effects:
        name = effect.partition("=")[0]
        if name == "adc-uncalibrated":
            continue
        uncalibrated = (
            ["adc-uncalibrated"]
            if "adc-uncalibrated" in together.effects and name in ("adc-gain", "adc-offset")
            else []
        )
        alone = analog_device(
            device,
            after_s=after_s,
            compensation=compensation if name == "drift" else "none",
            effects=[effect, *uncalibrated],
            adc_bits=adc_bits,
            verify=verify if name == "programming" else None,
        )
        label = f"{effect}: {EFFECTS[name].text}"
        works = _chips(subject, alone, (after_s,))
        points.append(Point(x=len(points), label=label, works=works))
    return StudyPlan(
        kind="effects",
        subject=subject,
        device=together,
        title=f"{subject.label} on {together}, each effect alone",
        axis="effect",
        curves=(Curve(label=str(together), points=tuple(points)),),
    )


def _chips(subject: Subject, device: AnalogDevice, times_s: tuple[float, ...]) -> tuple[Work, ...]:
    return tuple(
        Work(subject=subject, device=device, times_s=times_s, chip=chip)
        for chip in range(subject.chips)
    )


def _converter_alone(device: AnalogDevice) -> AnalogDevice:
    ideal = analog_device(device.name, effects=["programming"])
    array = replace(ideal.config.array, programming=ideal.config.array.drift)
    adc = AdcConfig(bits=device.config.adc.bits)
    return replace(
        device, effects=(), after_s=0.0, config=replace(ideal.config, array=array, adc=adc)
    )
