# SPDX-License-Identifier: Apache-2.0
"""What the accelerators have in common: their ports, and an engine between control and memory."""

from typing import Protocol

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib.wiring import In, Member, Out

from alpine_models.imc_cluster import ImcConfig
from alpine_rtl.typed import connect, pass_on

from .control import HwpeControl
from .depthwise_engine import DepthwiseEngine
from .ima_engine import ImaEngine
from .memory_access import MemoryAccess, memory_members, pass_memory
from .ports import ConfigurationPort, ConfigurationSignature

__all__ = ["HwpePorts", "hwpe_members", "join_engine"]


class HwpePorts(Protocol):
    """An accelerator as its control and its memory ports see it."""

    cfg: ConfigurationPort
    event_done: Signal
    allowed: Signal
    busy: Signal


def hwpe_members(config: ImcConfig) -> dict[str, Member]:
    """Return the ports that every accelerator has, by name."""
    return {
        "cfg": In(ConfigurationSignature()),
        **memory_members(config),
        "event_done": Out(1),
        "allowed": In(1),
        "busy": Out(1),
    }


def join_engine(
    m: Module,
    config: ImcConfig,
    *,
    control: HwpeControl,
    engine: DepthwiseEngine | ImaEngine,
    outer: HwpePorts,
) -> None:
    """Add the engine and its memory access, and connect both to control and ports.

    What begins a context and what counts as a product differ between engines and stay with them.
    """
    memory = MemoryAccess(config=config)
    m.submodules.engine = ResetInserter(control.flush)(engine)
    m.submodules.memory = ResetInserter(control.flush)(memory)
    pass_on(m, inner=control.cfg, outer=outer.cfg)
    pass_memory(m, config, inner=memory, outer=outer)
    connect(m, engine.reads, memory.reads)
    connect(m, engine.writes, memory.writes)
    m.d.comb += [
        memory.halt.eq(control.clearing | ~outer.allowed),
        engine.rvalid.eq(memory.rvalid),
        engine.rdata.eq(memory.rdata),
        control.requesting.eq(memory.requesting),
        control.stalled.eq(memory.stalled),
        control.bytes_in.eq(memory.bytes_in),
        control.bytes_out.eq(memory.bytes_out),
        control.done.eq(engine.ended),
        outer.event_done.eq(control.event_done),
        outer.busy.eq(control.busy),
    ]
