# SPDX-License-Identifier: Apache-2.0
"""The CM instruction set: one table from which hardware, drivers and documentation are made.

The four published instructions and the parameter read of ALPINE's released code, in unused AArch64
opcode space. Source: Klein et al., ALPINE, IEEE TC 2022, Fig. 3(b); the forms with counters follow
the semantics of the released library.
"""

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "GROUP_BYTES",
    "OPCODES",
    "OPERANDS",
    "OPERATIONS",
    "RISCV_CUSTOM_0",
    "RISCV_CUSTOM_OPCODES",
    "RISCV_FUNCT3",
    "RISCV_OPERANDS",
    "XZR",
    "CmInstruction",
    "CmOpcode",
    "CmOperation",
    "CmStatus",
    "Hint",
    "RiscvField",
    "cm_word_of_riscv",
    "decode",
    "dequeue",
    "encode",
    "hint_word",
    "initialize",
    "param_read",
    "process",
    "queue",
    "riscv_encode",
    "riscv_hint_word",
    "riscv_operands",
]

XZR = 31
"""Register number of the zero register, which also selects the streaming forms."""

GROUP_BYTES = 4
"""Bytes that one CM_QUEUE or CM_DEQUEUE moves at most: one 32-bit register."""


class CmOpcode(IntEnum):
    """Instruction bits [31:21]."""

    PROCESS = 0x008
    TRANSFER = 0x108
    PARAMETER = 0x208


class CmOperation(IntEnum):
    """What an instruction word asks for, after decoding."""

    UNKNOWN = 0
    """No CM instruction: answered with `CmStatus.UNKNOWN_INSTRUCTION`."""
    QUEUE = 1
    """Write one to four DAC codes into the input memory."""
    DEQUEUE = 2
    """Read one to four ADC codes from the output memory."""
    PROCESS = 3
    """Convert, multiply, digitise; then clear the input memory and both counters."""
    INITIALIZE = 4
    """Program one crossbar cell."""
    PARAM_READ = 5
    """Read one crossbar cell back."""


class CmStatus(IntEnum):
    """Answer to an instruction; where several apply, the lowest is given."""

    DONE = 0
    UNKNOWN_INSTRUCTION = 1
    BAD_COUNT = 2
    INDEX_OUT_OF_RANGE = 3


OPCODES: dict[CmOperation, tuple[CmOpcode, int]] = {
    CmOperation.QUEUE: (CmOpcode.TRANSFER, 1),
    CmOperation.DEQUEUE: (CmOpcode.TRANSFER, 0),
    CmOperation.PROCESS: (CmOpcode.PROCESS, 0),
    CmOperation.INITIALIZE: (CmOpcode.PARAMETER, 0),
    CmOperation.PARAM_READ: (CmOpcode.PARAMETER, 1),
}
"""Opcode and rw bit of every operation."""

OPERATIONS: dict[tuple[int, int], CmOperation] = {
    (int(opcode), rw): operation for operation, (opcode, rw) in OPCODES.items()
}
"""Operation of every assigned (opcode, rw) pair; all other pairs are unknown instructions."""


class RiscvField(IntEnum):
    """Lowest bit of the register fields of an R-type instruction."""

    RD = 7
    """Destination, and the third source of instructions that have three."""
    RS1 = 15
    RS2 = 20


RISCV_CUSTOM_0 = 0b0001011
"""Major opcode of the RISC-V encoding: custom-0 (RISC-V unprivileged specification, opcode map)."""

RISCV_CUSTOM_OPCODES = (RISCV_CUSTOM_0, 0b0101011, 0b1011011, 0b1111011)
"""custom-0 to custom-3: major opcodes that are left to extensions like ours (same map)."""

RISCV_FUNCT3: dict[CmOperation, int] = {
    operation: number for number, operation in enumerate(OPCODES)
}
"""Minor opcode, bits [14:12], of every operation, in the order of `OPCODES`; funct7 is 0."""

RISCV_OPERANDS: dict[str, RiscvField] = {
    "rm": RiscvField.RS1,
    "rn": RiscvField.RS2,
    "ra": RiscvField.RD,
    "rd": RiscvField.RD,
}
"""Where each operand of the AArch64 form stands in the RISC-V form.

CV-X-IF reads the third source of an R-type instruction from the destination's field. So the
register that holds the weight of CM_INITIALIZE receives its status.
"""

OPERANDS: dict[CmOperation, tuple[str, ...]] = {
    CmOperation.QUEUE: ("rm", "ra", "rn"),
    CmOperation.DEQUEUE: ("rm", "rn", "rd"),
    CmOperation.PROCESS: ("rd",),
    CmOperation.INITIALIZE: ("rm", "ra", "rn", "rd"),
    CmOperation.PARAM_READ: ("rm", "rn", "rd"),
}
"""Registers that each operation reads (rm, ra, rn) and writes (rd)."""


