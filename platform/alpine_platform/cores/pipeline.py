# SPDX-License-Identifier: Apache-2.0
"""Typed access to the compiled pipeline model: core constants, state, loops and steady states."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from alpine_platform.compiled import kernel_state as kernel
from alpine_platform.compiled.kernel_state import Pipeline
from alpine_platform.config import CoreConfig, CoreTypeConfig

from .loop_body import LoopBody, OperationColumn, Unit, compile_body

__all__ = [
    "Blocks",
    "FlatLoop",
    "Phase",
    "Stream",
    "core_constants",
    "flatten",
    "in_order",
    "pipeline_state",
]

Ints = npt.NDArray[np.int64]
EXTRA_ONE = 1 << 16
EXTRA_STEPS = 8
"""Calibration constants count in eighths of a cycle, so that iterations repeat themselves."""
NO_TABLE: Ints = np.zeros(1, np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """Addresses that one memory instruction of a loop visits.

    Members
    -------
    address : int, first address.
    stride : int, bytes per iteration.
    repeat_stride : int, bytes per repetition of the nest.
    table : int64 array or None: byte offsets per iteration instead of the stride; with
        `table_repeat` elements per repetition, or the same ones each time if that is 0.
    end : int or None, first address beyond the data; only the check of reads looks at it.
    """

    address: int
    stride: int = 0
    repeat_stride: int = 0
    table: Ints | None = None
    table_repeat: int = 0
    end: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A loop: a body, how often it runs, and the address streams it names."""

    body: LoopBody
    iterations: int
    streams: Mapping[str, Stream] = field(default_factory=dict[str, Stream])


AHEAD_FS = 7_000_000
"""How far a core runs ahead of the next before that one takes over, as long as it hits its L1:
misses wait for their turn. Longer turns are faster, but writes reach other cores' copies late."""


