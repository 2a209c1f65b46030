"""Typed access to the compiled pipeline model: core constants, state, loops and steady states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from . import engine_kernel as kernel
from .config import CoreConfig
from .kernel_state import Pipeline
from .loop_body import Field, LoopBody, Unit, compile_body

__all__ = ["FlatLoop", "Phase", "Stream", "core_constants", "flatten", "pipeline_state"]

Ints = npt.NDArray[np.int64]
EXTRA_ONE = 1 << 16
EXTRA_STEPS = 8
"""Calibration constants count in eighths of a cycle, so that iterations repeat themselves."""
MAX_MEMO = 64
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


def core_constants(core: CoreConfig) -> Ints:
    """Return the constants of the compiled pipeline model for a core."""
    k = np.zeros(kernel.K_COUNT, np.int64)
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


def pipeline_state(core: CoreConfig, cores: int) -> Pipeline:
    """Return what the pipelines of so many cores remember; see `engine_kernel`."""
    return Pipeline(
        scalars=np.zeros((cores, kernel.S_COUNT), np.int64),
        ready=np.zeros((cores, kernel.REGISTERS), np.int64),
        committed=np.zeros((cores, kernel.REGISTERS), np.int64),
        groups=np.zeros((cores, core.fetch_buffer_groups), np.int64),
        units=np.full((cores, kernel.UNITS, kernel.RING), -1, np.int64),
        unit_state=np.zeros((cores, kernel.UNITS, 2), np.int64),
        loads=np.zeros((cores, kernel.LOADS), np.int64),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FlatLoop:
    """A nest of loops as the compiled model takes it: its operations, phases and offset tables."""

    operations: Ints
    phases: Ints
    table: Ints
    repeats: int

    @property
    def sizes(self) -> tuple[int, int, int, int, int]:
        """Phases, repetitions, registers used, deepest unit, whether iterations may recur."""
        operations = self.operations
        used = operations[:, [*range(kernel.O_SOURCE0, kernel.O_DEST + 1)]]
        registers = int(used[used < kernel.NO_SOURCE].max(initial=-1)) + 1
        depth = min(int(operations[:, kernel.O_LATENCY].max()) + 1, kernel.RING - 1)
        cm = (operations[:, kernel.O_UNIT] >= int(Unit.CM_QUEUE)).any()
        plain = not cm and (operations[:, kernel.O_TABLE] < 0).all() and registers <= MAX_MEMO
        return len(self.phases), self.repeats, registers, depth, int(plain)


def flatten(core: CoreConfig, phases: Sequence[Phase], repeats: int) -> FlatLoop:
    """Lay a nest of loops out as the compiled model takes it.

    Raises
    ------
    ValueError
        A body names a stream that its phase does not give.
    """
    operations: list[Ints] = []
    rows: list[list[int]] = []
    tables: list[Ints] = []
    start = table_length = 0
    for phase in phases:
        compiled = compile_body(phase.body)
        block = body_block(core, phase.body).copy()
        for number, name in enumerate(compiled.streams):
            if name not in phase.streams:
                raise ValueError(
                    f"body {phase.body.name} needs a stream {name!r}; given: {list(phase.streams)}"
                )
            stream = phase.streams[name]
            uses = compiled.operations[:, Field.STREAM] == number
            block[uses, kernel.O_BASE] += stream.address
            block[uses, kernel.O_STRIDE] = stream.stride
            block[uses, kernel.O_REPEAT_STRIDE] = stream.repeat_stride
            if stream.table is not None:
                block[uses, kernel.O_TABLE] = table_length
                block[uses, kernel.O_TABLE_REPEAT] = stream.table_repeat
                tables.append(stream.table)
                table_length += len(stream.table)
        operations.append(block)
        extra = round(phase.body.extra_cycles * EXTRA_STEPS) * (EXTRA_ONE // EXTRA_STEPS)
        rows.append([start, start + len(block), phase.iterations, extra, compiled.instructions])
        start += len(block)
    return FlatLoop(
        operations=np.concatenate(operations),
        phases=np.array(rows, np.int64),
        table=np.concatenate(tables) if tables else NO_TABLE,
        repeats=repeats,
    )


@cache
def body_block(core: CoreConfig, body: LoopBody) -> Ints:
    """Operations of a body in the compiled model's columns, without addresses."""
    table = compile_body(body).operations
    timing = unit_timing(core)[table[:, Field.UNIT]]
    block = np.zeros((len(table), kernel.O_COUNT), np.int64)
    block[:, kernel.O_UNIT] = table[:, Field.UNIT]
    for column, source in enumerate((Field.SOURCE0, Field.SOURCE1, Field.SOURCE2)):
        block[:, kernel.O_SOURCE0 + column] = np.where(
            table[:, source] < 0, kernel.NO_SOURCE, table[:, source]
        )
    block[:, kernel.O_DEST] = np.where(
        table[:, Field.DEST] < 0, kernel.NO_DEST, table[:, Field.DEST]
    )
    block[:, kernel.O_MEMORY] = table[:, Field.MEMORY]
    block[:, kernel.O_BRANCH] = table[:, Field.BRANCH]
    block[:, kernel.O_STARTS] = table[:, Field.STARTS_INSTRUCTION]
    block[:, kernel.O_LATENCY : kernel.O_RESULT + 1] = timing
    block[:, kernel.O_BASE] = table[:, Field.OFFSET]
    block[:, kernel.O_TABLE] = -1
    return block
