# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Numba carries no types; the borders of this package are annotated.
"""Cycle arithmetic of the timed tile: each command's edges from those of the commands before it.

A batch flows through three layers, each of which knows the others by edges alone: the way in from
the port, the tile, and the way out. What a layer has room for depends on earlier commands only, so
one pass in program order is exact.
"""

from typing import Any, NamedTuple

import numpy as np

from alpine_models.compiling import cached_under
from alpine_models.isa import OPCODES, XZR, CmOperation
from alpine_models.reference_tile import execute_command
from alpine_models.tile import CROSSING_DEPTH, CVXIF_DEPTH
from alpine_platform.compiled.compiling import compiled, fingerprint

__all__ = [
    "BARE",
    "COUNTERS",
    "CROSSING",
    "CVXIF",
    "Clocks",
    "Edges",
    "Responses",
    "TileState",
    "cell_complete",
    "is_process",
    "run_batch",
]

_entry = cached_under(f"{fingerprint('accelerators/timed_tile_kernel.py'):x}", error_model="numpy")

_QUEUE, _DEQUEUE, _PROCESS, _INITIALIZE, _PARAM_READ = (
    int(OPCODES[operation][0]) << 1 | OPCODES[operation][1]
    for operation in (
        CmOperation.QUEUE,
        CmOperation.DEQUEUE,
        CmOperation.PROCESS,
        CmOperation.INITIALIZE,
        CmOperation.PARAM_READ,
    )
)

BARE, CROSSING, CVXIF = range(3)
"""What stands between the port and the tile."""

COUNTERS = ("busy_cycles", "mvms", "bytes_in", "bytes_out", "stall_cycles")
"""The tile's performance counters, in the order of `run_batch`'s array."""
_BUSY, _MVMS, _IN, _OUT, _STALL = range(len(COUNTERS))

TRANSFER_CYCLES = 1
"""From the edge that accepts a queue, a dequeue or a rejected command to its response."""
CELL_CYCLES = 2
"""The same for programming or reading one cell, with a macro that is never busy."""
PROCESS_CYCLES = 1
"""The same for a CM_PROCESS, beyond its phases."""
LOAD_CYCLES = 1
"""Loading the DAC registers of a tile with two buffers, before the phases of a CM_PROCESS."""
SYNCHRONISER_CYCLES = 2
"""From the first edge that sees a queue's pointer move, in the other clock, to the first at which
that side can act on it: the two stages of its synchroniser."""


def is_process(word: int) -> bool:
    """Whether an instruction word is a CM_PROCESS."""
    return (word >> 21 & 0x7FF) << 1 | (word >> 15 & 1) == _PROCESS


