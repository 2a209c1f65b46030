# SPDX-License-Identifier: Apache-2.0
"""Time one kernel of the library alone: what `alpine kernel` prints."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import TilePort
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Program
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.memory.memory_state import MemoryStats
from alpine_platform.systems.system import System

from . import activation, cm, conv, elementwise
from .calibration import trust_warning
from .copy import copy
from .mvm import MVM_STYLES, SCRATCH_STYLES, mm, mvm

__all__ = ["KERNELS", "KernelEntry", "KernelTiming", "time_kernel"]

Run = Callable[[], Program]
Size = tuple[int, ...]

MOST_ELEMENTS = 1 << 28
"""Largest product of a size's numbers: some gigabytes of the host's memory, minutes of its time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelTiming:
    """One warm execution of a kernel.

    Members
    -------
    kernel, style, size, system : what was timed.
    cycles, wait_cycles : core cycles, and how many of them waited for memory.
    time_s : the same in seconds.
    instructions : committed.
    memory : misses at each level and DRAM traffic.
    warning : why the figure is beyond what calibration checked, or None.
    """

    kernel: str
    style: str | None
    size: Size
    system: str
    cycles: int
    wait_cycles: int
    time_s: float
    instructions: int
    memory: MemoryStats
    warning: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KernelEntry:
    """A kernel that can be timed alone.

    Members
    -------
    make : from memory, size and style to a function that starts the kernel.
    dimensions : what the numbers of the size mean.
    styles : styles it knows, the default first; empty where it has none.
    body : from a style to the loop body that dominates it.
    bytes_touched : from a size to its working set.
    on_tile : whether it talks to a tile, of which it then gets one with as many lines as elements.
    """

    make: Callable[[AddressSpace, Size, str], Run]
    dimensions: tuple[str, ...]
    styles: tuple[str, ...] = ()
    body: Callable[[str], str]
    bytes_touched: Callable[[Size], int]
    on_tile: bool = False


def time_kernel(
    name: str, *, size: Size, config: SystemConfig, style: str | None = None
) -> KernelTiming:
    """Run a kernel twice on an otherwise idle system and report the second, warm execution.

    Raises
    ------
    ValueError
        The kernel or style is unknown, the size has the wrong number of dimensions or is beyond
        what a simulation gets through, or there is no tile of that size.
    """
    if name not in KERNELS:
        raise ValueError(f"unknown kernel {name!r}; use one of {', '.join(KERNELS)}")
    entry = KERNELS[name]
    if len(size) != len(entry.dimensions) or min(size) < 1:
        wanted = "x".join(entry.dimensions)
        raise ValueError(f"kernel {name} takes a size {wanted}, not {'x'.join(map(str, size))}")
    if math.prod(size) > MOST_ELEMENTS:
        raise ValueError(f"kernel {name} is timed on at most {MOST_ELEMENTS:,} elements")
    if style is None and entry.styles:
        style = entry.styles[0]
    if style is not None and style not in entry.styles:
        known = ", ".join(entry.styles) or "none"
        raise ValueError(f"kernel {name} has no style {style!r}; it has {known}")
    ports: dict[int, TilePort] = {}
    if entry.on_tile:
        period = config.tile_clock.period_fs
        geometry = TileConfig(rows=size[0], columns=size[0])
        tile = TimedTile(config=geometry, tile_period_fs=period)
        ports[0] = TimedTilePort([tile], tile_period_fs=period)
    system = System(config, tile_ports=ports)
    run = entry.make(system.memory, size, style or "")
    system.run({0: run()})
    result = system.run({0: run()})
    core = result.cores[0]
    return KernelTiming(
        kernel=name,
        style=style,
        size=size,
        system=config.name,
        cycles=core.active_cycles + core.wait_cycles,
        wait_cycles=core.wait_cycles,
        time_s=result.time_s,
        instructions=result.instructions,
        memory=result.memory,
        warning=trust_warning(entry.body(style or ""), entry.bytes_touched(size)),
    )


def make_mvm(memory: AddressSpace, size: Size, style: str) -> Run:
    """W[OUT][IN] times a vector."""
    rows, columns = size
    kind = np.float32 if style == "eigen_f32col" else np.int8
    weights = memory.allocate("weights", (rows, columns), kind)
    inputs = memory.allocate("inputs", columns, kind)
    outputs = memory.allocate("outputs", rows, np.int32 if kind is np.int8 else kind)
    scratch = memory.allocate("scratch", columns, np.int32) if style in SCRATCH_STYLES else None
    return lambda: mvm(weights, inputs, outputs, style=style, scratch=scratch)


def make_mm(memory: AddressSpace, size: Size, style: str) -> Run:
    """W[OUT][IN] times COUNT vectors."""
    rows, columns, count = size
    weights = memory.allocate("weights", (rows, columns))
    inputs = memory.allocate("inputs", (count, columns))
    outputs = memory.allocate("outputs", (count, rows), np.int32)
    return lambda: mm(weights, inputs, outputs)


