# SPDX-License-Identifier: Apache-2.0
"""The DMA of a cluster as its cores reach it: registers, and an event when a transfer is done."""

from collections.abc import Sequence
from typing import Protocol

import simpy

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.errors import AlpineError
from alpine_models.tile import TileConfig
from alpine_platform.accelerators.macro import Macro
from alpine_platform.accelerators.peripheral_port import (
    IoBatch,
    IoResult,
    IoTimes,
    check_accesses,
    issue_fs,
)
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.time import ceil_to_edge, cycles_until

from . import cluster_kernel as kernel
from .cluster_state import ClusterState

__all__ = ["ClusterDma"]

SIZE_BYTES = DMA_REGISTERS.registers[-1].offset + 4


class Owner(Protocol):
    """What the DMA needs of its cluster."""

    env: simpy.Environment
    state: ClusterState
    memory: AddressSpace

    @property
    def period_fs(self) -> int:
        """Period of the cluster's clock."""
        ...

    def wake(self) -> None:
        """Go on after rest: there is something to do."""
        ...


class ClusterDma:
    """Satisfies `PeripheralPort` and `ScheduledEvents`; registers answer in the next cycle.

    Parameters
    ----------
    cluster : that it belongs to.

    Members
    -------
    macros, configs, products : none.
    """

    def __init__(self, cluster: Owner) -> None:
        self._cluster = cluster
        self._finished = 0
        self._waiting: simpy.Event | None = None
        self._last_edge, self._free_fs = -1, 0
        self.macros: Sequence[Macro] = ()
        self.configs: Sequence[TileConfig] = ()
        self.products: Sequence[int] = ()

    @property
    def size_bytes(self) -> int:
        """Addresses of its registers."""
        return SIZE_BYTES

    @property
    def busy_cycles(self) -> int:
        """Cycles with a transfer under way, so far."""
        return int(self._cluster.state.dma[0]["busy_cycles"])

    @property
    def counters(self) -> dict[str, int]:
        """What its registers count."""
        dma, masters = self._cluster.state.dma[0], self._cluster.state.masters
        return {
            "transfers": int(dma["transfers"]),
            "bytes": int(dma["bytes"]),
            "busy_cycles": self.busy_cycles,
            "stalled_cycles": int(masters["refused"][dma["master"]]),
        }

    def restart_time(self) -> None:
        """Not possible: its time is that of the cluster."""
        raise AlpineError("the time of a cluster's DMA goes on with that of the system")

    def execute(
        self, batch: IoBatch, *, start_fs: int, core_period_fs: int, times: IoTimes
    ) -> IoResult:
        """Make accesses; the contract is `PeripheralPort.execute`.

        Raises
        ------
        AlpineError
            A transfer that is started cannot be made.
        """
        check_accesses(batch, size_bytes=SIZE_BYTES)
        result, period = IoResult.empty(len(batch)), self._cluster.period_fs
        for i, access in enumerate(batch):
            time_fs = issue_fs(batch, result, i, start_fs=start_fs, free_fs=self._free_fs)
            edge = max(cycles_until(time_fs + times.request_fs, period), self._last_edge + 1)
            result.data[i] = self._access(access, edge)
            self._last_edge = edge + 1
            result.issue_fs[i] = time_fs
            result.accept_cycle[i], result.complete_cycle[i] = edge, edge + 1
            end_fs = (edge + 1) * period + times.response_fs
            self._free_fs = result.response_fs[i] = ceil_to_edge(end_fs, core_period_fs)
        self._cluster.wake()
        return result

    def finish(self) -> None:
        """Tell of the end of a transfer."""
        if self._waiting is None:
            self._finished += 1
        else:
            waiting, self._waiting = self._waiting, None
            waiting.succeed()

    def scheduled_event(self) -> simpy.Event:
        """Return what happens when the next transfer that nobody has waited for is finished.

        Raises
        ------
        AlpineError
            The DMA is at rest, so that none will be.
        """
        event = self._cluster.env.event()
        if self._finished:
            self._finished -= 1
            return event.succeed()
        if not self._cluster.state.dma[0]["waiting"]:
            raise AlpineError("a core waits for a DMA that is at rest: start a transfer first")
        self._waiting = event
        return event

    def _access(self, access: IoBatch, edge: int) -> int:
        state, write = self._cluster.state, bool(access["write"])
        refused, waiting = int(state.dma[0]["refused"]), int(state.dma[0]["waiting"])
        data = kernel.access_dma(
            state, int(access["address"]), write, int(access["data"]) if write else 0, edge
        )
        if int(state.dma[0]["refused"]) > refused:
            raise AlpineError(self._refusal())
        if self._cluster.memory.check_reads and int(state.dma[0]["waiting"]) > waiting:
            self._note_rows()
        return data

    def _note_rows(self) -> None:
        """Record what the transfer that was described last reads and writes."""
        transfer = self._cluster.state.transfers[-1]
        for row in range(int(transfer["rows"])):
            place = {
                side: int(transfer[side]) + row * int(transfer[f"{side}_stride"])
                for side in ("source", "destination")
            }
            self._cluster.memory.note_read(place["source"], int(transfer["row_bytes"]))
            self._cluster.memory.note_write(place["destination"], int(transfer["row_bytes"]))

    def _refusal(self) -> str:
        """Say why the transfer that was described last cannot be made."""
        transfer = self._cluster.state.transfers[-1]
        if int(self._cluster.state.dma[0]["waiting"]) == len(self._cluster.state.transfers) - 1:
            return "the DMA's queue is full: wait for a transfer before the next one"
        rows = f"{int(transfer['rows'])} rows of {int(transfer['row_bytes'])} bytes"
        sides = f"from {int(transfer['source']):#x} to {int(transfer['destination']):#x}"
        return (
            f"the DMA cannot move {rows} {sides}: one side lies whole in the scratch-pad memory,"
            " the other in the one behind it"
        )
