# SPDX-License-Identifier: Apache-2.0
"""Engine `model` of a cluster's accelerators: cycle by cycle in native code, without RTL."""

import ctypes
import weakref

from alpine_cosim.hardware.cluster_crossbars import ClusterCrossbars
from alpine_platform.binaries.riscv.accelerator_pins import AcceleratorCalls, AcceleratorGeometry

from .core_library import core_library

__all__ = ["ModelAccelerators"]


class ModelAccelerators:
    """Satisfies `Accelerators`: what `cluster_accelerators` does at every edge, in C++.

    Parameters
    ----------
    crossbars : behind its analog boundary.
    """

    def __init__(self, crossbars: ClusterCrossbars):
        self.config, self.crossbars = crossbars.config, crossbars
        library = ctypes.CDLL(str(core_library()))
        create, destroy = library.alpine_accelerators_create, library.alpine_accelerators_destroy
        create.restype, destroy.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        self.calls = AcceleratorCalls()
        geometry = AcceleratorGeometry.of(self.config)
        handle = create(ctypes.byref(geometry), crossbars.calls, ctypes.byref(self.calls))
        weakref.finalize(self, destroy, handle)

    def explain(self) -> str:
        """Nothing can be wrong with it."""
        return "the model of the accelerators has failed"

    def close(self) -> None:
        """Nothing is to be closed."""