@compiled
def _edge_at(time, period):
    """Return the first edge at or after a time."""
    return -(-time // period)


@compiled
def cell_complete(issue_fs, tile_period, last_complete):
    """Return the edge at which a bare tile completes a cell, the only instruction of its batch."""
    return max(_edge_at(issue_fs, tile_period), last_complete + 1) + CELL_CYCLES


@compiled
def _across(edge, period, other_period):
    """Return the first edge of the other clock at which an edge's effect on a queue can be used."""
    return edge * period // other_period + 1 + SYNCHRONISER_CYCLES


@compiled
def _issue(batch, i, start_fs, core_period, port_period, last_complete, issue, accept, complete):
    """Return when the core puts a command on the port, and the edge that sees it."""
    time = start_fs + batch[i]["gap_fs"]
    earliest = last_complete + 1
    if i:
        earliest = accept[i - 1] + 1
        time = issue[i - 1] + batch[i]["gap_fs"]
        if batch[i]["response_gap_fs"] >= 0:
            earliest = complete[i - 1] + 1
            response = _edge_at(complete[i - 1] * port_period, core_period) * core_period
            time = max(time, response + batch[i]["response_gap_fs"])
        time = max(time, _edge_at(accept[i - 1] * port_period, core_period) * core_period)
    return time, max(_edge_at(time, port_period), earliest)


@compiled
def _enter(coupling, i, seen, port_period, tile_period, commit_cycles, accept, taken, answered):
    """Return the edge at which the port accepts a command, and the one that offers it the tile.

    For the bare tile these are the same, and acceptance is the tile's to say.
    """
    following = taken[i - 1] + 1 if i else 0
    if coupling == CROSSING:
        entered = seen
        if i >= CROSSING_DEPTH:
            entered = max(entered, _across(taken[i - CROSSING_DEPTH], tile_period, port_period))
        return entered, max(_across(entered, port_period, tile_period), following)
    if coupling == CVXIF:
        entered, room = seen, 0
        if i >= CVXIF_DEPTH:
            entered = max(entered, taken[i - CVXIF_DEPTH] + 1)
            room = answered[i - CVXIF_DEPTH] + 1
        return entered, max(entered + commit_cycles + 1, following, room)
    return seen, max(seen, following)


@compiled
def _take_single(i, offered, sink, code, selector, mvm_cycles, taken, gone, left, answered):
    """One buffer: a command stays in the command register until its answer leaves it."""
    latency = TRANSFER_CYCLES
    if code == 0:
        if selector == _PROCESS:
            latency = mvm_cycles + PROCESS_CYCLES
        elif selector in (_INITIALIZE, _PARAM_READ):
            latency = CELL_CYCLES
    taken[i] = max(offered, gone[i - 1] if i else 0)
    left[i] = max(taken[i] + latency, answered[i - 1] + 1 if i else 0)
    gone[i] = left[i]
    answered[i] = max(left[i], sink)


@compiled
def _take_double(
    i, offered, sink, code, selector, mvm_cycles, room, process, taken, gone, left, answered
):  # fmt: skip
    """Two buffers: CM_PROCESS and the queues behind it leave the register and are answered later.

    ``process`` is the number of the last CM_PROCESS; its answer and those to the queues behind it
    wait together, as many as ``room``.
    """
    taken[i] = max(offered, gone[i - 1] if i else 0)
    before = left[i - 1] if i else 0
    begin = max(taken[i], before)
    gone[i] = -1
    if code == 0 and selector == _QUEUE and before > taken[i]:
        gone[i] = taken[i] + 1
        if i - process >= room:
            gone[i] = max(gone[i], left[i - room] + 1)
        done = gone[i] + 1
    elif code == 0 and selector == _PROCESS:
        gone[i] = begin + LOAD_CYCLES
        done = gone[i] + mvm_cycles + PROCESS_CYCLES
    elif code == 0 and selector in (_INITIALIZE, _PARAM_READ):
        done = begin + CELL_CYCLES
    else:
        done = begin + TRANSFER_CYCLES
    left[i] = max(done, answered[i - 1] + 1 if i else 0)
    if gone[i] < 0:
        gone[i] = left[i]
    answered[i] = max(left[i], sink)


@compiled
def _count(counts, record, code, selector, before, counters):
    """Add what a command did to the performance counters that time does not enter."""
    if code:
        return
    if selector == _PROCESS:
        counts[_MVMS] += 1
    elif selector in (_QUEUE, _DEQUEUE):
        side = 0 if selector == _QUEUE else 1
        word = record["word"]
        moved = counters[side] - before[side]
        if word >> 5 & 31 != XZR:
            asked = record["ra"] if side == 0 else record["rm"]
            moved = 4 if side == 0 and word >> 10 & 31 == XZR else np.int64(asked)
        counts[_IN + side] += moved


class Clocks(NamedTuple):
    """What the times of a batch follow from.

    Members
    -------
    start_fs, core_period_fs : as `TilePort.execute`.
    tile_period_fs, port_period_fs : of the clocks of the tile and of the port that the core sees.
    coupling, commit_cycles : what stands between them.
    mvm_cycles, room : length of a multiplication; answers that can wait, 0 with one buffer.
    last_complete : port edge of the last completion.
    """

    start_fs: int
    core_period_fs: int
    tile_period_fs: int
    port_period_fs: int
    coupling: int
    commit_cycles: int
    mvm_cycles: int
    room: int
    last_complete: int


class TileState(NamedTuple):
    """The architectural state, see `execute_command`, and the performance counters."""

    inputs: Any
    outputs: Any
    counters: Any
    cells: Any
    lsb: Any
    read_back: Any
    counts: Any


class Edges(NamedTuple):
    """Edges of the tile's clock, one per instruction.

    Members
    -------
    taken, gone, left, answered : int64 arrays: it takes a command, has its register free for the
        next one, gives its answer to the response buffer, and its response is taken.
    """

    taken: Any
    gone: Any
    left: Any
    answered: Any


class Responses(NamedTuple):
    """Arrays of a `CmResult`."""

    rd: Any
    status: Any
    issue_fs: Any
    accept_cycle: Any
    complete_cycle: Any
    response_fs: Any


@_entry
def run_batch(batch, first, progress, clocks, tile, converted, pause, edges, responses):
    """Run a batch by the rules of `tile_port` from an instruction on; return where it stopped.

    With ``pause`` that is the next CM_PROCESS after the first instruction, whose ``converted``
    codes are wanted; otherwise the batch's end.

    Parameters
    ----------
    batch : as `TilePort.execute`.
    first : number of the instruction to begin with.
    progress : int64 array [3], kept between calls on one batch: number of the last CM_PROCESS,
        edge of the completion before (`last_complete` at first), and busy cycles of the port.
    clocks, tile, converted : see there, and `execute_command`.
    edges, responses : filled.
    """
    core_period, tile_period = clocks.core_period_fs, clocks.tile_period_fs
    port_period, coupling = clocks.port_period_fs, clocks.coupling
    taken, gone, left, answered = edges
    rd, status, issue, accept, complete, response = responses
    process, previous = progress[0], progress[1]
    before = np.zeros(2, np.int64)
    stop = len(batch)
    for i in range(first, len(batch)):
        word = np.int64(batch[i]["word"])
        if pause and i > first and ((word >> 21 & 0x7FF) << 1 | (word >> 15 & 1)) == _PROCESS:
            stop = i
            break
        issue[i], seen = _issue(
            batch, i, clocks.start_fs, core_period, port_period, clocks.last_complete,
            issue, accept, complete,
        )  # fmt: skip
        accept[i], offered = _enter(
            coupling, i, seen, port_period, tile_period, clocks.commit_cycles,
            accept, taken, answered,
        )  # fmt: skip
        sink = 0
        if coupling == CROSSING and i >= CROSSING_DEPTH:
            sink = _across(complete[i - CROSSING_DEPTH], port_period, tile_period)
        before[:] = tile.counters
        rd[i], code, selector = execute_command(
            word, batch[i]["rn"], batch[i]["rm"], batch[i]["ra"],
            tile.inputs, tile.outputs, tile.counters, tile.cells, tile.lsb, tile.read_back,
            converted,
        )  # fmt: skip
        status[i] = code
        if selector == _PROCESS:
            before[:] = 0
        _count(tile.counts, batch[i], code, selector, before, tile.counters)
        if clocks.room == 0:
            _take_single(
                i, offered, sink, code, selector, clocks.mvm_cycles, taken, gone, left, answered
            )
        else:
            _take_double(
                i, offered, sink, code, selector, clocks.mvm_cycles, clocks.room, process,
                taken, gone, left, answered,
            )  # fmt: skip
            if selector == _PROCESS and code == 0:
                process = i
        tile.counts[_STALL] += taken[i] - offered
        tile.counts[_BUSY] += answered[i] - max(taken[i], answered[i - 1] if i else -1)
        if coupling == CROSSING:
            complete[i] = _across(answered[i], tile_period, port_period)
            if i:
                complete[i] = max(complete[i], complete[i - 1] + 1)
        else:
            complete[i] = answered[i]
            if coupling == BARE:
                accept[i] = taken[i]
        response[i] = _edge_at(complete[i] * port_period, core_period) * core_period
        progress[2] += complete[i] - max(seen, previous + 1) + 1
        previous = complete[i]
    progress[0], progress[1] = process, previous
    return stop
