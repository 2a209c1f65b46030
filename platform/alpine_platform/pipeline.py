"""Typed access to the compiled pipeline model: core constants, state, loops and steady states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from . import engine_kernel as kernel
from .config import CoreConfig
from .loop_body import CompiledBody, Field, LoopBody, Unit, compile_body

__all__ = ["Phase", "PipelineState", "Stream", "core_constants", "flatten"]

Ints = npt.NDArray[np.int64]


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
    """

    address: int
    stride: int = 0
    repeat_stride: int = 0
    table: Ints | None = None
    table_repeat: int = 0


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
    k[kernel.K_STORES] = core.store_buffer_entries
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
    for unit in Unit:
        forward = core.forward_cycles
        if unit is Unit.MEMORY:
            forward = core.memory_forward_cycles
        elif unit in (Unit.MULTIPLY, Unit.DIVIDE):
            forward = 0
        k[kernel.K_LATENCY + unit] = latency[unit]
        k[kernel.K_FORWARD + unit] = forward
        k[kernel.K_RESULT + unit] = (
            core.load_assumed_cycles if unit is Unit.MEMORY else latency[unit]
        )
    return k


class PipelineState:
    """What one core's pipeline remembers between operations; see `engine_kernel`."""

    def __init__(self, core: CoreConfig) -> None:
        self.arrays = kernel.Pipeline(
            scalars=np.zeros(kernel.S_COUNT, np.int64),
            ready=np.zeros(64, np.int64),
            committed=np.zeros(64, np.int64),
            source=np.zeros(64, np.int64),
            groups=np.zeros(core.fetch_buffer_groups, np.int64),
            units=np.full((kernel.UNITS, kernel.RING), -1, np.int64),
            unit_state=np.full((kernel.UNITS, 2), 0, np.int64),
            loads=np.zeros(core.loads_in_flight, np.int64),
        )


def flatten(phases: Sequence[Phase], repeats: int, cm_capacity: int) -> kernel.Loop:
    """Lay a nest of loops out as the compiled model takes it.

    Raises
    ------
    ValueError
        A body names a stream that its phase does not give.
    """
    bodies: list[CompiledBody] = [compile_body(phase.body) for phase in phases]
    operations: list[Ints] = []
    rows: list[list[int]] = []
    streams: list[list[int]] = []
    tables: list[Ints] = []
    start = table_length = 0
    for phase, compiled in zip(phases, bodies, strict=True):
        block = compiled.operations.copy()
        block[:, Field.STREAM] += np.where(block[:, Field.STREAM] >= 0, len(streams), 0)
        operations.append(block)
        rows.append([start, start + len(block), phase.iterations])
        start += len(block)
        for name in compiled.streams:
            if name not in phase.streams:
                raise ValueError(
                    f"body {phase.body.name} needs a stream {name!r}; given: {list(phase.streams)}"
                )
            stream = phase.streams[name]
            place = -1
            if stream.table is not None:
                place = table_length
                tables.append(stream.table)
                table_length += len(stream.table)
            streams.append(
                [stream.address, stream.stride, stream.repeat_stride, place, stream.table_repeat]
            )
    return kernel.Loop(
        operations=np.concatenate(operations),
        phases=np.array(rows, np.int64),
        streams=np.array(streams, np.int64).reshape(-1, 5),
        table=np.concatenate(tables) if tables else np.zeros(1, np.int64),
        repeats=repeats,
        cm_issue=np.zeros(max(cm_capacity, 1), np.int64),
        extra=0,
    )
