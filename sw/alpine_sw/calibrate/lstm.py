# SPDX-License-Identifier: Apache-2.0
"""The reference's long short-term memory: the library's own programs, whole and by region."""

from functools import partial

import numpy as np

from alpine_platform.cores.operations import Compute, Program
from alpine_platform.memory.address_space import AddressSpace, Buffer
from alpine_sw import kernels
from alpine_sw.datasets.texts import ONE_HOT_WIDTH
from alpine_sw.library.aimclib import section
from alpine_sw.library.ping_pong import PingPong
from alpine_sw.library.workloads import Workload
from alpine_sw.mapping.published_lstm import analog_lstm, digital_lstm
from alpine_sw.networks.lstm import LstmNetwork
from alpine_sw.programs.generate import Parts, mapped_workload
from alpine_sw.programs.products import ProductSpec, Section

from .experiment import experiment
from .programs import Application, enter_regions, run_application
from .spinning import SpinningPingPong

__all__: list[str] = []

COUNT = 10
VECTOR = 16
REGION_INSTRUCTIONS = 17
"""Of a region's markers here: what the process regions hold besides their one CM instruction."""
LOAD = Compute(cycles=53, instructions=32)
"""Start of an inference: what input_load's counts hold besides its copies, at both sizes."""
PLACE = Compute(cycles=3, instructions=3)
"""Address of an output, by the counts of writeback."""

APPLICATION = Application(
    inputs=lambda steps: np.zeros((steps, ONE_HOT_WIDTH), np.int8),
    regions={
        "input load": "input_load",
        "cell queue": "queue",
        "analog process": "process",
        "cell dequeue": "dequeue",
        "cell quantisation": "quant",
        "cell product": "mvm",
        "cell dequantisation": "dequant",
        "cell activation": "gate_act",
        "gate combination": "gate_comb",
        "dense queue": "dense_queue",
        "dense dequeue": "dense_dequeue",
        "dense quantisation": "dense",
        "dense product": "dense",
        "dense dequantisation": "dense",
        "softmax": "softmax",
        "output writeback": "writeback",
    },
    next_regions={("dense_queue", "analog process"): "dense_process"},
    extra={"input_load": LOAD, "writeback": PLACE},
    heap_offset_bytes=54 * 1024,
    marker_instructions=REGION_INSTRUCTIONS,
)
"""Sections of the library's programs and regions of the reference's on one core.

The misses of lstm256_dig's regions on lp tell the place of the heap: inputs, state and gates share
sets of the 2-way L2 with the weights, and what the layers own besides does not. Of its ways each is
256 kB, and 320 kB of weights fill both ways of the sets that lie 0 to 64 kB behind their start.
"""


def network(units: int) -> LstmNetwork:
    """A network of a size; its weights do not matter to the time."""
    gates, width = 4 * units, units + ONE_HOT_WIDTH
    return LstmNetwork(
        name=f"{units} units",
        cell_weights=np.zeros((gates, width), np.int8),
        cell_lsb=np.ones(gates, np.float32),
        gate_scale=1.0,
        dense_weights=np.zeros((ONE_HOT_WIDTH, units), np.int8),
        dense_lsb=np.ones(ONE_HOT_WIDTH, np.float32),
        logit_scale=1.0,
    )