def core_constants(core: CoreTypeConfig) -> Ints:
    """Return the constants of the compiled pipeline model for a core; of other types its clock."""
    k = np.zeros(kernel.K_COUNT, np.int64)
    k[kernel.K_PERIOD] = core.period_fs
    if not isinstance(core, CoreConfig):
        return k
    k[kernel.K_ISSUE_WIDTH] = core.issue_width
    k[kernel.K_COMMIT_WIDTH] = core.commit_width
    k[kernel.K_FETCH_WIDTH] = core.fetch_width
    k[kernel.K_GROUPS] = core.fetch_buffer_groups
    k[kernel.K_TAKEN] = core.taken_branch_half_cycles
    k[kernel.K_TAKEN_FIRST] = core.taken_branch_first_group_half_cycles
    k[kernel.K_REFILL] = core.refill_cycles
    k[kernel.K_PREDICTED] = core.predicted_iterations
    k[kernel.K_ALUS] = core.alu_units
    k[kernel.K_LOADS] = core.loads_in_flight
    k[kernel.K_LATE_LOADS] = min(core.loads_in_flight_late_address, core.loads_in_flight)
    k[kernel.K_FRESH] = core.fresh_address_cycles
    k[kernel.K_NEAR] = core.shared_address_cycles
    k[kernel.K_STORES] = core.store_buffer_entries
    k[kernel.K_AHEAD] = max(AHEAD_FS // core.period_fs, 1)
    return k


@cache
def unit_timing(core: CoreConfig) -> Ints:
    """Latency, forwarding and result cycles of every unit, one row each.

    A result counts as committed so many cycles after issue; a consumer takes it `forward` cycles
    before that.
    """
    cm = core.cm_latency_cycles
    latency = {
        Unit.ALU: core.alu_latency_cycles,
        Unit.MULTIPLY: core.multiply_latency_cycles,
        Unit.DIVIDE: core.divide_latency_cycles,
        Unit.FLOAT: core.float_latency_cycles,
        Unit.MEMORY: 1,
        Unit.CM_QUEUE: cm,
        Unit.CM_DEQUEUE: cm,
        Unit.CM_PROCESS: cm,
    }
    rows: list[list[int]] = []
    for unit in Unit:
        forward = core.forward_cycles
        result = latency[unit]
        if unit is Unit.MEMORY:
            forward = core.memory_forward_cycles
            result = core.load_assumed_cycles
        elif unit in (Unit.MULTIPLY, Unit.DIVIDE):
            forward = 0
        rows.append([latency[unit], forward, result])
    return np.array(rows, np.int64)


def pipeline_state(types: Sequence[CoreTypeConfig]) -> Pipeline:
    """Return what the pipelines of cores of some types remember; see `turns_kernel`."""
    cores = len(types)
    groups = max((core.fetch_buffer_groups for core in in_order(types)), default=1)
    return Pipeline(
        scalars=np.zeros((cores, kernel.S_COUNT), np.int64),
        ready=np.zeros((cores, kernel.REGISTERS), np.int64),
        committed=np.zeros((cores, kernel.REGISTERS), np.int64),
        groups=np.zeros((cores, groups), np.int64),
        units=np.full((cores, kernel.UNITS, kernel.RING), -1, np.int64),
        unit_state=np.zeros((cores, kernel.UNITS, 2), np.int64),
        loads=np.zeros((cores, kernel.LOADS), np.int64),
        turns=np.zeros((cores, 2), np.int64),
    )


def in_order(types: Iterable[CoreTypeConfig]) -> list[CoreConfig]:
    """Return those of some core types that the compiled pipeline model simulates."""
    return [core for core in types if isinstance(core, CoreConfig)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A body as the compiled model takes it on some core, without addresses.

    Members
    -------
    operations : int64 array, one row of `kernel_state`'s O columns per operation.
    streams : names of the address streams.
    places, stream_numbers : int64 arrays, the memory operations and which stream each one walks.
    extra : what calibration adds to an iteration, in 1 / `EXTRA_ONE` cycles.
    instructions : per iteration.
    registers, depth : how many registers and places in a unit the body uses at most.
    """

    operations: Ints
    streams: tuple[str, ...]
    places: Ints
    stream_numbers: Ints
    extra: int
    instructions: int
    registers: int
    depth: int


class Blocks(dict[LoopBody, Block]):
    """The blocks of a core's bodies, each laid out when it is first asked for."""

    def __init__(self, core: CoreConfig) -> None:
        super().__init__()
        self.core = core

    def __missing__(self, body: LoopBody) -> Block:
        block = self[body] = lay_out(self.core, body)
        return block


@dataclass(frozen=True, kw_only=True, slots=True)
class FlatLoop:
    """A nest of loops as the compiled model takes it: its operations, phases and offset tables."""

    operations: Ints
    phases: Ints
    table: Ints
    sizes: tuple[int, int, int, int]
    """Phases, repetitions, registers used, deepest unit."""
    bodies: tuple[LoopBody, ...]


def flatten(blocks: Blocks, phases: Sequence[Phase], repeats: int) -> FlatLoop:
    """Lay a nest of loops out as the compiled model takes it.

    Raises
    ------
    ValueError
        A body names a stream that its phase does not give.
    """
    phases = [phase for phase in phases if phase.iterations > 0]
    parts = [blocks[phase.body] for phase in phases]
    operations = np.empty((sum(len(part.operations) for part in parts), kernel.O_COUNT), np.int64)
    rows: list[tuple[int, ...]] = []
    tables: list[Ints] = []
    start = registers = depth = 0
    for phase, block in zip(phases, parts, strict=True):
        end = start + len(block.operations)
        place = operations[start:end]
        place[:] = block.operations
        place[:, kernel.O_END] += start
        place_streams(place, phase, block, tables)
        rows.append((start, end, phase.iterations, block.extra, block.instructions))
        registers, depth = max(registers, block.registers), max(depth, block.depth)
        start = end
    return FlatLoop(
        operations=operations,
        phases=np.array(rows, np.int64).reshape(-1, 5),
        table=np.concatenate(tables) if tables else NO_TABLE,
        sizes=(len(phases), repeats if phases else 0, registers, depth),
        bodies=tuple(phase.body for phase in phases),
    )


def place_streams(operations: Ints, phase: Phase, block: Block, tables: list[Ints]) -> None:
    """Write the addresses of a phase's streams into its operations, and collect offset tables."""
    if not block.streams:
        return
    try:
        streams = [phase.streams[name] for name in block.streams]
    except KeyError as error:
        raise ValueError(
            f"body {phase.body.name} needs a stream {error}; given: {list(phase.streams)}"
        ) from None
    moves = np.array([(s.address, s.stride, s.repeat_stride) for s in streams], np.int64)
    columns = slice(kernel.O_BASE, kernel.O_REPEAT_STRIDE + 1)
    operations[block.places, columns] += moves[block.stream_numbers]
    for number, stream in enumerate(streams):
        if stream.table is not None:
            uses = block.places[block.stream_numbers == number]
            operations[uses, kernel.O_TABLE] = sum(map(len, tables))
            operations[uses, kernel.O_TABLE_REPEAT] = stream.table_repeat
            tables.append(stream.table)


def lay_out(core: CoreConfig, body: LoopBody) -> Block:
    """Return a body's block."""
    compiled = compile_body(body)
    table = compiled.operations
    block = np.zeros((len(table), kernel.O_COUNT), np.int64)
    block[:, kernel.O_UNIT] = table[:, OperationColumn.UNIT]
    for column, source in enumerate(
        (OperationColumn.SOURCE0, OperationColumn.SOURCE1, OperationColumn.SOURCE2)
    ):
        block[:, kernel.O_SOURCE0 + column] = np.where(
            table[:, source] < 0, kernel.NO_SOURCE, table[:, source]
        )
    block[:, kernel.O_DEST] = np.where(
        table[:, OperationColumn.DEST] < 0, kernel.NO_DEST, table[:, OperationColumn.DEST]
    )
    block[:, kernel.O_MEMORY] = table[:, OperationColumn.MEMORY]
    block[:, kernel.O_BRANCH] = table[:, OperationColumn.BRANCH]
    block[:, kernel.O_STARTS] = table[:, OperationColumn.STARTS_INSTRUCTION]
    block[:, kernel.O_LATENCY : kernel.O_RESULT + 1] = unit_timing(core)[
        table[:, OperationColumn.UNIT]
    ]
    block[:, kernel.O_BASE] = table[:, OperationColumn.OFFSET]
    block[:, kernel.O_TABLE] = -1
    end = len(block)
    for index in reversed(range(len(block))):
        block[index, kernel.O_END] = end
        if block[index, kernel.O_MEMORY]:
            end = index
    used = block[:, kernel.O_SOURCE0 : kernel.O_DEST + 1]
    places = np.flatnonzero(block[:, kernel.O_MEMORY])
    return Block(
        operations=block,
        streams=compiled.streams,
        places=places,
        stream_numbers=table[places, OperationColumn.STREAM],
        extra=round(body.extra_cycles * EXTRA_STEPS) * (EXTRA_ONE // EXTRA_STEPS),
        instructions=compiled.instructions,
        registers=int(used[used < kernel.NO_SOURCE].max(initial=-1)) + 1,
        depth=min(int(block[:, kernel.O_LATENCY].max(initial=0)) + 1, kernel.RING - 1),
    )
