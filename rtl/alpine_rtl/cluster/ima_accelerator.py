# SPDX-License-Identifier: Apache-2.0
"""The in-memory accelerator: control, engine, cell access and memory ports."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Out

from alpine_models.hwpe_registers import IMA_REGISTERS, geometry_word
from alpine_models.imc_cluster import ClusterError, ImcConfig
from alpine_models.register_map import REGISTER_BITS
from alpine_rtl.cells import CellAccess
from alpine_rtl.interfaces import MacroPort, MacroSignature
from alpine_rtl.sequencer import PHASE_BITS
from alpine_rtl.typed import Component

from .control import HwpeControl
from .hwpe import hwpe_members, join_engine
from .ima_context import IMA_CONTEXT, ImaCheck
from .ima_engine import SELECT_BITS, ImaEngine
from .ports import ConfigurationPort, SharedMemoryPort

__all__ = ["ImaAccelerator"]


class ImaAccelerator(Component):
    """Run the contexts of a configuration port on an engine; see `Ima`.

    Parameters
    ----------
    config : ImcConfig
        Geometry, ports, execution.

    Members
    -------
    cfg, mem, mem_out, event_done, xb, xb_select : as of `Ima`.
    allowed : In(1)
        Requests may be shown. Must be high while one is.
    busy : Out(1)
        As in the register ``status``; from registers.
    """

    cfg: ConfigurationPort
    mem: SharedMemoryPort
    event_done: Signal
    xb: MacroPort
    xb_select: Signal
    allowed: Signal
    busy: Signal

    def __init__(self, *, config: ImcConfig):
        self.config = config
        super().__init__(
            {
                **hwpe_members(config),
                "xb": Out(MacroSignature(config.crossbar)),
                "xb_select": Out(SELECT_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self.config
        m.submodules.control = control = HwpeControl(
            registers=IMA_REGISTERS,
            constants={"geometry": geometry_word(config)},
            layout=IMA_CONTEXT,
            port_bytes=config.port_bytes,
            slow="cell_weight",
        )
        engine = ImaEngine(config=config)
        join_engine(m, config, control=control, engine=engine, outer=self)
        m.d.comb += control.product.eq(engine.sample)
        self._begin(m, control, engine)
        self._reach_cells(m, control, engine)
        return m

    def _begin(self, m: Module, control: HwpeControl, engine: ImaEngine) -> None:
        """Check the next context and begin with it when the stream in is free."""
        m.submodules.check = check = ImaCheck(config=self.config)
        product_cycles = Signal(PHASE_BITS)
        m.d.comb += [
            check.context.eq(Mux(control.candidate, *reversed(control.contexts))),
            check.product_cycles.eq(control.own("product_cycles")),
            control.refusal.eq(check.refusal),
            control.taken.eq(control.start & engine.ready),
            engine.begin.eq(control.taken),
            engine.begin_number.eq(control.candidate),
            engine.product_cycles.eq(product_cycles),
            *(
                inner.eq(outer)
                for inner, outer in zip(engine.contexts, control.contexts, strict=True)
            ),
        ]
        with m.If(control.checking):
            m.d.sync += product_cycles.eq(control.own("product_cycles"))

    def _reach_cells(self, m: Module, control: HwpeControl, engine: ImaEngine) -> None:
        """Program and read cells, and take the boundary from the engine meanwhile."""
        m.submodules.cells = cells = CellAccess()
        config, xb, access = self.config, self.xb, control.slow
        row, column, crossbar = (
            control.own(f"cell_{name}") for name in ("row", "column", "crossbar")
        )
        lowest, highest = config.weight_range
        weight = Signal(REGISTER_BITS)
        written = access.wdata.as_signed()
        outside = (row >= config.rows) | (column >= config.columns) | (crossbar >= config.crossbars)
        misfit = access.write & ((written < lowest) | (written > highest))
        ended = Signal()
        m.d.sync += [weight.eq(access.wdata), ended.eq(cells.finish)]
        m.d.comb += [
            access.refusal.eq(
                Mux(outside, ClusterError.WINDOW, Mux(misfit, ClusterError.WEIGHT, 0))
            ),
            cells.program.eq(access.start & access.writes),
            cells.read.eq(access.start & ~access.writes),
            cells.prog_busy.eq(xb.prog.busy),
            cells.read_weight.eq(xb.read.weight),
            access.done.eq(ended),
            access.rdata.eq(cells.weight.as_signed()),
            xb.prog.valid.eq(cells.program),
            xb.prog.row.eq(row),
            xb.prog.col.eq(column),
            xb.prog.weight.eq(weight[:8]),
            xb.read.valid.eq(cells.read),
            xb.read.row.eq(row),
            xb.read.col.eq(column),
            xb.dac.eq(engine.dac),
            xb.start.eq(engine.start),
            xb.phase.eq(engine.phase),
            engine.adc.eq(xb.adc),
            self.xb_select.eq(Mux(cells.program | cells.read, crossbar, engine.select)),
        ]
