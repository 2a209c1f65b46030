# SPDX-License-Identifier: Apache-2.0
"""The memory system of all cores behind typed methods, and what it costs one core to reach it."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from alpine_platform.config import SystemConfig

from . import look_up_kernel as kernel
from .memory_state import L1Stats, MemoryStats, l1_stats, memory_state, memory_stats

__all__ = ["MemoryPort", "MemorySystem"]

Ints = npt.NDArray[np.int64]


class MemoryPort(Protocol):
    """What it costs one core to reach memory.

    Accesses of all cores are made in order of time: a core model asks for one when simulated time
    has come to it.
    """

    def access(self, address: int, *, write: bool, cycle: int) -> int:
        """Return the cycle in which an access that starts at a cycle has its data or its line.

        Both are cycles of the core's own clock.
        """
        ...


class MemorySystem:
    """L1 data caches, shared L2, buses and DRAM: the state in which compiled models leave them.

    Parameters
    ----------
    config : the system.
    """

    def __init__(self, config: SystemConfig) -> None:
        self.config = config
        self.state = memory_state(config)

    def look_up(self, core: int, addresses: Ints, *, write: bool, cycle: int) -> int:
        """Make a chain of accesses and return the cycle in which the last one has its line."""
        return int(kernel.look_up(self.state, core, addresses, write, cycle))

    def port(self, core: int) -> MemoryPort:
        """Return the way of a core to memory."""
        return CachedPort(self, core)

    def counters(self) -> Ints:
        """Copy of all counters, one row per core and one for what they share."""
        return np.array(self.state.counters, np.int64)

    def stats(self, since: Ints | None = None) -> MemoryStats:
        """Return what happened since some earlier counters, or since the beginning."""
        counters = self.counters()
        return memory_stats(self.config, counters if since is None else counters - since)

    def l1_stats(self, cores: range, since: Ints) -> L1Stats:
        """Return what the L1 caches of some cores did since some earlier counters."""
        return l1_stats((self.counters() - since)[cores.start : cores.stop])


class CachedPort:
    """`MemoryPort` of a core through its L1.

    Parameters
    ----------
    system : all cores' memory.
    core : which core.
    """

    def __init__(self, system: MemorySystem, core: int) -> None:
        self._system, self._core = system, core

    def access(self, address: int, *, write: bool, cycle: int) -> int:
        """Return the cycle in which an access that starts at a cycle has its data or its line."""
        addresses = np.array([address], np.int64)
        return self._system.look_up(self._core, addresses, write=write, cycle=cycle) - 1
