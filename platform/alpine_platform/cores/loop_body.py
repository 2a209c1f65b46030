# SPDX-License-Identifier: Apache-2.0
"""Loop bodies: short instruction sequences in a small assembly, and the operations they split into.

A body is written one instruction a line::

    load    weights <- w      @weights
    fp      products <- weights x
    alu     w <- w
    branch  <- flags

that is, an instruction kind, the register written, an arrow, the registers read, and for memory
instructions the address stream with an optional byte offset (``@weights+16``). For loads the
registers read are the address; for stores the data comes first. Names are free; only equality
counts. The kinds and what each splits into are in `KINDS`: 16-byte stores are two accesses, pairs
and post-increments bring an address operation of their own, as the operation counts of the
reference runs show.
"""

import re
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "FETCH_LINE_BYTES",
    "INSTRUCTION_BYTES",
    "KINDS",
    "Branch",
    "CompiledBody",
    "LoopBody",
    "Memory",
    "OperationColumn",
    "Unit",
    "compile_body",
]

MAX_REGISTERS = 64
INSTRUCTION_BYTES = 4
FETCH_LINE_BYTES = 64
"""What the front end takes from the instruction cache at a time, as in the reference runs."""
LINE = re.compile(
    r"^(?P<kind>\w+)\s+(?P<dest>[\w ]*?)\s*<-\s*(?P<sources>[\w ]*?)\s*"
    r"(?:@(?P<stream>\w+)(?:\+(?P<offset>\d+))?)?$"
)


class Unit(IntEnum):
    """Functional unit class of an operation."""

    ALU = 0
    MULTIPLY = 1
    DIVIDE = 2
    FLOAT = 3
    MEMORY = 4
    CM_QUEUE = 5
    CM_DEQUEUE = 6
    CM_PROCESS = 7


class Memory(IntEnum):
    """What an operation does to memory."""

    NONE = 0
    LOAD = 1
    STORE = 2


class Branch(IntEnum):
    """How an operation steers the front end."""

    NONE = 0
    TAKEN = 1
    NOT_TAKEN = 2
    CLOSING = 3
    """Taken, except at the loop's end."""


class OperationColumn(IntEnum):
    """Columns of a compiled body's operation table."""

    UNIT = 0
    SOURCE0 = 1
    SOURCE1 = 2
    SOURCE2 = 3
    DEST = 4
    STREAM = 5
    OFFSET = 6
    MEMORY = 7
    BRANCH = 8
    STARTS_INSTRUCTION = 9
    """1 for the first operation of an instruction, 2 if that also begins a fetch line."""


KINDS: dict[str, str] = {
    "alu": "integer operation",
    "mul": "integer multiplication",
    "div": "integer division",
    "fp": "floating-point or NEON operation",
    "load": "load of up to 16 bytes: one access",
    "load_post": "load, then its base register is incremented by an operation of its own",
    "load_pair": "address operation, then two 16-byte loads",
    "load_dup": "load of one element into all lanes: address, load and NEON operation",
    "store": "store of up to 8 bytes: one access",
    "store_post": "store, then its base register is incremented",
    "store16": "16-byte store: two accesses",
    "store16_post": "16-byte store, then its base register is incremented",
    "store_pair": "address operation, then two 16-byte stores: four accesses",
    "branch": "branch taken in every iteration but the loop's last",
    "jump": "branch always taken",
    "skip": "branch not taken",
    "cm_queue": "CM_QUEUE",
    "cm_dequeue": "CM_DEQUEUE",
    "cm_process": "CM_PROCESS",
}
"""Instruction kinds and what they mean."""

UNITS = {
    "alu": Unit.ALU,
    "mul": Unit.MULTIPLY,
    "div": Unit.DIVIDE,
    "fp": Unit.FLOAT,
    "branch": Unit.ALU,
    "jump": Unit.ALU,
    "skip": Unit.ALU,
    "cm_queue": Unit.CM_QUEUE,
    "cm_dequeue": Unit.CM_DEQUEUE,
    "cm_process": Unit.CM_PROCESS,
}
BRANCHES = {"branch": Branch.CLOSING, "jump": Branch.TAKEN, "skip": Branch.NOT_TAKEN}


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopBody:
    """One iteration of a loop, as its instructions.

    Members
    -------
    name : str, key of the calibration data.
    text : str, the instructions, one a line (see the module's documentation).
    extra_cycles : float, what calibration adds to every iteration; 0 where mechanism suffices.
    line_offset_bytes : int or None, where in a line of `FETCH_LINE_BYTES` the first instruction
        lies; a fetch group ends with its line. None: the code's place does not matter.
    """

    name: str
    text: str
    extra_cycles: float = 0.0
    line_offset_bytes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledBody:
    """A body as the pipeline model takes it.

    Members
    -------
    body : LoopBody, where it comes from.
    operations : int64 array, one row of `OperationColumn` columns per operation.
    streams : names of the address streams, in the order of column STREAM.
    instructions : int, instructions per iteration.
    """

    body: LoopBody
    operations: npt.NDArray[np.int64] = field(repr=False)
    streams: tuple[str, ...]
    instructions: int


