# SPDX-License-Identifier: Apache-2.0
"""Register maps of the IMC cluster's accelerators: in-memory accelerator and depthwise engine.

Both are hardware processing engines (HWPEs) of the kind that PULP clusters hold: a core acquires a
context, writes its parameters and triggers it; one context runs while the next is written.
"""

from dataclasses import replace

from .imc_cluster import ClusterError, ImcConfig
from .register_map import REGISTER_BITS, Access, Field, Register, RegisterMap

__all__ = [
    "CONTEXT_OFFSETS",
    "DEPTHWISE_ID",
    "DEPTHWISE_REGISTERS",
    "HWPE_ADDRESS_BITS",
    "HWPE_VERSION",
    "IMA_ID",
    "IMA_REGISTERS",
    "NO_CONTEXT",
    "context_registers",
    "geometry_word",
]

HWPE_ADDRESS_BITS = 8
"""Width of a register's byte address."""

IMA_ID = int.from_bytes(b"AIMI", "big")
"""Value of the in-memory accelerator's ``id`` register."""

DEPTHWISE_ID = int.from_bytes(b"AIMD", "big")
"""Value of the depthwise engine's ``id`` register."""

HWPE_VERSION = 0x00010000
"""Value of either ``version`` register: major number in the upper half, minor in the lower."""

NO_CONTEXT = (1 << REGISTER_BITS) - 1
"""What ``acquire`` reads when both contexts are taken."""

CONTEXT_OFFSETS = range(0x40, 0x80)
"""Offsets of the registers of which each context has its own."""

RESET_PRODUCT_CYCLES = 65
"""130 ns at 500 MHz (Garofalo et al. 2022)."""


def _register(
    name: str,
    offset: int,
    access: Access,
    description: str,
    *,
    reset: int | None = 0,
) -> Register:
    """A register of one field, described by the register itself."""
    value = Field(
        name="value", low=0, width=REGISTER_BITS, access=access, description="", reset=reset
    )
    return Register(name=name, offset=offset, fields=(value,), description=description)


def _counter(name: str, offset: int, description: str) -> Register:
    return _register(name, offset, Access.READ_ONLY, f"{description} Modulo 2**32.")


def _bits(name: str, low: int, width: int, access: Access, description: str) -> Field:
    return Field(name=name, low=low, width=width, access=access, description=description)


_GEOMETRY = Register(
    name="geometry",
    offset=0x3C,
    fields=tuple(
        replace(_bits(name, low, width, Access.READ_ONLY, description), reset=None)
        for name, low, width, description in (
            ("rows", 0, 10, "Word lines of a crossbar, less one."),
            ("columns", 10, 10, "Bit lines of a crossbar, less one."),
            ("crossbars", 20, 6, "Crossbars, less one."),
            ("port_bytes_log2", 26, 3, "Base-2 logarithm of the memory port's bytes."),
        )
    ),
    description="What the cluster's accelerators were built with.",
)

_ERRORS = ", ".join(f"{error.value} {error.name.lower()}" for error in ClusterError)


_JOBS = (
    _register(
        "trigger",
        0x00,
        Access.COMMAND,
        "The oldest context that is acquired and not triggered runs after those triggered before.",
    ),
    _register(
        "acquire",
        0x04,
        Access.READ_ONLY,
        "A read takes the lowest free context and returns its number, 0 or 1; all ones when "
        "both are taken.",
    ),
    _register(
        "finished",
        0x08,
        Access.READ_ONLY,
        "Contexts finished since the last read, refused ones included; a read sets it to 0.",
    ),
    Register(
        name="status",
        offset=0x0C,
        fields=(
            _bits(
                "busy",
                0,
                1,
                Access.READ_ONLY,
                "A triggered context is unfinished or a request is on the memory port.",
            ),
            _bits(
                "error",
                8,
                8,
                Access.READ_ONLY,
                f"First error since it was cleared: {_ERRORS}.",
            ),
        ),
        description="State and sticky error.",
    ),
    _register(
        "running",
        0x10,
        Access.READ_ONLY,
        "Number of the oldest triggered context; 0 when there is none.",
    ),
    _register(
        "soft_clear",
        0x14,
        Access.COMMAND,
        "Frees both contexts without event or count and drops what is under way; error, "
        "counters and cells stay.",
    ),
)
"""Registers by which contexts run, alike in both maps."""


def _common(identifier: int, *, products: str) -> tuple[Register, ...]:
    return (
        *_JOBS,
        _register(
            "id",
            0x18,
            Access.READ_ONLY,
            "Four ASCII letters, the first one in the highest byte.",
            reset=identifier,
        ),
        _register(
            "version",
            0x1C,
            Access.READ_ONLY,
            "Version of this register map: major number in the upper half, minor in the lower.",
            reset=HWPE_VERSION,
        ),
        _counter("busy_cycles", 0x20, "Busy cycles."),
        _counter("stalled_cycles", 0x24, "Busy cycles with a memory request and no grant."),
        _counter("products", 0x28, products),
        _counter("bytes_in", 0x2C, "Payload bytes read from memory."),
        _counter("bytes_out", 0x30, "Payload bytes written to memory."),
        _register("clear_counters", 0x34, Access.COMMAND, "Sets counters and error to 0."),
    )


