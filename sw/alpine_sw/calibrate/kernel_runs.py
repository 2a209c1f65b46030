# SPDX-License-Identifier: Apache-2.0
"""Kernels of the reference: products, activations, conversions, CM loops, convolution helpers."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from alpine_platform.config import SystemConfig
from alpine_platform.config.placement import BufferPlacement
from alpine_platform.cores.loop_body import LoopBody
from alpine_platform.cores.operations import Program, RunCmLoop, RunLoop
from alpine_platform.cores.pipeline import Phase
from alpine_platform.memory.address_space import Buffer
from alpine_platform.systems.system import System
from alpine_sw import kernels
from alpine_sw.kernels.bodies import BODIES, lines, numbered, tail
from alpine_sw.kernels.cm import dequeue_batch
from alpine_sw.kernels.copy import inline_body
from alpine_sw.kernels.streams import over, phase
from alpine_sw.kernels.timing import KERNELS, time_kernel

from .experiment import Measured, ReferenceUnits, experiment, placed, timed

__all__: list[str] = []


def aligned(config: SystemConfig) -> SystemConfig:
    """Return a system whose arrays begin at lines.

    Of fp32 columns that begin 16 bytes into a line, pairs of loads would cross lines, for which the
    reference's mvm_eigen_f32col is too fast.
    """
    return replace(config, placement=BufferPlacement.PACKED)


def machine(config: SystemConfig) -> System:
    """Return such a system with the reference's CM units."""
    return System(aligned(config), tile_ports={0: ReferenceUnits(config)})


def library(kernel: str, size: tuple[int, ...], style: str | None, units: float):
    """Time a kernel of the library."""

    def execute(config: SystemConfig) -> Measured:
        timing = time_kernel(kernel, size=size, style=style, config=aligned(config))
        return Measured(
            cycles=timing.cycles / units,
            instructions=timing.instructions / units,
            llc_misses=timing.memory.l2_misses,
            row_hits=timing.memory.dram_row_hit_share,
        )

    return execute


def enter(name: str, kernel: str, size: tuple[int, ...], style: str | None, units: float) -> None:
    """Enter a kernel of the library as an experiment."""
    entry = KERNELS[kernel]
    experiment(
        name,
        "kernels",
        library(kernel, size, style, units),
        body=entry.body(style or ""),
        working_set_bytes=entry.bytes_touched(size),
        # The regions of this job at this size multiply twice, all other large ones once.
        executions=2 if name.startswith("mb_mvm0") and size[0] == 1024 else 1,
    )


STYLES = {
    0: ("neon1", "neon4", "eigen_i8row", "eigen_i8col"),
    1: ("eigen_castcol", "eigen_castrow"),
    2: ("eigen_lazyrow", "eigen_f32col"),
    3: ("scalar",),
}
for job, styles in STYLES.items():
    for style in styles:
        for side in (256, 1024):
            if style != "scalar" or side == 256:
                enter(f"mb_mvm{job}:mvm_{style}_{side}x{side}", "mvm", (side, side), style, side**2)
for name, kernel, style, lengths in (
    ("relu8_neon", "relu", "neon", (1024,)),
    ("relu8_scalar", "relu", "scalar", (1024,)),
    ("i8f32_vec", "dequantise", "vec", (1024,)),
    ("i8f32_scalar", "dequantise", "scalar", (1024,)),
    ("f32i8_vec", "quantise", "vec", (1024,)),
    ("f32i8_scalar", "quantise", "scalar", (1024,)),
    ("cell_vec", "cell", "vec", (750,)),
    ("cell_eigen", "cell", "vec", (750,)),
    ("cell_scalar", "cell", "scalar", (750,)),
    ("exp_eigen", "exp", "eigen", (256, 1024)),
    ("sig_eigen", "sigmoid", "eigen", (256, 1024)),
    ("tanh_eigen", "tanh", "eigen", (256, 1024)),
    ("logistic_eigen", "logistic", None, (256, 1024)),
    ("softmax_eigen", "softmax", "eigen", (256, 1024)),
):
    for length in lengths:
        enter(f"mb_act:{name}_{length}", kernel, (length,), style, length)
for name, kernel in (("exp", "exp"), ("sig", "sigmoid"), ("tanh", "tanh"), ("softmax", "softmax")):
    for length in (256, 1024):
        run = library(kernel, (length,), "libm", length)
        experiment(f"mb_act:{name}_libm_{length}", "libm functions", run)
enter("mb_bw:memcpy_16k", "copy", (8 * 1024,), "memcpy", 8 * 1024)
enter("mb_bw:memcpy_256k", "copy", (128 * 1024,), "memcpy", 128 * 1024)
enter("mb_conv:pool2x2s2_neon_16x16x64", "pool", (16, 16, 64), "neon", 4096)
enter("mb_conv:pool2x2s2_scalar_16x16x64", "pool", (16, 16, 64), "scalar", 4096)


def across_lines(name: str, run: Callable[[SystemConfig], Measured]):
    """Run with a word loop whose four instructions lie in two fetch lines.

    The reference fetched 4.1 lines per iteration of these loops (`l1i_acc`), and 3.1 where the same
    loops take less time, in mlp_ana1_word_cold_sub.
    """

    def execute(config: SystemConfig) -> Measured:
        with placed(name, 56):
            return run(config)

    return execute


