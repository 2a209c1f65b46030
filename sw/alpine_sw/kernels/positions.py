# SPDX-License-Identifier: Apache-2.0
"""CM instructions of a whole row of output positions in one batch.

One position's queue, process and dequeue kernels run once, warm, on a system of their own; the gaps
that the pipeline model puts between their CM instructions there are used for every position of a
layer. They do not depend on data, and the vectors that the kernels touch are in the first-level
cache, because the core has just written them. What may miss, gathering windows and writing codes
back, is timed row by row (`rows`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from alpine_models import isa
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.tile_port import NO_DEPENDENCY, CmBatch, CmResult
from alpine_platform.accelerators.timed_tile import TimedTile, TimedTilePort
from alpine_platform.config import SystemConfig
from alpine_platform.cores.operations import Compute, Program, RunCm, RunCmLoop
from alpine_platform.memory.address_space import Buffer
from alpine_platform.systems.system import System

from .bodies import body, numbered, tail
from .cm import Packing, check_status, dequeue_vector, process, queue_batch, queue_vector
from .streams import over, phase

__all__ = ["PositionTiming", "multiply_row", "time_position"]

WARM_UP = 2
"""Positions before the one whose gaps are taken."""

body(
    "cm_queue_word_pair",
    "load w0 <- p            @codes",
    "cm_queue <- w0",
    numbered("alu e% <- p", 3),
    "load w1 <- p            @codes+4",
    "alu p <- p",
    "cm_queue <- w1",
    tail("p"),
)
"""Queue of eight codes as two words: five instructions per word.

The reference's `conv*_ana_word:queue` rows have five instructions and 3.1 cycles per word where a
loop of one word takes at least 4.6, so their loop handles two words per branch. Which instructions
they are besides loads and queues is not recorded: independent ones here, spread evenly.
"""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PositionTiming:
    """CM instructions of one output position, with gaps.

    Members
    -------
    batch : queues, one process, dequeues; without data.
    inputs, outputs : elements of a window and of an output vector.
    instructions : that the core commits, CM instructions included.
    """

    batch: CmBatch
    inputs: int
    outputs: int
    instructions: int


def time_position(
    config: SystemConfig,
    tile: TileConfig,
    *,
    inputs: int,
    outputs: int,
    packing: Packing,
    row: int = 0,
    column: int = 0,
) -> PositionTiming:
    """Time one position on a core of a system whose tile answers as the hardware does.

    Parameters
    ----------
    config : the system.
    tile : geometry and phases of the tile.
    inputs, outputs : elements queued and dequeued.
    packing : how the software assembles operands.
    row, column : word line of the first input and bit line of the first output.
    """
    recorder = Recorder(tile, config.tile_clock.period_fs)
    system = System(config, tile_ports={0: recorder})
    window = system.memory.allocate("window", inputs)
    vector = system.memory.allocate("vector", outputs)
    one = partial(position, window, vector, packing, row=row, column=column)
    for _ in range(WARM_UP):
        system.run({0: one()})
    recorder.parts.clear()
    # The second one shows the gap between positions.
    counts = system.run({0: twice(one)})
    batch = recorder.joined()
    length = len(batch) // 2
    return PositionTiming(
        batch=batch[length:],
        inputs=inputs,
        outputs=outputs,
        instructions=counts.instructions // 2,
    )


def position(
    window: Buffer, vector: Buffer, packing: Packing, *, row: int = 0, column: int = 0
) -> Program:
    """Queue, process, dequeue; by the tile's counters from 0 on, which each position resets."""
    if packing == "word":
        yield from queue_word_pairs(window, index=row or None)
    else:
        yield from queue_vector(window, packing=packing, index=row or None)
    yield from process()
    yield from dequeue_vector(vector, packing=packing, index=column or None)


