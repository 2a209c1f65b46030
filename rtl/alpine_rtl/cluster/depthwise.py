# SPDX-License-Identifier: Apache-2.0
"""The depthwise engine as a top of its own."""

from alpine_models.imc_cluster import ImcConfig

from .depthwise_accelerator import DepthwiseAccelerator
from .stand_alone import StandAlone

__all__ = ["Depthwise"]


class Depthwise(StandAlone):
    """Filter maps in shared memory with 3 x 3 taps per channel, stride 1 or 2.

    A core acquires a context, writes its parameters and triggers it. Maps are rows of columns of
    channels; with always granted requests and a port of 16 bytes or more, H x W outputs of 16
    channels take 9 + W (9 + 4 H) cycles, 7 H with stride 2, and a few that no size changes.

    All outputs come from registers, through multiplexers at most; no input reaches an output
    combinationally.

    Parameters
    ----------
    config : ImcConfig
        Port and geometry.

    Members
    -------
    The members ``cfg`` (In, `ConfigurationSignature`) and ``mem`` (Out, `MemorySignature`), by the
    names of their Verilog ports:

    cfg_valid : In(1), cfg_ready : Out(1)
        An access to one of `alpine_models.hwpe_registers.DEPTHWISE_REGISTERS` is accepted at a
        clock edge at which both are high.
    cfg_addr : In(8), cfg_write : In(1), cfg_wdata : In(32)
        Byte address, direction and data. Valid with ``cfg_valid``.
    cfg_rsp_valid : Out(1), cfg_rsp_rdata : Out(32)
        One response per access, in order, for one cycle; writes answer 0.
    mem_req, mem_gnt, mem_addr, mem_write, mem_be, mem_wdata, mem_rvalid, mem_rdata, mem_out_*
        As of `Ima`.
    event_done : Out(1)
        High for one cycle per finished context, in which ``finished`` rises.
    """

    def __init__(self, *, config: ImcConfig):
        super().__init__(DepthwiseAccelerator(config=config))
