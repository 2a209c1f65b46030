# SPDX-License-Identifier: Apache-2.0
"""Decode of a register map: the hardware side of `alpine_models.registers`."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from alpine_models.register_map import REGISTER_BITS, Access, Field, Register, RegisterMap

from .typed import Component, port

__all__ = ["RegisterBank"]


class RegisterBank(Component):
    """Answer reads and writes of one register map.

    An access is presented for one cycle; what it returns is valid in the next one. A write takes
    effect at the edge that ends its cycle. The bank holds the read-write fields itself. With the
    address unchanged and ``write`` low, nothing but ``rdata`` can change, and that only where a
    field from the hardware does.

    Parameters
    ----------
    registers : RegisterMap
        The map; every field needs a reset value.
    address_bits : int
        Width of the byte address. Addresses in no register, unaligned ones included, are illegal.

    Members
    -------
    addr, write, wdata, rdata, error
        As in `RegisterSignature`. ``rdata`` is 0 for an illegal address; ``error`` says that the
        access had an illegal address, or was a refused write: to a register without writable
        fields, of less than a field's minimum, or vetoed. It changed nothing.
    veto : In(1)
        The write of this cycle is refused; may depend on ``wdata`` and on the strobes' registers.
    taken : Out(1)
        The write of this cycle is legal but for ``veto``; combinational.
    <register>[_<field>] : In(width) for read-only and write-one-to-clear fields that are no
        constants, Out(width) for read-write fields
        The field's value; `value` gives it.
    <register>[_<field>]_strobe : Out(width)
        Bits written as 1 this cycle, for write-one fields; combinational. `strobe` gives it.
    """

    addr: Signal
    write: Signal
    wdata: Signal
    rdata: Signal
    error: Signal
    veto: Signal
    taken: Signal

    def __init__(self, *, registers: RegisterMap, address_bits: int):
        self.registers = registers
        self.address_bits = address_bits
        members = {
            "addr": In(address_bits),
            "write": In(1),
            "wdata": In(REGISTER_BITS),
            "rdata": port(Out, REGISTER_BITS, init=self._constant_at(0)),
            "error": Out(1),
            "veto": In(1),
            "taken": Out(1),
        }
        for register, field in registers.fields():
            name = register.signal_name(field)
            if field.access is Access.READ_WRITE:
                members[name] = port(Out, field.width, init=field.reset or 0)
            elif field.access is not Access.WRITE_ONE:
                members[name] = In(field.width)
            if field.access in (Access.WRITE_ONE, Access.WRITE_ONE_TO_CLEAR):
                members[f"{name}_strobe"] = Out(field.width)
        super().__init__(members)

    def value(self, register: str, field: str = "value") -> Signal:
        """Return the member that carries a field."""
        return getattr(self, self._name(register, field))

    def strobe(self, register: str, field: str = "value") -> Signal:
        """Return the member that tells of writes to a write-one field."""
        return getattr(self, f"{self._name(register, field)}_strobe")

    def _name(self, register: str, field: str) -> str:
        found = self.registers[register]
        (named,) = (each for each in found.fields if each.name == field)
        return found.signal_name(named)

    def _constant_at(self, offset: int) -> int:
        """Value that the register at an offset has after reset."""
        return sum(
            (field.reset or 0) << field.low
            for register, field in self.registers.fields()
            if register.offset == offset and field.access is not Access.WRITE_ONE
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rdata, legal, allowed = Signal(REGISTER_BITS), Signal(), Signal()
        with m.Switch(self.addr):
            for register in self.registers.registers:
                with m.Case(register.offset):
                    m.d.comb += [
                        legal.eq(1),
                        allowed.eq(self._allowed(register)),
                        rdata.eq(self._read(register)),
                    ]
                    self._write(m, register)
        m.d.comb += self.taken.eq(self.write & allowed)
        m.d.sync += [
            self.rdata.eq(rdata),
            self.error.eq(Mux(self.write, ~allowed | self.veto, ~legal)),
        ]
        return m

    def _read(self, register: Register) -> Value:
        value: Value = Const(0, REGISTER_BITS)
        for field in register.fields:
            if field.access is not Access.WRITE_ONE:
                value |= self.value(register.name, field.name) << field.low
        return value

    def _allowed(self, register: Register) -> Value:
        """Whether a write to a register may happen, from its fields alone."""
        allowed: Value = Const(int(register.writable))
        for field in register.fields:
            if field.access is Access.READ_WRITE and field.minimum:
                allowed &= self._written(field) >= field.minimum
        return allowed

    def _written(self, field: Field) -> Value:
        return self.wdata[field.low : field.low + field.width]

    def _write(self, m: Module, register: Register) -> None:
        with m.If(self.write & self._allowed(register) & ~self.veto):
            for field in register.fields:
                if field.access is Access.READ_WRITE:
                    m.d.sync += self.value(register.name, field.name).eq(self._written(field))
                elif field.access is not Access.READ_ONLY:
                    strobe = self.strobe(register.name, field.name)
                    m.d.comb += strobe.eq(self._written(field))
