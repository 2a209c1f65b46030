# SPDX-License-Identifier: Apache-2.0
"""A cluster among the events of a system: cores' accesses, its DMA, and what they counted."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from alpine_models.errors import AlpineError
from alpine_platform.config import ClusterConfig
from alpine_platform.memory.address_space import AddressSpace
from alpine_platform.memory.memory_region import MemoryRegion
from alpine_platform.time import ceil_to_edge, cycles_until

from . import cluster_kernel as kernel
from .cluster_dma import ClusterDma
from .cluster_state import cluster_state

__all__ = ["Cluster"]

FOREVER = 1 << 62
AFTER_EDGE_FS = 1
"""When a cycle is decided: everyone who takes part has shown its request by then."""

Steps = Generator[simpy.Event, Any, None]
Counters = dict[str, dict[str, int]]


@dataclass(slots=True)
class MemoryCounts:
    """Loads and stores by which cores went past the scratch-pad memory."""

    reads: int = 0
    writes: int = 0


class Cluster:
    """The memories and the DMA of a cluster, and its cores' way to them.

    Requests of a clock edge are decided together, by `cluster_kernel`. Where the DMA alone is at
    work, compiled code runs ahead to the next event of anything else.

    Parameters
    ----------
    env : the discrete-event kernel.
    config : the cluster.
    check_reads : complain about reading memory that nobody wrote.

    Members
    -------
    state : what compiled loops work on.
    memory : the buffers of its cores' programs.
    scratch_pad, backing : the two memories, in which buffers are placed.
    dma : its registers and its event.
    """

    def __init__(
        self, env: simpy.Environment, config: ClusterConfig, *, check_reads: bool = False
    ) -> None:
        self.env, self.config = env, config
        self.state = cluster_state(config)
        self.memory = AddressSpace(check_reads=check_reads)
        self.scratch_pad = MemoryRegion(
            "scratch-pad memory", config.scratch_pad.address, self.state.pad_bytes, self.memory
        )
        self.backing = MemoryRegion(
            "memory behind the scratch-pad memory",
            config.memory.address,
            self.state.memory_bytes,
            self.memory,
        )
        self.dma = ClusterDma(self)
        self._memory_counts = MemoryCounts()
        self._granted: dict[int, simpy.Event] = {}
        self._cycle = 0
        self._wake = env.event()
        env.process(self._serve())

    @property
    def period_fs(self) -> int:
        """Period of the cluster's clock."""
        return self.config.core.period_fs

    def access(self, core: int, address: int, size_bytes: int, *, write: bool) -> Steps:
        """Go through an access of a core, by its number in the cluster, from a clock edge on.

        It ends when the data are there, or are written: a cycle after its grant.

        Raises
        ------
        AlpineError
            There is no memory.
        """
        if self.backing.holds(address, size_bytes):
            counts, memory = self._memory_counts, self.config.memory
            counts.reads, counts.writes = counts.reads + (not write), counts.writes + write
            begun = ceil_to_edge(int(self.env.now), memory.period_fs)
            yield from self._until(begun + memory.latency_cycles * memory.period_fs)
            return
        if not self.scratch_pad.holds(address, size_bytes):
            raise AlpineError(
                f"core {core} of cluster {self.config.name} accesses {size_bytes} bytes at"
                f" {address:#x}, where no memory is"
            )
        master = self.state.masters[core]
        master["address"], master["size_bytes"] = address, size_bytes
        master["write"], master["wants"] = write, 1
        granted = self._granted[core] = self.env.event()
        self.wake()
        yield granted
        yield from self._until(int(self.env.now) + 1)

    def wake(self) -> None:
        """Go on after rest: there is something to do."""
        if not self._wake.triggered:
            self._wake.succeed()

    def counters(self) -> Counters:
        """Return everything that was counted so far, by part."""
        pad, dma, masters = self.state.pad[0], self.state.dma[0], self.state.masters
        counts = self._memory_counts
        return {
            "scratch_pad": {
                "accesses": int(masters["accesses"].sum()),
                "refused": int(masters["refused"].sum()),
                "conflict_cycles": int(pad["conflict_cycles"]),
            },
            "dma": self.dma.counters,
            "memory": {
                "reads": counts.reads,
                "writes": counts.writes,
                "dma_bytes": int(dma["bytes"]),
            },
        }

    def _until(self, time_fs: int) -> Steps:
        """Let time pass to the cluster's first edge at or after a time."""
        delay = ceil_to_edge(time_fs, self.period_fs) - int(self.env.now)
        if delay > 0:
            yield self.env.timeout(delay)

    def _serve(self) -> Steps:
        while True:
            if not self._granted and not self.state.dma[0]["waiting"]:
                self._wake = self.env.event()
                yield self._wake
            self._cycle = max(self._cycle, cycles_until(int(self.env.now), self.period_fs))
            if self._granted:
                yield from self._decide()
            else:
                yield from self._run_ahead()

    def _decide(self) -> Steps:
        """Go through the cycle whose requests are being shown."""
        edge_fs = self._cycle * self.period_fs
        yield self.env.timeout(edge_fs + AFTER_EDGE_FS - int(self.env.now))
        masters = self.state.masters
        finished = self._go(self._cycle + 1)
        for core in [core for core in self._granted if masters[core]["granted"]]:
            self._granted.pop(core).succeed()
        for core in self._granted:
            masters[core]["wants"] = 1
        if finished:
            yield from self._until(int(self.env.now))
            self.dma.finish()

    def _run_ahead(self) -> Steps:
        """Let the DMA work up to the next event of anything else."""
        # What happens now may still show requests, or start it.
        yield self.env.timeout(0)
        if self._granted:
            return
        following = self.env.peek()
        limit = FOREVER
        if following != float("inf"):
            limit = cycles_until(int(following), self.period_fs)
        if limit <= self._cycle:
            yield from self._decide()
            return
        finished = self._go(limit)
        yield self.env.timeout(self._cycle * self.period_fs - int(self.env.now))
        if finished:
            self.dma.finish()

    def _go(self, limit: int) -> bool:
        """Go through cycles up to a limit; return whether a transfer has ended."""
        before = int(self.state.dma[0]["transfers"])
        self._cycle = kernel.run_clock(self.state, self._cycle, limit)
        return int(self.state.dma[0]["transfers"]) > before
