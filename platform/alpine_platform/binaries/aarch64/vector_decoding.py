# SPDX-License-Identifier: Apache-2.0
"""Registers of floating-point and vector instructions of AArch64: each is one operation.

Fields are those of the Arm Architecture Reference Manual, C4, "Data Processing -- Scalar
Floating-Point and Advanced SIMD".
"""

from collections.abc import Callable

from alpine_platform.cores.loop_body import Unit
from alpine_platform.cores.machine_code import ADDRESS_REGISTER, MachineOperation

__all__ = ["FLAGS", "VECTORS", "vector_operation"]

VECTORS = 32
"""Number of vector register 0."""
FLAGS = ADDRESS_REGISTER + 1
_ZERO = 31
_SCALAR = 0x50000000
"""Bits by which scalar forms of vector instructions differ from those."""

# Operations that add to, or fill a part of, the register that they write.
_THREE_SAME = {(0, 0x12), (1, 0x12), (0, 0x0F), (1, 0x0F), (0, 0x19), (0, 0x1D), (1, 0x03)}
_THREE_DIFFERENT = {5, 8, 9, 10, 11}
_BY_ELEMENT = {0, 1, 2, 3, 4, 5, 6, 7, 14}
_SHIFTS = {(0, 2), (1, 2), (0, 6), (1, 6), (1, 8), (1, 10)}
_NARROWED_TWICE = {0x12, 0x14, 0x16}


def vector_operation(word: int) -> MachineOperation:
    """Return the operation of an instruction of this class."""
    top = word >> 24
    if top & 0x5F in (0x1E, 0x1F):
        return _floating(word)
    return _vector(word & ~_SCALAR if top & 0x50 == 0x50 else word)


def _operation(dest: int | None, *sources: int) -> MachineOperation:
    return MachineOperation(unit=Unit.FLOAT, dest=dest, sources=sources)


def _v(register: int) -> int:
    return VECTORS + (register & 31)


def _x(register: int) -> tuple[int, ...]:
    return () if register & 31 == _ZERO else (register & 31,)


def _floating(word: int) -> MachineOperation:
    rd, rn, rm, ra = _v(word), _v(word >> 5), _v(word >> 16), _v(word >> 10)
    if word >> 24 & 0x5F == 0x1F:
        return _operation(rd, rn, rm, ra)
    if not word >> 21 & 1 or word >> 10 & 63 == 0:
        # Between a general register and a vector register.
        if word >> 16 & 7 in (2, 3, 7):
            return _operation(rd, *_x(word >> 5))
        return _operation(next(iter(_x(word)), None), rn)
    dest, sources = _floating_registers(word)
    return _operation(dest, *sources)


def _floating_registers(word: int) -> tuple[int, tuple[int, ...]]:
    """Return what a scalar instruction writes and reads."""
    rd, rn, rm = _v(word), _v(word >> 5), _v(word >> 16)
    kind, dest = word >> 10 & 3, rd
    sources: tuple[int, ...] = (rn, rm)
    if kind == 0b11:  # select
        sources = (rn, rm, FLAGS)
    elif kind == 0b01:  # compare if
        dest, sources = FLAGS, (rn, rm, FLAGS)
    elif kind == 0 and word >> 12 & 1:  # an immediate
        sources = ()
    elif kind == 0 and word >> 13 & 1:  # compare
        dest = FLAGS
    elif kind == 0:
        sources = (rn,)
    return dest, sources


def _vector(word: int) -> MachineOperation:
    rd, rn, rm = _v(word), _v(word >> 5), _v(word >> 16)
    upper, unsigned = bool(word >> 30 & 1), word >> 29 & 1
    for mask, value, registers in _CLASSES:
        if word & mask == value:
            both, adds = registers(word, upper, unsigned)
            return _operation(rd, *((rn, rm) if both else (rn,)), *((rd,) if adds else ()))
    if word & 0x9FE08400 == 0x0E000400:
        return _copy(word, unsigned)
    if word & 0x9FF80400 == 0x0F000400:
        return _operation(rd)  # an immediate
    if word & 0x9F800400 == 0x0F000400:
        shift = word >> 11 & 31
        adds = (unsigned, shift) in _SHIFTS or (upper and 16 <= shift < 20)
        return _operation(rd, rn, *((rd,) if adds else ()))
    return _operation(rd, rn, rm)


def _copy(word: int, unsigned: int) -> MachineOperation:
    """Between a lane and a register."""
    rd, rn, which = _v(word), _v(word >> 5), word >> 11 & 15
    if unsigned:
        return _operation(rd, rn, rd)
    if which in (5, 7):
        return _operation(next(iter(_x(word)), None), rn)
    if which in (1, 3):
        return _operation(rd, *_x(word >> 5), *((rd,) if which == 3 else ()))
    return _operation(rd, rn)


_Registers = Callable[[int, bool, int], tuple[bool, bool]]
"""Of a word, whether it is of the upper half, and bit U: whether Rm is read, and whether Rd is."""

_CLASSES: tuple[tuple[int, int, _Registers], ...] = (
    # Two registers, miscellaneous; SADALP and UADALP are 6, SUQADD is 3.
    (
        0x9F3E0C00,
        0x0E200800,
        lambda word, upper, unsigned: (
            False,
            word >> 12 & 31 in (3, 6) or (upper and word >> 12 & 31 in _NARROWED_TWICE),
        ),
    ),
    (0x9F3E0C00, 0x0E300800, lambda word, upper, unsigned: (False, False)),  # across lanes
    (
        0x9F200400,
        0x0E200400,
        lambda word, upper, unsigned: (True, (unsigned, word >> 11 & 31) in _THREE_SAME),
    ),
    (
        0x9F200C00,
        0x0E200000,
        lambda word, upper, unsigned: (
            True,
            word >> 12 & 15 in _THREE_DIFFERENT or (upper and word >> 12 & 15 in (4, 6)),
        ),
    ),
    (0x9F208400, 0x0E008400, lambda word, upper, unsigned: (True, True)),  # dot products
    (
        0x9F000400,
        0x0F000000,
        lambda word, upper, unsigned: (
            True,
            word >> 12 & 15 in _BY_ELEMENT and not (not unsigned and word >> 12 & 15 in (0, 4)),
        ),
    ),
)