def queue_word_pairs(window: Buffer, *, index: int | None) -> Program:
    """Queue a window as 32-bit words, two per iteration."""
    batch = queue_batch(window.data, index=index)
    pairs, single = divmod(len(batch), 2)
    phases = [phase("cm_queue_word_pair", pairs, {"codes": over(window, 2 * isa.GROUP_BYTES)})]
    if single:
        last = over(window, 0, offset=2 * pairs * isa.GROUP_BYTES)
        phases.append(phase("cm_queue_word", 1, {"codes": last}))
    result: CmResult = yield RunCmLoop(phases=phases, batch=batch, wait=False)
    check_status("CM_QUEUE", window.name, result)


def twice(one: Callable[[], Program]) -> Program:
    """Two positions without anything between them."""
    yield from one()
    yield from one()


def multiply_row(timing: PositionTiming, windows: NDArray[np.int8], *, tile: int = 0) -> Program:
    """Queue every window of a row, process it and dequeue its outputs.

    Parameters
    ----------
    timing : of one position.
    windows : int8 [positions, inputs]
    tile : which of the core's tiles.

    Returns
    -------
    int8 [positions, outputs], the tile's codes.

    Raises
    ------
    CmStatusError
        The tile refused an instruction.
    """
    count = len(windows)
    groups = -(-timing.inputs // isa.GROUP_BYTES)
    batch = np.tile(timing.batch, count)
    # What separates two positions, the end of one and the beginning of the next, comes first here.
    batch["gap_fs"][0] = batch["response_gap_fs"][0]
    padded = np.zeros((count, groups * isa.GROUP_BYTES), np.int8)
    padded[:, : timing.inputs] = windows
    batch.reshape(count, -1)["rm"][:, :groups] = padded.view("<u4")
    yield Compute(cycles=0, instructions=count * (timing.instructions - len(timing.batch)))
    result: CmResult = yield RunCm(batch=batch, tile=tile)
    check_status("CM instruction", "a row of positions", result)
    words = result.rd.reshape(count, -1)[:, groups + 1 :].astype("<u4")
    return words.view(np.int8)[:, : timing.outputs].copy()


class Recorder:
    """A port with one empty tile that remembers what went through it."""

    def __init__(self, tile: TileConfig, tile_period_fs: int):
        self.port = TimedTilePort(
            [TimedTile(config=tile, tile_period_fs=tile_period_fs)], tile_period_fs=tile_period_fs
        )
        self.parts: list[tuple[CmBatch, CmResult]] = []

    @property
    def tile_period_fs(self) -> int:
        """Period of the tile clock."""
        return self.port.tile_period_fs

    def execute(
        self, batch: CmBatch, *, start_fs: int, core_period_fs: int, tile: int = 0
    ) -> CmResult:
        """Run a batch and remember it; the contract is `TilePort.execute`."""
        result = self.port.execute(
            batch, start_fs=start_fs, core_period_fs=core_period_fs, tile=tile
        )
        self.parts.append((batch.copy(), result))
        return result

    def joined(self) -> CmBatch:
        """All instructions in one batch: what separated two batches becomes a gap."""
        joined = np.concatenate([batch for batch, _ in self.parts])
        place = 0
        for before, after in zip(self.parts, self.parts[1:], strict=False):
            place += len(before[0])
            joined[place]["gap_fs"], joined[place]["response_gap_fs"] = gaps_between(before, after)
        return joined


def gaps_between(
    before: tuple[CmBatch, CmResult], after: tuple[CmBatch, CmResult]
) -> Sequence[int]:
    """Gap and response gap of a batch's first instruction as if it followed the one before.

    Software waits for the response of a process or a dequeue, and goes on behind a queue.
    """
    batch, result = before
    issue = int(after[1].issue_fs[0])
    if isa.decode(int(batch["word"][-1])).operation is isa.CmOperation.QUEUE:
        return issue - int(result.issue_fs[-1]), NO_DEPENDENCY
    return 0, issue - int(result.response_fs[-1])
