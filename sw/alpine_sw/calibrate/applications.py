# SPDX-License-Identifier: Apache-2.0
"""The reference's multi-layer perceptron: the library's own programs, whole and by region."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Compute, Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.kernels.cm import Packing
from alpine_sw.library.aimclib import section
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.software import Software
from alpine_sw.mapping.published_mlp import analog_mlp, digital_mlp
from alpine_sw.networks import load_mlp
from alpine_sw.programs.generate import Parts, mapped_workload
from alpine_sw.programs.products import ProductSpec, Section

from .experiment import Measured, experiment, placed
from .programs import FLUSH, Application, enter_regions, run_application
from .spinning import SpinningPingPong

__all__: list[str] = []

SIDE = 1024
COUNT = 10
LOAD = Compute(cycles=33, instructions=20)
"""Start of an inference: what input_load's counts hold beyond writeback's, which copy as much."""
APPLICATION = Application(
    inputs=lambda inferences: np.zeros((inferences, SIDE), np.int8),
    regions={
        "input load": "input_load",
        "analog queue": "queue",
        "analog process": "process",
        "analog dequeue": "dequeue",
        "product": "mvm1",
        "activation": "act",
        "output writeback": "writeback",
    },
    extra={"input_load": LOAD},
    # Just before the weights, modulo a way: only so do sums leave the L2 as act1 and act2 say.
    heap_offset_bytes=464 * 1024,
)
DIGITAL = replace(
    APPLICATION,
    next_regions={
        ("mvm1", "activation"): "act1",
        ("act1", "product"): "mvm2",
        ("mvm2", "activation"): "act2",
    },
)
"""Sections of the library's programs and regions of the reference's."""
SOFTWARE: dict[Packing, Software] = {"bytes": Software.RELEASED, "word": Software.TUNED}

Execute = Callable[[SystemConfig], Measured]


class ReferenceDense:
    """A digital layer as the reference has it: one shift for all sums instead of steps.

    Parameters
    ----------
    spec : of the layer.
    """

    def __init__(self, spec: ProductSpec) -> None:
        self._spec = spec

    def place_weights(self, space: AddressSpace) -> None:
        """Lay everything out."""
        spec, outputs = self._spec, len(self._spec.weights)
        self._scratch = space.allocate("scratch", outputs, np.int32)
        self._sums = space.allocate("sums", outputs, np.int32)
        self._weights = space.allocate(f"{spec.name} weights", spec.weights.shape)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Nothing: it lies before the weights."""

    def start(self, space: AddressSpace) -> None:
        """Nothing: all is laid out."""

    def feed(self, source: Buffer) -> Program:
        """Nothing: the vector is read where it lies."""
        yield from ()

    def multiply(self, source: Buffer) -> Program:
        """Product."""
        style = self._spec.style.product
        product = kernels.mvm(self._weights, source, self._sums, style=style, scratch=self._scratch)
        yield from section("product", product)

    def convert(self, target: Buffer) -> list[Section]:
        """Requantisation with ReLU."""
        return [("activation", kernels.requantise(self._sums, target, shift=8))]


def analog(
    packing: Packing,
    case: int,
    *,
    cold: bool,
    region: str | None = None,
    buffers: type[PingPong] = PingPong,
) -> Execute:
    """A mapping onto tiles. The second layer of case 1 works one inference behind the first."""
    executions = 1.0
    if case == 1 and region == "process":
        executions += 1 / COUNT  # the second layer of the last inference
    if case == 2 and region not in ("input_load", "writeback"):
        executions = 2
    return run_application(
        APPLICATION,
        lambda: mapped_workload(
            load_mlp().graph(),
            analog_mlp(load_mlp().graph(), case=case, software=SOFTWARE[packing]),
            parts=Parts(buffers=buffers),
        ),
        cores=2 if case == 3 else 1,
        count=COUNT,
        region=region,
        executions=executions,
        flush=FLUSH if cold else None,
    )


def digital(style: str, count: int, *, cores: int = 1, region: str | None = None) -> Execute:
    """The digital reference."""
    return run_application(
        DIGITAL,
        lambda: mapped_workload(
            load_mlp().graph(),
            digital_mlp(load_mlp().graph(), cores=cores, style=style),
            parts=Parts(core_products=ReferenceDense),
        ),
        cores=cores,
        count=count,
        region=region,
        flush=FLUSH if cores == 1 else None,
    )


ANALOG = ("input_load", "queue", "process", "dequeue", "act", "writeback")


ACROSS_LINES = ("mlp_ana1_word:total", "mlp_ana2_word:total", "mlp_ana2_word_sub:dequeue")
"""Runs whose dequeue loop of words lies in two fetch lines: the region fetches 4.1 lines a word,
the totals 4506 to 4512 an inference, against 3.1 a word and 4108 an inference where it does not."""


def as_fetched(name: str, run: Execute) -> Execute:
    """Place the word loop of a run as its fetches say."""
    if name not in ACROSS_LINES:
        return run

    def execute(config: SystemConfig) -> Measured:
        with placed("cm_dequeue_word", 56):
            return run(config)

    return execute


BODIES: dict[Packing, dict[str, str]] = {
    "bytes": {"queue": "cm_queue_aimclib", "dequeue": "cm_dequeue_aimclib", "act": "relu8_neon"},
    "word": {"queue": "cm_queue_word", "dequeue": "cm_dequeue_word", "act": "relu8_neon"},
}
PACKINGS: tuple[tuple[Packing, str], ...] = (("bytes", ""), ("word", "_word"))
for packing, suffix in PACKINGS:
    for cold, ending in ((False, ""), (True, "_cold")):
        for case, size in ((1, 2 * SIDE), (2, SIDE)):
            job = f"mlp_ana{case}{suffix}{ending}"
            whole = f"{job}:total"
            experiment(whole, "applications", as_fetched(whole, analog(packing, case, cold=cold)))
            enter_regions(
                f"{job}_sub",
                ANALOG,
                lambda name, case=case, packing=packing, cold=cold, job=job: as_fetched(
                    f"{job}_sub:{name}", analog(packing, case, cold=cold, region=name)
                ),
                BODIES[packing],
                size,
            )
experiment("mlp_ana3:total", "applications", analog("bytes", 3, cold=False))
experiment("mlp_ana3_cold:total", "applications", analog("bytes", 3, cold=True))
experiment("mlp_ana3_word:total", "applications", analog("word", 3, cold=True))
experiment(
    "mlp_ana3spin:total",
    "applications",
    analog("bytes", 3, cold=False, buffers=SpinningPingPong),
)
for name, style, count in (
    ("mlp_dig_neon1", "neon1", 4),
    ("mlp_dig_neon4", "neon4", 10),
    ("mlp_dig_ei8r", "eigen_i8row", 10),
    ("mlp_dig_ei8", "eigen_i8col", 2),
    ("mlp_dig_ecast", "eigen_castcol", 1),
    ("mlp_dig_ecastr", "eigen_castrow", 2),
):
    experiment(f"{name}:total", "applications", digital(style, count))
enter_regions(
    "mlp_dig_neon4_sub",
    ("input_load", "mvm1", "act1", "mvm2", "act2", "writeback"),
    lambda name: digital("neon4", 2, region=name),
    {"mvm1": "mvm_neon4", "mvm2": "mvm_neon4"},
    SIDE**2,
)
experiment("mlp_dig2:total", "applications", digital("neon4", COUNT, cores=2))
experiment("mlp_dig2_neon1:total", "applications", digital("neon1", COUNT, cores=2))
