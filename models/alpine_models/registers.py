# SPDX-License-Identifier: Apache-2.0
"""The register maps: one table from which decode, C header, driver and documentation are made.

Registers are 32 bits wide, at byte offsets that are multiples of 4. Two maps exist: the one behind
a tile's register port, and the one of the loosely coupled accelerator, whose address space also
holds a page per tile.
"""

from collections.abc import Sequence
from dataclasses import replace

from .isa import CmStatus
from .register_map import REGISTER_BITS, Access, Field, Register, RegisterMap, Window
from .tile import MAX_LINES, MAX_PHASE_CYCLES, TileConfig

__all__ = [
    "ACCELERATOR_ID",
    "ACCELERATOR_REGISTERS",
    "MAX_TILES",
    "PAGE_REGISTERS",
    "PAGE_WINDOWS",
    "TILE_ADDRESS_BITS",
    "TILE_ID",
    "TILE_PAGE_BYTES",
    "TILE_REGISTERS",
    "VERSION",
    "accelerator_bytes",
    "link_bytes",
    "tile_page",
    "tile_register_map",
]

TILE_ADDRESS_BITS = 8
"""Width of the tile's register address: a byte offset."""

TILE_ID = int.from_bytes(b"AIMC", "big")
"""Value of the tile's ``id`` register."""

ACCELERATOR_ID = int.from_bytes(b"AIMX", "big")
"""Value of the accelerator's ``id`` register."""

VERSION = (1, 0)
"""Major and minor version of the register maps; a new major number breaks drivers."""

MAX_TILES = 16
"""Most tiles of one accelerator: bits of its per-tile fields."""


def _value(access: Access, width: int, *, reset: int | None = 0, minimum: int = 0) -> Field:
    """The only field of a register, described by the register itself."""
    return Field(
        name="value",
        low=0,
        width=width,
        access=access,
        description="",
        reset=reset,
        minimum=minimum,
    )


def _counter(name: str, offset: int, description: str) -> Register:
    return Register(
        name=name,
        offset=offset,
        fields=(_value(Access.READ_ONLY, REGISTER_BITS),),
        description=f"{description} Modulo 2**32.",
    )


def _phase(name: str, offset: int, description: str) -> Register:
    return Register(
        name=name,
        offset=offset,
        fields=(_value(Access.READ_WRITE, 16, reset=None, minimum=1),),
        description=f"{description} Used when override is set; a write of 0 is refused.",
    )


def _identity(identifier: int) -> tuple[Register, Register]:
    return (
        Register(
            name="id",
            offset=0x00,
            fields=(_value(Access.READ_ONLY, REGISTER_BITS, reset=identifier),),
            description="Four ASCII letters, the first one in the highest byte.",
        ),
        Register(
            name="version",
            offset=0x04,
            fields=(
                Field(
                    name="minor",
                    low=0,
                    width=16,
                    access=Access.READ_ONLY,
                    reset=VERSION[1],
                    description="Raised when registers are added.",
                ),
                Field(
                    name="major",
                    low=16,
                    width=16,
                    access=Access.READ_ONLY,
                    reset=VERSION[0],
                    description="Raised when drivers must change.",
                ),
            ),
            description="Version of this register map.",
        ),
    )


TILE_REGISTERS = RegisterMap(
    name="aimc_tile",
    title="Tile registers",
    registers=(
        *_identity(TILE_ID),
        Register(
            name="rows",
            offset=0x08,
            fields=(_value(Access.READ_ONLY, 17, reset=None),),
            description="Word lines of the crossbar: bytes of the input memory.",
        ),
        Register(
            name="columns",
            offset=0x0C,
            fields=(_value(Access.READ_ONLY, 17, reset=None),),
            description="Bit lines of the crossbar: bytes of the output memory.",
        ),
        Register(
            name="features",
            offset=0x10,
            fields=(
                Field(
                    name="double_buffer",
                    low=0,
                    width=1,
                    access=Access.READ_ONLY,
                    reset=None,
                    description="The next vector can be queued during a CM_PROCESS.",
                ),
            ),
            description="Options that the hardware was built with.",
        ),
        Register(
            name="error",
            offset=0x14,
            fields=(
                Field(
                    name="code",
                    low=0,
                    width=4,
                    access=Access.READ_ONLY,
                    description="Status of the first rejected command since the last clear, or 0: "
                    + ", ".join(f"{status.value} {status.name.lower()}" for status in CmStatus)
                    + ".",
                ),
                Field(
                    name="clear",
                    low=31,
                    width=1,
                    access=Access.WRITE_ONE,
                    description="Sets code to 0; a command rejected in the same cycle still shows.",
                ),
            ),
            description="Sticky error. The first one is kept, as later ones often follow from it.",
        ),
        Register(
            name="control",
            offset=0x18,
            fields=(
                Field(
                    name="override",
                    low=0,
                    width=1,
                    access=Access.READ_WRITE,
                    description="Phase lengths come from the registers instead of the defaults.",
                ),
                Field(
                    name="clear_counters",
                    low=31,
                    width=1,
                    access=Access.WRITE_ONE,
                    description="Sets every performance counter to 0.",
                ),
            ),
            description="Options of operation. Lengths are taken when a CM_PROCESS begins.",
        ),
        _phase("precharge_cycles", 0x1C, "Tile cycles of the pre-charge phase."),
        _phase("integrate_cycles", 0x20, "Tile cycles of the integration phase."),
        _phase("digitise_cycles", 0x24, "Tile cycles of the digitisation phase."),
        _counter("busy_cycles", 0x28, "Cycles with an accepted command not yet answered."),
        _counter("mvms", 0x2C, "Matrix-vector multiplications finished."),
        _counter("bytes_in", 0x30, "Bytes written to the input memory."),
        _counter("bytes_out", 0x34, "Bytes read from the output memory."),
        _counter("stall_cycles", 0x38, "Cycles in which a request waited for the tile."),
    ),
)
"""Registers behind the tile's register port, also found in every tile page of the accelerator."""


