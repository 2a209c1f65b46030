# SPDX-License-Identifier: Apache-2.0
"""What a register map is: registers of 32 bits, made of fields with a way of access each."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "REGISTER_BITS",
    "REGISTER_BYTES",
    "Access",
    "Field",
    "Register",
    "RegisterMap",
    "Window",
]

REGISTER_BYTES = 4
"""Bytes of a register, and the alignment of every offset."""

REGISTER_BITS = 8 * REGISTER_BYTES
"""Bits of a register."""


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
    COMMAND = "w"
    """A write of any value gives the command; a read is refused. Only maps of HWPEs have it."""


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