def make_copy(memory: AddressSpace, size: Size, style: str) -> Run:
    """Copy of so many bytes."""
    source = memory.allocate("source", size[0])
    destination = memory.allocate("destination", size[0])
    return lambda: copy(destination, source, style="bytes" if style == "bytes" else "memcpy")


def make_relu(memory: AddressSpace, size: Size, style: str) -> Run:
    """ReLU of so many int8."""
    codes = memory.allocate("codes", size[0])
    return lambda: elementwise.relu8(codes, style="scalar" if style == "scalar" else "neon")


def make_requantise(memory: AddressSpace, size: Size, style: str) -> Run:
    """Requantisation of so many sums."""
    sums = memory.allocate("sums", size[0], np.int32)
    codes = memory.allocate("codes", size[0])
    return lambda: elementwise.requantise(sums, codes, shift=8)


def make_dequantise(memory: AddressSpace, size: Size, style: str) -> Run:
    """So many int8 to float32."""
    codes = memory.allocate("codes", size[0])
    values = memory.allocate("values", size[0], np.float32)
    width = "scalar" if style == "scalar" else "vec"
    return lambda: elementwise.dequantise(codes, values, scale=0.1, style=width)


def make_quantise(memory: AddressSpace, size: Size, style: str) -> Run:
    """So many float32 to int8."""
    values = memory.allocate("values", size[0], np.float32)
    codes = memory.allocate("codes", size[0])
    width = "scalar" if style == "scalar" else "vec"
    return lambda: elementwise.quantise(values, codes, scale=10.0, style=width)


def make_cell(memory: AddressSpace, size: Size, style: str) -> Run:
    """Gate combination of so many elements."""
    parts = [memory.allocate(f"part {index}", size[0], np.float32) for index in range(4)]
    width = "scalar" if style == "scalar" else "vec"
    return lambda: elementwise.cell_update(*parts, style=width)


def make_unary(function: Callable[..., Program]) -> Callable[[AddressSpace, Size, str], Run]:
    """Activation of so many float32."""

    def make(memory: AddressSpace, size: Size, style: str) -> Run:
        inputs = memory.allocate("inputs", size[0], np.float32)
        outputs = memory.allocate("outputs", size[0], np.float32)
        inputs.data[:] = 1.0  # what has a short way out for zeros does not take it
        if style:
            return lambda: function(inputs, outputs, style=style)
        return lambda: function(inputs, outputs)

    return make


def make_binary(function: Callable[..., Program]) -> Callable[[AddressSpace, Size, str], Run]:
    """Vector arithmetic on so many float32."""

    def make(memory: AddressSpace, size: Size, style: str) -> Run:
        parts = [memory.allocate(name, size[0], np.float32) for name in ("a", "b", "c")]
        return lambda: function(*parts)

    return make


