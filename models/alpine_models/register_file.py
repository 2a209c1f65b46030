# SPDX-License-Identifier: Apache-2.0
"""What a program sees of a register map: `alpine_rtl.register_bank` as a model."""

from collections.abc import Callable, Mapping

from .register_map import REGISTER_BITS, Access, Field, Register, RegisterMap

__all__ = ["RegisterFile"]


class RegisterFile:
    """Hold a map's read-write fields, and answer reads and writes of whole words.

    Parameters
    ----------
    registers : the map; every read-write field needs a reset value.
    hardware : what read-only and write-one-to-clear fields show now, by signal name; fields that it
        lacks show their reset value.

    Members
    -------
    values : dict of int, the read-write fields by signal name.
    """

    def __init__(self, registers: RegisterMap, *, hardware: Callable[[], Mapping[str, int]] = dict):
        self.registers = registers
        self._hardware = hardware
        self.values = {
            register.signal_name(field): field.reset or 0
            for register, field in registers.fields()
            if field.access is Access.READ_WRITE
        }

    def read(self, address: int) -> tuple[int, bool]:
        """Return the word at a byte address and whether the address is illegal; 0 there."""
        register = self._at(address)
        if register is None:
            return 0, True
        shown = {**self._hardware(), **self.values}
        word = 0
        for field in register.fields:
            if field.access is not Access.WRITE_ONE:
                value = shown.get(register.signal_name(field), field.reset or 0)
                word |= (value & (1 << field.width) - 1) << field.low
        return word, False

    def write(self, address: int, word: int) -> tuple[dict[str, int], bool]:
        """Write a word; return the bits written as 1 to write-one fields, and a refusal.

        Refused, without any effect, are illegal addresses, registers without a field that can be
        written, and a value below a field's minimum.
        """
        register = self._at(address)
        if register is None or not register.writable:
            return {}, True
        word &= (1 << REGISTER_BITS) - 1
        written = {
            register.signal_name(field): (field, (word & field.mask) >> field.low)
            for field in register.fields
            if field.access is not Access.READ_ONLY
        }
        if any(value < _minimum(field) for field, value in written.values()):
            return {}, True
        kept = {n: v for n, (f, v) in written.items() if f.access is Access.READ_WRITE}
        self.values |= kept
        return {n: v for n, (_, v) in written.items() if n not in kept}, False

    def _at(self, address: int) -> Register | None:
        return next((r for r in self.registers.registers if r.offset == address), None)


def _minimum(field: Field) -> int:
    return field.minimum if field.access is Access.READ_WRITE else 0
