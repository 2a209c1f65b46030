# SPDX-License-Identifier: Apache-2.0
"""The depthwise engine with its control and memory ports."""

from amaranth.hdl import Module, Mux, Signal

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, geometry_word
from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.typed import Component

from .control import HwpeControl
from .depthwise_context import DEPTHWISE_CONTEXT, DepthwiseCheck
from .depthwise_engine import DepthwiseEngine
from .hwpe import hwpe_members, join_engine
from .ports import ConfigurationPort, SharedMemoryPort

__all__ = ["DepthwiseAccelerator"]


class DepthwiseAccelerator(Component):
    """Run the contexts of a configuration port on an engine; see `Depthwise`.

    Parameters
    ----------
    config : ImcConfig
        Geometry and ports.

    Members
    -------
    cfg, mem, mem_out, event_done : as of `Depthwise`.
    allowed : In(1)
        Requests may be shown. Must be high while one is.
    busy : Out(1)
        As in the register ``status``; from registers.
    """

    cfg: ConfigurationPort
    mem: SharedMemoryPort
    event_done: Signal
    allowed: Signal
    busy: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        super().__init__(hwpe_members(config))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.control = control = HwpeControl(
            registers=DEPTHWISE_REGISTERS,
            constants={"geometry": geometry_word(config)},
            layout=DEPTHWISE_CONTEXT,
            port_bytes=config.port_bytes,
        )
        m.submodules.check = check = DepthwiseCheck()
        engine = DepthwiseEngine(config=config)
        join_engine(m, config, control=control, engine=engine, outer=self)
        running = Signal()
        with m.If(control.taken):
            m.d.sync += running.eq(control.candidate)
        first, second = control.contexts
        m.d.comb += [
            check.context.eq(Mux(control.candidate, second, first)),
            control.refusal.eq(check.refusal),
            control.taken.eq(control.start & engine.ready),
            engine.begin.eq(control.taken),
            engine.context.eq(Mux(Mux(engine.ready, control.candidate, running), second, first)),
            control.product.eq(engine.stored),
        ]
        return m