class Builder:
    """Collects the operations of a body."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        self.registers: dict[str, int] = {}
        self.streams: dict[str, int] = {}
        self.starts = 1

    def register(self, name: str) -> int:
        return self.registers.setdefault(name, len(self.registers))

    def add(
        self,
        unit: Unit,
        dest: str | None,
        sources: list[str],
        *,
        memory: Memory = Memory.NONE,
        stream: int = -1,
        offset: int = 0,
        branch: Branch = Branch.NONE,
    ) -> None:
        numbers = [self.register(name) for name in sources]
        numbers += [-1] * (3 - len(numbers))
        target = -1 if dest is None else self.register(dest)
        self.rows.append([unit, *numbers, target, stream, offset, memory, branch, self.starts])
        self.starts = 0


def split_memory(
    build: Builder, kind: str, dests: list[str], sources: list[str], place: tuple[int, int]
) -> None:
    """Add the operations of one memory instruction."""
    stream, offset = place
    base = sources if kind.startswith("load") else sources[1:]
    if kind.endswith("_pair"):
        base = sources if kind.startswith("load") else sources[2:]
        build.add(Unit.ALU, "pair address", base)
        if kind == "load_pair":
            for index, dest in enumerate(dests):
                build.add(
                    Unit.MEMORY, dest, ["pair address"],
                    memory=Memory.LOAD, stream=stream, offset=offset + 16 * index,
                )  # fmt: skip
            return
        for index in range(4):
            build.add(
                Unit.MEMORY, None, [sources[index // 2], "pair address"],
                memory=Memory.STORE, stream=stream, offset=offset + 8 * index,
            )  # fmt: skip
        return
    if kind.startswith("load"):
        build.add(Unit.MEMORY, dests[0], sources, memory=Memory.LOAD, stream=stream, offset=offset)
    else:
        for index in range(2 if kind.startswith("store16") else 1):
            build.add(
                Unit.MEMORY, None, sources,
                memory=Memory.STORE, stream=stream, offset=offset + 8 * index,
            )  # fmt: skip
    if kind.endswith("_post"):
        build.add(Unit.ALU, base[0], base[:1])


def begins_line(body: LoopBody, number: int) -> bool:
    """Whether an instruction of a body is the first of a fetch line."""
    if body.line_offset_bytes is None:
        return False
    return (body.line_offset_bytes + INSTRUCTION_BYTES * number) % FETCH_LINE_BYTES == 0


@cache
def compile_body(body: LoopBody) -> CompiledBody:
    """Split a body into operations.

    Raises
    ------
    ValueError
        A line does not parse, names an unknown kind, or has too many sources or registers; or the
        body begins at no instruction's place in a fetch line.
    """
    if body.line_offset_bytes not in (None, *range(0, FETCH_LINE_BYTES, INSTRUCTION_BYTES)):
        raise ValueError(
            f"body {body.name}: line_offset_bytes must be a multiple of {INSTRUCTION_BYTES} below"
            f" {FETCH_LINE_BYTES}, not {body.line_offset_bytes}"
        )
    build = Builder()
    instructions = 0
    for line in filter(None, (raw.split("#")[0].strip() for raw in body.text.splitlines())):
        match = LINE.match(line)
        if match is None:
            raise ValueError(f"body {body.name}: cannot read the line {line!r}")
        kind = match["kind"]
        if kind not in KINDS:
            raise ValueError(f"body {body.name}: unknown kind {kind!r}; use one of {list(KINDS)}")
        dests, sources = match["dest"].split(), match["sources"].split()
        if len(sources) > 3:
            raise ValueError(f"body {body.name}: more than three sources in {line!r}")
        build.starts = 2 if begins_line(body, instructions) else 1
        instructions += 1
        if kind.startswith(("load", "store")):
            if match["stream"] is None:
                raise ValueError(f"body {body.name}: no stream in {line!r}")
            stream = build.streams.setdefault(match["stream"], len(build.streams))
            split_memory(build, kind, dests, sources, (stream, int(match["offset"] or 0)))
        else:
            build.add(
                UNITS[kind],
                dests[0] if dests else None,
                sources,
                branch=BRANCHES.get(kind, Branch.NONE),
            )
    if len(build.registers) > MAX_REGISTERS:
        raise ValueError(f"body {body.name}: more than {MAX_REGISTERS} registers")
    operations = np.array(build.rows, np.int64).reshape(-1, len(OperationColumn))
    return CompiledBody(
        body=body,
        operations=operations,
        streams=tuple(build.streams),
        instructions=instructions,
    )
