# SPDX-License-Identifier: Apache-2.0
"""Which runs the report needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any

from alpine_cosim.spec.engines import Engine
from alpine_cosim.spec.keywords import run_spec
from alpine_cosim.spec.network import DIGITAL, LOOSE
from alpine_cosim.spec.specification import RunSpec
from alpine_cosim.spec.system_choice import BARE_METAL, LINUX
from alpine_models.published import PublishedFactor, lstm_factors, mlp_factors
from alpine_platform.systems.presets import PUBLISHED_SYSTEMS
from alpine_sw.library.workloads import Software

__all__ = [
    "BASE",
    "CNNS",
    "CNN_CORES",
    "EXPLORATIONS",
    "FP32_INPUTS",
    "HANDOVERS_CYCLES",
    "IMAGES",
    "LARGE_CACHE",
    "LIBM",
    "LINUX_BASE",
    "LOOSE",
    "LOOSE_VARIATIONS",
    "LSTMS",
    "SENSITIVE",
    "SENSITIVITIES",
    "SLOW_PRODUCT",
    "VARIATIONS",
    "Effort",
    "Variation",
    "analog",
    "at_effort",
    "cached",
    "changed",
    "digital",
    "engine_of",
    "handed_over",
    "label_of",
    "plans_for",
    "settings_of",
]

INT8 = "int8"
LSTMS = ("lstm-256", "lstm-512", "lstm-750")
CNNS = ("cnn-f", "cnn-m", "cnn-s")
CNN_CORES = 8

INFERENCES, IMAGES = 10, 3
"""The paper's own counts (Sec. VI): MLP and LSTM, CNN."""

SLOW_PRODUCT = ("tile_clock.product_cycles=1000",)
"""The paper's experiment with CM_PROCESS ten times slower."""


LARGE_CACHE = ("l2.size_bytes=8388608",)
"""A last-level cache that holds all weights of perceptron and LSTMs."""

SENSITIVITIES: dict[str, tuple[str, ...]] = {
    "memory 50 ns slower": ("dram.backend_ns=60",),
    "memory 100 ns slower": ("dram.backend_ns=110",),
    "memory 20 ns faster": ("dram.frontend_ns=0", "dram.backend_ns=0"),
    "one load in flight": ("core.loads_in_flight=1", "core.loads_in_flight_late_address=1"),
    "seven loads in flight": ("core.loads_in_flight=7", "core.loads_in_flight_late_address=7"),
    "last-level cache of 8 MB": LARGE_CACHE,
    "tile port of 1 GB/s": ("tile_clock.frequency_hz=2.5e8", "tile_clock.product_cycles=25"),
    "tile port of 0.4 GB/s": ("tile_clock.frequency_hz=1e8", "tile_clock.product_cycles=10"),
    "product ten times slower": SLOW_PRODUCT,
}
"""Changes of the system, one at a time."""
HANDOVERS_CYCLES = (3_500, 23_000, 46_000, 115_000)
"""System calls by which a core wakes another one under Linux: as documented, then about 10, 20 and
50 us on the high-power system."""
SENSITIVE = ("mlp", "lstm-750", "cnn-f")
"""The networks that they are tried on: the headline factors' but for CNN-S, which takes long."""


class Effort(StrEnum):
    """How much of the report goes through the RTL."""

    QUICK = "quick"
    """Nothing; one image per CNN."""
    NORMAL = "normal"
    """Every case and geometry once: released software on the high-power system."""
    FULL = "full"
    """Every analog run on the published systems."""


def engine_of(plan: RunSpec, effort: Effort) -> Engine:
    """What runs a plan at an effort."""
    plain = plan.case != DIGITAL and not settings_of(plan)
    made_of = (plan.system.name, plan.software.style, plan.system.sync)
    usual = made_of == ("high-power", Software.RELEASED, BARE_METAL)
    if plan.network in CNNS:
        usual = usual and plan.inferences == 1
    else:
        usual = usual and plan.options.variant is None
    through_rtl = {Effort.QUICK: False, Effort.NORMAL: plain and usual, Effort.FULL: plain}
    return Engine.RTL if through_rtl[effort] else Engine.MODEL


def at_effort(plan: RunSpec, effort: Effort) -> RunSpec:
    """The run that a plan stands for at an effort."""
    return replace(plan, engine=engine_of(plan, effort))


