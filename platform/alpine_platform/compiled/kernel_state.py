# SPDX-License-Identifier: Apache-2.0
"""Arrays that the compiled models work on, by name, and what their columns mean."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Loops", "Memo", "MemoryState", "Pipeline"]

Ints = npt.NDArray[np.int64]


# Constants of a core.
K_ISSUE_WIDTH = 0
K_COMMIT_WIDTH = 1
K_FETCH_WIDTH = 2
K_GROUPS = 3
K_TAKEN = 4
K_TAKEN_FIRST = 5
K_REFILL = 6
K_PREDICTED = 7
K_ALUS = 8
K_LOADS = 9
K_STORES = 10
K_LATE_LOADS = 11
K_FRESH = 12
K_NEAR = 13
K_AHEAD = 14  # how far a core runs ahead of the next before that one takes over
K_PERIOD = 15
K_COUNT = 16

# Scalars of a core's state.
S_ISSUE = 0
S_ISSUED = 1
S_COMMIT = 2
S_COMMITTED = 3
S_FETCH = 4
S_FETCHED = 5
S_TARGET = 6
S_GROUP = 7
S_MEMORY = 8
S_LOAD = 9
S_STORE = 10
S_REPEAT = 11
S_PHASE = 12
S_ITERATION = 13
S_CM = 14
S_EXTRA = 15
S_WAIT = 16
S_INSTRUCTIONS = 17
S_LATE = 18
S_INDEX = 19
S_NEXT = 20
S_ENTRY = 21  # number of the remembered state, or -1
S_STALE = 22  # the remembered state holds, all but issue and counts below it are out of date
S_ROUNDS = 23  # iterations begun, in all loops of the core
S_NEW = 24  # segments computed, with remembering on, since S_SINCE, a number of iterations
S_SINCE = 25
S_REST = 26  # number of the iteration from which states are remembered again
S_LIMIT = 27  # cycle that the core's loop may not pass, in the present call
S_COUNT = 28

# Columns of an operation, as `pipeline.flatten` lays it out.
O_UNIT = 0
O_SOURCE0 = 1
O_SOURCE1 = 2
O_SOURCE2 = 3
O_DEST = 4
O_MEMORY = 5
O_BRANCH = 6
O_STARTS = 7
O_LATENCY = 8
O_FORWARD = 9
O_RESULT = 10
O_BASE = 11
O_STRIDE = 12
O_REPEAT_STRIDE = 13
O_TABLE = 14
O_TABLE_REPEAT = 15
O_END = 16  # first operation of the next segment: a memory operation or the body's end
O_COUNT = 17

# Columns of a phase.
P_FIRST = 0
P_LAST = 1
P_ITERATIONS = 2
P_EXTRA = 3
P_INSTRUCTIONS = 4

REGISTERS = 66
NO_SOURCE = 64  # always ready
NO_DEST = 65  # never read
RING = 16  # operations remembered per unit, a power of two
UNITS = 9  # two integer units and the other seven
LOADS = 8  # loads remembered, a power of two
CLOSED = 64  # added to a count of operations in a cycle: no more in this one

# Columns of a core that waits for its turn.
TIME = 0
CORE = 1

DONE = 0
LIMIT = 1
MISS = 2


# Columns of a loop's sizes.
L_PHASES = 0
L_REPEATS = 1
L_REGISTERS = 2
L_DEPTH = 3
L_CONTEXT = 4  # number of the nest's first operation among all nests, or -1: remember nothing
L_COUNT = 5

# Columns of a remembered state and of the steps from it; see `memo_kernel`.
T_AT = 0  # of a state before a memory operation: cycles from its issue to the request
T_OWNER = 0
T_CODE = 1
T_ISSUE = 2
T_STATE = 3
T_WAIT = 4
T_CM = 5
T_COUNT = 8

# Columns of the step that an iteration of hits takes from a state; see `hits_kernel`.
H_KNOWN = 0
H_LATEST = 1  # latest access is asked for so many cycles after the first issue
H_ISSUE = 2
H_STATE = 3
H_WAIT = 4
H_CM = 5
H_ACCESSES = 6
H_COUNT = 8


class Pipeline(NamedTuple):
    """What the pipelines remember, one row per core; `turns` is a heap, see `turns_kernel`."""

    scalars: Ints
    ready: Ints
    committed: Ints
    groups: Ints
    units: Ints
    unit_state: Ints
    loads: Ints
    turns: Ints


class Loops(NamedTuple):
    """The nest of loops that each core runs, one row per core."""

    operations: Ints
    phases: Ints
    table: Ints
    sizes: Ints
    cm_issue: Ints


class MemoryState(NamedTuple):
    """Constants and state of caches, buses and DRAM; see `memory_kernel`."""

    config: Ints
    cores: Ints
    counters: Ints
    stores: Ints
    store_begun: Ints
    l1: Ints
    holders: Ints
    l1_mshr: Ints
    l2: Ints
    l2_mshr: Ints
    clocks: Ints
    dram: Ints
    banks: Ints
    channel: Ints
    writes: Ints


class Memo(NamedTuple):
    """States that loops went through and the steps between them; see `memo_kernel`."""

    states: npt.NDArray[np.int32]
    codes: Ints
    steps: Ints
    hits: Ints
    buckets: Ints
    cm_times: Ints
    counts: Ints
