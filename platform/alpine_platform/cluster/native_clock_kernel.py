# SPDX-License-Identifier: Apache-2.0
# pyright: basic
# Reason for the header: numba gives no types; `native_clock` is typed.
"""Compiled C function that is a cluster's clock."""

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import types

from .cluster_kernel import FINGERPRINT, clock
from .cluster_state import (
    BARRIER,
    CORE_EVENTS,
    DMA,
    MASTER,
    SCRATCH_PAD,
    TRANSFER,
    ClusterState,
)

carray: Any = numba.carray  # type: ignore[attr-defined]
RECORDS: tuple[Any, ...] = (
    SCRATCH_PAD,
    MASTER,
    DMA,
    TRANSFER,
    CORE_EVENTS,
    BARRIER,
    np.uint8,
    np.uint8,
)
"""Types of the arrays of `ClusterState`, in order."""


@cache
def native_clock_address() -> int:
    """Compile the function and return where it lies; see `native_clock` for its parameters."""
    pointers = [types.CPointer(numba.from_dtype(np.dtype(kind))) for kind in RECORDS]
    signature: Any = types.int64(*pointers, types.CPointer(types.int64), types.int64)
    native_clock.__qualname__ += f"_{FINGERPRINT:x}"
    return numba.cfunc(signature, cache=True, error_model="numpy")(native_clock).address or 0


def native_clock(
    pad, masters, dma, transfers, events, barrier, pad_bytes, memory_bytes, lengths, cycle
):
    """Make arrays of pointers and go through a cycle."""
    n = carray(lengths, 8)
    state = ClusterState(
        carray(pad, n[0]),
        carray(masters, n[1]),
        carray(dma, n[2]),
        carray(transfers, n[3]),
        carray(events, n[4]),
        carray(barrier, n[5]),
        carray(pad_bytes, n[6]),
        carray(memory_bytes, n[7]),
    )
    return np.int64(clock(state, cycle))
