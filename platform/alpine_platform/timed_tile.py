# pyright: basic, reportUntypedFunctionDecorator=false
# Numba carries no types; everything that crosses this module's border is annotated.
"""The timed Python tile: the hardware's accept and completion times without the hardware."""

import numba
import numpy as np
import numpy.typing as npt

from alpine_models.crossbar import IdealCrossbar
from alpine_models.isa import OPCODES, CmOperation
from alpine_models.reference_tile import ReferenceTile, execute_command
from alpine_models.tile import TileConfig, pending_answers

from .tile_port import CmBatch, CmResult, TileGroup

__all__ = ["TimedTile", "TimedTilePort"]

_QUEUE, _PROCESS, _INITIALIZE, _PARAM_READ = (
    int(OPCODES[operation][0]) << 1 | OPCODES[operation][1]
    for operation in (
        CmOperation.QUEUE,
        CmOperation.PROCESS,
        CmOperation.INITIALIZE,
        CmOperation.PARAM_READ,
    )
)

TRANSFER_CYCLES = 1
"""From the edge that accepts a queue, a dequeue or a rejected command to its response."""
CELL_CYCLES = 2
"""The same for programming or reading one cell, with a macro that is never busy."""
PROCESS_CYCLES = 1
"""The same for a CM_PROCESS, beyond its phases."""
LOAD_CYCLES = 1
"""Loading the DAC registers of a tile with two buffers, before the phases of a CM_PROCESS."""


@numba.njit(cache=True)
def _answer_single(accepted, code, selector, mvm_cycles):
    """Return the edges at which a command with one buffer is answered and makes room."""
    latency = TRANSFER_CYCLES
    if code == 0:
        if selector == _PROCESS:
            latency = mvm_cycles + PROCESS_CYCLES
        elif selector in (_INITIALIZE, _PARAM_READ):
            latency = CELL_CYCLES
    return accepted + latency, accepted + latency


@numba.njit(cache=True)
def _answer_double(accepted, code, selector, mvm_cycles, previous, owed_from, room):
    """Return the edges at which a command with two buffers is answered and makes room.

    ``previous`` is the edge of the answer before. ``owed_from`` is the edge at which the answer to
    the last CM_PROCESS leaves; it and those to the queues behind it go one per cycle, and as many
    as ``room`` can wait.
    """
    begin = max(accepted, previous)
    if code == 0:
        if selector == _QUEUE and previous > accepted:
            # Its answer joins the waiting ones, which leave one per cycle without a gap, once
            # there is room.
            place = previous + 1 - owed_from
            joins = accepted + 1 if place < room else max(accepted + 1, previous + 2 - room)
            return previous + 1, joins
        if selector == _PROCESS:
            return begin + LOAD_CYCLES + mvm_cycles + PROCESS_CYCLES, begin + LOAD_CYCLES
        if selector in (_INITIALIZE, _PARAM_READ):
            return begin + CELL_CYCLES, begin + CELL_CYCLES
    return begin + TRANSFER_CYCLES, begin + TRANSFER_CYCLES


@numba.njit(cache=True)
def _execute(
    batch, start_fs, core_period, tile_period, mvm_cycles, room, last_complete, inputs, outputs,
    counters, cells, lsb, rd, status, issue, accept, complete, response,
):  # fmt: skip
    """Run a batch by the rules of `tile_port`; return the busy cycles."""
    busy = 0
    previous_complete = last_complete
    ready_edge = last_complete + 1
    owed_from = 0
    for i in range(len(batch)):
        time = start_fs + batch[i]["gap_fs"]
        earliest = previous_complete + 1
        if i:
            earliest = accept[i - 1] + 1
            time = issue[i - 1] + batch[i]["gap_fs"]
            if batch[i]["response_gap_fs"] >= 0:
                earliest = complete[i - 1] + 1
                time = max(time, response[i - 1] + batch[i]["response_gap_fs"])
            accepted_fs = accept[i - 1] * tile_period
            time = max(time, -(-accepted_fs // core_period) * core_period)
        issue[i] = time
        seen = max(-(-time // tile_period), earliest)
        accept[i] = max(seen, ready_edge)
        rd[i], code, selector = execute_command(
            np.int64(batch[i]["word"]), batch[i]["rn"], batch[i]["rm"], batch[i]["ra"],
            inputs, outputs, counters, cells, lsb,
        )  # fmt: skip
        status[i] = code
        if room == 0:
            complete[i], ready_edge = _answer_single(accept[i], code, selector, mvm_cycles)
        else:
            complete[i], ready_edge = _answer_double(
                accept[i], code, selector, mvm_cycles, previous_complete, owed_from, room
            )
            if selector == _PROCESS and code == 0:
                owed_from = complete[i]
        response[i] = -(-complete[i] * tile_period // core_period) * core_period
        busy += complete[i] - max(seen, previous_complete + 1) + 1
        previous_complete = complete[i]
    return busy


class TimedTile:
    """A tile that agrees with the RTL on data, statuses and every accept and completion edge.

    Parameters
    ----------
    config : geometry and phases.
    tile_period_fs : period of the tile clock.

    Members
    -------
    state : ReferenceTile, the architectural state.
    busy_cycles : int, tile cycles with a request pending or a response outstanding.
    """

    def __init__(self, *, config: TileConfig, tile_period_fs: int):
        self.config = config
        self.state = ReferenceTile(rows=config.rows, columns=config.columns)
        self.busy_cycles = 0
        self._tile_period_fs = tile_period_fs
        self._last_complete = -1

    @property
    def crossbar(self) -> IdealCrossbar:
        """The analog part."""
        return self.state.crossbar

    def execute(self, batch: CmBatch, *, start_fs: int, core_period_fs: int) -> CmResult:
        """Run a batch; the contract is `TilePort.execute`."""
        length = len(batch)

        def times() -> npt.NDArray[np.int64]:
            return np.zeros(length, np.int64)

        result = CmResult(
            rd=np.zeros(length, np.uint64),
            status=np.zeros(length, np.uint8),
            issue_fs=times(),
            accept_cycle=times(),
            complete_cycle=times(),
            response_fs=times(),
        )
        self.busy_cycles += _execute(
            batch,
            start_fs,
            core_period_fs,
            self._tile_period_fs,
            self.config.mvm_cycles,
            pending_answers(self.config),
            self._last_complete,
            self.state.input_memory,
            self.state.output_memory,
            self.state.counters,
            self.state.crossbar.weights,
            self.state.crossbar.lsb,
            result.rd,
            result.status,
            result.issue_fs,
            result.accept_cycle,
            result.complete_cycle,
            result.response_fs,
        )
        if length:
            self._last_complete = int(result.complete_cycle[-1])
        return result


class TimedTilePort(TileGroup[TimedTile]):
    """A core's timed tiles behind `TilePort`."""
