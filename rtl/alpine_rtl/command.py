# SPDX-License-Identifier: Apache-2.0
# pyright: basic, reportAttributeAccessIssue=false, reportGeneralTypeIssues=false
# pyright: reportOperatorIssue=false
# Amaranth carries no types and makes the attributes of a component from its signature at run time.
"""Command register: the one command that is being carried out, already checked."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from alpine_models.isa import GROUP_BYTES, CmOperation
from alpine_models.tile import TileConfig

from .lanes import index_shape

__all__ = ["CommandRegister"]


class CommandRegister(wiring.Component):
    """Hold an accepted command until its answer leaves.

    Parameters
    ----------
    config : TileConfig
        Geometry.

    Members
    -------
    accept : In(1)
        Take the command at the ``i_`` members at this clock edge, in place of the one held.
    leave : In(1)
        The command held goes at this clock edge.
    finish : In(1)
        The command held has been carried out, from the next cycle on.
    launch : In(1)
        The command held, waiting to be launched, begins in this cycle.
    i_operation : In(CmOperation), i_status : In(4), i_start, i_count, i_row, i_column, i_data : In
        As `CmDecoder` gives them. Valid with ``accept``.
    execute : Out(CmOperation)
        Operation being accepted, ``UNKNOWN`` when none or one that must not happen; combinational.
    valid : Out(1)
        A command is held; the members below are valid.
    fresh : Out(1)
        It was accepted at the edge before.
    waiting : Out(1)
        It must be launched and was not.
    done : Out(1)
        It has been carried out: its answer can leave.
    operation : Out(CmOperation)
        What to do, ``UNKNOWN`` for a rejected command.
    status : Out(4)
        `CmStatus`.
    rd_is_status : Out(1)
        The destination register gets the status.
    start, count, row, column, data : Out
        As `CmDecoder` gave them.
    """

    def __init__(self, *, config: TileConfig):
        index = index_shape(max(config.rows, config.columns))
        payload = {
            "start": index,
            "count": range(GROUP_BYTES + 1),
            "row": index_shape(config.rows),
            "column": index_shape(config.columns),
            "data": 32,
            "status": 4,
        }
        self._payload = tuple(payload)
        super().__init__(
            {
                "accept": In(1),
                "leave": In(1),
                "finish": In(1),
                "launch": In(1),
                "i_operation": In(CmOperation),
                "execute": Out(CmOperation),
                "valid": Out(1),
                "fresh": Out(1),
                "waiting": Out(1),
                "done": Out(1),
                "operation": Out(CmOperation),
                "rd_is_status": Out(1),
                **{f"i_{name}": In(shape) for name, shape in payload.items()},
                **{name: Out(shape) for name, shape in payload.items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.execute.eq(
            Mux(self.accept & (self.i_status == 0), self.i_operation, CmOperation.UNKNOWN)
        )
        needs_launch = Signal()
        launched = (CmOperation.PROCESS, CmOperation.INITIALIZE, CmOperation.PARAM_READ)
        with m.Switch(self.execute), m.Case(*launched):
            m.d.comb += needs_launch.eq(1)

        m.d.sync += self.fresh.eq(self.accept)
        with m.If(self.accept):
            m.d.sync += [
                self.valid.eq(1),
                self.operation.eq(self.execute),
                self.waiting.eq(needs_launch),
                self.done.eq(~needs_launch),
                self.rd_is_status.eq(
                    (self.i_operation == CmOperation.PROCESS)
                    | (self.i_operation == CmOperation.INITIALIZE)
                ),
                *(getattr(self, name).eq(getattr(self, f"i_{name}")) for name in self._payload),
            ]
        with m.Else():
            with m.If(self.leave):
                m.d.sync += self.valid.eq(0)
            with m.If(self.launch):
                m.d.sync += self.waiting.eq(0)
            with m.If(self.finish):
                m.d.sync += self.done.eq(1)
        return m
