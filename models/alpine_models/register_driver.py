# SPDX-License-Identifier: Apache-2.0
"""A driver made from a register map: fields by name over any way to read and write words."""

from collections.abc import Callable

from .register_map import Access, Field, Register, RegisterMap

__all__ = ["RegisterDriver"]


class RegisterDriver:
    """Read and write the fields of one register map.

    Parameters
    ----------
    registers : the map.
    read : returns the 32-bit word at a byte address.
    write : stores a 32-bit word at a byte address.
    base : byte address at which the map begins.
    """

    def __init__(
        self,
        registers: RegisterMap,
        *,
        read: Callable[[int], int],
        write: Callable[[int, int], None],
        base: int = 0,
    ):
        self.registers = registers
        self.base = base
        self._read, self._write = read, write

    def read(self, register: str, field: str = "value") -> int:
        """Return one field.

        Raises
        ------
        KeyError
            The map has no such register, or the register no such field.
        """
        found = self.registers[register]
        chosen = _field(found, field)
        word = self._read(self.base + found.offset)
        return (word & chosen.mask) >> chosen.low

    def read_all(self, register: str) -> dict[str, int]:
        """Return every field of a register, from one access."""
        found = self.registers[register]
        word = self._read(self.base + found.offset)
        return {field.name: (word & field.mask) >> field.low for field in found.fields}

    def write(self, register: str, value: int | None = None, **fields: int) -> None:
        """Write some fields of a register.

        Read-write fields that are not named keep their value, for which the register is read
        first; flags and commands that are not named are written as 0.

        Parameters
        ----------
        register : name.
        value : for registers that are one field.
        fields : values by name.

        Raises
        ------
        KeyError
            The register or a field does not exist.
        ValueError
            A field cannot be written, or a value does not fit or is below the field's minimum.
        """
        found = self.registers[register]
        if value is not None:
            fields["value"] = value
        word = 0
        for name, number in fields.items():
            word |= _checked(found, _field(found, name), number) << _field(found, name).low
        kept = sum(
            field.mask
            for field in found.fields
            if field.access is Access.READ_WRITE and field.name not in fields
        )
        if kept:
            word |= self._read(self.base + found.offset) & kept
        self._write(self.base + found.offset, word)


def _field(register: Register, name: str) -> Field:
    for field in register.fields:
        if field.name == name:
            return field
    known = ", ".join(field.name for field in register.fields)
    raise KeyError(f"register {register.name} has no field {name!r}; it has {known}")


def _checked(register: Register, field: Field, value: int) -> int:
    if field.access is Access.READ_ONLY:
        raise ValueError(f"field {field.name} of register {register.name} cannot be written")
    if not field.minimum <= value < 1 << field.width:
        raise ValueError(
            f"field {field.name} of register {register.name} takes {field.minimum} to "
            f"{(1 << field.width) - 1}, not {value!r}"
        )
    return value