def make_pool(memory: AddressSpace, size: Size, style: str) -> Run:
    """2 x 2 pooling with stride 2 of a ROWSxCOLUMNSxCHANNELS image."""
    rows, columns, channels = size
    image = memory.allocate("image", size)
    outputs = memory.allocate("outputs", (rows // 2, columns // 2, channels))
    kind = "scalar" if style == "scalar" else "neon"
    return lambda: conv.max_pool(image, outputs, kernel=2, stride=2, style=kind)


def make_im2col(memory: AddressSpace, size: Size, style: str) -> Run:
    """One KERNELxKERNELxCHANNELS window of an image four windows wide."""
    kernel, channels = size
    image = memory.allocate("image", (kernel, 4 * kernel, channels))
    window = memory.allocate("window", kernel * kernel * channels)
    kind = "bytes" if style == "bytes" else "row"
    return lambda: conv.im2col_window(image, window, row=0, column=0, kernel=kernel, style=kind)


def make_normalisation(memory: AddressSpace, size: Size, style: str) -> Run:
    """Response normalisation of so many pixels."""
    pixels, channels = size
    inputs = memory.allocate("inputs", pixels * channels, np.float32)
    outputs = memory.allocate("outputs", pixels * channels, np.float32)
    return lambda: activation.local_response_normalisation(inputs, outputs, channels=channels)


def make_queue(memory: AddressSpace, size: Size, style: str) -> Run:
    """Queue of so many codes, or of float32 values that are scaled to codes."""
    if style == "f32":
        values = memory.allocate("values", size[0], np.float32)
        return lambda: cm.queue_floats(values, scale=1.0, index=0)
    codes = memory.allocate("codes", size[0])
    packing = "word" if style == "word" else "bytes"
    return lambda: cm.queue_vector(codes, packing=packing, index=0)


def make_dequeue(memory: AddressSpace, size: Size, style: str) -> Run:
    """Dequeue of so many outputs, or of outputs that are scaled to float32."""
    if style == "f32":
        values = memory.allocate("values", size[0], np.float32)
        return lambda: cm.dequeue_floats(values, scale=1.0, index=0)
    codes = memory.allocate("codes", size[0])
    packing = "word" if style == "word" else "bytes"
    return lambda: cm.dequeue_vector(codes, packing=packing, index=0)


def cm_body(style: str) -> str:
    """Ending of the body of a queue or dequeue style."""
    return "aimclib" if style == "bytes" else style


def simple(
    make: Callable[[AddressSpace, Size, str], Run],
    body: str,
    bytes_each: int,
    *styles: str,
) -> KernelEntry:
    """Entry of a kernel over one vector; `{}` in the body's name stands for the style."""
    return KernelEntry(
        make=make,
        dimensions=("LENGTH",),
        styles=styles,
        body=body.format,
        bytes_touched=lambda size: size[0] * bytes_each,
    )


ACTIVATION_STYLES = ("eigen", "libm")

KERNELS: dict[str, KernelEntry] = {
    "mvm": KernelEntry(
        make=make_mvm,
        dimensions=("OUT", "IN"),
        styles=("neon4", *(style for style in MVM_STYLES if style != "neon4")),
        body=lambda style: "mvm_" + style.replace("castrow", "lazyrow"),
        bytes_touched=lambda size: size[0] * size[1],
    ),
    "mm": KernelEntry(
        make=make_mm,
        dimensions=("OUT", "IN", "COUNT"),
        body=lambda style: "mvm_neon4",
        bytes_touched=lambda size: size[0] * size[1],
    ),
    "copy": KernelEntry(
        make=make_copy,
        dimensions=("LENGTH",),
        styles=("memcpy", "bytes"),
        body=lambda style: "copy_bytes" if style == "bytes" else "memory_copy",
        bytes_touched=lambda size: 2 * size[0],
    ),
    "relu": simple(make_relu, "relu8_{}", 1, "neon", "scalar"),
    "requantise": simple(make_requantise, "requantise_relu", 5),
    "dequantise": simple(make_dequantise, "i8f32_{}", 5, "vec", "scalar"),
    "quantise": simple(make_quantise, "f32i8_{}", 5, "vec", "scalar"),
    "cell": simple(make_cell, "cell_{}", 16, "vec", "scalar"),
    "exp": simple(make_unary(activation.exponential), "exp_{}", 8, *ACTIVATION_STYLES),
    "sigmoid": simple(make_unary(activation.sigmoid), "sigmoid_{}", 8, *ACTIVATION_STYLES),
    "logistic": simple(make_unary(activation.logistic), "logistic_eigen", 8),
    "tanh": simple(make_unary(activation.tanh), "tanh_{}", 8, *ACTIVATION_STYLES),
    "softmax": KernelEntry(
        make=make_unary(activation.softmax),
        dimensions=("LENGTH",),
        styles=ACTIVATION_STYLES,
        body=lambda style: "exp_sum_libm" if style == "libm" else "exp_shifted",
        bytes_touched=lambda size: size[0] * 8,
    ),
    "add": simple(make_binary(elementwise.vector_add), "vector_add", 12),
    "multiply": simple(make_binary(elementwise.vector_multiply), "vector_multiply", 12),
    "pool": KernelEntry(
        make=make_pool,
        dimensions=("ROWS", "COLUMNS", "CHANNELS"),
        styles=("neon", "scalar"),
        body=lambda style: "pool_scalar" if style == "scalar" else "pool_neon_4",
        bytes_touched=lambda size: size[0] * size[1] * size[2],
    ),
    "im2col": KernelEntry(
        make=make_im2col,
        dimensions=("KERNEL", "CHANNELS"),
        styles=("row", "bytes"),
        body=lambda style: "copy_bytes" if style == "bytes" else "memory_copy",
        bytes_touched=lambda size: 2 * size[0] ** 2 * size[1],
    ),
    "lrn": KernelEntry(
        make=make_normalisation,
        dimensions=("PIXELS", "CHANNELS"),
        body=lambda style: "lrn",
        bytes_touched=lambda size: 8 * size[0] * size[1],
    ),
    "queue": KernelEntry(
        make=make_queue,
        dimensions=("LENGTH",),
        styles=("bytes", "word", "f32"),
        body=lambda style: f"cm_queue_{cm_body(style)}",
        bytes_touched=lambda size: size[0],
        on_tile=True,
    ),
    "dequeue": KernelEntry(
        make=make_dequeue,
        dimensions=("LENGTH",),
        styles=("bytes", "word", "f32"),
        body=lambda style: f"cm_dequeue_{cm_body(style)}",
        bytes_touched=lambda size: size[0],
        on_tile=True,
    ),
}
"""Kernels that `time_kernel` knows."""
