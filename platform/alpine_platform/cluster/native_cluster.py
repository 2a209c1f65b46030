# SPDX-License-Identifier: Apache-2.0
"""A cluster for loops in C++, such as an instruction-set simulator or a transactor of hardware."""

from ctypes import CFUNCTYPE, c_int64, c_void_p

import numpy as np

from .cluster_state import ClusterState
from .native_cluster_kernel import clock_address, dma_address

__all__ = ["NativeCluster"]


class NativeCluster:
    """What a loop in C++ needs to take part in the cycles of a cluster.

    It calls these functions, all of whose parameters behind ``lengths`` are of type ``int64_t``, by
    the rules of `cluster_kernel`::

        int64_t clock(void *pad, void *masters, void *dma, void *transfers, uint8_t *pad_bytes,
                      uint8_t *memory_bytes, const int64_t *lengths, cycle);
        int64_t dma(the same up to lengths, offset, write, word, cycle);

    ``clock`` returns 1 in the cycle in which a transfer of the DMA ends, ``dma`` what a read of a
    register finds. Records are rows of 64-bit integers in the order of `cluster_state`.

    Parameters
    ----------
    state : of the cluster, whose arrays the pointers lead to.

    Members
    -------
    clock_address, dma_address : of the functions.
    arrays : addresses of the arrays of the state, in order.
    lengths : int64 array, how long each is.
    """

    def __init__(self, state: ClusterState) -> None:
        self._state = state  # which must live as long as the pointers
        self.clock_address, self.dma_address = clock_address(), dma_address()
        self.arrays = [array.ctypes.data for array in state]
        self.lengths = np.array([len(array) for array in state], np.int64)

    def clock(self, cycle: int) -> int:
        """Go through a cycle as C++ does."""
        return self._call(self.clock_address, cycle)

    def dma(self, offset: int, word: int | None, cycle: int) -> int:
        """Write a register of the DMA as C++ does, or read it where there is no word."""
        return self._call(self.dma_address, offset, int(word is not None), word or 0, cycle)

    def _call(self, address: int, *numbers: int) -> int:
        pointers = (*self.arrays, self.lengths.ctypes.data)
        kinds = [c_void_p] * len(pointers) + [c_int64] * len(numbers)
        return CFUNCTYPE(c_int64, *kinds)(address)(*pointers, *numbers)
