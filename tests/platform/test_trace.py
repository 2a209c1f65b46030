# SPDX-License-Identifier: Apache-2.0
"""Machine code on the pipeline: a loop takes the same time as its body in `RunLoop`."""

from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from alpine_platform.accelerators.tile_port import empty_batch
from alpine_platform.config import CoreConfig
from alpine_platform.cores.loop_body import (
    FETCH_LINE_BYTES,
    Branch,
    LoopBody,
    Memory,
    OperationColumn,
    Unit,
    compile_body,
)
from alpine_platform.cores.machine_code import MachineCode, MachineOperation, Trace, one_part
from alpine_platform.cores.operations import RunCmLoop, RunLoop, RunTrace
from alpine_platform.cores.pipeline import Phase, Stream
from alpine_platform.systems.presets import SYSTEMS
from alpine_platform.systems.system import System
from alpine_sw.calibrate.experiment import ReferenceUnits, play
from alpine_sw.kernels.bodies import BODIES

ITERATIONS = 300
BASE = 1 << 20
CONFIG = SYSTEMS["high-power"]
CORE = CONFIG.core
START, END = 0x1000, 0x1100


def machine_code(core: CoreConfig, body: LoopBody) -> MachineCode:
    """A block of a body's operations; every operation on memory tells its own address."""
    operations: list[tuple[int, MachineOperation]] = []
    number = 0
    for row in compile_body(body).operations.tolist():
        unit, *sources, dest, _, _, memory, branch, starts = row
        number += bool(starts)
        operations.append(
            (
                number,
                MachineOperation(
                    unit=Unit(unit),
                    dest=None if dest < 0 else dest,
                    sources=tuple(source for source in sources if source >= 0),
                    memory=Memory(memory),
                    branch=Branch(branch),
                    span=8 if memory else 0,
                ),
            )
        )
    code = MachineCode(core=core)
    instructions = groupby(operations, key=lambda each: each[0])
    code.add([[each for _, each in group] for _, group in instructions], end_address=END)
    return code


def looped(body: LoopBody, addresses: np.ndarray) -> Trace:
    """A trace of the body's block, again and again; addresses have a row per iteration."""
    count = len(addresses)
    table = compile_body(body).operations
    uses = table[table[:, OperationColumn.MEMORY] != 0, OperationColumn.STREAM]
    offsets = table[table[:, OperationColumn.MEMORY] != 0, OperationColumn.OFFSET]
    accesses = (addresses[:, uses] + offsets).reshape(-1)
    following = np.full(count, START)
    following[-1] = END
    return Trace(
        blocks=np.zeros(count, np.int64),
        following=following,
        first_accesses=np.arange(count + 1) * len(uses),
        accesses=np.stack([accesses, np.full_like(accesses, 8)], 1),
    )


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_body_of_the_library_takes_the_same_time_as_machine_code(name: str):
    # What calibration adds to a body is no part of its instructions.
    instructions = compile_body(BODIES[name]).instructions
    offset = (END - 4 * instructions) % FETCH_LINE_BYTES
    body = replace(BODIES[name], extra_cycles=0.0, line_offset_bytes=offset)
    compiled = compile_body(body)
    cm = int(np.count_nonzero(compiled.operations[:, OperationColumn.UNIT] >= Unit.CM_QUEUE))
    strides = [16 * (place + 1) for place in range(len(compiled.streams))]
    starts = [BASE + (place << 16) for place in range(len(compiled.streams))]
    streams = {
        stream: Stream(address=start, stride=stride)
        for stream, start, stride in zip(compiled.streams, starts, strides, strict=True)
    }
    batch = empty_batch(cm * ITERATIONS)
    phases = [Phase(body=body, iterations=ITERATIONS, streams=streams)]
    loop = RunCmLoop(phases=phases, batch=batch, wait=False) if cm else RunLoop(phases=phases)
    steps = np.arange(ITERATIONS)[:, np.newaxis]
    addresses = np.array(starts, np.int64) + steps * np.array(strides, np.int64)
    executed = looped(body, addresses)
    trace = RunTrace(
        code=machine_code(CORE, body),
        trace=executed,
        batch=empty_batch(cm * ITERATIONS),
        parts=one_part(executed, cm * ITERATIONS),
    )
    results = [
        System(CONFIG, tile_ports={0: ReferenceUnits(CONFIG)}).run({0: play([operation])})
        for operation in (loop, trace)
    ]
    assert results[0].time_fs == results[1].time_fs
    assert results[0].instructions == results[1].instructions
    assert results[0].memory == results[1].memory


def test_parts_of_a_trace_take_the_time_of_the_whole():
    body = LoopBody(name="sum", text="load a <- p @s\nalu p <- p\nfp s <- s a\nbranch <- p")
    addresses = BASE + 64 * np.arange(ITERATIONS)[:, np.newaxis]
    whole = looped(body, addresses)
    times: list[int] = []
    for parts in ([whole], whole.split(117)):
        code = machine_code(CORE, body)
        operations = [
            RunTrace(code=code, trace=part, batch=empty_batch(0), parts=one_part(part, 0))
            for part in parts
        ]
        times.append(System(CONFIG).run({0: play(operations)}).time_fs)
    assert times[0] == times[1]


@pytest.mark.parametrize(("apart", "predicted"), [(11, True), (12, True), (13, False)])
def test_a_branch_that_changes_its_way_after_long_is_predicted_wrongly(apart: int, predicted: bool):
    """The history has 11 branches: 11 taken ones before another are known, 12 are not.

    A branch that is not taken saves the bubble of a taken one; predicted wrongly it costs a refill.
    """
    trace = looped(
        LoopBody(name="loop", text="alu a <- a\nbranch <- a"), np.zeros((660, 0), np.int64)
    )
    following = trace.following.copy()
    following[-1] = START
    leaving = following.copy()
    leaving[apart - 1 :: apart] = END
    times: list[int] = []
    for way in (following, leaving):
        code = machine_code(CORE, LoopBody(name="loop", text="alu a <- a\nbranch <- a"))
        part = RunTrace(
            code=code,
            trace=replace(trace, following=way),
            batch=empty_batch(0),
            parts=one_part(trace, 0),
        )
        times.append(System(CONFIG).run({0: play([part])}).time_fs)
    assert (times[1] < times[0]) == predicted


def test_code_that_grows_block_by_block_is_moved_a_few_times_only():
    code = MachineCode(core=CORE)
    memories: set[int] = set()
    for number in range(500):
        code.add([[MachineOperation(unit=Unit.ALU, dest=number % 31)]], end_address=4 * number + 4)
        code.executions[number] = number
        memories.add(code.operations.ctypes.data)
    assert code.executions.tolist() == list(range(500))
    assert code.operations["dest"].tolist() == [number % 31 for number in range(500)]
    assert code.blocks["first"].tolist() == list(range(500))
    # Twice the room each time: 2, 6, 14, ..., 510.
    assert len(memories) <= 8
