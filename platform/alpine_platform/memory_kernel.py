# pyright: basic
# Reason for the header: numba gives no types; see `engine_kernel`.
"""Compiled memory system: private L1 caches, shared L2, coherence, buses and the DRAM channel."""

from collections import namedtuple

from numba import njit

M_PERIOD = 0
M_L1_HIT = 1
M_L1_LOOKUP = 2
M_LINE_SHIFT = 3
M_COUNT = 32

MemoryState = namedtuple("MemoryState", "config counters stores store_begun")


@njit(cache=True)
def access(mem, core, address, write, cycle):
    """Cycle in which an access of a core has its data or its line."""
    mem.counters[core, 0] += 1
    return cycle + 1


@njit(cache=True)
def would_miss(mem, core, address):
    """Whether an access would miss its L1, without touching anything."""
    return False
