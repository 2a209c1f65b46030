# SPDX-License-Identifier: Apache-2.0
"""Records and arrays that the compiled models work on.

A record is an element of a structured array, all of whose fields are 64-bit integers: compiled code
reads ``core.issue_width`` as fast as a variable. Times are cycles of a core's clock unless their
names say otherwise.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Loops", "Memo", "MemoryState", "Pipeline", "record", "words"]

Ints = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]


def record(*names: str) -> np.dtype[np.void]:
    """Return the type of a record with such fields."""
    return np.dtype([(name, np.int64) for name in names])


def words(records: Records) -> Ints:
    """Return an array of records as one of numbers, a row each, in the same memory.

    Python copies and fills numbers many times faster than records.
    """
    return records.view(np.int64).reshape(*records.shape, len(records.dtype.names or ()))


CORE = record(
    "issue_width",
    "commit_width",
    "fetch_width",
    "groups",
    "taken",
    "taken_first",
    "refill",
    "predicted",
    "alus",
    "loads",
    "stores",
    "late_loads",
    "fresh",
    "near",
    "ahead",  # how far the core runs ahead of the next before that one takes over
    "period_fs",
)
"""Constants of an in-order core."""

AT_CYCLE = ("issue", "commit", "next")
AT_ZERO = (
    "issued",
    "committed",
    "fetched",
    "target",
    "group",
    "load",
    "late",
    "index",
    "stale",  # the remembered state holds: all but issue and the counts below are out of date
    "repeat",
    "phase",
    "iteration",
    "cm",
    "extra",
)
PROGRESS = record(
    *AT_CYCLE,  # what a new loop finds at the cycle in which it begins
    *AT_ZERO,
    "fetch",
    "memory",
    "entry",  # number of the remembered state, or -1
    # What goes on from loop to loop.
    "store",
    "wait",
    "instructions",
    "rounds",  # iterations begun, in all loops of the core
    "new",  # segments computed, with remembering on, since `since`, a number of iterations
    "since",
    "rest",  # number of the iteration from which states are remembered again
    "limit",  # cycle that the core's loop may not pass, in the present call
)
"""Where a core is in its loop, and its pipeline's scalars."""

OPERATION = record(
    "unit",
    "source0",
    "source1",
    "source2",
    "dest",
    "memory",
    "branch",
    "starts",
    "latency",
    "forward",
    "result",
    "base",
    "stride",
    "repeat_stride",
    "table",
    "table_repeat",
    "end",  # first operation of the next segment: a memory operation or the body's end
)
"""An operation of a loop, as `pipeline.flatten` lays it out."""

PHASE = record("first", "last", "iterations", "extra", "instructions")
"""A loop of a nest."""

NEST = record(
    "phases",
    "repeats",
    "registers",
    "depth",
    "context",  # number of the nest's first operation among all nests, or -1: remember nothing
)
"""A nest of loops."""

STEP = record(
    "owner",  # in the part for further steps, state to which this one belongs, plus 1; 0: none
    "at",  # of a state before a memory operation: cycles from its issue to the request
    "code",
    "issue",
    "state",
    "wait",
    "cm",
)
"""A step from a remembered state to the next one; see `memo_kernel`."""

HITS = record(
    "known",
    "latest",  # latest access is asked for so many cycles after the first issue
    "issue",
    "state",
    "wait",
    "cm",
    "accesses",
)
"""The step that an iteration of hits takes from a state; see `hits_kernel`."""

MEMO_COUNTS = record("states", "steps", "cm", "full")
"""How much is remembered, and whether there was no room for more."""

TURN = record("time_fs", "core")
"""A core that waits for its turn; see `turns_kernel`."""

SHARED = record(
    "period_fs",
    "line_shift",
    "l2_sets",
    "l2_lookup",
    "l2_response",
    "request",
    "response",
    "snoop",
    "bus_period_fs",
    "bus_request",
    "bus_response",
    "crossing",
    "bus_beats",
)
"""Constants of what cores share of the memory system, in cycles of the L2's clock."""

L1 = record(
    "period_fs",
    "lookup",
    "response",
    "sets",
    "snooped",  # cycles of the L2's clock in which it looks a line up for another core
)
"""Constants of a core's L1, in cycles of its own clock."""

CLOCK = record(
    "period_fs",
    "reciprocal",
    "shift",
    "edge",
    "time_fs",
    "free",  # edge from which the memory bus takes the next line from the DRAM
)
"""A clock, with an edge not long ago."""

HOLDER = record("line", "caches")
"""A line and the L1 caches that hold it, a bit each."""

DRAM = record(
    "banks",
    "ranks",
    "row_shift",
    "line_shift",
    "burst",
    "ccd",
    "rcd",
    "cl",
    "rp",
    "ras",
    "rtp",
    "wr",
    "wtr",
    "rtw",
    "refi",
    "rfc",
    "static",
    "row_accesses",
    "high",
    "low",
    "switch",
)
"""Constants of the DRAM channel, times in femtoseconds."""

BANK = record("row", "activate", "precharge", "column", "accesses", "last")
"""A bank of the DRAM."""

CHANNEL = record(
    "bus",
    "read",
    "writes",
    "head",
    "last_write",
    "row_hit",
    "place",  # of the last access: place in memory in rows, its row and its bank
    "row",
    "bank",
    "refresh",  # time of the refresh before the last access
)
"""The DRAM channel."""

REGISTERS = 66
NO_SOURCE = 64  # always ready
NO_DEST = 65  # never read
RING = 16  # operations remembered per unit, a power of two
UNITS = 9  # two integer units and the other seven
LOADS = 8  # loads remembered, a power of two
CLOSED = 64  # added to a count of operations in a cycle: no more in this one

DONE = 0
LIMIT = 1
MISS = 2


class Pipeline(NamedTuple):
    """What the pipelines remember, one row per core; see `turns_kernel`.

    Members
    -------
    progress : records `PROGRESS`.
    turns : a heap of records `TURN`.
    """

    progress: Records
    ready: Ints
    committed: Ints
    groups: Ints
    units: Ints
    unit_state: Ints
    loads: Ints
    turns: Records


class Loops(NamedTuple):
    """The nest of loops that each core runs, one row per core.

    Members
    -------
    operations, phases : records `OPERATION` and `PHASE`.
    table : offsets of streams that have some.
    nests : records `NEST`.
    cm_issue : cycles in which CM instructions issued.
    """

    operations: Records
    phases: Records
    table: Ints
    nests: Records
    cm_issue: Ints


class MemoryState(NamedTuple):
    """Constants and state of caches, buses and DRAM; see `memory_kernel`.

    Members
    -------
    shared, dram, channel : one record each, `SHARED`, `DRAM` and `CHANNEL`.
    l1_constants : records `L1`, one per core.
    holders, clocks, banks : records `HOLDER`, `CLOCK` and `BANK`.
    """

    shared: Records
    l1_constants: Records
    counters: Ints
    stores: Ints
    store_begun: Ints
    l1: Ints
    holders: Records
    l1_mshr: Ints
    l2: Ints
    l2_mshr: Ints
    clocks: Records
    dram: Records
    banks: Records
    channel: Records
    writes: Ints


class Memo(NamedTuple):
    """States that loops went through and the steps between them; see `memo_kernel`.

    Members
    -------
    steps, hits : records `STEP` and `HITS`.
    counts : one record `MEMO_COUNTS`.
    """

    states: npt.NDArray[np.int32]
    codes: Ints
    steps: Records
    hits: Records
    buckets: Ints
    cm_times: Ints
    counts: Records