def label_of(plan: RunSpec) -> str:
    """What a plan is, for tables and progress."""
    software, cores = plan.software, plan.software.cores
    parts = [plan.name, plan.system.name]
    if plan.case == DIGITAL:
        parts += [f"digital, {cores} core{'s' * (cores != 1)}", software.digital_style]
    else:
        parts += [f"case {plan.case}" if plan.case.isdigit() else plan.case, software.style]
        parts += [software.digital_style] * (plan.network in CNNS)
    parts += [plan.system.sync] * (plan.system.sync != BARE_METAL)
    parts += [plan.options.variant] if plan.options.variant else []
    if plan.network in CNNS:
        parts.append(f"{plan.inferences} image{'s' * ((plan.inferences or 0) > 1)}")
    return ", ".join([*parts, *settings_of(plan)])


def settings_of(plan: RunSpec) -> list[str]:
    """Changes of the system, but for the way in which cores wait."""
    return [f"{name}={value}" for name, value in plan.system.changes if name != "sync.linux"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Variation:
    """A choice that the paper leaves open.

    Members
    -------
    name : in tables and legends.
    software : of the analog programs.
    digital_style : of the digital references' products.
    sync : of both.
    activations : of both, of an LSTM.
    input_format : of both, of the perceptron.
    """

    name: str
    software: str = "released"
    digital_style: str = "neon4"
    sync: str = BARE_METAL
    activations: str | None = None
    input_format: str = INT8

    def suits(self, network: str) -> bool:
        """Whether a network has the choice."""
        return (self.activations is None or network in LSTMS) and (
            self.input_format == INT8 or network == "mlp"
        )


BASE = Variation(name="released, neon4")
LINUX_BASE = Variation(name="released, neon4, Linux", sync=LINUX)
LIBM = Variation(name="released, neon4, libm", activations="libm")
FP32_INPUTS = Variation(name="released, neon4, fp32 inputs", input_format="fp32")
VARIATIONS = (
    BASE,
    Variation(name="tuned, neon4", software="tuned"),
    Variation(name="released, neon1", digital_style="neon1"),
    Variation(name="released, Eigen int8", digital_style="eigen_i8row"),
    LINUX_BASE,
    LIBM,
    FP32_INPUTS,
)
LOOSE_VARIATIONS = (*VARIATIONS[:2], FP32_INPUTS)
"""In which the loosely coupled system runs."""


@cache
def analog(
    network: str,
    system: str,
    case: int | str,
    variation: Variation = BASE,
    *,
    settings: tuple[str, ...] = (),
    images: int = IMAGES,
    normalised: bool = True,
    as_printed: bool = False,
) -> RunSpec:
    """Return the plan of an analog case; on one core nothing is synchronised.

    A plan says what is run, not how thoroughly: its engine is the timed tile. What a case does not
    depend on has its default.
    """
    alone = network not in CNNS and str(case) in ("1", "2", LOOSE)
    return run_spec(
        network,
        case=case,
        software=variation.software,
        digital_style=variation.digital_style if network in CNNS else BASE.digital_style,
        sync=BARE_METAL if alone else variation.sync,
        normalisation=normalised,
        literal_table=as_printed,
        **_common(network, system, variation, settings, images),
    )


@cache
def digital(
    network: str,
    system: str,
    cores: int,
    variation: Variation = BASE,
    *,
    settings: tuple[str, ...] = (),
    images: int = IMAGES,
    normalised: bool = True,
) -> RunSpec:
    """Return the plan of a digital reference."""
    # It has no tiles.
    settings = tuple(s for s in settings if not s.startswith("tile_clock."))
    return run_spec(
        network,
        case=DIGITAL,
        cores=cores,
        digital_style=variation.digital_style,
        sync=BARE_METAL if cores == 1 else variation.sync,
        normalisation=normalised,
        **_common(network, system, variation, settings, images),
    )


def _common(
    network: str, system: str, variation: Variation, settings: tuple[str, ...], images: int
) -> dict[str, Any]:
    """Keywords that analog cases and digital references share."""
    return {
        "system": system,
        "settings": settings,
        "engine": Engine.MODEL,
        "activations": variation.activations,
        "input_format": variation.input_format,
        "inferences": images if network in CNNS else INFERENCES,
        # Programming is the same for every run of a geometry and no part of a result.
        "back_door": True,
    }


def plans_for(explorations: Iterable[str], effort: Effort) -> list[RunSpec]:
    """Return the runs of some of `EXPLORATIONS`, each once, those that take long first."""
    plans = [plan for name in explorations for plan in EXPLORATIONS[name](effort)]
    return sorted(dict.fromkeys(plans), key=_weight, reverse=True)


def handed_over(case: int, wake_cycles: int) -> RunSpec:
    """The perceptron's case on the high-power system under Linux with a cost of waking."""
    return analog(
        "mlp",
        "high-power",
        case,
        LINUX_BASE,
        settings=(f"sync.futex_wake_cycles={wake_cycles}",),
    )


def changed(network: str, settings: tuple[str, ...]) -> tuple[RunSpec, RunSpec]:
    """The digital and the analog run on one core, or a CNN's, of a changed high-power system."""
    cores = CNN_CORES if network in CNNS else 1
    return (
        digital(network, "high-power", cores, settings=settings, images=1),
        analog(network, "high-power", 1, settings=settings, images=1),
    )


def _changes(network: str) -> Iterator[RunSpec]:
    for settings in ((), *SENSITIVITIES.values()):
        yield from changed(network, settings)


def cached(published: PublishedFactor) -> tuple[RunSpec, RunSpec]:
    """The digital and the analog run of a printed factor on a system with a large cache."""
    network, system = published.network, published.system
    return (
        digital(network, system, published.cores, settings=LARGE_CACHE),
        analog(network, system, published.case, settings=LARGE_CACHE),
    )


def _suiting(network: str) -> list[Variation]:
    return [variation for variation in VARIATIONS if variation.suits(network)]


def _mlp(effort: Effort) -> Iterator[RunSpec]:
    cores = sorted({factor.cores for factor in mlp_factors()})
    for system, variation in product(PUBLISHED_SYSTEMS, _suiting("mlp")):
        yield from (analog("mlp", system, case, variation) for case in (1, 2, 3, 4))
        yield from (digital("mlp", system, count, variation) for count in cores)
    for system, variation in product(PUBLISHED_SYSTEMS, VARIATIONS[:2]):
        yield from (
            analog("mlp", system, case, variation, settings=SLOW_PRODUCT) for case in (1, 2, 3, 4)
        )
    yield from (analog("mlp", s, LOOSE, v) for s, v in product(PUBLISHED_SYSTEMS, LOOSE_VARIATIONS))
    yield from _changes("mlp")
    for factor in mlp_factors():
        yield from cached(factor)
    yield from (handed_over(case, cost) for case in (3, 4) for cost in HANDOVERS_CYCLES)


def _lstm(effort: Effort) -> Iterator[RunSpec]:
    cores = sorted({factor.cores for factor in lstm_factors()})
    for system, variation, network in product(PUBLISHED_SYSTEMS, _suiting(LSTMS[0]), LSTMS):
        yield from (analog(network, system, case, variation) for case in (1, 2, 3, 4))
        yield from (digital(network, system, count, variation) for count in cores)
    for system in PUBLISHED_SYSTEMS:
        yield analog("lstm-750", system, 1, settings=SLOW_PRODUCT)
    yield from _changes("lstm-750")
    for factor in lstm_factors():
        yield from cached(factor)


def _cnn(effort: Effort) -> Iterator[RunSpec]:
    images = 1 if effort is Effort.QUICK else IMAGES
    for system, network in product(PUBLISHED_SYSTEMS, CNNS):
        for variation in VARIATIONS[:2]:
            yield analog(network, system, 1, variation, images=images)
        yield digital(network, system, CNN_CORES, images=images)
        yield analog(network, system, 1, images=images, normalised=False)
    for network in CNNS:
        yield analog(network, "high-power", 1, images=1)
        yield analog(network, "high-power", 1, images=images, settings=SLOW_PRODUCT)
    yield analog("cnn-m", "high-power", 1, images=1, as_printed=True)
    yield digital("cnn-f", "high-power", CNN_CORES, images=images, normalised=False)
    yield from _changes("cnn-f")
    for variation in _suiting("cnn-f")[2:]:
        yield analog("cnn-f", "high-power", 1, variation, images=images)
        yield digital("cnn-f", "high-power", CNN_CORES, variation, images=images)


EXPLORATIONS = {"mlp": _mlp, "lstm": _lstm, "cnn": _cnn}
"""The paper's explorations: what each needs."""


def _weight(plan: RunSpec) -> float:
    """Roughly the matrix elements that a run visits, so that long runs do not come last."""
    sizes = {"mlp": 2.1, "lstm-256": 0.4, "lstm-512": 1.3, "lstm-750": 2.6}
    size = {"cnn-f": 600.0, "cnn-m": 1700.0, "cnn-s": 2700.0, **sizes}[plan.name]
    return (plan.inferences or 0) * size * (1.0 if plan.case == DIGITAL else 0.1)
