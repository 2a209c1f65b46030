# SPDX-License-Identifier: Apache-2.0
"""Operations of AArch64's loads and stores.

Fields are those of the Arm Architecture Reference Manual, C4, "Loads and Stores"; what they split
into is that of `loop_body.KINDS`: a 16-byte store is two accesses, a pair computes its address by
an operation of its own, and so does what moves the base register.
"""

from dataclasses import dataclass

from alpine_platform.cores.loop_body import Memory, Unit
from alpine_platform.cores.machine_code import ADDRESS_REGISTER, MachineOperation

from .vector_decoding import VECTORS

__all__ = ["memory_operations"]

_ZERO = 31
_STRUCTURES = {0: 4, 2: 4, 4: 3, 6: 3, 7: 1, 8: 2, 10: 2}
"""Registers of LD1 to LD4 and ST1 to ST4 by opcode."""
Decoded = tuple[list[MachineOperation], dict[int, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Access:
    """A load or store.

    Members
    -------
    registers : loaded or stored. size : bytes of each. base : register of the address, or None.
    index : a second one. moves : the base is changed. pair : the address is computed first.
    """

    load: bool
    registers: tuple[int, ...]
    size: int
    base: int | None
    index: tuple[int, ...] = ()
    moves: bool = False
    pair: bool = False

    def operations(self) -> Decoded:
        base = () if self.base is None else (self.base,)
        address = (*base, *self.index)
        done: list[MachineOperation] = []
        if self.pair:
            done.append(MachineOperation(unit=Unit.ALU, dest=ADDRESS_REGISTER, sources=address))
            address = (ADDRESS_REGISTER,)
        together: dict[int, int] = {}
        span = self.size * len(self.registers)
        known = [register for register in self.registers if register != _ZERO]
        if self.load and self.size <= 8 and len(self.registers) > 1:
            # Both registers of a pair come by one access.
            done.append(self._load(known[0] if known else None, address, 0, span))
            together = dict.fromkeys(known[1:], known[0])
        elif self.load:
            for place, register in enumerate(self.registers):
                dest = None if register == _ZERO else register
                done.append(self._load(dest, address, place * self.size, 0 if place else span))
        else:
            done += self._stores(address, span)
        if self.moves:
            done.append(MachineOperation(unit=Unit.ALU, dest=self.base, sources=base))
        return done, together

    def _load(
        self, dest: int | None, address: tuple[int, ...], offset: int, span: int
    ) -> MachineOperation:
        return MachineOperation(
            unit=Unit.MEMORY,
            dest=dest,
            sources=address,
            memory=Memory.LOAD,
            offset=offset,
            span=span,
        )

    def _stores(self, address: tuple[int, ...], span: int) -> list[MachineOperation]:
        halves = 2 if self.size == 16 else 1
        return [
            MachineOperation(
                unit=Unit.MEMORY,
                sources=(*(() if register == _ZERO else (register,)), *address),
                memory=Memory.STORE,
                offset=place * self.size + half * 8,
                span=span if place == half == 0 else 0,
            )
            for place, register in enumerate(self.registers)
            for half in range(halves)
        ]


def memory_operations(word: int) -> Decoded:
    """Return a load's or store's operations, and which registers are written beside which."""
    rt, base = word & 31, word >> 5 & 31
    kind, vector = word >> 28 & 3, word >> 26 & 1
    first = VECTORS + rt if vector else rt
    if kind == 0:
        return _structure(word) if vector else _exclusive(word)
    if kind == 1:
        opc = word >> 30
        if opc == 3 and not vector:
            return _nothing()
        size = 4 << opc if vector else 8 if opc == 1 else 4
        return _Access(load=True, registers=(first,), size=size, base=None).operations()
    if kind == 2:
        opc, second = word >> 30, (word >> 10 & 31) + (VECTORS if vector else 0)
        size = 4 << opc if vector else 8 if opc == 2 else 4
        return _Access(
            load=bool(word >> 22 & 1), registers=(first, second), size=size, base=base,
            moves=bool(word >> 23 & 1), pair=True,
        ).operations()  # fmt: skip
    return _single(word, first, base)


def _single(word: int, first: int, base: int) -> Decoded:
    size, opc, vector = word >> 30, word >> 22 & 3, word >> 26 & 1
    if size == 3 and opc == 2 and not vector:
        return _nothing()  # a prefetch
    load = bool(opc & 1) if vector else opc != 0
    size_bytes = 16 if vector and opc & 2 else 1 << size
    index: tuple[int, ...] = ()
    moves = False
    if not word >> 24 & 1:
        form = word >> 10 & 3
        other = word >> 16 & 31
        if word >> 21 & 1 and form == 0:  # load, change and store
            changed: list[MachineOperation] = []
            for register, reads in ((first, True), (other, False)):
                access = _Access(load=reads, registers=(register,), size=size_bytes, base=base)
                changed += access.operations()[0]
            return changed, {}
        if word >> 21 & 1:
            index = () if other == _ZERO else (other,)
        else:
            moves = bool(form & 1)
    return _Access(
        load=load, registers=(first,), size=size_bytes, base=base, index=index, moves=moves
    ).operations()


def _exclusive(word: int) -> Decoded:
    load, pair = bool(word >> 22 & 1), word >> 21 & 1 and not word >> 23 & 1
    registers = (word & 31, word >> 10 & 31) if pair else (word & 31,)
    done, together = _Access(
        load=load, registers=registers, size=1 << (word >> 30), base=word >> 5 & 31
    ).operations()
    status = word >> 16 & 31
    if not load and not word >> 23 & 1 and status != _ZERO:
        done.append(MachineOperation(unit=Unit.ALU, dest=status))
    return done, together


def _structure(word: int) -> Decoded:
    load, base, moves = bool(word >> 22 & 1), word >> 5 & 31, bool(word >> 23 & 1)
    opcode, wide = word >> 12 & 15, word >> 30 & 1
    if not word >> 24 & 1:
        count, size = _STRUCTURES.get(opcode, 1), 16 if wide else 8
    else:
        count = 1 + (word >> 13 & 1) * 2 + (word >> 21 & 1)
        size = 1 << (opcode >> 2)
        if opcode >> 2 == 3:  # one element to all lanes
            size = 1 << (word >> 10 & 3)
        elif opcode >> 2 == 2 and word >> 10 & 1:
            size = 8
    registers = tuple(VECTORS + (word + place) % 32 for place in range(count))
    return _Access(load=load, registers=registers, size=size, base=base, moves=moves).operations()


def _nothing() -> Decoded:
    return [MachineOperation(unit=Unit.ALU)], {}
