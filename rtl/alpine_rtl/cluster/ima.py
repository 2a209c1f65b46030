# SPDX-License-Identifier: Apache-2.0
"""The in-memory accelerator as a top of its own."""

from alpine_models.imc_cluster import ImcConfig

from .ima_accelerator import ImaAccelerator
from .stand_alone import StandAlone

__all__ = ["Ima"]


class Ima(StandAlone):
    """Multiply vectors in shared memory on crossbars that sit at the ``xb_`` ports.

    A core acquires a context, writes its parameters and triggers it; then jobs run, x inner and y
    outer. Each reads its runs into consecutive word lines from ``row`` on and writes ``columns``
    codes. A vector holds the memory port for one cycle per granted beat and one more.

    All outputs come from registers, through multiplexers at most; no input reaches an output
    combinationally.

    Parameters
    ----------
    config : ImcConfig
        Geometry, port, execution.

    Members
    -------
    The members ``cfg`` (In, `ConfigurationSignature`), ``mem`` (Out, `MemorySignature`) and ``xb``
    (Out, `MacroSignature`), by the names of their Verilog ports:

    cfg_valid : In(1), cfg_ready : Out(1)
        An access to one of `alpine_models.hwpe_registers.IMA_REGISTERS` is accepted at a clock edge
        at which both are high.
    cfg_addr : In(8), cfg_write : In(1), cfg_wdata : In(32)
        Byte address, direction and data. Valid with ``cfg_valid``.
    cfg_rsp_valid : Out(1), cfg_rsp_rdata : Out(32)
        One response per access, in order, for one cycle; writes answer 0.
    mem_req : Out(1), mem_gnt : In(1)
        A request is taken at a clock edge at which both are high; until then it stays as it is.
    mem_addr : Out(32), mem_write : Out(1), mem_be, mem_wdata : Out
        Address of any alignment, direction, the bytes meant from there on, and what to write.
    mem_rvalid : In(1), mem_rdata : In
        What a read returned, exactly one cycle after its grant.
    mem_out_* : see ``mem_*``
        The same for writes, where there are two memory ports; ``mem_*`` then reads alone.
    event_done : Out(1)
        High for one cycle per finished context, in which ``finished`` rises.
    xb_dac, xb_start, xb_phase, xb_adc, xb_prog_*, xb_read_* : see `AimcTile`
        The boundary of the crossbars; weights are sign-extended to 8 bits.
    xb_select : Out(6)
        Which crossbar is meant. Valid with ``xb_prog_valid`` and ``xb_read_valid``, and from
        ``xb_start`` until the ADC codes are taken.
    """

    def __init__(self, *, config: ImcConfig):
        super().__init__(ImaAccelerator(config=config))