def tile_register_map(config: TileConfig) -> RegisterMap:
    """Return the tile's register map with the reset values that a configuration decides."""
    decided = {
        "rows": config.rows,
        "columns": config.columns,
        "features": int(config.double_buffer),
        "precharge_cycles": config.precharge_cycles,
        "integrate_cycles": config.integrate_cycles,
        "digitise_cycles": config.digitise_cycles,
    }
    return replace(
        TILE_REGISTERS,
        registers=tuple(
            replace(
                register,
                fields=tuple(
                    field
                    if field.reset is not None
                    else replace(field, reset=decided[register.name])
                    for field in register.fields
                ),
            )
            for register in TILE_REGISTERS.registers
        ),
    )


def _per_tile(access: Access) -> Field:
    return _value(access, MAX_TILES)


ACCELERATOR_REGISTERS = RegisterMap(
    name="aimc_axi",
    title="Accelerator registers",
    registers=(
        *_identity(ACCELERATOR_ID),
        Register(
            name="tiles",
            offset=0x08,
            fields=(_value(Access.READ_ONLY, 5, reset=None),),
            description="Number of tiles.",
        ),
        Register(
            name="start",
            offset=0x0C,
            fields=(_per_tile(Access.WRITE_ONE),),
            description="Bit k hands the input vector of tile k over for multiplication. Refused "
            "when one of the tiles named is not in input_free.",
        ),
        Register(
            name="busy",
            offset=0x10,
            fields=(_per_tile(Access.READ_ONLY),),
            description="Bit k: tile k holds a vector that has not become a result or left for the "
            "next tile.",
        ),
        Register(
            name="input_free",
            offset=0x14,
            fields=(_value(Access.READ_ONLY, MAX_TILES, reset=None),),
            description="Bit k: the input window of tile k takes data and start takes bit k.",
        ),
        Register(
            name="result",
            offset=0x18,
            fields=(_per_tile(Access.WRITE_ONE_TO_CLEAR),),
            description="Bit k: the output window of tile k holds a result. Until it is cleared, "
            "the tile's next multiplication waits.",
        ),
        Register(
            name="interrupt_enable",
            offset=0x1C,
            fields=(_per_tile(Access.READ_WRITE),),
            description="Bit k: result bit k raises the interrupt.",
        ),
        Register(
            name="chain",
            offset=0x20,
            fields=(_per_tile(Access.READ_WRITE),),
            description="Bit k: outputs of tile k become inputs of tile k + 1, which starts by "
            "itself. Refused while a tile is busy or holds a result, and for the last tile.",
        ),
        Register(
            name="relu",
            offset=0x24,
            fields=(_per_tile(Access.READ_WRITE),),
            description="Bit k: negative outputs of tile k become 0 on their way to tile k + 1. "
            "Refused like chain.",
        ),
    ),
)
"""Registers at the start of the loosely coupled accelerator's address space."""

TILE_PAGE_BYTES = 1 << 18
"""Room of one tile page; the page of tile k begins at (k + 1) times this."""


def tile_page(tile: int) -> int:
    """Return where a tile's page begins in an accelerator's address space."""
    return (tile + 1) * TILE_PAGE_BYTES


def accelerator_bytes(tiles: int) -> int:
    """Return the size of an accelerator's address space, a power of two."""
    return 1 << ((tiles + 1) * TILE_PAGE_BYTES - 1).bit_length()


def link_bytes(tiles: Sequence[TileConfig]) -> list[int]:
    """Return how many bytes of a tile's result go to the next one, for each tile of a chain.

    As many as the smaller of the two memories holds; of the last tile's result none would, and 1
    stands for it.
    """
    following = [tile.rows for tile in tiles[1:]] + [1]
    return [min(tile.columns, rows) for tile, rows in zip(tiles, following, strict=True)]


PAGE_REGISTERS = RegisterMap(
    name="aimc_cell",
    title="Cell access in a tile page",
    registers=(
        Register(
            name="row",
            offset=0x100,
            fields=(_value(Access.READ_WRITE, 17),),
            description="Row of the cell that weight reaches.",
        ),
        Register(
            name="column",
            offset=0x104,
            fields=(_value(Access.READ_WRITE, 17),),
            description="Column of the cell that weight reaches.",
        ),
        Register(
            name="weight",
            offset=0x108,
            fields=(_value(Access.READ_WRITE, 8),),
            description="A write programs the cell, a read gives its weight, sign-extended; either "
            "then adds 1 to row. Outside the array it is refused and sets the tile's error code.",
        ),
    ),
)
"""Registers of a tile page beyond those of the tile itself."""

PAGE_WINDOWS = (
    Window(
        name="input",
        offset=0x10000,
        size_bytes=MAX_LINES,
        writable=True,
        readable=False,
        description="Input memory, one byte per row; any byte lanes. Refused unless input_free.",
    ),
    Window(
        name="output",
        offset=0x20000,
        size_bytes=MAX_LINES,
        writable=False,
        readable=True,
        description="Output memory, one byte per column; bytes beyond the last read 0.",
    ),
)
"""Memory windows of a tile page."""

assert 1 << TILE_REGISTERS["integrate_cycles"].fields[0].width > MAX_PHASE_CYCLES
