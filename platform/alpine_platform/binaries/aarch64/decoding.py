# SPDX-License-Identifier: Apache-2.0
"""What AArch64 instructions split into: operations, the registers that they read and write.

The classes of encodings and their fields are those of the Arm Architecture Reference Manual,
chapter C4, "A64 instruction set encoding"; what instructions split into follows `loop_body.KINDS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from alpine_models import isa
from alpine_models.isa import CmOperation
from alpine_platform.cores.loop_body import Branch, Unit
from alpine_platform.cores.machine_code import MachineOperation

from .memory_decoding import memory_operations
from .vector_decoding import FLAGS, vector_operation

__all__ = ["block_operations", "instruction_class"]

_ZERO = 31
_RETURN_ADDRESS = 30
_DIVISIONS = (2, 3)
_CM_UNITS = {CmOperation.DEQUEUE: Unit.CM_DEQUEUE, CmOperation.PROCESS: Unit.CM_PROCESS}
Operations = list[MachineOperation]


def instruction_class(operations: Sequence[MachineOperation]) -> str:
    """Return what kind of instruction splits into some operations."""
    for operation in operations:
        if operation.branch:
            return "branch"
        if operation.memory:
            return operation.memory.name.lower()
    return operations[0].unit.name.lower()


@dataclass
class _Names:
    """Registers that an instruction writes together with another: they are ready with that."""

    same: dict[int, int] = field(default_factory=dict[int, int])

    def renamed(self, operation: MachineOperation) -> MachineOperation:
        sources = tuple(self.same.get(source, source) for source in operation.sources)
        dest = operation.dest
        if dest is not None:
            self.same = {
                name: other for name, other in self.same.items() if dest not in (name, other)
            }
        return replace(operation, sources=sources)


def block_operations(words: Sequence[int]) -> list[Operations]:
    """Return the operations of each instruction of a block.

    An operation writes one register: the second register of a pair, and the flags beside a result,
    count as ready with the first until the block ends.
    """
    names = _Names()
    done: list[Operations] = []
    for word in words:
        operations, together = _decode(word)
        done.append([names.renamed(operation) for operation in operations])
        for name, other in together.items():
            names.same[name] = other
    return done


def _decode(word: int) -> tuple[Operations, dict[int, int]]:
    """Return operations, and which registers are written beside which."""
    group = word >> 25 & 15
    if group == 0:
        return _cm(word), {}
    if group & 0b1110 == 0b1000:
        return _immediate(word)
    if group & 0b1110 == 0b1010:
        return _branch(word), {}
    if group & 0b0101 == 0b0100:
        return memory_operations(word)
    if group & 0b0111 == 0b0101:
        return _register(word)
    return [vector_operation(word)], {}


def _fields(word: int) -> tuple[int, int, int, int]:
    """Rd, Rn, Rm, Ra."""
    return word & 31, word >> 5 & 31, word >> 16 & 31, word >> 10 & 31


def _known(*registers: int) -> tuple[int, ...]:
    """Without the zero register."""
    return tuple(register for register in registers if register != _ZERO)


def _cm(word: int) -> Operations:
    fields = isa.decode(word)
    if fields.operation is CmOperation.UNKNOWN:
        return [MachineOperation(unit=Unit.ALU)]
    operands = isa.OPERANDS.get(fields.operation, ())
    sources = _known(*(getattr(fields, name) for name in ("rn", "rm", "ra") if name in operands))
    dest = fields.rd if "rd" in operands and fields.rd != isa.XZR else None
    unit = _CM_UNITS.get(fields.operation, Unit.CM_QUEUE)
    return [MachineOperation(unit=unit, dest=dest, sources=sources)]


def _integer(
    word: int,
    unit: Unit,
    sources: tuple[int, ...],
    *,
    flags: bool = False,
    stack: bool = False,
) -> tuple[Operations, dict[int, int]]:
    rd = word & 31
    written = rd != 31 or (stack and not flags)
    dest = rd if written else FLAGS if flags else None
    operation = MachineOperation(unit=unit, dest=dest, sources=sources)
    return [operation], {FLAGS: rd} if flags and written else {}


def _immediate(word: int) -> tuple[Operations, dict[int, int]]:
    rd, rn, rm, _ = _fields(word)
    kind = word >> 23 & 7
    if kind < 2:  # adr
        return _integer(word, Unit.ALU, ())
    if kind in (2, 3):  # add and subtract, from and to the stack pointer
        return _integer(word, Unit.ALU, (rn,), flags=bool(word >> 29 & 1), stack=True)
    if kind == 4:  # logical
        return _integer(word, Unit.ALU, _known(rn), flags=word >> 29 & 3 == 3, stack=True)
    if kind == 5:  # move a part, or keep the others
        return _integer(word, Unit.ALU, _known(rd) if word >> 29 & 3 == 3 else ())
    if kind == 6:  # bit field
        return _integer(word, Unit.ALU, _known(rn, *([rd] if word >> 29 & 3 == 1 else [])))
    return _integer(word, Unit.ALU, _known(rn, rm))


def _two_registers(word: int) -> tuple[Operations, dict[int, int]]:
    _, rn, rm, _ = _fields(word)
    adds, extended = word >> 24 & 1, word >> 21 & 1
    flags = bool(word >> 29 & 1) if adds else word >> 29 & 3 == 3
    if adds and extended:  # the stack pointer is a register here
        return _integer(word, Unit.ALU, (rn, *_known(rm)), flags=flags, stack=True)
    return _integer(word, Unit.ALU, _known(rn, rm), flags=flags)


def _register(word: int) -> tuple[Operations, dict[int, int]]:
    _, rn, rm, ra = _fields(word)
    if not word >> 28 & 1:
        return _two_registers(word)
    kind = word >> 21 & 15
    if kind >= 8:
        return _integer(word, Unit.MULTIPLY, _known(rn, rm, ra))
    if kind == 2:  # compare if
        compared = _known(rn) if word >> 11 & 1 else _known(rn, rm)
        return [MachineOperation(unit=Unit.ALU, dest=FLAGS, sources=(*compared, FLAGS))], {}
    if kind in (0, 4):  # with carry, select
        flags = kind == 0 and bool(word >> 29 & 1)
        return _integer(word, Unit.ALU, (*_known(rn, rm), FLAGS), flags=flags)
    if word >> 30 & 1:
        rm = _ZERO  # one source
    unit = Unit.DIVIDE if word >> 10 & 63 in _DIVISIONS else Unit.ALU
    return _integer(word, unit, _known(rn, rm))


def _branch(word: int) -> Operations:
    top = word >> 24
    if top >> 2 & 31 == 0b00101:
        dest = _RETURN_ADDRESS if word >> 31 else None
        return [MachineOperation(unit=Unit.ALU, dest=dest, branch=Branch.TAKEN)]
    if top == 0x54:
        return [MachineOperation(unit=Unit.ALU, sources=(FLAGS,), branch=Branch.CLOSING)]
    if word >> 26 & 31 == 0b01101:
        sources = _known(word & 31)
        return [MachineOperation(unit=Unit.ALU, sources=sources, branch=Branch.CLOSING)]
    if word >> 25 == 0b1101011:
        dest = _RETURN_ADDRESS if word >> 21 & 15 == 1 else None
        sources = _known(word >> 5 & 31)
        return [MachineOperation(unit=Unit.ALU, dest=dest, sources=sources, branch=Branch.TAKEN)]
    reads_system = word >> 20 == 0xD53 and word & 31 != 31
    return [MachineOperation(unit=Unit.ALU, dest=word & 31 if reads_system else None)]
