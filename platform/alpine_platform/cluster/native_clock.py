# SPDX-License-Identifier: Apache-2.0
"""The clock of a cluster for loops in C++, such as a transactor of verilated hardware."""

from ctypes import CFUNCTYPE, c_int64, c_void_p

import numpy as np

from .cluster_state import ClusterState
from .native_clock_kernel import native_clock_address

__all__ = ["NativeClock"]


class NativeClock:
    """What a loop in C++ needs to take part in the cycles of a cluster.

    It calls ``clock(arrays[0], ..., arrays[7], lengths, cycle)``, a function of the type
    ``int64_t (*)(void *, ..., void *, const int64_t *, int64_t)``, once per cycle by the rules of
    `cluster_kernel`; it returns 1 in the cycle in which a transfer of the DMA ends. Records are
    rows of 64-bit integers in the order of `cluster_state`.

    Parameters
    ----------
    state : of the cluster, whose arrays the pointers lead to.

    Members
    -------
    function : address of the function.
    arrays : addresses of the arrays of the state, in order.
    lengths : int64 array, how long each is.
    """

    def __init__(self, state: ClusterState) -> None:
        self._state = state  # which must live as long as the pointers
        self.function = native_clock_address()
        self.arrays = [array.ctypes.data for array in state]
        self.lengths = np.array([len(array) for array in state], np.int64)

    def __call__(self, cycle: int) -> int:
        """Go through a cycle, as C++ does."""
        kinds = [c_void_p] * (len(self.arrays) + 1)
        function = CFUNCTYPE(c_int64, *kinds, c_int64)(self.function)
        return function(*self.arrays, self.lengths.ctypes.data, cycle)
