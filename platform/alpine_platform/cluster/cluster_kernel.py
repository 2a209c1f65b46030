# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; `cluster.Cluster` is typed.
"""Compiled clock of a cluster: one cycle of its DMA, banks and event unit.

What executes on cores, and accelerators, are masters that take part in every cycle, in this order:

1. Each shows its request, or none, in its record `cluster_state.MASTER`.
2. `clock` is called once. It shows the DMA's request, decides which are granted
   (`scratch_pad_kernel`), moves the DMA's bytes and raises its event.
3. Each finds in its record whether it was granted. It then moves its own bytes: ``pad_bytes`` is
   the memory's contents. A master that was refused shows the same request again.

Compiled loops call `clock`, `woken`, `event_unit_read` and `event_unit_write`
(`event_unit_kernel`), `dma_read` and `dma_write` (`dma_kernel`), which are inlined into them. One
compiled language for all of it is the simplest: what is written in C++, as a transactor of
verilated hardware, shows requests in the same records and calls the same `clock` through the
pointer of a `native_clock.NativeClock`; so the rules stand in one place.
"""

from collections.abc import Callable

import numpy as np

from alpine_platform.compiled.compiling import compiled, entry, fingerprint

from .dma_kernel import dma_move, dma_read, dma_show, dma_write
from .event_unit_kernel import DMA_EVENT, event_unit_read, event_unit_write, raise_event, woken
from .scratch_pad_kernel import arbitrate

ALL_CORES = np.int64(-1)


@compiled
def clock(c, cycle):
    """Go through one cycle; return whether a transfer of the DMA has ended in it."""
    dma_show(c, cycle)
    arbitrate(c.pad[0], c.masters)
    ended = dma_move(c, cycle)
    if ended:
        raise_event(c.events, ALL_CORES, DMA_EVENT)
    return ended


def entry_points(number: int):
    """Make what Python calls; ``number`` changes with the source of what is compiled into it."""

    @entry
    def run_clock(c, cycle, limit):
        """Go through cycles until a limit, the DMA's rest or the end of a transfer.

        Requests are shown by the DMA alone, but for the first cycle. Returns the cycle to go on
        from, which is that behind the one in which the transfer has ended.
        """
        while number != 0 and cycle < limit:
            ended = clock(c, cycle)
            cycle += 1
            for master in range(c.masters.shape[0]):
                c.masters[master].wants = 0
            if ended or c.dma[0].waiting == 0:
                break
        return cycle

    @entry
    def access_dma(c, offset, write, word, cycle):
        """Read or write a register of the DMA; return what was read."""
        if write and number != 0:
            dma_write(c, offset, word, cycle)
            return 0
        return dma_read(c, offset)

    @entry
    def access_event_unit(c, core, offset, write, word):
        """Read or write a register of the event unit for a core; return what was read."""
        if write and number != 0:
            event_unit_write(c, core, offset, word)
            return 0
        return event_unit_read(c, core, offset)

    @entry
    def wake(c, core):
        """Return the events with which a sleeping core wakes in this cycle, or 0."""
        return woken(c.events, core) if number != 0 else 0

    return run_clock, access_dma, access_event_unit, wake


FINGERPRINT = fingerprint(
    "cluster/cluster_kernel.py",
    "cluster/cluster_state.py",
    "cluster/dma_kernel.py",
    "cluster/event_unit_kernel.py",
    "cluster/scratch_pad_kernel.py",
    "compiled/kernel_state.py",
)
"""Changes with the source of what is compiled here: loops that inline it count it as theirs."""
run_clock: Callable[..., int]
access_dma: Callable[..., int]
access_event_unit: Callable[..., int]
wake: Callable[..., int]
run_clock, access_dma, access_event_unit, wake = entry_points(FINGERPRINT)