def vector_run(
    move: Callable[[Buffer], Program], element: type[np.generic] = np.int8
) -> Callable[[SystemConfig], Measured]:
    """Queue or dequeue a vector of 1024 elements, warm."""

    def execute(config: SystemConfig) -> Measured:
        system = machine(config)
        vector = system.memory.allocate("vector", 1024, element)
        system.run({0: move(vector)})
        # The reference's regions do it twice.
        return timed(system, {0: move(vector)}, 1024, regions=0.5)

    return execute


QUEUE_BYTES = vector_run(partial(kernels.queue_vector, packing="bytes"))
QUEUE_WORDS = vector_run(partial(kernels.queue_vector, packing="word"))
DEQUEUE_WORDS = vector_run(partial(kernels.dequeue_vector, packing="word"))
for name, run, body in (
    ("queue_aimclib", QUEUE_BYTES, "cm_queue_aimclib"),
    ("queue_word", across_lines("cm_queue_word", QUEUE_WORDS), "cm_queue_word"),
    (
        "queue_f32",
        vector_run(partial(kernels.queue_floats, scale=1.0), np.float32),
        "cm_queue_f32",
    ),
    (
        "dequeue_aimclib",
        vector_run(partial(kernels.dequeue_vector, packing="bytes")),
        "cm_dequeue_aimclib",
    ),
    ("dequeue_word", across_lines("cm_dequeue_word", DEQUEUE_WORDS), "cm_dequeue_word"),
    (
        "dequeue_f32",
        vector_run(partial(kernels.dequeue_floats, scale=1.0), np.float32),
        "cm_dequeue_f32",
    ),
):
    experiment(f"mb_cm:cm_{name}_1024B", "CM loops", run, body=body, working_set_bytes=1024)


def without_move(config: SystemConfig) -> Measured:
    """Byte-wise queue with ALPINE's encoding: CM_QUEUE does not read what was moved for it."""
    body = BODIES["cm_queue_aimclib"]
    BODIES["cm_queue_aimclib"] = replace(
        body, text=body.text.replace("cm_queue <- operand", "cm_queue <- fixed")
    )
    try:
        return QUEUE_BYTES(config)
    finally:
        BODIES["cm_queue_aimclib"] = body


experiment("mb_cm:cm_queue_aimclib_rm8_1024B", "CM loops", without_move)


def dependent(config: SystemConfig) -> Measured:
    """Dequeues, each followed by an addition that needs it, unrolled by eight."""
    system = machine(config)
    text = lines(numbered("cm_dequeue a <-\nalu b <- a", 8), tail("n"))
    loop = Phase(body=LoopBody(name="dependent", text=text), iterations=32)
    batch = dequeue_batch(1024)

    def program() -> Program:
        yield RunCmLoop(phases=[loop], batch=batch, wait=True)

    return timed(system, {0: program()}, 256, regions=0.5)


experiment("mb_cm:cm_dequeue_dep_256", "CM loops", dependent)


def windows(
    kernel: int, channels: int, side: int, style: str
) -> Callable[[SystemConfig], Measured]:
    """Gather eight neighbouring windows, warm."""

    def execute(config: SystemConfig) -> Measured:
        system = machine(config)
        image = system.memory.allocate("image", (kernel, side, channels))
        window = system.memory.allocate("window", kernel * kernel * channels)

        def program() -> Program:
            for column in range(8):
                yield from kernels.im2col_window(
                    image,
                    window,
                    row=0,
                    column=column,
                    kernel=kernel,
                    style="bytes" if style == "bytes" else "row",
                )

        system.run({0: program()})
        return timed(system, {0: program()}, 8 * kernel * kernel * channels)

    return execute


for kernel, channels in ((11, 3), (3, 256)):
    for style in ("row", "bytes"):
        experiment(
            f"mb_conv:im2col_{kernel}x{kernel}x{channels}_{style}",
            "kernels",
            windows(kernel, channels, kernel + 8, style),
            body="copy_bytes" if style == "bytes" else "memory_copy" if channels > 3 else None,
            working_set_bytes=2 * kernel * kernel * channels,
        )


def pixels(config: SystemConfig) -> Measured:
    """Gather eight windows of 3 x 3 pixels of 256 bytes, pixel by pixel, warm."""
    system = machine(config)
    image = system.memory.allocate("image", (3, 11, 256))
    window = system.memory.allocate("window", 9 * 256)
    streams = {
        "source": over(image, 0, repeat_stride=256),
        "destination": over(window, 0, repeat_stride=256),
    }
    following = LoopBody(
        name="next_pixel", text=lines(numbered("alu s <- s", 3), "alu flags <- s", "jump <- flags")
    )
    phases = [phase(inline_body(8), 1, streams), Phase(body=following, iterations=1)]

    def program() -> Program:
        for _ in range(8):
            yield RunLoop(phases=phases, repeats=9)

    system.run({0: program()})
    return timed(system, {0: program()}, 8 * 9 * 256)


experiment("mb_conv:im2col_3x3x256_px", "kernels", pixels)
