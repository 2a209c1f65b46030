# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; `native_cluster` is typed.
"""Compiled C functions of a cluster's clock and DMA."""

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import register_jitable

from alpine_models.compiling import cached_c_function

from .cluster_kernel import FINGERPRINT, clock
from .cluster_state import DMA, MASTER, SCRATCH_PAD, TRANSFER, ClusterState
from .dma_kernel import dma_read, dma_write

carray: Any = numba.carray  # type: ignore[attr-defined]
RECORDS: tuple[Any, ...] = (SCRATCH_PAD, MASTER, DMA, TRANSFER, np.uint8, np.uint8)
"""Types of the arrays of `ClusterState`, in order."""
STATE: list[Any] = [
    *(types.CPointer(numba.from_dtype(np.dtype(kind))) for kind in RECORDS),
    types.CPointer(types.int64),
]
"""Types of the parameters that stand for a state: its arrays and their lengths."""


@cache
def clock_address() -> int:
    """Compile `native_clock` and return where it lies."""
    return compiled_address(native_clock, 1)


@cache
def dma_address() -> int:
    """Compile `native_dma` and return where it lies."""
    return compiled_address(native_dma, 4)


def compiled_address(function: Any, numbers: int) -> int:
    """Compile a function of a state and some numbers, under the fingerprint of its sources."""
    signature: Any = types.int64(*STATE, *[types.int64] * numbers)
    return cached_c_function(f"{FINGERPRINT:x}", signature, function, error_model="numpy").address


@register_jitable
def state_of(pad, masters, dma, transfers, pad_bytes, memory_bytes, lengths):
    """Return the state whose arrays lie at these addresses."""
    n = carray(lengths, 6)
    return ClusterState(
        carray(pad, n[0]),
        carray(masters, n[1]),
        carray(dma, n[2]),
        carray(transfers, n[3]),
        carray(pad_bytes, n[4]),
        carray(memory_bytes, n[5]),
    )


def native_clock(pad, masters, dma, transfers, pad_bytes, memory_bytes, lengths, cycle):
    """Go through a cycle; see `cluster_kernel.clock`."""
    state = state_of(pad, masters, dma, transfers, pad_bytes, memory_bytes, lengths)
    return np.int64(clock(state, cycle))


def native_dma(
    pad, masters, dma, transfers, pad_bytes, memory_bytes, lengths, offset, write, word, cycle
):
    """Read or write a register; see `dma_kernel`."""
    state = state_of(pad, masters, dma, transfers, pad_bytes, memory_bytes, lengths)
    if write:
        dma_write(state, offset, word, cycle)
        return np.int64(0)
    return np.int64(dma_read(state, offset))
