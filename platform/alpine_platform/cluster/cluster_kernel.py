# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; `cluster.Cluster` is typed.
"""Compiled clock of a cluster: one cycle of its DMA, banks and event unit.

What executes on cores, and accelerators, are masters that take part in every cycle, in this order:

1. Each shows its request, or none, in its record `cluster_state.MASTER`.
2. `clock` is called once. It shows the DMA's request, decides which are granted
   (`scratch_pad_kernel`) and moves the DMA's bytes.
3. Each finds in its record whether it was granted. It then moves its own bytes: ``pad_bytes`` is
   the memory's contents. A master that was refused shows the same request again.

In cycles in which one master alone shows a request, and the DMA is at rest, that request is granted
without asking; only the counts then miss it.

Compiled loops call `clock`, `dma_read` and `dma_write` (`dma_kernel`), which are inlined into them.
One compiled language for all of it is the simplest: what is written in C++, as instruction-set
simulators and transactors of verilated hardware, shows requests in the same records and calls the
same functions through the pointers of a `native_cluster.NativeCluster`; so the rules stand in one
place.
"""

from collections.abc import Callable

from alpine_platform.compiled.compiling import compiled, entry, fingerprint

from .dma_kernel import dma_move, dma_read, dma_show, dma_write
from .scratch_pad_kernel import arbitrate


@compiled
def clock(c, cycle):
    """Go through one cycle; return whether a transfer of the DMA has ended in it."""
    dma_show(c, cycle)
    arbitrate(c.pad[0], c.masters)
    return dma_move(c, cycle)


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

    return run_clock, access_dma


FINGERPRINT = fingerprint(
    "cluster/cluster_kernel.py",
    "cluster/cluster_state.py",
    "cluster/dma_kernel.py",
    "cluster/scratch_pad_kernel.py",
    "compiled/kernel_state.py",
)
"""Changes with the source of what is compiled here: loops that inline it count it as theirs."""
run_clock: Callable[..., int]
access_dma: Callable[..., int]
run_clock, access_dma = entry_points(FINGERPRINT)
