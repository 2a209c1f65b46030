# SPDX-License-Identifier: Apache-2.0
"""Records and arrays of a cluster, on which compiled loops work; see `cluster_kernel`.

Cycles are those of the cluster's clock, numbered from time 0.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alpine_platform.compiled.kernel_state import Records, record
from alpine_platform.config.cluster import ClusterConfig

__all__ = ["ClusterState", "cluster_state"]

SCRATCH_PAD = record(
    "address",
    "size_bytes",
    "banks",
    "word_shift",
    "first",  # master that is served first in the next cycle
    "busy_cycles",  # cycles in which any request was granted
    "conflict_cycles",  # cycles in which any request was refused
)
"""The scratch-pad memory; see `scratch_pad_kernel`."""

MASTER = record(
    "wants",  # 1 in cycles in which it shows a request
    "address",
    "size_bytes",
    "write",
    "granted",  # 1 where the request of the last cycle was granted
    "accesses",
    "refused",  # cycles in which its request was refused
)
"""A master of the scratch-pad memory: the cores, then the DMA, then the accelerators' ports."""

DMA = record(
    "master",
    "width_bytes",
    "start_cycles",
    "memory_address",
    "memory_size_bytes",
    "memory_period_fs",
    "memory_width_bytes",
    "period_fs",
    "head",  # place of the transfer under way in the queue
    "waiting",  # transfers in the queue, the one under way included
    "started",  # cycles for which that one has been starting
    "row",  # where in it the next bytes are
    "column",
    "moving_bytes",  # bytes of the request that is shown
    "free_fs",  # time from which the memory takes the next bytes
    "transfers",
    "bytes",
    "busy_cycles",
    "refused",  # starts that were refused
)
"""The DMA; see `dma_kernel`."""

TRANSFER = record(
    "source",
    "destination",
    "row_bytes",
    "rows",
    "source_stride",
    "destination_stride",
    "from_pad",  # 1 where it reads the scratch-pad memory, 0 where it writes it
    "cycle",  # from which it may start
)
"""A transfer: rows of bytes, apart by strides."""


class ClusterState(NamedTuple):
    """All that a cluster remembers.

    Members
    -------
    pad, dma : one record each, `SCRATCH_PAD` and `DMA`.
    masters : records `MASTER`: one per core, that of the DMA, one per port of an accelerator.
    transfers : records `TRANSFER`, the queue of the DMA and behind it the one being described.
    pad_bytes, memory_bytes : uint8 arrays, contents of the scratch-pad memory and of the memory
        behind it.
    """

    pad: Records
    masters: Records
    dma: Records
    transfers: Records
    pad_bytes: npt.NDArray[np.uint8]
    memory_bytes: npt.NDArray[np.uint8]


def cluster_state(config: ClusterConfig) -> ClusterState:
    """Return a cluster at rest whose memories hold 0."""
    pad, dma, memory = config.scratch_pad, config.dma, config.memory
    state = ClusterState(
        pad=np.zeros(1, SCRATCH_PAD),
        masters=np.zeros(config.cores + 1 + config.accelerators, MASTER),
        dma=np.zeros(1, DMA),
        transfers=np.zeros(dma.queued + 1, TRANSFER),
        pad_bytes=np.zeros(pad.size_bytes, np.uint8),
        memory_bytes=np.zeros(memory.size_bytes, np.uint8),
    )
    state.pad["address"], state.pad["size_bytes"] = pad.address, pad.size_bytes
    state.pad["banks"], state.pad["word_shift"] = pad.banks, pad.word_bytes.bit_length() - 1
    state.dma["master"] = config.cores
    state.dma["width_bytes"], state.dma["start_cycles"] = dma.width_bytes, dma.start_cycles
    state.dma["memory_address"] = memory.address
    state.dma["memory_size_bytes"] = memory.size_bytes
    state.dma["memory_period_fs"] = memory.period_fs
    state.dma["memory_width_bytes"] = memory.width_bytes
    state.dma["period_fs"] = config.core.period_fs
    return state
