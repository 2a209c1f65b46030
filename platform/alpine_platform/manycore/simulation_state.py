# SPDX-License-Identifier: Apache-2.0
"""Records and arrays on which the compiled simulator of a many-core works. Times are cycles."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from alpine_platform.compiled.kernel_state import record

__all__ = [
    "INBOX",
    "MACHINE",
    "MEMORY",
    "NOBODY",
    "OUTPUT",
    "QUEUE",
    "TRANSFER",
    "UNIT",
    "ManyCoreState",
]

Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int32]
Records = npt.NDArray[np.void]

NOBODY = -1
"""No record; as a leaf of the tree, the HBM."""

UNIT = record(
    "cluster",
    "copy",
    "copies",
    "chunks",  # per image
    "steps",  # chunks of all images that this cluster does
    "step",  # the next one to begin, or the one under way
    "running",
    "duration",
    "ended",  # when the last step ended
    "checked",  # until when waiting has been counted
    "reason",  # why it has waited since
    "waited_input",
    "waited_communication",
    "waited_output",
    "refused",  # transfers of the last step that consumers have no room for yet
    "leaving_even",  # transfers under way from output buffer 0
    "leaving_odd",  # and from output buffer 1
    "inboxes",
    "first_inbox",
    "outputs",
    "first_output",
    "first_start",  # of its steps in `starts`
)
"""A cluster with work."""

INBOX = record(
    "unit",
    "expected",  # transfers per chunk
    "capacity",  # chunks
    "freed",  # chunks, by rank, that are no longer needed
    "arrived",  # chunks, by rank, that are complete
    "produced",  # chunks, by rank, that their producers have computed, or that lie in a memory
    "asked",  # chunks, by rank, that the DMA reads or has read from a memory
    "ranks",
    "first_rank",  # of its chunks in `arrivals` and `productions`
    "first_chunk",  # of its copy's sequence in `chunk_of`
    "first_need",  # of its copy's steps in `needs` and `frees`
    "waiting",  # first transfer for which there is no room, or NOBODY
    "memory",  # that it is read from, or NOBODY
    "size",  # bytes of such a read
    "run",  # bytes of a contiguous run
)
"""Room for what one edge brings to one cluster. A chunk's rank counts those that the copy needs."""

OUTPUT = record(
    "first_rank",  # in `rank_of`, where NOBODY says that nobody needs a chunk
    "inbox",  # that it goes to, or NOBODY
    "memory",  # that it goes to, or NOBODY
    "size",
    "run",
)
"""What a cluster sends of every chunk to one place."""

MEMORY = record(
    "hbm",  # 1, or 0: L1 of other clusters
    "expected",  # writes per chunk
    "capacity",  # chunks; 0: no bound
    "released",  # chunks before this one have been read by all
    "chunks",  # of all images
    "image_chunks",
    "first_chunk",  # in `written` and `unread`
    "first_reader",
    "readers",
    "first_place",
    "places",
    "waiting",
)
"""What an edge through a memory knows of it."""

TRANSFER = record(
    "left",  # bytes
    "done",  # bytes
    "run",
    "source",  # leaf, or NOBODY
    "target",
    "queue",
    "channel",
    "inbox",
    "rank",
    "memory",
    "chunk",
    "unit",  # whose output it is, or NOBODY: a read
    "parity",
    "next",
)
"""Bytes on their way."""

QUEUE = record("head", "tail", "active", "free")
"""Transfers of one DMA in one direction, one after the other."""

MACHINE = record(
    "levels",
    "width",
    "latency",
    "hbm_width",
    "hbm_latency",
    "hbm_wait",
    "hbm_occupancy",
    "burst",
    "software",
    "ahead",  # chunks beyond the next that must have been computed before a cluster begins: 0 or 1
    "events",  # in the heap
    "unused",  # first transfer that is free
    "finished",  # units
    "now",
    "bursts",
    "handled",  # events
)
"""Constants of the tree, and counts."""


class ManyCoreState(NamedTuple):
    """Everything that the simulator reads and writes.

    Members
    -------
    machine : one record.
    heap : rows of time and event.
    needs, frees : per step of a copy and edge, ranks that it needs and that it is the last to need.
    divisors, offsets : per level, leaves under a router and the number of the first one.
    wires : rows of the cycle from which a wire is free, and of the cycles in which it was taken.
    image_ends : when the last result of an image was there.
    starts : when every step of every unit began.
    """

    machine: Records
    units: Records
    inboxes: Records
    outputs: Records
    memories: Records
    transfers: Records
    queues: Records
    heap: Ints
    needs: Shorts
    frees: Shorts
    rank_of: Shorts
    chunk_of: Shorts
    arrivals: Shorts
    productions: Shorts
    written: Shorts
    unread: Shorts
    readers: Shorts
    places: Shorts
    divisors: Ints
    offsets: Ints
    wires: Ints
    image_ends: Ints
    starts: Ints