class Hint(IntEnum):
    """Hint instructions by which a compiled program tells the simulator something."""

    BEGIN = 96
    """A named part of the run begins."""
    END = 97
    """It ends."""
    TILE = 98
    """The core's tile that the next CM instructions address is chosen."""
    ADC = 99
    """The dot product per ADC code of some bit lines is set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CmInstruction:
    """Fields of one instruction word.

    Members
    -------
    opcode : int, bits [31:21].
    rm, ra, rn, rd : int, register numbers 0 to 31; 31 is XZR.
    rw : int, bit 15.
    """

    opcode: int
    rm: int
    rw: int
    ra: int
    rn: int
    rd: int

    @property
    def operation(self) -> CmOperation:
        """Operation that the opcode and the rw bit select."""
        return OPERATIONS.get((self.opcode, self.rw), CmOperation.UNKNOWN)


def encode(
    operation: CmOperation, *, rm: int = XZR, ra: int = XZR, rn: int = XZR, rd: int = XZR
) -> int:
    """Return the 32-bit instruction word of an operation on the given registers.

    Raises
    ------
    ValueError
        The operation has no encoding, or a register number is outside 0 to 31.
    """
    if operation not in OPCODES:
        raise ValueError(f"operation {operation!r} has no encoding; use one of {list(OPCODES)}")
    for name, register in (("rm", rm), ("ra", ra), ("rn", rn), ("rd", rd)):
        if not 0 <= register <= XZR:
            raise ValueError(f"register {name} must be 0 to {XZR}, not {register!r}")
    opcode, rw = OPCODES[operation]
    return int(opcode) << 21 | rm << 16 | rw << 15 | ra << 10 | rn << 5 | rd


def decode(word: int) -> CmInstruction:
    """Split a 32-bit instruction word into its fields."""
    return CmInstruction(
        opcode=word >> 21 & 0x7FF,
        rm=word >> 16 & 31,
        rw=word >> 15 & 1,
        ra=word >> 10 & 31,
        rn=word >> 5 & 31,
        rd=word & 31,
    )


def queue(*, rm: int = 9, ra: int = XZR, rn: int = XZR) -> int:
    """Word of CM_QUEUE: packed codes in rm, count in ra (XZR: four), index in rn (XZR: counter)."""
    return encode(CmOperation.QUEUE, rm=rm, ra=ra, rn=rn)


def dequeue(*, rm: int = 11, rn: int = XZR, rd: int = 10) -> int:
    """Word of CM_DEQUEUE: count in rm, index in rn (XZR: counter), packed outputs to rd."""
    return encode(CmOperation.DEQUEUE, rm=rm, rn=rn, rd=rd)


def process(*, rd: int = 10) -> int:
    """Word of CM_PROCESS: status to rd."""
    return encode(CmOperation.PROCESS, rd=rd)


def initialize(*, rm: int = 8, ra: int = 7, rn: int = 9, rd: int = 10) -> int:
    """Word of CM_INITIALIZE: column in rm, row in rn, weight in ra, status to rd."""
    return encode(CmOperation.INITIALIZE, rm=rm, ra=ra, rn=rn, rd=rd)


def param_read(*, rm: int = 8, rn: int = 9, rd: int = 10) -> int:
    """Word of CM_PARAM_READ: column in rm, row in rn, weight to rd."""
    return encode(CmOperation.PARAM_READ, rm=rm, rn=rn, rd=rd)


def hint_word(hint: Hint) -> int:
    """Return the instruction word of a hint (Arm Architecture Reference Manual, HINT)."""
    return 0xD503201F | hint << 5


def riscv_hint_word(hint: Hint) -> int:
    """Return the word of a hint on RISC-V: ``slti x0, x0, number``.

    These are left to custom hints (unprivileged specification, "HINT Instructions").
    """
    return hint << 20 | 0x2013


def cm_word_of_riscv(word: int, opcode: int = RISCV_CUSTOM_0) -> int | None:
    """Return the AArch64 form of a RISC-V word, None if it is no CM instruction of the opcode.

    x0 becomes XZR, and other registers keep their numbers but x31, which becomes register 30.
    """
    found = [each for each, code in RISCV_FUNCT3.items() if code == word >> 12 & 7]
    if word & 0x7F != opcode or word >> 25 or not found:
        return None
    registers: dict[str, int] = {}
    for name in OPERANDS[found[0]]:
        number = word >> RISCV_OPERANDS[name] & 31
        registers[name] = min(number, XZR - 1) if number else XZR
    return encode(found[0], **registers)


def riscv_operands(operation: CmOperation) -> tuple[bool, bool, bool, bool]:
    """Tell whether an operation reads rs1, rs2 and rs3, and whether it writes rd."""
    used = OPERANDS[operation]
    return "rm" in used, "rn" in used, "ra" in used, "rd" in used


def riscv_encode(operation: CmOperation, *, opcode: int = RISCV_CUSTOM_0, **registers: int) -> int:
    """Return the RISC-V instruction word of an operation.

    x0 takes the part of XZR: as ``ra`` of CM_QUEUE it means four valid bytes, as ``rn`` of a
    transfer the tile's own counter, and elsewhere it reads 0. Operands left out are x0.

    Parameters
    ----------
    operation : what to encode. opcode : major opcode, one of `RISCV_CUSTOM_OPCODES`.
    registers : numbers 0 to 31 by the names of `OPERANDS`. ``ra`` and ``rd`` of CM_INITIALIZE share
        a field and must not differ.

    Raises
    ------
    ValueError
        The operation has no encoding, does not use a register that is named, a number is outside 0
        to 31, or two numbers for one field differ.
    """
    if operation not in OPERANDS:
        raise ValueError(f"operation {operation!r} has no encoding; use one of {list(OPERANDS)}")
    word = RISCV_FUNCT3[operation] << 12 | opcode
    fields: dict[RiscvField, int] = {}
    for name, register in registers.items():
        if name not in OPERANDS[operation]:
            raise ValueError(
                f"{operation.name} has no register {name}; it has {OPERANDS[operation]}"
            )
        if not 0 <= register <= 31:
            raise ValueError(f"register {name} must be 0 to 31, not {register!r}")
        field = RISCV_OPERANDS[name]
        if fields.setdefault(field, register) != register:
            raise ValueError(f"ra and rd share a field and must be one register, not {registers}")
    for field, register in fields.items():
        word |= register << field
    return word