def _context(name: str, offset: int, description: str) -> Register:
    return _register(name, offset, Access.READ_WRITE, description)


IMA_REGISTERS = RegisterMap(
    name="ima",
    title="In-memory accelerator registers",
    registers=(
        *_common(IMA_ID, products="Matrix-vector products finished."),
        _register(
            "product_cycles",
            0x38,
            Access.READ_WRITE,
            "Cycles of one product, 4 to 65535; taken when a context's turn comes.",
            reset=RESET_PRODUCT_CYCLES,
        ),
        _GEOMETRY,
        _context("crossbar", 0x40, "Crossbar that the context's jobs use."),
        _context("row", 0x44, "First word line of the window."),
        _context("column", 0x48, "First bit line of the window."),
        _context("rows", 0x4C, "Word lines of the window; the others get code 0."),
        _context("columns", 0x50, "Bit lines of the window; the others are not written."),
        _context("source", 0x54, "Address of the first run of the first job."),
        _context("run_bytes", 0x58, "Bytes of a run; rows must be runs times this."),
        _context("runs", 0x5C, "Runs of a job, which fill consecutive word lines."),
        _context("run_stride", 0x60, "From a run of a job to the next, two's complement."),
        _context("jobs_x", 0x64, "Jobs of the inner loop."),
        _context("source_stride_x", 0x68, "Source, from a job of the inner loop to the next."),
        _context("jobs_y", 0x6C, "Repetitions of the inner loop."),
        _context("source_stride_y", 0x70, "Source, from a repetition to the next."),
        _context("destination", 0x74, "Address of the first job's codes."),
        _context("destination_stride_x", 0x78, "Destination, from a job to the next."),
        _context("destination_stride_y", 0x7C, "Destination, from a repetition to the next."),
        _register("cell_row", 0x80, Access.READ_WRITE, "Word line of the cell to access."),
        _register("cell_column", 0x84, Access.READ_WRITE, "Bit line of the cell to access."),
        _register("cell_crossbar", 0x88, Access.READ_WRITE, "Crossbar of the cell to access."),
        _register(
            "cell_weight",
            0x8C,
            Access.READ_WRITE,
            "A write programs the cell, a read returns its weight, two's complement; both only "
            "while not busy.",
        ),
    ),
)
"""Registers of the in-memory accelerator."""


def _padding(name: str, low: int) -> Field:
    return _bits(name, low, 1, Access.READ_WRITE, f"One pixel of padding at the {name}.")


DEPTHWISE_REGISTERS = RegisterMap(
    name="depthwise",
    title="Depthwise engine registers",
    registers=(
        *_common(DEPTHWISE_ID, products="Output pixels times blocks of 16 channels finished."),
        _GEOMETRY,
        _context("source", 0x40, "Address of the input map: rows, columns, channels."),
        _context("destination", 0x44, "Address of the output map."),
        _context(
            "weights",
            0x48,
            "Address of the weights: tap (ky, kx) of channel c at (3 ky + kx) channels + c.",
        ),
        _context("height", 0x4C, "Rows of the input map, 1 to 65535."),
        _context("width", 0x50, "Columns of the input map, 1 to 65535."),
        _context("channels", 0x54, "Channels, a multiple of 16."),
        Register(
            name="mode",
            offset=0x58,
            fields=(
                _bits("stride", 0, 2, Access.READ_WRITE, "Stride of the filter, 1 or 2."),
                _padding("top", 4),
                _padding("bottom", 5),
                _padding("left", 6),
                _padding("right", 7),
            ),
            description="Stride and padding.",
        ),
        Register(
            name="activation",
            offset=0x5C,
            fields=(
                _bits("shift", 0, 5, Access.READ_WRITE, "Arithmetic right shift of the sum."),
                _bits("relu", 8, 1, Access.READ_WRITE, "Negative results become 0."),
            ),
            description="From the 32-bit sum to the output code.",
        ),
        _context("pitch", 0x60, "Bytes from a pixel to the next of either map; 0 for channels."),
    ),
)
"""Registers of the depthwise engine."""


def context_registers(registers: RegisterMap) -> tuple[Register, ...]:
    """Return the registers of which each context has its own."""
    return tuple(r for r in registers.registers if r.offset in CONTEXT_OFFSETS)


def geometry_word(config: ImcConfig) -> int:
    """Return what either ``geometry`` register reads."""
    return (
        config.rows - 1
        | (config.columns - 1) << 10
        | (config.crossbars - 1) << 20
        | (config.port_bytes.bit_length() - 1) << 26
    )
