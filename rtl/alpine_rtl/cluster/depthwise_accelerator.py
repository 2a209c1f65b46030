# SPDX-License-Identifier: Apache-2.0
"""The depthwise engine with its control and memory ports."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib.wiring import In, Out

from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, geometry_word
from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.typed import Component, connect, pass_on

from .control import HwpeControl
from .depthwise_context import DEPTHWISE_CONTEXT, DepthwiseCheck
from .depthwise_engine import DepthwiseEngine
from .memory_access import MemoryAccess, memory_members, pass_memory
from .ports import ConfigurationPort, ConfigurationSignature, SharedMemoryPort

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
        super().__init__(
            {
                "cfg": In(ConfigurationSignature()),
                **memory_members(config),
                "event_done": Out(1),
                "allowed": In(1),
                "busy": Out(1),
            }
        )

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
        engine, memory = DepthwiseEngine(config=config), MemoryAccess(config=config)
        m.submodules.engine = ResetInserter(control.flush)(engine)
        m.submodules.memory = ResetInserter(control.flush)(memory)
        pass_on(m, inner=control.cfg, outer=self.cfg)
        pass_memory(m, config, inner=memory, outer=self)
        connect(m, engine.reads, memory.reads)
        connect(m, engine.writes, memory.writes)
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
            memory.halt.eq(control.clearing | ~self.allowed),
            engine.rvalid.eq(memory.rvalid),
            engine.rdata.eq(memory.rdata),
            control.requesting.eq(memory.requesting),
            control.stalled.eq(memory.stalled),
            control.bytes_in.eq(memory.bytes_in),
            control.bytes_out.eq(memory.bytes_out),
            control.product.eq(engine.stored),
            control.done.eq(engine.ended),
            self.event_done.eq(control.event_done),
            self.busy.eq(control.busy),
        ]
        return m
