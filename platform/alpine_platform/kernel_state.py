"""Arrays that the compiled models work on, by name; all of them int64."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Loops", "Memo", "MemoryState", "Pipeline"]

Ints = npt.NDArray[np.int64]


class Pipeline(NamedTuple):
    """What the pipelines remember, one row per core; see `engine_kernel`."""

    scalars: Ints
    ready: Ints
    committed: Ints
    groups: Ints
    units: Ints
    unit_state: Ints
    loads: Ints


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
    counters: Ints
    stores: Ints
    store_begun: Ints
    l1: Ints
    l1_mshr: Ints
    l2: Ints
    l2_mshr: Ints
    dram: Ints
    banks: Ints
    channel: Ints
    writes: Ints


class Memo(NamedTuple):
    """States that loops went through, one row per core; see `memo_kernel`."""

    states: Ints
    codes: Ints
    phases: Ints
    following: Ints
    cycles: Ints
    buckets: Ints
    counts: Ints
