# SPDX-License-Identifier: Apache-2.0
"""Typed access to the compiled pipeline model: core constants, state, loops and steady states."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from alpine_platform.compiled import kernel_state as kernel
from alpine_platform.compiled.kernel_state import Ints, Pipeline, Records, words
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


def core_constants(core: CoreTypeConfig) -> Records:
    """Return the constants of the compiled pipeline model for a core; of other types its clock."""
    k = np.zeros((), kernel.CORE)
    k["period_fs"] = core.period_fs
    if not isinstance(core, CoreConfig):
        return k
    k["issue_width"] = core.issue_width
    k["commit_width"] = core.commit_width
    k["fetch_width"] = core.fetch_width
    k["groups"] = core.fetch_buffer_groups
    k["taken"] = core.taken_branch_half_cycles
    k["taken_first"] = core.taken_branch_first_group_half_cycles
    k["refill"] = core.refill_cycles
    k["predicted"] = core.predicted_iterations
    k["alus"] = core.alu_units
    k["loads"] = core.loads_in_flight
    k["late_loads"] = min(core.loads_in_flight_late_address, core.loads_in_flight)
    k["fresh"] = core.fresh_address_cycles
    k["near"] = core.shared_address_cycles
    k["stores"] = core.store_buffer_entries
    k["ahead"] = max(AHEAD_FS // core.period_fs, 1)
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
        progress=np.zeros(cores, kernel.PROGRESS),
        ready=np.zeros((cores, kernel.REGISTERS), np.int64),
        committed=np.zeros((cores, kernel.REGISTERS), np.int64),
        groups=np.zeros((cores, groups), np.int64),
        units=np.full((cores, kernel.UNITS, kernel.RING), -1, np.int64),
        unit_state=np.zeros((cores, kernel.UNITS, 2), np.int64),
        loads=np.zeros((cores, kernel.LOADS), np.int64),
        turns=np.zeros(cores, kernel.TURN),
    )


def in_order(types: Iterable[CoreTypeConfig]) -> list[CoreConfig]:
    """Return those of some core types that the compiled pipeline model simulates."""
    return [core for core in types if isinstance(core, CoreConfig)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A body as the compiled model takes it on some core, without addresses.

    Members
    -------
    operations, words : records `kernel_state.OPERATION`, and the same as numbers.
    streams : names of the address streams.
    places, stream_numbers : int64 arrays, the memory operations and which stream each one walks.
    extra : what calibration adds to an iteration, in 1 / `EXTRA_ONE` cycles.
    instructions : per iteration.
    registers, depth : how many registers and places in a unit the body uses at most.
    """

    operations: Records
    words: Ints
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
    """A nest of loops as the compiled model takes it: its operations, phases and offset tables.

    Members
    -------
    operations, phases : words of records `OPERATION` and `PHASE`.
    table : offsets of streams that have some.
    sizes : phases, repetitions, registers used, deepest unit.
    bodies : of the phases.
    """

    operations: Ints
    phases: Ints
    table: Ints
    sizes: tuple[int, int, int, int]
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
    operations = np.empty(sum(len(part.operations) for part in parts), kernel.OPERATION)
    numbers = words(operations)
    rows: list[tuple[int, ...]] = []
    tables: list[Ints] = []
    start = registers = depth = 0
    for phase, block in zip(phases, parts, strict=True):
        end = start + len(block.operations)
        numbers[start:end] = block.words
        place = operations[start:end]
        place["end"] += start
        place_streams(place, phase, block, tables)
        rows.append((start, end, phase.iterations, block.extra, block.instructions))
        registers, depth = max(registers, block.registers), max(depth, block.depth)
        start = end
    return FlatLoop(
        operations=numbers,
        phases=np.array(rows, np.int64).reshape(-1, len(kernel.PHASE.names or ())),
        table=np.concatenate(tables) if tables else NO_TABLE,
        sizes=(len(phases), repeats if phases else 0, registers, depth),
        bodies=tuple(phase.body for phase in phases),
    )


def place_streams(operations: Records, phase: Phase, block: Block, tables: list[Ints]) -> None:
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
    of_uses = moves[block.stream_numbers]
    for column, name in enumerate(("base", "stride", "repeat_stride")):
        operations[name][block.places] += of_uses[:, column]
    for number, stream in enumerate(streams):
        if stream.table is not None:
            uses = block.places[block.stream_numbers == number]
            operations["table"][uses] = sum(map(len, tables))
            operations["table_repeat"][uses] = stream.table_repeat
            tables.append(stream.table)


def lay_out(core: CoreConfig, body: LoopBody) -> Block:
    """Return a body's block."""
    compiled = compile_body(body)
    table = compiled.operations
    block = np.zeros(len(table), kernel.OPERATION)
    block["unit"] = table[:, OperationColumn.UNIT]
    sources = table[:, OperationColumn.SOURCE0 : OperationColumn.SOURCE2 + 1]
    sources = np.where(sources < 0, kernel.NO_SOURCE, sources)
    for column in range(3):
        block[f"source{column}"] = sources[:, column]
    dests = table[:, OperationColumn.DEST]
    block["dest"] = np.where(dests < 0, kernel.NO_DEST, dests)
    block["memory"] = table[:, OperationColumn.MEMORY]
    block["branch"] = table[:, OperationColumn.BRANCH]
    block["starts"] = table[:, OperationColumn.STARTS_INSTRUCTION]
    timing = unit_timing(core)[table[:, OperationColumn.UNIT]]
    for column, name in enumerate(("latency", "forward", "result")):
        block[name] = timing[:, column]
    block["base"] = table[:, OperationColumn.OFFSET]
    block["table"] = -1
    end = len(block)
    for index in reversed(range(len(block))):
        block["end"][index] = end
        if block["memory"][index]:
            end = index
    used = np.append(sources, dests)
    places = np.flatnonzero(block["memory"])
    return Block(
        operations=block,
        words=words(block),
        streams=compiled.streams,
        places=places,
        stream_numbers=table[places, OperationColumn.STREAM],
        extra=round(body.extra_cycles * EXTRA_STEPS) * (EXTRA_ONE // EXTRA_STEPS),
        instructions=compiled.instructions,
        registers=int(used[used < kernel.NO_SOURCE].max(initial=-1)) + 1,
        depth=min(int(block["latency"].max(initial=0)) + 1, kernel.RING - 1),
    )
