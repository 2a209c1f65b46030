# amaranth: UnusedElaboratable=no
# SPDX-License-Identifier: Apache-2.0
# The accelerators are often made for their signature alone.
"""Engine `rtl` of a cluster's accelerators: verilated, with native crossbars behind them."""

import ctypes

from alpine_cosim.binding import VerilatedModel
from alpine_cosim.binding.plan import TraceFormat
from alpine_models.imc_cluster import ImcConfig
from alpine_platform.binaries.riscv.accelerator_pins import (
    AcceleratorCalls,
    pins_header,
)
from alpine_rtl.cluster.accelerators import ClusterAccelerators

from .cluster_crossbars import ClusterCrossbars
from .verilated_top import verilated_top

__all__ = ["TOP", "RtlAccelerators", "build_accelerators"]

TOP = "cluster_accelerators"


class RtlAccelerators:
    """Satisfies `Accelerators`: the RTL, from its pins inwards.

    Parameters
    ----------
    crossbars : behind its analog boundary.
    trace : waveform format to build in, or None. Over clock edges at which the accelerators rest a
        waveform's time goes on without a change.
    verilog : a changed design with the same ports, or None.

    Members
    -------
    model : the verilated top.
    """

    def __init__(
        self,
        crossbars: ClusterCrossbars,
        *,
        trace: TraceFormat | None = None,
        verilog: str | None = None,
    ):
        self.config, self.crossbars = crossbars.config, crossbars
        self.model = build_accelerators(self.config, trace=trace, verilog=verilog)
        self.model.reset()
        create = self.model.library.cluster_pins_create
        self._destroy = self.model.library.cluster_pins_destroy
        pointer, u32 = ctypes.c_void_p, ctypes.c_uint32
        create.restype, self._destroy.argtypes = pointer, [pointer]
        create.argtypes = [pointer, pointer, u32, u32, u32, u32, pointer]
        self.calls = AcceleratorCalls()
        self._pins: int = create(
            self.model.handle,
            ctypes.addressof(crossbars.calls),
            self.config.crossbars,
            self.config.rows,
            self.config.columns,
            self.config.port_bytes,
            ctypes.addressof(self.calls),
        )

    def explain(self) -> str:
        """Say what is wrong after an edge that has failed, in one line."""
        return "the accelerators' RTL is faulty: it stopped, or its DAC codes changed in a product"

    def close(self) -> None:
        """Free the native objects and complete the waveform."""
        if self._pins:
            self._destroy(self._pins)
            self._pins = 0
            self.model.close()


def build_accelerators(
    config: ImcConfig, *, trace: TraceFormat | None, verilog: str | None = None
) -> VerilatedModel:
    """Return the verilated accelerators with a native driver of their pins compiled beside them."""
    return verilated_top(
        ClusterAccelerators(config=config),
        name=TOP,
        key=repr(config),
        extensions=("analog_macro.hpp", "boundary.hpp", pins_header(), "cluster_transactor.hpp"),
        trace=trace,
        verilog=verilog,
    )
