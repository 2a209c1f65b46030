"""The register maps: one table from which decode, C header, driver and documentation are made.

Registers are 32 bits wide, at byte offsets that are multiples of 4. Two maps exist: the one behind
a tile's register port, and the one of the loosely coupled accelerator, whose address space also
holds a page per tile.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from .isa import CmStatus
from .tile import MAX_LINES, MAX_PHASE_CYCLES, TileConfig

__all__ = [
    "ACCELERATOR_ID",
    "ACCELERATOR_REGISTERS",
    "MAX_TILES",
    "PAGE_REGISTERS",
    "PAGE_WINDOWS",
    "REGISTER_BITS",
    "REGISTER_BYTES",
    "TILE_ADDRESS_BITS",
    "TILE_ID",
    "TILE_PAGE_BYTES",
    "TILE_REGISTERS",
    "VERSION",
    "Access",
    "Field",
    "Register",
    "RegisterMap",
    "Window",
    "tile_register_map",
]

REGISTER_BYTES = 4
"""Bytes of a register, and the alignment of every offset."""

REGISTER_BITS = 8 * REGISTER_BYTES
"""Bits of a register."""

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


class Access(Enum):
    """What reads and writes do to a field."""

    READ_ONLY = "ro"
    """Reads the hardware's value. A write to a register with only such fields is refused."""
    READ_WRITE = "rw"
    """Reads what was written last."""
    WRITE_ONE_TO_CLEAR = "w1c"
    """Reads the hardware's flags; a 1 written to a bit clears it, a 0 leaves it."""
    WRITE_ONE = "w1"
    """Reads 0; a 1 written to a bit gives a command."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Some bits of a register.

    Members
    -------
    name : str, unique in its register; ``value`` where the field is all there is to it.
    low, width : int, position of the lowest bit and number of bits.
    access : Access.
    description : str, one sentence.
    reset : int, or None where the configuration decides it.
    minimum : int, smallest value of a read-write field; a write of less is refused.
    """

    name: str
    low: int
    width: int
    access: Access
    description: str
    reset: int | None = 0
    minimum: int = 0

    @property
    def mask(self) -> int:
        """Bits of the register that the field takes."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """One 32-bit register.

    Members
    -------
    name : str, unique in its map.
    offset : int, bytes from the start of the map.
    fields : the fields, lowest first; bits between them read 0 and ignore writes.
    description : str, one sentence.
    """

    name: str
    offset: int
    fields: tuple[Field, ...]
    description: str

    @property
    def writable(self) -> bool:
        """Whether any field can be written."""
        return any(field.access is not Access.READ_ONLY for field in self.fields)

    def signal_name(self, field: Field) -> str:
        """Name of a field in hardware and in C: the register's, and the field's if it needs one."""
        return self.name if field.name == "value" else f"{self.name}_{field.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A stretch of addresses that reaches a memory.

    Members
    -------
    name : str.
    offset, size_bytes : int, first byte and room; what the geometry does not fill is unmapped.
    writable, readable : bool.
    description : str, one sentence.
    """

    name: str
    offset: int
    size_bytes: int
    writable: bool
    readable: bool
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterMap:
    """Registers that share one address decoder.

    Members
    -------
    name, title : str, prefix of generated names, and headline of the documentation.
    registers : the registers, lowest offset first.

    Raises
    ------
    ValueError
        Names or offsets repeat, an offset is not a multiple of 4, or fields overlap or do not fit.
    """

    name: str
    title: str
    registers: tuple[Register, ...]

    def __post_init__(self) -> None:
        names = [register.name for register in self.registers]
        offsets = [register.offset for register in self.registers]
        for kind, values in (("name", names), ("offset", offsets)):
            if len(set(values)) != len(values):
                raise ValueError(f"register {kind}s of map {self.name} must differ: {values}")
        for register in self.registers:
            _check_register(register)

    def __getitem__(self, name: str) -> Register:
        for register in self.registers:
            if register.name == name:
                return register
        known = ", ".join(register.name for register in self.registers)
        raise KeyError(f"map {self.name} has no register {name!r}; it has {known}")

    def fields(self) -> Iterator[tuple[Register, Field]]:
        """Every field with its register."""
        for register in self.registers:
            for field in register.fields:
                yield register, field


def _check_register(register: Register) -> None:
    if register.offset < 0 or register.offset % REGISTER_BYTES:
        raise ValueError(
            f"offset of register {register.name} must be a multiple of {REGISTER_BYTES}, "
            f"not {register.offset:#x}"
        )
    used = 0
    for field in register.fields:
        if field.width < 1 or field.low < 0 or field.low + field.width > REGISTER_BITS:
            raise ValueError(
                f"field {field.name} of register {register.name} must lie in bits 0 to 31, "
                f"not at {field.low} with width {field.width}"
            )
        if used & field.mask:
            raise ValueError(f"field {field.name} of register {register.name} overlaps another")
        used |= field.mask


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