class ReferenceLstmLayer:
    """A digital layer as the reference has it: sums become values at once, not by way of codes.

    Both layers read vectors of the width of [h, x].

    Parameters
    ----------
    spec : of the layer.
    width : elements of [h, x].
    """

    def __init__(self, spec: ProductSpec, *, width: int) -> None:
        self._spec, self._width = spec, -(-width // VECTOR) * VECTOR

    def place_weights(self, space: AddressSpace) -> None:
        """Lay everything out."""
        name, outputs = self._spec.label, len(self._spec.weights)
        self._weights = space.allocate(f"{name} weights", (outputs, self._width))
        self._codes = space.allocate(f"{name} layer codes", self._width)
        self._sums = space.allocate(f"{name} layer sums", outputs, np.int32)

    def allocate_scratch(self, space: AddressSpace) -> None:
        """Nothing: it lies behind the weights."""

    def start(self, space: AddressSpace) -> None:
        """Nothing: all is laid out."""

    def feed(self, source: Buffer) -> Program:
        """Nothing: the vector is read where it lies."""
        yield from ()

    def multiply(self, source: Buffer) -> Program:
        """Quantise, multiply."""
        name, codes = self._spec.label, self._codes.part(0, len(source.data))
        yield from section(f"{name} quantisation", kernels.quantise(source, codes, scale=1.0))
        style = self._spec.style.product
        product = kernels.mvm(self._weights, self._codes, self._sums, style=style)
        yield from section(f"{name} product", product)

    def convert(self, target: Buffer) -> list[Section]:
        """Dequantise."""
        scale = self._spec.result_scale
        assert scale is not None
        dequantise = kernels.dequantise_sums(self._sums, target, scale=scale)
        return [(f"{self._spec.label} dequantisation", dequantise)]


def analog(units: int, case: int, *, libm: bool = False, spinning: bool = False):
    """The network on tiles."""

    def workload() -> Workload:
        graph = network(units).graph()
        return mapped_workload(
            graph,
            analog_lstm(graph, case=case, activations="libm" if libm else "eigen"),
            parts=Parts(buffers=SpinningPingPong if spinning else PingPong),
        )

    return workload


def digital(units: int, cores: int, style: str):
    """The network as int8 products by the cores."""

    def workload() -> Workload:
        graph = network(units).graph()
        return mapped_workload(
            graph,
            digital_lstm(graph, cores=cores, style=style),
            parts=Parts(core_products=partial(ReferenceLstmLayer, width=units + ONE_HOT_WIDTH)),
        )

    return workload


SHARED = ("input_load", "gate_act", "gate_comb", "softmax", "writeback")
ANALOG = ("queue", "process", "dequeue", "dense_queue", "dense_process", "dense_dequeue")
DIGITAL = ("quant", "mvm", "dequant", "dense")
BODIES = {
    "queue": "cm_queue_f32",
    "dequeue": "cm_dequeue_f32",
    "dense_queue": "cm_queue_f32",
    "dense_dequeue": "cm_dequeue_f32",
}


def enter_totals(units: int) -> None:
    """Enter the whole runs of a network."""
    for name, workload, cores, count in (
        ("ana_tot", analog(units, 2), 1, COUNT),
        ("ana1", analog(units, 1), 1, COUNT),
        ("dig_tot", digital(units, 1, "neon4"), 1, COUNT),
        ("dig_totei8r", digital(units, 1, "eigen_i8row"), 1, 5),
        ("dig_neon1", digital(units, 1, "neon1"), 1, 5),
        ("ana3", analog(units, 3), 2, COUNT),
        ("ana4", analog(units, 4), 5, COUNT),
        ("ana4spin", analog(units, 4, spinning=True), 5, COUNT),
        ("dig2", digital(units, 2, "neon4"), 2, COUNT),
        ("dig5", digital(units, 5, "neon4"), 5, COUNT),
    ):
        run = run_application(APPLICATION, workload, cores=cores, count=count)
        experiment(f"lstm{units}_{name}:total", "applications", run)


def enter_parts(units: int) -> None:
    """Enter the regions of the runs on one core."""
    for libm, job in ((False, "ana"), (True, "ana_libm")):
        enter_regions(
            f"lstm{units}_{job}",
            (*SHARED, *ANALOG),
            lambda name, libm=libm: run_application(
                APPLICATION, analog(units, 2, libm=libm), count=COUNT, region=name
            ),
            {} if libm else BODIES,
            4 * units,
        )
    workload, count = digital(units, 1, "neon1"), 5 if units == 256 else 2
    enter_regions(
        f"lstm{units}_dig",
        (*SHARED, *DIGITAL),
        lambda name: run_application(APPLICATION, workload, count=count, region=name),
        {"mvm": "mvm_neon1"},
        4 * units * (-(-(units + ONE_HOT_WIDTH) // VECTOR) * VECTOR),
    )


for size in (256, 750):
    enter_totals(size)
    enter_parts(size)
