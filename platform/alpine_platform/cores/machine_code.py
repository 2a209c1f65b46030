# SPDX-License-Identifier: Apache-2.0
"""Machine code as the pipeline model takes it: blocks of operations, and traces of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from alpine_platform.compiled import kernel_state as kernel
from alpine_platform.compiled.kernel_state import Ints, Records
from alpine_platform.config import CoreConfig

from .loop_body import FETCH_LINE_BYTES, INSTRUCTION_BYTES, Branch, Memory, Unit
from .pipeline import unit_timing

__all__ = [
    "ADDRESS_REGISTER",
    "CODE_REGISTERS",
    "AnswerKind",
    "MachineCode",
    "MachineOperation",
    "Rows",
    "Trace",
    "one_part",
]

ADDRESS_REGISTER = kernel.REGISTERS
"""Holds the address that an instruction on a pair computes for itself."""
CODE_REGISTERS = kernel.REGISTERS + 2
"""General registers 0 to 30, the stack pointer, vectors from 32 on; then those behind `kernel`'s:
the address register and the flags."""

Kind = TypeVar("Kind", bound=np.generic)

BLOCK = kernel.record("first", "last", "end_address", "instructions")
"""A block: its operations, the address behind it, and how many instructions it has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineOperation:
    """What an instruction splits into.

    Members
    -------
    unit, memory, branch : see `loop_body`; a conditional branch is CLOSING.
    dest : register written, or None. sources : at most three registers read.
    offset : bytes behind the instruction's first address.
    span : bytes that the whole instruction accesses, in its first operation on memory; else 0.
    """

    unit: Unit
    dest: int | None = None
    sources: tuple[int, ...] = ()
    memory: Memory = Memory.NONE
    branch: Branch = Branch.NONE
    offset: int = 0
    span: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """Blocks that a core executed, one after the other.

    Members
    -------
    blocks : number of each block. following : address of the block after each.
    first_accesses : where the accesses of each begin, and where those of the last end.
    accesses : rows of an address and how many bytes, in program order.
    """

    blocks: Ints
    following: Ints
    first_accesses: Ints
    accesses: Ints

    def split(self, place: int) -> tuple["Trace", "Trace"]:
        """Return the blocks before a place, and those from it on."""
        first = int(self.first_accesses[place])
        before = Trace(
            blocks=self.blocks[:place],
            following=self.following[:place],
            first_accesses=self.first_accesses[: place + 1],
            accesses=self.accesses[:first],
        )
        behind = Trace(
            blocks=self.blocks[place:],
            following=self.following[place:],
            first_accesses=self.first_accesses[place:] - first,
            accesses=self.accesses[first:],
        )
        return before, behind


class AnswerKind(IntEnum):
    """How a part of a trace ends; the recorder of executed programs has the same numbers."""

    NOT_AWAITED = 0
    AWAITED = 1
    """The instruction after the part's last CM instruction needs its response."""
    AWAITED_CELL = 2
    """The same; that instruction programs a cell, and is the only one of its part."""


def one_part(trace: Trace, instructions: int, answer: AnswerKind = AnswerKind.NOT_AWAITED) -> Ints:
    """Return the parts of a trace that is timed in one go: one row, see `RunTrace.parts`."""
    return np.array([[len(trace.blocks), instructions, answer]], np.int64)


class Rows(Generic[Kind]):
    """Rows of one type that are appended again and again, in time that their number is linear in.

    Parameters
    ----------
    none : an empty array of the type.
    """

    def __init__(self, none: npt.NDArray[Kind]) -> None:
        self._room, self._count = none, 0

    @property
    def all(self) -> npt.NDArray[Kind]:
        """All rows so far; what is written into them stays."""
        return self._room[: self._count]

    def append(self, rows: npt.NDArray[Kind]) -> None:
        """Append rows, in new memory where there is no room for them."""
        count = self._count + len(rows)
        if count > len(self._room):
            room = np.zeros(2 * count, self._room.dtype)
            room[: self._count] = self.all
            self._room = room
        self._room[self._count : count] = rows
        self._count = count


@dataclass(kw_only=True, slots=True)
class MachineCode:
    """The blocks of a program that have been executed so far, numbered in that order.

    Members
    -------
    core : whose latencies the operations have.
    operations, spans : of all blocks; records `OPERATION`, and `MachineOperation.span` of each.
    blocks : records `BLOCK`.
    runs : of each block's conditional branch, how often it went the same way lately; negative:
        not taken. executions : of each block.
    """

    core: CoreConfig
    _operations: Rows[np.void] = field(default_factory=lambda: Rows(np.zeros(0, kernel.OPERATION)))
    _spans: Rows[np.int64] = field(default_factory=lambda: Rows(np.zeros(0, np.int64)))
    _blocks: Rows[np.void] = field(default_factory=lambda: Rows(np.zeros(0, BLOCK)))
    _runs: Rows[np.int64] = field(default_factory=lambda: Rows(np.zeros(0, np.int64)))
    _executions: Rows[np.int64] = field(default_factory=lambda: Rows(np.zeros(0, np.int64)))

    @property
    def operations(self) -> Records:
        """See the class."""
        return self._operations.all

    @property
    def spans(self) -> Ints:
        """See the class."""
        return self._spans.all

    @property
    def blocks(self) -> Records:
        """See the class."""
        return self._blocks.all

    @property
    def runs(self) -> Ints:
        """See the class."""
        return self._runs.all

    @property
    def executions(self) -> Ints:
        """See the class."""
        return self._executions.all

    def add(self, instructions: Sequence[Sequence[MachineOperation]], *, end_address: int) -> None:
        """Append a block, given as the operations of each of its instructions.

        Where an instruction begins a fetch line, so does a group of the front end.
        """
        rows = [operation for each in instructions for operation in each]
        part = np.zeros(len(rows), kernel.OPERATION)
        first = len(self.operations)
        timing = unit_timing(self.core)
        address = end_address - INSTRUCTION_BYTES * len(instructions)
        part["starts"] = [
            0 if place else 1 if (address + INSTRUCTION_BYTES * number) % FETCH_LINE_BYTES else 2
            for number, each in enumerate(instructions)
            for place in range(len(each))
        ]
        end = len(rows)
        for index in reversed(range(len(rows))):
            row, operation = part[index], rows[index]
            sources = (*operation.sources, *[kernel.NO_SOURCE] * 3)
            row["unit"], row["memory"], row["branch"] = (
                operation.unit, operation.memory, operation.branch,
            )  # fmt: skip
            row["source0"], row["source1"], row["source2"] = sources[:3]
            row["dest"] = kernel.NO_DEST if operation.dest is None else operation.dest
            row["latency"], row["forward"], row["result"] = timing[operation.unit]
            row["base"], row["end"] = operation.offset, first + end
            if operation.memory:
                end = index
        block = np.zeros(1, BLOCK)
        block[0] = (first, first + len(rows), end_address, len(instructions))
        self._operations.append(part)
        self._spans.append(np.array([operation.span for operation in rows], np.int64))
        self._blocks.append(block)
        for counts in (self._runs, self._executions):
            counts.append(np.zeros(1, np.int64))
