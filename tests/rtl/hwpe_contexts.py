# SPDX-License-Identifier: Apache-2.0
"""Both accelerators of the cluster in one small model, their contexts, and programs for either.

A program's ``which`` is "ima" or "dw". `hwpe_control_checks` and `hwpe_job_checks` build on it.
"""

import random

from hwpe_bench import Engine, HwpeBench
from hwpe_programs import DEPTHWISE, IMA, run_bench, words_of
from hwpe_reference import MEMORY_BYTES, Macro, run_depthwise, run_ima

from alpine_cosim.binding import VerilatedModel
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.imc_cluster import ImcConfig

__all__ = [
    "CONFIG", "JOBS", "MAPS", "OFFSETS", "PRODUCTS", "Both", "apply", "dw_job", "error", "finish",
    "ima_job", "read", "short_products", "start", "write",
]  # fmt: skip

CONFIG = ImcConfig(rows=6, columns=5, port_bytes=4, crossbars=2)

MAPS = {"ima": IMA_REGISTERS, "dw": DEPTHWISE_REGISTERS}
OFFSETS = {"ima": IMA, "dw": DEPTHWISE}


class Both:
    """A verilated `ClusterAccelerators` of `CONFIG`; its input ``planted`` chooses a fault."""

    def __init__(self, model: VerilatedModel, planted: int = 0):
        self.model, self.planted = model, planted

    def bench(self, *, seed=1, product_cycles=4, programming_cycles=3, grants=lambda: True):
        """Return a bench without programs; `run` takes it."""
        draw = random.Random(seed)
        macro = Macro(
            rows=CONFIG.rows,
            columns=CONFIG.columns,
            crossbars=CONFIG.crossbars,
            product_cycles=product_cycles,
            programming_cycles=programming_cycles,
        ).randomise(draw)
        return _Bench(
            planted=self.planted,
            port_bytes=CONFIG.port_bytes,
            engines=[Engine(f"{name}_cfg", f"{name}_event_done", iter(())) for name in MAPS],
            memory=bytearray(draw.randbytes(MEMORY_BYTES)),
            macro=macro,
            grants=grants,
        )

    def run(self, bench: HwpeBench, *, ima=(), dw=(), cycles=6000) -> None:
        """Run programs: iterables of accesses."""
        for engine, program in zip(bench.engines, (ima, dw), strict=True):
            engine.program = iter(program)
        run_bench(self.model, bench, cycles=cycles)


class _Bench(HwpeBench):
    def __init__(self, *, planted: int, **options):
        super().__init__(**options)
        self.fault = planted

    def cycle(self, get, put) -> bool:
        put("planted", self.fault)
        return super().cycle(get, put)


def ima_job(**changes):
    """A context of four jobs that use both runs and the whole window."""
    return {
        "crossbar": 1,
        "row": 0,
        "column": 0,
        "rows": 6,
        "columns": 5,
        "source": 5,
        "run_bytes": 3,
        "runs": 2,
        "run_stride": 20,
        "jobs_x": 4,
        "source_stride_x": 1,
        "jobs_y": 1,
        "source_stride_y": 0,
        "destination": 2048,
        "destination_stride_x": 5,
        "destination_stride_y": 0,
    } | changes


def dw_job(**changes):
    """A map of 3 x 4 pixels of 16 channels."""
    return {
        "source": 0,
        "destination": 2100,
        "weights": 1700,
        "height": 3,
        "width": 4,
        "channels": 16,
        "stride": 1,
        "top": 0,
        "bottom": 0,
        "left": 0,
        "right": 0,
        "shift": 7,
        "relu": 0,
        "pitch": 0,
    } | changes


JOBS = {"ima": ima_job, "dw": dw_job}

PRODUCTS = {"ima": 4, "dw": 2}
"""What these contexts count: jobs; pixels of 16 channels."""


def apply(which, bench, memory, job):
    """Do to a memory what a context asks for."""
    if which == "ima":
        run_ima(memory, bench.macro, job)
    else:
        run_depthwise(memory, job)


def write(which, job):
    """Write a context's registers, in words."""
    for name, word in words_of(MAPS[which], job).items():
        yield OFFSETS[which][name], word


def start(which, job):
    """Acquire a context, write and trigger it."""
    number = yield OFFSETS[which]["acquire"], None
    assert number < 2
    yield from write(which, job)
    yield OFFSETS[which]["trigger"], 0


def short_products(which):
    """Make products as short as the bench's crossbars have them."""
    if which == "ima":
        yield IMA["product_cycles"], 4


def finish(which, contexts):
    """Wait until so many contexts have finished."""
    done = 0
    while done < contexts:
        done += yield OFFSETS[which]["finished"], None
    assert done == contexts


def read(which, name):
    """Return what a register reads."""
    return (yield OFFSETS[which][name], None)


def error(which):
    """Return the error and clear it."""
    status = yield from read(which, "status")
    yield OFFSETS[which]["clear_counters"], 0
    return status >> 8
