# SPDX-License-Identifier: Apache-2.0
"""Both accelerators of the cluster on the same memory ports."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.interfaces import MacroPort, MacroSignature
from alpine_rtl.pins import PinSignature
from alpine_rtl.typed import Component, pass_on

from .depthwise_accelerator import DepthwiseAccelerator
from .ima_accelerator import ImaAccelerator
from .ima_engine import SELECT_BITS
from .memory_access import memory_members
from .ports import ConfigurationPort, ConfigurationSignature, SharedMemoryPort

__all__ = ["ClusterAccelerators"]


class ClusterAccelerators(Component):
    """Hold the in-memory accelerator and the depthwise engine, of which one has the memory ports.

    The one triggered first has them until it is idle, and the other waits; of two triggered at the
    same clock edge, the one that had them last.

    All outputs come from registers, through multiplexers at most; no input reaches an output
    combinationally.

    Parameters
    ----------
    config : ImcConfig
        Geometry, ports, execution.

    Members
    -------
    ima_cfg_*, dw_cfg_* : as ``cfg_*`` of `Ima` and `Depthwise`
    ima_event_done, dw_event_done : Out(1)
        High for one cycle per finished context of either.
    mem_*, mem_out_*, xb_*, xb_select : as of `Ima`
    """

    ima_cfg: ConfigurationPort
    dw_cfg: ConfigurationPort
    ima_event_done: Signal
    dw_event_done: Signal
    mem: SharedMemoryPort
    xb: MacroPort
    xb_select: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        super().__init__(
            PinSignature(
                {
                    "ima_cfg": In(ConfigurationSignature()),
                    "dw_cfg": In(ConfigurationSignature()),
                    "ima_event_done": Out(1),
                    "dw_event_done": Out(1),
                    **memory_members(config),
                    "xb": Out(MacroSignature(config.crossbar)),
                    "xb_select": Out(SELECT_BITS),
                }
            )
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.ima = ima = ImaAccelerator(config=self.config)
        m.submodules.depthwise = depthwise = DepthwiseAccelerator(config=self.config)
        pass_on(m, inner=ima.cfg, outer=self.ima_cfg)
        pass_on(m, inner=depthwise.cfg, outer=self.dw_cfg)
        pass_on(m, inner=ima.xb, outer=self.xb)
        # 1 where the depthwise engine has the ports.
        owner = Signal()
        m.d.comb += [
            ima.allowed.eq(~owner),
            depthwise.allowed.eq(owner),
            self.ima_event_done.eq(ima.event_done),
            self.dw_event_done.eq(depthwise.event_done),
            self.xb_select.eq(ima.xb_select),
        ]
        with m.If(Mux(owner, ~depthwise.busy & ima.busy, ~ima.busy & depthwise.busy)):
            m.d.sync += owner.eq(~owner)
        for name in memory_members(self.config):
            outer: SharedMemoryPort = getattr(self, name)
            first: SharedMemoryPort = getattr(ima, name)
            second: SharedMemoryPort = getattr(depthwise, name)
            for field in ("req", "addr", "write", "be", "wdata"):
                shown = Mux(owner, getattr(second, field), getattr(first, field))
                m.d.comb += getattr(outer, field).eq(shown)
            for inner, chosen in ((first, ~owner), (second, owner)):
                m.d.comb += [
                    inner.gnt.eq(outer.gnt & chosen),
                    inner.rvalid.eq(outer.rvalid),
                    inner.rdata.eq(outer.rdata),
                ]
        return m
